// What is particular to the in-memory, tee and iterable tracers.
import {
  HumanReadableTracer,
  InMemoryTracer,
  IterableTracer,
  NoopTracer,
  type Span,
  TeeTracer,
  TracelightError,
  Tracer,
} from "tracelight";
import { describe, expect, test } from "vitest";

function names(spans: Iterable<Span>): string[] {
  return [...spans].map((span) => span.spanName);
}

function record(tracer: Tracer, ...spanNames: string[]): void {
  for (const name of spanNames) tracer.trace(name, () => undefined);
}

function failing(): Tracer {
  return new Tracer(
    {
      name: "failing",
      write: () => {
        throw new Error("no");
      },
    },
    { onError: () => undefined },
  );
}

describe("InMemoryTracer", () => {
  test("keeps the latest spans; older ones go first, and are counted", async () => {
    const tracer = new InMemoryTracer({ memorySize: 3 });
    record(tracer, "a", "b", "c", "d", "e");
    expect(names(tracer.getTraces())).toEqual(["c", "d", "e"]);
    expect(await tracer.flush()).toMatchObject({ written: 5, dropped: 2 });
  });

  test.each([0, 1, 2, 15, 16, 17, 1000])("keeps exactly memorySize spans: %i", (memorySize) => {
    const tracer = new InMemoryTracer({ memorySize });
    for (let i = 0; i < 2500; i++) {
      record(tracer, `${i}`);
      if (i % 500 === 0) expect(tracer.getTraces().length).toBe(Math.min(i + 1, memorySize));
    }
    expect(names(tracer.getTraces())).toEqual(
      Array.from({ length: memorySize }, (_, i) => `${2500 - memorySize + i}`),
    );
  });

  test("keeps about maxBytes; a span larger than all of it is not kept", () => {
    const tracer = new InMemoryTracer({ maxBytes: 1_000_000 });
    for (let i = 0; i < 100; i++)
      tracer.trace(`${i}`, (span) => span.addAttribute("text", "x".repeat(50_000)));
    const kept = tracer.getTraces().length;
    expect(kept).toBeGreaterThan(5);
    expect(kept).toBeLessThan(15);
    tracer.trace("huge", (span) => span.addAttribute("text", "x".repeat(10_000_000)));
    expect(tracer.getTraces()).toEqual([]);
  });

  test("gives copies: nobody can change what it keeps", () => {
    const tracer = new InMemoryTracer();
    tracer.trace("x", (span) => span.addAttribute("list", [{ a: 1 }]));
    const [span] = tracer.getTraces();
    expect(() => {
      Object.assign(span?.attributes ?? {}, { list: "changed" });
    }).toThrow(TypeError);
    const list = span?.attributes["list"];
    expect(() => Array.isArray(list) && list.push(1)).toThrow(TypeError);
    expect(tracer.getTraces()[0]?.attributes).toEqual({ list: [{ a: 1 }] });
  });

  test("throws for a query that cannot be meant, with the mend", () => {
    const tracer = new InMemoryTracer();
    expect(() => tracer.getTraces({ attributeFiler: {} } as never)).toThrow(/did you mean "attributeFilter"/);
  });
});

