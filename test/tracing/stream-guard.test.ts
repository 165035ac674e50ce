// The guard of streams: whatever is read of a stream, however it is left, its span ends once, as it was, with what there was.
import { Readable } from "node:stream";
import fc from "fast-check";
import { type DeliveryReport, InMemoryTracer, type Sink, type Span, TeeTracer, Tracer } from "tracelight";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { steadyClock } from "../../src/model/timers.ts";
import { guardStream } from "../../src/tracing/streams/guard.ts";
import { sized } from "../sizes.ts";
import { sleep } from "./reading.ts";

const real = steadyClock.now;
let now = 0;
beforeEach(() => {
  now = real();
  steadyClock.now = () => now;
});
afterEach(() => {
  steadyClock.now = real;
});

/** Waits for what a timer, or a later turn of the event loop, brings. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(1);
}

/** A tracer whose spans, and what is shown of running ones, are looked at. */
function watched() {
  const shown: { readonly at: number; readonly text: unknown }[] = [];
  const observer: Sink = {
    name: "observer",
    write: () => undefined,
    observe: (span, what) => {
      if (what === "snapshot") shown.push({ at: now, text: span.attributes["text"] });
    },
  };
  const memory = new InMemoryTracer();
  const faults: string[] = [];
  const onError = (error: { readonly code: string }) => faults.push(error.code);
  const tracer = new TeeTracer({ onError }).addTracer(memory).addTracer(new Tracer(observer));
  return { tracer, memory, shown, faults };
}

type Watched = ReturnType<typeof watched>;

/** What reads a stream: the next chunk, or undefined at its end; and leaves it. */
interface Reading {
  next(): Promise<string | undefined>;
  leave(): Promise<unknown>;
}

/** A stream of an app's, of each kind, that gives these chunks, then fails or ends. */
const KINDS: Readonly<Record<string, (source: () => AsyncGenerator<string>) => object>> = {
  generator: (source) => source(),
  iterable: (source) => ({ [Symbol.asyncIterator]: source }),
  "web stream": (source) => webStream(source()),
  "byte stream": (source) => new Response(webStream(bytesOf(source()))),
  "Node stream": (source) => Readable.from(source(), { highWaterMark: 1 }),
};

function webStream<T>(source: AsyncGenerator<T>): ReadableStream<T> {
  return new ReadableStream<T>(
    {
      async pull(controller) {
        const step = await source.next();
        if (step.done === true) controller.close();
        else controller.enqueue(step.value);
      },
      cancel: async () => void (await source.return(undefined)),
    },
    { highWaterMark: 0 },
  );
}

async function* bytesOf(source: AsyncGenerator<string>): AsyncGenerator<Uint8Array> {
  for await (const text of source) yield new TextEncoder().encode(text);
}

function readingOf(stream: object): Reading {
  const body: unknown = stream instanceof Response ? stream.body : stream;
  const iterable: AsyncIterable<unknown> = Object(body);
  const iterator = iterable[Symbol.asyncIterator]();
  return {
    next: async () => {
      const { done, value } = await iterator.next();
      return done === true ? undefined : textOf(value);
    },
    // An iterator of Node's that was never asked leaves its stream as it is.
    leave: async () => (body instanceof Readable ? body.destroy() : iterator.return?.()),
  };
}

function textOf(chunk: unknown): string {
  return chunk instanceof Uint8Array ? new TextDecoder().decode(chunk) : String(chunk);
}

/** How a stream comes to its end. */
const ENDS = ["through", "fail", "leave", "abort", "stop", "time out", "idle", "close"] as const;
type End = (typeof ENDS)[number];

interface Case {
  readonly kind: string;
  readonly chunks: readonly string[];
  /** Milliseconds before each. */
  readonly waits: readonly number[];
  readonly reads: number;
  readonly end: End;
}

const cases: fc.Arbitrary<Case> = fc
  .array(fc.record({ text: fc.string({ minLength: 1, unit: "grapheme-ascii" }), wait: fc.nat(400) }), {
    maxLength: 8,
  })
  .chain((steps) =>
    fc.record({
      kind: fc.constantFrom(...Object.keys(KINDS)),
      chunks: fc.constant(steps.map(({ text }) => text)),
      waits: fc.constant(steps.map(({ wait }) => wait)),
      reads: fc.nat(steps.length),
      end: fc.constantFrom(...ENDS),
    }),
  );

const IDLE_MS = 20;
const STATES: Readonly<Record<End, object>> = {
  through: { spanStatus: "UNSET" },
  fail: { spanStatus: "ERROR", statusMessage: "half-way" },
  leave: { spanStatus: "UNSET", aborted: true },
  abort: { spanStatus: "UNSET", aborted: true },
  stop: { spanStatus: "UNSET", aborted: true },
  "time out": { spanStatus: "ERROR", statusMessage: "too late" },
  idle: { spanStatus: "UNSET", aborted: true },
  close: { spanStatus: "UNSET" },
};

