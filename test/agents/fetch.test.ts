// tracelight/fetch with real clients, against a server that speaks what their services do.
import { InMemoryTracer, type Span, type TracelightError } from "tracelight";
import { readSpan } from "tracelight/conventions";
import { type FetchLike, tracedFetch } from "tracelight/fetch";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Ask, CLIENTS, type Client } from "./clients.ts";
import { essence, READINGS } from "./conversation.ts";
import { type Scenario, StubServer } from "./server.ts";

const KEY = "planted-secret";
let server: StubServer;
beforeAll(async () => {
  server = await StubServer.start();
});
afterAll(() => server.close());

function watched() {
  const errors: TracelightError[] = [];
  const tracer = new InMemoryTracer({ onError: (error) => errors.push(error) });
  return { tracer, errors, fetch: tracedFetch(tracer, { idleMs: 300 }) };
}

/** Waits until all spans of a tracer have ended: those of streams that were left without a word when they were idle. */
async function ended(tracer: InMemoryTracer): Promise<readonly Span[]> {
  while (tracer.openSpans().length > 0) await new Promise((resolve) => setTimeout(resolve, 2));
  const spans = tracer.getTraces();
  expect(JSON.stringify(spans.map((span) => span.toJSON()))).not.toContain(KEY);
  return spans;
}

/** What a client gives, or throws. */
async function outcome(client: Client, ask: Ask): Promise<unknown> {
  try {
    return { given: JSON.parse(JSON.stringify(await client(ask))) };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return {
      thrown: error.constructor.name,
      message: error.message.replace(/127\.0\.0\.1:\d+\/\w+-\d+/g, ""),
    };
  }
}

/** Asks with and without tracing: the app must see the same. */
async function seen(
  client: Client,
  scenario: Scenario,
  more: Partial<Ask> & { readonly isClosed?: boolean } = {},
) {
  const { tracer, errors, fetch: traced } = watched();
  const ask = (given: FetchLike): Ask => ({
    url: server.baseUrl(scenario),
    isStreamed: false,
    ...more,
    fetch: given,
  });
  const app = await outcome(client, ask(traced));
  expect(app).toEqual(await outcome(client, ask(fetch)));
  // A failure that may be tried again waits for that a moment, unless the tracer is closed.
  if (more.isClosed === true) await tracer.close();
  const spans = await ended(tracer);
  expect(errors).toEqual([]);
  return { spans };
}

function only({ spans }: { readonly spans: readonly Span[] }): Span {
  const [span, ...others] = spans;
  if (span === undefined || others.length > 0) throw new Error(`${spans.length} spans`);
  return span;
}

const how = (span: Span): object => {
  const { spanStatus, attributes } = span;
  const aborted = attributes["ai.conversation.aborted"];
  return { spanStatus, ...(aborted === undefined ? {} : { aborted }) };
};

// All else that they do is in the contract.
it.each(Object.entries(CLIENTS))("%s: a refusal fails the span, as it fails the app", async (_, client) => {
  const span = only(await seen(client, "refused", { isClosed: true }));
  expect(span.spanStatus).toBe("ERROR");
});

describe("attempts of one call", () => {
  it.each(["openai, chat", "@anthropic-ai/sdk", "groq-sdk"])(
    "are one span, with what was sent again: %s",
    async (name) => {
      const client = CLIENTS[name];
      if (client === undefined) throw new Error(name);
      const span = only(await seen(client, "busy", { maxRetries: 2 }));
      expect(how(span)).toEqual({ spanStatus: "UNSET" });
      expect(span.attributes["http.request.resend_count"]).toBe(1);
      expect(span.events.map(({ name: event, attributes }) => [event, attributes])).toEqual([
        ["ai.llm.resend", { "http.response.status_code": 429, "exception.message": "429" }],
      ]);
      expect(essence(readSpan(span))).toEqual(READINGS[0]);
    },
  );

  it("that all fail end as the last, when it failed", async () => {
    const client = CLIENTS["openai, chat"];
    if (client === undefined) throw new Error("no client");
    const span = only(await seen(client, "broken", { maxRetries: 1 }));
    expect([span.statusMessage, span.attributes["http.request.resend_count"]]).toEqual([
      "500 out of order",
      1,
    ]);
  });

  it("without a count are known by the same body in the same span; a call anew is one of its own", async () => {
    const { tracer, fetch: traced } = watched();
    const url = `${server.baseUrl("busy")}/v1/chat/completions`;
    const body = JSON.stringify({ model: "m", messages: [{ role: "user", content: "Hi" }] });
    await tracer.trace("turn", async () => {
      await (await traced(url, { method: "POST", body })).text();
      await (await traced(url, { method: "POST", body })).text();
      await (await traced(url, { method: "POST", body })).text();
    });
    const calls = (await ended(tracer)).filter(({ spanName }) => spanName === "chat m");
    expect(
      calls.map(({ attributes, parentSpan }) => [
        attributes["http.request.resend_count"],
        parentSpan?.spanName,
      ]),
    ).toEqual([
      [1, "turn"],
      [undefined, "turn"],
    ]);
  });
});

