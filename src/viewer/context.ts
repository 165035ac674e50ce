// The context lens of a conversation or a trace, and one call of it opened: no message reaches the page before it is asked for.

import { wordDiff } from "../conventions/compare/words.ts";
import { type Piece, textOfPiece } from "../conventions/context/content.ts";
import type { OpenedCall } from "../conventions/context.ts";
import { cutTo } from "../model/cut.ts";
import { contextJson, toolStoryJson } from "../render/context-json.ts";
import { conversationContext } from "../tracing/conversation-context.ts";
import type { Whole, WholeOf } from "../tracing/read-whole.ts";
import { toolStory } from "../tracing/tool-story.ts";
import type { ContextAnswerJson, OpenedCallJson, SegmentJson, WhyJson } from "./api.ts";
import type { Asked } from "./asked.ts";
import { findWhole } from "./conversation.ts";
import { notFound } from "./problems.ts";

/** `GET /api/conversations/ID/context` */
export async function conversationLens(asked: Asked): Promise<ContextAnswerJson> {
  const { id, whole } = await findWhole(asked.path("key"), asked.reader);
  return lens(asked, { conversation: id }, whole);
}

/** `GET /api/traces/ID/context` */
export function traceLens(asked: Asked): Promise<ContextAnswerJson> {
  return lens(asked, { traceId: asked.traceId() });
}

/** `GET /api/traces/ID/spans/ID/why` */
export async function why(asked: Asked): Promise<WhyJson> {
  asked.params();
  const { reader, prices, signal } = asked;
  const place = { traceId: asked.traceId(), spanId: asked.spanId() };
  const found = await toolStory(reader, place, { prices, signal });
  if (found.kind === "missing") throw notFound("There is no such span here.");
  const story = found.kind === "found" ? toolStoryJson(found.story) : null;
  return { story, notes: reader.notes };
}

async function lens(asked: Asked, of: WholeOf, whole?: Whole): Promise<ContextAnswerJson> {
  const open = asked.params("call").text("call")?.toLowerCase();
  const { reader, prices, signal } = asked;
  const report = await conversationContext(reader, { of, whole, prices, open, signal });
  if (open !== undefined && report.opened === undefined) throw notFound("There is no such call here.");
  return {
    ...contextJson(report),
    opened: report.opened === undefined ? null : openedCallJson(report.opened),
    notes: reader.notes,
  };
}

/** A call with all parts of its prompt. */
export function openedCallJson(opened: OpenedCall): OpenedCallJson {
  return {
    span_id: opened.call.spanId,
    segments: opened.segments.map((segment) => segmentJson(segment, segment.share === "fresh")),
    difference: differenceJson(opened),
  };
}

/** What is new has its first words; of the rest the kind and the tokens will do. */
function segmentJson(
  { share, piece, message, tokens }: OpenedCall["segments"][number],
  isNew: boolean,
): SegmentJson {
  return {
    part: share === "fresh" ? "new" : share,
    ...{ kind: piece.kind, role: piece.role, name: piece.name ?? null, calls: piece.calls },
    ...{ message: message ?? null, tokens, glance: isNew ? (piece.glance ?? null) : null },
  };
}

/** Of what stood at the first place that differs, and what stands there now. */
function differenceJson({ call: { change } }: OpenedCall): OpenedCallJson["difference"] {
  const { before, after } = change?.change ?? {};
  if (before === undefined && after === undefined) return null;
  const [a, b] = [textOf(before?.piece), textOf(after?.piece)];
  return { words: wordDiff(a.text, b.text), is_cut: a.isCut || b.isCut };
}

function textOf(piece: Piece | undefined): { readonly text: string; readonly isCut: boolean } {
  const whole = piece === undefined ? "" : textOfPiece(piece);
  return { text: cutTo(whole, MAX_TEXT), isCut: whole.length > MAX_TEXT };
}

const MAX_TEXT = 20_000;
