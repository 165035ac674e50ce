// Spans as one row: what each column says, and that nothing a span may hold makes it throw.
import fc from "fast-check";
import { expect, test } from "vitest";
import { NAMES } from "../../src/conventions/names.ts";
import { summarize, summaryKey } from "../../src/conventions/summary.ts";
import { capture } from "../../src/model/capture.ts";
import { anyMaker, spanFields, spanLists } from "../model/arbitraries.ts";

const TRACES = ["1".repeat(32), "2".repeat(32)] as const;
let ids = 0;

function span(type: string, fields: Parameters<typeof spanFields>[0] = {}) {
  const spanId = (++ids).toString(16).padStart(16, "0");
  const attributes = { "ai.trace.type": type, "ai.conversation.id": 42, ...fields.attributes };
  return spanFields({ spanId, traceId: TRACES[0], parentSpanId: "f".repeat(16), ...fields, attributes });
}

const turn = span("converse", {
  ...{ parentSpanId: undefined, spanKind: "SERVER", startedAtMicros: 1_000_000, endedAtMicros: 3_000_500 },
  resourceAttributes: { "service.name": "MyAgent" },
  attributes: {
    "ai.user.input": "  What is the\n weather? ",
    "ai.auth.context": { principal_id: "user123" },
  },
});
const model = span("llm-invocation", {
  startedAtMicros: 1_100_000,
  attributes: {
    "ai.llm.request.model.id": "claude",
    "ai.llm.response.usage": { inputTokens: 312, outputTokens: 48, totalTokens: 360 },
  },
});
const tool = span("tool-invocation", {
  startedAtMicros: 1_200_000,
  spanStatus: "ERROR",
  attributes: { "ai.tool.name": "get_weather" },
});
const later = span("converse", {
  ...{ traceId: TRACES[1], parentSpanId: undefined, startedAtMicros: 9_000_000, endedAtMicros: 9_500_000 },
  attributes: { "ai.user.input": "And tomorrow?" },
});

test("a conversation's row", () => {
  expect(summarize([later, tool, model, turn], "conversation")).toEqual({
    by: "conversation",
    id: 42,
    title: "What is the weather?",
    name: "work",
    agent: "MyAgent",
    user: "user123",
    startedAt: new Date(1000),
    endedAt: new Date(9500),
    latestAt: new Date(9000),
    latestAtMicros: 9_000_000,
    durationMs: 2000.5 + 500,
    traces: 2,
    spans: 4,
    modelCalls: 1,
    toolCalls: 1,
    errors: 1,
    tools: ["get_weather"],
    models: ["claude"],
    inputTokens: 312,
    outputTokens: 48,
    state: "ended",
  });
});

test("a trace's row is named by its trace; none has no row", () => {
  expect(summarize([turn, model], "trace")).toMatchObject({ id: TRACES[0], spans: 2, durationMs: 2000.5 });
  expect(summarize([], "trace")).toBeUndefined();
});

test("the title is the first user message where no turn says it, and is short", () => {
  const messages = (content: unknown) =>
    summarize(
      [
        span("llm-invocation", {
          attributes: {
            "ai.llm.request.messages": [
              { role: "assistant", content: "x" },
              { role: "user", content },
            ],
          },
        }),
      ],
      "trace",
    )?.title;
  expect(messages("Hello")).toBe("Hello");
  expect(messages([{ text: "a" }, { image: {} }, { text: "b" }])).toBe("a b");
  expect(messages(7)).toBeUndefined();
  expect([...(messages("✅".repeat(1000)) ?? "")]).toHaveLength(200);
});

test("a running span makes the row running, an interrupted one interrupted", () => {
  const running = span("cycle", { state: "running", endedAtMicros: undefined });
  const interrupted = span("cycle", { state: "interrupted", endedAtMicros: undefined });
  expect(summarize([turn, running, interrupted], "trace")).toMatchObject({
    state: "running",
    endedAt: undefined,
  });
  expect(summarize([turn, interrupted], "trace")).toMatchObject({ state: "interrupted" });
});

test("conversations are told apart by type; none is no row", () => {
  const key = (id: unknown) =>
    summaryKey(span("x", { attributes: { "ai.conversation.id": id } }), "conversation");
  expect(key(42)).not.toBe(key("42"));
  expect(key({ a: 1, b: 2 })).toBe(key({ b: 2, a: 1 }));
  for (const none of [null, undefined, ""]) expect(key(none)).toBeUndefined();
});

test("any spans with any attributes have a row", () => {
  const attributes = fc
    .array(fc.tuple(fc.constantFrom(...Object.values(NAMES)), anyMaker), { maxLength: 6 })
    .map((entries) => Object.fromEntries(entries.map(([name, make]) => [name, capture(make())])));
  const kinds = fc.constantFrom("converse", "llm-invocation", "tool-invocation", "cycle", "x");
  const odd = fc
    .tuple(spanLists, attributes, kinds)
    .map(([spans, own, kind]) =>
      spans.map((one) => ({ ...one, attributes: { "ai.trace.type": kind, ...one.attributes, ...own } })),
    );
  fc.assert(
    fc.property(odd, fc.constantFrom("trace" as const, "conversation" as const), (spans, by) => {
      const row = summarize(spans, by);
      expect(row?.spans ?? 0).toBe(spans.length);
      for (const one of spans) summaryKey(one, by);
      if (row === undefined) return;
      for (const count of [row.errors, row.inputTokens, row.outputTokens, row.durationMs]) {
        expect(count).toBeGreaterThanOrEqual(0);
      }
    }),
  );
});