describe("the Response", () => {
  const body = JSON.stringify({ model: "m", messages: [{ role: "user", content: "Hi" }], stream: true });
  const request = { method: "POST", body, headers: { authorization: `Bearer ${KEY}` } };
  const reads: Readonly<Record<string, (response: Response) => Promise<string>>> = {
    text: (response) => response.text(),
    arrayBuffer: async (response) => new TextDecoder().decode(await response.arrayBuffer()),
    blob: async (response) => (await response.blob()).text(),
    clone: async (response) => {
      const copy = response.clone();
      expect(await copy.text()).toBe(await response.text());
      return "";
    },
    tee: async (response) => {
      const [a, b] = response.body?.tee() ?? [];
      const both = await Promise.all([new Response(a).text(), new Response(b).text()]);
      expect(both[0]).toBe(both[1]);
      return both[0];
    },
    "for await": async (response) => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of response.body ?? []) chunks.push(chunk);
      return Buffer.concat(chunks).toString();
    },
  };

  it.each(Object.entries(reads))(
    "is the platform's own, and byte for byte what it is without: %s",
    async (_, read) => {
      const { tracer, fetch: traced } = watched();
      const url = () => `${server.baseUrl("talk")}/v1/chat/completions`;
      const [ours, theirs] = [await traced(url(), request), await fetch(url(), request)];
      const facts = ({ status, type, redirected, ok, statusText, bodyUsed }: Response) => ({
        ...{ status, type, redirected, ok, statusText, bodyUsed },
      });
      expect(facts(ours)).toEqual(facts(theirs));
      expect(Object.getPrototypeOf(ours)).toBe(Response.prototype);
      expect(ours.url).toMatch(/\/talk-\d+\/v1\/chat\/completions$/);
      expect([...ours.headers.keys()]).toEqual([...theirs.headers.keys()]);
      expect(await read(ours)).toBe(await read(theirs));
      const [span] = await ended(tracer);
      expect(essence(readSpan(span ?? expect.fail()))).toHaveProperty("usage.output", 30);
      expect(how(span ?? expect.fail())).toEqual({ spanStatus: "UNSET" });
    },
  );

  it("that nobody reads ends its span when it is idle, and when its tracer is closed", async () => {
    const idle = watched();
    const kept = await idle.fetch(`${server.baseUrl("talk")}/v1/chat/completions`, request);
    const [span] = await ended(idle.tracer);
    expect(span?.attributes["ai.followed.end"]).toBe("unread");
    expect((await kept.text()).length).toBeGreaterThan(100);
    const closed = watched();
    const response = await tracedFetch(closed.tracer)(
      `${server.baseUrl("hang")}/v1/chat/completions`,
      request,
    );
    await closed.tracer.close();
    expect(closed.tracer.getTraces().map(({ state }) => state)).toEqual(["ended"]);
    await response.body?.cancel();
  });

  it("of what is no call of a model is passed through untraced, by the same promise", async () => {
    const { tracer } = watched();
    const answer = Promise.resolve(new Response("{}"));
    const traced = tracedFetch(tracer, { fetch: () => answer });
    expect(traced("https://example.com/v1/files", request)).toBe(answer);
    expect(traced("https://example.com/v1/chat/completions")).toBe(answer);
    await traced("https://example.com/api/chat", { method: "POST", body: '{"messages":[]}' });
    await traced("https://example.com/v1/responses", { method: "POST", body: "no JSON" });
    expect(tracer.getTraces()).toEqual([]);
  });
});

