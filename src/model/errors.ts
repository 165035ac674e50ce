// Everything that can go wrong has a code, a sentence that says what to do, and its cause.
import { messageText } from "./escape.ts";
import { plainText } from "./plain.ts";

/** What each code means. The same table is in docs/errors.md, which a test compares with this one. */
export const ERROR_CODES: Readonly<Record<TracelightErrorCode, string>> = {
  INVALID_OPTION: "An option is unknown, missing or out of range; thrown at construction.",
  INVALID_ARGUMENT: "An argument of a call could not be used and was left out; the call went on without it.",
  INVALID_QUERY: "A query has an unknown field or a value out of range; the read rejects.",
  INVALID_RECORD: "A record, log line or item is not a span; reading it fails.",
  NO_TRACER: "A traced function has no tracer to use; it ran untraced.",
  NOT_A_STORE: "The tracer's sink keeps nothing that could be read back; the read rejects.",
  SPAN_ENDED: "A span was changed after it ended; the change was left out.",
  NOT_FOLLOWED:
    "What a traced function gave, or `span.follow` got, has an end that cannot be seen; the span does not wait for it.",
  TRACER_CLOSED:
    "A span ended, or was changed, after its tracer was closed; it was dropped, or is there as `interrupted`.",
  SINK_FAILED: "A sink threw or rejected; the span was counted as failed.",
  PROCESS_FAILED:
    "The `process` option threw, or left what is not a span; the span was kept from every sink.",
  CLASSIFY_FAILED:
    "The `classifyError` option threw, or gave what it may not; the failure was taken as without it.",
  FLUSH_TIMEOUT: "A sink's own flush or close did not come back in time; all its spans count as pending.",
  SPAN_REFUSED:
    "A server failed each time with one span, alone too, and took others meanwhile; the span was counted as failed.",
  QUEUE_FULL: "A bounded queue was full; the oldest spans were dropped and counted.",
  JOURNAL_FAILED: "A journal could not be written or read; its spans go on in memory.",
  STREAM_FAILED: "The output stream failed; spans written to it are counted as failed.",
  MISSING_DEPENDENCY: "An optional package is not installed; the message names it.",
  NOT_A_DATABASE: "The file is no SQLite database, or not one of Tracelight's; it was not touched.",
  STORE_NEWER: "The SQLite file was written by a newer release of Tracelight; it was not touched.",
  STORE_NOT_FOUND: "There is no such file to read.",
  STORE_UNREADABLE: "The file cannot be opened or read; the message says why.",
  STORE_LOCKED:
    "Another process holds the lock on the SQLite file; what is written waits and is tried again.",
  STORE_READ_ONLY: "The SQLite file or its folder may not be written to.",
  STORE_FULL: "The disk is full; spans wait in memory and are tried again.",
  STORE_CORRUPT: "The SQLite file is damaged.",
  SQLITE_FAILED: "SQLite failed in another way; the message has its words.",
  OTLP_FAILED:
    "An OTLP server could not be reached, or answered with an error; spans wait and are sent again.",
  OTLP_REFUSED: "An OTLP server refused spans for good; they are counted as failed.",
  OTEL_MISMATCH:
    "OpenTelemetry's global is taken by another provider, or its API is of a version that does not fit; nothing was registered.",
  LISTEN_FAILED: "A port could not be listened on, mostly since it is taken.",
  TABLE_NOT_FOUND: "The DynamoDB table does not exist in that region or at that endpoint.",
  TABLE_SCHEMA: "The DynamoDB table or its index has other keys than Tracelight's.",
  TABLE_SCAN:
    "A read had no key or index to go by: it scanned the DynamoDB table, whole or in part as the message says.",
  CREDENTIALS: "No AWS credentials were found, or AWS refused them.",
  ACCESS_DENIED: "The AWS credentials may not do this.",
  ITEM_TOO_LARGE: "A span is larger than one DynamoDB item may be (400 KB).",
  INVALID_ITEM: "DynamoDB refused an item; the span it was made of is counted as failed.",
  DYNAMODB_FAILED: "DynamoDB refused a request, or could not be reached.",
};

/** One of Tracelight's own error codes. */
export type TracelightErrorCode =
  | "INVALID_OPTION"
  | "INVALID_ARGUMENT"
  | "INVALID_QUERY"
  | "INVALID_RECORD"
  | "NO_TRACER"
  | "NOT_A_STORE"
  | "SPAN_ENDED"
  | "NOT_FOLLOWED"
  | "TRACER_CLOSED"
  | "SINK_FAILED"
  | "PROCESS_FAILED"
  | "CLASSIFY_FAILED"
  | "FLUSH_TIMEOUT"
  | "SPAN_REFUSED"
  | "QUEUE_FULL"
  | "JOURNAL_FAILED"
  | "STREAM_FAILED"
  | "MISSING_DEPENDENCY"
  | "NOT_A_DATABASE"
  | "STORE_NEWER"
  | "STORE_NOT_FOUND"
  | "STORE_UNREADABLE"
  | "STORE_LOCKED"
  | "STORE_READ_ONLY"
  | "STORE_FULL"
  | "STORE_CORRUPT"
  | "SQLITE_FAILED"
  | "OTLP_FAILED"
  | "OTLP_REFUSED"
  | "OTEL_MISMATCH"
  | "LISTEN_FAILED"
  | "TABLE_NOT_FOUND"
  | "TABLE_SCHEMA"
  | "TABLE_SCAN"
  | "CREDENTIALS"
  | "ACCESS_DENIED"
  | "ITEM_TOO_LARGE"
  | "INVALID_ITEM"
  | "DYNAMODB_FAILED";

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
 *   new InMemoryTracer({ memorySize: -1 });
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
