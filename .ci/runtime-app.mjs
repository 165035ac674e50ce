// An app on another runtime than Node, or where a test environment has taken globals away: core, SQLite, OTLP and the journal.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";

if (process.argv.includes("--like-jsdom")) {
  delete globalThis.setImmediate;
  delete globalThis.clearImmediate;
}
const { HumanReadableTracer, InMemoryTracer, IterableTracer, StructuredLogsTracer, TeeTracer } = await import(
  "tracelight"
);
if (process.argv.includes("--without-rights")) {
  const memory = new InMemoryTracer();
  const lines = [];
  const stream = { write: (text) => lines.push(text) > 0 };
  const tee = new TeeTracer()
    .addTracer(memory)
    .addTracer(new HumanReadableTracer({ stream }))
    .addTracer(new StructuredLogsTracer({ stream }));
  assert.throws(() => tee.trace("turn", () => tee.trace("call", () => assert.fail("no"))));
  await tee.close();
  assert.equal(memory.getTraces().length, 2);
  assert.equal(lines.length, 4);
  console.log("core, terminal and log lines work");
  process.exit();
}
const { OtlpTracer, otlpReceiver, serveOtlp } = await import("tracelight/otlp");
const { SqliteTracer } = await import("tracelight/sqlite");

const SPANS = 2000;
const names = (spans) => spans.map(({ spanName }) => spanName);

const memory = new InMemoryTracer();
await memory.trace("outer", async (outer) => {
  await Promise.all(["a", "b"].map((name) => memory.trace(name, async () => memory.trace("inner", () => 1))));
  assert.equal(memory.currentSpan, outer);
});
const [outer, ...below] = memory.getTraces();
assert.deepEqual(names([outer, ...below]).sort(), ["a", "b", "inner", "inner", "outer"]);
for (const span of below) assert.equal(span.traceId, outer.traceId);

const iterable = new IterableTracer();
iterable.trace("iterated", () => undefined);
await iterable.close();
for await (const span of iterable) assert.equal(span.spanName, "iterated");

// More than one portion of rows, large values, a second tracer, and one that is never closed.
const values = { bytes: new Uint8Array([1, 2, 255]), big: 2n ** 70n, text: "x".repeat(100_000) };
const sqlite = new SqliteTracer({ path: "app.db" });
for (let i = 0; i < SPANS; i++) {
  sqlite.trace(`span ${i}`, (span) =>
    span.addAttributes({ "ai.conversation.id": i % 7, filler: "y".repeat(800) }),
  );
}
sqlite.trace("large", (span) => span.addAttributes(values));
const stored = await sqlite.getTraces();
assert.equal(stored.length, SPANS + 1);
assert.deepEqual({ ...stored.at(-1).attributes }, values);
assert.equal((await sqlite.summaries({ by: "conversation" })).rows.length, 7);
const other = new SqliteTracer({ path: "app.db" });
let iterated = 0;
for await (const span of other.iterateTraces({ conversation: 3 }))
  iterated += span.attributes["ai.conversation.id"] === 3;
assert.equal(iterated, Math.ceil((SPANS - 3) / 7));
assert.equal((await sqlite.close()).pending, 0);

// Nobody listens at first: the journal keeps the span for the next tracer.
const received = new InMemoryTracer();
const server = await serveOtlp(otlpReceiver(received));
const url = `http://127.0.0.1:${server.port}/v1/traces`;
const options = { journal: "journal", compression: "gzip", onError: () => undefined };
const nobody = new OtlpTracer({ ...options, url: "http://127.0.0.1:9/v1/traces" });
nobody.trace("kept", () => undefined);
assert.equal((await nobody.close({ timeoutMs: 0 })).pending, 1);
assert.ok(existsSync("journal"));
const otlp = new OtlpTracer({ ...options, url });
otlp.trace("sent", () => otlp.trace("below", () => undefined));
assert.equal((await otlp.close()).pending, 0);
await server.close();
assert.deepEqual(names(received.getTraces()).sort(), ["below", "sent"]);

console.log("core, SQLite, OTLP and the journal work");
