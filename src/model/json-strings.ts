// Where a string in a JSON text ends: found without a regular expression, which fails at a few million escapes.

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
