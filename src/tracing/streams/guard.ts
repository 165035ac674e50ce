// Spans that end with a stream: what `span.follow` does, and what adapters use.
import { TracelightError } from "../../model/errors.ts";
import { clearTimeout, setTimeout, steadyNow } from "../../model/timers.ts";
import type { Frame } from "../context.ts";
import { classNameOf } from "../promises.ts";
import { OWNER, type Span } from "../span.ts";
import type { FollowOptions, GuardOptions } from "./options.ts";
import { SpanGuard } from "./span-guard.ts";
import type { StreamGuard } from "./stream-guard.ts";
import { watchStream } from "./watch.ts";

/**
 * The guard of a stream, for an adapter: the span ends with the stream, however that ends. Give it to the stream that the app reads,
 * or tell it what callbacks tell. Undefined where the span records nothing, or has ended.
 *
 * - **A stream that the app gets**: `span.follow(stream, options)` is all of it: `stream` is watched in place and stays what it was.
 * - **A stream whose parts are told by callbacks**, and that the adapter never sees: `guard.chunk(part)` for each, `guard.end({ how })` at its
 *   end; `guard.heldBy(object)` names what is garbage when nobody can read on, `idleMs` how long a silence may last.
 * - **Several tries of one call**: `guard.expect({ how: "failed", error }, 2000)` behind a failure that may be tried again: the span ends so, at the time
 *   of that failure, unless `guard.expect(undefined)` comes within two seconds. `watchStream(stream, guard)` watches what the last one gives.
 *
 * Put the parts together in `onChunk` (return false for one that says nothing, such as a ping), put what there is on the span in
 * `onSnapshot` and `onEnd`, and let neither hold the stream: one that nobody holds any more ends its span.
 */
export function guardStream<C>(span: Span, options: GuardOptions<C> = {}): StreamGuard | undefined {
  return span.state === "running" ? span[OWNER]?.guard(span, options) : undefined;
}

/** The spans of a tracer that end with a stream. */
export class Followed {
  readonly #guards = new Map<Span, Set<SpanGuard>>();
  #look: { readonly at: number; readonly timer: ReturnType<typeof setTimeout> } | undefined;

  /** True while a stream that the span follows is not over. */
  has(span: Span): boolean {
    return this.#guards.size > 0 && this.#guards.has(span);
  }

  /** Lets a span end with a stream that the guard is told of; with several, when all are over. */
  guard(span: Span, frame: Frame, options: GuardOptions<never>): SpanGuard {
    const changed = {
      over: () => this.#remove(span, guard),
      patience: () => this.#lookWithin(guard.patience),
    };
    const guard: SpanGuard = new SpanGuard(span, frame, options, changed);
    this.#add(span, guard);
    guard.begin();
    return guard;
  }

  /** Lets a span end with a stream. What cannot be followed is reported, once. */
  follow(span: Span, stream: object, frame: Frame, options: FollowOptions<never>): void {
    const guard = this.guard(span, frame, options);
    // A stream that is over ends it at once.
    const watched = watchStream(stream, guard);
    if (watched !== undefined) return guard.heldBy(watched);
    guard.letGo();
    span[OWNER]?.notice(notFollowed(span, stream));
  }

  /** Ends the spans of streams of which nothing was read, or of which is known how they went. */
  endWithTracer(): void {
    for (const guard of this.#all()) if (guard.endsWithTracer) guard.lost();
  }

  #all(): SpanGuard[] {
    return [...this.#guards.values()].flatMap((guards) => [...guards]);
  }

  #add(span: Span, guard: SpanGuard): void {
    const guards = this.#guards.get(span);
    if (guards === undefined) this.#guards.set(span, new Set([guard]));
    else guards.add(guard);
  }

  /** True where it was the last of its span. */
  #remove(span: Span, guard: SpanGuard): boolean {
    const guards = this.#guards.get(span);
    guards?.delete(guard);
    return (guards?.size ?? 0) === 0 && this.#guards.delete(span);
  }

  /** One timer for all: none of them is set anew at each chunk. */
  #lookWithin(ms: number): void {
    const at = steadyNow() + ms;
    if (this.#look !== undefined && this.#look.at <= at) return;
    clearTimeout(this.#look?.timer);
    this.#look = { at, timer: setTimeout(() => this.#endIdle(), Math.min(ms, MAX_TIMER_MS)).unref() };
  }

  #endIdle(): void {
    this.#look = undefined;
    for (const guard of this.#all()) {
      if (guard.isIdleAgain()) guard.idle();
      else this.#lookWithin(Math.max(guard.patience, DOUBT_MS));
    }
  }
}

function notFollowed(span: Span, stream: object): TracelightError {
  const what = `follow of the span "${span.spanName}" got what cannot be followed, of the class ${classNameOf(stream)}`;
  const mend = "give it a stream that nobody reads yet, or an async iterable; await a promise first";
  return new TracelightError("NOT_FOLLOWED", `${what}; ${mend}.`);
}

/** Between the two looks that find a stream idle. */
const DOUBT_MS = 50;
const MAX_TIMER_MS = 2 ** 31 - 1;
