// The guard of one stream and its span: what came, how it ended, and what becomes of the span by that.
import { NAMES } from "../../conventions/names.ts";
import { nowMicros, PreciseDate } from "../../model/clock.ts";
import { asTracelightError } from "../../model/errors.ts";
import { isPlain } from "../../model/plain.ts";
import { clearTimeout, setTimeout, steadyNow } from "../../model/timers.ts";
import { type Frame, runIn } from "../context.ts";
import { readOn } from "../refusals.ts";
import { endBy } from "../results.ts";
import { OWNER, type Span } from "../span.ts";
import type { WorkEnd } from "../steps.ts";
import { heedSignal } from "../verdict.ts";
import type { FollowOptions, GuardOptions } from "./options.ts";
import type { StreamGuard } from "./stream-guard.ts";

const DEFAULT_IDLE_MS = 300_000;
/** Nobody who reads on pauses so many times as long as before. */
const PAUSES = 10;
/** A running span is shown at most once in so many milliseconds. */
const SNAPSHOT_MS = 300;

/** Who is told of a guard. */
interface Changed {
  /** It is over. True where it was the last of its span. */
  over(): boolean;
  /** It has less patience than before. */
  patience(): void;
}

/** It knows nothing of the stream, so that one that nobody holds any more can go. */
export class SpanGuard implements StreamGuard {
  readonly frame: Frame;
  readonly #span: Span;
  readonly #options: GuardOptions<never>;
  readonly #changed: Changed;
  readonly #onAbort = (): void => this.#aborted();
  #signal: AbortSignal | undefined;
  #hasChunk = false;
  #hasAnswer = false;
  #isOver = false;
  /** True where it was found idle, until somebody read on. */
  #wasIdle = false;
  #isAwaited = false;
  #idleMs: number = DEFAULT_IDLE_MS;
  #latest: number = steadyNow();
  #longestPause = 0;
  /** What the latest was when it was found idle. */
  #foundIdle: number | undefined;
  #told: { readonly end: WorkEnd; readonly at: number } | undefined;
  #shownAt: number = Number.NEGATIVE_INFINITY;
  #toShow: ReturnType<typeof setTimeout> | undefined;
  #hold: Hold | undefined;

  constructor(span: Span, frame: Frame, options: GuardOptions<never>, changed: Changed) {
    this.frame = frame;
    this.#span = span;
    this.#options = options;
    this.#changed = changed;
  }

  /** From now on it can end its span. */
  begin(): void {
    const { signal } = this.#options;
    if (this.#ownIdleMs > 0) this.#idleMs = this.#ownIdleMs;
    else this.#leaveOut("idleMs", new RangeError("it is no number of milliseconds above 0"));
    this.#changed.patience();
    if (signal !== undefined) this.heed(signal);
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** True where the end of its tracer is its own: nothing was read, or how it went is known. */
  get endsWithTracer(): boolean {
    return !this.#hasChunk || this.#told !== undefined;
  }

  /** Milliseconds until it has been idle for too long. */
  get patience(): number {
    return this.#isAwaited ? this.#idleMs : this.#latest + this.#mostIdleMs - steadyNow();
  }

  /** True where it has been idle for too long, and was at the look before: once a process that stood still goes on, its readers do. */
  isIdleAgain(): boolean {
    if (this.patience > 0) return false;
    const isAgain = this.#foundIdle === this.#latest;
    this.#foundIdle = this.#latest;
    return isAgain;
  }

  get #ownIdleMs(): number {
    const { idleMs, leastIdleMs = DEFAULT_IDLE_MS } = this.#options;
    return idleMs ?? leastIdleMs;
  }

  get #mostIdleMs(): number {
    const { idleMs, leastIdleMs } = this.#options;
    const isSaid = this.#told !== undefined || idleMs !== undefined || leastIdleMs === undefined;
    return isSaid ? this.#idleMs : Math.max(this.#idleMs, PAUSES * this.#longestPause);
  }

