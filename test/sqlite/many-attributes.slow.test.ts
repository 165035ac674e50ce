// Attributes that are too many, or together too much, for a row: none of them is lost, and the event loop goes on.
import type { Span } from "tracelight";
import { expect, test } from "vitest";
import { openSqliteFile } from "../../src/sqlite/file.ts";
import { spanFrom } from "../../src/tracing/span.ts";
import { OUTLET } from "../../src/tracing/tracer.ts";
import { recordings } from "../conventions/vocabularies.ts";
import { expectFreeLoop, holdOf } from "../event-loop.ts";
import { shareOf } from "../sizes.ts";
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

const link = { traceId: "c".repeat(32), spanId: "d".repeat(16) };

function fields(count: number): Record<string, unknown> {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`key ${i}`, i]));
}

test("very many come back with those of spans above, and a span that runs shows the first", async () => {
  const path = freshPath();
  const { tracer, errors } = tracerOver(path, { retention: false });
  const parent = tracer.startSpan("parent", { parentSpan: null });
  parent.addAttribute("ai.conversation.id", "c", { inheritable: true });
  parent.addAttribute("key 1", "from above", { inheritable: true });
  const list = [{ role: "user", content: [{ text: "hello ".repeat(1000) }] }];
  const own = { ...fields(7_000), large: "l".repeat(100_000), "ai.llm.request.messages": list };
  const span = tracer.startSpan("many", { parentSpan: parent }).addAttributes(own);
  await tracer.flush();
  const [running] = await tracer.getTraces({ spanName: "many" });
  expect(running?.attributes).toMatchObject({ "ai.conversation.id": "c", "key 0": 0, "key 4000": 4000 });
  span.end();
  parent.end();
  expect(await tracer.flush()).toMatchObject({ written: 2, pending: 0 });
  const [, found] = await tracer.getTraces({ attributeFilter: { "ai.conversation.id": "c" } });
  expect(found?.attributes).toEqual({ ...own, "ai.conversation.id": "c" });
  expect(await tracer.getTraces({ where: 'attributes["key 6999"] = 6999' })).toHaveLength(1);
  const { rows } = await tracer.summaries({ by: "conversation" });
  expect(rows).toMatchObject([{ id: "c", spans: 2 }]);
  expect(errors).toEqual([]);
});

test("beside very many, a row says the same of a span as without them", async () => {
  const path = freshPath();
  const { tracer } = tracerOver(path, { retention: false });
  const all = recordings.flatMap(({ spans }) => spans);
  for (const [i, one] of all.entries()) {
    const ids = {
      traceId: (i + 1).toString(16).padStart(32, "0"),
      state: "ended",
      endedAtMicros: 2e15,
    } as const;
    for (const attributes of [one.attributes, { ...fields(5_500), ...one.attributes }])
      tracer[OUTLET].accept(
        spanFrom({
          ...one,
          ...ids,
          attributes,
          spanId: attributes === one.attributes ? "a".repeat(16) : "b".repeat(16),
        }),
      );
  }
  expect(all.length).toBeGreaterThan(20);
  expect(await tracer.flush()).toMatchObject({ written: 2 * all.length, pending: 0 });
  const of = (id: string) =>
    sql(
      path,
      `SELECT trace_id, facts, conversation FROM spans WHERE span_id = '${id.repeat(16)}' ORDER BY trace_id`,
    );
  expect(of("b")).toEqual(of("a"));
});

test("links and events of very many names come back", async () => {
  const { tracer, errors } = tracerOver(freshPath(), { retention: false });
  const span = tracer.startSpan("many", { parentSpan: null });
  for (let i = 0; i < 3000; i++) span.addLink({ ...link, attributes: { i } });
  span.addLink({ ...link, attributes: fields(7_000) }).addEvent("event", fields(7_000));
  span.setStatus("ERROR", "m".repeat(1_000_000)).end();
  const [found] = await tracer.getTraces();
  expect(found?.links).toEqual(span.links);
  expect(found?.events).toEqual(span.events);
  expect(found?.statusMessage).toBe(span.statusMessage);
  expect(errors).toEqual([]);
});

/** What takes long to write: 3 MB each, about. */
const LARGE: Readonly<Record<string, (span: Span) => void>> = {
  ...Object.fromEntries(
    SHAPES.map(([name, count, value]) => [
      name,
      (span: Span) => {
        for (let i = 0; i < count; i++) span.addAttribute(`key ${i}`, value(i));
      },
    ]),
  ),
  "150,000 numbers": (span) => {
    for (let i = 0; i < 150_000; i++) span.addAttribute(`key ${i}`, i);
  },
  "an object of 150,000 names": (span) => span.addAttribute("object", fields(150_000)),
  "an event of 150,000 names": (span) => span.addEvent("event", fields(150_000)),
  "a link of 150,000 names": (span) => span.addLink({ ...link, attributes: fields(150_000) }),
  "35,000 links": (span) => {
    for (let i = 0; i < 35_000; i++) span.addLink(link);
  },
  "35,000 events": (span) => {
    for (let i = 0; i < 35_000; i++) span.addEvent(`event ${i}`);
  },
  "a status message": (span) => span.setStatus("ERROR", "m".repeat(3_000_000)),
};

test.each(shareOf(Object.entries(LARGE), 0, 2))("the event loop is not held by %s", async (_, fill) => {
  const { tracer } = tracerOver(freshPath(), { retention: false });
  await tracer.getTraces();
  await expectFreeLoop(async () => {
    const span = tracer.startSpan("large", { parentSpan: null });
    fill(span);
    await new Promise(setImmediate);
    return holdOf(async () => {
      span.end();
      expect(await tracer.flush()).toMatchObject({ pending: 0, failed: 0 });
    });
  });
});
