// What a failure means for the span of the work that failed: an error, work that was called off, or neither.
import * as types from "node:util/types";
import { NAMES } from "../conventions/names.ts";
import { asTracelightError, type TracelightError } from "../model/errors.ts";
import { causeOf, describeException, exceptionAttributes, innerErrorsOf, safely } from "./exception.ts";
import { OWNER, type Span } from "./span.ts";

/** `error`: status ERROR. `aborted`: called off, marked so and no error. `none`: no failure at all, such as a redirect. */
export type FailureMeaning = "error" | "aborted" | "none";

/** Says what a failure means; undefined where it does not know. */
export type ClassifyError = (error: unknown) => FailureMeaning | undefined;

const MEANINGS: readonly unknown[] = ["error", "aborted", "none", undefined];

/** The signals that work was given to be called off by, by its span. */
const signals = new WeakMap<Span, AbortSignal>();

/** Says that an abort of `signal` calls the work of `span` off. Throws for what is no signal. */
export function heedSignal(span: Span, signal: AbortSignal): void {
  if (typeof signal.aborted !== "boolean") throw new TypeError("signal is no AbortSignal");
  signals.set(span, signal);
}

/** What the option says; what it may not say, or throws, is reported, and as if it said nothing. */
export function classified(
  error: unknown,
  classifyError: ClassifyError,
  report: (fault: TracelightError) => void,
): FailureMeaning | undefined {
  try {
    const meaning = classifyError(error);
    if (MEANINGS.includes(meaning)) return meaning;
    if (types.isPromise(meaning)) meaning.catch(() => undefined);
    throw new TypeError('it must return "error", "aborted", "none" or undefined');
  } catch (failure) {
    const message = "The classifyError option failed, so the failure was taken as without it";
    report(asTracelightError(failure, "CLASSIFY_FAILED", message));
    return undefined;
  }
}

/** What a failure of its work means for a span: as its tracer's `classifyError` says, else by what was thrown. */
export function meaningOf(span: Span, error: unknown): FailureMeaning {
  const said = span[OWNER]?.classify(error);
  return said ?? (isCalledOff(error, signals.get(span)) ? "aborted" : "error");
}

/** Notes on a span that its work failed. */
export function noteFailure(span: Span, error: unknown): void {
  const meaning = meaningOf(span, error);
  if (meaning === "error") span.recordException(error);
  if (meaning !== "aborted") return;
  span.addAttribute(NAMES.aborted, true);
  // Known by the signal only, it may be more than the abort.
  if (!isCalledOff(error, undefined)) {
    span.addEvent("exception", exceptionAttributes(describeException(error)));
  }
}

/** True where what was thrown, or a cause of it, is an abort, or the signal was aborted; a time limit is an error. */
function isCalledOff(error: unknown, signal: AbortSignal | undefined): boolean {
  const chain = causesOf(error);
  if (chain.some((one) => isNamed(one, TIMEOUTS))) return false;
  if (signal?.aborted === true)
    return !isNamed(
      safely(() => signal.reason),
      TIMEOUTS,
    );
  return chain.some((one) => isNamed(one, ABORTS) || isAllAborted(one));
}

/** What was thrown, and the causes below it. */
function causesOf(error: unknown): readonly unknown[] {
  const chain = new Set<unknown>();
  for (let at = error; at !== undefined && !chain.has(at) && chain.size < MAX_CAUSES; at = causeOf(at)) {
    chain.add(at);
  }
  return [...chain];
}

function isAllAborted(error: unknown): boolean {
  const inner = innerErrorsOf(error);
  return inner.length > 0 && inner.every((one) => causesOf(one).some((each) => isNamed(each, ABORTS)));
}

/** By its name, its code, or the name of its class or one above that. */
function isNamed(error: unknown, known: ReadonlySet<unknown>): boolean {
  if (typeof error !== "object" || error === null) return false;
  const isKnown = (key: string) => known.has(safely(() => Reflect.get(error, key)));
  return isKnown("name") || isKnown("code") || classNames(error).some((name) => known.has(name));
}

function classNames(error: object): readonly unknown[] {
  const names: unknown[] = [];
  let at: unknown = error;
  for (let i = 0; i < MAX_CLASSES && typeof at === "object" && at !== null; i++) {
    const above: object = at;
    names.push(safely(() => Reflect.get(above, "constructor")?.name));
    at = safely(() => Object.getPrototypeOf(above));
  }
  return names;
}

const MAX_CAUSES = 10;
const MAX_CLASSES = 6;
/** The platform's, Node's, undici's, OpenAI's and Anthropic's, LangChain's, Next's, and those of axios, got and TanStack. */
const ABORTS: ReadonlySet<unknown> = new Set([
  ...["AbortError", "APIUserAbortError", "RequestAbortedError", "ModelAbortError", "ResponseAborted"],
  ...["CanceledError", "CancelledError", "CancelError", "ABORT_ERR", "UND_ERR_ABORTED", "ERR_CANCELED"],
]);
const TIMEOUTS: ReadonlySet<unknown> = new Set([
  ...["TimeoutError", "APIConnectionTimeoutError", "HeadersTimeoutError", "BodyTimeoutError"],
  ...["ConnectTimeoutError", "ETIMEDOUT", "UND_ERR_HEADERS_TIMEOUT", "UND_ERR_BODY_TIMEOUT"],
  "UND_ERR_CONNECT_TIMEOUT",
]);
