// Amazon Bedrock's client with OpenTelemetry's instrumentation of the AWS SDK, alone and beside OpenInference's.
import { AwsInstrumentation } from "@opentelemetry/instrumentation-aws-sdk";
import { beforeAll, describe, expect, it } from "vitest";
import { converse, converseStream, MODEL } from "./bedrock.ts";
import { expectAsLongAsItsStream, FIRST_PART, onBoth } from "./support.ts";

const BY_AWS = `chat ${MODEL}`;
const BY_OPENINFERENCE = "bedrock.converse";

/** Loaded after the instrumentation is there, which changes what is loaded from then on. */
let sdk: typeof import("@aws-sdk/client-bedrock-runtime");

beforeAll(async () => {
  new AwsInstrumentation().enable();
  sdk = await import("@aws-sdk/client-bedrock-runtime");
});

describe("OpenTelemetry's instrumentation of the AWS SDK", () => {
  // It puts no messages on spans, and of the tokens those alone that were not cached.
  const reading = {
    ...{ vocabulary: "gen_ai", kind: "model-call", model: MODEL, provider: "aws.bedrock" },
    ...{ finishReason: "tool_use", usage: { input: 40, output: 30 } },
  };

  it("Converse: a call below our span, what runs in it below that, with what was said", async () => {
    const { tree, readings, row } = await onBoth((work) => converse(sdk, work));
    expect(tree).toEqual({ turn: "-", [BY_AWS]: "turn", sign: BY_AWS });
    expect(readings(BY_AWS)).toEqual([reading]);
    expect(row).toMatchObject({ modelCalls: 1, inputTokens: 40, outputTokens: 30, models: [MODEL] });
  });

  it("ConverseStream: a call lasts as long as its stream, with what came in it", async () => {
    const outcome = await onBoth((work) => converseStream(sdk, work));
    expectAsLongAsItsStream(outcome, BY_AWS);
    expect(outcome.tree).toEqual({ turn: "-", [BY_AWS]: "turn", sign: BY_AWS, [FIRST_PART]: "turn" });
    expect(outcome.readings(BY_AWS)).toEqual([reading]);
  });

  it("ConverseStream: a call ends where the program stops to read", async () => {
    const outcome = await onBoth((work) => converseStream(sdk, work, true));
    expect(outcome.meanwhile).toEqual([BY_AWS, "turn"]);
    expect(outcome.tree).toMatchObject({ [BY_AWS]: "turn" });
  });
});

describe("OpenInference's instrumentation beside it", () => {
  beforeAll(async () => {
    const { BedrockInstrumentation } = await import("@arizeai/openinference-instrumentation-bedrock");
    new BedrockInstrumentation().manuallyInstrument({ BedrockRuntimeClient: sdk.BedrockRuntimeClient });
  });

  it("makes a call of its own, beside the other: it makes its span active for nobody, and the two count once", async () => {
    const { tree, row } = await onBoth((work) => converse(sdk, work));
    expect(tree).toEqual({ turn: "-", [BY_OPENINFERENCE]: "turn", [BY_AWS]: "turn", sign: BY_AWS });
    // With the cached tokens, which OpenInference's alone has.
    expect(row).toMatchObject({ modelCalls: 1, inputTokens: 1240 });
  });
});
