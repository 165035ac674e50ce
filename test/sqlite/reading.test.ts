// What was written is read: by the agent's own process, by the command line, and from the Python toolkit's file.
import { copyFileSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Span, type SpanRecord, type Tracer } from "tracelight";
import { describe, expect, onTestFinished, test } from "vitest";
import { sqliteDriver } from "../../src/sqlite/driver.ts";
import { openSqliteFile } from "../../src/sqlite/file.ts";
import type { StoreReader } from "../../src/tracing/readable.ts";
import { freshPath, read, sql, tracerOver } from "./support.ts";

const TOOLKIT = fileURLToPath(new URL("../fixtures/traces.sqlite", import.meta.url));

describe("the Python toolkit's file", () => {
  test("is read without the rows that are no span, which are told of", async () => {
    const path = freshPath();
    copyFileSync(TOOLKIT, path);
    const database = sqliteDriver().open(path);
    database.exec(
      "UPDATE traces SET started_at = '9999-12-31T23:59:59.999999+00:00' WHERE span_name = 'llm'",
    );
    database.exec("UPDATE traces SET attributes = '{' WHERE span_name = 'get_weather'");
    database.close();
    const file = await opened(path);
    expect((await file.find({})).map(({ spanName }) => spanName)).toEqual(["converse"]);
    expect((await file.summaries({})).rows).toHaveLength(1);
    expect(file.notes).toEqual([expect.stringMatching(/^2 rows are no span and left out: .*from 1970/)]);
  });

  test("is read with its values and parents, and stays as it is", async () => {
    const path = freshPath();
    copyFileSync(TOOLKIT, path);
    const file = await opened(path);
    const spans = await file.find({});
    expect(spans.map(({ spanName, spanKind }) => [spanName, spanKind])).toMatchInlineSnapshot(`
      [
        [
          "converse",
          "SERVER",
        ],
        [
          "llm",
          "CLIENT",
        ],
        [
          "get_weather",
          "INTERNAL",
        ],
      ]
    `);
    const [turn, ...inner] = spans;
    expect(inner.map(({ parentSpan }) => parentSpan)).toEqual([turn, turn]);
    const tool = spans.find(({ spanName }) => spanName === "get_weather");
    expect(tool?.attributes).toMatchInlineSnapshot(`
      {
        "ai.auth.context": {
          "principal_id": "user123",
          "tenant": "t1",
        },
        "ai.conversation.id": "01JZAJ75QJP9K1BFZM8SJRBB1B",
        "ai.subcontext.id": null,
        "ai.tool.input": {
          "city": "Amsterdam",
          "days": 2,
        },
        "ai.tool.name": "get_weather",
        "ai.tool.use.id": "t1",
        "ai.trace.type": "tool-invocation",
        "bytes": Uint8Array [
          0,
          1,
          254,
          255,
        ],
        "exception.message": "Oooops",
        "exception.traceback": "  File "agent.py", line 49, in <module>
      ",
        "exception.type": "ValueError",
        "tags": "{'b', 'a'}",
        "types": {
          "big": 12345678901234567890n,
          "dt": 2025-04-15T12:34:56.789Z,
          "empty": "",
          "f": 2.5,
          "i": 1,
          "l": [
            1,
            "two",
            [
              3,
            ],
          ],
          "neg": -0.125,
          "none": null,
          "t": true,
          "unicode": "日本語 ✅",
        },
      }
    `);
    expect(readFileSync(path).equals(readFileSync(TOOLKIT))).toBe(true);
  });

  test("is queried and listed as a store is", async () => {
    const file = await opened(TOOLKIT);
    const [turn] = await file.find({});
    const conversation = turn?.attributes["ai.conversation.id"];
    expect(await file.find({ attributeFilter: { "ai.conversation.id": conversation } })).toHaveLength(3);
    expect(await file.find({ traceId: turn?.traceId ?? "", spanStatus: "ERROR" })).toHaveLength(1);
    expect(await file.find({ where: "span_kind = CLIENT" })).toHaveLength(1);
    const { rows } = await file.summaries({ by: "conversation" });
    expect(rows).toMatchObject([
      { id: conversation, spans: 3, modelCalls: 1, toolCalls: 1, errors: 1, state: "ended" },
    ]);
    expect(await file.idsByPrefix(turn?.traceId.slice(0, 6) ?? "", 5)).toEqual([
      { by: "trace", id: turn?.traceId },
    ]);
    expect(await collect(file.iterate({}))).toHaveLength(3);
  });
});

