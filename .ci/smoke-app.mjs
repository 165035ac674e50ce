// An app that has installed tracelight: imports the subpaths it is told and traces with them.
import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { setTimeout as sleep } from "node:timers/promises";

const subpaths = process.argv.slice(2);
for (const path of subpaths) {
  assert.ok(Object.keys(await import(path)).length > 0, `${path} exports nothing`);
}

const { InMemoryTracer, Span, TracelightError, Tracer } = await import("tracelight");
// A bundler may rename a class that names itself; users would see it in every error and test diff.
assert.deepEqual([Span.name, TracelightError.name, Tracer.name], ["Span", "TracelightError", "Tracer"]);
const tracer = new InMemoryTracer({ memorySize: 10 });
await tracer.trace("parent", async (parent) => {
  parent.addAttribute("inherited.foo", "bar", { inheritable: true });
  await sleep(5);
  assert.equal(tracer.currentSpan, parent, "the context is lost after await");
  await Promise.all(["a", "b"].map((name) => tracer.trace(name, () => sleep(1))));
});
const [parent, ...children] = tracer.getTraces();
assert.deepEqual(children.map((child) => child.spanName).sort(), ["a", "b"]);
for (const child of children) {
  assert.equal(child.parentSpanId, parent.spanId);
  assert.equal(child.attributes["inherited.foo"], "bar");
}

// What is required is the same package, or at least shares its context.
const required = new (createRequire(import.meta.url)("tracelight").InMemoryTracer)();
tracer.trace("outer", (outer) =>
  required.trace("inner", (inner) => assert.equal(inner.parentSpanId, outer.spanId)),
);

// Node 20 has no SQLite of its own, and no package brings one here.
const { SqliteTracer } = await import("tracelight/sqlite");
if (process.version.startsWith("v20.")) {
  writeFileSync("app.db", "SQLite format 3\0");
  assert.throws(() => new SqliteTracer(), { code: "MISSING_DEPENDENCY" });
} else {
  rmSync("app.db", { force: true });
  const stored = new SqliteTracer({ path: "app.db" });
  stored.trace("smoke", (span) => span.addAttribute("ai.conversation.id", "smoke"));
  await stored.close();
}

console.log(`Node ${process.version}: ${subpaths.join(", ")} imported, traced, required`);
