// What was thrown: the whole story, bounded, each error once, of any realm, without secrets.

import { createServer, type Server } from "node:http";
import vm from "node:vm";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { InMemoryTracer, type Span } from "tracelight";
import { readSpan } from "tracelight/conventions";
import { afterEach, describe, expect, it } from "vitest";

/** The span of a function that throws `error`. */
function spanOf(error: unknown): Span {
  const tracer = new InMemoryTracer();
  expect(() =>
    tracer.trace("work", () => {
      throw error;
    }),
  ).toThrow();
  const [span] = tracer.getTraces();
  if (span === undefined) throw new Error("no span");
  return span;
}

function storyOf(error: unknown) {
  const { attributes } = spanOf(error);
  return {
    type: attributes["exception.type"],
    message: attributes["exception.message"],
    stack: String(attributes["exception.stacktrace"]),
    details: attributes["exception.details"],
  };
}

/** How often a text stands in another. */
function count(text: string, part: string): number {
  return text.split(part).length - 1;
}

describe("an error of another realm", () => {
  it("has its type, message, stack, cause, fields and inner errors", () => {
    const made: unknown = vm.runInNewContext(`
      const cause = Object.assign(new TypeError("below"), { code: "E_BELOW" });
      Object.assign(new AggregateError([new RangeError("one of two")], "above", { cause }), { status: 503 })`);
    const { type, message, stack, details } = storyOf(made);
    expect([type, message]).toEqual(["AggregateError", "above"]);
    expect(stack).toMatch(
      /^AggregateError: above\n[\s\S]*Inner error 1 of 1: RangeError: one of two\n[\s\S]*Caused by: TypeError: below\n/,
    );
    expect(details).toEqual({
      status: 503,
      cause: { name: "TypeError", message: "below", code: "E_BELOW" },
      errors: [{ name: "RangeError", message: "one of two" }],
    });
  });
});

describe("an error with others below it", () => {
  it("that is its own cause is told once, and so is a ring of causes", () => {
    const own = new Error("mine");
    own.cause = own;
    expect(count(storyOf(own).stack, "Error: mine")).toBe(1);
    const [a, b] = [new Error("first"), new Error("second")];
    Object.assign(a, { cause: b });
    Object.assign(b, { cause: a });
    const { stack } = storyOf(a);
    expect([count(stack, "Error: first"), count(stack, "Error: second")]).toEqual([1, 1]);
  });

  it("may have a cause that is a plain object or a text", () => {
    const plain = storyOf(new Error("above", { cause: { code: "E_QUOTA", limit: 3 } }));
    expect(plain.stack).toContain('Caused by: {"code":"E_QUOTA","limit":3}');
    expect(plain.details).toEqual({ cause: { code: "E_QUOTA", limit: 3 } });
    expect(storyOf(new Error("above", { cause: "no disk" })).stack).toContain("Caused by: no disk");
  });

  it("is bounded, whatever hangs below", () => {
    let deep = new Error("bottom");
    for (let i = 0; i < 1000; i++) deep = new Error(`level ${i}`, { cause: deep });
    const wide = new AggregateError(
      Array.from({ length: 1000 }, (_, i) => new Error(`inner ${i} ${"x".repeat(10_000)}`)),
    );
    const long = new Error("y".repeat(10_000_000));
    for (const error of [deep, wide, long]) {
      const { message, stack, details } = storyOf(error);
      expect(String(message).length + stack.length + JSON.stringify(details ?? "").length).toBeLessThan(
        250_000,
      );
    }
    expect(storyOf(wide).stack).toContain("Inner error 1 of 1000: ");
    expect(storyOf(long).message).toMatch(/^y+ … \[\d+ characters left out\] … y+$/);
  });

  it("without a message of its own says that of the first it stands for", () => {
    expect(storyOf(new AggregateError([new Error("connect ECONNREFUSED"), new Error("other")])).message).toBe(
      "connect ECONNREFUSED",
    );
  });
});