describe("a file of ours", () => {
  test("finds traces and conversations by the beginning of their id", async () => {
    const path = freshPath();
    const { tracer } = tracerOver(path);
    for (const id of ["abc", "abcd", "ab", 42, "42", "é%_"]) turn(tracer, id);
    await tracer.flush();
    const file = await opened(path);
    const ids = async (prefix: string, limit = 10) =>
      (await file.idsByPrefix(prefix, limit)).filter(({ by }) => by === "conversation").map(({ id }) => id);
    expect((await ids("abc")).sort()).toEqual(["abc", "abcd"]);
    expect((await ids("ab"))[0]).toBe("ab");
    expect((await ids("42")).map(String)).toEqual(["42", "42"]);
    expect(await ids("é")).toEqual(["é%_"]);
    expect(await ids("%")).toEqual([]);
    expect(await ids("ab", 1)).toEqual(["ab"]);
    const [span] = await file.find({});
    const trace = await file.idsByPrefix(span?.traceId.toUpperCase().slice(0, 12) ?? "", 5);
    expect(trace).toEqual([{ by: "trace", id: span?.traceId }]);
  });

  test("knows the names of its attributes", async () => {
    const path = freshPath();
    const { tracer } = tracerOver(path);
    tracer.trace("s", (span) => span.addAttributes({ "my.own": 1, "ai.tool.name": "x", 'it\'s "odd"': 1 }));
    await tracer.flush();
    expect([...((await (await opened(path)).attributeNames?.()) ?? [])].sort()).toEqual([
      "ai.tool.name",
      'it\'s "odd"',
      "my.own",
    ]);
  });

  test("tells what changed since the last look, each change once it is there", async () => {
    const path = freshPath();
    const { tracer } = tracerOver(path);
    tracer.trace("before", () => undefined);
    const running = tracer.startSpan("running");
    await tracer.flush();
    const file = await opened(path);
    const look = async (cursor: string | undefined) => {
      const changes = await file.changes?.(cursor);
      return {
        cursor: changes?.cursor,
        seen: changes?.spans.map(({ spanName, state }) => `${spanName} ${state}`) ?? [],
      };
    };
    const first = await look(undefined);
    expect(first.seen).toEqual(["running running"]);
    for (let i = 0; i < 1500; i++) tracer.startSpan(`s${i}`, { parentSpan: null }).end();
    await tracer.flush();
    const names = new Set<string>();
    let { cursor } = first;
    for (let i = 0; i < 3; i++) {
      const next = await look(cursor);
      for (const name of next.seen) names.add(name);
      cursor = next.cursor;
    }
    expect(names.size).toBe(1501);
    running.addAttribute("late", 1).end();
    await tracer.flush();
    const ended = await look(cursor);
    expect(ended.seen).toEqual(["running ended"]);
    expect((await look(ended.cursor)).seen).toEqual([]);
  });

  test("is read one by one as it is read at once", async () => {
    const path = freshPath();
    const { tracer } = tracerOver(path);
    for (let i = 0; i < 1234; i++)
      tracer
        .startSpan(`s${i % 7}`, { parentSpan: null })
        .addAttribute("i", i)
        .end();
    await tracer.flush();
    const file = await opened(path);
    for (const query of [
      {},
      { order: "desc" },
      { spanName: "s3", limit: 50 },
      { where: "i > 1000" },
    ] as const) {
      const ids = (await file.find(query)).map(({ spanId }) => spanId);
      expect((await collect(file.iterate(query))).map(({ spanId }) => spanId)).toEqual(ids);
      expect((await collect(tracer.iterateTraces(query))).map(({ spanId }) => spanId)).toEqual(ids);
    }
  });
});

