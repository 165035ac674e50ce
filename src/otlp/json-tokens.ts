// How much a JSON text would become in memory, found before it is parsed: `{},{},…` becomes twenty times its size.

/** Shorter texts cannot become much. */
const LOOKED_AT_BYTES = 8 * 1024 * 1024;

/** True for a long text that has more than `limit` objects, lists and commas. 60 ms for 64 MB. */
export function hasTooManyTokens(json: Uint8Array, limit: number): boolean {
  if (json.length < LOOKED_AT_BYTES) return false;
  let tokens = 0;
  let isText = false;
  for (let i = 0; i < json.length; i++) {
    const code = json[i];
    if (code === QUOTE) isText = !isText;
    else if (isText && code === BACKSLASH) i++;
    else if (!isText && (code === COMMA || code === BRACE || code === BRACKET)) tokens++;
  }
  return tokens > limit;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const BRACE = 0x7b;
