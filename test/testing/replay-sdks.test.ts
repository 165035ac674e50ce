// Recordings of libraries' telemetry, Bedrock, embeddings and what goes to the network: replayed through the real clients.
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createOpenAI } from "@ai-sdk/openai";
import {
  BedrockRuntimeClient,
  ConverseCommand,
  ConverseStreamCommand,
  InvokeModelCommand,
  InvokeModelWithResponseStreamCommand,
} from "@aws-sdk/client-bedrock-runtime";
import { LLMock } from "@copilotkit/aimock";
import { ChatOpenAI } from "@langchain/openai";
import { generateText, jsonSchema, stepCountIs, streamText, tool } from "ai";
import { Ollama } from "ollama";
import OpenAI from "openai";
import { InMemoryTracer, readable, type Tracer } from "tracelight";
import { aiSdk } from "tracelight/ai-sdk";
import { traceBedrock } from "tracelight/bedrock";
import { readSpan } from "tracelight/conventions";
import { type FetchLike, tracedFetch } from "tracelight/fetch";
import { langChain } from "tracelight/langchain";
import {
  aimockFixtures,
  cassetteOf,
  replay,
  replayBedrock,
  replayFetch,
  replayTools,
} from "tracelight/replay";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compareSteps, stepsOf } from "../../src/conventions/compare/steps.ts";
import { otlpEncoder } from "../../src/otlp/codec.ts";
import { TraceView } from "../../src/testing/assertions/view.ts";
import { goldenSteps } from "../../src/testing/golden/normal.ts";
import { CLIENTS } from "../agents/clients.ts";
import { QUESTION, RESULTS, SCHEMA, SYSTEM, TOOL } from "../agents/conversation.ts";
import { StubServer } from "../agents/server.ts";

let server: StubServer;
beforeAll(async () => {
  server = await StubServer.start();
});
afterAll(() => server.close());

const offline: FetchLike = () => Promise.reject(new Error("the network was asked"));
const steps = (tracer: InMemoryTracer) => goldenSteps(new TraceView(tracer.getTraces(), {}), {});

/** Agents whose library runs the loop of tools, traced by its telemetry. */
const AGENTS: Readonly<
  Record<string, (tracer: Tracer, url: string, fetch: FetchLike, tools: Tools) => Promise<unknown>>
> = {
  "ai, generateText": async (tracer, url, fetch, { get_weather }) =>
    (await generateText(request(tracer, url, fetch, get_weather))).text,
  "ai, streamText": async (tracer, url, fetch, { get_weather }) =>
    streamText(request(tracer, url, fetch, get_weather)).text,
  langchain: (tracer, url, fetch) =>
    chatOf(tracer, url, fetch)
      .invoke([
        ["system", SYSTEM],
        ["user", QUESTION],
      ])
      .then(({ content, tool_calls }) => ({ content, tool_calls })),
  "langchain, streamed": async (tracer, url, fetch) => {
    let text = "";
    for await (const { content } of await chatOf(tracer, url, fetch).stream([
      ["system", SYSTEM],
      ["user", QUESTION],
    ]))
      text += String(content);
    return text;
  },
};
type Tools = { readonly get_weather: (input: { city: string }) => Promise<unknown> };

function request(tracer: Tracer, baseURL: string, fetch: FetchLike, execute: Tools["get_weather"]) {
  const inputSchema = jsonSchema<{ city: string }>({
    type: "object",
    properties: { city: { type: "string" } },
    required: ["city"],
  });
  return {
    model: createOpenAI({ baseURL, apiKey: "key", fetch }).chat("stub-1"),
    ...{
      system: SYSTEM,
      messages: [{ role: "user" as const, content: QUESTION }],
      maxRetries: 0,
      stopWhen: stepCountIs(3),
    },
    tools: { get_weather: tool({ description: TOOL.description, inputSchema, execute }) },
    experimental_telemetry: aiSdk(tracer),
  };
}

