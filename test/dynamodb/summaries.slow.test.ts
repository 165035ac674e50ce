// Listings from the recent index and by scan: the rows, their order and pages are those of any store.
import { QueryCommand, ScanCommand } from "@aws-sdk/client-dynamodb";
import { InMemoryTracer, type Summary, type SummaryQuery, type TracelightError } from "tracelight";
import { DynamoDbTracer, ensureTable } from "tracelight/dynamodb";
import { describe, expect, test } from "vitest";
import { sized } from "../sizes.ts";
import { client, useEmulator } from "./emulator.ts";

useEmulator();

let sent: string[] = [];

const listening = {
  send(command: never): Promise<unknown> {
    const given: unknown = command;
    if (given instanceof QueryCommand) sent.push(given.input.IndexName ?? "table");
    if (given instanceof ScanCommand) sent.push("scan");
    return client.send(command);
  },
};

/** A multiple of 6, and none of 7. */
const TURNS = sized(60, 18);
const HOUR = 60 * 60 * 1000;
const DAY = 24 * HOUR;

describe.each([true, false])("with a recent index: %s", (recentIndex) => {
  test("the rows, their order and pages are those of the store in memory", async () => {
    const tableName = `Rows${recentIndex}`;
    await ensureTable({ client, tableName, recentIndex });
    const make = (identifier: string) =>
      new DynamoDbTracer({ client: listening, tableName, identifier, recentIndex });
    const [a, b] = [make("A"), make("A#B")];
    const memory = new InMemoryTracer();
    const now = Date.now();
    for (let i = 0; i < TURNS; i++) {
      const startedAt = new Date(now - ((i * 7) % TURNS) * (DAY / 8) - i);
      // Turns of a few conversations, whose ids differ in type alone, over several days.
      const id = [42, "42", "c", null, `only ${i}`][i % 5];
      for (const tracer of [memory, i % 6 === 0 ? b : a]) {
        // Some turns lie hours below what serves them, or have a tool's server below them hours later.
        const before = new Date(startedAt.getTime() - 5 * HOUR);
        const root = i % 3 === 1 ? tracer.startSpan("serve", { startedAt: before, parentSpan: null }) : null;
        const spanKind = root === null ? "SERVER" : "INTERNAL";
        const turn = tracer.startSpan("converse", { spanKind, startedAt, parentSpan: root });
        turn.addAttributes({ "ai.trace.type": "converse", "ai.user.input": `Hello ${i}`, n: i % 3 });
        turn.addAttribute("ai.conversation.id", id, { inheritable: true });
        const calledAt = new Date(startedAt.getTime() + (i % 3) * HOUR);
        const tool = tracer.startSpan("tool", { startedAt: calledAt, parentSpan: turn, spanKind: "SERVER" });
        if (i % 4 === 0) tool.setStatus("ERROR");
        for (const span of [tool, turn, root]) span?.end(new Date(calledAt.getTime() + 5));
      }
    }
    await Promise.all([a.flush(), b.flush()]);
    const reader = new DynamoDbTracer({ client: listening, tableName, recentIndex });
    const queries: SummaryQuery[] = [
      {},
      { limit: 7 },
      { by: "conversation" },
      { by: "conversation", limit: 3 },
      { spanStatus: "ERROR", limit: 4 },
      { attributeFilter: { n: 1 }, by: "conversation", limit: 5 },
      { since: new Date(now - 3 * DAY), until: new Date(now - DAY) },
      { by: "conversation", since: new Date(now - 3 * DAY) },
      { spanName: "missing" },
    ];
    for (const query of queries) {
      const found = await allPages(query, (page) => reader.summaries(page));
      const wanted = await allPages(query, (page) => memory.summaries(page));
      expect(found.map(rowOf), JSON.stringify(query)).toEqual(wanted.map(rowOf));
    }
    // A tracer with an identifier lists its own.
    const own = await allPages({ limit: 6 }, (page) => b.summaries(page));
    expect(own).toHaveLength(TURNS / 6);
    expect(await allPages({ identifier: "A#B" }, (page) => reader.summaries(page))).toHaveLength(TURNS / 6);
    for (const tracer of [a, b, reader]) await tracer.close();
  });
});

