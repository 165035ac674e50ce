// Everything that can go wrong has a code, a sentence that says what to do, and its cause.
import type { TracelightErrorCode } from "./error-codes.ts";
import { messageText } from "./escape.ts";
import { plainText } from "./plain.ts";

/** The cause of an error, and what its message shows below the sentence. */
export interface TracelightErrorOptions {
  /** The error below it. */
  readonly cause?: unknown;
  /** Further lines of the message, such as a filter with a caret under the place. */
  readonly lines?: readonly string[] | undefined;
}

/**
 * The one error class of Tracelight. `code` is stable and listed in docs/errors.md; `message` says what is wrong
 * and how to mend it; `cause` holds the error below it, where there is one, as it was thrown.
 *
 * A message is safe to print: control characters and invisible ones in the names and texts that it quotes are escaped,
 * and of a line of more than 2000 characters the middle is left out.
 *
 * @example
 * ```ts
 * try {
 *   new InMemoryTracer({ maxSpans: -1 });
 * } catch (error) {
 *   if (error instanceof TracelightError) console.log(error.code); // INVALID_OPTION
 * }
 * ```
 */
export class TracelightError extends Error {
  /** Always `TracelightError`. */
  override readonly name: string = "TracelightError";
  /** A stable code; see {@link TracelightErrorCode}. Sinks of your own may use their own codes. */
  readonly code: TracelightErrorCode | (string & {});

  constructor(
    code: TracelightErrorCode | (string & {}),
    message: string,
    { lines = [], ...options }: TracelightErrorOptions = {},
  ) {
    super([message, ...lines].map(messageText).join("\n"), options);
    this.code = code;
  }
}

/** `error` itself when it is a TracelightError already, else a new one around it. */
export function asTracelightError(error: unknown, code: TracelightErrorCode, what: string): TracelightError {
  if (error instanceof TracelightError) return error;
  return new TracelightError(code, `${what}: ${messageOf(error)}`, { cause: error });
}

/** The `code` of an error of the system, such as `ECONNREFUSED`; of any realm, as those of Node are in a test of Jest. */
export function errorCode(error: unknown): string | undefined {
  const code: unknown = typeof error === "object" && error !== null ? Reflect.get(error, "code") : undefined;
  return typeof code === "string" ? code : undefined;
}

/** The message of anything that can be thrown, of any realm; never throws itself. */
export function messageOf(error: unknown): string {
  try {
    return typeof error === "object" && error !== null ? messageOfObject(error) : String(error);
  } catch {
    return "an error that cannot be shown";
  }
}

/** Its message, else that of the first error it stands for, else what it is as a text, else its fields as JSON. */
function messageOfObject(error: object): string {
  const message: unknown = Reflect.get(error, "message");
  if (typeof message === "string" && message !== "") return message;
  const errors: unknown = Reflect.get(error, "errors");
  if (Array.isArray(errors) && errors.length > 0 && errors[0] !== error) return messageOf(errors[0]);
  if (typeof message === "string") return message;
  if (message !== undefined && message !== null && typeof message !== "object") return String(message);
  const text = "toString" in error ? String(error) : "";
  if (text !== "" && !NO_TEXT.test(text)) return text;
  const fields = plainText(error);
  return fields === undefined || (fields === "{}" && text === "") ? String(error) : fields;
}

/** What an object is as a text where nobody said how it is shown. */
const NO_TEXT = /^\[object [^\]]*\]$/;
