// Anthropic's client with OpenInference's instrumentation; the client makes spans of its own as well.
import Anthropic from "@anthropic-ai/sdk";
import { AnthropicInstrumentation } from "@arizeai/openinference-instrumentation-anthropic";
import { InMemoryTracer } from "tracelight";
import { registerTracer } from "tracelight/otel";
import { afterEach, describe, expect, it } from "vitest";
import { disableAll } from "../support.ts";
import {
  expectAsLongAsItsStream,
  onBoth,
  sendEvents,
  sendJson,
  stub,
  type Work,
  withServer,
} from "./support.ts";

const CALL = "Anthropic Messages";
const OF_CLIENT = "anthropic.messages.create";

let instrumentation = instrumented();
afterEach(disableAll);

function instrumented(): AnthropicInstrumentation {
  const made = new AnthropicInstrumentation();
  made.manuallyInstrument(Anthropic);
  return made;
}

describe("a call", () => {
  const ask = (work: Work) =>
    withServer(
      stub((_body, response) => sendJson(response, ANSWER)),
      (url) => work.span("turn", () => clientOf(url, work).messages.create(QUESTION)),
    );

  it("lies below our span, and our spans below it", async () => {
    expect((await onBoth(ask)).tree).toEqual({
      turn: "-",
      [CALL]: "turn",
      [OF_CLIENT]: CALL,
      fetch: OF_CLIENT,
    });
  });

  it("says what was asked and answered", async () => {
    const { readings, row } = await onBoth(ask);
    expect(readings(CALL)).toEqual([
      {
        ...{
          vocabulary: "openinference",
          kind: "model-call",
          model: "claude-haiku-4-5",
          provider: "anthropic",
        },
        title: "What is the weather here, and the time?",
        systemPrompt: "You are a weather bot.",
        inputMessages: [
          {
            role: "user",
            parts: [
              { type: "text", text: "What is the weather here, and the time?" },
              { type: "image", mediaType: "image/png", data: "AQI=" },
            ],
          },
          {
            role: "assistant",
            parts: [
              { type: "tool-call", id: "t1", name: "get_place", arguments: {} },
              { type: "tool-call", id: "t2", name: "get_time", arguments: { zone: "CET" } },
            ],
          },
          { role: "tool", parts: RESULTS },
        ],
        outputMessages: [
          { role: "assistant", parts: [{ type: "reasoning", text: "The weather." }, ...SAID] },
        ],
        input: RESULTS,
        output: [{ type: "reasoning", text: "The weather." }, ...SAID],
        tools: [{ name: "get_weather", description: "The weather of a city", schema: SCHEMA }],
        ...{ finishReason: "tool_use", usage: USAGE },
      },
    ]);
    // Both say the same tokens: they count once.
    expect(row).toMatchObject({
      modelCalls: 1,
      inputTokens: 1240,
      outputTokens: 55,
      models: ["claude-haiku-4-5"],
    });
  });

  it("says why it failed", async () => {
    const { tree, spans, readings } = await onBoth((work) =>
      withServer(
        stub((_body, response) => sendJson(response, { error: { message: "Overloaded" } }, 529)),
        async (url) => {
          const asked = work.span("turn", () => clientOf(url, work).messages.create(QUESTION).then());
          await expect(asked).rejects.toThrow("Overloaded");
        },
      ),
    );
    expect(tree).toEqual({ turn: "-", [CALL]: "turn", [OF_CLIENT]: CALL, fetch: OF_CLIENT });
    expect(spans.map(({ spanName, spanStatus }) => [spanName, spanStatus])).toContainEqual([CALL, "ERROR"]);
    expect(readings(CALL)).toMatchObject([
      { title: expect.any(String), error: expect.stringContaining("529") },
    ]);
  });
});

describe("a streaming call", () => {
  const ask = (work: Work) =>
    withServer(
      stub((_body, response) => sendEvents(response, EVENTS, work.used)),
      (url) =>
        work.span("turn", async () => {
          const stream = await clientOf(url, work).messages.create({ ...QUESTION, stream: true });
          for await (const event of stream) if (event.type === "message_start") await work.useFirstPart();
        }),
    );

  it("lasts as long as its stream", async () => {
    const outcome = await onBoth(ask);
    expectAsLongAsItsStream(outcome, CALL);
    expectAsLongAsItsStream(outcome, OF_CLIENT);
    expect(outcome.tree).toMatchObject({ "use the first part": "turn", [OF_CLIENT]: CALL, [CALL]: "turn" });
  });

  it("says what came in it", async () => {
    const { readings, row } = await onBoth(ask);
    expect(readings(CALL)).toMatchObject([
      {
        ...{ kind: "model-call", model: "claude-haiku-4-5", finishReason: "tool_use", usage: USAGE },
        outputMessages: [{ role: "assistant", parts: SAID }],
      },
    ]);
    expect(readings(OF_CLIENT)).toEqual([
      {
        ...{ vocabulary: "gen_ai", kind: "model-call", model: "claude-haiku-4-5", provider: "anthropic" },
        ...{ finishReason: "tool_use", usage: USAGE, timeToFirstTokenMs: expect.any(Number) },
      },
    ]);
    expect(row).toMatchObject({ modelCalls: 1, inputTokens: 1240, outputTokens: 55 });
  });
});