describe("TeeTracer", () => {
  test("sends the same spans to all, and reads from the first", () => {
    const [first, second] = [new InMemoryTracer(), new InMemoryTracer()];
    const tee = new TeeTracer().addTracer(first).addTracer(second);
    record(tee, "a", "b");
    const ids = (tracer: InMemoryTracer) => tracer.getTraces().map(({ spanId }) => spanId);
    expect(ids(first)).toEqual(ids(second));
    record(first, "only first");
    expect(names(tee.getTraces() as readonly Span[])).toEqual(["a", "b", "only first"]);
  });

  test("goes on when one of its tracers fails, and so does the app", async () => {
    const last = new InMemoryTracer();
    const tee = new TeeTracer().addTracer(failing()).addTracer(last);
    expect(tee.trace("x", () => 42)).toBe(42);
    expect(() =>
      tee.trace("y", () => {
        throw new RangeError("the app's own");
      }),
    ).toThrow("the app's own");
    expect(names(last.getTraces())).toEqual(["x", "y"]);
    expect(await tee.flush()).toMatchObject({ written: 2, failed: 2 });
  });

  test("has a context of its own", () => {
    const member = new InMemoryTracer();
    member.setContext({ resourceAttributes: { "service.name": "member" } });
    const tee = new TeeTracer().addTracer(member);
    tee.setContext({ resourceAttributes: { "service.name": "tee" } });
    record(tee, "x");
    record(member, "y");
    expect(member.getTraces().map((span) => span.resourceAttributes["service.name"])).toEqual([
      "tee",
      "member",
    ]);
  });

  test("runs the process option of each member for that member alone", () => {
    const open = new InMemoryTracer();
    const closed = new InMemoryTracer({
      process: (span) => {
        span.attributes["secret"] = "[redacted]";
      },
    });
    new TeeTracer()
      .addTracer(closed)
      .addTracer(open)
      .trace("x", (span) => span.addAttribute("secret", "s3cret"));
    expect(closed.getTraces()[0]?.attributes["secret"]).toBe("[redacted]");
    expect(open.getTraces()[0]?.attributes["secret"]).toBe("s3cret");
  });

  test("shows running spans to those that look at them, and looks at none where nobody does", () => {
    let snapshots = 0;
    const quiet = new TeeTracer().addTracer(new InMemoryTracer());
    const seen: string[] = [];
    const looking = new Tracer({
      name: "looking",
      write: () => undefined,
      observe: (span, what) => void seen.push(`${what} ${span.spanName}`),
    });
    const span = quiet.startSpan("x");
    const { snapshot } = span;
    span.snapshot = () => {
      snapshots++;
      return snapshot.call(span);
    };
    quiet.addTracer(failing());
    span.emitSnapshot();
    quiet.addTracer(looking);
    span.emitSnapshot();
    expect(seen).toEqual(["snapshot x"]);
    expect(snapshots).toBeLessThanOrEqual(2);
    quiet.startSpan("y").end();
    span.end();
    expect(seen).toEqual(["snapshot x", "start y"]);
  });

  test("tells its members of spans that will not be written", () => {
    const discarded: string[] = [];
    const member = new Tracer({
      name: "member",
      write: () => undefined,
      observe: () => undefined,
      discard: (span) => void discarded.push(span.spanId),
    });
    const tee = new TeeTracer({ process: (span) => span.spanName !== "secret" && undefined });
    const outer = new TeeTracer({ process: (span) => (span.spanName === "x" ? false : undefined) });
    const unwanted = [tee.addTracer(member).startSpan("secret"), outer.addTracer(tee).startSpan("x")];
    for (const span of [...unwanted, tee.startSpan("fine")]) span.end();
    expect(discarded).toEqual(unwanted.map(({ spanId }) => spanId));
  });

  test("adds a tracer once, removes it, and adds one for a while", () => {
    const member = new InMemoryTracer();
    const tee = new TeeTracer().addTracer(member).addTracer(member);
    record(tee, "a");
    expect(member.getTraces()).toHaveLength(1);
    tee.removeTracer(member).removeTracer(member);
    record(tee, "b");
    expect(member.getTraces()).toHaveLength(1);
    const temporary = tee.temporaryTracer(member);
    record(tee, "c");
    temporary[Symbol.dispose]();
    record(tee, "d");
    expect(names(member.getTraces())).toEqual(["a", "c"]);
    expect(tee.getTraces()).toEqual([]);
  });

  test("cannot hold itself, directly or through another", () => {
    const [outer, inner] = [new TeeTracer(), new TeeTracer()];
    outer.addTracer(inner);
    for (const add of [() => outer.addTracer(outer), () => inner.addTracer(outer)]) {
      expect(add).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
    }
    expect(() => outer.addTracer({} as never)).toThrow(TracelightError);
  });

  test("rejects reads where the first cannot be read, naming the mend", async () => {
    const tee = new TeeTracer().addTracer(new HumanReadableTracer({ stream: { write: () => true } }));
    await expect(tee.getTraces()).rejects.toMatchObject({
      code: "NOT_A_STORE",
      message: expect.stringContaining("InMemoryTracer"),
    });
  });

  test("closes its members", async () => {
    const onError = () => undefined;
    const member = new InMemoryTracer({ onError });
    await new TeeTracer().addTracer(member).close();
    record(member, "late");
    expect(await member.flush()).toMatchObject({ dropped: 1 });
  });
});

