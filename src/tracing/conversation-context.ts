// The context lens over a store: outlines say which calls there are, then their spans are looked at one by one.
import { ContextLens, type ContextOptions, type ContextReport } from "../conventions/context.ts";
import { readWhole, type Whole, type WholeOf } from "./read-whole.ts";
import type { StoreReader } from "./readable.ts";

/** Whose windows to look at. */
export interface ContextQuery extends ContextOptions {
  /** A conversation, or a trace. */
  readonly of: WholeOf;
  /** All of it, where it was read already. */
  readonly whole?: Whole | undefined;
  /** Ends the look: it rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** What filled the window in each model call of a conversation or trace. */
export async function conversationContext(
  reader: StoreReader,
  { of, whole, signal, ...options }: ContextQuery,
): Promise<ContextReport> {
  const { outlines, spans } = whole ?? (await readWhole(reader, of));
  const lens = new ContextLens(outlines, options);
  for await (const span of spans) {
    signal?.throwIfAborted();
    lens.add(span);
  }
  return lens.report();
}
