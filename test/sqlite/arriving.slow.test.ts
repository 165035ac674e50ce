// Spans that come from elsewhere: import and the receiver take time in proportion to their number, whatever they are like.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { otlpReceiver } from "tracelight/otlp";
import { SqliteTracer } from "tracelight/sqlite";
import { afterAll, describe, expect, it } from "vitest";
import type { SpanFields } from "../../src/model/span-fields.ts";
import { otlpEncoder } from "../../src/otlp/codec.ts";
import { sqliteDriver } from "../../src/sqlite/driver.ts";
import { openSqliteFile } from "../../src/sqlite/file.ts";
import { FIND_SPAN } from "../../src/sqlite/rows.ts";
import { prepareFile } from "../../src/sqlite/schema.ts";
import { type Span, spanFrom } from "../../src/tracing/span.ts";
import { spanFields } from "../model/arbitraries.ts";
import { leastOf, processorMsOf } from "../processor.ts";

const folder = mkdtempSync(join(tmpdir(), "tracelight-arriving-"));
let files = 0;
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Spans of one trace, each a microsecond after the one before, or all at once. */
function spansOf(count: number, stepMicros: number): SpanFields[] {
  return Array.from({ length: count }, (_, i) =>
    spanFields({ spanId: (i + 1).toString(16).padStart(16, "0"), startedAtMicros: 1e15 + i * stepMicros }),
  );
}

async function imported(spans: readonly SpanFields[]): Promise<number> {
  const file = await openSqliteFile(join(folder, `${files++}.db`), { readOnly: false });
  const done = await file.importSpans?.(each(spans));
  await file.close();
  return done?.added ?? 0;
}

async function collected(spans: readonly SpanFields[]): Promise<number> {
  const tracer = new SqliteTracer({ path: join(folder, `${files++}.db`), retention: false });
  const encoder = otlpEncoder("protobuf");
  const body = encoder.join(spans.map((span) => encoder.encode(span)));
  const headers = { "content-type": "application/x-protobuf" };
  const request = new Request("http://localhost/v1/traces", {
    method: "POST",
    headers,
    body: Buffer.from(body),
  });
  expect((await otlpReceiver(tracer, { flushTimeoutMs: 60_000 })(request)).status).toBe(200);
  return (await tracer.close()).written;
}

async function* each(spans: readonly SpanFields[]): AsyncGenerator<Span> {
  for (const span of spans) yield spanFrom(span);
}

/** What the processor took, in milliseconds, for so many spans. */
async function timeOf(work: typeof imported, spans: readonly SpanFields[]): Promise<number> {
  return processorMsOf(async () => expect(await work(spans)).toBe(spans.length));
}

describe.each([
  ["import", imported],
  ["collect", collected],
])("%s of one trace", (_name, work) => {
  it.each([
    ["one after the other", 1],
    ["all at once", 0],
  ])("takes about four times as long for four times the spans, which begin %s", async (_how, step) => {
    await timeOf(work, spansOf(300, step));
    const times = async () => {
      const few = await timeOf(work, spansOf(1200, step));
      return (await timeOf(work, spansOf(4800, step))) / few;
    };
    // With a look at every span of the trace it is sixteen times.
    expect(await leastOf(9, times)).toBeLessThan(9);
  });
});

it("a span is found by its place in the index alone", () => {
  const database = sqliteDriver().open(":memory:");
  prepareFile(database, ":memory:");
  const [step] = database.prepare(`EXPLAIN QUERY PLAN ${FIND_SPAN}`).all("a", 1, "b");
  expect(String(step?.["detail"])).toContain("(trace_id=? AND started_at=? AND span_id=?)");
  database.close();
});
