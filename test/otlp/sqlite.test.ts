// What comes over OTLP lands in an SQLite file whole, and once however often it is sent.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { otlpReceiver } from "tracelight/otlp";
import { SqliteTracer } from "tracelight/sqlite";
import { afterAll, expect, it } from "vitest";
import { encodeRecord } from "../../src/model/record.ts";
import { plainFields, type SpanFields } from "../../src/model/span-fields.ts";
import { decodeProtobufRequest, otlpEncoder } from "../../src/otlp/codec.ts";
import { runs } from "../sizes.ts";
import { nativeSpan } from "./spans.ts";

const folder = mkdtempSync(join(tmpdir(), "tracelight-otlp-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function bodyOf(spans: readonly SpanFields[]): Uint8Array {
  const encoder = otlpEncoder("protobuf");
  return encoder.join(spans.map((span) => encoder.encode(span)));
}

function request(body: Uint8Array): Request {
  const headers = { "content-type": "application/x-protobuf" };
  return new Request("http://localhost/v1/traces", { method: "POST", headers, body: Buffer.from(body) });
}

const key = ({ traceId, spanId }: SpanFields): string => traceId + spanId;

it("keeps every field of every span", async () => {
  const tracer = new SqliteTracer({ path: join(folder, "fields.db"), retention: false });
  const receive = otlpReceiver(tracer);
  const uniqueSpans = fc.uniqueArray(nativeSpan, { minLength: 1, maxLength: 5, selector: key });
  await fc.assert(
    fc.asyncProperty(uniqueSpans, async (spans) => {
      const body = bodyOf(
        spans.map((span) => ({ ...span, startedAtMicros: Math.max(0, span.startedAtMicros) })),
      );
      const { spans: sent } = decodeProtobufRequest(body);
      expect((await receive(request(body))).status).toBe(200);
      for (const span of sent) {
        const found = await tracer.getTraces({ traceId: span.traceId });
        const same = found.find(({ spanId }) => spanId === span.spanId);
        expect(same && encodeRecord(same)).toEqual(encodeRecord(span));
      }
    }),
    { numRuns: runs(200) },
  );
  await tracer.close();
});

it("writes a span once, however often it comes", async () => {
  const path = join(folder, "once.db");
  const span: SpanFields = fc.sample(nativeSpan, { seed: 1, numRuns: 1 })[0] ?? expect.fail("no span");
  for (let i = 0; i < 2; i++) {
    const tracer = new SqliteTracer({ path, retention: false });
    const receive = otlpReceiver(tracer);
    const answers = await Promise.all([1, 2, 3].map(() => receive(request(bodyOf([span, span])))));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(await tracer.getTraces()).toHaveLength(1);
    await tracer.close();
  }
});

it("ends a span whose process died before it could", async () => {
  const path = join(folder, "ended.db");
  const tracer = new SqliteTracer({ path, retention: false });
  const running = tracer.startSpan("work");
  await tracer.flush();
  await tracer.close();
  const collector = new SqliteTracer({ path, retention: false });
  const [interrupted] = await collector.getTraces();
  expect(interrupted?.state).toBe("interrupted");
  const ended: SpanFields = {
    ...plainFields(running),
    state: "ended",
    endedAtMicros: running.startedAtMicros + 1,
  };
  await otlpReceiver(collector)(request(bodyOf([ended])));
  const found = await collector.getTraces();
  expect(found.map(({ spanId, state }) => [spanId, state])).toEqual([[running.spanId, "ended"]]);
  await collector.close();
});
