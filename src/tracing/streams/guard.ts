// Spans that end with a stream: what `span.follow` does.
import { NAMES } from "../../conventions/names.ts";
import { nowMicros } from "../../model/clock.ts";
import { asTracelightError, TracelightError } from "../../model/errors.ts";
import { isPlain } from "../../model/plain.ts";
import { type Frame, runIn } from "../context.ts";
import { classNameOf } from "../promises.ts";
import { endBy } from "../results.ts";
import { OWNER, type Span } from "../span.ts";
import type { Watcher, WorkEnd } from "../steps.ts";
import type { FollowOptions } from "./options.ts";
import { watchStream } from "./watch.ts";

/** The spans of a tracer that end with a stream. */
export class Followed {
  readonly #guards = new Map<Span, Set<SpanGuard>>();

  /** True while a stream that the span follows is not over. */
  has(span: Span): boolean {
    return this.#guards.size > 0 && this.#guards.has(span);
  }

  /** Lets a span end with a stream; with several, when all are over. What cannot be followed is reported, once. */
  follow(span: Span, stream: object, frame: Frame, options: FollowOptions<never>): void {
    const guard = new SpanGuard(span, frame, options, () => this.#remove(span, guard));
    // A stream that is over ends it at once.
    this.#add(span, guard);
    const watched = watchStream(stream, guard);
    if (watched !== undefined) return collected().register(watched, guard);
    this.#remove(span, guard);
    span[OWNER]?.notice(notFollowed(span, stream));
  }

  /** Ends the spans of streams of which nothing was read. */
  endUnread(): void {
    for (const guards of [...this.#guards.values()]) {
      for (const guard of [...guards]) if (guard.isUnread) guard.lost();
    }
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
}

/** One stream and its span. It knows nothing of the stream, so that one that nobody holds any more can go. */
class SpanGuard implements Watcher {
  readonly frame: Frame;
  readonly #span: Span;
  readonly #options: FollowOptions<never>;
  readonly #remove: () => boolean;
  #hasChunk = false;
  #isOver = false;
  /** What a part of the stream said of how it went. */
  #told: WorkEnd | undefined;

  constructor(span: Span, frame: Frame, options: FollowOptions<never>, remove: () => boolean) {
    this.frame = frame;
    this.#span = span;
    this.#options = options;
    this.#remove = remove;
  }

  get isUnread(): boolean {
    return !this.#hasChunk;
  }

  chunk(value: unknown): void {
    if (this.#isOver) return;
    if (!this.#hasChunk) this.#first();
    this.#told ??= endIn(value);
    this.#call("onChunk", [value]);
  }

  end(end: WorkEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#call("onEnd", []);
    const isLast = this.#remove();
    const by = end.how === "done" ? (this.#told ?? end) : end;
    if (isLast || by.how === "failed") endBy(this.#span, by);
  }

  /** Nobody can read the rest any more, or will. */
  lost(): void {
    if (this.#isOver) return;
    const { state } = this.#span;
    if (state === "running")
      this.#span.addAttribute(NAMES.followedEnd, this.#hasChunk ? "unfinished" : "unread");
    this.end({ how: "abandoned" });
  }

  #first(): void {
    this.#hasChunk = true;
    const { state, startedAtMicros } = this.#span;
    if (state !== "running") return;
    this.#span.addAttribute(NAMES.timeToFirstChunk, Math.max(0, nowMicros() - startedAtMicros) / 1e6);
  }

  #call(name: keyof FollowOptions, args: unknown[]): void {
    const { [name]: call } = this.#options;
    if (call === undefined) return;
    try {
      runIn(this.frame, () => Reflect.apply(call, undefined, args), undefined);
    } catch (error) {
      const what = `${name} of the stream that the span "${this.#span.spanName}" follows threw`;
      this.#span[OWNER]?.notice(asTracelightError(error, "INVALID_ARGUMENT", what));
    }
  }
}

/** A part that says how the stream went, as the AI SDK has them: those of a failure do not throw. */
function endIn(chunk: unknown): WorkEnd | undefined {
  if (typeof chunk !== "object" || chunk === null || !isPlain(chunk)) return undefined;
  const { part } = chunk;
  const { type, error } = typeof part === "object" && part !== null && isPlain(part) ? part : chunk;
  if (type === "abort") return { how: "abandoned" };
  return type === "error" && error !== undefined && error !== null ? { how: "failed", error } : undefined;
}

function notFollowed(span: Span, stream: object): TracelightError {
  const what = `follow of the span "${span.spanName}" got what cannot be followed, of the class ${classNameOf(stream)}`;
  const mend = "give it a stream that nobody reads yet, or an async iterable; await a promise first";
  return new TracelightError("NOT_FOLLOWED", `${what}; ${mend}.`);
}

let registry: FinalizationRegistry<SpanGuard> | undefined;

/** Streams that were dropped before they were over. */
function collected(): FinalizationRegistry<SpanGuard> {
  registry ??= new FinalizationRegistry((guard) => guard.lost());
  return registry;
}
