// Reads a trace and lays it out beside the page, so that the largest does not hold it up; keeps it, and puts into it what comes since.
import type { ChangedSpanJson, ProblemJson, TraceJson } from "../../src/viewer/api.ts";
import { GrowingTrace } from "./growing.ts";
import { layOut } from "./layout.ts";
import type { TraceModel } from "./model.ts";

/** What the worker is asked; `now` is the moment, in milliseconds since the epoch. */
export type LayoutRequest =
  | { readonly id: number; readonly url: string; readonly now: number }
  /** What is known of the trace, with these changes. */
  | { readonly id: number; readonly changes: readonly ChangedSpanJson[]; readonly now: number };

/** All of a trace but its spans. */
export type TraceHead = Pick<TraceJson, "summary" | "conversation" | "started_at" | "notes">;

/** What it answers. */
export type LayoutAnswer =
  | {
      readonly id: number;
      readonly head: TraceHead;
      readonly model: TraceModel;
      /** How long the layout took: what the benchmark reads. */
      readonly layoutMs: number;
    }
  | { readonly id: number; readonly problem: { readonly message: string; readonly details?: ProblemJson } };

/** A larger trace is only read anew, and less often. */
const MOST_GROWN = 20_000;

let known: GrowingTrace | undefined;
/** What came while the trace was read: it may be newer than that. */
let missed: (readonly ChangedSpanJson[])[] | undefined;

addEventListener("message", ({ data }: MessageEvent<LayoutRequest>) => {
  if ("url" in data) void answer(data);
  else grow(data.id, data.changes, data.now);
});

async function answer({ id, url, now }: { id: number; url: string; now: number }): Promise<void> {
  missed = [];
  try {
    const response = await fetch(url, { headers: { accept: "application/json" } });
    if (!response.ok) {
      const details: ProblemJson = await response.json();
      return send({ id, problem: { message: details.detail, details } });
    }
    const trace: TraceJson = await response.json();
    known =
      trace.running.length > 0 && trace.spans.span_id.length < MOST_GROWN
        ? new GrowingTrace(trace)
        : undefined;
    for (const changes of missed) if (known?.take(changes) === false) known = undefined;
    sendLaidOut(id, known?.trace ?? trace, now);
  } catch (error) {
    send({ id, problem: { message: error instanceof Error ? error.message : String(error) } });
  } finally {
    missed = undefined;
  }
}

function grow(id: number, changes: readonly ChangedSpanJson[], now: number): void {
  missed?.push(changes);
  if (known?.take(changes) === true) sendLaidOut(id, known.trace, now);
  else known = undefined;
}

function sendLaidOut(id: number, trace: TraceJson, now: number): void {
  const { summary, conversation, started_at, notes } = trace;
  const began = performance.now();
  const model = layOut(trace, now);
  const layoutMs = performance.now() - began;
  send({ id, head: { summary, conversation, started_at, notes }, model, layoutMs });
}

function send(message: LayoutAnswer): void {
  postMessage(message, { transfer: "model" in message ? buffersOf(message.model) : [] });
}

/** Arrays move, they are not copied. */
function buffersOf(model: TraceModel): ArrayBuffer[] {
  const buffers = Object.values(model).flatMap((value) =>
    ArrayBuffer.isView(value) && value.buffer instanceof ArrayBuffer ? [value.buffer] : [],
  );
  return [...new Set(buffers)];
}
