// Values of every kind and size come back as they were; lists of messages are stored once.
import { statSync } from "node:fs";
import * as fc from "fast-check";
import type { Tracer } from "tracelight";
import { describe, expect, test } from "vitest";
import { isIdentifier } from "../../src/model/identifier.ts";
import { anyCharacter } from "../characters.ts";
import { sized } from "../sizes.ts";
import { ONLY_WAITS, startChild } from "./processes.ts";
import { freshPath, read, sql, tracerOver, withConnection } from "./support.ts";

const MESSAGES = "ai.llm.request.messages";

describe("text of any kind comes back", () => {
  const hostile = [
    "\0",
    "a\0b",
    "\ud800",
    "x\udfffy",
    "__proto__",
    "constructor",
    "'; DROP TABLE spans; --",
    "\u2028",
    "%_",
    "",
  ];

  test("in names, keys, ids of conversations and identifiers", async () => {
    for (const text of hostile) {
      // What no store can keep as an identifier is refused at once: see test/model/identifier.test.ts.
      const { tracer } = tracerOver(
        freshPath(),
        isIdentifier(text) === undefined ? { identifier: text } : {},
      );
      tracer
        .startSpan(text, { resourceAttributes: { [text]: text }, scope: { name: text, version: text } })
        .addAttributes(JSON.parse(JSON.stringify({ "ai.conversation.id": text })))
        .addAttribute(text, text)
        .addEvent(text, { [text]: text })
        .setStatus("ERROR", text)
        .end();
      const [found, ...more] = await tracer.getTraces({ attributeFilter: { "ai.conversation.id": text } });
      expect(more).toEqual([]);
      expect(found).toMatchObject({
        spanName: text,
        statusMessage: text,
        scope: { name: text, version: text },
      });
      expect(Object.entries(found?.attributes ?? {})).toContainEqual([text, text]);
      expect(Object.entries(found?.resourceAttributes ?? {})).toContainEqual([text, text]);
      expect(found?.events[0]).toMatchObject({ name: text });
      expect(await tracer.getTraces({ spanName: text })).toHaveLength(1);
      const { rows } = await tracer.summaries({ by: "conversation" });
      expect(rows.map(({ id }) => id)).toEqual(text === "" ? [] : [text]);
    }
  });

  test("under keys that mean something to objects, large and small", async () => {
    const { tracer } = tracerOver(freshPath());
    const large = "p".repeat(500_000);
    for (const key of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
      tracer.startSpan(key, { parentSpan: null }).addAttribute(key, large).end();
      tracer.startSpan(key, { parentSpan: null }).addAttribute(key, "small").end();
      const found = await tracer.getTraces({ spanName: key });
      expect(found.map(({ attributes }) => Object.entries(attributes))).toEqual([
        [[key, large]],
        [[key, "small"]],
      ]);
    }
    expect(Reflect.get({}, "small")).toBeUndefined();
  });
});

test("200 levels come back", async () => {
  const { tracer } = tracerOver(freshPath());
  const deep = Array.from({ length: 190 }).reduce<unknown>((inner) => ({ inner }), "bottom");
  const lists = Array.from({ length: 190 }).reduce<unknown>((inner) => [inner], 1n);
  tracer.trace("deep", (span) => span.addAttributes({ deep, lists }));
  const [found] = await tracer.getTraces();
  expect(found?.attributes).toEqual({ deep, lists });
});