function chatOf(tracer: Tracer, baseURL: string, fetch: FetchLike) {
  const tools = [
    { type: "function", function: { name: TOOL.name, description: TOOL.description, parameters: SCHEMA } },
  ];
  return new ChatOpenAI({
    model: "stub-1",
    apiKey: "key",
    configuration: { baseURL, fetch },
    maxRetries: 0,
    callbacks: [langChain(tracer)],
  }).bindTools(tools);
}

describe.each(Object.entries(AGENTS))("%s", (name, agent) => {
  const times = name === "ai, generateText" ? 20 : 2;
  it(`recorded by its telemetry: the same, offline, ${times} times`, async () => {
    const get_weather = async ({ city }: { city: string }) => RESULTS[city];
    const tracer = new InMemoryTracer();
    const url = server.baseUrl("talk");
    const app = await tracer.trace("work", () => agent(tracer, url, fetch, { get_weather }));
    const asked = server.seenAt(url).length;
    for (let i = 0; i < times; i++) {
      const recording = await replay(tracer.getTraces());
      const again = new InMemoryTracer();
      const never = async (_: { city: string }) => Promise.reject(new Error("a real tool was called"));
      const tools = replayTools(recording, { get_weather: never });
      expect(
        await again.trace("work", () => agent(again, url, replayFetch(recording, { fetch: offline }), tools)),
      ).toEqual(app);
      expect(steps(again)).toEqual(steps(tracer));
      expect([recording.left, recording.misses]).toEqual([0, []]);
    }
    expect(server.seenAt(url)).toHaveLength(asked);
  });
});