describe("an instrumentation", () => {
  it.each(["before", "after"])(
    "made %s the first tracer was registered writes to whichever is",
    async (when) => {
      instrumentation.disable();
      if (when === "before") instrumentation = instrumented();
      const tracers = [new InMemoryTracer(), new InMemoryTracer()];
      await withServer(
        stub((_body, response) => sendJson(response, ANSWER)),
        async (url) => {
          const client = new Anthropic({ apiKey: "none", baseURL: url, maxRetries: 0 });
          for (const [i, tracer] of tracers.entries()) {
            const undo = registerTracer(tracer);
            if (when === "after" && i === 0) instrumentation = instrumented();
            await tracer.trace("turn", () => client.messages.create(QUESTION).then(({ id }) => id));
            undo();
            await client.messages.create(QUESTION);
          }
        },
      );
      for (const tracer of tracers) {
        expect(tracer.getTraces().map(({ spanName }) => spanName)).toEqual(["turn", CALL, OF_CLIENT]);
        expect(tracer.getTraces()[1]?.parentSpanId).toBe(tracer.getTraces()[0]?.spanId);
      }
    },
  );
});

function clientOf(url: string, work: Work): Anthropic {
  const traced: typeof fetch = (input, init) => work.span("fetch", () => fetch(input, init));
  return new Anthropic({ apiKey: "none", baseURL: url, maxRetries: 0, fetch: traced });
}

const SCHEMA = { type: "object" as const, properties: { city: { type: "string" } } };
const QUESTION = {
  ...{ model: "claude-haiku-4-5", max_tokens: 1000, system: "You are a weather bot." },
  tools: [{ name: "get_weather", description: "The weather of a city", input_schema: SCHEMA }],
  messages: [
    {
      role: "user" as const,
      content: [
        { type: "text" as const, text: "What is the weather here, and the time?" },
        {
          type: "image" as const,
          source: { type: "base64" as const, media_type: "image/png" as const, data: "AQI=" },
        },
      ],
    },
    {
      role: "assistant" as const,
      content: [
        { type: "tool_use" as const, id: "t1", name: "get_place", input: {} },
        { type: "tool_use" as const, id: "t2", name: "get_time", input: { zone: "CET" } },
      ],
    },
    {
      role: "user" as const,
      content: [
        { type: "tool_result" as const, tool_use_id: "t1", content: "Amsterdam" },
        { type: "tool_result" as const, tool_use_id: "t2", content: "no clock", is_error: true },
      ],
    },
  ],
};
const RESULTS = [
  { type: "tool-result", id: "t1", result: "Amsterdam" },
  { type: "tool-result", id: "t2", result: "no clock", isError: true },
];
const ANSWER = {
  ...{ id: "msg_1", type: "message", role: "assistant", model: "claude-haiku-4-5-20251001" },
  content: [
    { type: "thinking", thinking: "The weather.", signature: "c2ln" },
    { type: "text", text: "Let me look." },
    { type: "tool_use", id: "t3", name: "get_weather", input: { city: "Amsterdam" } },
  ],
  ...{ stop_reason: "tool_use", stop_sequence: null },
  usage: {
    input_tokens: 40,
    output_tokens: 55,
    cache_read_input_tokens: 1000,
    cache_creation_input_tokens: 200,
  },
};
const SAID = [
  { type: "text", text: "Let me look." },
  { type: "tool-call", id: "t3", name: "get_weather", arguments: { city: "Amsterdam" } },
];
/** Anthropic counts cached tokens beside the input's. */
const USAGE = { input: 1240, output: 55, cachedRead: 1000, cachedWrite: 200 };
const TOOL = { type: "tool_use", id: "t3", name: "get_weather", input: {} };
const EVENTS = [
  {
    type: "message_start",
    message: { ...ANSWER, content: [], stop_reason: null, usage: { ...ANSWER.usage, output_tokens: 1 } },
  },
  { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
  { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "Let me " } },
  { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "look." } },
  { type: "content_block_stop", index: 0 },
  { type: "content_block_start", index: 1, content_block: TOOL },
  { type: "content_block_delta", index: 1, delta: { type: "input_json_delta", partial_json: '{"city":' } },
  {
    type: "content_block_delta",
    index: 1,
    delta: { type: "input_json_delta", partial_json: '"Amsterdam"}' },
  },
  { type: "content_block_stop", index: 1 },
  {
    type: "message_delta",
    delta: { stop_reason: "tool_use", stop_sequence: null },
    usage: { output_tokens: 55 },
  },
  { type: "message_stop" },
].map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