  waits(isAwaited: boolean): void {
    const now = steadyNow();
    if (isAwaited && !this.#isAwaited && now - this.#latest > this.#longestPause)
      this.#longestPause = now - this.#latest;
    this.#isAwaited = isAwaited;
    this.#latest = now;
  }

  chunk(value: unknown): void {
    if (this.#isOver) return this.#late();
    this.waits(false);
    this.#hasChunk = true;
    const told = endIn(value);
    if (told !== undefined) this.expect(told);
    if (this.#call("onChunk", [value]) === false) return;
    if (!this.#hasAnswer) this.#first();
    this.#show();
  }

  expect(
    end: WorkEnd | undefined,
    idleMs: number = end === undefined ? this.#ownIdleMs : this.#idleMs,
  ): void {
    this.#told = end && { end, at: nowMicros() };
    this.#idleMs = idleMs;
    this.#latest = steadyNow();
    this.#isAwaited = false;
    this.#changed.patience();
  }

  heed(signal: AbortSignal): void {
    this.#stopHeeding();
    this.#signal = signal;
    try {
      heedSignal(this.#span, signal);
      if (signal.aborted) this.#aborted();
      else signal.addEventListener("abort", this.#onAbort, { once: true });
    } catch (error) {
      this.#leaveOut("signal", error);
    }
  }

  heldBy(object: object): void {
    registry ??= new FinalizationRegistry(({ guard }) => guard?.lost());
    this.#hold ??= { guard: this };
    registry.register(object, this.#hold, this.#hold);
  }

  /** It guards nothing: its span ends as without it. */
  letGo(): void {
    this.#isOver = true;
    this.#stop();
    this.#changed.over();
  }

  end(end: WorkEnd): void {
    this.#finish(end.how === "failed" ? end : (this.#told?.end ?? end), undefined);
  }

  /** Nobody has read on for too long. */
  idle(): void {
    this.#wasIdle = !this.#isOver && this.#told === undefined;
    this.lost();
  }

  /** Who has read on since is told once that it is not recorded. */
  #late(): void {
    if (!this.#wasIdle) return;
    this.#wasIdle = false;
    this.#span[OWNER]?.notice(readOn(this.#span));
  }

  /** Nobody can read the rest any more, or will. */
  lost(): void {
    if (this.#isOver) return;
    if (this.#told !== undefined) return this.#finish(this.#told.end, this.#told.at);
    const { state } = this.#span;
    if (state === "running")
      this.#span.addAttribute(NAMES.followedEnd, this.#hasChunk ? "unfinished" : "unread");
    this.#finish({ how: "abandoned" }, undefined);
  }

  #finish(end: WorkEnd, at: number | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stop();
    this.#call("onEnd", []);
    const isLast = this.#changed.over();
    if (isLast || end.how === "failed")
      endBy(this.#span, end, at === undefined ? undefined : new PreciseDate(at));
  }

  #first(): void {
    this.#hasAnswer = true;
    const { state, startedAtMicros } = this.#span;
    if (state !== "running") return;
    this.#span.addAttribute(NAMES.timeToFirstChunk, Math.max(0, nowMicros() - startedAtMicros) / 1e6);
  }

  #aborted(): void {
    if (this.#told === undefined) this.end({ how: "failed", error: this.#signal?.reason });
    else this.lost();
  }

  /** What came last is shown, too, when it is time, though nothing follows it. */
  #show(): void {
    if (this.#options.onSnapshot === undefined || this.#span[OWNER]?.isObserved !== true) return;
    const wait = this.#shownAt + SNAPSHOT_MS - steadyNow();
    if (wait <= 0) this.#snapshot();
    else this.#toShow ??= setTimeout(() => this.#showLater(), wait).unref();
  }

  #showLater(): void {
    this.#toShow = undefined;
    this.#show();
  }

  #snapshot(): void {
    clearTimeout(this.#toShow);
    this.#toShow = undefined;
    this.#shownAt = steadyNow();
    this.#call("onSnapshot", []);
    this.#span.emitSnapshot();
  }

  #stop(): void {
    clearTimeout(this.#toShow);
    this.#toShow = undefined;
    this.#stopHeeding();
    this.#stopHolding();
  }

  /** What it was held by may live on, and V8 keeps what a registry was given for longer than that. */
  #stopHolding(): void {
    if (this.#hold === undefined) return;
    registry?.unregister(this.#hold);
    this.#hold.guard = undefined;
  }

  #stopHeeding(): void {
    this.#signal?.removeEventListener?.("abort", this.#onAbort);
  }

  #call(name: "onChunk" | "onEnd" | "onSnapshot", args: unknown[]): unknown {
    const { [name]: call } = this.#options;
    if (call === undefined) return undefined;
    try {
      return runIn(this.frame, () => Reflect.apply(call, undefined, args), undefined);
    } catch (error) {
      this.#notice(`${name} of the stream that the span "${this.#span.spanName}" follows threw`, error);
      return undefined;
    }
  }

  #leaveOut(option: keyof FollowOptions, error: unknown): void {
    this.#notice(
      `${option} of the stream that the span "${this.#span.spanName}" follows was left out`,
      error,
    );
  }

  #notice(what: string, error: unknown): void {
    this.#span[OWNER]?.notice(asTracelightError(error, "INVALID_ARGUMENT", what));
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

/** What a guard is found by when nobody can read on. */
interface Hold {
  guard: SpanGuard | undefined;
}

/** Streams that were dropped before they were over. */
let registry: FinalizationRegistry<Hold> | undefined;
