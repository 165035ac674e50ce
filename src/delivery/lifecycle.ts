// How a process ends without losing spans: at its own end, at a signal, and when a Lambda function freezes.
import { asTracelightError } from "../model/errors.ts";
import { checkOptions, is } from "../model/options.ts";
import { clearTimeout, setTimeout, steadyNow } from "../model/timers.ts";
import { reportUnowned } from "../tracing/faults.ts";

/** What can have spans left at the end of the process. */
export interface Unfinished {
  readonly pending: number;
  flush(timeoutMs: number): Promise<unknown>;
}

/** All flushes at the end of the process together take no longer, in milliseconds. */
const EXIT_FLUSH_MS = 10_000;
const CLOSE_TIMEOUT_MS = 10_000;
/** What `closeOnSignals` keeps of its time for the tracer to say what is left. */
const CLOSE_MARGIN_MS = 500;
/** What a Lambda handler keeps of its time for returning. */
const LAMBDA_MARGIN_MS = 500;
const LAMBDA_DEFAULT_MS = 10_000;
/** Node's timers take no more. */
const MAX_TIMER_MS = 2 ** 31 - 1;

const withWork = new Set<Unfinished>();
let leftMs = EXIT_FLUSH_MS;

/** `delivery` has spans that the end of the process waits for. */
export function unfinished(delivery: Unfinished): void {
  if (withWork.size === 0) process.on("beforeExit", flushAtExit);
  withWork.add(delivery);
}

/** `delivery` has delivered all, or gives up. */
export function finished(delivery: Unfinished): void {
  if (withWork.delete(delivery) && withWork.size === 0) process.off("beforeExit", flushAtExit);
}

/** Work done in `beforeExit` makes Node emit it again: with the time used up, nothing more is done. */
function flushAtExit(): void {
  if (leftMs <= 0) return;
  const began = steadyNow();
  const flushes = [...withWork].map((delivery) => delivery.flush(leftMs));
  void Promise.allSettled(flushes).then(() => {
    // At least one, so that a delivery that cannot finish ends it however fast it says so.
    leftMs -= Math.max(1, steadyNow() - began);
  });
}

/** A tracer, as far as its end is concerned. */
interface Closable {
  close(options: { readonly timeoutMs: number }): Promise<unknown>;
}

/** Options of `closeOnSignals`. */
export interface CloseOnSignalsOptions {
  /** Default `SIGINT` and `SIGTERM`. */
  readonly signals?: readonly NodeJS.Signals[] | undefined;
  /** How long the process stays for it, in milliseconds. Default 10,000. */
  readonly timeoutMs?: number | undefined;
}

/**
 * Closes the tracer when the process gets one of the signals, then raises the signal again, so that the process ends as it
 * would have. A second signal does not wait. Where the app listens for the signal as well, its own listener decides about the
 * end, and the signal is not raised again. Returns the undo.
 *
 * @example
 * ```ts
 * const tracer = new InMemoryTracer();
 * const undo = closeOnSignals(tracer, { timeoutMs: 5000 });
 * ```
 *
 * @throws TracelightError `INVALID_OPTION`.
 */
export function closeOnSignals(tracer: Closable, options: CloseOnSignalsOptions = {}): () => void {
  checkOptions(options, { owner: "closeOnSignals", checks: { signals: isSignals, timeoutMs: is.amount(0) } });
  const { signals = ["SIGINT", "SIGTERM"], timeoutMs = CLOSE_TIMEOUT_MS } = options;
  let isClosing = false;
  const undo = () => signals.forEach((signal) => void process.off(signal, onSignal));
  const raise = (signal: NodeJS.Signals) => {
    undo();
    // Other tracers that close now, and the app's own listener, end the process in their turn.
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
  };
  const onSignal = (signal: NodeJS.Signals) => {
    if (isClosing) return raise(signal);
    isClosing = true;
    void within(tracer, timeoutMs).then(() => raise(signal));
  };
  for (const signal of signals) process.on(signal, onSignal);
  return undo;
}

