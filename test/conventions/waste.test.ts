// What was wasted by cause, over stores: prompts are read only where the counts of tokens say that something may be found.
import { InMemoryTracer, type Span } from "tracelight";
import { describe, expect, test } from "vitest";
import { possibleLosses } from "../../src/conventions/context/losses.ts";
import { contextOf } from "../../src/conventions/context.ts";
import { outlineOf, type SpanOutline } from "../../src/conventions/facts.ts";
import type { SpanFields } from "../../src/model/span-fields.ts";
import { StoreReader } from "../../src/tracing/readable.ts";
import { selectSpans } from "../../src/tracing/select.ts";
import { spanFrom } from "../../src/tracing/span.ts";
import type { ReadableStore } from "../../src/tracing/store.ts";
import { selectSummaries } from "../../src/tracing/summaries.ts";
import { wasteIn } from "../../src/tracing/waste.ts";
import { PAIRS } from "../fixtures/context/pairs.ts";
import { SHAPES } from "../fixtures/context/shapes.ts";
import { spanFields } from "../model/arbitraries.ts";

const SECOND = 1_000_000;
const START = Date.UTC(2026, 10, 22, 12) * 1000;
const PRICES = { pricesOf: () => ({ input: 3, output: 15, cachedRead: 0.3, cachedWrite: 3.75 }) };

/** Each labelled pair as a conversation of its own, or as a trace without one. */
function pairs(isTalk: boolean): SpanFields[] {
  return PAIRS.flatMap(({ shape, before, after, pause }, i) => {
    const traceId = (i + 1).toString(16).padStart(32, "a");
    const at = START + i * 10_000 * SECOND;
    return [before, after].map((call, which) => {
      const from = at + which * (2 + pause) * SECOND;
      const named = isTalk ? { "ai.conversation.id": `pair-${i}` } : {};
      return spanFields({
        ...{
          traceId,
          spanId: `${which + 1}`.repeat(16),
          startedAtMicros: from,
          endedAtMicros: from + 2 * SECOND,
        },
        attributes: { ...named, ...SHAPES[shape](call) },
      });
    });
  });
}

const broken = PAIRS.filter(({ expected: [state] }) => state === "broken");

/** A store that says which spans were read whole; with ways of its own to outlines, or without. */
function store(fields: readonly SpanFields[], hasOutlines: boolean): { reader: StoreReader; read: string[] } {
  const spans = fields.map((one) => spanFrom(one, undefined));
  const read: string[] = [];
  const found: ReadableStore = {
    name: "spans",
    find: (query) => selectSpans(spans, query),
    summaries: (query) => selectSummaries(spans, query),
    async *iterate(query) {
      for (const span of selectSpans(spans, query)) {
        read.push(span.traceId);
        yield span;
      }
    },
  };
  const outlines = (query: object): SpanOutline[] => selectSpans(spans, query).map(outlineOf);
  return { reader: new StoreReader(hasOutlines ? { ...found, outlines } : found), read };
}

test("whatever the lens finds broken by what was counted may be so by the outlines", () => {
  for (const { name, shape, before, after, pause, expected } of PAIRS) {
    const spans = [before, after].map((call, i) =>
      spanFields({
        ...{ spanId: `${i + 1}`.repeat(16), startedAtMicros: START + i * (2 + pause) * SECOND },
        endedAtMicros: START + (i * (2 + pause) + 2) * SECOND,
        attributes: SHAPES[shape](call),
      }),
    );
    const { calls, mayBe } = possibleLosses(spans.map(outlineOf));
    expect(calls).toBe(2);
    if (expected[0] === "broken") expect([name, mayBe]).toEqual([name, true]);
    if (expected[0] === "kept") expect([name, mayBe]).toEqual([name, false]);
  }
});

