// The context lens over a store: outlines say which calls there are, then their spans are looked at one by one.
import { ContextLens, type ContextOptions, type ContextReport } from "../conventions/context.ts";
import type { SpanOutline } from "../conventions/facts.ts";
import type { StoreReader } from "./readable.ts";
import type { OutlineQuery } from "./store.ts";

/** Whose windows to look at. */
export interface ContextQuery extends ContextOptions {
  /** A conversation, or a trace. */
  readonly of: Pick<OutlineQuery, "conversation" | "traceId">;
  /** Its outlines, where they were read already. */
  readonly outlines?: readonly SpanOutline[] | undefined;
  /** Ends the look: it rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** What filled the window in each model call of a conversation or trace. */
export async function conversationContext(
  reader: StoreReader,
  { of, outlines, signal, ...options }: ContextQuery,
): Promise<ContextReport> {
  const lens = new ContextLens(outlines ?? (await reader.outlines(of)), options);
  for await (const span of reader.iterate(of)) {
    signal?.throwIfAborted();
    lens.add(span);
  }
  return lens.report();
}
