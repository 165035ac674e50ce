// A thousand streams at once through tracelight/fetch: whose each is, and what they hold.
import { type Span, Tracer } from "tracelight";
import { readSpan } from "tracelight/conventions";
import { tracedFetch } from "tracelight/fetch";
import { describe, expect, it } from "vitest";
import { collect } from "./collected.ts";

describe("a thousand streams at once", () => {
  const STREAMS = 1000;
  const PIECES = 10;
  const KILOBYTE = 1024;

  /** An answer whose pieces come one by one, each when it is asked for. */
  function streamOf(): Response {
    let left = PIECES;
    const delta = (given: object, finish_reason: string | null) =>
      new TextEncoder().encode(
        `data: ${JSON.stringify({ choices: [{ index: 0, delta: given, finish_reason }] })}\n\n`,
      );
    const pull = (controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>) => {
      if (left-- > 0) return controller.enqueue(delta({ content: "x".repeat(KILOBYTE) }, null));
      controller.enqueue(delta({}, "stop"));
      controller.close();
    };
    const headers = { "content-type": "text/event-stream" };
    return new Response(new ReadableStream({ pull }, { highWaterMark: 0 }), { headers });
  }

  /** What is held natively goes a turn later than what holds it. */
  async function bytesInUse(): Promise<number> {
    for (let turn = 0; turn < 3; turn++) {
      collect();
      await new Promise((resolve) => setImmediate(resolve));
    }
    return process.memoryUsage().heapUsed;
  }

  it("each have the parent that the code says, and leave nothing behind", async () => {
    const calls: string[] = [];
    const write = (span: Span) => {
      const { output } = readSpan(span);
      if (span.spanKind === "CLIENT")
        calls.push(`${span.spanName}: ${span.parentSpan?.spanName}, ${String(output).length}`);
    };
    const tracer = new Tracer({ name: "told", write });
    const traced = tracedFetch(tracer, { fetch: async () => streamOf() });
    let begun = 0;
    let begin = () => {};
    const ask = (i: number, all: Promise<void>) =>
      tracer.trace(`turn ${i}`, async () => {
        const body = JSON.stringify({
          model: `m${i}`,
          messages: [{ role: "user", content: "Hi" }],
          stream: true,
        });
        const response = await traced("http://localhost/v1/chat/completions", { method: "POST", body });
        for await (const _ of response.body ?? []) {
          begun += 1;
          if (begun === STREAMS) begin();
          await all;
        }
      });
    /** Bytes in use while all are open, and when all are over. */
    const round = async (): Promise<readonly [open: number, over: number]> => {
      begun = 0;
      const all = new Promise<void>((resolve) => {
        begin = resolve;
      });
      const asked = Array.from({ length: STREAMS }, (_, i) => ask(i, all));
      await all;
      expect(tracer.openSpans()).toHaveLength(2 * STREAMS);
      const open = await bytesInUse();
      await Promise.all(asked);
      expect(tracer.openSpans()).toEqual([]);
      return [open, await bytesInUse()];
    };
    const [, first] = await round();
    const [open, last] = await round();
    const expected = Array.from({ length: STREAMS }, (_, i) => `chat m${i}: turn ${i}, ${PIECES * KILOBYTE}`);
    expect(calls.sort()).toEqual([...expected, ...expected].sort());
    // What is kept of a stream is what has come of it, and a few objects.
    expect((open - first) / STREAMS).toBeLessThan(60 * KILOBYTE);
    expect(last - first).toBeLessThan((STREAMS * PIECES * KILOBYTE) / 2);
  });
});
