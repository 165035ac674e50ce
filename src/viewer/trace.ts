// A trace: its row, its spans without payload, and where it stands in its conversation.
import { summaryJson } from "../conventions/as-json.ts";
import { summarizeOutlines } from "../conventions/summary.ts";
import { isoMicros } from "../model/clock.ts";
import type { TraceJson } from "./api.ts";
import type { Asked } from "./asked.ts";
import { traceColumns } from "./columns.ts";
import { turnsAround } from "./conversation.ts";
import { notFound } from "./problems.ts";

/** `GET /api/traces/ID` */
export async function trace(asked: Asked): Promise<TraceJson> {
  asked.params();
  const { reader, prices } = asked;
  const traceId = asked.traceId();
  const outlines = await reader.outlines({ traceId });
  const [first] = outlines;
  const summary = summarizeOutlines(outlines, "trace", prices);
  if (first === undefined || summary === undefined) throw notFound("There is no such trace here.");
  return {
    summary: summaryJson(summary),
    conversation: await turnsAround(traceId, outlines, reader),
    started_at: isoMicros(first.startedAtMicros),
    ...traceColumns(outlines, first.startedAtMicros, prices),
    notes: reader.notes,
  };
}
