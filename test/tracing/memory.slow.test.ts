// What stays in memory. Each case is a process of its own, with the garbage collector at hand.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sized } from "../sizes.ts";
import { PackageCopy } from "./package-copy.ts";

/** `TRACELIGHT_SPANS=10000000 npx vitest run test/tracing/memory.slow.test.ts` runs ten million. */
const SPANS = Number(process.env["TRACELIGHT_SPANS"] ?? sized(300_000, 30_000));
const MINUTES = 60_000;

let copy: PackageCopy;
beforeAll(async () => {
  copy = await PackageCopy.make();
});
afterAll(() => copy[Symbol.dispose]());

/** Runs a script that prints one line of JSON. */
async function measured(source: string): Promise<unknown> {
  const { code, stdout, stderr } = await copy.run(`${PRELUDE}\n${source}`, "--expose-gc");
  expect([code, stderr]).toEqual([0, ""]);
  return JSON.parse(stdout);
}

const PRELUDE = `
  import { InMemoryTracer, Tracer } from "tracelight";
  const drop = { name: "drop", write() {} };
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  async function heap() {
    for (let i = 0; i < 4; i++) { await turn(); globalThis.gc(); }
    return process.memoryUsage().heapUsed;
  }
  /** Megabytes by which the heap is larger after the second half of the work than after the first. */
  async function growth(half) {
    await half();
    const before = await heap();
    await half();
    return Math.round((await heap() - before) / 1e5) / 10;
  }
  /** True for each reference that the collector has cleared. */
  async function cleared(...references) {
    for (let i = 0; i < 10 && references.some((r) => r.deref()); i++) await heap();
    return references.map((r) => r.deref() === undefined);
  }
  const print = (value) => console.log(JSON.stringify(value));`;

describe("the heap stays flat", () => {
  it(
    `over ${SPANS.toLocaleString("en")} spans through InMemoryTracer({ memorySize: 1000 })`,
    async () => {
      if (SPANS < 10_000_000)
        console.info(
          "For ten million: TRACELIGHT_SPANS=10000000 npx vitest run test/tracing/memory.slow.test.ts",
        );
      const megabytes = await measured(`
        const tracer = new InMemoryTracer({ memorySize: 1000 });
        let turns = 0;
        print(await growth(() => {
          for (let i = 0; i < ${SPANS / 6}; i++) {
            tracer.trace("turn", { spanKind: "SERVER" }, (turn) => {
              turn.addAttribute("ai.conversation.id", "c" + turns++, { inheritable: true });
              tracer.trace("model", (span) => span.addAttribute("ai.llm.request.messages", [{ turns }]));
              tracer.trace("tool", (span) => span.addAttribute("ai.tool.input", { turns }));
            });
          }
        }));`);
      expect(megabytes).toBeLessThan(2);
    },
    10 * MINUTES,
  );

  it("over spans that are never ended and that nobody holds", async () => {
    const grown = await measured(`
      const tracer = new Tracer(drop);
      const text = "x".repeat(1000);
      const grown = await growth(async () => {
        for (let i = 0; i < 30_000; i++) {
          tracer.startSpan("forgotten", { parentSpan: null }).addAttribute("prompt", text + i);
          if (i % 1000 === 0) await turn();
        }
      });
      print({ isFlat: grown < 2, listed: tracer.openSpans().length });`);
    expect(grown).toEqual({ isFlat: true, listed: 10_000 });
  });

  it("over such spans, which are counted as dropped when their tracer is closed", async () => {
    const report = await measured(`
      const tracer = new Tracer(drop, { onError() {} });
      for (let i = 0; i < 15_000; i++) tracer.startSpan("forgotten", { parentSpan: null });
      await heap();
      const { written, dropped, interrupted, errors } = await tracer.close();
      print({ written, dropped, interrupted, codes: errors.map(({ code }) => code) });`);
    expect(report).toEqual({ written: 10_000, dropped: 5000, interrupted: 10_000, codes: ["QUEUE_FULL"] });
  });

  it("over async turns, generators and faults", async () => {
    const megabytes = await measured(`
      const tracer = new Tracer(drop, { onError() {} });
      print(await growth(async () => {
        for (let i = 0; i < 10_000; i++) {
          await tracer.trace("turn " + i, async (turn) => {
            for await (const _ of tracer.trace("stream", async function* () { yield 1; yield 2; })) break;
            await null;
            turn.end();
            turn.addAttribute("late", i);
          });
        }
      }));`);
    expect(megabytes).toBeLessThan(2);
  });

  it("over a loop of timers that goes on and on, each tick below the one before", async () => {
    const megabytes = await measured(`
      const tracer = new Tracer(drop);
      let ticks = 0;
      const tick = (last, done) => tracer.trace("tick", (span) => {
        span.addAttribute("tick", ticks, { inheritable: true }).addAttribute("payload", "x".repeat(1000) + ticks);
        if (++ticks < last) setImmediate(tick, last, done);
        else setImmediate(done);
      });
      const half = () => new Promise((resolve) => tick(ticks + 20_000, resolve));
      print(await tracer.trace("start", () => growth(half)));`);
    expect(megabytes).toBeLessThan(2);
  });

  it("over such a loop whose ticks overlap: each still runs while the next has begun", async () => {
    const megabytes = await measured(`
      const tracer = new Tracer(drop);
      let ticks = 0;
      const tick = (last, done) => tracer.trace("tick", async (span) => {
        span.addAttribute("payload", "x".repeat(1000) + ticks);
        if (++ticks < last) setImmediate(tick, last, done);
        else setImmediate(done);
        await turn(); await turn(); await turn();
        span.addAttribute("tick", ticks, { inheritable: true });
      });
      const half = () => new Promise((resolve) => tick(ticks + 20_000, resolve));
      print(await growth(half));`);
    expect(megabytes).toBeLessThan(2);
  });

  it("over a span that never ends, with children and late attributes", async () => {
    const megabytes = await measured(`
      const tracer = new Tracer(drop);
      const server = tracer.startSpan("server");
      let n = 0;
      print(await growth(() => tracer.run(server, () => {
        for (let i = 0; i < 50_000; i++) {
          tracer.trace("request", () => server.addAttribute("latest", n++, { inheritable: true }));
        }
      })));`);
    expect(megabytes).toBeLessThan(2);
  });
});

