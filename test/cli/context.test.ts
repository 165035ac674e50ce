// `tracelight context`: the table, the findings and the JSON of a conversation whose prefix was broken.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { SpanFields } from "../../src/model/span-fields.ts";
import { type Said, SHAPES } from "../fixtures/context/shapes.ts";
import { spanFields } from "../model/arbitraries.ts";
import { folder, jsonOf, tracelight, useFolder } from "./command.ts";
import { recordLines } from "./spans.ts";

useFolder();

const SECOND = 1_000_000;
const START = Date.UTC(2026, 10, 22, 12) * 1000;

/** Four calls of a turn; before the third the first result was shortened. */
function conversation(): SpanFields[] {
  const turn = spanFields({
    ...{ spanId: "0".repeat(15) + "1", startedAtMicros: START, endedAtMicros: START + 100 * SECOND },
    attributes: { "ai.trace.type": "converse", "ai.conversation.id": "trip-1", "ai.user.input": "Events?" },
  });
  const messages: Said[] = [{ role: "user", text: "Events?" }];
  const usages = [
    { input: 4000, read: 0, write: 4000 },
    { input: 5000, read: 4000, write: 1000 },
    { input: 6000, read: 1500, write: 4500 },
    { input: 7000, read: 6000, write: 1000 },
  ];
  const calls = usages.map((usage, i) => {
    if (i === 2)
      messages[2] = { role: "result", text: "[shortened]", answers: { id: "t0", name: "search_events" } };
    const given = { model: "claude-sonnet-4-5", system: "word ".repeat(800), messages: [...messages], usage };
    messages.push({ role: "assistant", call: { id: `t${i}`, name: "search_events", input: { i } } });
    messages.push({
      role: "result",
      text: "concert ".repeat(500),
      answers: { id: `t${i}`, name: "search_events" },
    });
    const at = START + (1 + 10 * i) * SECOND;
    return spanFields({
      ...{
        spanId: `${i + 2}`.padStart(16, "0"),
        parentSpanId: turn.spanId,
        startedAtMicros: at,
        endedAtMicros: at + 5 * SECOND,
      },
      attributes: { "ai.conversation.id": "trip-1", ...SHAPES.converse(given) },
    });
  });
  return [turn, ...calls];
}

/** The same, with what the second call answered, and the tool's own span at the end. */
function withTools(): SpanFields[] {
  const spans = conversation();
  const [turn, , second] = spans;
  const output = {
    message: {
      role: "assistant",
      content: [
        { text: "I look again." },
        { toolUse: { toolUseId: "t1", name: "search_events", input: { i: 1 } } },
      ],
    },
  };
  const offered = ["search_events", "find_trains"].map((name) => ({ toolSpec: { name } }));
  const answered = spans.map((span) =>
    span === second
      ? {
          ...span,
          attributes: {
            ...span.attributes,
            "ai.llm.request.tool.config": { tools: offered },
            "ai.llm.response.output": output,
          },
        }
      : span,
  );
  const tool = spanFields({
    ...{ spanId: "e".repeat(16), parentSpanId: turn?.spanId },
    ...{ startedAtMicros: START + 17 * SECOND, endedAtMicros: START + 18 * SECOND },
    attributes: {
      ...{ "ai.conversation.id": "trip-1", "ai.trace.type": "tool-invocation" },
      ...{ "ai.tool.name": "search_events", "ai.tool.use.id": "t1", "ai.tool.input": { i: 1 } },
    },
  });
  return [...answered, tool];
}

function store(): string {
  writeFileSync(join(folder, "trip.jsonl"), recordLines(conversation()));
  writeFileSync(
    join(folder, "prices.json"),
    JSON.stringify({ "claude-sonnet-4-5": { input: 3, output: 15, cachedRead: 0.3, cachedWrite: 3.75 } }),
  );
  return "trip.jsonl";
}

