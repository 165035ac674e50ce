// What is removed is removed everywhere: from the index of words, from free pages, from the log.
import { copyFileSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { openSqliteFile } from "../../src/sqlite/file.ts";
import { eventually, freshPath, read, sql, tracerOver, withConnection } from "./support.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

describe("of spans that were removed no word is left in the file", () => {
  test("whatever the word was in, and however the file came to be as it is", async () => {
    const path = freshPath();
    for (const round of [0, 1, 2]) {
      await write(path, round * 100, 100);
      await search(path, "everywhere");
    }
    await prune(path, { maxAgeMs: 150.5 * DAY_MS });
    expect(await namesIn(path)).toEqual(Array.from({ length: 150 }, (_, i) => `n${id(150 + i)}`));
    expect(wordsLeft(path, 0, 150)).toEqual([]);
    // The others are all there, and found.
    expect(await search(path, `t${id(200)}`)).toEqual([`n${id(200)}`]);
    expect(await search(path, `l${id(299)}`)).toEqual([`n${id(299)}`]);
    expect((await search(path, "everywhere", 1000)).length).toBe(150);
    expect(sql(path, "PRAGMA integrity_check")).toEqual([{ integrity_check: "ok" }]);
  });

  test("by retention in an agent's process too", async () => {
    const path = freshPath();
    await write(path, 0, 60);
    await search(path, "everywhere");
    let removed = 0;
    const { tracer, errors } = tracerOver(path, {
      retention: { maxAgeDays: 270.5, onRemoved: ({ spans }) => (removed = spans) },
    });
    tracer.trace("starter", () => undefined);
    await eventually(() => removed > 0);
    await tracer.close();
    expect(removed).toBe(30);
    expect(wordsLeft(path, 0, 30)).toEqual([]);
    expect((await search(path, "everywhere", 100)).length).toBe(30);
    expect(errors).toEqual([]);
  });

  test("what a run that was killed half-way left behind goes with the next", async () => {
    const path = freshPath();
    await write(path, 0, 40);
    await search(path, "everywhere");
    // As it is after a kill between two transactions.
    withConnection(path, (connection) =>
      connection.exec(
        "PRAGMA secure_delete = ON; DELETE FROM spans WHERE id <= 20; UPDATE search_state SET stale = 1",
      ),
    );
    expect(wordsLeft(path, 0, 20)).not.toEqual([]);
    expect(await prune(path, { maxAgeMs: 270.5 * DAY_MS })).toMatchObject({ spans: 10 });
    expect(wordsLeft(path, 0, 20).filter((word) => word.startsWith("t"))).toEqual([]);
    expect(sql(path, "SELECT stale FROM search_state")).toEqual([{ stale: 0 }]);
  });
});

test("a file that is searched keeps as many spans as one that is not", async () => {
  const path = freshPath();
  const { tracer } = tracerOver(path, { retention: false });
  for (let i = 0; i < 860; i++) {
    const words = Array.from({ length: 120 }, (_, word) => `w${i}x${word}`).join(" ");
    const span = tracer.startSpan(`s${i}`, { startedAt: daysAgo(900 - i), parentSpan: null });
    span.addAttributes({ "ai.trace.type": "tool-invocation", "ai.tool.output": words }).end(daysAgo(900 - i));
  }
  await tracer.close();
  const searched = join(dirname(path), "searched.db");
  copyFileSync(path, searched);
  await search(searched, "w1x1");
  for (const maxBytes of [1_000_000, 700_000]) {
    await prune(path, { maxBytes });
    await prune(searched, { maxBytes });
    const [plain, indexed] = [(await read(path)).length, (await read(searched)).length];
    expect(plain).toBeGreaterThan(200);
    expect(Math.abs(indexed - plain)).toBeLessThan(plain / 20);
  }
  expect(await search(searched, "w859x7")).toEqual(["s859"]);
});

test("an index of another release is dropped", async () => {
  const path = freshPath();
  await write(path, 0, 20);
  await search(path, "everywhere");
  withConnection(path, (connection) => connection.exec("UPDATE search_state SET version = 1"));
  await prune(path, { maxAgeMs: 290.5 * DAY_MS });
  expect(sql(path, "SELECT name FROM sqlite_master WHERE name LIKE 'search%'")).toEqual([]);
  expect((await search(path, "everywhere", 100)).length).toBe(10);
});

/** Numbers in words that are no part of one another. */
function id(i: number): string {
  return `${i}`.padStart(4, "0").replaceAll(/\d/g, (digit) => "ghjkmpqrtv"[Number(digit)] ?? "");
}

/** Spans a day after each other, with words of their own in every place that there is. */
async function write(path: string, from: number, count: number): Promise<void> {
  const { tracer } = tracerOver(path, { retention: false });
  for (let i = from; i < from + count; i++) {
    const [word, at] = [id(i), daysAgo(300 - i)];
    const messages = Array.from({ length: 20 }, (_, nr) => ({
      role: "user",
      content: `l${word} ${nr} ${FILLER}`,
    }));
    const span = tracer.startSpan(`n${word}`, { startedAt: at, parentSpan: null });
    span.addAttributes({ "ai.trace.type": "tool-invocation", "ai.tool.name": `a${word}` });
    // The row of a span that runs is written again, longer, at its end.
    if (i % 3 === 0) await tracer.flush();
    span.addAttributes({
      "ai.conversation.id": `c${word}`,
      "ai.tool.output": `everywhere t${word} ${"more ".repeat(i % 400)}`,
      "ai.llm.request.messages": messages,
      text: `x${word} ${"y".repeat((i % 20) * 400)}`,
    });
    if (i % 10 === 0)
      span.addAttribute("large", [`p${word}`, ...Array.from({ length: 30_000 }, () => Math.random())]);
    span
      .addEvent("event", { e: `e${word}` })
      .setStatus("ERROR", `m${word}`)
      .end(at);
    if (i % 7 === 0) await tracer.flush();
  }
  await tracer.close();
}

const FILLER = "m".repeat(100);

/** Those of the words of the spans that stand in a file of the folder. */
function wordsLeft(path: string, from: number, to: number): string[] {
  withConnection(path, (connection) => connection.exec("PRAGMA wal_checkpoint(PASSIVE)"));
  const names = readdirSync(dirname(path)).filter((name) => name.startsWith(basename(path)));
  const text = Buffer.concat(names.map((name) => readFileSync(join(dirname(path), name)))).toString("latin1");
  // One look for all of them, also where one begins within another.
  const found = new Set(Array.from(text.matchAll(/(?=([nactxeml][ghjkmpqrtv]{4}))/g), ([, word]) => word));
  const numbers = Array.from({ length: to - from }, (_, i) => id(from + i));
  // Words of the index share their beginning with the one before, so the end of a word tells.
  return [..."nactxeml"].flatMap((place) =>
    numbers.filter((word) => found.has(`${place}${word}`)).map((word) => place + word),
  );
}

async function search(path: string, text: string, limit = 10): Promise<string[]> {
  const file = await openSqliteFile(path);
  try {
    const found = await file.search?.(text, { limit });
    return (found?.spans ?? []).map(({ spanName }) => spanName);
  } finally {
    await file.close();
  }
}

async function prune(path: string, limits: { maxAgeMs?: number; maxBytes?: number }): Promise<unknown> {
  const file = await openSqliteFile(path, { readOnly: false });
  try {
    return await file.prune?.(limits);
  } finally {
    await file.close();
  }
}

function daysAgo(days: number): Date {
  return new Date(Date.now() - days * DAY_MS);
}

async function namesIn(path: string): Promise<string[]> {
  return (await read(path)).map(({ spanName }) => spanName);
}
