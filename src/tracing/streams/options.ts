// What may be said of a stream that a span follows.

/** What comes out of a stream, as far as its type says it. */
export type ChunkOf<T> =
  T extends AsyncIterable<infer C> ? C : T extends AsyncIterator<infer C> ? C : unknown;

/** For `span.follow`. What one throws is reported, and never reaches the app. */
export interface FollowOptions<C = unknown> {
  /** Sees each chunk on its way to the app, with the span active; to change or to keep one is not for it. */
  readonly onChunk?: ((chunk: C) => void) | undefined;
  /** Called when the stream is over, however that came, before the span ends: the last chance to add to it. */
  readonly onEnd?: (() => void) | undefined;
}