const REASONS: Readonly<Partial<Record<End, unknown>>> = {
  abort: undefined,
  stop: new Error("the user pressed stop"),
  "time out": new DOMException("too late", "TimeoutError"),
};

/** Runs a case: the span, and what was shown of it while it ran. */
async function ran(one: Case, { tracer, memory, shown, faults }: Watched) {
  const controller = new AbortController();
  const source = async function* (): AsyncGenerator<string> {
    yield* one.chunks;
    if (one.end === "fail") throw new Error("half-way");
  };
  const stream = KINDS[one.kind]?.(source) ?? {};
  let text = "";
  let ended = 0;
  const span = tracer.startSpan("work");
  const say = () => void span.addAttribute("text", text);
  const given = span.follow<object>(stream, {
    onChunk: (chunk) => {
      text += textOf(chunk);
    },
    onSnapshot: say,
    onEnd: () => {
      ended++;
      say();
    },
    signal: controller.signal,
    idleMs: IDLE_MS,
  });
  expect(given).toBe(stream);
  const reading = readingOf(stream);
  const read: string[] = [];
  const count = one.end === "through" || one.end === "fail" ? one.chunks.length : one.reads;
  for (let i = 0; i < count; i++) {
    now += one.waits[i] ?? 0;
    read.push((await reading.next()) ?? "");
  }
  expect(read).toEqual(one.chunks.slice(0, count));
  await ENDINGS[one.end](reading, tracer, (reason) => controller.abort(reason));
  await until(() => tracer.openSpans().length === 0);
  expect(ended).toBeLessThanOrEqual(1);
  expect(faults).toEqual([]);
  const [found] = memory.getTraces();
  if (found === undefined) throw new Error("no span");
  return { span: found, shown, read, ended };
}

type Ending = (reading: Reading, tracer: Tracer, abort: (reason: unknown) => void) => Promise<unknown>;
const abort: (end: End) => Ending = (end) => async (_, __, signal) => signal(REASONS[end]);
const ENDINGS: Readonly<Record<End, Ending>> = {
  through: async (reading) => expect(await reading.next()).toBeUndefined(),
  fail: (reading) => expect(reading.next()).rejects.toThrow("half-way"),
  leave: (reading) => reading.leave(),
  abort: abort("abort"),
  stop: abort("stop"),
  "time out": abort("time out"),
  idle: async () => {
    // Until the clock goes on, no timer that fires takes it for idle.
    await sleep(2 * IDLE_MS);
    now += IDLE_MS;
  },
  close: (_, tracer): Promise<DeliveryReport> => tracer.close(),
};

describe("whatever is read of a stream, and however it is left", () => {
  it("its span ends once, as it was, with what was read", async () => {
    await fc.assert(
      fc.asyncProperty(cases, async (one) => {
        const { span, read, ended } = await ran(one, watched());
        const { spanStatus, statusMessage, attributes, state } = span;
        const aborted = attributes["ai.conversation.aborted"];
        const found = {
          spanStatus,
          ...(statusMessage && { statusMessage }),
          ...(aborted === true && { aborted }),
        };
        if (one.end === "close") {
          expect(state).toBe(read.length === 0 ? "ended" : "interrupted");
        } else {
          expect(found).toEqual(STATES[one.end]);
          expect([ended, attributes["text"]]).toEqual([1, read.join("")]);
        }
        expect("gen_ai.response.time_to_first_chunk" in attributes).toBe(read.length > 0);
        if (one.end === "idle")
          expect(attributes["ai.followed.end"]).toBe(read.length > 0 ? "unfinished" : "unread");
      }),
      { numRuns: sized(500, 60) },
    );
  });

  it("it is shown as text arrives, at most once in 300 ms, with what there is", async () => {
    await fc.assert(
      fc.asyncProperty(cases, async (one) => {
        const { shown, read } = await ran(one, watched());
        for (const [i, { at, text }] of shown.entries()) {
          const before = shown[i - 1]?.at ?? Number.NEGATIVE_INFINITY;
          expect(at - before).toBeGreaterThanOrEqual(300 - 1e-6);
          expect(read.join("").startsWith(String(text))).toBe(true);
        }
        expect(shown.length > 0).toBe(read.length > 0);
      }),
      { numRuns: sized(200, 30) },
    );
  });
});

