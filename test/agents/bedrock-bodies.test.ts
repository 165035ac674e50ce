// Streamed bodies of InvokeModel, of each family of models, and what guardrails found: the real client against HTTP/2 and binary event streams.
import { createServer, type Http2Server } from "node:http2";
import {
  BedrockRuntimeClient,
  ConverseCommand,
  ConverseStreamCommand,
  InvokeModelCommand,
  InvokeModelWithResponseStreamCommand,
} from "@aws-sdk/client-bedrock-runtime";
import { InMemoryTracer, type Span } from "tracelight";
import { traceBedrock } from "tracelight/bedrock";
import { readSpan } from "tracelight/conventions";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventFrame } from "../event-frames.ts";
import { collected } from "./collected.ts";
import { LAST, QUESTION } from "./conversation.ts";

let server: Http2Server;
let endpoint = "";
/** What the next request is answered with: JSON, or the events of a stream. */
let answer: object | readonly (readonly [name: string, payload: object])[] = {};
beforeAll(async () => {
  server = createServer();
  server.on("stream", (stream) => {
    const isStream = Array.isArray(answer);
    const type = isStream ? "application/vnd.amazon.eventstream" : "application/json";
    stream.respond({ ":status": 200, "content-type": type });
    if (Array.isArray(answer)) for (const [name, payload] of answer) stream.write(eventFrame(name, payload));
    else stream.write(JSON.stringify(answer));
    stream.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  endpoint = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
});
afterAll(() => server.close());

/** What the app gets with and without tracing, and the span. */
async function spanOf(use: (client: BedrockRuntimeClient) => Promise<unknown>): Promise<Span> {
  const tracer = new InMemoryTracer();
  const seen: unknown[] = [];
  for (const isTraced of [true, false]) {
    const credentials = { accessKeyId: "k", secretAccessKey: "k" };
    const client = new BedrockRuntimeClient({ region: "eu-central-1", endpoint, credentials });
    seen.push(await use(isTraced ? traceBedrock(client, tracer) : client));
    client.destroy();
  }
  expect(seen[0]).toEqual(seen[1]);
  await collected(tracer);
  const [span, ...others] = tracer.getTraces();
  if (span === undefined || others.length > 0) throw new Error("not one span");
  return span;
}

async function all(stream: AsyncIterable<unknown> = nothing()): Promise<unknown[]> {
  const parts: unknown[] = [];
  for await (const part of stream) parts.push(part);
  return parts;
}

async function* nothing(): AsyncGenerator<never> {}

const chunk = (said: object) =>
  ["chunk", { bytes: Buffer.from(JSON.stringify(said)).toString("base64") }] as const;

const streamed = (body: object) => async (client: BedrockRuntimeClient) => {
  const command = new InvokeModelWithResponseStreamCommand({ modelId: "stub-1", body: JSON.stringify(body) });
  return all((await client.send(command)).body);
};

const WORDS = (LAST.text ?? "").match(/[\s\S]{1,5}/g) ?? [];
const METRICS = { "amazon-bedrock-invocationMetrics": { inputTokenCount: 1300, outputTokenCount: 12 } };

/** What is asked, and what is answered in pieces: words, then the end. */
const FAMILIES: Readonly<Record<string, readonly [body: object, pieces: readonly object[]]>> = {
  "Amazon Nova": [
    { messages: [{ role: "user", content: [{ text: QUESTION }] }] },
    [
      { messageStart: { role: "assistant" } },
      ...WORDS.map((text) => ({ contentBlockDelta: { contentBlockIndex: 0, delta: { text } } })),
      { contentBlockStop: { contentBlockIndex: 0 } },
      { messageStop: { stopReason: "end_turn" } },
      { metadata: { usage: { inputTokens: 1300, outputTokens: 12 }, metrics: {} }, ...METRICS },
    ],
  ],
  "Amazon Titan": [
    { inputText: QUESTION },
    [
      ...WORDS.map((outputText) => ({ outputText, index: 0, completionReason: null })),
      { outputText: "", index: 0, totalOutputTextTokenCount: 12, completionReason: "FINISH", ...METRICS },
    ],
  ],
  Meta: [
    { prompt: QUESTION, max_gen_len: 9 },
    [
      ...WORDS.map((generation, i) => ({
        ...{ generation, prompt_token_count: i === 0 ? 1300 : null, stop_reason: null },
        generation_token_count: i + 1,
      })),
      {
        generation: "",
        prompt_token_count: null,
        generation_token_count: 12,
        stop_reason: "stop",
        ...METRICS,
      },
    ],
  ],
  "Mistral, of a prompt": [
    { prompt: QUESTION, max_tokens: 9 },
    [
      ...WORDS.map((text) => ({ outputs: [{ text, stop_reason: null }] })),
      { outputs: [{ text: "", stop_reason: "stop" }], ...METRICS },
    ],
  ],
  "Mistral, of messages": [
    { messages: [{ role: "user", content: QUESTION }] },
    [
      ...WORDS.map((content) => ({
        choices: [{ index: 0, message: { role: "assistant", content }, stop_reason: null }],
      })),
      {
        choices: [{ index: 0, message: { role: "assistant", content: "" }, stop_reason: "stop" }],
        ...METRICS,
      },
    ],
  ],
};

describe.each(Object.entries(FAMILIES))("a stream of %s", (_, [body, pieces]) => {
  it("reads as its whole answer does", async () => {
    answer = pieces.map(chunk);
    const { kind, input, output, usage, finish, aborted, error } = readSpan(await spanOf(streamed(body)));
    expect({ kind, input, output, finish, aborted, error }).toEqual({
      ...{ kind: "model-call", input: QUESTION, output: LAST.text, finish: "stop" },
      ...{ aborted: false, error: undefined },
    });
    expect(usage).toMatchObject({ input: 1300, output: 12 });
  });

  it("that is cut is no success, and keeps what came", async () => {
    answer = pieces.slice(0, 4).map(chunk);
    const { output, aborted } = readSpan(await spanOf(streamed(body)));
    expect([aborted, WORDS.join("").startsWith(String(output))]).toEqual([true, true]);
  });
});

describe("a guardrail that steps in", () => {
  const guardrail = {
    inputAssessment: {
      g1: { topicPolicy: { topics: [{ name: "weather", type: "DENY", action: "BLOCKED" }] } },
    },
    actionReason: "Guardrail blocked.",
  };
  const BLOCKED = "I may not say that.";
  const usage = { inputTokens: 0, outputTokens: 0, totalTokens: 0 };
  const messages = [{ role: "user" as const, content: [{ text: QUESTION }] }];
  const guardrailConfig = { guardrailIdentifier: "g1", guardrailVersion: "1", trace: "enabled" as const };
  const converse = { modelId: "stub-1", messages, guardrailConfig };
  const beside = { "amazon-bedrock-trace": { guardrail }, "amazon-bedrock-guardrailAction": "INTERVENED" };
  const invoke = {
    ...{ modelId: "stub-1", guardrailIdentifier: "g1", guardrailVersion: "1", trace: "ENABLED" as const },
    body: JSON.stringify({ prompt: QUESTION }),
  };
  type Case = readonly [given: typeof answer, use: (client: BedrockRuntimeClient) => Promise<unknown>];
  const cases: Readonly<Record<string, Case>> = {
    Converse: [
      {
        output: { message: { role: "assistant", content: [{ text: BLOCKED }] } },
        ...{ stopReason: "guardrail_intervened", usage, trace: { guardrail } },
      },
      async (client) => (await client.send(new ConverseCommand(converse))).trace,
    ],
    ConverseStream: [
      [
        ["messageStart", { role: "assistant" }],
        ["contentBlockDelta", { contentBlockIndex: 0, delta: { text: BLOCKED } }],
        ["messageStop", { stopReason: "guardrail_intervened" }],
        ["metadata", { usage, trace: { guardrail } }],
      ],
      async (client) => all((await client.send(new ConverseStreamCommand(converse))).stream),
    ],
    InvokeModel: [
      { generation: BLOCKED, stop_reason: "stop", ...beside },
      async (client) => String((await client.send(new InvokeModelCommand(invoke))).body),
    ],
    "InvokeModel, streamed": [
      [chunk({ generation: BLOCKED, stop_reason: "stop" }), chunk(beside)],
      async (client) => all((await client.send(new InvokeModelWithResponseStreamCommand(invoke))).body),
    ],
  };

  it.each(Object.entries(cases))("%s: what it found is on the span", async (command, [given, use]) => {
    answer = given;
    const span = await spanOf(use);
    const { output, finish } = readSpan(span);
    expect([output, finish]).toEqual([BLOCKED, "content-filter"]);
    expect(span.attributes["ai.llm.response.guardrail"]).toEqual(guardrail);
    expect(span.attributes["ai.llm.request.inference.config"]).toMatchObject(
      command.startsWith("Invoke") ? { guardrailIdentifier: "g1" } : { guardrailConfig },
    );
  });
});