function isSignals(value: unknown): string | undefined {
  const names = Object.keys(process.getBuiltinModule("node:os").constants.signals).filter(
    (name) => name !== "SIGKILL" && name !== "SIGSTOP",
  );
  const isOne = (signal: unknown) => typeof signal === "string" && names.includes(signal);
  return Array.isArray(value) && value.every(isOne)
    ? undefined
    : "a list of signals that can be listened for";
}

/** Resolves when the tracer is closed or the time is over; the timer keeps the process alive until then. */
function within(tracer: Closable, timeoutMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, Math.min(timeoutMs, MAX_TIMER_MS));
    const done = () => {
      clearTimeout(timer);
      resolve();
    };
    tracer.close({ timeoutMs: Math.max(0, timeoutMs - CLOSE_MARGIN_MS) }).then(done, done);
  });
}

/** What `lambdaHandler` needs of a tracer. */
interface Flushable {
  flush(options: { readonly timeoutMs: number }): Promise<unknown>;
}

/** What `lambdaHandler` needs of the context that AWS Lambda gives. */
export interface LambdaContextLike {
  /** The time until Lambda ends the invocation, in milliseconds. */
  getRemainingTimeInMillis?(): number;
}

/**
 * An AWS Lambda handler that hands over the tracer's spans before it returns or throws, since the process is frozen after
 * that. It takes no longer than the time that is left, less half a second. Result and error are the handler's own.
 *
 * @example
 * ```ts
 * const tracer = new InMemoryTracer();
 * export const handler = lambdaHandler(tracer, async (event: { name: string }) =>
 *   tracer.trace("greet", () => `Hello, ${event.name}`),
 * );
 * ```
 */
export function lambdaHandler<E, C extends LambdaContextLike, R>(
  tracer: Flushable,
  handler: (event: E, context: C) => R | Promise<R>,
): (event: E, context: C) => Promise<R>;
/**
 * The same for a handler that streams its response: give what it returns to `awslambda.streamifyResponse`.
 *
 * @example
 * ```typescript
 * declare const awslambda: { streamifyResponse<H>(handler: H): H };
 *
 * const tracer = new InMemoryTracer();
 * export const handler = awslambda.streamifyResponse(
 *   lambdaHandler(tracer, (event: { name: string }, stream: NodeJS.WritableStream, _: LambdaContextLike) =>
 *     tracer.trace("greet", () => void stream.end(`Hello, ${event.name}`)),
 *   ),
 * );
 * ```
 */
export function lambdaHandler<E, S, C extends LambdaContextLike, R>(
  tracer: Flushable,
  handler: (event: E, stream: S, context: C) => R | Promise<R>,
): (event: E, stream: S, context: C) => Promise<R>;
export function lambdaHandler<A extends readonly unknown[], R>(
  tracer: Flushable,
  handler: (...args: A) => R | Promise<R>,
): (...args: A) => Promise<R> {
  return async (...args) => {
    try {
      return await handler(...args);
    } finally {
      await flushed(tracer, args.findLast(isContext));
    }
  };
}

function isContext(value: unknown): value is Required<LambdaContextLike> {
  return (
    typeof value === "object" &&
    value !== null &&
    "getRemainingTimeInMillis" in value &&
    typeof value.getRemainingTimeInMillis === "function"
  );
}

/** A tracer's flush never rejects; what stands in for one may, and must not replace the handler's result. */
async function flushed(tracer: Flushable, context: LambdaContextLike | undefined): Promise<void> {
  try {
    const left = context?.getRemainingTimeInMillis?.() ?? LAMBDA_DEFAULT_MS;
    await tracer.flush({ timeoutMs: Math.max(0, left - LAMBDA_MARGIN_MS) });
  } catch (error) {
    reportUnowned(
      asTracelightError(error, "SINK_FAILED", "Spans could not be flushed before the end of a handler"),
    );
  }
}
