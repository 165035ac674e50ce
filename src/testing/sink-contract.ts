// What every sink keeps to, as tests: for our own back ends and for yours.
import assert from "node:assert/strict";
import type { Awaitable } from "../tracing/sink.ts";
import { OUTLET, type Tracer } from "../tracing/tracer.ts";
import type { TracerOptions } from "../tracing/tracer-options.ts";
import { EVERY_KIND_OF_VALUE } from "./values.ts";

/** Makes a tracer over a fresh, empty sink, with these options. */
export type MakeTracer = (options: TracerOptions) => Awaitable<Tracer>;

/** One test of a contract. */
export interface ContractTest {
  /** What is kept to, as a sentence. */
  readonly name: string;
  /** Rejects with an AssertionError where the sink does not keep to it. */
  readonly run: (makeTracer: MakeTracer) => Promise<void>;
}

/** Makes a test that closes its tracer. */
export function contractTest(
  name: string,
  body: (tracer: Tracer, errors: readonly unknown[]) => Awaitable<void>,
  options: TracerOptions = {},
): ContractTest {
  const run = async (makeTracer: MakeTracer): Promise<void> => {
    const errors: unknown[] = [];
    const tracer = await makeTracer({ ...options, onError: (error) => errors.push(error) });
    try {
      await body(tracer, errors);
    } finally {
      await tracer.close();
    }
  };
  return { name, run };
}

/**
 * The contract of sinks.
 *
 * @example
 * ```typescript
 * import { test } from "node:test";
 *
 * const mySink = (): Sink => ({ name: "mine", write: () => undefined });
 * for (const { name, run } of sinkContract) test(name, () => run((options) => new Tracer(mySink(), options)));
 * ```
 */
export const sinkContract: readonly ContractTest[] = [
  contractTest("takes ended spans and counts them", async (tracer, errors) => {
    tracer.trace("parent", () => tracer.trace("child", () => undefined));
    const report = await tracer.flush();
    assert.deepEqual(counts(report), { written: 2, pending: 0, dropped: 0, failed: 0 });
    assert.deepEqual(errors, []);
  }),
  contractTest("does not count spans that still run", async (tracer) => {
    const span = tracer.startSpan("running");
    span.addAttribute("ai.trace.type", "llm-invocation").emitSnapshot();
    assert.equal((await tracer.flush()).written, 0);
    span.end();
    assert.equal((await tracer.flush()).written, 1);
  }),
  contractTest("lets results and exceptions through unchanged", async (tracer) => {
    const error = new Error("the app's own");
    const result = { the: "result" };
    assert.equal(
      tracer.trace("works", () => result),
      result,
    );
    assert.throws(
      () =>
        tracer.trace("fails", () => {
          throw error;
        }),
      (thrown) => thrown === error,
    );
    await assert.rejects(
      tracer.trace("rejects", async () => {
        throw error;
      }),
      (thrown) => thrown === error,
    );
    assert.equal((await tracer.flush()).written, 3);
  }),
  contractTest(
    "takes spans as before when it is handed where to say what goes wrong again",
    async (tracer, errors) => {
      const { sink } = tracer[OUTLET];
      const others: unknown[] = [];
      assert.doesNotThrow(() => sink.attach?.({ report: (fault) => others.push(fault) }));
      tracer.trace("one", () => undefined);
      assert.equal((await tracer.flush()).written, 1);
      assert.deepEqual([...errors, ...others], []);
    },
  ),
  contractTest("takes every kind of value, name and text", async (tracer, errors) => {
    tracer.trace("values", (span) => span.addAttributes(EVERY_KIND_OF_VALUE));
    tracer.trace("\u001b[2J\r\n\u202e\u0000 hostile \ud800", (span) =>
      span.setStatus("ERROR", "\u001b[31m\n"),
    );
    tracer.trace("", (span) => span.addEvent("event", EVERY_KIND_OF_VALUE));
    assert.equal((await tracer.flush()).written, 3);
    assert.deepEqual(errors, []);
  }),
  contractTest("does not change the spans it takes", async (tracer) => {
    const span = tracer.startSpan("kept").addAttributes({ list: [1, { two: 2 }] });
    span.end();
    const before = JSON.stringify(span);
    await tracer.flush();
    assert.equal(JSON.stringify(span), before);
  }),
  contractTest("takes a thousand spans in one tick", async (tracer) => {
    for (let i = 0; i < 1000; i++) tracer.trace("one of many", (span) => span.addAttribute("i", i));
    const report = await tracer.flush();
    assert.equal(report.written, 1000);
  }),
  contractTest("can be flushed at any time, several times at once", async (tracer) => {
    await tracer.flush();
    tracer.trace("one", () => undefined);
    const reports = await Promise.all([tracer.flush(), tracer.flush(), tracer.flush({ timeoutMs: 10_000 })]);
    for (const report of reports) assert.equal(report.pending, 0);
  }),
  contractTest("delivers what waits when it is closed, and takes no more", async (tracer) => {
    tracer.trace("before", () => undefined);
    const first = await tracer.close();
    assert.deepEqual(counts(first), { written: 1, pending: 0, dropped: 0, failed: 0 });
    tracer.trace("after", () => undefined);
    assert.equal(await tracer.close(), first);
    assert.deepEqual(counts(await tracer.flush()), { written: 1, pending: 0, dropped: 1, failed: 0 });
  }),
  contractTest("takes what never ended when it is closed, as interrupted", async (tracer) => {
    const open = tracer.startSpan("never ended").addAttribute("ai.tool.output", "so far");
    tracer.startSpan("child", { parentSpan: open }).end();
    const report = await tracer.close();
    assert.deepEqual(counts(report), { written: 2, pending: 0, dropped: 0, failed: 0 });
    assert.equal(report.interrupted, 1);
    assert.equal(open.state, "interrupted");
    open.end();
    assert.deepEqual(counts(await tracer.flush()), { written: 2, pending: 0, dropped: 0, failed: 0 });
  }),
  contractTest(
    "sees only what the process option lets through",
    async (tracer, errors) => {
      tracer.trace("secret", () => undefined);
      tracer.trace("broken", () => undefined);
      tracer.trace("fine", () => undefined);
      assert.deepEqual(counts(await tracer.flush()), { written: 1, pending: 0, dropped: 0, failed: 1 });
      assert.notEqual(errors.length, 0);
    },
    {
      process: (span) => {
        if (span.spanName === "broken") throw new Error("cannot say");
        return span.spanName === "secret" ? false : undefined;
      },
    },
  ),
];

function counts({ written, pending, dropped, failed }: Awaited<ReturnType<Tracer["flush"]>>): object {
  return { written, pending, dropped, failed };
}