describe("IterableTracer", () => {
  test("gives snapshots and ended spans as they come, until shutdown", async () => {
    const tracer = new IterableTracer();
    const turn = tracer
      .trace("turn", async (span) => {
        span.addAttribute("text", "Hel").emitSnapshot();
        await new Promise((resolve) => setTimeout(resolve, 5));
        span.addAttribute("text", "Hello").emitSnapshot();
        await new Promise((resolve) => setTimeout(resolve, 5));
        tracer.trace("tool", () => undefined);
      })
      .finally(() => tracer.shutdown());
    const seen: string[] = [];
    for await (const { spanName, state, attributes } of tracer)
      seen.push(`${spanName} ${state} ${attributes["text"] ?? ""}`);
    await turn;
    expect(seen).toEqual(["turn running Hel", "turn running Hello", "tool ended ", "turn ended Hello"]);
  });

  test("gives what came before the loop, with only the latest snapshot of a span", async () => {
    const tracer = new IterableTracer();
    const span = tracer.startSpan("x");
    for (let i = 0; i < 5; i++) span.addAttribute("i", i).emitSnapshot();
    span.end();
    tracer.shutdown();
    const seen: unknown[] = [];
    for await (const { state, attributes } of tracer) seen.push([state, attributes["i"]]);
    expect(seen).toEqual([
      ["running", 4],
      ["ended", 4],
    ]);
  });

  test("is bounded: the oldest go, are counted and reported", async () => {
    const errors: string[] = [];
    const tracer = new IterableTracer({ maxQueuedSpans: 3, onError: ({ code }) => errors.push(code) });
    record(tracer, "a", "b", "c", "d", "e");
    tracer.shutdown();
    const seen: string[] = [];
    for await (const { spanName } of tracer) seen.push(spanName);
    expect(seen).toEqual(["c", "d", "e"]);
    expect(errors).toEqual(["QUEUE_FULL"]);
    expect(await tracer.flush()).toMatchObject({ written: 3, dropped: 2, pending: 0 });
  });

  test("says what no loop has taken", async () => {
    const tracer = new IterableTracer();
    record(tracer, "a");
    expect(await tracer.flush()).toMatchObject({ written: 0, pending: 1 });
  });

  test("ends a loop that waits", async () => {
    const tracer = new IterableTracer();
    const next = tracer[Symbol.asyncIterator]().next();
    tracer.shutdown();
    expect(await next).toEqual({ done: true, value: undefined });
  });
});

describe("NoopTracer", () => {
  test("runs what it traces, whatever it is, and keeps nothing", async () => {
    const tracer = new NoopTracer();
    expect(tracer.trace("x", (span) => span.addAttribute("a", 1).spanName)).toBe("noop");
    expect(await tracer.trace("x", { spanKind: "SERVER" }, async () => 2)).toBe(2);
    const failure = new Error("the app's own");
    expect(() =>
      tracer.trace("x", () => {
        throw failure;
      }),
    ).toThrow(failure);
    const span = tracer.startSpan("x");
    span.addAttribute("a", 1).addEvent("e").setStatus("ERROR").end();
    expect(span.attributes).toEqual({});
    expect(tracer.getTraces()).toEqual([]);
    expect(await tracer.close()).toMatchObject({ written: 0, failed: 0 });
  });

  test("leaves the active span of other tracers active, and is no parent", () => {
    const tracer = new InMemoryTracer();
    const noop = new NoopTracer();
    tracer.trace("outer", (outer) => {
      noop.trace("nothing", (nothing) => {
        expect(tracer.currentSpan).toBe(outer);
        tracer.startSpan("inner", { parentSpan: nothing }).end();
      });
    });
    expect(tracer.getTraces()[1]?.parentSpan?.spanName).toBe("outer");
  });
});
