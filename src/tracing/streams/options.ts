// What may be said of a stream that a span follows.

/** What comes out of a stream, as far as its type says it. */
export type ChunkOf<T> =
  T extends AsyncIterable<infer C> ? C : T extends AsyncIterator<infer C> ? C : unknown;

/** For `span.follow`. What one throws is reported, and never reaches the app. */
export interface FollowOptions<C = unknown> {
  /**
   * Sees each chunk on its way to the app, with the span active; to change or to keep one is not for it. Where it returns false, the
   * chunk has nothing of the answer in it: the time of the first chunk is that of another.
   */
  readonly onChunk?: ((chunk: C) => unknown) | undefined;
  /** Called when the stream is over, however that came, before the span ends: the last chance to add to it. */
  readonly onEnd?: (() => void) | undefined;
  /**
   * Called before the running span is shown: as chunks arrive, at most once in 300 ms, and only where the sink looks at running spans.
   * It puts what there is so far on the span.
   */
  readonly onSnapshot?: (() => void) | undefined;
  /** Calls the work off: an abort ends the span at once, as aborted, or with ERROR where it was a time limit. */
  readonly signal?: AbortSignal | undefined;
  /** The span ends with what it has when for so many milliseconds nothing came, and nobody asked for more. Default 300,000. */
  readonly idleMs?: number | undefined;
}

/** For adapters. */
export interface GuardOptions<C = unknown> extends FollowOptions<C> {
  /**
   * In the place of `idleMs`, where the app has said none: at least so many milliseconds, and ten times as long as the longest pause that
   * its reader has made before. So one that reads slowly is not taken for one that left.
   */
  readonly leastIdleMs?: number | undefined;
}
