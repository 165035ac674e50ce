// A damaged row, value, chain or page costs what is in it, by name; the rest is read.
import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { damage, iterated, names, prune, someSpans, useEverything, withFile } from "./damaged.ts";
import { freshPath, sql, tracerOver, withConnection } from "./support.ts";

const MESSAGES = "ai.llm.request.messages";

describe("a row that is no span any more is left out and named, and the others are read", () => {
  test.each([
    ["an id that is none", "trace_id = 'x'"],
    ["an id of bytes", "trace_id = x'00ff'"],
    ["an id of a span that is too long", "span_id = span_id || '00'"],
    ["a start in words", "started_at = 'yesterday'"],
    ["an end of bytes", "ended_at = x'ff00'"],
    ["a name of bytes", "span_name = x'0102'"],
  ])("%s", async (_, set) => {
    const path = await someSpans();
    damage(path, `UPDATE spans SET ${set} WHERE span_name = 'bad'`);
    await withFile(path, async (file) => {
      expect(names(await file.find({}))).toEqual(["before", "after"]);
      expect(names(await iterated(file, {}))).toEqual(["before", "after"]);
      expect(file.leftOut).toBe(1);
      expect(file.notes).toEqual([
        expect.stringMatching(/^The span .* could not be read and was left out: /),
      ]);
      expect(names(await file.find({ where: 'n = "1" or n = 1' }))).toEqual(["before"]);
      await useEverything(file);
      expect((await file.summaries({ by: "trace" })).rows.map(({ name }) => name)).toEqual(
        expect.arrayContaining(["after", "before"]),
      );
    });
    await prune(path);
    const { tracer, errors } = tracerOver(path);
    expect(names(await tracer.getTraces())).toEqual([]);
    expect(errors).toEqual([]);
  });
});

describe("a value that is damaged is named in its span, and the rest of the span is read", () => {
  test.each([
    ["attributes cut short", `attributes = '{"n": 1'`, /^attributes: /],
    ["attributes of bytes", "attributes = x'7b7d'", /^attributes: /],
    ["attributes that are a list", "attributes = '[1]'", /^attributes: /],
    [
      "attributes that nest too deep",
      `attributes = printf('%s1%s', replace(hex(zeroblob(2000)), '0', '{"a":'), replace(hex(zeroblob(2000)), '0', '}'))`,
      undefined,
    ],
    ["a resource that is none", "origin = 'x'", /^resource attributes and scope: /],
    ["details that are none", "details = '{'", /^status message, events and links: /],
    ["events that are none", `details = '{"events":[1]}'`, /^status message, events and links: /],
    ["places that are none", "stored = 'x'", /^what is kept elsewhere: /],
    [
      "a list that is nowhere",
      `stored = '{"lists":{"n":{"hash":"nowhere","length":3}}}'`,
      /^n: messages 1 to 3 of 3 are missing/,
    ],
    [
      "a list without a length",
      `stored = '{"lists":{"n":{"hash":"nowhere"}}}'`,
      /^n: what the row says of it cannot be true/,
    ],
    ["pieces that are not there", `stored = '{"pieces":{"n":{"number":7,"bytes":70}}}'`, /^n: /],
    ["pieces of absurd size", `stored = '{"pieces":{"n":{"number":7,"bytes":1e15}}}'`, /^n: /],
    ["events that are not there", `stored = '{"events":{"number":7,"bytes":70}}'`, /^events: /],
    ["facts that are none", "facts = x'00'", undefined],
    ["a conversation that is none", "conversation = '{'", undefined],
    ["a parent that is none", "parent_span_id = x'00'", /^parent_span_id: /],
    ["a number of its own beyond all numbers", "id = 4611686018427387904", undefined],
    ["a writer that is none", "writer = 'me', ended_at = NULL", undefined],
    ["a writer beyond all numbers", "writer = 4611686018427387904, ended_at = NULL", undefined],
  ])("%s", async (_, set, what) => {
    const path = await someSpans();
    damage(path, `UPDATE spans SET ${set} WHERE span_name = 'bad'`);
    await withFile(path, async (file) => {
      const found = await file.find({});
      expect(names(found)).toEqual(["before", "bad", "after"]);
      const missing = found[1]?.attributes["tracelight.missing"];
      if (what === undefined) expect(missing).toBeUndefined();
      else expect(missing).toEqual([expect.stringMatching(what)]);
      expect(file.leftOut).toBe(0);
      expect(file.notes).toHaveLength(what === undefined ? 0 : 1);
      expect(names(await file.find({ where: "n = 1" }))).toEqual(["before"]);
      await useEverything(file);
    });
    expect(await prune(path)).toMatchObject({ spans: 3 });
  });
});

