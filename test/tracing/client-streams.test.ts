// span.follow with the streams of real clients, against a server of our own, and with streams that nobody holds any more.
import { createServer, type Server, type ServerResponse } from "node:http";
import { createOpenAI } from "@ai-sdk/openai";
import Anthropic from "@anthropic-ai/sdk";
import { ChatOpenAI } from "@langchain/openai";
import { streamText } from "ai";
import OpenAI from "openai";
import { InMemoryTracer, type Span } from "tracelight";
import { readSpan } from "tracelight/conventions";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PackageCopy } from "./package-copy.ts";
import { sleep } from "./reading.ts";

const TEXT = ["It ", "is ", "sunny."];

/** What the server says after the words: the end, a failure, or nothing more. */
type Then = "end" | "fail" | "hang";
let then: Then = "end";
let server: Server;
let baseURL = "";
beforeAll(async () => {
  server = createServer(async (request, response) => {
    for await (const _ of request);
    response.writeHead(200, { "content-type": "text/event-stream" });
    const isAnthropic = request.url?.includes("messages") === true;
    for (const event of isAnthropic ? anthropicEvents() : openAiEvents()) response.write(event);
    finish(response, isAnthropic);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  baseURL = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

function finish(response: ServerResponse, isAnthropic: boolean): void {
  if (then === "hang") return;
  if (then === "fail") {
    const error = { type: "server_error", message: "overloaded" };
    response.end(isAnthropic ? sse({ type: "error", error }, "error") : sse({ error }));
    return;
  }
  response.end(
    isAnthropic ? ANTHROPIC_END.map((event) => sse(event, event.type)).join("") : "data: [DONE]\n\n",
  );
}

function sse(data: object, event?: string): string {
  return `${event === undefined ? "" : `event: ${event}\n`}data: ${JSON.stringify(data)}\n\n`;
}

function openAiEvents(): string[] {
  return TEXT.map((content) =>
    sse({
      id: "1",
      object: "chat.completion.chunk",
      created: 1,
      model: "m",
      choices: [{ index: 0, delta: { role: "assistant", content }, finish_reason: null }],
    }),
  );
}

function anthropicEvents(): string[] {
  const usage = { input_tokens: 1, output_tokens: 1 };
  const message = {
    id: "1",
    type: "message",
    role: "assistant",
    model: "m",
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage,
  };
  const start = { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } };
  const deltas = TEXT.map((text) => ({
    type: "content_block_delta",
    index: 0,
    delta: { type: "text_delta", text },
  }));
  return [{ type: "message_start", message }, start, ...deltas].map((event) => sse(event, event.type));
}

const ANTHROPIC_END = [
  { type: "content_block_stop", index: 0 },
  {
    type: "message_delta",
    delta: { stop_reason: "end_turn", stop_sequence: null },
    usage: { output_tokens: 5 },
  },
  { type: "message_stop" },
];

const messages = [{ role: "user" as const, content: "Weather?" }];
const openai = () => new OpenAI({ apiKey: "k", baseURL, maxRetries: 0 });
const anthropic = () => new Anthropic({ apiKey: "k", baseURL, maxRetries: 0 });
const chat = () => openai().chat.completions.create({ model: "m", messages, stream: true });
const message = () => anthropic().messages.create({ model: "m", max_tokens: 9, messages, stream: true });

/** Follows what `ask` gives, uses it, and tells how the span ended. */
async function followed<T extends object>(
  ends: Then,
  ask: () => PromiseLike<T> | T,
  use: (stream: T) => unknown,
) {
  then = ends;
  const tracer = new InMemoryTracer();
  const given = await tracer.trace("call", async (span) => {
    const stream = await ask();
    expect(span.follow(stream)).toBe(stream);
    return [stream] as const;
  });
  expect(tracer.openSpans()).toHaveLength(1);
  let failure: unknown;
  try {
    await use(given[0]);
  } catch (error) {
    failure = error;
  }
  for (let i = 0; i < 200 && tracer.openSpans().length > 0; i++) await sleep(5);
  expect(tracer.openSpans()).toEqual([]);
  const [span] = tracer.getTraces();
  if (span === undefined) throw new Error("no span");
  return { ...outcomeOf(span), failure };
}

function outcomeOf(span: Span) {
  const isRead = (readSpan(span).timeToFirstTokenMs ?? -1) >= 0;
  return {
    status: span.spanStatus,
    message: span.statusMessage,
    aborted: span.attributes["ai.conversation.aborted"] === true,
    isRead,
  };
}

const DONE = { status: "UNSET", message: undefined, aborted: false, isRead: true, failure: undefined };
const ABORTED = { ...DONE, aborted: true };

async function readAll(stream: AsyncIterable<unknown>): Promise<number> {
  let count = 0;
  for await (const _ of stream) count++;
  return count;
}

async function readTwo(stream: AsyncIterable<unknown>): Promise<void> {
  let count = 0;
  for await (const _ of stream) if (++count === 2) break;
}

type ClientStream = AsyncIterable<unknown> & {
  readonly controller: AbortController;
  tee(): [AsyncIterable<unknown>, AsyncIterable<unknown>];
  toReadableStream(): ReadableStream;
};

describe.each<[string, () => PromiseLike<ClientStream>]>([
  ["OpenAI", chat],
  ["Anthropic", message],
])("the stream of %s", (_, ask) => {
  it("read through, by for await, tee or toReadableStream", async () => {
    const uses: ((stream: ClientStream) => unknown)[] = [
      readAll,
      (stream) => Promise.all(stream.tee().map(readAll)),
      (stream) => readAll(stream.toReadableStream()),
    ];
    for (const use of uses) expect(await followed("end", ask, use)).toEqual(DONE);
  });

  it("left half-way, or called off by its controller, is aborted", async () => {
    expect(await followed("hang", ask, readTwo)).toEqual(ABORTED);
    const stop = async (stream: ClientStream) => {
      for await (const _ of stream) stream.controller.abort();
    };
    expect(await followed("hang", ask, stop)).toEqual(ABORTED);
    const cancel = async (stream: ClientStream) => {
      const reader = stream.toReadableStream().getReader();
      await reader.read();
      await reader.cancel();
    };
    expect(await followed("hang", ask, cancel)).toEqual(ABORTED);
  });

  it("that fails half-way fails the span, with the app's own error", async () => {
    const { failure, ...outcome } = await followed("fail", ask, readAll);
    expect(failure).toBeInstanceOf(Error);
    expect(outcome).toMatchObject({
      status: "ERROR",
      message: expect.stringContaining("overloaded"),
      isRead: true,
    });
  });
});

describe("a stream that reads by itself", () => {
  const stream = () => anthropic().messages.stream({ model: "m", max_tokens: 9, messages });
  const runner = () => openai().chat.completions.stream({ model: "m", messages });

  it("is over with its last event, however the app looks at it", async () => {
    expect(await followed("end", stream, (s) => s.finalMessage())).toEqual(DONE);
    expect(await followed("end", stream, readAll)).toEqual(DONE);
    expect(await followed("end", stream, (s) => s.on("text", () => undefined).done())).toEqual(DONE);
    expect(await followed("end", runner, (s) => s.done().catch(() => undefined))).toMatchObject({
      isRead: true,
      aborted: false,
    });
  });

  it("aborted or failed", async () => {
    const abort = (s: ReturnType<typeof stream>) =>
      s
        .on("text", () => s.abort())
        .done()
        .catch(() => undefined);
    expect(await followed("hang", stream, abort)).toEqual(ABORTED);
    const outcome = await followed("fail", stream, (s) => s.finalText());
    expect(outcome).toMatchObject({ status: "ERROR", message: expect.stringContaining("overloaded") });
  });
});

describe("fetch", () => {
  const ask = () => fetch(`${baseURL}/chat`);

  it("a response, read as text, as a stream, in part, or not to its end", async () => {
    expect(await followed("end", ask, (response) => response.text())).toEqual(DONE);
    expect(await followed("end", ask, (response) => readAll(response.body ?? new ReadableStream()))).toEqual(
      DONE,
    );
    expect(await followed("hang", ask, (response) => response.body?.cancel())).toEqual({
      ...ABORTED,
      isRead: false,
    });
  });

  it("called off by its signal, or cut off by the server", async () => {
    const controller = new AbortController();
    const { failure, ...outcome } = await followed(
      "hang",
      () => fetch(`${baseURL}/chat`, { signal: controller.signal }),
      (response) => {
        const text = response.text();
        controller.abort();
        return text;
      },
    );
    expect(failure).toHaveProperty("name", "AbortError");
    expect(outcome).toMatchObject({ status: "UNSET", aborted: true });
    const cut = await followed("hang", ask, (response) => {
      const text = response.text();
      server.closeAllConnections();
      return text;
    });
    expect(cut).toMatchObject({ status: "ERROR", message: expect.stringMatching(/terminated|closed/) });
  });
});

describe("the AI SDK", () => {
  const ask = () =>
    streamText({
      model: createOpenAI({ apiKey: "k", baseURL }).chat("m"),
      messages,
      maxRetries: 0,
      onError: () => undefined,
    });

  it("a result, however it is used", async () => {
    const uses: ((result: ReturnType<typeof ask>) => unknown)[] = [
      (result) => readAll(result.textStream),
      (result) => readAll(result.fullStream),
      (result) => result.text,
      (result) => result.toUIMessageStreamResponse().text(),
      (result) => Promise.all([readAll(result.textStream), readAll(result.fullStream), result.usage]),
    ];
    for (const use of uses) expect(await followed("end", ask, use)).toEqual(DONE);
  });

  it("one of its streams", async () => {
    expect(await followed("end", () => ask().textStream, readAll)).toEqual(DONE);
    expect(await followed("hang", () => ask().textStream, readTwo)).toEqual(ABORTED);
    expect(
      await followed(
        "end",
        () => ask().fullStream,
        (stream) => readAll(stream),
      ),
    ).toEqual(DONE);
  });

  it("a failure, which its streams do not throw", async () => {
    const outcome = await followed("fail", ask, (result) => readAll(result.textStream));
    expect(outcome).toMatchObject({
      status: "ERROR",
      message: expect.stringContaining("overloaded"),
      failure: undefined,
    });
  });
});

describe("LangChain", () => {
  it("a model's stream, which iterates itself", async () => {
    const model = () =>
      new ChatOpenAI({ apiKey: "k", model: "m", configuration: { baseURL }, maxRetries: 0 });
    expect(await followed("end", () => model().stream("Weather?"), readAll)).toEqual(DONE);
    expect(await followed("hang", () => model().stream("Weather?"), readTwo)).toMatchObject({
      aborted: true,
    });
  });
});

describe("a stream that nobody holds any more", () => {
  let copy: PackageCopy;
  beforeAll(async () => {
    copy = await PackageCopy.make();
  });
  afterAll(() => copy[Symbol.dispose]());

  const made: Record<string, string> = {
    "a web stream": "new ReadableStream({ pull: (c) => c.enqueue(1) }, { highWaterMark: 0 })",
    "an async iterable": "({ async *[Symbol.asyncIterator]() { yield 1; yield 2; } })",
    "a Node stream": "Readable.from([1, 2])",
  };
  for (const [name, stream] of Object.entries(made)) {
    it(`ends its span, marked unread or unfinished; one that is still read does not: ${name}`, async () => {
      const { stdout, stderr } = await copy.run(
        `import { InMemoryTracer } from "tracelight";
        import { Readable } from "node:stream";
        const tracer = new InMemoryTracer();
        const make = () => ${stream};
        (() => { tracer.trace("unread", (span) => void span.follow(make())); })();
        await (async () => {
          const stream = tracer.trace("half", (span) => span.follow(make()));
          await stream[Symbol.asyncIterator]().next();
        })();
        const reading = tracer.trace("read", (span) => span.follow(make()))[Symbol.asyncIterator]();
        await reading.next();
        for (let i = 0; i < 200 && tracer.openSpans().length > 1; i++) {
          gc();
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
        const mark = (span) => span.spanName + " " + span.attributes["ai.followed.end"] + " " + span.attributes["ai.conversation.aborted"];
        console.log(tracer.getTraces().map(mark).sort().join(", "), tracer.openSpans().map((span) => span.spanName).join());
        console.log((await reading.next()).value);`,
        "--expose-gc",
      );
      expect(stderr).toBe("");
      expect(stdout).toMatch(/^half unfinished true, unread unread true read\n/);
    });
  }
});