describe("Bedrock", () => {
  const text = (words: string) => [{ role: "user" as const, content: [{ text: words }] }];
  const credentials = { accessKeyId: "key", secretAccessKey: "secret" };
  const commands = (model: string) => ({
    modelId: model,
    messages: text(QUESTION),
    system: [{ text: SYSTEM }],
  });

  const partsOf = async (stream: AsyncIterable<unknown> | undefined) => {
    const parts: unknown[] = [];
    for await (const part of stream ?? []) parts.push(part);
    return parts;
  };

  it.each(["say", "talk", "think"] as const)("Converse and ConverseStream: %s", async (does) => {
    const work = async (tracer: InMemoryTracer, client: BedrockRuntimeClient) => {
      traceBedrock(client, tracer);
      return tracer.trace("work", async () => {
        const { output, stopReason, usage, metrics } = await client.send(
          new ConverseCommand(commands("stub-1")),
        );
        const { stream } = await client.send(new ConverseStreamCommand(commands("stub-1")));
        return { output, stopReason, usage, metrics, last: (await partsOf(stream)).slice(-2) };
      });
    };
    const tracer = new InMemoryTracer();
    const endpoint = server.baseUrl(does, 2);
    const app = await work(
      tracer,
      new BedrockRuntimeClient({ region: "eu-central-1", endpoint, credentials }),
    );
    const recording = await replay(tracer.getTraces());
    const again = new InMemoryTracer();
    // Without credentials, and without a service.
    const client = replayBedrock(
      new BedrockRuntimeClient({ region: "eu-central-1", endpoint: "http://127.0.0.1:9" }),
      recording,
    );
    expect(await work(again, client)).toEqual(app);
    expect(steps(again)).toEqual(steps(tracer));
    await expect(
      client.send(new ConverseCommand({ ...commands("stub-1"), messages: text("Other") })),
    ).rejects.toMatchObject({ code: "REPLAY_MISS" });
  });

  const asked = { role: "user", content: "Weather?" };
  const said = { role: "assistant", content: [{ text: "It is sunny." }] };
  /** What the answers of all families may have. */
  interface FamilyAnswer {
    readonly content?: readonly { readonly text: string }[];
    readonly delta?: { readonly text?: string };
    readonly output?: { readonly message: typeof said };
    readonly contentBlockDelta?: { readonly delta: { readonly text: string } };
    readonly results?: readonly { readonly outputText: string }[];
    readonly outputText?: string;
    readonly generation?: string;
    readonly choices?: readonly { readonly message: { readonly content: string } }[];
  }
  interface Family {
    readonly body: object;
    readonly content: unknown;
    readonly model: string;
    readonly words: (answer: FamilyAnswer) => string | undefined;
  }
  const FAMILIES: Readonly<Record<string, Family>> = {
    anthropic: {
      body: { anthropic_version: "bedrock-2023-05-31", max_tokens: 9, messages: [asked] },
      content: [{ type: "text", text: "It is sunny." }],
      model: "anthropic.claude",
      words: ({ content, delta }) => content?.[0]?.text ?? delta?.text,
    },
    nova: {
      body: { messages: [{ role: "user", content: [{ text: "Weather?" }] }] },
      content: said.content,
      model: "amazon.nova",
      words: ({ output, contentBlockDelta: piece }) => output?.message.content[0]?.text ?? piece?.delta.text,
    },
    titan: {
      body: { inputText: "Weather?" },
      content: said.content,
      model: "amazon.titan",
      words: ({ results, outputText }) => results?.[0]?.outputText ?? outputText,
    },
    llama: {
      body: { prompt: "Weather?" },
      content: said.content,
      model: "meta.llama3",
      words: ({ generation }) => generation,
    },
    mistral: {
      body: { messages: [asked] },
      content: "It is sunny.",
      model: "mistral.large",
      words: ({ choices }) => choices?.[0]?.message.content,
    },
  };
  const read = (body: Uint8Array | undefined) => JSON.parse(new TextDecoder().decode(body));

  it.each(Object.entries(FAMILIES))("InvokeModel: %s", async (_, { body, content, model, words }) => {
    const output = { message: { role: "assistant", content } };
    const recorded = new InMemoryTracer();
    const send = async (client: BedrockRuntimeClient) => {
      const input = { modelId: model, body: JSON.stringify(body) };
      const whole = await client
        .send(new InvokeModelCommand(input))
        .then((answer) => words(read(answer.body)));
      const { body: stream } = await client.send(new InvokeModelWithResponseStreamCommand(input));
      const parts: unknown[] = [];
      for await (const { chunk } of stream ?? []) parts.push(words(read(chunk?.bytes)));
      return [whole, parts.join("")];
    };
    // What traceBedrock records of each, without a service of that family.
    for (let i = 0; i < 2; i++) {
      const attributes = {
        ...{
          "ai.trace.type": "llm-invocation",
          "ai.llm.request.model.id": model,
          "ai.llm.response.output": output,
        },
        "ai.llm.request.messages": Object(body).messages ?? Object(body).prompt ?? Object(body).inputText,
      };
      recorded.startSpan(`chat ${model}`, { attributes }).end();
    }
    const again = new InMemoryTracer();
    const client = replayBedrock(
      new BedrockRuntimeClient({ region: "eu-central-1" }),
      await replay(recorded.getTraces()),
    );
    traceBedrock(client, again);
    expect(await send(client)).toEqual(["It is sunny.", "It is sunny."]);
    for (const span of again.getTraces()) expect(readSpan(span).output).toBe("It is sunny.");
  });
});

