// Reads a trace and lays it out beside the page, so that the largest does not hold it up.
import { answerTo, jsonOf } from "../app/answers.ts";
import { LayingOut, type LayoutAnswer, type LayoutRequest } from "./laying-out.ts";
import type { TraceModel } from "./model.ts";

const laying = new LayingOut(
  async (url) => jsonOf(await answerTo(fetch(url, { headers: { accept: "application/json" } }))),
  send,
);
addEventListener("message", ({ data }: MessageEvent<LayoutRequest>) => laying.take(data));

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