describe.each(Object.entries(KINDS))(
  "a %s that is read on after its span ended, since nobody had for long",
  (_, kind) => {
    it("goes to the app as it is, and that the rest is not recorded is told once", async () => {
      const { tracer, memory, faults } = watched();
      const stream = kind(async function* () {
        yield* ["a", "b", "c"];
      });
      tracer.startSpan("work").follow(stream, { idleMs: IDLE_MS });
      const reading = readingOf(stream);
      const read = [await reading.next()];
      now += IDLE_MS;
      await until(() => memory.getTraces().length === 1);
      expect(faults).toEqual([]);
      for (let text = await reading.next(); text !== undefined; text = await reading.next()) read.push(text);
      expect([read.join(""), faults]).toEqual(["abc", ["SPAN_ENDED"]]);
      expect(memory.getTraces()).toMatchObject([{ attributes: { "ai.followed.end": "unfinished" } }]);
    });
  },
);

describe("the guard of a stream that is told by callbacks", () => {
  function guarded(idleMs?: number) {
    const all = watched();
    const span = all.tracer.startSpan("work");
    const guard = guardStream(span, { onChunk: (part: { type: string }) => part.type !== "ping", idleMs });
    if (guard === undefined) throw new Error("no guard");
    const ended = (): Span => {
      const [found] = all.memory.getTraces();
      if (found === undefined) throw new Error("no span");
      return found;
    };
    return { ...all, span, guard, ended };
  }

  it("ends its span once, and counts the time until the first part that says something", () => {
    const { guard, ended, span } = guarded();
    guard.chunk({ type: "ping" });
    expect(span.attributes).not.toHaveProperty(["gen_ai.response.time_to_first_chunk"]);
    guard.chunk({ type: "text" });
    expect(span.attributes).toHaveProperty(["gen_ai.response.time_to_first_chunk"]);
    guard.end({ how: "done" });
    guard.end({ how: "failed", error: new Error("late") });
    expect([guard.isOver, ended().spanStatus, ended().attributes["ai.conversation.aborted"]]).toEqual([
      true,
      "UNSET",
      undefined,
    ]);
  });

  it("ends where nobody reads on, at the earliest after ten times the longest pause of its reader before, unless the time was said", async () => {
    const paced = (idleMs?: number) => {
      const { tracer, memory } = watched();
      const guard = guardStream(tracer.startSpan("work"), { leastIdleMs: 20, idleMs });
      for (const pause of [5, 30, 1]) {
        guard?.waits(true);
        guard?.chunk({ type: "text" });
        now += pause;
      }
      guard?.waits(true);
      guard?.chunk({ type: "text" });
      return () => memory.getTraces().length;
    };
    const [exact, patient] = [paced(20), paced()];
    now += 299;
    await until(() => exact() === 1);
    expect(patient()).toBe(0);
    now += 2;
    await until(() => patient() === 1);
  });

  it("that is known to be done, or to have failed, is not taken for abandoned where it is left", () => {
    const done = guarded();
    done.guard.expect({ how: "done" });
    done.guard.end({ how: "abandoned" });
    expect(done.ended().attributes).not.toHaveProperty(["ai.conversation.aborted"]);
    const failed = guarded();
    failed.guard.expect({ how: "failed", error: new Error("overloaded") });
    failed.guard.end({ how: "abandoned" });
    expect(failed.ended().statusMessage).toBe("overloaded");
  });

  it("that failed and may be tried again ends as it failed, and when, unless more comes in time", async () => {
    const given = guarded();
    given.guard.expect({ how: "failed", error: new Error("HTTP 429") }, 10);
    const failedAt = Date.now();
    await sleep(30);
    expect(given.tracer.openSpans()).toHaveLength(1);
    now += 10;
    await until(() => given.guard.isOver);
    expect(given.ended().statusMessage).toBe("HTTP 429");
    expect((given.ended().endedAt ?? new Date(0)).getTime()).toBeLessThanOrEqual(failedAt + 1);

    const again = guarded();
    again.guard.expect({ how: "failed", error: new Error("HTTP 429") }, 10);
    again.guard.expect(undefined);
    again.guard.waits(true);
    now += 1000;
    await sleep(30);
    expect(again.guard.isOver).toBe(false);
    again.guard.end({ how: "done" });
    expect(again.ended().spanStatus).toBe("UNSET");
  });

  it("ends with the tracer as it is known to have gone", async () => {
    const { guard, tracer, ended } = guarded();
    guard.chunk({ type: "text" });
    guard.expect({ how: "failed", error: new Error("HTTP 500") });
    await tracer.close();
    expect([ended().state, ended().statusMessage]).toEqual(["ended", "HTTP 500"]);
  });

  it("is none for a span that has ended, and reports an option that cannot be used", () => {
    const { span, guard, faults, tracer } = guarded(-1);
    expect(faults).toEqual(["INVALID_ARGUMENT"]);
    guard.end({ how: "done" });
    expect(guardStream(span)).toBeUndefined();
    expect(guardStream(tracer.startSpan("other"), { signal: Object({ aborted: 1 }) })).toBeDefined();
    expect(faults).toEqual(["INVALID_ARGUMENT", "INVALID_ARGUMENT"]);
  });
});
