// What a failure means for its span: an error, work that was called off, or no failure at all.
import { createServer, type Server } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import {
  type FailureMeaning,
  InMemoryTracer,
  type Span,
  type TracelightError,
  type TraceOptions,
  traced,
} from "tracelight";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const ABORTED = { "ai.conversation.aborted": true };

async function spanOf(work: () => unknown, options: TraceOptions = {}): Promise<Span> {
  const tracer = new InMemoryTracer();
  await expect(tracer.trace("work", options, async () => await work())).rejects.toSatisfy(() => true);
  const [span] = tracer.getTraces();
  if (span === undefined) throw new Error("no span");
  return span;
}

function thrown(error: unknown) {
  return () => Promise.reject(error);
}

describe("a cancel of a real client", () => {
  let server: Server;
  let baseURL = "";
  let asked: () => void = () => undefined;
  beforeAll(async () => {
    server = createServer(() => asked());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    baseURL = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  const messages = [{ role: "user" as const, content: "Hello" }];
  const calls: Record<string, (signal: AbortSignal) => PromiseLike<unknown>> = {
    OpenAI: (signal) =>
      new OpenAI({ apiKey: "k", baseURL, maxRetries: 0 }).chat.completions.create(
        { model: "m", messages },
        { signal },
      ),
    "OpenAI, streamed": (signal) =>
      new OpenAI({ apiKey: "k", baseURL, maxRetries: 0 }).chat.completions.create(
        { model: "m", messages, stream: true },
        { signal },
      ),
    Anthropic: (signal) =>
      new Anthropic({ apiKey: "k", baseURL, maxRetries: 0 }).messages.create(
        { model: "m", max_tokens: 1, messages },
        { signal },
      ),
    fetch: (signal) => fetch(baseURL, { signal }),
  };
  for (const [name, call] of Object.entries(calls)) {
    it(`is no error, alone or wrapped in another error: ${name}`, async () => {
      for (const wrap of [
        (e: unknown) => e,
        (e: unknown) => new Error("the tool failed", { cause: new Error("below", { cause: e }) }),
      ]) {
        const controller = new AbortController();
        asked = () => controller.abort();
        const span = await spanOf(async () => {
          try {
            await call(controller.signal);
          } catch (error) {
            throw wrap(error);
          }
        });
        expect([span.spanStatus, span.attributes]).toEqual(["UNSET", ABORTED]);
      }
    });

    it(`for a reason of one's own is known by the signal: ${name}`, async () => {
      const controller = new AbortController();
      asked = () => controller.abort(new Error("the user pressed stop"));
      const span = await spanOf(() => call(controller.signal), { signal: controller.signal });
      expect([span.spanStatus, span.attributes]).toEqual(["UNSET", ABORTED]);
    });
  }

  it("by a client's own time limit is an error", async () => {
    asked = () => undefined;
    const openai = new OpenAI({ apiKey: "k", baseURL, maxRetries: 0, timeout: 20 });
    const anthropic = new Anthropic({ apiKey: "k", baseURL, maxRetries: 0, timeout: 20 });
    for (const call of [
      () => openai.chat.completions.create({ model: "m", messages }),
      () => anthropic.messages.create({ model: "m", max_tokens: 1, messages }),
    ]) {
      const span = await spanOf(call);
      expect([span.spanStatus, span.attributes["exception.type"]]).toEqual([
        "ERROR",
        expect.stringMatching(/Timeout/),
      ]);
    }
  });
});

describe("work that was called off", () => {
  class APIUserAbortError extends Error {}
  class StopError extends APIUserAbortError {}
  const abort = new DOMException("stop", "AbortError");
  const cases: Record<string, unknown> = {
    "by the class's name": new APIUserAbortError("Request was aborted."),
    "by the name of a class above": new StopError("stopped"),
    "by a code": Object.assign(new Error("x"), { code: "ERR_CANCELED" }),
    "all of an AggregateError": new AggregateError([abort, new Error("a", { cause: abort })], "all"),
    "below a plain object": { message: "wrapped", cause: abort },
  };
  for (const [name, error] of Object.entries(cases)) {
    it(`is known ${name}`, async () => {
      expect((await spanOf(thrown(error))).attributes).toEqual(ABORTED);
    });
  }

  it("is known in a ring of causes, and hostile errors harm nothing", async () => {
    const ring = new Error("ring");
    ring.cause = new Error("other", { cause: ring });
    expect((await spanOf(thrown(ring))).spanStatus).toBe("ERROR");
    const raise = (): never => {
      throw new Error("do not touch");
    };
    const hostile = new Proxy(new Error("x"), { get: raise, getPrototypeOf: raise, has: raise });
    expect((await spanOf(thrown(hostile))).spanStatus).toBe("ERROR");
  });

  it("is not what only contains an abort among others, or ran into a time limit", async () => {
    const errors: unknown[] = [
      new AggregateError([abort, new Error("no disk")]),
      new Error("too slow", { cause: new DOMException("too slow", "TimeoutError") }),
      Object.assign(new Error("timed out", { cause: abort }), { name: "TimeoutError" }),
      new (class TransactionAbortedError extends Error {})("deadlock"),
    ];
    for (const error of errors) expect((await spanOf(thrown(error))).spanStatus).toBe("ERROR");
    const late = await spanOf(() => wait(1000, undefined, { signal: AbortSignal.timeout(1) }));
    expect(late.spanStatus).toBe("ERROR");
  });

  it("for a signal's own reason keeps what was thrown, as an event", async () => {
    const controller = new AbortController();
    controller.abort("the user went away");
    const span = await spanOf(thrown(new Error("the user went away")), { signal: controller.signal });
    expect([span.spanStatus, span.attributes]).toEqual(["UNSET", ABORTED]);
    expect(span.events).toMatchObject([
      { name: "exception", attributes: { "exception.message": "the user went away" } },
    ]);
  });

  it("is not by a signal that has not fired, or fired since time was up", async () => {
    const options = [
      { signal: new AbortController().signal },
      { signal: AbortSignal.abort(new DOMException("", "TimeoutError")) },
    ];
    for (const option of options)
      expect((await spanOf(thrown(new Error("no")), option)).spanStatus).toBe("ERROR");
  });

  it("with what is no signal is told, and the work runs", () => {
    const errors: TracelightError[] = [];
    const tracer = new InMemoryTracer({ onError: (error) => errors.push(error) });
    const options: TraceOptions = Object.assign(
      { spanKind: "CLIENT" as const },
      JSON.parse('{ "signal": "no" }'),
    );
    expect(tracer.trace("work", options, () => 1)).toBe(1);
    expect(tracer.getTraces()[0]?.spanKind).toBe("CLIENT");
    expect(errors[0]).toMatchObject({ code: "INVALID_ARGUMENT", message: expect.stringMatching(/signal/) });
  });
});

describe("classifyError", () => {
  class GraphInterrupt extends Error {}
  const redirect = Object.assign(new Error("NEXT_REDIRECT"), { digest: "NEXT_REDIRECT;replace;/login;307;" });

  function classify(error: unknown): FailureMeaning | undefined {
    if (error instanceof GraphInterrupt) return "none";
    if (error === redirect) return "none";
    if (error === "stop") return "aborted";
    if (error instanceof DOMException) return "error";
    return undefined;
  }

  const ways: Record<string, (tracer: InMemoryTracer, error: unknown) => unknown> = {
    "a function": (tracer, error) =>
      tracer.trace("work", () => {
        throw error;
      }),
    "an async function": (tracer, error) =>
      tracer.trace("work", async () => {
        throw error;
      }),
    "a traced function": (tracer, error) =>
      traced("work", { tracer })(() => {
        throw error;
      })(),
    "a generator": (tracer, error) => [
      ...tracer.trace("work", function* () {
        yield 1;
        throw error;
      }),
    ],
    "an async generator": async (tracer, error) => {
      for await (const _ of tracer.trace("work", async function* () {
        yield 1;
        throw error;
      }));
    },
    "a stream that a span follows": async (tracer, error) => {
      const stream = new ReadableStream(
        { pull: (controller) => controller.error(error) },
        { highWaterMark: 0 },
      );
      for await (const _ of tracer.trace("work", (span) => span.follow(stream)));
    },
    "a promise of a generator": async (tracer, error) => {
      for await (const _ of await tracer.trace("work", async () =>
        (async function* () {
          yield 1;
          throw error;
        })(),
      ));
    },
  };
  for (const [name, fail] of Object.entries(ways)) {
    it(`says what is no error, and leaves the rest as it is: ${name}`, async () => {
      const tracer = new InMemoryTracer({ classifyError: classify });
      const errors = [
        new GraphInterrupt("ask a human"),
        redirect,
        "stop",
        new DOMException("x", "AbortError"),
        new Error("real"),
      ];
      for (const error of errors) {
        await expect((async () => fail(tracer, error))()).rejects.toBe(error);
      }
      expect(
        tracer
          .getTraces()
          .map(({ spanStatus, attributes }) => [
            spanStatus,
            attributes["ai.conversation.aborted"],
            attributes["exception.message"],
          ]),
      ).toEqual([
        ["UNSET", undefined, undefined],
        ["UNSET", undefined, undefined],
        ["UNSET", true, undefined],
        ["ERROR", undefined, "x"],
        ["ERROR", undefined, "real"],
      ]);
    });
  }

  it("that throws, or gives what it may not, is told, and is as if it were not there", () => {
    const told: string[] = [];
    for (const classifyError of [
      () => {
        throw new Error("broken");
      },
      () => "nothing",
      async () => {
        throw new Error("later");
      },
    ]) {
      const tracer: InMemoryTracer = Reflect.construct(InMemoryTracer, [
        { classifyError, onError: ({ code }: TracelightError) => told.push(code) },
      ]);
      for (let i = 0; i < 3; i++)
        expect(() =>
          tracer.trace("work", () => {
            throw redirect;
          }),
        ).toThrow(redirect);
      expect(tracer.getTraces().map((span) => span.spanStatus)).toEqual(["ERROR", "ERROR", "ERROR"]);
    }
    expect(told).toEqual(["CLASSIFY_FAILED", "CLASSIFY_FAILED", "CLASSIFY_FAILED"]);
  });

  it("must be a function", () => {
    expect(() => Reflect.construct(InMemoryTracer, [{ classifyError: "none" }])).toThrow(/classifyError/);
  });
});
