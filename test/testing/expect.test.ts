// What holds, what does not, and what a reader of a failed test sees.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadPrices } from "tracelight";
import { expectTraces, partially, type TraceExpectations } from "tracelight/testing";
import { describe, expect, it, vi } from "vitest";
import { travel } from "./travel.ts";

const traces = () => expectTraces(travel(), { saveFailures: false });

/** The lines of the failure. */
function failure(assert: (traces: TraceExpectations) => unknown, on = traces()): readonly string[] {
  try {
    assert(on);
  } catch (error) {
    if (error instanceof Error) return error.message.split("\n");
  }
  throw new Error("It holds");
}

describe("what holds", () => {
  it("of tool calls: input and output by content, in part, by function, by pattern, by a matcher of the runner", () => {
    traces()
      .toHaveToolCall("get_weather", { input: { city: "Amsterdam", days: [{ day: 1 }] }, times: 1 })
      .toHaveToolCall("get_weather", { output: "Sunny", times: { min: 2, max: 3 } })
      .toHaveToolCall(/^get_/, { times: 4 })
      .toHaveToolCall("get_weather")
      .withInput(partially({ city: /^Amst/, days: [{ day: (day: number) => day > 1 }] }))
      .withOutput((text: string) => text.startsWith("Sun"))
      .times(1)
      .toHaveToolCall("get_weather", {
        input: expect.objectContaining({ city: expect.any(String) }),
        times: 3,
      })
      .toHaveToolCall("get_weather", { agent: "weather", error: false, durationMs: (ms) => ms < 60_000 })
      .toHaveToolCall("get_events", { agent: "travel", error: true })
      .withError(/^No events/);
  });

  it("of the order of tool calls", () => {
    const [rain, events] = ["get_weather", "get_events"];
    traces()
      .toCallTools([rain, rain, rain, events])
      .toCallTools([rain, { name: events, input: { city: "Amsterdam" } }], { order: "in-order" })
      .toCallTools([events, rain, /weather/, rain], { order: "unordered" })
      .toCallTools([events, rain], { order: "superset" })
      .toCallTools([events, rain, rain, rain, "book_hotel"], { order: "subset" })
      .not.toCallTools([rain, rain, events])
      .not.toCallTools([events, rain], { order: "in-order" })
      .not.toCallTools([events, rain, rain], { order: "unordered" })
      .not.toCallTools([events, events], { order: "superset" })
      .not.toCallTools([rain, rain, rain], { order: "subset" });
  });

  it("of calls that several expectations fit, each finds its own", () => {
    const call = (day: number) => ({ name: "get_weather", input: partially({ days: [{ day }] }) });
    traces().toCallTools(["get_weather", /get_w/, call(0), "get_events"], { order: "unordered" });
    traces().not.toCallTools([call(0), call(0), /./, /./], { order: "unordered" });
  });

  it("of model calls, turns and agents", () => {
    traces()
      .toHaveModelCall({
        model: /opus/,
        sent: /rain on day 2/,
        tools: ["get_weather"],
        finishReason: "tool_use",
        times: 1,
      })
      .toHaveModelCall({ system: "You know the weather.", agent: "weather", provider: undefined, times: 3 })
      .not.toHaveModelCall({ tools: ["get_weather", "get_events"] })
      .toHaveTurn({ input: /sunny/, response: "Yes, it is sunny.", times: 1 })
      .toHaveUserInput((text) => text.endsWith("?"))
      .toHaveAgentResponse(expect.stringContaining("sunny"))
      .not.toHaveAgentResponse("No.")
      .toHaveAgent("weather", { under: "travel", input: /day 2$/ })
      .not.toHaveAgent("hotel")
      .toHaveSpan("chat", { parent: "weather", spanStatus: "UNSET", spanKind: "INTERNAL", times: 3 })
      .toHaveSpan("get_weather", { attributes: { "ai.tool.output": "Sunny" } })
      .not.toHaveSpan("chat", { parent: "travel" })
      .toRunInOrder("travel", "weather", /^chat/, "get_events")
      .not.toRunInOrder("get_events", "weather");
  });

  it("of a conversation, a turn, an agent alone", () => {
    traces()
      .conversation("c1")
      .turn(-1)
      .agent("weather")
      .toUseAtMost({ turns: 3, spans: 9 })
      .toHaveNoErrors();
    traces()
      .agent("weather")
      .not.toHaveToolCall("get_events")
      .toHaveToolCall("get_weather", { agent: "weather" });
    expect(failure((all) => all.conversation("c2"))[0]).toBe("Expected a conversation c2.");
    expect(failure((all) => all.turn(2)).slice(0, 2)).toEqual(["Expected a turn 2.", "There is one turn."]);
    expect(failure((all) => all.agent("hotel"))[1]).toBe("The agents are travel, weather.");
  });

  it("of budgets", async () => {
    const prices = await loadPrices();
    expectTraces(travel(), { prices, saveFailures: false })
      .toCostAtMost(0.01)
      .toUseAtMost({
        inputTokens: 3000,
        outputTokens: 60,
        totalTokens: 3060,
        turns: 1,
        modelCalls: 3,
        toolCalls: 4,
        agents: 4,
      })
      .toReadFromCache(0.8)
      .toTakeAtMost("1h");
    const priced = expectTraces(travel(), { prices, saveFailures: false });
    expect(failure((all) => all.toCostAtMost(0.001), priced)[1]).toBe("It is $0.0057.");
    expect(failure((all) => all.toUseAtMost({ modelCalls: 2, toolCalls: 9 }))[1]).toBe(
      "There were 3 model calls.",
    );
    expect(failure((all) => all.toReadFromCache(0.9))[1]).toBe("It was 80 %: 2,400 of 3,000 tokens.");
    expect(failure((all) => all.toTakeAtMost(0))[0]).toBe("Expected at most 0 µs.");
    expect(() => traces().toCostAtMost(1)).toThrow(/prices: await loadPrices\(\)/);
    expect(() => traces().toTakeAtMost("soon")).toThrow(/"soon" is no time: write 250ms/);
  });

  it("a call without a price is not free", async () => {
    const own = expectTraces(travel({ model: "house-model" }), {
      prices: await loadPrices(),
      saveFailures: false,
    });
    expect(failure((all) => all.toCostAtMost(1), own)[1]).toBe(
      "It is $0.00. 3 calls without a price not counted.",
    );
  });
});