describe("tracelight context", () => {
  test("has a row a call, and says in words what was read again and what that cost", async () => {
    const { stdout, code } = await tracelight(["context", "trip-1", store(), "--prices", "prices.json"]);
    expect(code).toBe(0);
    const [head, ...lines] = stdout.split("\n");
    expect(head).toMatch(
      /^call +turn +model +in +cached +system +earlier +results +new +again +cost +cache$/,
    );
    expect(lines[0]).toMatch(/^ +1 +1 +claude-sonnet-4-5 +4k .*cold$/);
    expect(lines[1]).toMatch(/^ +2 +1 +claude-sonnet-4-5 +5k +4k .*[^a-z]$/);
    expect(lines[2]).toMatch(/^ +3 +1 +claude-sonnet-4-5 +6k +1\.5k .* \$0\.0\d+ +broken: messages$/);
    expect(stdout).toMatch(
      /^- call 3 read [\d,]+ tokens again, \$0\.0\d{3}: the result of search_events was shortened$/m,
    );
    expect(stdout).toMatch(/^search_events +call 3 +[\d.k]+ +\d +/m);
  });

  test("says how full the window is, where the prices say how large it is", async () => {
    const trip = store();
    const prices = { input: 3, output: 15, contextWindow: 200_000 };
    writeFileSync(join(folder, "windows.json"), JSON.stringify({ "claude-sonnet-4-5": prices }));
    const { stdout } = await tracelight(["context", "trip-1", trip, "--prices", "windows.json"]);
    expect(stdout).toMatch(/^call .* in +window +cached /);
    expect(stdout).toMatch(/^ +1 .* 4k +2 % /m);
    const windows = async (file: string) =>
      jsonOf(await tracelight(["context", "trip-1", trip, "--json", "--prices", file]))
        .filter(({ by }) => by === "call")
        .map(({ window_tokens }) => window_tokens);
    expect(await windows("windows.json")).toEqual([200_000, 200_000, 200_000, 200_000]);
    // More went in than that: it was another window.
    writeFileSync(
      join(folder, "small.json"),
      JSON.stringify({ "claude-sonnet-4-5": { ...prices, contextWindow: 5000 } }),
    );
    expect(await windows("small.json")).toEqual([5000, 5000, null, null]);
    expect(await windows("prices.json")).toEqual([null, null, null, null]);
  });

  test("--json has calls whose parts are the reported input, the findings and the results", async () => {
    const run = await tracelight(["context", "trip-1", store(), "--json", "--prices", "prices.json"]);
    const lines = jsonOf(run);
    const calls = lines.filter(({ by }) => by === "call");
    expect(calls).toHaveLength(4);
    for (const { parts, input_tokens } of calls)
      expect(Object.values(Object(parts)).reduce((sum: number, n) => sum + Number(n), 0)).toBe(input_tokens);
    expect(calls[2]).toMatchObject({
      number: 3,
      before: { number: 2 },
      fates: { cached: 1500 },
      cache: { state: "broken", cause: "messages", missed_tokens: 3500 },
      change: {
        place: "messages",
        how: "shortened",
        text: "the result of search_events was shortened",
        before: { name: "search_events", message: 2 },
      },
    });
    expect(lines.filter(({ by }) => by === "finding")).toMatchObject([
      { cause: "messages", calls: 1, call: { number: 3 } },
    ]);
    expect(lines.filter(({ by }) => by === "result")[0]).toMatchObject({ name: "search_events" });
  });

  test("reads a trace too, the latest without an id, and says where no model was called", async () => {
    const trace = await tracelight(["context", "aaaa", store()]);
    const latest = await tracelight(["context", store()]);
    expect(latest.stdout).toBe(trace.stdout);
    writeFileSync(join(folder, "none.jsonl"), recordLines([spanFields({})]));
    expect(await tracelight(["context", "none.jsonl"])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("No model was called"),
    });
    expect(await tracelight(["context", "nobody", store()])).toMatchObject({ code: 1 });
  });

  test("tells why a tool was called: by its span, by its name, by the id of the call", async () => {
    const spans = withTools();
    writeFileSync(join(folder, "asked.jsonl"), recordLines(spans));
    const [traceId, spanId] = [spans[0]?.traceId ?? "", spans.at(-1)?.spanId ?? ""];
    const bySpan = await tracelight(["context", `${traceId.slice(0, 8)}/${spanId}`, "asked.jsonl"]);
    expect(bySpan).toMatchObject({ code: 0, stderr: "" });
    expect(bySpan.stdout).toMatch(
      /^search_events, asked for by call 2 \(turn 1, claude-sonnet-4-5\)\noffered {2}search_events, find_trains\nsaid {5}I look again\.\nresult {3}[\d,]+ tokens, in 2 calls from call 3 on: [\d,]+ tokens in all(?:, \$[\d.]+)?\n$/,
    );
    for (const args of [
      [spanId],
      ["trip-1", "--tool", "search_events"],
      ["trip-1", "--tool", "t1"],
      ["--tool", spanId],
    ])
      expect((await tracelight(["context", ...args, "asked.jsonl"])).stdout).toBe(bySpan.stdout);
    const [line] = jsonOf(await tracelight(["context", `${traceId}/${spanId}`, "asked.jsonl", "--json"]));
    expect(line).toMatchObject({
      ...{ by: "tool", name: "search_events", call_id: "t1", words: "I look again." },
      ...{ asked: { number: 2 }, result: { calls: 2, first: { number: 3 } } },
    });
  });

  test("says of which tools it can tell, and where nobody asked", async () => {
    const spans = withTools();
    const [turn] = spans;
    const own = spanFields({
      ...{ spanId: "f".repeat(16), parentSpanId: turn?.spanId, startedAtMicros: START + SECOND },
      attributes: {
        "ai.conversation.id": "trip-1",
        "ai.trace.type": "tool-invocation",
        "ai.tool.name": "own_tool",
      },
    });
    writeFileSync(join(folder, "unasked.jsonl"), recordLines([...spans, own]));
    const unasked = await tracelight(["context", "trip-1", "unasked.jsonl", "--tool", "own_tool"]);
    expect(unasked).toMatchObject({ code: 1, stderr: "No model is known to have asked for own_tool.\n" });
    const wrong = await tracelight(["context", "trip-1", "unasked.jsonl", "--tool", "no_tool"]);
    expect(wrong).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/"no_tool".*\s+Called were own_tool, search_events/),
    });
    const call = await tracelight(["context", `${turn?.traceId}/${spans[1]?.spanId}`, "unasked.jsonl"]);
    expect(call).toMatchObject({ code: 2, stderr: expect.stringContaining("is no tool call") });
    const missing = await tracelight(["context", `${turn?.traceId}/${"9".repeat(16)}`, "unasked.jsonl"]);
    expect(missing).toMatchObject({ code: 1, stderr: expect.stringContaining("No span in unasked.jsonl") });
    expect(await tracelight(["context", "9".repeat(16), "unasked.jsonl"])).toMatchObject({ code: 1 });
  });

  test("stats sums what was read again by cause, and says what it looked at", async () => {
    const args = ["stats", store(), "--prices", "prices.json"];
    const { stdout } = await tracelight(args);
    expect(stdout).toMatch(
      /\n\ncache broken by +calls +conversations +read again +waste\nmessages +1 +1 +[\d.]+k +\$0\.0\d+\nIn 1 conversation\. tracelight context ID has the calls\.\n$/,
    );
    const waste = jsonOf(await tracelight([...args, "--json"])).at(-1);
    const [finding] = jsonOf(
      await tracelight(["context", "trip-1", "trip.jsonl", "--json", "--prices", "prices.json"]),
    ).filter(({ by }) => by === "finding");
    expect(waste).toMatchObject({
      ...{ by: "waste", looked_at: 1, read: 1, left_out: 0, more: false },
      causes: [
        {
          cause: "messages",
          calls: 1,
          conversations: 1,
          tokens: finding?.["tokens"],
          wasted_usd: finding?.["wasted_usd"],
        },
      ],
    });
    writeFileSync(join(folder, "kept.jsonl"), recordLines(conversation().slice(0, 3)));
    expect((await tracelight(["stats", "kept.jsonl"])).stdout).not.toContain("cache broken by");
    const piped = await tracelight(["stats", "-"], { input: recordLines(conversation()) });
    expect(piped.stdout).toContain("cache broken by");
  });
});