describe("what is kept", () => {
  const body = JSON.stringify({
    ...{
      model: "gpt-5",
      temperature: 0.5,
      user: "u1",
      input: [{ role: "user", content: [image("https://s3/x.png?X-Amz-Signature=abc")] }],
    },
    tools: [
      {
        type: "mcp",
        server_label: "x",
        server_url: "https://mcp",
        headers: { Authorization: "Bearer t0ken" },
        authorization: "t0ken",
      },
    ],
  });

  function image(image_url: string): object {
    return { type: "input_image", image_url };
  }

  async function attributesWith(capture?: "metadata" | ((value: unknown, where: string) => unknown)) {
    const { tracer } = watched();
    const traced = tracedFetch(tracer, { ...(capture === undefined ? {} : { capture }), provider: "mine" });
    const url = `${server.baseUrl("talk")}/v1/responses`;
    await (await traced(`${url}?key=${KEY}`, { method: "POST", body })).text();
    return (await ended(tracer))[0]?.attributes ?? {};
  }

  it("has no key, header or signature in it", async () => {
    const attributes = await attributesWith();
    const text = JSON.stringify(attributes);
    expect(text).not.toMatch(/t0ken|Signature|sk-very/);
    expect(attributes["ai.llm.request.messages"]).toEqual([
      { role: "user", content: [image("https://s3/x.png?[redacted]")] },
    ]);
    expect(attributes["gen_ai.provider.name"]).toBe("mine");
  });

  it("is metadata alone, or what a function makes of it, where that is asked for", async () => {
    const metadata = await attributesWith("metadata");
    expect(Object.keys(metadata).filter((key) => /messages|system|tool|output/.test(key))).toEqual([]);
    expect(metadata).toMatchObject({
      "ai.llm.request.inference.config": { temperature: 0.5 },
      "ai.llm.response.usage": {},
    });
    const mapped = await attributesWith((value, where) =>
      where === "ai.llm.request.messages" ? "hidden" : value,
    );
    expect(mapped["ai.llm.request.messages"]).toBe("hidden");
    expect(mapped).toHaveProperty(["ai.llm.response.output"]);
  });
});

it.each<[string, object, object]>([
  [
    "models/gemini-embedding-001:embedContent",
    {
      model: "models/gemini-embedding-001",
      content: { parts: [{ text: "a word" }] },
      taskType: "CLUSTERING",
    },
    { embedding: { values: [0.987] }, usageMetadata: { promptTokenCount: 3 } },
  ],
  [
    "models/gemini-embedding-001:batchEmbedContents",
    { requests: [{ model: "models/gemini-embedding-001", content: { parts: [{ text: "a word" }] } }] },
    { embeddings: [{ values: [0.987] }], usageMetadata: { promptTokenCount: 3 } },
  ],
  [
    "publishers/google/models/text-embedding-005:predict",
    { instances: [{ content: "a word", task_type: "CLUSTERING" }] },
    { predictions: [{ embeddings: { values: [0.987], statistics: { token_count: 3 } } }] },
  ],
])("an embedding of Google's is one too: %s", async (path, asked, answer) => {
  const tracer = new InMemoryTracer();
  const traced = tracedFetch(tracer, { fetch: async () => Response.json(answer) });
  const url = `https://generativelanguage.googleapis.com/v1beta/${path}?key=sk-secret`;
  await (await traced(url, { method: "POST", body: JSON.stringify(asked) })).json();
  const [span] = tracer.getTraces();
  if (span === undefined) throw new Error("no span");
  expect(span.spanName).toMatch(/^embeddings (?:gemini|text)-embedding-/);
  expect(JSON.stringify(span)).not.toMatch(/0\.987|sk-secret/);
  expect(readSpan(span)).toMatchObject({ kind: "embedding", usage: { input: 3 }, provider: "google" });
  expect(JSON.stringify(readSpan(span).input)).toContain("a word");
});

it("what predicts no embedding passes through untraced", async () => {
  const tracer = new InMemoryTracer();
  const traced = tracedFetch(tracer, { fetch: async () => Response.json({ predictions: [] }) });
  const url = "https://us-aiplatform.googleapis.com/v1/publishers/google/models/imagen-4:predict";
  await traced(url, { method: "POST", body: JSON.stringify({ instances: [{ prompt: "a cat" }] }) });
  expect(tracer.getTraces()).toEqual([]);
});

it("an embedding is a call of its own kind, without its numbers", async () => {
  const { tracer } = watched();
  const answer = {
    model: "text-embedding-3-small",
    data: [{ embedding: [0.1, 0.2] }],
    usage: { prompt_tokens: 3, total_tokens: 3 },
  };
  const traced = tracedFetch(tracer, { fetch: async () => Response.json(answer) });
  const body = JSON.stringify({ model: "text-embedding-3-small", input: ["a word"] });
  await (await traced("https://api.openai.com/v1/embeddings", { method: "POST", body })).json();
  const [span] = await ended(tracer);
  const reading = readSpan(span ?? expect.fail());
  expect([reading.kind, reading.usage, reading.provider]).toEqual(["embedding", { input: 3 }, "openai"]);
  expect(JSON.stringify(span?.attributes)).not.toContain("0.2");
});