describe("the fields of an error", () => {
  it("that are plain data are kept, and are found by filters and searches", () => {
    const tracer = new InMemoryTracer();
    const error = Object.assign(new Error("slow down"), {
      status: 429,
      code: "rate_limit",
      requestID: "req_7",
      retry: { after: 2 },
      at: new Date(0),
    });
    expect(() =>
      tracer.trace("work", () => {
        throw error;
      }),
    ).toThrow(error);
    expect(
      tracer.getTraces({ where: "exception.details.status = 429 and exception.details.retry.after = 2" }),
    ).toHaveLength(1);
    expect(tracer.getTraces({ where: 'exception.details.requestID = "req_7"' })).toHaveLength(1);
  });

  it("are none where there are none", () => {
    expect(spanOf(new Error("plain")).attributes).not.toHaveProperty(["exception.details"]);
  });

  it("never hold credentials, what was sent, or what a getter throws", () => {
    const secret = "sk-very-secret-1234";
    class Headers2 extends Map<string, string> {}
    const error = Object.defineProperty(
      Object.assign(new Error("401"), {
        headers: { authorization: `Bearer ${secret}`, cookie: secret, "x-request-id": "req_1" },
        responseHeaders: new Headers({ "set-cookie": secret, "request-id": "req_2" }),
        requestHeaders: new Headers2([
          ["authorization", secret],
          ["x-request-id", "req_3"],
        ]),
        config: { headers: { Authorization: secret }, auth: { password: secret } },
        request: { headers: { authorization: secret } },
        response: { config: { headers: { authorization: secret } } },
        options: { apiKey: secret },
        requestBodyValues: { prompt: secret },
        apiKey: secret,
        nested: {
          Authorization: secret,
          "x-api-key": secret,
          access_token: secret,
          list: [{ password: secret }],
          kept: 1,
        },
        url: `https://user:${secret}@example.com/v1?key=${secret}&model=m`,
        curl: `curl -H 'Authorization: Bearer ${secret}'`,
        usage: { total_tokens: 12 },
      }),
      "thrower",
      {
        enumerable: true,
        get: () => {
          throw new Error(secret);
        },
      },
    );
    const { details } = storyOf(error);
    expect(JSON.stringify(details)).not.toContain(secret);
    expect(details).toMatchObject({
      headers: { "x-request-id": "req_1" },
      responseHeaders: { "request-id": "req_2" },
      requestHeaders: { "x-request-id": "req_3" },
      apiKey: "[redacted]",
      nested: { kept: 1, list: [{ password: "[redacted]" }] },
      usage: { total_tokens: 12 },
    });
    expect(details).toHaveProperty("url", expect.stringContaining("model=m"));
  });

  it("that are a million are not walked", () => {
    const huge = Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`field${i}`, { i }]));
    const { details } = storyOf(Object.assign(new Error("huge"), huge, { bits: new Uint8Array(1e6) }));
    expect(JSON.stringify(details).length).toBeLessThan(10_000);
  });
});

describe("what is no error", () => {
  const thrown: readonly (readonly [unknown, string, string])[] = [
    [{ code: 7, reason: "no" }, "Object", '{"code":7,"reason":"no"}'],
    [{ message: "said so", status: 500 }, "Object", "said so"],
    [{ error: { message: "inner", type: "t" } }, "Object", '{"error":{"message":"inner","type":"t"}}'],
    [{}, "Object", "{}"],
    ["text", "string", "text"],
    [42n, "bigint", "42"],
    [
      new (class Refusal {
        why = "policy";
      })(),
      "Refusal",
      '{"why":"policy"}',
    ],
    [
      new (class Shown {
        toString() {
          return "as it likes";
        }
      })(),
      "Shown",
      "as it likes",
    ],
  ];
  for (const [value, type, message] of thrown) {
    it(`is told by its fields: ${type} ${message}`, () => {
      const { attributes } = spanOf(value);
      expect(attributes).toMatchObject({ "exception.type": type, "exception.message": message });
    });
  }
});

describe("readers", () => {
  it("show message and details, for people and by readSpan", () => {
    const error = Object.assign(new Error("429 slow down"), { status: 429, requestID: "req_1" });
    const span = spanOf(error);
    const text = span.asHumanReadable();
    expect(text).toMatch(/Error: 429 slow down\n\s+Details: \{"status": 429, "requestID": "req_1"\}/);
    expect(readSpan(span).errorDetails).toEqual({ status: 429, requestID: "req_1" });
  });
});

describe("errors of real clients", () => {
  let server: Server | undefined;
  afterEach(() => server?.close());

  async function serving(body: unknown): Promise<string> {
    const made = createServer((_, response) => {
      response.writeHead(429, {
        "content-type": "application/json",
        "x-request-id": "req_oai",
        "request-id": "req_ant",
        "x-should-retry": "false",
        "set-cookie": "session=secret",
      });
      response.end(JSON.stringify(body));
    });
    server = made;
    await new Promise<void>((resolve) => made.listen(0, "127.0.0.1", resolve));
    const address = made.address();
    return `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
  }

  it("OpenAI: status, code, type and request id", async () => {
    const baseURL = await serving({
      error: { message: "slow down", type: "requests", code: "rate_limit_exceeded" },
    });
    const client = new OpenAI({ apiKey: "sk-secret-key", baseURL, maxRetries: 0 });
    const tracer = new InMemoryTracer();
    const call = () =>
      client.chat.completions.create({ model: "m", messages: [{ role: "user", content: "the prompt" }] });
    await expect(tracer.trace("call", async () => await call())).rejects.toThrow();
    const [span] = tracer.getTraces();
    expect(span?.attributes["exception.type"]).toBe("RateLimitError");
    expect(span?.attributes["exception.details"]).toMatchObject({
      status: 429,
      code: "rate_limit_exceeded",
      type: "requests",
      requestID: "req_oai",
      headers: { "x-request-id": "req_oai" },
    });
    expect(JSON.stringify(span)).not.toMatch(/sk-secret|session=|the prompt/);
  });

  it("Anthropic: status, type and request id", async () => {
    const baseURL = await serving({
      type: "error",
      error: { type: "rate_limit_error", message: "slow down" },
    });
    const client = new Anthropic({ apiKey: "sk-secret-key", baseURL, maxRetries: 0 });
    const tracer = new InMemoryTracer();
    const call = () =>
      client.messages.create({
        model: "m",
        max_tokens: 1,
        messages: [{ role: "user", content: "the prompt" }],
      });
    await expect(tracer.trace("call", async () => await call())).rejects.toThrow();
    const [span] = tracer.getTraces();
    expect(span?.attributes["exception.details"]).toMatchObject({
      status: 429,
      type: "rate_limit_error",
      requestID: "req_ant",
    });
    expect(JSON.stringify(span)).not.toMatch(/sk-secret|session=|the prompt/);
  });
});