describe("record", () => {
  const file = async () => join(await mkdtemp(join(tmpdir(), "cassette-")), "deep", "talk.jsonl");

  it.each(["openai, chat", "@anthropic-ai/sdk", "ollama"])(
    "what is missing goes to the network, once: %s",
    async (name) => {
      const cassette = await file();
      const url = server.baseUrl("talk");
      const work = async (send: FetchLike) => {
        const ask = (more: object) => CLIENTS[name]?.({ url, fetch: send, isStreamed: true, ...more });
        await ask({});
        await ask({ hasResults: true });
      };
      await work(replayFetch(await replay(cassette, { mode: "record" })));
      const first = await readFile(cassette, "utf8");
      expect(first.split("\n")).toHaveLength(3);
      expect(first).not.toContain("planted-secret");
      expect(server.seenAt(url)).toHaveLength(2);
      await work(replayFetch(await replay(cassette, { mode: "record" })));
      expect([server.seenAt(url).length, await readFile(cassette, "utf8")]).toEqual([2, first]);
      const recording = await replay(cassette);
      await work(replayFetch(recording, { fetch: offline }));
      expect(recording.left).toBe(0);
    },
  );

  it("needs a file; tools are recorded too", async () => {
    await expect(replay([], { mode: "record" })).rejects.toMatchObject({ code: "INVALID_OPTION" });
    const cassette = await file();
    let calls = 0;
    const get_weather = async ({ city }: { city: string }) => ({ city, calls: ++calls });
    const fails = async (_: string) => Promise.reject(new RangeError("closed"));
    const tools = replayTools(await replay([], { mode: "record", cassette }), { get_weather, fails });
    expect(await tools.get_weather({ city: "Paris" })).toEqual({ city: "Paris", calls: 1 });
    await expect(tools.fails("now")).rejects.toThrow("closed");
    const again = replayTools(await replay(cassette), { get_weather, fails });
    expect(await again.get_weather({ city: "Paris" })).toEqual({ city: "Paris", calls: 1 });
    await expect(again.fails("now")).rejects.toMatchObject({ name: "RangeError", message: "closed" });
    expect(calls).toBe(1);
  });

  it("embeddings with their vectors; a trace has none, and gives the same for the same text", async () => {
    const cassette = await file();
    const vectors = [
      [0.5, -0.25],
      [1, 0],
    ];
    const real: FetchLike = async (_, init) => {
      const { input } = JSON.parse(String(init?.body));
      const data = input.map((_text: string, index: number) => ({
        object: "embedding",
        index,
        embedding: vectors[index],
      }));
      return Response.json({
        object: "list",
        data,
        model: "embed-1",
        usage: { prompt_tokens: 4, total_tokens: 4 },
      });
    };
    const embed = async (send: FetchLike) => {
      const openai = new OpenAI({ apiKey: "key", fetch: send });
      const { data, usage } = await openai.embeddings.create({
        model: "embed-1",
        input: ["a", "b"],
        encoding_format: "float",
      });
      return { vectors: data.map(({ embedding }) => embedding), usage };
    };
    const recorded = await embed(replayFetch(await replay(cassette, { mode: "record" }), { fetch: real }));
    expect(recorded.vectors).toEqual(vectors);
    expect(await embed(replayFetch(await replay(cassette), { fetch: offline }))).toEqual(recorded);
    const tracer = new InMemoryTracer();
    await embed(tracedFetch(tracer, { fetch: real }));
    const made = await embed(replayFetch(await replay(tracer.getTraces()), { fetch: offline }));
    expect(made.usage).toEqual(recorded.usage);
    expect(made).toEqual(await embed(replayFetch(await replay(tracer.getTraces()))));
    expect(made.vectors.map((vector) => [vector.length, Math.round(Math.hypot(...vector))])).toEqual([
      [1536, 1],
      [1536, 1],
    ]);
  });
});

it("Ollama's generate, whole and streamed", async () => {
  const tracer = new InMemoryTracer();
  const answer = {
    model: "llama3",
    created_at: "2026-11-30T00:00:00Z",
    response: "It is sunny.",
    done: true,
    done_reason: "stop",
    eval_count: 4,
  };
  const real: FetchLike = async () => Response.json(answer);
  const work = async (send: FetchLike) => {
    const client = new Ollama({ fetch: (input, init) => send(input, init) });
    const { response } = await client.generate({ model: "llama3", prompt: "Weather?" });
    return response;
  };
  await work(tracedFetch(tracer, { fetch: real }));
  expect(await work(replayFetch(await replay(tracer.getTraces()), { fetch: offline }))).toBe("It is sunny.");
  const streamed = new Ollama({ fetch: replayFetch(await replay(tracer.getTraces()), { fetch: offline }) });
  let text = "";
  for await (const { response } of await streamed.generate({
    model: "llama3",
    prompt: "Weather?",
    stream: true,
  }))
    text += response;
  expect(text).toBe("It is sunny.");
});

