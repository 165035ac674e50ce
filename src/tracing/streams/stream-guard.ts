// What an adapter holds of a guarded stream.
import type { Watcher, WorkEnd } from "../steps.ts";

/** Ends a span with a stream. See `guardStream`. */
export interface StreamGuard extends Watcher {
  /** True once it has ended, or did its part in that. */
  readonly isOver: boolean;
  /** Says whether somebody waits for the next chunk: then it is not idle, however long that takes. */
  waits(isAwaited: boolean): void;
  /**
   * How the work went, as far as is known by now: counts where the stream is then left, dropped, idle (`idleMs` from now on) or read
   * through. Undefined takes it back: there is more to come, within `idleMs` or what was said at first.
   */
  expect(end: WorkEnd | undefined, idleMs?: number): void;
  /** From now on an abort of this signal ends the span too. */
  heed(signal: AbortSignal): void;
  /** Ends the span when this object is garbage. It must be reachable as long as somebody can read. */
  heldBy(object: object): void;
}