describe("a failure", () => {
  it("says in its first lines what differs, and where, in the nearest call", () => {
    const lines = failure((all) =>
      all.toHaveToolCall("get_weather", { input: { city: "Utrecht", days: [{ day: 1 }] } }),
    );
    expect(lines.slice(0, 3)).toEqual([
      'Expected a call of the tool "get_weather" with input {"city": "Utrecht", "days": [{"day": 1}]}.',
      'In the nearest of 3, input at city is "Amsterdam", not "Utrecht".',
      "The spans are:",
    ]);
    expect(lines.filter((line) => line.startsWith("> "))).toEqual([
      '>     get_weather [tool-call] input {"city": "Amsterdam", "days": [{"day": 0}]} output "Sunny"',
    ]);
  });

  it.each<readonly [what: string, assert: (all: TraceExpectations) => unknown, cause: string]>([
    [
      "a slip",
      (all) => all.toHaveToolCall("get_wether"),
      "The tools that were called are get_weather, get_events. Did you mean get_weather?",
    ],
    ["a count", (all) => all.toHaveToolCall("get_weather", { times: 2 }), "There are 3."],
    ["not", (all) => all.not.toHaveToolCall("get_events"), "There is one."],
    ["an error", (all) => all.toHaveNoErrors(), "1 failed; the first is get_events: No events today"],
    [
      "an error that is none",
      (all) => all.toHaveToolCall("get_weather", { error: true }),
      "In the nearest of 3, error is nothing, not an error.",
    ],
    [
      "a model",
      (all) => all.toHaveModelCall({ model: "gpt-5" }),
      'In the nearest of 3, model is "claude-opus-4-5", not "gpt-5".',
    ],
    [
      "a prompt",
      (all) => all.toHaveModelCall({ sent: /snow/ }),
      'In the nearest of 3, a message is "Will it rain on day 0?", not a text that matches /snow/.',
    ],
    [
      "an order",
      (all) => all.toCallTools(["get_weather", "get_events"]),
      "The calls are get_weather, get_weather, get_weather, get_events.",
    ],
    [
      "a turn",
      (all) => all.toHaveTurn({ response: /rain/ }),
      'In the only one, the agent response is "Yes, it is sunny.", not a text that matches /rain/.',
    ],
    ["an agent", (all) => all.toHaveAgent("hotel"), "The agents are travel, weather."],
    [
      "a span",
      (all) => all.toHaveSpan("book"),
      "The spans are called travel, weather, chat, get_weather, get_events.",
    ],
    [
      "a list",
      (all) => all.toHaveToolCall("get_weather", { input: partially({ days: [] }) }),
      "In the nearest of 3, input at days is 1, not 0 items.",
    ],
  ])("says why: %s", (_, assert, cause) => {
    expect(failure(assert)[1]).toBe(cause);
  });

  it("has at most 40 lines, the marked span among them, however large the trace", () => {
    const large = expectTraces(travel({ noise: 500, days: Array.from({ length: 300 }, (_, day) => day) }), {
      saveFailures: false,
    });
    const lines = failure((all) => all.toHaveToolCall("get_events", { input: { city: "Utrecht" } }), large);
    expect(lines.length).toBeLessThanOrEqual(40);
    expect(lines.filter((line) => line.startsWith(">"))).toHaveLength(1);
    expect(lines.some((line) => /^ {2}… \d+ lines more$/.test(line))).toBe(true);
  });

  it("shows long texts from shortly before they part, and nothing that could move the cursor", () => {
    const spans = travel({ words: `${"sunny ".repeat(200)}\u001b[2Jand warm` });
    const lines = failure(
      (all) => all.toHaveAgentResponse(`${"sunny ".repeat(200)}and cold`),
      expectTraces(spans, { saveFailures: false }),
    );
    expect(lines[1]).toMatch(
      /the agent response is "…[suny ]+\\+u001b\[2Jand warm", not "…[suny ]+and cold"/,
    );
    expect(lines.join("\n")).not.toContain("\u001b");
  });

  it("says how to see the trace: in its store, or in a file of its own", () => {
    const spans = travel();
    const id = spans[0]?.traceId ?? "";
    const see = (lines: readonly string[]) => lines.at(-1);
    expect(see(failure((all) => all.toHaveSpan("x"), expectTraces(spans, { store: "traces.db" })))).toBe(
      `See it: npx tracelight show ${id.slice(0, 8)} traces.db`,
    );
    const folder = mkdtempSync(join(tmpdir(), "failures-"));
    try {
      vi.stubEnv("TMPDIR", folder);
      const file = join(folder, "tracelight-failures", `${id}.jsonl`);
      expect(see(failure((all) => all.toHaveSpan("x"), expectTraces(spans)))).toBe(
        `See it: npx tracelight show ${id.slice(0, 8)} ${file}`,
      );
      expect(readFileSync(file, "utf8").trim().split("\n")).toHaveLength(spans.length);
    } finally {
      vi.unstubAllEnvs();
      rmSync(folder, { recursive: true });
    }
  });

  it("of no spans says so", () => {
    expect(failure((all) => all.toHaveToolCall("x"), expectTraces([]))).toEqual([
      'Expected a call of the tool "x".',
      "No tool was called.",
      "There are no spans.",
    ]);
  });
});
