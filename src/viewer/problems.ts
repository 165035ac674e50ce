// What is wrong with a request, as RFC 9457 has it: a status, a code, a sentence, and the place.
import { defined } from "../model/defined.ts";
import { asTracelightError, TracelightError } from "../model/errors.ts";
import { messageText } from "../model/escape.ts";
import { FilterFault } from "../model/where-tokens.ts";
import type { ProblemJson } from "./api.ts";

/** Thrown wherever a request cannot be answered. */
export class Problem extends Error {
  override readonly name: string = "Problem";
  readonly status: number;
  readonly code: string;
  readonly more: More;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    [status, code]: readonly [status: number, code: string],
    detail: string,
    { headers = {}, ...more }: More & { readonly headers?: Record<string, string> } = {},
  ) {
    super(messageText(detail));
    this.status = status;
    this.code = code;
    this.more = more;
    this.headers = headers;
  }
}

type More = Pick<ProblemJson, "parameter" | "place" | "progress">;

/** The statuses that are answered, each with its code. */
export const PROBLEMS = {
  invalid: [400, "INVALID_QUERY"],
  unauthorized: [401, "UNAUTHORIZED"],
  forbidden: [403, "FORBIDDEN"],
  notFound: [404, "NOT_FOUND"],
  method: [405, "METHOD_NOT_ALLOWED"],
  tooLarge: [413, "TOO_LARGE"],
  unexpected: [500, "UNEXPECTED"],
  cannot: [501, "NOT_SUPPORTED"],
  busy: [503, "BUSY"],
  counting: [503, "COUNTING"],
  timeout: [504, "TIMEOUT"],
} as const;

/** What is not there. */
export function notFound(what: string): Problem {
  return new Problem(PROBLEMS.notFound, what);
}

/** A parameter that cannot be meant. */
export function badParameter(parameter: string, what: string): Problem {
  return new Problem(PROBLEMS.invalid, `The parameter "${parameter}" must be ${what}.`, { parameter });
}

/** Whatever was thrown, as a problem. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const { code, message, cause } = asTracelightError(error, "SQLITE_FAILED", "The store could not be read");
  if (!(error instanceof TracelightError))
    return new Problem(PROBLEMS.unexpected, "Something went wrong in the viewer.");
  if (code !== "INVALID_QUERY") return new Problem([statusOf(code), code], message);
  if (!(cause instanceof FilterFault)) return new Problem(PROBLEMS.invalid, message);
  const { at, length, mend } = cause;
  const place = defined({ at, length, message: cause.message, mend });
  return new Problem(PROBLEMS.invalid, message, { parameter: "where", place });
}

/** What a store cannot do now may be possible soon. */
function statusOf(code: string): number {
  return code === "STORE_LOCKED" || code === "STORE_FULL" ? 503 : 500;
}

/** The answer. */
export function problemResponse({ status, code, message, more, headers }: Problem): Response {
  const json: ProblemJson = { status, title: TITLES.get(status) ?? "Error", code, detail: message, ...more };
  return new Response(JSON.stringify(json), {
    status,
    headers: { "content-type": "application/problem+json", "cache-control": "no-store", ...headers },
  });
}

const TITLES: ReadonlyMap<number, string> = new Map([
  [400, "Bad Request"],
  [401, "Unauthorized"],
  [403, "Forbidden"],
  [404, "Not Found"],
  [405, "Method Not Allowed"],
  [413, "Content Too Large"],
  [500, "Internal Server Error"],
  [501, "Not Implemented"],
  [503, "Service Unavailable"],
  [504, "Gateway Timeout"],
]);
