// Amazon Bedrock's client with OpenInference's instrumentation.
import { BedrockInstrumentation } from "@arizeai/openinference-instrumentation-bedrock";
import * as sdk from "@aws-sdk/client-bedrock-runtime";
import { beforeAll, describe, expect, it } from "vitest";
import { converse, converseStream, MODEL, SCHEMA } from "./bedrock.ts";
import { expectAsLongAsItsStream, FIRST_PART, onBoth } from "./support.ts";

const CALL = "bedrock.converse";

beforeAll(() => {
  new BedrockInstrumentation().manuallyInstrument({ BedrockRuntimeClient: sdk.BedrockRuntimeClient });
});

describe("OpenInference's instrumentation of Bedrock", () => {
  it("Converse: a call below our span, with what was said", async () => {
    const { tree, readings, row } = await onBoth((work) => converse(sdk, work));
    expect(tree).toEqual({ turn: "-", [CALL]: "turn", sign: "turn" });
    expect(readings(CALL)).toEqual([
      {
        ...ASKED,
        outputMessages: [{ role: "assistant", parts: SAID }],
        output: SAID,
        usage: { input: 1240, output: 30, cachedRead: 1000, cachedWrite: 200 },
      },
    ]);
    expect(row).toMatchObject({ modelCalls: 1, inputTokens: 1240, outputTokens: 30, models: [MODEL] });
  });

  it("ConverseStream: a call lasts as long as its stream, with what came in it", async () => {
    const outcome = await onBoth((work) => converseStream(sdk, work));
    expectAsLongAsItsStream(outcome, CALL);
    expect(outcome.tree).toMatchObject({ [CALL]: "turn", [FIRST_PART]: "turn" });
    const said = [{ type: "reasoning", text: "The weather." }, ...SAID];
    // Of a stream, it has how many tokens there were with the cached ones, not how many were cached.
    expect(outcome.readings(CALL)).toEqual([
      {
        ...ASKED,
        outputMessages: [{ role: "assistant", parts: said }],
        output: said,
        usage: { input: 1240, output: 30 },
      },
    ]);
  });
});

const RESULTS = [
  { type: "tool-result", id: "t1", result: "Amsterdam" },
  { type: "tool-result", id: "t2", result: "no clock", isError: true },
];
const SAID = [
  { type: "text", text: "Let me look." },
  { type: "tool-call", id: "t3", name: "get_weather", arguments: { city: "Amsterdam" } },
];
const ASKED = {
  ...{ vocabulary: "openinference", kind: "model-call", model: MODEL, provider: "aws" },
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
  input: RESULTS,
  tools: [{ name: "get_weather", description: "The weather of a city", schema: SCHEMA }],
  finishReason: "tool_use",
};
