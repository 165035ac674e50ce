// ATIF: trajectories come back as they were, and spans become trajectories that keep to the format and lose nothing that it has fields for.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { readable, selectSpans } from "tracelight";
import { readSpan } from "tracelight/conventions";
import { beforeAll, describe, expect, test } from "vitest";
import type { ToldEntry } from "../../src/conventions/told.ts";
import { fieldIn } from "../../src/conventions/values.ts";
import { atifTrajectories } from "../../src/exchange/atif-export.ts";
import { spansOfAtif } from "../../src/exchange/atif-import.ts";
import { Subject } from "../../src/exchange/subject.ts";
import { exactJson, parseExactJson } from "../../src/model/python-json.ts";
import { decodeRecord } from "../../src/model/record-decoder.ts";
import type { SpanFields } from "../../src/model/span-fields.ts";
import { spanFrom } from "../../src/tracing/span.ts";
import { folder, jsonOf, tracelight, useFolder } from "../cli/command.ts";
import { recordLines, SPANS } from "../cli/spans.ts";
import { recordings } from "../conventions/vocabularies.ts";
import { spanFields } from "../model/arbitraries.ts";
import { atifTrajectory } from "./atif-schema.ts";
import { thereAndBack } from "./there-and-back.ts";
import { trajectories } from "./trajectories.ts";

useFolder();

const TRAVEL = gunzipSync(readFileSync(new URL("../../src/viewer/travel.jsonl.gz", import.meta.url)));

function problemsOf(trajectory: object): unknown {
  return atifTrajectory.safeParse(structuredCloneOfJson(trajectory)).error?.issues ?? [];
}

function structuredCloneOfJson(value: object): unknown {
  return JSON.parse(JSON.stringify(value));
}

function storeOf(spans: readonly SpanFields[]) {
  const all = spans.map((span) => spanFrom(span));
  return readable({ name: "spans", find: (query) => selectSpans(all, query) });
}

async function exported(
  spans: readonly SpanFields[],
  id: string = spans[0]?.traceId ?? "",
): Promise<object[]> {
  const subject = await Subject.of({ by: "trace", id }, storeOf(spans));
  const found: object[] = [];
  if (subject !== undefined) for await (const one of atifTrajectories(subject)) found.push(one);
  return found;
}

const EXAMPLE = {
  schema_version: "ATIF-v1.7",
  session_id: "run-1",
  trajectory_id: "main",
  agent: { name: "coder", version: "2.1", model_name: "model-a" },
  steps: [
    { step_id: 1, source: "system", message: "Be brief.", timestamp: "2026-11-22T12:00:00Z" },
    { step_id: 2, source: "user", message: "Mend the test.", timestamp: "2026-11-22T12:00:01Z" },
    {
      step_id: 3,
      source: "agent",
      message: "I ask the reviewer.",
      timestamp: "2026-11-22T12:00:03Z",
      reasoning_content: "Which test?",
      tool_calls: [
        { tool_call_id: "c1", function_name: "review", arguments: { file: "a.ts" } },
        { tool_call_id: "c2", function_name: "run", arguments: { command: "npm test" } },
      ],
      observation: {
        results: [
          { source_call_id: "c2", content: "1 failed" },
          { source_call_id: "c1", content: "line 3", subagent_trajectory_ref: [{ trajectory_id: "sub" }] },
          { content: "the clock ran out" },
        ],
      },
      metrics: { prompt_tokens: 300, completion_tokens: 40, cached_tokens: 100, cost_usd: 0.0015 },
    },
    { step_id: 4, source: "agent", message: "Mended.", llm_call_count: 0, timestamp: "2026-11-22T12:00:09Z" },
    { step_id: 5, source: "user", message: "Thanks.", timestamp: "2026-11-22T12:01:00Z" },
    {
      step_id: 6,
      source: "agent",
      message: "Gladly.",
      model_name: "model-b",
      timestamp: "2026-11-22T12:01:02Z",
    },
  ],
  subagent_trajectories: [
    {
      schema_version: "ATIF-v1.7",
      session_id: "run-1",
      trajectory_id: "sub",
      agent: { name: "reviewer", version: "1" },
      steps: [
        { step_id: 1, source: "user", message: "Look at a.ts" },
        { step_id: 2, source: "agent", message: "line 3" },
      ],
    },
  ],
  final_metrics: { total_prompt_tokens: 300, total_steps: 6 },
};

