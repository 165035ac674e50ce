// `tracelight compare`: two calls by their words, two traces by their steps.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { SpanFields } from "../../src/model/span-fields.ts";
import { SHAPES } from "../fixtures/context/shapes.ts";
import { spanFields } from "../model/arbitraries.ts";
import { folder, jsonOf, tracelight, useFolder } from "./command.ts";
import { recordLines } from "./spans.ts";

useFolder();

function run(
  trace: string,
  conversation: string,
  { tools, words }: { tools: readonly string[]; words: string },
): SpanFields[] {
  const of = (i: number, attributes: Record<string, unknown>): SpanFields =>
    spanFields({
      ...{
        traceId: trace.repeat(32),
        spanId: `${trace}${i}`.padStart(16, "0"),
        startedAtMicros: i * 1_000_000,
        endedAtMicros: i * 1_000_000 + 500_000,
      },
      attributes: { "ai.conversation.id": conversation, ...attributes },
    });
  const call = SHAPES.converse({
    model: "sonnet",
    system: "Be brief.",
    messages: [{ role: "user", text: words }],
    usage: { input: 1000 },
  });
  return [
    of(1, call),
    ...tools.map((name, i) =>
      of(i + 2, {
        "ai.trace.type": "tool-invocation",
        "ai.tool.name": name,
        "ai.tool.input": { city: "Delft" },
      }),
    ),
  ];
}

function store(): string {
  const spans = [
    ...run("a", "trip-1", { tools: ["get_weather", "book_table"], words: "A table \u001b[31mfor two." }),
    ...run("b", "trip-2", {
      tools: ["get_weather", "get_weather", "book_hotel"],
      words: "A table \u001b[31mfor three.",
    }),
  ];
  writeFileSync(join(folder, "runs.jsonl"), recordLines(spans));
  return "runs.jsonl";
}

test("two calls: measures, runs of what is the same, and changes marked at their words; no control character passes", async () => {
  const { code, stdout } = await tracelight(["compare", "trip-1#1", "trip-2#1", store()]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^tokens in +1,000 +1,000$/m);
  expect(stdout).toContain("= the system prompt is the same");
  expect(stdout).toContain("~ message 1 (user) changed");
  expect(stdout).toMatch(/- A table .*for \[-two-\]\./);
  expect(stdout).toMatch(/\+ A table .*for \{\+three\+\}\./);
  expect(stdout).not.toContain("\u001b");
});

test("two traces: where they part, what was tried again, and what is in one alone", async () => {
  const { stdout } = await tracelight(["compare", "aaaa", "bbbb", store()]);
  expect(stdout).toMatch(/^They part at step 3 of 5\.$/m);
  expect(stdout).toMatch(/^ +4 +\+ +get_weather .*again$/m);
  expect(stdout).toMatch(/^ +3 +- +book_table/m);
  expect(stdout).toMatch(/^ +5 +\+ +book_hotel/m);
  const [json] = jsonOf(await tracelight(["compare", "trip-1", "trip-2", store(), "--json"]));
  expect(json).toMatchObject({
    kind: "steps",
    divergence: 2,
    rows: [{ a: { number: 1, error: null } }, {}, {}, {}, {}],
  });
  const same = await tracelight(["compare", "aaaa", "aaaa", store()]);
  expect(same.stdout).toContain("They did the same, 3 steps.");
});

test("what is not there, or no call, is said", async () => {
  expect(await tracelight(["compare", "trip-1#1", "#9", store()])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('"#9"'),
  });
  expect(await tracelight(["compare", "trip-1", "nobody", store()])).toMatchObject({ code: 1 });
  expect(await tracelight(["compare", "trip-1", "trip-2#1", store()])).toMatchObject({ code: 2 });
});
