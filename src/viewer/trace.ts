// A trace: its row, its spans without payload, where it stands in its conversation, and the numbers of its calls there.
import { summaryJson } from "../conventions/as-json.ts";
import { numberedTurns } from "../conventions/numbered-turns.ts";
import { summarizeOutlines } from "../conventions/summary.ts";
import { isoMicros } from "../model/clock.ts";
import type { CallNumbersJson, TraceJson } from "./api.ts";
import type { Asked } from "./asked.ts";
import { traceColumns } from "./columns.ts";
import { outlinesAround, turnsAround } from "./conversation.ts";
import { notFound } from "./problems.ts";

/** `GET /api/traces/ID` */
export async function trace(asked: Asked): Promise<TraceJson> {
  const most = asked.params("first").count("first", { most: MOST_FIRST, or: Number.POSITIVE_INFINITY });
  const { reader, prices } = asked;
  const traceId = asked.traceId();
  const isAll = most === Number.POSITIVE_INFINITY;
  const found = await reader.outlines({ traceId, limit: isAll ? undefined : most + 1 });
  const whole = found.length <= most;
  const outlines = whole ? found : found.slice(0, most);
  const [first] = outlines;
  const summary = summarizeOutlines(outlines, "trace", prices);
  if (first === undefined || summary === undefined) throw notFound("There is no such trace here.");
  return {
    whole,
    summary: summaryJson(summary),
    conversation: whole ? await turnsAround(traceId, outlines, reader) : null,
    started_at: isoMicros(first.startedAtMicros),
    ...traceColumns(outlines, first.startedAtMicros, prices),
    notes: reader.notes,
  };
}

/** `GET /api/traces/ID/calls` */
export async function calls(asked: Asked): Promise<CallNumbersJson> {
  asked.params();
  const traceId = asked.traceId();
  const own = await asked.reader.outlines({ traceId });
  const around = await outlinesAround(traceId, own, asked.reader);
  const turns = numberedTurns(around?.outlines ?? own).filter(
    ({ outlines: [first] }) => first?.traceId === traceId,
  );
  return {
    calls: {
      span_id: turns.flatMap((turn) => turn.calls),
      number: turns.flatMap((turn) => turn.calls.map((_, i) => turn.firstCall + i)),
    },
  };
}

const MOST_FIRST = 100_000;