describe("a trajectory", () => {
  test("comes back as it was, through spans as records", () => {
    fc.assert(
      fc.property(trajectories(), (trajectory) => {
        expect(problemsOf(trajectory)).toEqual([]);
        expect(thereAndBack(trajectory)).toEqual([trajectory]);
      }),
    );
  });

  test("gives the same spans each time, each within its parent", () => {
    fc.assert(
      fc.property(trajectories(), (trajectory) => {
        const spans = spansOfAtif(trajectory);
        expect(spansOfAtif(structuredClone(trajectory))).toEqual(spans);
        const byId = new Map(spans.map((span) => [span.spanId, span]));
        expect(byId.size).toBe(spans.length);
        for (const { parentSpanId, startedAtMicros, endedAtMicros } of spans) {
          if (parentSpanId === undefined) continue;
          const parent = byId.get(parentSpanId);
          expect(parent?.startedAtMicros).toBeLessThanOrEqual(startedAtMicros);
          expect(parent?.endedAtMicros).toBeGreaterThanOrEqual(endedAtMicros ?? 0);
        }
      }),
    );
  });

  test("reads as turns, model calls, tools and sub-agents", () => {
    const spans = spansOfAtif(EXAMPLE);
    const kinds = spans.map((span) => `${readSpan(span).kind} ${span.spanName}`);
    expect(kinds).toEqual([
      ...["other system", "turn turn", "model-call chat", "tool-call review", "tool-call run", "chain chat"],
      ...["turn turn", "model-call chat", "agent reviewer", "model-call chat"],
    ]);
    const named = (name: string) => spans.filter(({ spanName }) => spanName === name);
    const call = readSpan(named("chat")[0] ?? spanFields({}));
    expect(call).toMatchObject({
      model: "model-a",
      agent: "coder",
      conversation: "run-1",
      vocabulary: "atif",
    });
    expect(call.usage).toEqual({ input: 300, output: 40, cachedRead: 100 });
    expect(call.outputMessages).toEqual([
      {
        role: "assistant",
        parts: [
          { type: "reasoning", text: "Which test?" },
          { type: "text", text: "I ask the reviewer." },
          { type: "tool-call", id: "c1", name: "review", arguments: { file: "a.ts" } },
          { type: "tool-call", id: "c2", name: "run", arguments: { command: "npm test" } },
        ],
      },
    ]);
    expect(readSpan(named("chat")[2] ?? spanFields({})).model).toBe("model-b");
    const [tool] = named("review");
    expect(tool && readSpan(tool).tool).toMatchObject({ name: "review", callId: "c1", result: "line 3" });
    const [sub] = named("reviewer");
    expect(sub?.parentSpanId).toBe(tool?.spanId);
    expect(sub && readSpan(sub)).toMatchObject({ input: "Look at a.ts", agent: "reviewer" });
  });

  test("that is none is refused, with what is wrong", () => {
    const broken = (more: object) => () => spansOfAtif({ ...EXAMPLE, ...more });
    expect(broken({ steps: {} })).toThrow(`The trajectory's "steps" must be a list.`);
    expect(broken({ steps: [1] })).toThrow("The trajectory's step 1 must be an object.");
    expect(broken({ subagent_trajectories: ["x"] })).toThrow(`"subagent_trajectories" must be objects.`);
    let deep: unknown = 1;
    for (let i = 0; i < 5000; i++) deep = [deep];
    expect(broken({ extra: { deep } })).toThrow("nests deeper than");
  });
});