/** What is held of each: functions of one process, and what they find. */
const HELD: Readonly<Record<string, readonly [body: string, found: readonly unknown[]]>> = {
  "an ended span that was written lets go of its payload, also while a child still runs": [
    `
      const tracer = new Tracer(drop);
      function begin() {
        const parent = tracer.startSpan("parent").addAttribute("big", { list: ["x".repeat(1000)] });
        const payload = new WeakRef(parent.attributes.big);
        const child = tracer.run(parent, () => tracer.startSpan("child"));
        parent.end();
        return { child, parent: new WeakRef(parent), payload };
      }
      const { child, parent, payload } = begin();
      const gone = await cleared(parent, payload);
      return [...gone, child.state, child.parentSpan.spanName, child.parentSpan.spanId === child.parentSpanId];`,
    [true, true, "running", "parent", true],
  ],
  "an ended span is not kept by the context of work it left behind": [
    `
      const tracer = new Tracer(drop);
      function begin() {
        let reference;
        tracer.trace("parent", (span) => {
          span.addAttribute("big", ["x".repeat(1000)]);
          reference = new WeakRef(span);
          setInterval(() => tracer.currentSpan, 1).unref();
        });
        return reference;
      }
      return cleared(begin());`,
    [true],
  ],
  "an ended span keeps none of its children": [
    `
      const tracer = new Tracer(drop);
      const parent = tracer.startSpan("parent");
      function below() {
        const child = tracer.startSpan("child", { parentSpan: parent });
        child.end();
        return new WeakRef(child);
      }
      const running = await cleared(below());
      parent.end();
      return [...running, ...await cleared(below()), parent.spanName];`,
    [true, true, "parent"],
  ],
  "an ended span is kept by a store no longer than the store says": [
    `
      const tracer = new InMemoryTracer({ memorySize: 1 });
      function begin() {
        const span = tracer.startSpan("old").addAttribute("big", ["x".repeat(1000)]);
        span.end();
        return new WeakRef(span);
      }
      const old = begin();
      const [goneBefore] = await cleared(old);
      tracer.startSpan("new").end();
      return [goneBefore, ...await cleared(old)];`,
    [false, true],
  ],
  "a tracer that nobody holds goes, with the spans it left open and the layers of context it set": [
    `
      function begin() {
        const tracer = new InMemoryTracer();
        tracer.setContext({ spanAttributes: { a: 1 } });
        tracer.startSpan("open");
        tracer.trace("closed", () => undefined);
        return new WeakRef(tracer);
      }
      return cleared(begin());`,
    [true],
  ],
};

describe("what nobody holds goes:", () => {
  let all: unknown;

  beforeAll(async () => {
    const works = Object.entries(HELD).map(
      ([name, [body]]) => `${JSON.stringify(name)}: await (async () => {${body}})()`,
    );
    all = await measured(`print({ ${works.join(", ")} });`);
  });

  it.each(Object.entries(HELD))("%s", (name, [, found]) => {
    expect(all).toHaveProperty([name], found);
  });
});
