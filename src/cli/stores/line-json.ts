// The JSON of a line, unless it would fill the memory.
import { TracelightError } from "../../model/errors.ts";
import { hasTooManyTokens } from "../../otlp/json-tokens.ts";

/** Objects, lists and commas of a line: `{},{},…` becomes thirty times its size in memory. */
const MAX_TOKENS = 20_000_000;

/** Throws TracelightError `INVALID_RECORD` where the line would become too much. */
export function checkLine(text: string): void {
  if (text.length < MAX_TOKENS || !hasTooManyTokens(Buffer.from(text), MAX_TOKENS)) return;
  throw new TracelightError("INVALID_RECORD", "The line holds too many values");
}

/** Parses a line. Throws TracelightError `INVALID_RECORD`. */
export function parseLine(text: string): unknown {
  checkLine(text);
  try {
    return JSON.parse(text);
  } catch {
    // What the parser says quotes the line, and differs from one Node to the next.
    throw new TracelightError("INVALID_RECORD", "The line is not JSON");
  }
}