describe("importSpans", () => {
  test("gives identical records back, and adds none the second time", async () => {
    const [from, to] = [freshPath(), freshPath()];
    const { tracer } = tracerOver(from);
    const messages = Array.from({ length: 9 }, (_, i) => ({ role: "user", content: `${i}`.repeat(500) }));
    for (let i = 0; i < 700; i++)
      turn(tracer, `c${i % 5}`, { i, big: 2n ** 70n, at: new Date(i), "ai.llm.request.messages": messages });
    tracer.trace("large", (span) =>
      span.addAttribute("value", "v".repeat(700_000)).addEvent("e", { x: new Uint8Array(9) }),
    );
    const records = [...(await tracer.getTraces()).map((span) => span.toJSON()), ...(await unendedRecords())];
    expect(new Set(records.map(({ trace_id }) => trace_id)).size).toBeGreaterThan(700);
    const file = await opened(to, false);
    let progress = 0;
    expect(await file.importSpans?.(spansOf(records), (done) => (progress = done))).toEqual({
      added: records.length,
      known: 0,
    });
    expect(progress).toBe(records.length);
    expect(await file.importSpans?.(spansOf(records))).toEqual({ added: 0, known: records.length });
    const back = (await file.find({})).map((span) => JSON.stringify(span.toJSON()));
    expect(back.sort()).toEqual(records.map((record) => JSON.stringify(record)).sort());
    expect(sql(to, "PRAGMA integrity_check")).toEqual([{ integrity_check: "ok" }]);
  });

  test("takes each span once where the input has it twice, and rejects with what the input throws", async () => {
    const { tracer } = tracerOver(freshPath());
    turn(tracer, "c");
    const records = (await tracer.getTraces()).map((span) => span.toJSON());
    const file = await opened(freshPath(), false);
    expect(await file.importSpans?.(spansOf([...records, ...records]))).toMatchObject({ added: 2 });
    expect(await file.find({})).toHaveLength(2);
    const broken = async function* () {
      yield* spansOf(records);
      throw new Error("line 3 is broken");
    };
    await expect(file.importSpans?.(broken())).rejects.toThrow("line 3 is broken");
  });

  test("a running span of an import keeps no trace from being removed", async () => {
    const file = await opened(freshPath(), false);
    await file.importSpans?.(spansOf(await unendedRecords()));
    expect((await file.find({})).map(({ state }) => state).sort()).toEqual(["interrupted", "running"]);
    expect(await file.prune?.({ maxAgeMs: 0 })).toMatchObject({ spans: 2 });
  });
});

function turn(
  tracer: Tracer,
  conversation: unknown,
  attributes: Readonly<Record<string, unknown>> = {},
): void {
  const root = tracer.startSpan("converse", { parentSpan: null, spanKind: "SERVER" });
  root.addAttribute("ai.conversation.id", conversation, { inheritable: true });
  tracer.startSpan("step", { parentSpan: root }).addAttributes(attributes).end();
  root.end();
}

async function opened(path: string, readOnly = true): Promise<StoreReader> {
  const file = await openSqliteFile(path, { readOnly });
  onTestFinished(() => file.close());
  return file;
}

/** A span that runs and one that was interrupted, as records. */
async function unendedRecords(): Promise<SpanRecord[]> {
  const path = freshPath();
  const { tracer: gone } = tracerOver(path);
  gone.startSpan("interrupted").addAttribute("x", 1);
  await gone.close();
  const { tracer } = tracerOver(path);
  tracer.startSpan("running", { parentSpan: null }).addAttribute("x", 2);
  await tracer.flush();
  return (await read(path)).map((span) => span.toJSON());
}

async function* spansOf(records: readonly SpanRecord[]): AsyncGenerator<Span> {
  for (const record of records) yield Span.fromRecord(JSON.parse(JSON.stringify(record)));
}

async function collect<T>(from: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const one of from) all.push(one);
  return all;
}
