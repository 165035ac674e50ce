// `tracelight test`: what it writes, where, and what it refuses.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { InMemoryTracer, Span } from "tracelight";
import { SqliteTracer } from "tracelight/sqlite";
import { beforeAll, describe, expect, it } from "vitest";
import { folder, tracelight, useFolder } from "./command.ts";

useFolder();
beforeAll(async () => {
  const tracer = new SqliteTracer({ path: join(folder, "traces.db") });
  weather(
    tracer,
    "trip-1",
    "Is it sunny in Amsterdam?\u202e",
    JSON.parse('{"city":"Amsterdam","__proto__":1}'),
  );
  weather(tracer, "trip-2", "Mail dana@example.com, please", { to: "dana@example.com" });
  tracer.trace("converse", (turn) => said(turn, "no-model", "Hello"));
  weather(tracer, "no-words", "Is it dry?", { city: "Oslo" }, { "ai.llm.request.messages": undefined });
  const stopped = AbortSignal.abort().reason;
  const off = (turn: Span) => {
    said(turn, "called-off", "Wait");
    asks(tracer, "Wait", {});
    throw stopped;
  };
  expect(() => tracer.trace("converse", off)).toThrow();
  await tracer.close();
});

type Traces = SqliteTracer | InMemoryTracer;

/** A turn with two calls of a model and one of a tool between them. */
function weather(tracer: Traces, id: string, input: string, given: object, more: object = {}): void {
  tracer.trace("converse", (turn) => {
    said(turn, id, input);
    asks(tracer, input, more);
    tracer.trace("get_weather", (tool) => {
      tool.addAttributes({
        "ai.trace.type": "tool-invocation",
        "ai.tool.input": given,
        "ai.tool.output": "clear",
      });
    });
    asks(tracer, "clear", more);
    turn.addAttribute("ai.agent.response", "Yes.");
  });
}

function said(turn: Span, id: string, input: string): void {
  turn.addAttribute("ai.conversation.id", id, { inheritable: true });
  turn.addAttributes({ "ai.trace.type": "converse", "ai.user.input": input });
}

function asks(tracer: Traces, content: string, more: object): void {
  tracer.trace("chat", (call) => {
    call.addAttributes({
      ...{ "ai.trace.type": "llm-invocation", "ai.llm.request.model.id": "gpt-5" },
      "ai.llm.request.messages": [{ role: "user", content }],
      "ai.llm.response.usage": { prompt_tokens: 1000, completion_tokens: 33 },
      ...more,
    });
  });
}

const EXPECTED = `import assert from "node:assert/strict";
import { test } from "node:test";
import { InMemoryTracer } from "tracelight";
import { replay, replayFetch, replayTools } from "tracelight/replay";
import { expectTraces } from "tracelight/testing";
// Your agent: an async function that has the talk with this tracer, this fetch and these tools.
import { answer as run } from "../agent.js";

test("Is it sunny in Amsterdam?\\\\u202e", async () => {
  const tracer = new InMemoryTracer({ memorySize: 1000 });
  const recording = await replay(new URL("./trip-1.jsonl", import.meta.url));
  const given = {
    tracer,
    inputs: ["Is it sunny in Amsterdam?\\u202e"],
    recording,
    fetch: replayFetch(recording),
    tools: replayTools(recording),
  };
  const failed = await run(given).then(
    () => undefined,
    (error) => error,
  );
  const wrong = recording.misses[0] ?? failed;
  if (wrong !== undefined) throw wrong;
  assert.equal(recording.left, 0, "A recorded model call was not asked for.");

  const talk = expectTraces(tracer.getTraces());
  talk.toUseAtMost({ turns: 1, modelCalls: 2, toolCalls: 1, inputTokens: 2400, outputTokens: 80 });
  talk
    .turn(1)
    .toHaveUserInput("Is it sunny in Amsterdam?\\u202e")
    .toCallTools([
      { name: "get_weather", input: { city: "Amsterdam", ["__proto__"]: 1 } },
    ])
    .toHaveModelCall({ model: "gpt-5", agent: "converse", times: 2 })
    .toHaveNoErrors()
    .toHaveAgentResponse("Yes.");
});
`;

describe("what it writes", () => {
  it("is a test and its cassette, by the id; nothing in it can hide or turn a line round", async () => {
    const { code, stdout } = await tracelight([
      "test",
      "trip-1",
      "--runner",
      "node",
      "--agent",
      "../agent.js#answer",
    ]);
    expect(stdout).toBe(EXPECTED);
    expect(code).toBe(0);
    expect(readFileSync(join(folder, "trip-1.jsonl"), "utf8").trim().split("\n")).toHaveLength(3);
  });

  it("goes beside the file that is named, whole, and replaces nothing unasked", async () => {
    const args = ["test", "trip-1", "--out", "weather.test.ts"];
    expect(await tracelight(args)).toMatchObject({
      code: 0,
      stdout: "",
      stderr: "The cassette is weather.jsonl.\n",
    });
    const text = readFileSync(join(folder, "weather.test.ts"), "utf8");
    expect(text).toContain('from "vitest"');
    expect(text).toContain('new URL("./weather.jsonl"');
    const again = await tracelight(args);
    expect(again).toMatchObject({ code: 2, stderr: expect.stringContaining("--force replaces it") });
    expect(await tracelight([...args, "--force"])).toMatchObject({ code: 0 });
  });

  it("is redacted, the cassette and the test alike", async () => {
    const { stdout } = await tracelight(["test", "trip-2", "--cassette", "mail.cassette"]);
    expect(stdout).toContain('inputs: ["Mail [EMAIL], please"]');
    expect(stdout).toContain('input: { to: "[EMAIL]" }');
    expect(stdout).not.toContain("dana@");
  });
});

describe("what it refuses", () => {
  it.each([
    ["no-model", "it has no model calls: there is nothing that could be replayed."],
    ["no-words", "its model calls were recorded without their messages: record them with content."],
    ["called-off", "turn 1 was called off, which a test would not do at the same moment."],
  ])("%s", async (id, why) => {
    const outcome = await tracelight(["test", id]);
    expect(outcome).toEqual({
      code: 2,
      stdout: "",
      stderr: `tracelight: No test can be made of it: ${why}\n`,
    });
    expect(existsSync(join(folder, `${id}.jsonl`))).toBe(false);
  });

  it("an id that is not there, and one that is several", async () => {
    expect(await tracelight(["test", "nothing"])).toMatchObject({ code: 1, stdout: "" });
    const { code, stderr } = await tracelight(["test", "trip"]);
    expect(code).toBe(2);
    expect(stderr).toBe(
      'tracelight: "trip" names more than one in traces.db:\n  conversation  trip-1\n  conversation  trip-2\n',
    );
  });

  it("an agent that is no export of a module", async () => {
    const { code, stderr } = await tracelight(["test", "trip-1", "--agent", "./agent.js#a-b"]);
    expect([code, stderr]).toEqual([
      2,
      'tracelight: --agent is a module and one of its exports, such as ./agent.js#run, not "./agent.js#a-b"\n',
    ]);
  });
});
