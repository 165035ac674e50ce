// What can end a run early, and what the shell and its user are told of it.
import type { TracelightErrorCode } from "../model/error-codes.ts";
import { messageOf, TracelightError } from "../model/errors.ts";
import { messageText } from "../model/escape.ts";
import { EXIT } from "./world.ts";

/** The command was called in a way that cannot be meant. */
export class UsageError extends Error {
  /** What is quoted in the message is escaped; `lines` stand below it. */
  constructor(message: string, lines: readonly string[] = []) {
    super([message, ...lines].map(messageText).join("\n"));
  }
}

/** Somebody pressed Ctrl-C, or asked the process to end. */
export class Interrupted extends Error {
  /** 128 and the signal's number, as shells have it. */
  readonly exitCode: number;

  constructor(exitCode: number) {
    super("interrupted");
    this.exitCode = exitCode;
  }
}

/** Who read the output has gone: `tracelight export | head -1`. */
export class ReaderGone extends Error {}

/** The exit code of a run that ended so. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof ReaderGone) return EXIT.ok;
  if (error instanceof Interrupted) return error.exitCode;
  if (error instanceof UsageError) return EXIT.usage;
  return error instanceof TracelightError && USAGE_CODES.has(error.code) ? EXIT.usage : EXIT.store;
}

/** What to tell the user, on safe lines; undefined where there is nothing to say. */
export function sayingOf(error: unknown): string | undefined {
  if (error instanceof ReaderGone || error instanceof Interrupted) return undefined;
  const code = exitCodeOf(error) === EXIT.usage ? undefined : codeOf(error);
  const isSafe = error instanceof TracelightError || error instanceof UsageError;
  const message = isSafe ? error.message : messageText(messageOf(error));
  return code === undefined ? message : `${message} [${messageText(code)}]`;
}

/** The code of an error of ours or of the system. */
function codeOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null) return UNEXPECTED;
  return "code" in error && typeof error.code === "string" ? error.code : UNEXPECTED;
}

const UNEXPECTED: TracelightErrorCode = "UNEXPECTED";
/** Codes of what the user wrote, not of what a store did. */
const USAGE_CODES: ReadonlySet<string> = new Set<TracelightErrorCode>([
  "INVALID_QUERY",
  "INVALID_OPTION",
  "INVALID_ARGUMENT",
]);
