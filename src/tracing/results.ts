// What a traced function's result means for the end of its span.
import { NAMES } from "../conventions/names.ts";
import { TracelightError } from "../model/errors.ts";
import type { Frame } from "./context.ts";
import { classNameOf, isPlainPromise, isThenable, whenSettled } from "./promises.ts";
import { OWNER, type Span } from "./span.ts";
import { isGenerator, type Watcher, type WorkEnd, watchedGenerator } from "./steps.ts";
import { noteFailure } from "./verdict.ts";

/** Ends a span whose function threw. One that has ended already stays as it is. */
export function endFailed(span: Span, error: unknown, at?: Date): void {
  if (span.state !== "running") return;
  noteFailure(span, error);
  span.end(at);
}

/**
 * Ends the span when `result` is done, and gives what the caller gets for it. A promise: when it settles, and where it
 * gives a generator, with that. A generator: when it returns, throws or is abandoned. Anything else: now, and `result`
 * is not touched.
 */
export function follow<T>(span: Span, frame: Frame, result: T): T;
export function follow(span: Span, frame: Frame, result: unknown): unknown {
  if (typeof result === "object" && result !== null && isPlainPromise(result))
    return followPromise(span, frame, result);
  return followValue(span, frame, result);
}

function followPromise(span: Span, frame: Frame, promise: Promise<unknown>): Promise<unknown> {
  return whenSettled(
    promise,
    (value) => followValue(span, frame, value),
    (error) => {
      endFailed(span, error);
      throw error;
    },
  );
}

function followValue(span: Span, frame: Frame, value: unknown): unknown {
  if (isGenerator(value)) return watchedGenerator(value, new SpanWatcher(span, frame));
  // A stream that the span follows ends it.
  if (span[OWNER]?.isFollowing(span) !== true) span.end();
  if (typeof value === "object" && value !== null && isThenable(value)) reportUnfollowed(span, value);
  return value;
}

/** The steps of a generator, and its span. */
class SpanWatcher implements Watcher {
  readonly frame: Frame;
  readonly #span: Span;

  constructor(span: Span, frame: Frame) {
    // What runs in a step can be told from the rest of the traced function.
    this.frame = { span: frame.span, scoped: frame.scoped, carried: frame.carried };
    this.#span = span;
  }

  chunk(): void {}

  end(end: WorkEnd): void {
    endBy(this.#span, end);
  }
}

/** Ends a span whose work went in steps, now unless `at` says when. */
export function endBy(span: Span, end: WorkEnd, at?: Date): void {
  if (span.state !== "running") return;
  if (end.how === "failed") return endFailed(span, end.error, at);
  if (end.how === "abandoned") span.addAttribute(NAMES.aborted, true);
  span.end(at);
}

function reportUnfollowed(span: Span, value: object): void {
  const what = `its function gave a thenable of the class ${classNameOf(value)}, whose end cannot be seen without calling its then`;
  const mend = "await it inside: trace(name, async () => await …)";
  span[OWNER]?.notice(
    new TracelightError(
      "NOT_FOLLOWED",
      `The span "${span.spanName}" ended before its work may have: ${what}; ${mend}.`,
    ),
  );
}
