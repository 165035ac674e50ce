// Outlines of a file: of any number of spans, in start order, without their payload.
import type { Span } from "tracelight";
import { expect, test } from "vitest";
import { outlineOf } from "../../src/conventions/facts.ts";
import { inStartOrder } from "../../src/model/query.ts";
import { openSqliteFile } from "../../src/sqlite/file.ts";
import { freshPath, sql, tracerOver } from "./support.ts";

test("of a trace of more spans than are read at a time, where times tie too, and no payload is read", async () => {
  const path = freshPath();
  const { tracer } = tracerOver(path);
  const startedAt = new Date(Date.now() - 60_000);
  const root = tracer.startSpan("root", { startedAt });
  root.addAttribute("ai.conversation.id", { tenant: 1, id: "x" }, { inheritable: true });
  let parentSpan: Span = root;
  for (let i = 0; i < 2500; i++) {
    const at = new Date(startedAt.getTime() + Math.floor(i / 100));
    const span = tracer.startSpan(`span ${i}`, { startedAt: at, parentSpan });
    if (i % 10 === 0) parentSpan = span;
    span.end();
  }
  const running = tracer.startSpan("runs", { parentSpan: root });
  root.end();
  await tracer.flush();
  const wanted = inStartOrder(await tracer.getTraces()).map(outlineOf);
  expect(await tracer.outlines({ traceId: root.traceId })).toEqual(wanted);
  sql(path, "UPDATE spans SET attributes = '{', origin = '{'");
  const file = await openSqliteFile(path);
  for (const query of [{ traceId: root.traceId }, { conversation: { id: "x", tenant: 1 } }, {}])
    expect(await file.outlines(query), JSON.stringify(query)).toEqual(wanted);
  expect(await file.outlines({ identifier: "other" })).toEqual([]);
  expect(await file.outlines({ conversation: "x" })).toEqual([]);
  await file.close();
  running.end();
});

test("with names that a column cannot hold", async () => {
  const { tracer } = tracerOver(freshPath());
  for (const name of ["a\0b", "\ud800", "plain \ufffd"]) tracer.startSpan(name).end();
  const outlines = await tracer.outlines({});
  expect(outlines.map(({ spanName }) => spanName)).toEqual(["a\0b", "\ud800", "plain \ufffd"]);
  const { rows } = await tracer.summaries();
  expect(rows.map(({ name }) => name).sort()).toEqual(["a\0b", "\ud800", "plain \ufffd"].sort());
});

test("a damaged row is left out and told, and the others are there", async () => {
  const path = freshPath();
  const { tracer } = tracerOver(path);
  for (const name of ["one", "two", "three"]) tracer.startSpan(name).end();
  await tracer.flush();
  sql(path, "UPDATE spans SET started_at = x'00' WHERE span_name = 'two'");
  const file = await openSqliteFile(path);
  expect((await file.outlines({})).map(({ spanName }) => spanName)).toEqual(["one", "three"]);
  expect(file.notes.join()).toContain('"two"');
  expect((await file.tally()).total.spans).toBe(2);
  await file.close();
});
