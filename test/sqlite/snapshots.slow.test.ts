// What is read and what is removed at the same time: a read is of one moment, and what is being written belongs to its writer.
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Span } from "tracelight";
import { describe, expect, test } from "vitest";
import { openSqliteFile } from "../../src/sqlite/file.ts";
import { sized } from "../sizes.ts";
import { startChild } from "./processes.ts";
import { eventually, freshPath, read, sql, tracerOver } from "./support.ts";

/** Written in pieces of a quarter of a million. */
const LARGE = sized(40_000_000, 8_000_000);
const LONG_AGO = new Date(Date.now() - 400 * 24 * 60 * 60 * 1000);

describe("a large span that is being written while all else is pruned", () => {
  test.each([
    ["a value", false],
    ["a message list", true],
  ])("keeps what it has written, and comes whole: %s", async (_, list) => {
    const path = freshPath();
    const old = await oldSpan(path);
    const child = await startChild({ path, retention: false });
    const written = child.ask("large", {
      name: "large",
      bytes: LARGE,
      parent: old,
      list,
      waitsFor: `${path}.go`,
    });
    await eventually(() => child.printed.includes("midway"));
    expect(await prune(path)).toMatchObject({ traces: 1, spans: 1 });
    writeFileSync(`${path}.go`, "");
    expect(await child.ask("flush", {})).toMatchObject({ written: 1, failed: 0 });
    const { hash } = await written;
    const [found, ...more] = await read(path);
    expect(more).toEqual([]);
    expect(hashOf(found)).toBe(hash);
    expect(sql(path, "SELECT * FROM claims")).toEqual([]);
    expect(sql(path, "SELECT count(DISTINCT owner) AS n FROM pieces")).toEqual([{ n: 1 }]);
  });

  test("leaves nothing where its process is killed half-way", async () => {
    const path = freshPath();
    await oldSpan(path);
    const child = await startChild({ path, retention: false });
    void child.ask("large", { name: "large", bytes: LARGE, waitsFor: `${path}.go` });
    await eventually(() => child.printed.includes("midway"));
    child.kill();
    await child.ended;
    await prune(path);
    for (const table of ["spans", "pieces", "claims", "writers"]) {
      expect(sql(path, `SELECT count(*) AS n FROM ${table}`), table).toEqual([{ n: 0 }]);
    }
  });
});

describe("a read that has begun sees nothing of what is removed meanwhile", () => {
  test.each([
    ["in a file", async (path: string) => (await openSqliteFile(path)).iterate({})],
    ["by a tracer", async (path: string) => tracerOver(path, { retention: false }).tracer.iterateTraces()],
  ])("span by span, %s", async (_, iterate) => {
    const path = freshPath();
    await conversation(path, 150);
    const spans = await iterate(path);
    const first = await spans.next();
    await prune(path);
    const whole = first.done ? [] : [first.value];
    for await (const span of spans) whole.push(span);
    expect(whole.filter(isWhole)).toHaveLength(150);
    expect(await read(path)).toEqual([]);
  });

  test("several reads at once, each of its own moment", async () => {
    const path = freshPath();
    await conversation(path, 150);
    const file = await openSqliteFile(path);
    const before = file.iterate({});
    await before.next();
    await prune(path);
    const after = file.iterate({});
    expect(await after.next()).toMatchObject({ done: true });
    expect((await file.summaries({})).rows).toEqual([]);
    let left = 0;
    for await (const span of before) left += Number(isWhole(span));
    expect(left).toBe(149);
    await file.close();
  });

  test("one that is left half-way lets go of the log", async () => {
    const path = freshPath();
    await conversation(path, 150);
    const file = await openSqliteFile(path);
    const { tracer } = tracerOver(path, { retention: false });
    await file.iterate({}).next();
    await tracer.iterateTraces().next();
    tracer.trace("more", () => undefined);
    await tracer.flush();
    setFlagsFromString("--expose-gc");
    const gc: () => void = runInNewContext("gc");
    await eventually(() => {
      gc();
      return sql(path, "PRAGMA wal_checkpoint(TRUNCATE)")[0]?.["busy"] === 0;
    });
    await file.close();
  });
});

/** A trace of long ago with one span. */
async function oldSpan(path: string): Promise<Pick<Span, "traceId" | "spanId">> {
  const { tracer } = tracerOver(path, { retention: false });
  const span = tracer.startSpan("old", { startedAt: LONG_AGO });
  span.end(LONG_AGO);
  await tracer.close();
  return { traceId: span.traceId, spanId: span.spanId };
}

/** Spans with a list and a large value each, all of long ago. */
async function conversation(path: string, spans: number): Promise<void> {
  const { tracer } = tracerOver(path, { retention: false });
  const messages = ["m".repeat(2000)].map((content) => ({ role: "user", content }));
  const large = "large ".repeat(60_000);
  for (let i = 0; i < spans; i++) {
    const span = tracer.startSpan("s", { startedAt: LONG_AGO, parentSpan: null });
    span.addAttributes({ "ai.conversation.id": "c", "ai.llm.request.messages": messages });
    if (i === spans - 1) span.addAttribute("large", large);
    span.end(LONG_AGO);
  }
  await tracer.close();
}

function isWhole({ attributes }: Span): boolean {
  const messages = attributes["ai.llm.request.messages"];
  return Array.isArray(messages) && !String(attributes["large"]).startsWith("[Missing");
}

async function prune(path: string): Promise<unknown> {
  const file = await openSqliteFile(path, { readOnly: false });
  try {
    return await file.prune?.({ maxAgeMs: 1000 });
  } finally {
    await file.close();
  }
}

function hashOf(span: Span | undefined): string {
  const { value, "ai.llm.request.messages": messages } = { ...span?.attributes };
  const [message]: readonly { content?: unknown }[] = Array.isArray(messages) ? messages : [];
  return createHash("sha256")
    .update(String(value ?? message?.content))
    .digest("hex");
}
