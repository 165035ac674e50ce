// Attributes that are too many, or together too much, for a row: none of them is lost, and the event loop goes on.
import { expect, test } from "vitest";
import { openSqliteFile } from "../../src/sqlite/file.ts";
import { watchEventLoop } from "../event-loop.ts";
import { freshPath, sql, tracerOver } from "./support.ts";

const SHAPES: readonly (readonly [string, number, (i: number) => unknown])[] = [
  ["60 texts of 50 KB", 60, (i) => `${i} `.repeat(50_000 / 3)],
  ["3,000 objects of a kilobyte", 3000, (i) => ({ i, text: "x".repeat(1000) })],
];

test.each(SHAPES)("%s come back, are found, and are removed", async (_, count, value) => {
  const path = freshPath();
  const { tracer, errors } = tracerOver(path, { retention: false });
  const values = Object.fromEntries(Array.from({ length: count }, (_, i) => [`key ${i}`, value(i)]));
  const list = [{ role: "user", content: "hello ".repeat(1000) }];
  const span = tracer
    .startSpan("many", { parentSpan: null })
    .addAttributes(values)
    .addAttributes({ large: "l".repeat(200_000), "ai.llm.request.messages": list, "ai.conversation.id": "c" })
    .addAttributes({ "ai.trace.type": "tool-invocation", "ai.tool.output": "needle", n: 7 });
  span.end();
  expect(await tracer.flush()).toMatchObject({ written: 1, pending: 0 });
  const all = { ...values, large: "l".repeat(200_000), "ai.llm.request.messages": list, n: 7 };
  expect((await tracer.getTraces())[0]?.attributes).toMatchObject(all);
  expect(String(sql(path, "SELECT attributes FROM spans")[0]?.["attributes"]).length).toBeLessThan(1000);
  for (const where of ["n = 7", "n > 6", 'ai.tool.output contains "need"', "exists n"])
    expect(await tracer.getTraces({ where }), where).toHaveLength(1);
  for (const where of ["n = 8", "not exists n"]) expect(await tracer.getTraces({ where }), where).toEqual([]);
  expect(await tracer.getTraces({ attributeFilter: { n: 7, "ai.conversation.id": "c" } })).toHaveLength(1);
  expect(await tracer.getTraces({ attributeFilter: { n: null } })).toEqual([]);
  expect((await tracer.summaries({ where: "n = 7" })).rows).toHaveLength(1);
  await tracer.close();
  const file = await openSqliteFile(path, { readOnly: false });
  expect((await file.search?.("needle"))?.spans).toHaveLength(1);
  await file.prune?.({ maxBytes: 0 });
  await file.close();
  expect(sql(path, "SELECT count(*) AS n FROM pieces")).toEqual([{ n: 0 }]);
  expect(errors).toEqual([]);
});

/** The bar is 20 ms for a process that does nothing else; this one collects the garbage of all tests. */
const MOST_HELD_MS = 100;

test.each(SHAPES)("%s do not hold the event loop", async (_, count, value) => {
  const { tracer } = tracerOver(freshPath(), { retention: false });
  await tracer.getTraces();
  const span = tracer.startSpan("many", { parentSpan: null });
  for (let i = 0; i < count; i++) span.addAttribute(`key ${i}`, value(i));
  await new Promise(setImmediate);
  const held = watchEventLoop();
  await new Promise(setImmediate);
  span.end();
  expect(await tracer.flush()).toMatchObject({ pending: 0, failed: 0 });
  expect(held()).toBeLessThan(MOST_HELD_MS);
});
