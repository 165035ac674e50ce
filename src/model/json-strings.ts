// The strings of a JSON text: how one is written, where it ends, and what of them UTF-8 cannot hold.

/**
 * What `JSON.stringify` writes for a text. Most need no escape, and to look for one takes a third of the time: it copies one
 * character after the other.
 */
export function jsonString(text: string): string {
  return ESCAPED.test(text) ? JSON.stringify(text) : `"${text}"`;
}

/** What may be escaped: quotes, backslashes, control characters and halves of surrogate pairs. */
const ESCAPED = /["\\\u0000-\u001f\ud800-\udfff]/;

/** The index behind the closing quote of the string that begins at `from`, its opening quote; undefined where it has none. */
export function endOfJsonString(json: string, from: number): number | undefined {
  for (let quote = json.indexOf('"', from + 1); quote >= 0; quote = json.indexOf('"', quote + 1)) {
    if (!isEscaped(json, quote, from)) return quote + 1;
  }
  return undefined;
}

/** True after an odd number of backslashes. */
function isEscaped(json: string, quote: number, from: number): boolean {
  let at = quote - 1;
  while (at > from && json[at] === "\\") at--;
  return (quote - 1 - at) % 2 === 1;
}

/**
 * JSON of `JSON.stringify` whose strings are well-formed: halves of surrogate pairs, which it writes as escapes that many parsers
 * refuse, are U+FFFD instead.
 */
export function wellFormedJson(json: string): string {
  // An escaped backslash is stepped over whole, or what follows it would be taken for an escape.
  return json.includes("\\ud") ? json.replace(/\\(?:ud[89a-f][0-9a-f]{2}|[\s\S])/g, unlessHalf) : json;
}

function unlessHalf(escaped: string): string {
  return escaped.length > 2 ? "\ufffd" : escaped;
}
