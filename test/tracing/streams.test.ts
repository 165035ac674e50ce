// span.follow: a span that ends with what is read later; the app keeps its own object, read by nobody but itself.
import { createServer, get } from "node:http";
import { PassThrough, pipeline, Readable, Transform } from "node:stream";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { InMemoryTracer, NoopTracer, type Span, type TracelightError } from "tracelight";
import { describe, expect, it } from "vitest";
import { activeName, parentNames, sleep } from "./reading.ts";

const FIRST = "gen_ai.response.time_to_first_chunk";

function watched() {
  const errors: TracelightError[] = [];
  return { tracer: new InMemoryTracer({ onError: (error) => errors.push(error) }), errors };
}

/** The only span; fails where it has not ended. */
function ended(tracer: InMemoryTracer): Span {
  expect(tracer.openSpans()).toEqual([]);
  const [span] = tracer.getTraces({ spanName: "work" });
  if (span === undefined) throw new Error("no span");
  return span;
}

/** How it ended, in short. */
function outcome(tracer: InMemoryTracer): unknown {
  const { spanStatus, statusMessage, attributes } = ended(tracer);
  return {
    spanStatus,
    statusMessage,
    aborted: attributes["ai.conversation.aborted"],
    read: FIRST in attributes,
  };
}

const DONE = { spanStatus: "UNSET", statusMessage: undefined, aborted: undefined, read: true };
const ABANDONED = { ...DONE, aborted: true };
const failedWith = (message: string) => ({ ...DONE, spanStatus: "ERROR", statusMessage: message });

/** A web stream that counts how often it was asked, and says what was active then. */
function counting(
  chunks: number,
  options: { tracer?: InMemoryTracer; fail?: Error; highWaterMark?: number } = {},
) {
  const seen = { pulls: 0, cancelled: undefined as unknown, active: [] as string[] };
  const stream = new ReadableStream<number>(
    {
      pull(controller) {
        if (options.tracer !== undefined) {
          seen.active.push(activeName(options.tracer));
          options.tracer.startSpan("inner").end();
        }
        if (seen.pulls < chunks) controller.enqueue(seen.pulls++);
        else if (options.fail !== undefined) controller.error(options.fail);
        else controller.close();
      },
      cancel(reason) {
        seen.cancelled = reason;
      },
    },
    { highWaterMark: options.highWaterMark ?? 0 },
  );
  return { stream, seen };
}

