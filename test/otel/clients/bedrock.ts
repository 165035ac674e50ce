// A stub of Amazon Bedrock, programs that ask it, and what was said. It speaks HTTP/2, as the client does, and sends streams in the
// framing of AWS.
import { createServer } from "node:http2";
import type { Server } from "node:net";
import type { BedrockRuntimeClient } from "@aws-sdk/client-bedrock-runtime";
import { eventFrame } from "../../event-frames.ts";
import { type Work, withServer } from "./support.ts";

/** The model that is asked for. */
export const MODEL = "eu.anthropic.claude-haiku-4-5-20251001-v1:0";

/** The package of the client. */
type Sdk = typeof import("@aws-sdk/client-bedrock-runtime");

/** A turn with a call of `Converse`. */
export function converse(sdk: Sdk, work: Work): Promise<unknown> {
  return withClient(sdk, work, (client) => client.send(new sdk.ConverseCommand(REQUEST)));
}

/** A turn with a call of `ConverseStream`; `isLeft`: the program reads the first part alone. */
export function converseStream(sdk: Sdk, work: Work, isLeft: boolean = false): Promise<unknown> {
  return withClient(sdk, work, async (client) => {
    const { stream = [] } = await client.send(new sdk.ConverseStreamCommand(REQUEST));
    for await (const event of stream) {
      if (event.messageStart === undefined) continue;
      await work.useFirstPart();
      if (isLeft) break;
    }
  });
}

/** A turn with a client whose requests are signed in a span of ours. */
async function withClient(
  sdk: Sdk,
  work: Work,
  use: (client: BedrockRuntimeClient) => Promise<unknown>,
): Promise<void> {
  await withServer(bedrock(work.used), async (endpoint) => {
    const credentials = { accessKeyId: "none", secretAccessKey: "none" };
    const client = new sdk.BedrockRuntimeClient({ region: "eu-central-1", endpoint, credentials });
    client.middlewareStack.add((next) => (args) => work.span("sign", () => next(args)), { step: "build" });
    await work.span("turn", () => use(client));
    client.destroy();
  });
}

/** Answers `Converse` at once; of `ConverseStream`, all events but the first once the client has used that. */
function bedrock(used: Promise<void>): Server {
  return createServer(async (request, response) => {
    if (!request.url.endsWith("/converse-stream")) {
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify(ANSWER));
      return;
    }
    const [first, ...others] = EVENTS.map(([name, payload]) => eventFrame(name, payload));
    response.setHeader("content-type", "application/vnd.amazon.eventstream");
    if (first !== undefined) response.write(first);
    await used;
    for (const frame of others) response.write(frame);
    response.end();
  });
}

/** What the tool of the request takes. */
export const SCHEMA = { type: "object", properties: { city: { type: "string" } } };
const REQUEST = {
  modelId: MODEL,
  system: [{ text: "You are a weather bot." }],
  messages: [
    {
      role: "user" as const,
      content: [
        { text: "What is the weather here, and the time?" },
        { image: { format: "png" as const, source: { bytes: Uint8Array.of(1, 2) } } },
      ],
    },
    {
      role: "assistant" as const,
      content: [
        { toolUse: { toolUseId: "t1", name: "get_place", input: {} } },
        { toolUse: { toolUseId: "t2", name: "get_time", input: { zone: "CET" } } },
      ],
    },
    {
      role: "user" as const,
      content: [
        { toolResult: { toolUseId: "t1", content: [{ text: "Amsterdam" }] } },
        { toolResult: { toolUseId: "t2", content: [{ text: "no clock" }], status: "error" as const } },
      ],
    },
  ],
  toolConfig: {
    tools: [
      {
        toolSpec: {
          ...{ name: "get_weather", description: "The weather of a city" },
          inputSchema: { json: SCHEMA },
        },
      },
    ],
  },
};
const USAGE = {
  ...{ inputTokens: 40, outputTokens: 30, totalTokens: 1270 },
  ...{ cacheReadInputTokens: 1000, cacheWriteInputTokens: 200 },
};
const TOOL = { toolUseId: "t3", name: "get_weather" };
const ANSWER = {
  output: {
    message: {
      role: "assistant",
      content: [{ text: "Let me look." }, { toolUse: { ...TOOL, input: { city: "Amsterdam" } } }],
    },
  },
  ...{ stopReason: "tool_use", usage: USAGE, metrics: { latencyMs: 1 } },
};
const EVENTS = [
  ["messageStart", { role: "assistant" }],
  ["contentBlockDelta", { contentBlockIndex: 0, delta: { reasoningContent: { text: "The weather." } } }],
  ["contentBlockStop", { contentBlockIndex: 0 }],
  ["contentBlockDelta", { contentBlockIndex: 1, delta: { text: "Let me " } }],
  ["contentBlockDelta", { contentBlockIndex: 1, delta: { text: "look." } }],
  ["contentBlockStop", { contentBlockIndex: 1 }],
  ["contentBlockStart", { contentBlockIndex: 2, start: { toolUse: TOOL } }],
  ["contentBlockDelta", { contentBlockIndex: 2, delta: { toolUse: { input: '{"city":' } } }],
  ["contentBlockDelta", { contentBlockIndex: 2, delta: { toolUse: { input: '"Amsterdam"}' } } }],
  ["contentBlockStop", { contentBlockIndex: 2 }],
  ["messageStop", { stopReason: "tool_use" }],
  ["metadata", { usage: USAGE, metrics: { latencyMs: 1 } }],
] as const;