async function allPages(
  query: SummaryQuery,
  read: (query: SummaryQuery) => { rows: readonly Summary[] } | Promise<{ rows: readonly Summary[] }>,
): Promise<Summary[]> {
  const rows: Summary[] = [];
  let cursor: string | undefined;
  do {
    const page: { rows: readonly Summary[]; cursor?: string } = await read({
      ...query,
      ...(cursor === undefined ? {} : { cursor }),
    });
    rows.push(...page.rows);
    expect(page.rows.length).toBeLessThanOrEqual(query.limit ?? 50);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return rows;
}

/** Trace ids are each tracer's own. */
function rowOf({ id, by, ...row }: Summary): object {
  return by === "trace" ? row : { ...row, id };
}

test("with the index nothing is scanned, and without it that is said", async () => {
  const tableName = "Said";
  await ensureTable({ client, tableName, recentIndex: "newest" });
  const tracer = new DynamoDbTracer({ client: listening, tableName, recentIndex: "newest" });
  for (let i = 0; i < 30; i++) tracer.trace(`${i}`, () => undefined);
  await tracer.flush();
  sent = [];
  const page = await tracer.summaries({ limit: 5 });
  expect(page.rows).toHaveLength(5);
  expect(page.notes).toEqual([]);
  expect(new Set(sent)).toEqual(new Set(["newest", "table"]));
  await tracer.close();

  const errors: TracelightError[] = [];
  const bare = new DynamoDbTracer({ client: listening, tableName, onError: (error) => errors.push(error) });
  const scanned = await bare.summaries({ limit: 5 });
  expect(scanned.rows.map(({ id }) => id)).toEqual(page.rows.map(({ id }) => id));
  expect(scanned.notes).toEqual([expect.stringContaining("recentIndex: true")]);
  expect(errors).toEqual([]);
  await bare.close();
});

test("a table beyond the bound is read in part, and that is reported", async () => {
  const tableName = "Beyond";
  await ensureTable({ client, tableName });
  const errors: TracelightError[] = [];
  const endless = {
    async send(command: never): Promise<unknown> {
      const page = Object(await client.send(command));
      const given: unknown = command;
      const key = { pk: { S: "TRACE#0" }, sk: { S: "SPAN#0" } };
      return given instanceof ScanCommand ? { ...page, LastEvaluatedKey: key } : page;
    },
  };
  const tracer = new DynamoDbTracer({ client: endless, tableName, onError: (error) => errors.push(error) });
  const { rows, notes } = await tracer.summaries();
  expect(rows).toEqual([]);
  expect(notes).toEqual([expect.stringContaining("32 MB")]);
  expect(errors.map(({ code }) => code)).toEqual(["TABLE_SCAN"]);
  await tracer.close();
});

test("queries that cannot be meant are refused", async () => {
  const tracer = new DynamoDbTracer({ client, tableName: "Table" });
  for (const query of [{ limit: 0 }, { limit: 5000 }, { cursor: "x" }, { by: "span" }, { order: "desc" }]) {
    const given: object = query;
    await expect(tracer.summaries(given)).rejects.toMatchObject({ code: "INVALID_QUERY" });
  }
  await tracer.close();
});

test("a table without the index that the tracer is told of is an error", async () => {
  await ensureTable({ client, tableName: "Without" });
  const tracer = new DynamoDbTracer({ client, tableName: "Without", recentIndex: true });
  tracer.trace("x", () => undefined);
  await expect(tracer.summaries()).rejects.toMatchObject({
    code: "TABLE_SCHEMA",
    message: expect.stringContaining("recentIndex"),
  });
  expect((await tracer.close()).written).toBe(1);
});

test("conversations whose ids are no text that UTF-8 can hold are a row each", async () => {
  const tableName = "RowsOfOddIds";
  await ensureTable({ client, tableName });
  const tracer = new DynamoDbTracer({ client, tableName });
  const ids = ["a\ud800", "a\udfff", "a\ufffd"];
  for (const id of ids) tracer.startSpan("turn").addAttribute("session.id", id).end();
  const { rows } = await tracer.summaries({ by: "conversation" });
  expect(rows.map(({ id }) => id).sort()).toEqual(ids);
  for (const id of ids) expect(await tracer.getTraces({ conversation: id })).toHaveLength(1);
  await tracer.close();
});
