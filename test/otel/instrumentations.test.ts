// Real instrumentations with real clients against local stub servers, through registerTracer: parents right, streams as long as they are.
import type { IncomingMessage, ServerResponse } from "node:http";
import { createRequire } from "node:module";
import { OpenAIInstrumentation } from "@arizeai/openinference-instrumentation-openai";
import { context, SpanKind, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { HttpInstrumentation } from "@opentelemetry/instrumentation-http";
import { BasicTracerProvider } from "@opentelemetry/sdk-trace-base";
import { simulateReadableStream, stepCountIs, streamText, tool } from "ai";
import { MockLanguageModelV2 } from "ai/test";
import OpenAI from "openai";
import { InMemoryTracer, type Span } from "tracelight";
import {
  OtelExporterTracer,
  type OtelReadableSpan,
  type OtelSpanExporter,
  registerTracer,
  TracelightSpanProcessor,
} from "tracelight/otel";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { disableAll, onOpenTelemetry, onTracelight, treeOf } from "./support.ts";

/** Asked for after the instrumentation is there, which changes what is required from then on. */
let http: typeof import("node:http");
let tracer: InMemoryTracer;
let undo: () => void;

beforeAll(() => {
  new HttpInstrumentation().enable();
  http = createRequire(import.meta.url)("http");
});
beforeEach(() => {
  tracer = new InMemoryTracer();
  undo = registerTracer(tracer);
});
afterEach(() => {
  undo();
  disableAll();
});

const named = (name: string): Span =>
  tracer.getTraces().find((span) => span.spanName === name) ?? expect.fail(`no span ${name}`);

type Answer = (request: IncomingMessage, response: ServerResponse) => unknown;

/** Runs `use` with the URL of a server. */
async function withServer<T>(answer: Answer, use: (url: string) => Promise<T>): Promise<T> {
  const server = http.createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  try {
    return await use(`http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

function get(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = http.get(url, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text) => (body += text));
      response.on("end", () => resolve(body));
    });
    request.on("error", reject);
  });
}

describe("@opentelemetry/instrumentation-http", () => {
  it("a client below our span, its server below it, our span below that: one tree by traceparent", async () => {
    const answer: Answer = (_request, response) => response.end(tracer.trace("handle", () => "done"));
    await withServer(answer, (url) =>
      tracer.trace("turn", async () => {
        expect(await get(url)).toBe("done");
        tracer.trace("after", () => undefined);
      }),
    );
    const client = tracer.getTraces().find(({ spanKind }) => spanKind === "CLIENT");
    const server = tracer.getTraces().find(({ spanKind }) => spanKind === "SERVER");
    expect(client?.parentSpanId).toBe(named("turn").spanId);
    expect(server?.parentSpanId).toBe(client?.spanId);
    expect(named("handle").parentSpanId).toBe(server?.spanId);
    expect(named("after").parentSpanId).toBe(named("turn").spanId);
    expect(new Set(tracer.getTraces().map(({ traceId }) => traceId)).size).toBe(1);
    expect(client?.scope.name).toBe("@opentelemetry/instrumentation-http");
  });

  it.each([
    ["of a registered tracer", (to: OtelExporterTracer) => registerTracer(to)],
    ["inside somebody's SDK", inSdk],
  ])("makes no spans of the requests that deliver spans, %s", async (_name, install) => {
    undo();
    const delivered: string[] = [];
    await withServer(
      (_request, response) => response.end("taken"),
      async (url) => {
        const exporter = posting(url, delivered);
        const to = new OtelExporterTracer(exporter, { maxBatchAgeMs: 0 });
        undo = install(to);
        const before = delivered.length;
        await get(`${url}/app`);
        await until(() => delivered.length >= before + 2);
        for (let i = 0; i < 5; i++) await to.flush();
        expect(delivered).toContain("GET SERVER");
        expect(delivered.filter((name) => name === "GET CLIENT")).toHaveLength(1);
      },
    );
  });
});

/** An exporter that sends each batch by a request of the instrumented client. */
function posting(url: string, delivered: string[]): OtelSpanExporter {
  return {
    export: (spans, done) => {
      // The server is no other process here: its own spans of deliveries would be delivered in turn.
      const mine = spans.filter((span) => span.kind === SpanKind.CLIENT || !isDelivery(span));
      for (const { name, kind } of mine)
        delivered.push(`${name} ${kind === SpanKind.CLIENT ? "CLIENT" : "SERVER"}`);
      if (mine.length === 0) return done({ code: 0 });
      get(`${url}/deliver`).then(() => done({ code: 0 }));
    },
    shutdown: async () => undefined,
  };
}

function isDelivery({ attributes }: OtelReadableSpan): boolean {
  return [attributes["http.target"], attributes["url.path"]].includes("/deliver");
}

function inSdk(to: OtelExporterTracer): () => void {
  const spanProcessors = [new TracelightSpanProcessor(to)];
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors }));
  return disableAll;
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}

describe("OpenAI's client with OpenInference", () => {
  const instrumentation = new OpenAIInstrumentation();
  beforeAll(() => instrumentation.manuallyInstrument(OpenAI));

  const QUESTION = { model: "gpt-4o", messages: [{ role: "user" as const, content: "Hello?" }] };

  it("a call below our span, with what was said", async () => {
    const answer: Answer = (_request, response) => {
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify(completion({ message: { role: "assistant", content: "Hi!" } })));
    };
    await withServer(answer, (url) =>
      tracer.trace("turn", () =>
        clientOf(url)
          .chat.completions.create(QUESTION)
          .then(() => undefined),
      ),
    );
    const call = named("OpenAI Chat Completions");
    expect(call.parentSpanId).toBe(named("turn").spanId);
    expect(call.attributes).toMatchObject({
      "openinference.span.kind": "LLM",
      "llm.output_messages.0.message.content": "Hi!",
    });
    expect(call.spanStatus).toBe("OK");
  });

  it("a streaming call lasts as long as its stream", async () => {
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    const answer: Answer = async (_request, response) => {
      response.setHeader("content-type", "text/event-stream");
      const send = (delta: object): void => {
        response.write(`data: ${JSON.stringify(completion({ delta }))}\n\n`);
      };
      send({ role: "assistant", content: "Hi" });
      await released;
      send({ content: " there" });
      response.end("data: [DONE]\n\n");
    };
    await withServer(answer, (url) =>
      tracer.trace("turn", async () => {
        const stream = await clientOf(url).chat.completions.create({ ...QUESTION, stream: true });
        let text = "";
        for await (const chunk of stream) {
          text += chunk.choices[0]?.delta.content ?? "";
          if (text !== "Hi") continue;
          expect(tracer.openSpans().map(({ spanName }) => spanName)).toContain("OpenAI Chat Completions");
          tracer.trace("use the first chunk", () => undefined);
          release();
        }
        expect(text).toBe("Hi there");
      }),
    );
    await until(() => tracer.openSpans().length === 0);
    const call = named("OpenAI Chat Completions");
    expect(call.parentSpanId).toBe(named("turn").spanId);
    expect(named("use the first chunk").parentSpanId).toBe(named("turn").spanId);
    expect(call.endedAtMicros).toBeGreaterThan(named("use the first chunk").startedAtMicros);
    expect(call.attributes["llm.output_messages.0.message.content"]).toBe("Hi there");
  });
});

function clientOf(url: string): OpenAI {
  return new OpenAI({ apiKey: "none", baseURL: url, maxRetries: 0 });
}

function completion(choice: object): object {
  const choices = [{ index: 0, finish_reason: "stop", ...choice }];
  return { id: "1", object: "chat.completion", created: 1, model: "gpt-4o", choices };
}

describe("the Vercel AI SDK's own telemetry", () => {
  it("the same tree of steps and tools as with OpenTelemetry's own SDK", async () => {
    undo();
    const ours = treeOf(await onTracelight(askForWeather));
    expect(ours).toEqual(await onOpenTelemetry(askForWeather));
    expect(ours).toEqual({
      turn: "-",
      "ai.streamText": "turn",
      "ai.streamText.doStream": "ai.streamText",
      "ai.toolCall": "ai.streamText.doStream",
      "look up": "ai.toolCall",
    });
  });
});

/** A turn with a tool call in a stream, all spans by OpenTelemetry's API. */
async function askForWeather(): Promise<void> {
  const otel = trace.getTracer("app");
  const lookUp = async ({ city }: { city: string }) => {
    otel.startSpan("look up").end();
    return `sunny in ${city}`;
  };
  const inputSchema = z.object({ city: z.string() });
  await otel.startActiveSpan("turn", async (turn) => {
    const result = streamText({
      model: weatherModel(),
      prompt: "Weather?",
      tools: { get_weather: tool({ inputSchema, execute: lookUp }) },
      stopWhen: stepCountIs(2),
      experimental_telemetry: { isEnabled: true },
    });
    expect(await result.text).toBe("It is sunny.");
    await result.consumeStream();
    turn.end();
  });
}

/** Calls the tool, then answers. */
function weatherModel(): MockLanguageModelV2 {
  const usage = { inputTokens: 1, outputTokens: 1, totalTokens: 2 };
  const call = { toolCallId: "1", toolName: "get_weather", input: '{"city":"Amsterdam"}' };
  const calling: Chunk[] = [
    { type: "tool-call", ...call },
    { type: "finish", finishReason: "tool-calls", usage },
  ];
  const saying: Chunk[] = [
    { type: "text-start", id: "t" },
    { type: "text-delta", id: "t", delta: "It is sunny." },
    { type: "text-end", id: "t" },
    { type: "finish", finishReason: "stop", usage },
  ];
  const answers = [calling, saying];
  return new MockLanguageModelV2({
    doStream: async () => ({ stream: simulateReadableStream({ chunks: answers.shift() ?? [] }) }),
  });
}

type Streaming = Awaited<ReturnType<MockLanguageModelV2["doStream"]>>["stream"];
type Chunk = Streaming extends ReadableStream<infer T> ? T : never;
