// Why a tool was called, found in a store: its span, then the windows of the conversation that it is of.
import { type ToolStory, type WantedTool, wantedTool } from "../conventions/context/tool-asks.ts";
import { conversationOf } from "../conventions/conversation.ts";
import type { PriceTable } from "../conventions/cost.ts";
import { conversationContext } from "./conversation-context.ts";
import { findSpan, type WorkQuery } from "./found.ts";
import type { StoreReader } from "./readable.ts";
import type { Span } from "./span.ts";

/** What came of it. */
export type FoundStory =
  | { readonly kind: "found"; readonly span: Span; readonly tool: WantedTool; readonly story: ToolStory }
  /** No model is known to have asked for it. */
  | { readonly kind: "unasked"; readonly span: Span; readonly tool: WantedTool }
  /** There is no such span; or it calls no tool. */
  | { readonly kind: "missing" }
  | { readonly kind: "no tool"; readonly span: Span };

/** Why the tool of that span was called. */
export async function toolStory(
  reader: StoreReader,
  place: { readonly traceId: string; readonly spanId: string },
  options: { readonly prices?: PriceTable | undefined; readonly signal?: AbortSignal | undefined } = {},
): Promise<FoundStory> {
  const span = await findSpan(reader, place);
  if (span === undefined) return { kind: "missing" };
  const tool = wantedTool(span);
  if (tool === undefined) return { kind: "no tool", span };
  for (const of of await placesOf(reader, span)) {
    const { story } = await conversationContext(reader, { of, tool, ...options });
    if (story !== undefined) return { kind: "found", span, tool, story };
  }
  return { kind: "unasked", span, tool };
}

/** The conversation, then the trace: not all spans of a trace need say of which conversation they are. */
async function placesOf(reader: StoreReader, { traceId, attributes }: Span): Promise<WorkQuery[]> {
  const own = conversationOf(attributes) ?? (await conversationIn(reader, traceId));
  return own === undefined ? [{ traceId }] : [{ conversation: own }, { traceId }];
}

async function conversationIn(reader: StoreReader, traceId: string): Promise<unknown> {
  const outlines = await reader.outlines({ traceId });
  return outlines.find(({ conversationId }) => conversationId !== undefined)?.conversationId;
}