describe("chains of messages", () => {
  test.each([
    [
      "that refer to themselves",
      "UPDATE message_nodes SET previous = hash, previous_length = length WHERE length = 2",
    ],
    [
      "that claim to be shorter than they are",
      "UPDATE message_nodes SET previous = hash, previous_length = 1 WHERE length = 2",
    ],
    [
      "that refer to each other",
      `UPDATE message_nodes SET previous = (SELECT hash FROM message_nodes WHERE length = 4), previous_length = 4 WHERE length = 2`,
    ],
    ["of which one is missing", "DELETE FROM message_nodes WHERE length = 2"],
    ["of which one is damaged", "UPDATE message_nodes SET messages = '[' WHERE length = 2"],
    ["of which one is empty", "UPDATE message_nodes SET messages = NULL WHERE length = 2"],
    ["of which one has no length", "UPDATE message_nodes SET length = 'two' WHERE length = 2"],
    ["of which one has too few messages", "UPDATE message_nodes SET messages = '[]' WHERE length = 2"],
    ["of absurd lengths", "UPDATE message_nodes SET length = 4611686018427387904 WHERE length = 2"],
  ])("%s cost the lists that they are part of", async (_, statement) => {
    const path = freshPath();
    const { tracer } = tracerOver(path);
    const history: object[] = [];
    for (let i = 0; i < 4; i++) {
      for (let k = 0; k < 2; k++)
        history.push({ role: "user", content: `m${history.length} ${"x".repeat(1000)}` });
      tracer
        .startSpan(`turn ${i}`, { parentSpan: null })
        .addAttributes({ "ai.conversation.id": "c", [MESSAGES]: [...history] })
        .end();
      await tracer.flush();
    }
    tracer.trace("other", (span) =>
      span.addAttribute(MESSAGES, [{ role: "user", content: "o".repeat(2000) }]),
    );
    await tracer.close();
    damage(path, statement);
    await withFile(path, async (file) => {
      const found = await file.find({});
      expect(names(found)).toEqual(["turn 0", "turn 1", "turn 2", "turn 3", "other"]);
      expect(found.at(-1)?.attributes[MESSAGES]).toHaveLength(1);
      expect(found[3]?.attributes["tracelight.missing"]).toEqual([
        expect.stringContaining("of 8 are missing or damaged"),
      ]);
      expect(String(found[3]?.attributes[MESSAGES])).toMatch(/^\[Missing: /);
      // By one list at a time too.
      expect(names(await file.find({ traceId: found[3]?.traceId ?? "" }))).toEqual(["turn 3"]);
      await useEverything(file);
    });
    expect(await prune(path)).toMatchObject({ spans: 5 });
  });

  test("a large value of which a piece is damaged or missing costs that value", async () => {
    for (const statement of [
      "UPDATE pieces SET bytes = x'00ff00ff' WHERE piece = 1",
      "DELETE FROM pieces WHERE piece = 1",
      "UPDATE pieces SET bytes = 'text' WHERE piece = 0",
    ]) {
      const path = freshPath();
      const { tracer } = tracerOver(path);
      const value = Array.from({ length: 60_000 }, () => Math.random());
      tracer.trace("large", (span) => span.addAttributes({ value, small: 1 }));
      await tracer.close();
      damage(path, statement);
      await withFile(path, async (file) => {
        const [found] = await file.find({});
        expect(found?.attributes["small"]).toBe(1);
        expect(found?.attributes["tracelight.missing"]).toEqual([expect.stringMatching(/^value: /)]);
        await useEverything(file);
      });
    }
  });
});

describe("pages that are damaged cost the rows in them", () => {
  test.each([
    ["in the middle", 0.5, 1],
    ["in several places", 0.3, 8],
    ["near the end", 0.97, 1],
  ])("%s", async (_, at, pages) => {
    const path = freshPath();
    const { tracer } = tracerOver(path);
    for (let i = 0; i < 2000; i++)
      tracer
        .startSpan(`s${i}`, { parentSpan: null })
        .addAttribute("text", `${i} ${"x".repeat(500)}`)
        .end();
    await tracer.close();
    const damaged = damagePages(path, at, pages);
    await withFile(path, async (file) => {
      const found = await iterated(file, {});
      const left = new Set(names(found));
      expect(left.size).toBe(found.length);
      expect(left.size).toBeGreaterThan(2000 - 12 * damaged);
      expect(left.size).toBeLessThan(2000);
      expect(left.has("s0") && left.has("s1999")).toBe(true);
      expect(file.leftOut).toBe(2000 - left.size);
      expect(file.notes.length).toBeGreaterThan(0);
      expect(file.notes[0]).toMatch(
        /rows? \d+( to \d+)? could not be read and was left out: it lies in damaged pages/,
      );
      expect((await file.find({})).length).toBe(found.length);
    });
  });
});

/** Overwrites pages of rows. */
function damagePages(path: string, at: number, pages: number): number {
  const leaves = sql(
    path,
    "SELECT pageno FROM dbstat WHERE name = 'spans' AND pagetype = 'leaf' ORDER BY path",
  ).map(({ pageno }) => Number(pageno));
  withConnection(path, (connection) => connection.exec("PRAGMA wal_checkpoint(TRUNCATE)"));
  const size = readFileSync(path).readUInt16BE(16);
  const file = openSync(path, "r+");
  const from = Math.min(Math.floor(leaves.length * at), leaves.length - pages * 3);
  for (let i = 0; i < pages; i++)
    writeSync(file, Buffer.alloc(size, 0xa5), 0, size, ((leaves[from + i * 3] ?? 1) - 1) * size);
  closeSync(file);
  return pages;
}