async function all<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const chunks: T[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

/** Bytes, one at a time. */
function bytes(count: number): ReadableStream<Uint8Array> {
  let given = 0;
  return new ReadableStream({
    type: "bytes",
    pull(controller) {
      if (given === count) {
        controller.close();
        controller.byobRequest?.respond(0);
        return;
      }
      controller.enqueue(new Uint8Array([given++]));
    },
  });
}

describe("a web stream", () => {
  it("is the same object, and its span ends when it was read through, with the time of the first chunk", async () => {
    const { tracer, errors } = watched();
    const { stream, seen } = counting(3, { tracer });
    const given = await tracer.trace("work", async (span) => span.follow(stream));
    expect(given).toBe(stream);
    expect([seen.pulls, tracer.openSpans().length]).toEqual([0, 1]);
    const chunks: number[] = [];
    for await (const chunk of given) {
      expect(activeName(tracer)).toBe("-");
      expect(seen.pulls).toBe(chunk + 1);
      chunks.push(chunk);
    }
    expect(chunks).toEqual([0, 1, 2]);
    expect(outcome(tracer)).toEqual(DONE);
    expect(ended(tracer).attributes[FIRST]).toBeGreaterThanOrEqual(0);
    expect(new Set(seen.active)).toEqual(new Set(["work"]));
    expect(parentNames(tracer.getTraces())).toEqual({ work: "-", inner: "work" });
    expect(errors).toEqual([]);
  });

  const reads: Record<string, (stream: ReadableStream<number>) => Promise<unknown>> = {
    "a reader": async (stream) => {
      const reader = stream.getReader();
      expect(stream.locked).toBe(true);
      const chunks = [];
      for (let step = await reader.read(); !step.done; step = await reader.read()) chunks.push(step.value);
      await reader.closed;
      reader.releaseLock();
      expect(stream.locked).toBe(false);
      return chunks;
    },
    "values()": (stream) => all(stream.values()),
    "for await": (stream) => all(stream),
    pipeTo: async (stream) => {
      const chunks: number[] = [];
      await stream.pipeTo(new WritableStream({ write: (chunk) => void chunks.push(chunk) }));
      return chunks;
    },
    pipeThrough: (stream) => all(stream.pipeThrough(new TransformStream())),
    tee: async (stream) => {
      const [left, right] = stream.tee();
      const [a, b] = await Promise.all([all(left), all(right)]);
      expect(a).toEqual(b);
      return a;
    },
    "Readable.fromWeb": (stream) => all(Readable.fromWeb(Object(stream), { objectMode: true })),
    "a reader, released and taken again": async (stream) => {
      const reader = stream.getReader();
      const first = await reader.read();
      reader.releaseLock();
      return [first.value, ...(await all(stream))];
    },
  };
  for (const [name, read] of Object.entries(reads)) {
    it(`is followed however it is read: ${name}`, async () => {
      const { tracer } = watched();
      const { stream } = counting(3);
      tracer.trace("work", (span) => span.follow(stream));
      expect(await read(stream)).toEqual([0, 1, 2]);
      await sleep(0);
      expect(outcome(tracer)).toEqual(DONE);
    });

    it(`that fails, fails the span and the app, with the same error: ${name}`, async () => {
      const { tracer } = watched();
      const fail = new Error("half-way");
      const { stream } = counting(2, { fail });
      tracer.trace("work", (span) => span.follow(stream));
      await expect(read(stream)).rejects.toBe(fail);
      await sleep(0);
      expect(outcome(tracer)).toEqual(failedWith("half-way"));
    });
  }

  it("piped keeps what pipeTo promises: a sink that fails cancels it, preventCancel leaves the rest, a signal aborts", async () => {
    const failing = watched();
    const first = counting(100);
    failing.tracer.trace("work", (span) => span.follow(first.stream));
    const broken = new Error("no room");
    const sink = new WritableStream({
      write: () => {
        throw broken;
      },
    });
    await expect(first.stream.pipeTo(sink)).rejects.toBe(broken);
    expect(first.seen.cancelled).toBe(broken);
    expect(outcome(failing.tracer)).toEqual(ABANDONED);

    const kept = watched();
    const second = counting(3);
    kept.tracer.trace("work", (span) => span.follow(second.stream));
    const full = new WritableStream({
      write: (chunk, controller) => (chunk === 0 ? controller.error(broken) : undefined),
    });
    await expect(second.stream.pipeTo(full, { preventCancel: true })).rejects.toBe(broken);
    expect((await all(second.stream)).at(-1)).toBe(2);
    expect(outcome(kept.tracer)).toEqual(DONE);

    const aborted = watched();
    const third = counting(100);
    aborted.tracer.trace("work", (span) => span.follow(third.stream));
    const controller = new AbortController();
    const stopping = new WritableStream({ write: (chunk) => (chunk === 3 ? controller.abort() : undefined) });
    await expect(third.stream.pipeTo(stopping, { signal: controller.signal })).rejects.toHaveProperty(
      "name",
      "AbortError",
    );
    expect(outcome(aborted.tracer)).toEqual(ABANDONED);
  });

  it("cancelled while a read waits ends aborted, and the read is answered", async () => {
    const { tracer, errors } = watched();
    const stream = new ReadableStream({ pull: () => new Promise(() => undefined) }, { highWaterMark: 0 });
    tracer.trace("work", (span) => span.follow(stream));
    const reader = stream.getReader();
    const read = reader.read();
    await sleep(0);
    await reader.cancel("enough");
    expect(await read).toEqual({ done: true, value: undefined });
    expect(outcome(tracer)).toEqual({ ...ABANDONED, read: false });
    expect(errors).toEqual([]);
  });

  it("is answered by a server as any other", async () => {
    const { tracer } = watched();
    const server = createServer((_, response) => {
      const stream = tracer.trace("work", (span) => span.follow(bytes(5)));
      Readable.fromWeb(Object(new Response(stream).body)).pipe(response);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const answer = await fetch(`http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`);
    expect(new Uint8Array(await answer.arrayBuffer())).toHaveLength(5);
    server.closeAllConnections();
    server.close();
    expect(outcome(tracer)).toEqual(DONE);
  });

  it("abandoned half-way is cancelled with the app's reason, and its span is aborted", async () => {
    const { tracer } = watched();
    const { stream, seen } = counting(100);
    tracer.trace("work", (span) => span.follow(stream));
    for await (const chunk of stream) if (chunk === 2) break;
    expect(outcome(tracer)).toEqual(ABANDONED);
    expect(seen).toMatchObject({ pulls: 3 });

    const other = watched();
    const { stream: second, seen: seenSecond } = counting(100);
    other.tracer.trace("work", (span) => span.follow(second));
    await second.cancel("enough");
    expect(seenSecond).toMatchObject({ pulls: 0, cancelled: "enough" });
    expect(outcome(other.tracer)).toEqual({ ...ABANDONED, read: false });
  });

  it("is never read ahead of the app, whatever its own buffer", async () => {
    const { tracer } = watched();
    for (const highWaterMark of [0, 1, 5]) {
      const plain = counting(100, { highWaterMark });
      const followed = counting(100, { highWaterMark });
      tracer.startSpan("work").follow(followed.stream);
      for (const { stream } of [plain, followed]) {
        const reader = stream.getReader();
        for (let i = 0; i < 3; i++) await reader.read();
      }
      await sleep(0);
      expect(followed.seen.pulls).toBe(plain.seen.pulls);
    }
  });

  it("of bytes can be read into buffers, and by the default reader in its own pieces", async () => {
    const { tracer } = watched();
    const stream = tracer.trace("work", (span) => span.follow(bytes(4)));
    const reader = stream.getReader({ mode: "byob" });
    const first = await reader.read(new Uint8Array(8));
    expect([...(first.value ?? [])]).toEqual([0]);
    reader.releaseLock();
    const rest = await all(stream);
    expect(rest.map((chunk) => [...chunk])).toEqual([[1], [2], [3]]);
    expect(outcome(tracer)).toEqual(DONE);

    const second = watched();
    const whole = second.tracer.trace("work", (span) => span.follow(bytes(2)));
    const into = whole.getReader({ mode: "byob" });
    await into.read(new Uint8Array(8));
    await into.read(new Uint8Array(8));
    expect((await into.read(new Uint8Array(8))).done).toBe(true);
    expect(outcome(second.tracer)).toEqual(DONE);
  });

  it("keeps its class, its subclass's own ways to read, and what they keep private", async () => {
    const { tracer } = watched();
    class Lines extends ReadableStream<number> {
      #seen = 0;
      async next(): Promise<IteratorResult<number>> {
        const reader = this.getReader();
        const step = await reader.read();
        reader.releaseLock();
        this.#seen++;
        return step.done ? { done: true, value: undefined } : step;
      }
      get seen(): number {
        return this.#seen;
      }
    }
    const lines = new Lines({
      start(controller) {
        controller.enqueue(1);
        controller.close();
      },
    });
    const followed = tracer.trace("work", (span) => span.follow(lines));
    expect(followed).toBeInstanceOf(Lines);
    expect(Object.keys(followed)).toEqual([]);
    expect(await followed.next()).toEqual({ done: false, value: 1 });
    expect((await followed.next()).done).toBe(true);
    expect(followed.seen).toBe(2);
    expect(outcome(tracer)).toEqual(DONE);
  });

  it("that fails while nobody reads fails its reader, as without tracing", async () => {
    const { tracer } = watched();
    let fail: (error: Error) => void = () => undefined;
    const stream = new ReadableStream({
      start(controller) {
        fail = (error) => controller.error(error);
      },
    });
    tracer.trace("work", (span) => span.follow(stream));
    const reader = stream.getReader();
    fail(new Error("gone"));
    await expect(reader.closed).rejects.toThrow("gone");
    expect(outcome(tracer)).toEqual({ ...failedWith("gone"), read: false });
  });

  it("of a Response, whichever way its body is read", async () => {
    for (const read of [
      (response: Response) => response.text(),
      (response: Response) => response.clone().text(),
      async (response: Response) => String(await all(response.body ?? new ReadableStream())),
    ]) {
      const { tracer } = watched();
      const body = new Response("three words here").body;
      const response = tracer.trace("work", (span) => span.follow(new Response(body)));
      expect(response).toBeInstanceOf(Response);
      await read(response);
      await sleep(0);
      expect(outcome(tracer)).toEqual(DONE);
    }
    const { tracer } = watched();
    tracer.trace("work", (span) => span.follow(new Response(null)));
    expect(outcome(tracer)).toEqual({ ...DONE, read: false });
  });
});

describe("a Node stream", () => {
  const reads: Record<string, (stream: Readable) => Promise<unknown>> = {
    "for await": all,
    "on data": (stream) =>
      new Promise((resolve, reject) => {
        const chunks: unknown[] = [];
        stream
          .on("data", (chunk) => chunks.push(chunk))
          .on("end", () => resolve(chunks))
          .on("error", reject);
      }),
    pipe: async (stream) => all(stream.pipe(new PassThrough({ objectMode: true }))),
    pipeline: async (stream) => {
      const through = new PassThrough({ objectMode: true });
      const done = promisify(pipeline)(stream, through);
      const chunks = all(through).catch(() => undefined);
      await done;
      return chunks;
    },
    "Readable.toWeb": (stream) => all(Readable.toWeb(stream)),
  };
  for (const [name, read] of Object.entries(reads)) {
    it(`is followed however it is read: ${name}`, async () => {
      const { tracer } = watched();
      const inside: string[] = [];
      const stream = Readable.from(
        (async function* () {
          for (const chunk of ["a", "b"]) {
            await sleep(1);
            inside.push(activeName(tracer));
            tracer.startSpan("inner").end();
            yield chunk;
          }
        })(),
      );
      expect(tracer.trace("work", (span) => span.follow(stream))).toBe(stream);
      expect(await read(stream)).toEqual(["a", "b"]);
      await sleep(0);
      expect(outcome(tracer)).toEqual(DONE);
      expect(inside).toEqual(["work", "work"]);
      expect(parentNames(tracer.getTraces())).toEqual({ work: "-", inner: "work" });
    });
  }

  it("tells its listeners outside of the span", async () => {
    const { tracer } = watched();
    const stream = Readable.from(["a", "b"]);
    tracer.trace("work", (span) => span.follow(stream));
    const outside: string[] = [];
    await tracer.trace("consumer", async () => {
      stream.on("data", () => outside.push(activeName(tracer)));
      await new Promise((resolve) => stream.on("end", resolve));
    });
    expect(outside).toEqual(["consumer", "consumer"]);
  });

  it("that holds something already gives all of it to onChunk, as the app gets it", async () => {
    const { tracer, errors } = watched();
    const stream = new PassThrough({ encoding: "utf8" });
    stream.write("é1");
    await sleep(0);
    const chunks: unknown[] = [];
    tracer.trace("work", (span) => span.follow(stream, { onChunk: (chunk) => void chunks.push(chunk) }));
    expect(stream.eventNames()).not.toContain("data");
    stream.end("2");
    expect((await all(stream)).join("")).toBe("é12");
    expect(chunks.join("")).toBe("é12");
    expect(outcome(tracer)).toEqual(DONE);
    expect(errors).toEqual([]);
  });

  it("of a real server: read through, cut off, and without anybody who handles its error", async () => {
    const server = createServer((request, response) => {
      response.write("some words");
      if (request.url === "/whole") response.end(" more");
      else setTimeout(() => response.destroy(), 5);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const ask = (path: string) =>
      new Promise<Readable>((resolve) => get({ port, path, agent: false }, resolve));
    try {
      const whole = watched();
      expect(
        await text(await whole.tracer.trace("work", async (span) => span.follow(await ask("/whole")))),
      ).toBe("some words more");
      await sleep(1);
      expect(outcome(whole.tracer)).toEqual(DONE);
      const cut = watched();
      const stream = await cut.tracer.trace("work", async (span) => span.follow(await ask("/cut")));
      await expect(all(stream)).rejects.toThrow("aborted");
      expect(outcome(cut.tracer)).toEqual(failedWith("aborted"));
      const alone = watched();
      (await alone.tracer.trace("work", async (span) => span.follow(await ask("/cut")))).resume();
      while (alone.tracer.openSpans().length > 0) await sleep(5);
      expect(ended(alone.tracer).attributes).toHaveProperty([FIRST]);
    } finally {
      server.close();
    }
  });

  it("that fails fails the span; destroyed, or aborted, it is aborted", async () => {
    const cases: [(stream: Readable) => void, unknown][] = [
      [(stream) => stream.destroy(new Error("broken")), { ...failedWith("broken"), read: false }],
      [(stream) => stream.destroy(), { ...ABANDONED, read: false }],
      [(stream) => stream.destroy(new DOMException("stop", "AbortError")), { ...ABANDONED, read: false }],
    ];
    for (const [end, expected] of cases) {
      const { tracer } = watched();
      const stream = new Readable({ read: () => undefined });
      stream.on("error", () => undefined);
      tracer.trace("work", (span) => span.follow(stream));
      end(stream);
      await sleep(1);
      expect(outcome(tracer)).toEqual(expected);
    }
  });

  it("is not read ahead, and does not flow by being followed", async () => {
    const { tracer } = watched();
    let reads = 0;
    const stream = new Readable({
      objectMode: true,
      highWaterMark: 1,
      read() {
        reads++;
        this.push(reads);
      },
    });
    tracer.startSpan("work").follow(stream);
    await sleep(2);
    expect([reads, stream.readableFlowing]).toEqual([0, null]);
    stream.destroy();
  });

  it("may be a transform, and may be over already", async () => {
    const { tracer } = watched();
    const upper = new Transform({ transform: (chunk, _, done) => done(null, String(chunk).toUpperCase()) });
    tracer.trace("work", (span) => span.follow(upper));
    upper.end("words");
    expect(await text(upper)).toBe("WORDS");
    await sleep(0);
    expect(outcome(tracer)).toEqual(DONE);
    const again = watched();
    again.tracer.trace("work", (span) => span.follow(upper));
    expect(ended(again.tracer).spanStatus).toBe("UNSET");
  });
});

describe("an async iterable", () => {
  class Source implements AsyncIterable<number> {
    readonly #to: number;
    constructor(to: number) {
      this.#to = to;
    }
    async *[Symbol.asyncIterator]() {
      for (let i = 0; i < this.#to; i++) {
        await sleep(0);
        yield i;
      }
    }
  }

  it("keeps its class and private parts; read through, abandoned, failed", async () => {
    const done = watched();
    const source = new Source(3);
    expect(done.tracer.trace("work", (span) => span.follow(source))).toBe(source);
    expect(await all(source)).toEqual([0, 1, 2]);
    expect(outcome(done.tracer)).toEqual(DONE);

    const left = watched();
    for await (const _ of left.tracer.trace("work", (span) => span.follow(new Source(3)))) break;
    expect(outcome(left.tracer)).toEqual(ABANDONED);

    const failing = watched();
    const stream = failing.tracer.trace("work", (span) =>
      span.follow({
        async *[Symbol.asyncIterator]() {
          yield 1;
          throw new Error("half-way");
        },
      }),
    );
    await expect(all(stream)).rejects.toThrow("half-way");
    expect(outcome(failing.tracer)).toEqual(failedWith("half-way"));
  });

  it("that is an iterator too may give another one", async () => {
    class Both {
      #left = 2;
      async next(): Promise<IteratorResult<number>> {
        return this.#left-- > 0 ? { done: false, value: this.#left } : { done: true, value: undefined };
      }
      async *[Symbol.asyncIterator]() {
        yield "other";
      }
    }
    for (const read of [
      async (both: Both) => expect(await all(both)).toEqual(["other"]),
      async (both: Both) => {
        while (!(await both.next()).done);
      },
    ]) {
      const { tracer } = watched();
      await read(tracer.trace("work", (span) => span.follow(new Both())));
      expect(outcome(tracer)).toEqual(DONE);
    }
  });

  it("may be a generator, or an iterator that ends itself by its own return", async () => {
    const { tracer } = watched();
    const generator = tracer.trace("work", async (span) =>
      span.follow(
        (async function* () {
          tracer.startSpan("inner").end();
          yield activeName(tracer);
        })(),
      ),
    );
    expect(await all(await generator)).toEqual(["work"]);
    expect(outcome(tracer)).toEqual(DONE);
    expect(parentNames(tracer.getTraces())).toEqual({ work: "-", inner: "work" });

    const own = watched();
    let left = 2;
    const iterator = {
      async next(): Promise<IteratorResult<number>> {
        if (left-- > 0) return { done: false, value: left };
        return await this.return();
      },
      async return(): Promise<IteratorResult<number>> {
        return { done: true, value: undefined };
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
    expect(await all(own.tracer.trace("work", (span) => span.follow(iterator)))).toEqual([1, 0]);
    expect(outcome(own.tracer)).toEqual(DONE);
  });
});

describe("a promise of a generator", () => {
  it("is followed as the generator: inner spans nest, an error half-way is kept", async () => {
    const { tracer } = watched();
    const steps = await tracer.trace("work", async () => {
      await sleep(1);
      return (async function* () {
        tracer.startSpan("inner").end();
        yield 1;
        throw new Error("half-way");
      })();
    });
    expect(tracer.openSpans()).toHaveLength(1);
    await expect(all(steps)).rejects.toThrow("half-way");
    expect(parentNames(tracer.getTraces())).toEqual({ work: "-", inner: "work" });
    expect(outcome(tracer)).toEqual({ ...failedWith("half-way"), read: false });
  });
});

describe("a span that follows", () => {
  it("started by hand ends with its stream; ended by hand it stays as it is", async () => {
    const { tracer, errors } = watched();
    const byStream = tracer.startSpan("work");
    await all(byStream.follow(counting(2).stream));
    expect(outcome(tracer)).toEqual(DONE);
    const byHand = tracer.startSpan("by hand");
    const { stream } = counting(2);
    byHand.follow(stream);
    byHand.end();
    expect(await all(stream)).toEqual([0, 1]);
    expect(errors).toEqual([]);
  });

  it("several streams ends with the last", async () => {
    const { tracer } = watched();
    const [a, b] = [counting(1).stream, counting(1).stream];
    await tracer.trace("work", async (span) => [span.follow(a), span.follow(b)]);
    await all(a);
    expect(tracer.openSpans()).toHaveLength(1);
    await all(b);
    expect(outcome(tracer)).toEqual(DONE);
  });

  it("fails with its function, whatever becomes of the stream", async () => {
    const { tracer } = watched();
    const { stream } = counting(2);
    const failing = tracer.trace("work", async (span) => {
      span.follow(stream);
      throw new Error("before it was read");
    });
    await expect(failing).rejects.toThrow("before it was read");
    expect(ended(tracer).statusMessage).toBe("before it was read");
    expect(await all(stream)).toEqual([0, 1]);
  });

  it("sees chunks, and may say more before it ends; what that throws is reported only", async () => {
    const { tracer, errors } = watched();
    const { stream } = counting(3);
    tracer.trace("work", (span) => {
      const chunks: number[] = [];
      span.follow(stream, {
        onChunk: (chunk) => void chunks.push(chunk),
        onEnd: () => void span.addAttribute("chunks", chunks),
      });
    });
    await all(stream);
    expect(ended(tracer).attributes["chunks"]).toEqual([0, 1, 2]);
    const broken = tracer.startSpan("broken");
    const raise = () => {
      throw new Error("mine");
    };
    expect(await all(broken.follow(counting(2).stream, { onChunk: raise, onEnd: raise }))).toEqual([0, 1]);
    expect(errors.map(({ code }) => code)).toEqual(["INVALID_ARGUMENT", "INVALID_ARGUMENT"]);
  });

  it("a stream that is read by two spans' guards ends both", async () => {
    const { tracer } = watched();
    const { stream } = counting(2);
    tracer.trace("outer", (outer) => outer.follow(tracer.trace("work", (span) => span.follow(stream))));
    expect(await all(stream)).toEqual([0, 1]);
    expect(tracer.openSpans()).toEqual([]);
    expect(tracer.getTraces()).toHaveLength(2);
  });

  it("counts a part of the stream that tells of a failure or an abort", async () => {
    for (const [part, expected] of [
      [{ type: "error", error: new Error("no quota") }, failedWith("no quota")],
      [{ type: "abort" }, ABANDONED],
      [{ type: "error" }, DONE],
    ]) {
      const { tracer } = watched();
      const stream = new ReadableStream({
        start(controller) {
          controller.enqueue({ type: "start" });
          controller.enqueue(part);
          controller.close();
        },
      });
      await all(tracer.trace("work", (span) => span.follow(stream)));
      expect(outcome(tracer)).toEqual(expected);
    }
  });
});

describe("a stream that nobody reads to its end", () => {
  it("unread, ends its span with the tracer, marked so; half-read, the span is interrupted", async () => {
    const { tracer } = watched();
    const unread = counting(2).stream;
    const half = counting(2).stream;
    tracer.trace("unread", (span) => span.follow(unread));
    tracer.trace("half", (span) => span.follow(half));
    await half.getReader().read();
    await tracer.close();
    const states = tracer
      .getTraces()
      .map(({ spanName, state, attributes }) => [spanName, state, attributes["ai.followed.end"]]);
    expect(states).toEqual([
      ["unread", "ended", "unread"],
      ["half", "interrupted", undefined],
    ]);
    expect(await all(unread)).toEqual([0, 1]);
  });
});

describe("what cannot be followed", () => {
  it("is reported once, and comes back as it was", async () => {
    const { tracer, errors } = watched();
    const locked = counting(1).stream;
    locked.getReader();
    const untouched = new Proxy(
      {},
      {
        get: () => {
          throw new Error("do not touch");
        },
      },
    );
    const values = [
      locked,
      Object.freeze({ async *[Symbol.asyncIterator]() {} }),
      Promise.resolve(1),
      [1],
      {},
      untouched,
    ];
    for (const [i, value] of values.entries()) {
      for (const name of [`work ${"x".repeat(i)}`, `work ${"x".repeat(i)}`])
        tracer.trace(name, (span) => void expect(Object.is(span.follow(value), value)).toBe(true));
    }
    expect(errors).toHaveLength(values.length);
    expect(tracer.openSpans()).toEqual([]);
    expect(new Set(errors.map(({ code }) => code))).toEqual(new Set(["NOT_FOLLOWED"]));
  });

  it("is what comes to a span that has ended, or records nothing", async () => {
    const { tracer, errors } = watched();
    const span = tracer.startSpan("work");
    span.end();
    const { stream } = counting(1);
    expect(span.follow(stream)).toBe(stream);
    expect(errors.map(({ code }) => code)).toEqual(["SPAN_ENDED"]);
    expect(new NoopTracer().trace("x", (noop) => noop.follow(stream))).toBe(stream);
    expect(Object.getOwnPropertyNames(stream)).toEqual([]);
  });
});
