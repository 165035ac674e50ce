// The JSON of a line, unless it would fill the memory.
import { TracelightError } from "../../model/errors.ts";
import { parseExactJson, parsePythonJson } from "../../model/python-json.ts";
import { hasTooManyTokens } from "../../otlp/json-tokens.ts";

const OWN_RECORD = /"record_version"\s{0,9}:/;
/** How lines of transcripts begin, which JavaScript or Rust wrote. */
const TRANSCRIPT = /"(?:parentUuid|isSidechain|leafUuid)"\s{0,9}:|"payload"\s{0,9}:\s{0,9}\{/;
const HEAD_LENGTH = 1000;
/** What a trajectory holds comes back as it was, so nothing in it is taken for a tag. */
const TRAJECTORY = /"schema_version"\s{0,9}:\s{0,9}"ATIF-/;
/** Objects, lists and commas of a line: `{},{},…` becomes thirty times its size in memory. */
const MAX_TOKENS = 20_000_000;

/** Throws TracelightError `INVALID_RECORD` where the line would become too much. */
export function checkLine(text: string): void {
  if (text.length < MAX_TOKENS || !hasTooManyTokens(Buffer.from(text), MAX_TOKENS)) return;
  throw new TracelightError("INVALID_RECORD", "The line holds too many values");
}

/**
 * Parses a line. Numbers of our own records are doubles; elsewhere they may be Python's, whose integers have no bound and
 * which writes NaN and Infinity. Throws TracelightError `INVALID_RECORD`.
 */
export function parseLine(text: string): unknown {
  checkLine(text);
  try {
    const head = text.slice(0, HEAD_LENGTH);
    // Most of a long transcript's time is its parsing: nothing else looks through the whole line.
    if (TRANSCRIPT.test(head) && !TRAJECTORY.test(head)) return JSON.parse(text);
    if (TRAJECTORY.test(text)) return parseExactJson(text);
    return OWN_RECORD.test(text) ? JSON.parse(text) : parsePythonJson(text);
  } catch {
    // What the parser says quotes the line, and differs from one Node to the next.
    throw new TracelightError("INVALID_RECORD", "The line is not JSON");
  }
}
