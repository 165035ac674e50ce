// The travel desk by its traces. No test needs a key or the network: the scripted model answers.
import { InMemoryTracer } from "tracelight";
import { expectTraces, partially } from "tracelight/testing";
import "tracelight/vitest";
import { describe, expect, it } from "vitest";
import { modelOf, type Service } from "./models/services.ts";
import { run, services } from "./run.ts";
import { inProcess } from "./scripted/in-process.ts";
import { ScriptedModel } from "./scripted/scripted-model.ts";

const scripted = new ScriptedModel(async () => undefined);

/** Has a talk; the tracer that saw it. */
async function talk(inputs: readonly string[], { service = "openai", ...more }: Options = {}) {
  const tracer = new InMemoryTracer();
  const model = modelOf(service, tracer, inProcess(service, scripted));
  await run({ tracer, inputs, model, services, ...more });
  return tracer;
}

interface Options {
  readonly service?: Service;
  readonly maxHistory?: number;
}

describe.each(["openai", "anthropic", "bedrock"] as const)("through %s", (service) => {
  it("asks both specialists side by side, and answers with what they found", async () => {
    const tracer = await talk(["Is it sunny in Amsterdam tomorrow, and is there a concert?"], { service });
    expectTraces(tracer.getTraces())
      .toCallTools(["ask_weather", "ask_events", "get_weather", "search_events"], { order: "unordered" })
      .toHaveAgent("weather", { under: "supervisor" })
      .toHaveAgent("events", { under: "supervisor", output: /Late Train Trio/ })
      .toHaveToolCall("get_weather", { input: { city: "Amsterdam", days: 2 }, agent: "weather", times: 1 })
      .toHaveAgentResponse(/^Amsterdam: today .*Late Train Trio/s)
      .toHaveNoErrors()
      .toUseAtMost({ turns: 1, modelCalls: 6, inputTokens: 5000 });
  });

  it("does the same as ever", async () => {
    const tracer = await talk(["Plan a day in Berlin for me", "Book two seats for the Late Train Trio."], {
      service,
    });
    expect(tracer).toMatchTrace(`plan-and-book-${service}`);
  });
});

describe("where something goes wrong", () => {
  it("says so where a booking fails, and books nothing else", async () => {
    const tracer = await talk(["Book three seats for Paint Lab."]);
    expectTraces(tracer.getTraces())
      .toHaveToolCall("book_tickets", { input: partially({ count: 3 }), error: /too few seats/, times: 1 })
      .toHaveAgentResponse(/^That did not work: .* too few seats/);
  });

  it("says so where a specialist's service does not answer", async () => {
    const tracer = await talk(["What is on in Rotterdam for children?"]);
    expectTraces(tracer.getTraces())
      .toHaveToolCall("search_events", { error: /503/ })
      .toHaveToolCall("ask_events", { error: false })
      .toHaveAgentResponse(/cannot be read at the moment/);
  });

  it("does better where the model asked for too much", async () => {
    const tracer = await talk(["What will the weather in Oslo be like for a fortnight?"]);
    expectTraces(tracer.getTraces())
      .toHaveToolCall("get_weather", { input: partially({ days: 14 }), error: /7/ })
      .toHaveToolCall("get_weather", { input: partially({ days: 7 }), error: false });
  });

  it("a turn that the service refuses leaves nothing in the history", async () => {
    scripted.failNext(400);
    await expect(talk(["Is it sunny in Oslo?"])).rejects.toThrow("overloaded");
  });
});

describe("what it costs", () => {
  it("reads the beginning of each prompt from the provider's cache", async () => {
    const inputs = [
      "Is it sunny in Oslo?",
      "And is there a concert?",
      "Book two seats for the Late Train Trio.",
    ];
    const tracer = await talk(inputs, { service: "anthropic" });
    expectTraces(tracer.getTraces()).turn(-1).toReadFromCache(0.8);
  });

  it("sums a long history up", async () => {
    const inputs = ["Is it sunny in Oslo?", "Is there a concert?", "And a museum?", "Thanks!"];
    const tracer = await talk(inputs, { maxHistory: 1000 });
    expectTraces(tracer.getTraces())
      .toHaveAgent("historian", { output: /^Cities: Oslo/ })
      .turn(-1)
      .toHaveModelCall({ sent: /What was said before/ })
      .not.toHaveModelCall({ sent: "Is there a concert?" });
  });
});
