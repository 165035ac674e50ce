// Reads a trace and lays it out beside the page, so that the largest does not hold it up.
import type { ProblemJson, TraceJson } from "../../src/viewer/api.ts";
import { layOut } from "./layout.ts";
import type { TraceModel } from "./model.ts";

/** What the worker is asked. */
export interface LayoutRequest {
  readonly id: number;
  readonly url: string;
  /** The moment, in milliseconds since the epoch. */
  readonly now: number;
}

/** All of a trace but its spans. */
export type TraceHead = Pick<TraceJson, "summary" | "conversation" | "started_at" | "notes">;

/** What it answers. */
export type LayoutAnswer =
  | { readonly id: number; readonly head: TraceHead; readonly model: TraceModel }
  | { readonly id: number; readonly problem: { readonly message: string; readonly details?: ProblemJson } };

addEventListener("message", ({ data }: MessageEvent<LayoutRequest>) => void answer(data));

async function answer({ id, url, now }: LayoutRequest): Promise<void> {
  try {
    const response = await fetch(url, { headers: { accept: "application/json" } });
    if (!response.ok) {
      const details: ProblemJson = await response.json();
      return send({ id, problem: { message: details.detail, details } });
    }
    const trace: TraceJson = await response.json();
    const { summary, conversation, started_at, notes } = trace;
    send({ id, head: { summary, conversation, started_at, notes }, model: layOut(trace, now) });
  } catch (error) {
    send({ id, problem: { message: error instanceof Error ? error.message : String(error) } });
  }
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
