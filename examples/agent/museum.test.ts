import assert from "node:assert/strict";
import { InMemoryTracer } from "tracelight";
import { replay, replayFetch, replayTools } from "tracelight/replay";
import { expectTraces } from "tracelight/testing";
import { test } from "vitest";
// Your agent: an async function that has the talk with this tracer, this fetch and these tools.
import { anthropic as run } from "./run.ts";

test("Which museum is open in Rotterdam?", async () => {
  const tracer = new InMemoryTracer({ memorySize: 1000 });
  const recording = await replay(new URL("./museum.jsonl", import.meta.url));
  const given = {
    tracer,
    inputs: ["Which museum is open in Rotterdam?", "And tomorrow, will it rain?"],
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
  talk.toUseAtMost({ turns: 2, modelCalls: 8, toolCalls: 4, inputTokens: 6900, outputTokens: 390 });
  talk
    .turn(1)
    .toHaveUserInput("Which museum is open in Rotterdam?")
    .toCallTools([
      { name: "ask_events", input: { question: "What is on in Rotterdam: art?" } },
      { name: "search_events", input: { city: "Rotterdam", kind: "art" } },
    ])
    .toHaveAgent("events", { under: "supervisor", times: 1 })
    .toHaveModelCall({ model: "claude-sonnet-5", agent: "supervisor", times: 2 })
    .toHaveModelCall({ model: "claude-haiku-4-5", agent: "events", times: 2 })
    .toHaveToolCall("search_events", {
      error: "503: the events of Rotterdam cannot be read at the moment",
      times: 1,
    })
    .toHaveAgentResponse(
      "What is on in Rotterdam cannot be read at the moment (503: the events of Rotterdam cannot be read at the moment).",
    );
  talk
    .turn(2)
    .toHaveUserInput("And tomorrow, will it rain?")
    .toCallTools([
      { name: "ask_weather", input: { question: "The weather in Rotterdam, 2 days from today." } },
      { name: "get_weather", input: { city: "Rotterdam", days: 2 } },
    ])
    .toHaveAgent("weather", { under: "supervisor", times: 1 })
    .toHaveModelCall({ model: "claude-sonnet-5", agent: "supervisor", times: 2 })
    .toHaveModelCall({ model: "claude-haiku-4-5", agent: "weather", times: 2 })
    .toHaveNoErrors()
    .toHaveAgentResponse("Rotterdam: today 17 °C, clear; tomorrow 22 °C, clear.");
});