describe("spans", () => {
  const travel = TRAVEL.toString("utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => decodeRecord(JSON.parse(line)));
  const traces = [...new Set(travel.map(({ traceId }) => traceId))].slice(0, 10);
  const cases: readonly (readonly [string, readonly SpanFields[]])[] = [
    ...recordings.filter(({ name }) => name !== "atif").map(({ name, spans }) => [name, spans] as const),
    ...traces.map((id) => [`travel ${id}`, travel.filter(({ traceId }) => traceId === id)] as const),
  ];

  test.each(cases)("of %s become trajectories that keep to the format", async (_, spans) => {
    const found = await exported(spans);
    expect(found).toHaveLength(1);
    for (const one of found) expect(problemsOf(one)).toEqual([]);
  });

  test.each(cases)("of %s keep what the format has fields for", async (_, spans) => {
    const [trajectory = {}] = await exported(spans);
    const back = spansOfAtif(Object(structuredCloneOfJson(trajectory)));
    expect(await exported(back)).toEqual([structuredCloneOfJson(trajectory)]);
    const kept = new Map(back.flatMap((span) => sourceOf(span).map((id) => [id, saidIn(span)] as const)));
    const told = await toldIn(spans);
    expect([...kept.keys()].sort()).toEqual(expect.arrayContaining(told.map(({ spanId }) => spanId).sort()));
    for (const span of told) {
      const { calls, ...said } = saidIn(span);
      // Tools that ran unasked, as far as is known, are added.
      expect(kept.get(span.spanId)).toEqual({ ...said, calls: expect.arrayContaining([...calls]) });
    }
  });

  test("say what a model was told of tools that have no span", async () => {
    const call = (n: number, attributes: object) =>
      spanFields({
        spanId: `${n}`.padStart(16, "0"),
        startedAtMicros: n * 1000,
        endedAtMicros: n * 1000 + 1,
        attributes: { "gen_ai.operation.name": "chat", "gen_ai.request.model": "m", ...attributes },
      });
    const asked = [
      { role: "assistant", parts: [{ type: "tool_call", id: "c1", name: "add", arguments: { a: 1 } }] },
    ];
    const told = [{ role: "tool", parts: [{ type: "tool_call_response", id: "c1", response: "2" }] }];
    const [trajectory] = await exported([
      call(1, {
        "gen_ai.input.messages": [{ role: "user", parts: [{ type: "text", content: "1 + 1?" }] }],
        "gen_ai.output.messages": asked,
      }),
      call(2, { "gen_ai.input.messages": [...asked, ...told] }),
    ]);
    expect(trajectory).toMatchObject({
      steps: [
        { source: "user", message: "1 + 1?" },
        {
          tool_calls: [{ tool_call_id: "c1", function_name: "add", arguments: { a: 1 } }],
          observation: { results: [{ source_call_id: "c1", content: "2" }] },
        },
        { source: "agent" },
      ],
    });
  });
});

/** The model calls and tools that are told of in a trace. */
async function toldIn(spans: readonly SpanFields[]): Promise<SpanFields[]> {
  const subject = await Subject.of({ by: "trace", id: spans[0]?.traceId }, storeOf(spans));
  const found: SpanFields[] = [];
  const add = (entry: ToldEntry): void => {
    if (entry.type === "call" || entry.type === "tool") found.push(entry.one.span);
    if ("thread" in entry) for (const one of entry.thread) add(one);
  };
  if (subject !== undefined)
    for await (const { told } of subject.turns()) for (const entry of told.entries) add(entry);
  return found;
}

/** The id of the span that an imported one was once. */
function sourceOf({ attributes }: SpanFields): string[] {
  const from = attributes["atif.tool_call"] ?? attributes["atif.step"];
  const id = fieldIn(fieldIn(fieldIn(from, "extra"), "tracelight"), "span_id");
  return typeof id === "string" ? [id] : [];
}

interface Said {
  readonly calls: readonly object[];
  readonly error: string | undefined;
  readonly [field: string]: unknown;
}

/** What a span says that ATIF has fields for. */
function saidIn(span: SpanFields): Said {
  const reading = readSpan(span);
  const { kind, model, usage: { input, output, cachedRead } = {}, error } = reading;
  if (kind === "tool-call" || kind === "retrieval")
    return { ...{ name: reading.tool?.name ?? span.spanName, error }, calls: [] };
  const parts = reading.outputMessages[0]?.parts ?? [];
  const calls = parts.flatMap((part) =>
    part.type === "tool-call" ? [{ name: part.name, arguments: part.arguments }] : [],
  );
  const thoughts = parts.flatMap((part) => (part.type === "reasoning" ? [part.text] : [])).join("\n");
  return { model, input, output, cachedRead: cachedRead || undefined, error, calls, thoughts };
}

describe("the command", () => {
  beforeAll(() => {
    writeFileSync(join(folder, "all.jsonl"), recordLines(SPANS));
    writeFileSync(join(folder, "trajectory.json"), JSON.stringify(EXAMPLE, undefined, 2));
  });

  test("knows a trajectory by its content, and gives it back from a store", async () => {
    expect((await tracelight(["show", "run-1", "trajectory.json"])).stdout).toContain("I ask the reviewer.");
    const imported = await tracelight(["import", "trajectory.json", "atif.db"]);
    expect(imported).toMatchObject({ code: 0, stderr: "10 spans imported into atif.db.\n" });
    expect((await tracelight(["import", "trajectory.json", "atif.db"])).stderr).toContain(
      "10 were there already",
    );
    const { stdout, stderr, code } = await tracelight(["export", "--atif", "run-1", "atif.db"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(JSON.parse(stdout)).toEqual(EXAMPLE);
  });

  test("writes a conversation as a trajectory, with what it cost", async () => {
    writeFileSync(join(folder, "prices.json"), '{"claude-sonnet":{"input":3,"output":15}}');
    const args = ["export", "--atif", "weather-1", "--prices", "prices.json", "all.jsonl"];
    const [trajectory = {}] = jsonOf(await tracelight(args));
    expect(problemsOf(trajectory)).toEqual([]);
    expect(trajectory).toMatchObject({
      session_id: "weather-1",
      agent: { name: "WeatherAgent", version: "unknown", model_name: "claude-sonnet" },
      final_metrics: { total_prompt_tokens: 300, total_completion_tokens: 40, total_cost_usd: 0.0015 },
    });
    const steps = JSON.parse(JSON.stringify(trajectory["steps"]));
    const glance = steps.map((step: Record<string, unknown>) => [step["source"], step["message"]]);
    expect(glance).toEqual([
      ["user", "What is the weather in Amsterdam?"],
      ["agent", "Let me look."],
      ["agent", "It is 20 degrees and sunny."],
      ["user", "Then book a hotel."],
      ["agent", ""],
      ["agent", "There is no room."],
    ]);
    expect(steps[1]).toMatchObject({
      metrics: { prompt_tokens: 300, completion_tokens: 40, cost_usd: 0.0015 },
      observation: { results: [{ content: '{"temperature":20}' }] },
    });
    expect(steps[4].tool_calls).toMatchObject([
      { function_name: "book_hotel", arguments: {}, extra: { tracelight: { error: "No rooms are left" } } },
    ]);
  });

  test("tells of a broken trajectory as of any line", async () => {
    const input = JSON.stringify({ ...EXAMPLE, steps: "none" });
    const outcome = await tracelight(["ls", "-"], { input });
    expect(outcome).toMatchObject({ code: 3, stderr: expect.stringContaining(`"steps" must be a list`) });
  });
});

test("numbers that no double holds come back as they were, and so does what looks like a tag", async () => {
  const extra =
    '{"big":123456789012345678901234567890,"negative":-9007199254740993,"nan":NaN,"most":Infinity,"least":-Infinity,' +
    '"text":"NaN and 12345678901234567890","looks":{"__bigint__":"5"},"number":{"__number__":"NaN"},"double":0.1,"__proto__":{"n":18446744073709551615}}';
  const trajectory =
    `{"schema_version":"ATIF-v1.7","session_id":"numbers","trajectory_id":"t","agent":{"name":"a","version":"1"},` +
    `"steps":[{"step_id":1,"source":"user","message":"Count."},{"step_id":2,"source":"agent","message":"",` +
    `"tool_calls":[{"tool_call_id":"c","function_name":"add","arguments":${extra}}],` +
    `"observation":{"results":[{"source_call_id":"c","content":"1"}]},"metrics":{"prompt_tokens":3,"logprobs":[-Infinity]}}],"extra":${extra}}`;
  writeFileSync(join(folder, "numbers.json"), trajectory);
  for (const store of ["numbers.json", "numbers.db"]) {
    if (store === "numbers.db")
      expect(await tracelight(["import", "numbers.json", store])).toMatchObject({ code: 0 });
    const { stdout, code } = await tracelight(["export", "--atif", "numbers", store]);
    expect([store, code]).toEqual([store, 0]);
    expect(parseExactJson(stdout)).toEqual(parseExactJson(trajectory));
    expect(stdout).toContain('"big":123456789012345678901234567890');
    expect(stdout).toContain('"__proto__":{"n":18446744073709551615}');
    expect(stdout).toContain('"looks":{"__bigint__":"5"}');
  }
});

test("exact JSON gives back whatever JSON and Python's numbers hold", () => {
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: "small" },
      fc.oneof(fc.string(), fc.double(), fc.bigInt(), fc.boolean(), fc.constant(null)),
      fc.array(tie("value"), { maxLength: 4 }),
      fc.dictionary(fc.oneof(fc.string(), fc.constant("__bigint__")), tie("value"), {
        ...{ maxKeys: 4, noNullPrototype: true },
      }),
    ),
  }));
  fc.assert(
    fc.property(fc.array(value), (list) => {
      const json = exactJson(list);
      const again = parseExactJson(json);
      expect(Array.isArray(again) && exactJson(again)).toBe(json);
    }),
  );
  expect(parseExactJson('[9007199254740993, NaN, -Infinity, 7, {"__bigint__": "5"}]')).toEqual([
    ...[9007199254740993n, Number.NaN, Number.NEGATIVE_INFINITY, 7],
    { __bigint__: "5" },
  ]);
});
