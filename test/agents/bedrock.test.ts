// tracelight/bedrock with the real client, against a stub that speaks HTTP/2 and AWS's binary event streams.
import { createServer, type Http2Server, type ServerHttp2Stream } from "node:http2";
import {
  BedrockRuntimeClient,
  ConverseCommand,
  type ConverseCommandInput,
  ConverseStreamCommand,
  InvokeModelCommand,
  InvokeModelWithResponseStreamCommand,
} from "@aws-sdk/client-bedrock-runtime";
import { InMemoryTracer, type Span } from "tracelight";
import { traceBedrock } from "tracelight/bedrock";
import { readSpan } from "tracelight/conventions";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventFrame } from "../event-frames.ts";
import {
  type Answer,
  essence,
  FIRST,
  LAST,
  QUESTION,
  READINGS,
  RESULTS,
  SCHEMA,
  SYSTEM,
  TOOL,
} from "./conversation.ts";
import { anthropic } from "./wires.ts";

const MODEL = "stub-1";
let server: Http2Server;
let endpoint = "";
/** What the next requests are answered with: a status and JSON, or the frames of a stream. */
let answer: (stream: ServerHttp2Stream, path: string, attempt: number) => void = () => undefined;
beforeAll(async () => {
  let attempt = 0;
  server = createServer();
  server.on("stream", (stream, headers) => {
    stream.on("error", () => undefined);
    stream.resume().on("end", () => answer(stream, String(headers[":path"]), attempt++));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  endpoint = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
});
afterAll(() => server.close());

/** Runs `use` with a traced client, and gives the only span, once it has ended. */
async function traced(use: (client: BedrockRuntimeClient) => Promise<unknown>): Promise<Span> {
  const tracer = new InMemoryTracer();
  const credentials = { accessKeyId: "AKIA-very-secret", secretAccessKey: "very-secret" };
  const client = new BedrockRuntimeClient({ region: "eu-central-1", endpoint, credentials });
  expect(traceBedrock(client, tracer)).toBe(client);
  await use(client);
  while (tracer.openSpans().length > 0) await new Promise((resolve) => setTimeout(resolve, 2));
  client.destroy();
  const [span, ...others] = tracer.getTraces();
  if (span === undefined || others.length > 0) throw new Error("not one span");
  expect(JSON.stringify(span.toJSON())).not.toMatch(/very-secret|Signature/);
  return span;
}

const how = ({ spanStatus, attributes }: Span) => ({
  spanStatus,
  aborted: attributes["ai.conversation.aborted"],
});
const DONE = { spanStatus: "UNSET", aborted: undefined };

function json(value: object, status: number = 200): typeof answer {
  return (stream) => {
    stream.respond({ ":status": status, "content-type": "application/json" });
    stream.end(JSON.stringify(value));
  };
}

function frames(events: readonly (readonly [string, object])[], isLeftOpen: boolean = false): typeof answer {
  return (stream) => {
    stream.respond({ ":status": 200, "content-type": "application/vnd.amazon.eventstream" });
    for (const [name, payload] of events) stream.write(eventFrame(name, payload));
    if (!isLeftOpen) stream.end();
  };
}

function request(hasResults: boolean): ConverseCommandInput {
  const asked = { role: "user" as const, content: [{ text: QUESTION }] };
  const tools = FIRST.tools ?? [];
  const uses = tools.map(({ id, name, arguments: input }) => ({
    toolUse: { toolUseId: id, name, input: { city: String(input["city"]) } },
  }));
  const results = tools.map(({ id, arguments: input }) => ({
    toolResult: { toolUseId: id, content: [{ text: JSON.stringify(RESULTS[String(input["city"])]) }] },
  }));
  const later = [
    { role: "assistant" as const, content: [{ text: FIRST.text ?? "" }, ...uses] },
    { role: "user" as const, content: results },
  ];
  const { name, description } = TOOL;
  return {
    ...{ modelId: MODEL, system: [{ text: SYSTEM }], messages: hasResults ? [asked, ...later] : [asked] },
    ...{
      inferenceConfig: { maxTokens: 100 },
      guardrailConfig: { guardrailIdentifier: "g1", guardrailVersion: "1" },
    },
    toolConfig: { tools: [{ toolSpec: { name, description, inputSchema: { json: SCHEMA } } }] },
  };
}

/** Its input is without cached tokens. */
function usageOf({ usage }: Answer): object {
  const cached = usage.cachedRead ?? 0;
  return {
    inputTokens: (usage.input ?? 0) - cached,
    outputTokens: usage.output,
    totalTokens: 1,
    cacheReadInputTokens: cached,
  };
}

function whole(given: Answer): object {
  const uses = (given.tools ?? []).map(({ id, name, arguments: input }) => ({
    toolUse: { toolUseId: id, name, input },
  }));
  return {
    output: { message: { role: "assistant", content: [{ text: given.text }, ...uses] } },
    ...{
      stopReason: given.tools === undefined ? "end_turn" : "tool_use",
      usage: usageOf(given),
      metrics: { latencyMs: 7 },
    },
  };
}

function events(given: Answer): (readonly [string, object])[] {
  const tools = (given.tools ?? []).flatMap(
    ({ id, name, arguments: input }, i): (readonly [string, object])[] => {
      const contentBlockIndex = i + 1;
      const pieces = JSON.stringify(input).match(/.{1,6}/g) ?? [];
      return [
        ["contentBlockStart", { contentBlockIndex, start: { toolUse: { toolUseId: id, name } } }],
        ...pieces.map(
          (piece) =>
            ["contentBlockDelta", { contentBlockIndex, delta: { toolUse: { input: piece } } }] as const,
        ),
        ["contentBlockStop", { contentBlockIndex }],
      ];
    },
  );
  const texts = ["", ...((given.text ?? "").match(/.{1,4}/g) ?? [])];
  return [
    ["messageStart", { role: "assistant" }],
    ...texts.map((text) => ["contentBlockDelta", { contentBlockIndex: 0, delta: { text } }] as const),
    ["contentBlockStop", { contentBlockIndex: 0 }],
    ...tools,
    ["messageStop", { stopReason: given.tools === undefined ? "end_turn" : "tool_use" }],
    ["metadata", { usage: usageOf(given), metrics: { latencyMs: 7 } }],
  ];
}

describe("Converse", () => {
  it("the same conversation reads the same, whole and streamed", async () => {
    for (const [i, given] of [FIRST, LAST].entries()) {
      answer = json(whole(given));
      const one = await traced((client) => client.send(new ConverseCommand(request(i === 1))));
      answer = frames(events(given));
      const two = await traced(async (client) => {
        const { stream } = await client.send(new ConverseStreamCommand(request(i === 1)));
        const kinds: (string | undefined)[] = [];
        for await (const event of stream ?? []) kinds.push(Object.keys(event)[0]);
        expect(kinds).toEqual(events(given).map(([name]) => name));
      });
      for (const span of [one, two]) {
        expect(essence(readSpan(span))).toEqual(READINGS[i]);
        expect(how(span)).toEqual(DONE);
        expect([readSpan(span).usage?.cachedRead, readSpan(span).provider]).toEqual([
          given.usage.cachedRead ?? 0,
          "aws.bedrock",
        ]);
        expect(span.attributes["ai.llm.response.metrics"]).toEqual({ latencyMs: 7 });
        expect(span.attributes["ai.llm.request.inference.config"]).toMatchObject({
          maxTokens: 100,
          guardrailConfig: {},
        });
      }
      expect(two.attributes).toHaveProperty(["gen_ai.response.time_to_first_chunk"]);
    }
  });

  it("a stream that is left, aborted or fails ends its span as it was, with what came", async () => {
    const some = events(LAST).slice(0, 3);
    answer = frames(some, true);
    const left = await traced(async (client) => {
      const { stream } = await client.send(new ConverseStreamCommand(request(true)));
      for await (const event of stream ?? []) if (event.contentBlockDelta?.delta?.text === "It i") break;
    });
    expect(how(left)).toEqual({ spanStatus: "UNSET", aborted: true });
    expect(readSpan(left).output).toBe("It i");
    answer = frames([...some, ["modelStreamErrorException", { message: "no more" }]]);
    const failed = await traced(async (client) => {
      const { stream } = await client.send(new ConverseStreamCommand(request(true)));
      const read = async () => {
        for await (const _ of stream ?? []);
      };
      await expect(read()).rejects.toThrow("no more");
    });
    expect([failed.spanStatus, failed.statusMessage]).toEqual(["ERROR", "no more"]);
  });

  it("attempts are one span; a refusal fails it, an abort does not", async () => {
    let attempts = 0;
    answer = (stream, path, nr) =>
      attempts++ === 0
        ? json({ message: "slow down" }, 429)(stream, path, nr)
        : json(whole(LAST))(stream, path, nr);
    const busy = await traced((client) => client.send(new ConverseCommand(request(false))));
    expect([how(busy), busy.attributes["http.request.resend_count"]]).toEqual([DONE, 1]);
    answer = json({ message: "no such model" }, 400);
    const refused = await traced((client) =>
      expect(client.send(new ConverseCommand(request(false)))).rejects.toThrow("no such model"),
    );
    expect(refused.spanStatus).toBe("ERROR");
    answer = () => undefined;
    const aborted = await traced(async (client) => {
      const controller = new AbortController();
      setTimeout(() => controller.abort(), 20);
      const sent = client.send(new ConverseCommand(request(false)), { abortSignal: controller.signal });
      await expect(sent).rejects.toThrow();
    });
    expect(how(aborted)).toEqual({ spanStatus: "UNSET", aborted: true });
  });
});

describe("InvokeModel", () => {
  const prompt = (body: object) =>
    new InvokeModelCommand({ modelId: MODEL, body: JSON.stringify(body), contentType: "application/json" });
  const bodies: Readonly<Record<string, readonly [body: object, answer: object]>> = {
    Anthropic: [
      {
        anthropic_version: "bedrock-2023-05-31",
        max_tokens: 9,
        messages: [{ role: "user", content: QUESTION }],
      },
      anthropic.whole(LAST),
    ],
    "Amazon Nova": [{ messages: [{ role: "user", content: [{ text: QUESTION }] }] }, whole(LAST)],
    "Amazon Titan": [
      { inputText: QUESTION },
      {
        inputTextTokenCount: 1300,
        results: [{ tokenCount: 12, outputText: LAST.text, completionReason: "FINISH" }],
      },
    ],
    Meta: [
      { prompt: QUESTION, max_gen_len: 9 },
      { generation: LAST.text, prompt_token_count: 1300, generation_token_count: 12, stop_reason: "stop" },
    ],
    Mistral: [
      { messages: [{ role: "user", content: QUESTION }] },
      {
        choices: [{ message: { role: "assistant", content: LAST.text }, stop_reason: "stop" }],
        usage: { prompt_tokens: 1300, completion_tokens: 12 },
      },
    ],
  };

  it.each(Object.entries(bodies))("of %s reads as a call of a model", async (_, [body, given]) => {
    answer = json(given);
    const span = await traced(async (client) => {
      const { body: bytes } = await client.send(prompt(body));
      expect(JSON.parse(new TextDecoder().decode(bytes))).toEqual(given);
    });
    const { kind, input, output, usage, model } = readSpan(span);
    expect({ kind, input, output, model, usage: { input: usage?.input, output: usage?.output } }).toEqual({
      ...{ kind: "model-call", input: QUESTION, output: LAST.text, model: MODEL },
      usage: { input: 1300, output: 12 },
    });
  });

  it("of a stream, in pieces of JSON, reads the same", async () => {
    const pieces = anthropic.pieces(LAST).map((piece) => String(piece).replace(/^[\s\S]*?data: /, ""));
    answer = frames(
      pieces.map((piece) => ["chunk", { bytes: Buffer.from(piece).toString("base64") }] as const),
    );
    const body = JSON.stringify(bodies["Anthropic"]?.[0]);
    const span = await traced(async (client) => {
      const { body: stream } = await client.send(
        new InvokeModelWithResponseStreamCommand({ modelId: MODEL, body }),
      );
      let count = 0;
      for await (const _ of stream ?? []) count++;
      expect(count).toBe(pieces.length);
    });
    const { output, usage, finishReason } = readSpan(span);
    expect([how(span), output, usage?.output, finishReason]).toEqual([DONE, LAST.text, 12, "end_turn"]);
  });
});
