// Answers as `Response`s: at once or in the recorded time, whole or as a stream.
import { is } from "../../model/options.ts";

/** When an answer comes: `"none"`, at once; `"recorded"`, when it came then. */
export type ReplayTiming = "none" | "recorded";

/** What a timing must be. */
export const isTiming: ReturnType<typeof is.oneOf> = is.oneOf("none", "recorded");

/** In milliseconds: until the first piece, and until the last. */
export interface RecordedPace {
  readonly firstMs: number;
  readonly wholeMs: number;
}

/** How a stream is written. */
export interface Written {
  readonly pieces: readonly string[];
  readonly type: string;
  readonly pace: RecordedPace | undefined;
  readonly signal: AbortSignal | undefined;
}

/** The pieces, each when it is asked for and its time has come. */
export async function* paced<Piece>(
  pieces: readonly Piece[],
  pace: RecordedPace | undefined,
  signal?: AbortSignal,
): AsyncGenerator<Piece> {
  const { firstMs = 0, wholeMs = 0 } = pace ?? {};
  const eachMs = (wholeMs - firstMs) / Math.max(1, pieces.length - 1);
  for (const [i, piece] of pieces.entries()) {
    await pause(i === 0 ? firstMs : eachMs, signal);
    yield piece;
  }
}

/** A stream of an answer's pieces. */
export function streamed({ pieces, type, pace, signal }: Written): Response {
  const encoder = new TextEncoder();
  const rest = paced(pieces, pace, signal);
  const body = new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      const { done, value } = await rest.next();
      if (done === true) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
  });
  return new Response(body, { status: 200, headers: { "content-type": type } });
}

/** Waits; rejects with the reason of a signal that is aborted before. */
export function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  if (!(ms > 0)) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    };
    const abort = (): void => {
      end();
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      end();
      resolve();
    }, ms);
    signal?.addEventListener("abort", abort);
  });
}