it("a fork goes on at the model, and the two traces compare", async () => {
  const url = server.baseUrl("talk");
  const get_weather = async ({ city }: { city: string }) => RESULTS[city];
  const tracer = new InMemoryTracer();
  await tracer.trace("work", () => AGENTS["ai, generateText"]?.(tracer, url, fetch, { get_weather }));
  const recording = await replay({ store: tracer }, { until: 1 });
  const again = new InMemoryTracer();
  const tools = replayTools(recording, { get_weather: async () => ({ temperature: -20 }) });
  const other = server.baseUrl("talk");
  await again.trace("work", () => AGENTS["ai, generateText"]?.(again, other, replayFetch(recording), tools));
  // The first answer and the tools are the recording's, the second answer is the model's.
  expect(server.seenAt(other)).toHaveLength(1);
  const outlines = async (one: InMemoryTracer) =>
    stepsOf(await readable(one).outlines({ traceId: one.getTraces()[0]?.traceId ?? "" }));
  const { rows } = compareSteps(await outlines(tracer), await outlines(again));
  expect(rows.map(({ state }) => state)).toEqual(rows.map(() => "same"));
  expect(rows.length).toBeGreaterThan(3);
});

it("aimock's real server answers a real client from the fixtures", async () => {
  const url = server.baseUrl("talk");
  const tracer = new InMemoryTracer();
  const talk = async (to: string, send: FetchLike) => {
    const ask = (more: object) =>
      CLIENTS["openai, chat"]?.({ url: to, fetch: send, isStreamed: false, ...more });
    return [await ask({}), await ask({ hasResults: true })].map(
      (answer) => Object(answer).choices[0].message,
    );
  };
  const app = await talk(url, tracedFetch(tracer));
  const folder = await mkdtemp(join(tmpdir(), "fixtures-"));
  const path = join(folder, "talk.json");
  await writeFile(path, JSON.stringify(aimockFixtures(tracer.getTraces())));
  const mock = new LLMock({ port: 0 });
  mock.loadFixtureFile(path);
  const at = await mock.start();
  try {
    const said = await talk(at, fetch);
    expect(said.map(({ content, tool_calls }) => ({ content, tool_calls }))).toEqual(
      app.map(({ content, tool_calls }) => ({ content, tool_calls })),
    );
  } finally {
    await mock.stop();
  }
});

it("a recording in a store, and what it exports: records and OTLP", async () => {
  const tracer = new InMemoryTracer();
  const url = server.baseUrl("say");
  const ask = CLIENTS["openai, chat"];
  const said = Object(await ask?.({ url, fetch: tracedFetch(tracer), isStreamed: false }));
  const [span] = tracer.getTraces();
  const recording = await replay({ store: tracer, traceId: span?.traceId ?? "" });
  expect(recording.left).toBe(1);
  const folder = await mkdtemp(join(tmpdir(), "export-"));
  const record = JSON.stringify(span?.toJSON());
  const otlp = otlpEncoder("json");
  const files = {
    "otlp.json": Buffer.from(otlp.join(tracer.getTraces().map((one) => otlp.encode(one)))).toString(),
    "records.jsonl": `${record}\n\n`,
    "list.json": `[${record}]`,
    "log.jsonl": `{"level":"INFO","trace":${record}}\n`,
  };
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(folder, name), text);
    const again = await replay(join(folder, name));
    expect(again.left).toBe(1);
    expect(await ask?.({ url, fetch: replayFetch(again), isStreamed: false })).toEqual({
      ...said,
      created: expect.any(Number),
    });
    expect(again.left).toBe(0);
  }
  await writeFile(join(folder, "broken.jsonl"), `${record}\n{"half": \n`);
  await expect(replay(join(folder, "broken.jsonl"))).rejects.toThrow(
    /^Line 2 of .*broken.jsonl cannot be replayed: it is no JSON/,
  );
  await writeFile(join(folder, "atif.json"), '{"schema_version": "ATIF-v1.7", "steps": []}');
  await expect(replay(join(folder, "atif.json"))).rejects.toThrow(/ATIF does not say what each model call/);
  expect(cassetteOf(tracer.getTraces())).toContain(QUESTION);
});
