// OpenAI's client with OpenInference's instrumentation.
import { OpenAIInstrumentation } from "@arizeai/openinference-instrumentation-openai";
import OpenAI from "openai";
import { beforeAll, describe, expect, it } from "vitest";
import { ANSWER, EVENTS, READ_USAGE, RESPONSE, SAID } from "./openai.ts";
import {
  expectAsLongAsItsStream,
  FIRST_PART,
  onBoth,
  sendEvents,
  sendJson,
  stub,
  type Work,
  withServer,
} from "./support.ts";

const CALL = "OpenAI Chat Completions";
const SCHEMA = { type: "object", properties: { city: { type: "string" } } };
const TOOL = { name: "get_weather", description: "The weather of a city" };
const QUESTION = {
  model: "gpt-4o",
  tools: [{ type: "function" as const, function: { ...TOOL, parameters: SCHEMA } }],
  messages: [
    { role: "system" as const, content: "You are a weather bot." },
    {
      role: "user" as const,
      content: [
        { type: "text" as const, text: "What is the weather here?" },
        { type: "image_url" as const, image_url: { url: "data:image/png;base64,AQI=" } },
      ],
    },
    {
      role: "assistant" as const,
      tool_calls: [{ id: "t1", type: "function" as const, function: { name: "get_place", arguments: "{}" } }],
    },
    { role: "tool" as const, tool_call_id: "t1", content: "Amsterdam" },
  ],
};
const RESULTS = [{ type: "tool-result", id: "t1", result: "Amsterdam" }];
const ASKED = {
  ...{ vocabulary: "openinference", kind: "model-call", model: "gpt-4o", provider: "openai" },
  title: "What is the weather here?",
  systemPrompt: "You are a weather bot.",
  inputMessages: [
    {
      role: "user",
      parts: [
        { type: "text", text: "What is the weather here?" },
        { type: "image", mediaType: "image/png", data: "AQI=" },
      ],
    },
    { role: "assistant", parts: [{ type: "tool-call", id: "t1", name: "get_place", arguments: {} }] },
    { role: "tool", parts: RESULTS },
  ],
  input: RESULTS,
  tools: [{ ...TOOL, schema: SCHEMA }],
  finishReason: "tool_calls",
};
const RESPONSE_QUESTION = {
  ...{ model: "gpt-4o", instructions: "You are a weather bot." },
  tools: [{ type: "function" as const, ...TOOL, parameters: SCHEMA, strict: null }],
  input: [
    {
      role: "user" as const,
      content: [
        { type: "input_text" as const, text: "What is the weather here?" },
        { type: "input_image" as const, detail: "auto" as const, image_url: "data:image/png;base64,AQI=" },
      ],
    },
    { type: "function_call" as const, call_id: "t1", name: "get_place", arguments: "{}" },
    { type: "function_call_output" as const, call_id: "t1", output: "Amsterdam" },
  ],
};

beforeAll(() => new OpenAIInstrumentation().manuallyInstrument(OpenAI));

describe("a call", () => {
  const ask = (work: Work) =>
    withServer(
      stub((_body, response) => sendJson(response, ANSWER)),
      (url) =>
        work.span("turn", () =>
          clientOf(url, work)
            .chat.completions.create(QUESTION)
            .then(() => undefined),
        ),
    );

  it("lies below our span, and our spans below it", async () => {
    expect((await onBoth(ask)).tree).toEqual({ turn: "-", [CALL]: "turn", fetch: CALL });
  });

  it("says what was asked and answered", async () => {
    const { readings, row } = await onBoth(ask);
    expect(readings(CALL)).toEqual([
      { ...ASKED, outputMessages: [{ role: "assistant", parts: SAID }], output: SAID, usage: READ_USAGE },
    ]);
    expect(row).toMatchObject({ modelCalls: 1, inputTokens: 1240, outputTokens: 30, models: ["gpt-4o"] });
  });
});

describe("a streaming call", () => {
  const ask = (work: Work) =>
    withServer(
      stub((_body, response) => sendEvents(response, EVENTS, work.used)),
      (url) =>
        work.span("turn", async () => {
          const stream = await clientOf(url, work).chat.completions.create({ ...QUESTION, stream: true });
          for await (const chunk of stream)
            if (chunk.choices[0]?.delta.content === "Let me ") await work.useFirstPart();
        }),
    );

  it("lasts as long as its stream", async () => {
    const outcome = await onBoth(ask);
    expectAsLongAsItsStream(outcome, CALL);
    expect(outcome.tree).toEqual({ turn: "-", [CALL]: "turn", fetch: CALL, [FIRST_PART]: "turn" });
  });

  it("says what came in it", async () => {
    const { readings } = await onBoth(ask);
    // All but the tokens, which the instrumentation of streams leaves out.
    expect(readings(CALL)).toEqual([
      { ...ASKED, outputMessages: [{ role: "assistant", parts: SAID }], output: SAID },
    ]);
  });
});

describe("a call of the Responses API", () => {
  const OF_RESPONSES = "OpenAI Responses";
  const events = [
    { type: "response.created", response: { ...RESPONSE, output: [], usage: null } },
    { type: "response.output_text.delta", delta: "Let me look." },
    { type: "response.completed", response: RESPONSE },
  ].map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  const server = (work: Work) =>
    stub(({ stream }, response) =>
      stream === true ? sendEvents(response, events, work.used) : sendJson(response, RESPONSE),
    );
  const said = [{ type: "reasoning", text: "The weather." }, ...SAID];
  const reading = {
    ...{ ...ASKED, finishReason: undefined },
    ...{ outputMessages: [{ role: "assistant", parts: said }], output: said, usage: READ_USAGE },
  };

  it("lies below our span, and says what was asked and answered", async () => {
    const { tree, readings } = await onBoth((work) =>
      withServer(server(work), (url) =>
        work.span("turn", () =>
          clientOf(url, work)
            .responses.create(RESPONSE_QUESTION)
            .then(() => undefined),
        ),
      ),
    );
    expect(tree).toEqual({ turn: "-", [OF_RESPONSES]: "turn", fetch: OF_RESPONSES });
    expect(readings(OF_RESPONSES)).toEqual([reading]);
  });

  it("lasts as long as its stream, and says what came in it", async () => {
    const outcome = await onBoth((work) =>
      withServer(server(work), (url) =>
        work.span("turn", async () => {
          const question = { ...RESPONSE_QUESTION, stream: true as const };
          for await (const { type } of await clientOf(url, work).responses.create(question))
            if (type === "response.created") await work.useFirstPart();
        }),
      ),
    );
    expectAsLongAsItsStream(outcome, OF_RESPONSES);
    expect(outcome.readings(OF_RESPONSES)).toEqual([reading]);
  });
});

function clientOf(url: string, work: Work): OpenAI {
  const traced: typeof fetch = (input, init) => work.span("fetch", () => fetch(input, init));
  return new OpenAI({ apiKey: "none", baseURL: url, maxRetries: 0, fetch: traced });
}