test("large values of a span that runs are shown by their beginning, and come whole with its end", async () => {
  const path = freshPath();
  const { tracer } = tracerOver(path);
  const value = Array.from({ length: 50_000 }, (_, i) => `value ${i}`);
  const span = tracer.startSpan("running").addAttributes({ value, small: 1 });
  const [shown] = await tracer.getTraces();
  expect(shown?.attributes["small"]).toBe(1);
  expect(String(shown?.attributes["value"])).toMatch(/^\["value 0"/);
  span.end();
  const [found] = await tracer.getTraces();
  expect(found?.attributes["value"]).toEqual(value);
});

test("a large value is there where the process exits in the tick of its span's end", async () => {
  const there: number[][] = [];
  // The end waits for two seconds at most, which on a busy machine hold less.
  for (const text of [3e6, 1e6, 3e5]) {
    const path = freshPath();
    const child = await startChild({ path });
    await child.askToEnd("burstAndEnd", { name: "large", spans: 3, text, ending: "exit" });
    there.push((await read(path)).map(({ attributes }) => String(attributes["text"]).length / text));
    if (there.at(-1)?.length === 3) break;
  }
  expect(there.at(-1)).toEqual([1, 1, 1]);
});

describe("message lists", () => {
  test("of a conversation of 100 turns take an eighth of their plain form, and come back", async () => {
    const history: object[] = [];
    const sizes: Record<string, number> = {};
    const lists: object[][] = [];
    for (let i = 0; i < 100; i++) {
      history.push(message("user", i, 1000), message("assistant", i, 1000));
      lists.push(history.slice(0, -1));
    }
    for (const key of [MESSAGES, "plain.list"]) {
      const path = freshPath();
      const { tracer } = tracerOver(path);
      for (const [i, list] of lists.entries()) {
        const turn = tracer
          .startSpan("converse", { parentSpan: null })
          .addAttribute("ai.conversation.id", "c", { inheritable: true });
        tracer.startSpan(`llm ${i}`, { parentSpan: turn }).addAttribute(key, list).end();
        turn.end();
      }
      const found = await tracer.getTraces({ where: `span_name contains "llm"` });
      expect(found.map(({ attributes }) => attributes[key])).toEqual(lists);
      await tracer.close();
      withConnection(path, (connection) => connection.prepare("PRAGMA wal_checkpoint(TRUNCATE)").all());
      sizes[key] = statSync(path).size;
    }
    expect(Number(sizes[MESSAGES])).toBeLessThan(Number(sizes["plain.list"]) / 8);
  });

  test("that two processes write at once come back from both", async () => {
    const path = freshPath();
    const writers = await Promise.all([startChild({ path }), startChild({ path })]);
    await Promise.all(
      writers.map((writer, i) => writer.ask("converse", { name: `w${i}`, conversation: "same", turns: 40 })),
    );
    for (const writer of writers)
      expect(await writer.ask("flush", {})).toMatchObject({ written: 40, codes: ONLY_WAITS });
    for (const name of ["w0", "w1"]) {
      const lists = (await read(path, { spanName: name })).map(({ attributes }) => attributes[MESSAGES]);
      expect(lists).toEqual(
        Array.from({ length: 40 }, (_, i) =>
          Array.from({ length: i + 1 }, (__, k) => message("user", k, 800)),
        ),
      );
    }
    expect(sql(path, "SELECT count(*) AS n FROM message_nodes")[0]?.["n"]).toBeLessThan(60);
  });

  test("come back whatever becomes of the history", async () => {
    const { tracer } = tracerOver(freshPath());
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
        const name = `run ${run++}`;
        const lists = play(tracer, name, steps);
        const found = await tracer.getTraces({ spanName: name });
        expect(found.map(({ attributes }) => attributes[MESSAGES])).toEqual(lists);
      }),
      { numRuns: sized(500, 12) },
    );
  });
});

/** What happens to a history between two calls. */
type Step =
  | { readonly kind: "grow"; readonly messages: readonly unknown[] }
  | { readonly kind: "shrink" | "edit" | "dropFirst" | "forget"; readonly at: number };

const content = fc.oneof(
  fc.string({ maxLength: 50 }),
  fc.string({ unit: anyCharacter, maxLength: 20 }),
  fc.integer({ min: 300, max: 3000 }).map((length) => "long ".repeat(length)),
  fc.constant(new Uint8Array(2000)),
  fc.bigInt(),
);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant("grow" as const),
    messages: fc.array(content, { minLength: 1, maxLength: 5 }),
  }),
  fc.record({
    kind: fc.constantFrom("shrink" as const, "edit" as const, "dropFirst" as const, "forget" as const),
    at: fc.nat(10),
  }),
);

/** Gives the history to a call after each step; returns what was given. */
function play(tracer: Tracer, name: string, steps: readonly Step[]): object[][] {
  let history: object[] = [{ role: "system", content: "s".repeat(1200) }];
  return steps.map((next, i) => {
    if (next.kind === "grow")
      history = [...history, ...next.messages.map((text) => ({ role: "user", content: text }))];
    if (next.kind === "shrink") history = history.slice(0, 1 + (next.at % history.length));
    if (next.kind === "edit")
      history = history.with(next.at % history.length, { role: "user", content: `edited ${i}` });
    if (next.kind === "dropFirst") history = history.slice(history.length > 1 ? 1 : 0);
    if (next.kind === "forget") history = [...history].reverse();
    const span = tracer.startSpan(name, { parentSpan: null });
    span.addAttributes({ "ai.conversation.id": name, [MESSAGES]: history }).end();
    return history;
  });
}

function message(role: string, i: number, length: number): object {
  return { role, content: [{ text: `${i} ${"word ".repeat(length / 5)}` }] };
}