describe.each([
  ["conversations", true, true],
  ["conversations of a store that is read through", true, false],
  ["traces without a conversation", false, true],
  ["traces of a store that is read through", false, false],
] as const)("the waste of %s", (_name, isTalk, hasOutlines) => {
  test("is what the lens finds in each, summed by cause", async () => {
    const spans = pairs(isTalk);
    const { reader } = store(spans, hasOutlines);
    const { rows, lookedAt, leftOut, more } = await wasteIn(reader, { prices: PRICES });
    expect({ lookedAt, leftOut, more }).toEqual({ lookedAt: PAIRS.length, leftOut: 0, more: false });
    expect(Object.fromEntries(rows.map(({ cause, calls }) => [cause, calls]))).toEqual(countsOf(broken));
    const calls = PAIRS.flatMap((_, i) => contextOf(spans.slice(2 * i, 2 * i + 2), { prices: PRICES }).calls);
    const all = calls.filter(({ cache }) => cache.state === "broken");
    const sum = (numbers: readonly number[]): number => numbers.reduce((total, n) => total + n, 0);
    expect(sum(rows.map(({ tokens }) => tokens))).toBe(sum(all.map(({ cache }) => cache.wastedTokens ?? 0)));
    expect(sum(rows.map(({ wastedUsd = 0 }) => wastedUsd))).toBeCloseTo(
      sum(all.map(({ wastedUsd = 0 }) => wastedUsd)),
      9,
    );
    const costs = rows.map(({ wastedUsd = 0 }) => wastedUsd);
    expect(costs).toEqual([...costs].sort((a, b) => b - a));
  });
});

function countsOf(some: typeof PAIRS): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { expected } of some) counts[expected[1] ?? ""] = (counts[expected[1] ?? ""] ?? 0) + 1;
  return counts;
}

describe("a large store", () => {
  const usage = (read: number, write: number) => ({
    ...{ inputTokens: 0, outputTokens: 1 },
    ...{ cacheReadInputTokens: read, cacheWriteInputTokens: write },
  });

  /** Conversations of so many calls; the last reads nothing where the cache is lost. */
  function talks(
    count: number,
    { calls, lost }: { readonly calls: number; readonly lost: (i: number) => boolean },
  ): Span[] {
    const tracer = new InMemoryTracer({ memorySize: 1_000_000 });
    for (let i = 0; i < count; i++)
      for (let at = 0; at < calls; at++) {
        const isLost = lost(i) && at === calls - 1;
        tracer.trace("llm", (span) =>
          span.addAttributes({
            ...{ "ai.conversation.id": `talk-${i}`, "ai.trace.type": "llm-invocation" },
            "ai.llm.request.model.id": "claude-sonnet-4-5",
            "ai.llm.request.messages": ["Which?", isLost ? "Other" : "Same", "Why?"].map((text, place) => ({
              role: place === 1 ? "assistant" : "user",
              content: [{ text }],
            })),
            "ai.llm.response.usage": isLost ? usage(0, 4000) : at === 0 ? usage(0, 4000) : usage(4000, 0),
          }),
        );
      }
    return [...tracer.getTraces()];
  }

  test("has the newest 100 looked at, and the prompts of those read in which something may be found", async () => {
    const { reader, read } = store(talks(150, { calls: 2, lost: (i) => i % 50 === 49 }), true);
    const report = await wasteIn(reader);
    expect(report).toMatchObject({ lookedAt: 100, read: 2, leftOut: 0, more: true });
    expect(report.rows).toMatchObject([{ cause: "messages", calls: 2, conversations: 2, unpricedCalls: 2 }]);
    expect(new Set(read).size).toBe(4);
  });

  test("has at most 2,000 prompts read; what is too long is left out, and said", async () => {
    const spans = talks(5, { calls: 900, lost: () => true });
    const { reader, read } = store(spans, true);
    expect(await wasteIn(reader)).toMatchObject({ lookedAt: 5, read: 2, leftOut: 3 });
    expect(read).toHaveLength(1800);
  });

  test("is told to end", async () => {
    const { reader } = store(talks(3, { calls: 2, lost: () => true }), true);
    const reason = new Error("enough");
    await expect(wasteIn(reader, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});
