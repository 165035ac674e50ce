// What failed and what was called off, in ls, show, tail and JSON: what it was stays readable, and it does not look like success.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { type Fact, factLine } from "../../src/cli/facts.ts";
import { glance } from "../../src/cli/glance.ts";
import type { SpanFields } from "../../src/model/span-fields.ts";
import { plain } from "../../src/render/color.ts";
import { displayWidth } from "../../src/render/width.ts";
import { spanFields } from "../model/arbitraries.ts";
import { folder, jsonOf, tracelight, useFolder } from "./command.ts";
import { recordLines } from "./spans.ts";

useFolder();

const START = Date.UTC(2025, 2, 1, 10) * 1000;

function span(n: number, parent: number | undefined, attributes: SpanFields["attributes"]): SpanFields {
  const id = (at: number): string => at.toString(16).padStart(16, "0");
  return spanFields({
    ...{
      traceId: "a".repeat(32),
      spanId: id(n),
      parentSpanId: parent === undefined ? undefined : id(parent),
      attributes,
    },
    ...{ spanName: `step ${parent === undefined ? "turn" : ""}`.trim(), spanKind: "INTERNAL" },
    ...{ startedAtMicros: START + n * 1000, endedAtMicros: START + n * 1000 + 500 },
  });
}

function tool(name: string, input: unknown): SpanFields["attributes"] {
  return {
    ...{ "ai.trace.type": "tool-invocation", "ai.tool.name": name, "ai.tool.input": input },
    "ai.tool.error": "The station is offline",
  };
}

const SPANS = [
  span(1, undefined, {
    ...{ "ai.trace.type": "converse", "ai.conversation.id": "stopped" },
    ...{ "ai.user.input": "Weather?", "ai.conversation.aborted": true },
  }),
  span(2, 1, tool("get_weather", { city: "Amsterdam" })),
  span(3, 1, tool("get_tides", { port: "IJmuiden" })),
  span(4, 1, {
    ...{ "ai.trace.type": "llm-invocation", "ai.llm.request.model.id": "claude-sonnet" },
    ...{ "ai.llm.response.usage": { inputTokens: 7, outputTokens: 0 }, "ai.llm.response.error": "Too busy" },
  }),
  span(5, 1, {
    ...tool("get_maps", { of: "Delft" }),
    "ai.tool.error": null,
    "ai.conversation.aborted": true,
  }),
];

beforeAll(async () => {
  writeFileSync(join(folder, "mishaps.jsonl"), recordLines(SPANS));
  await tracelight(["import", "mishaps.jsonl", "mishaps.db"]);
});

describe.each(["mishaps.jsonl", "mishaps.db"])("%s", (store) => {
  const run = async (...args: string[]): Promise<string[]> =>
    (await tracelight([...args, store], { env: { COLUMNS: "140" } })).stdout.split("\n");

  test("show of a trace has tool, input, model and tokens of what failed, and the error behind them", async () => {
    const lines = await run("show", "aaaa");
    const found = lines.filter((line) => line.includes("✗"));
    expect(found).toEqual([
      expect.stringMatching(/get_weather \{"city": "Amsterdam"\} {2}✗ The station is offline$/),
      expect.stringMatching(/get_tides \{"port": "IJmuiden"\} {2}✗ The station is offline$/),
      expect.stringMatching(/claude-sonnet 7→0 {2}✗ Too busy$/),
    ]);
    const aborted = lines.filter((line) => line.includes("⊘"));
    expect(aborted).toEqual([
      expect.stringMatching(/Weather\? {2}⊘ aborted$/),
      expect.stringMatching(/get_maps \{"of": "Delft"\} {2}⊘ aborted$/),
    ]);
    expect(lines[1]).toMatch(/3 errors · aborted/);
  });

  test("ls and its JSON tell an aborted row from one that ended well", async () => {
    expect((await run("ls"))[1]).toMatch(/Weather\?.* aborted$/);
    expect(jsonOf({ code: 0, stderr: "", stdout: (await run("ls", "--json")).join("\n") })).toMatchObject([
      { state: "ended", errors: 0, aborted: 1 },
    ]);
  });

  test("search tells two tools apart whose spans have one name", async () => {
    const heads = (await run("search", "offline")).filter((line) => line.startsWith("aaaaaaaa"));
    expect(heads).toEqual([
      expect.stringContaining(" step get_tides "),
      expect.stringContaining(" step get_weather "),
    ]);
  });

  test("show of a conversation marks the turn", async () => {
    expect((await run("show", "stopped"))[3]).toMatch(/^── 1 · .* · 500 µs · aborted · /);
  });
});

test("tail has the same, and is told apart", async () => {
  const { stdout } = await tracelight(["tail", "-"], { input: recordLines(SPANS), env: { COLUMNS: "140" } });
  expect(stdout.split("\n").map((line) => line.slice(24).trim())).toEqual([
    "⊘ step turn  500 µs  ← Weather?  ⊘ aborted",
    '✗ step  500 µs  get_weather ← {"city": "Amsterdam"}  ✗ The station is offline',
    '✗ step  500 µs  get_tides ← {"port": "IJmuiden"}  ✗ The station is offline',
    "✗ step  500 µs  claude-sonnet 7→0  ✗ Too busy",
    '⊘ step  500 µs  get_maps ← {"of": "Delft"}  ⊘ aborted',
    "",
  ]);
});

test("what failed is the last to go from a line of facts", () => {
  const facts: Fact[] = [
    "WeatherAgent",
    "2025-03-01 10:00:00Z",
    "4 spans",
    ["3 errors", "red"],
    "7→0 tokens",
  ];
  const line = (width: number): string => factLine(facts, { width, paint: plain });
  expect(line(80)).toBe("WeatherAgent · 2025-03-01 10:00:00Z · 4 spans · 3 errors · 7→0 tokens");
  expect(line(50)).toBe("WeatherAgent · 2025-03-01 10:00:00Z · 3 errors");
  expect(line(25)).toBe("WeatherAgent · 3 errors");
});

test("where there is little room, what it was and the error each have half of it", () => {
  const mishap = { mark: "✗", color: "red", says: "The station is offline" } as const;
  const work = 'get_weather {"city": "Amsterdam"}';
  expect(glance(work, mishap, 40)).toBe('get_weather {"city…  ✗ The station is o…');
  expect(glance("walk", mishap, 40)).toBe("walk  ✗ The station is offline");
  expect(glance(work, { ...mishap, says: "No" }, 40)).toBe('get_weather {"city": "Amsterdam"}  ✗ No');
  for (let width = 0; width < 60; width++)
    expect(displayWidth(glance(work, mishap, width))).toBeLessThanOrEqual(width);
});
