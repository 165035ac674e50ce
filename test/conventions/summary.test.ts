// Spans as one row: what each column says, and that nothing a span may hold makes it throw.
import fc from "fast-check";
import { expect, test } from "vitest";
import { CONVERSATION_NAMES } from "../../src/conventions/conversation.ts";
import { NAMES } from "../../src/conventions/names.ts";
import { summarize, summaryKey } from "../../src/conventions/summary.ts";
import { capture } from "../../src/model/capture.ts";
import type { SpanFields } from "../../src/model/span-fields.ts";
import { anyMaker, spanFields, spanLists } from "../model/arbitraries.ts";
import { runs } from "../sizes.ts";

const TRACES = ["1".repeat(32), "2".repeat(32)] as const;
let ids = 0;

function span(type: string, fields: Parameters<typeof spanFields>[0] = {}) {
  const spanId = hexId(++ids);
  const attributes = { "ai.trace.type": type, "ai.conversation.id": 42, ...fields.attributes };
  return spanFields({ spanId, traceId: TRACES[0], parentSpanId: "f".repeat(16), ...fields, attributes });
}

function hexId(id: number): string {
  return id.toString(16).padStart(16, "0");
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
    aborted: 0,
    tools: ["get_weather"],
    models: ["claude"],
    inputTokens: 312,
    outputTokens: 48,
    cachedReadTokens: 0,
    cachedWriteTokens: 0,
    reasoningTokens: 0,
    timeToFirstTokenMs: undefined,
    finishReasons: [],
    costUsd: undefined,
    unpricedCalls: 1,
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

test("a conversation is known by any vocabulary's name, the toolkit's first", () => {
  const key = (attributes: SpanFields["attributes"]) =>
    summaryKey(spanFields({ attributes }), "conversation");
  const known = [
    ...["ai.conversation.id", "gen_ai.conversation.id", "traceloop.association.properties.session_id"],
    ...["ai.telemetry.metadata.chatId", "session.id"],
  ];
  for (const [i, name] of known.entries()) {
    expect(key({ [name]: "c" })).toBe('"c"');
    const later = known.slice(i + 1).map((other) => [other, "other"]);
    expect(key({ ...Object.fromEntries(later), [name]: "c" })).toBe('"c"');
  }
  for (const odd of [null, "", true, ["c"], { c: 1 }]) {
    expect(key({ "gen_ai.conversation.id": odd, "session.id": 7 })).toBe("7");
  }
});

const types = fc.constantFrom("llm-invocation", "tool-invocation", "converse", "cycle");
interface Planned {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly startedAtMicros: number;
  readonly type: string;
  readonly tokens: number;
  readonly tool: string;
}

const forests: fc.Arbitrary<readonly Planned[]> = fc.uniqueArray(
  fc.record({
    traceId: fc.constantFrom(...TRACES),
    spanId: fc.integer({ min: 1, max: 9 }).map(hexId),
    parentSpanId: fc.option(fc.integer({ min: 1, max: 9 }).map(hexId), { nil: undefined }),
    startedAtMicros: fc.integer({ min: 0, max: 5 }),
    type: types,
    tokens: fc.constantFrom(0, 1, 10, 100),
    tool: fc.constantFrom("a", "b"),
  }),
  { selector: ({ traceId, spanId }) => traceId + spanId, minLength: 1, maxLength: 18 },
);

function spanOf({ type, tokens, tool, ...fields }: Planned): SpanFields {
  const attributes = { "ai.llm.response.usage": { inputTokens: tokens }, "ai.tool.name": tool };
  return span(type, { ...fields, attributes });
}

/** The parent that a span has among others. */
function parentIn(planned: readonly Planned[]) {
  return (one: Planned) =>
    planned.find(
      (other) => other !== one && other.traceId === one.traceId && other.spanId === one.parentSpanId,
    );
}

test("a model call and its tokens count where they are innermost; what lies below a tool call is its own", () => {
  fc.assert(
    fc.property(forests, (planned) => {
      const parentOf = parentIn(planned);
      const above = (held: readonly Planned[]) => {
        const found = new Set<Planned>();
        for (const one of held) {
          let at = parentOf(one);
          for (; at !== undefined && at.type !== "tool-invocation" && !found.has(at); at = parentOf(at))
            found.add(at);
        }
        return found;
      };
      const calls = planned.filter(({ type }) => type === "llm-invocation");
      const used = planned.filter(({ tokens }) => tokens > 0);
      const [aboveCalls, aboveUsed] = [above(calls), above(used)];
      const counted = used.filter((one) => !aboveUsed.has(one));
      expect(summarize(planned.map(spanOf), "conversation")).toMatchObject({
        modelCalls: calls.filter((one) => !aboveCalls.has(one)).length,
        inputTokens: counted.reduce((sum, { tokens }) => sum + tokens, 0),
      });
    }),
    { numRuns: runs(1000) },
  );
});

test("a tool call counts where it is outermost; of the same tool below a model or a turn it is another", () => {
  fc.assert(
    fc.property(forests, (planned) => {
      const parentOf = parentIn(planned);
      const calls = planned.filter(({ type }) => type === "tool-invocation");
      const isAgain = (call: Planned) => {
        const seen = new Set([call]);
        let at = parentOf(call);
        for (; at !== undefined && !seen.has(at); at = parentOf(at)) {
          if (at.type === "llm-invocation" || at.type === "converse") return false;
          if (at.type === "tool-invocation" && at.tool === call.tool) return true;
          seen.add(at);
        }
        return false;
      };
      expect(summarize(planned.map(spanOf), "conversation")).toMatchObject({
        toolCalls: calls.filter((call) => !isAgain(call)).length,
      });
    }),
    { numRuns: runs(1000) },
  );
});

test("a call that is there ten thousand times, one below the other, is one, whichever comes first", () => {
  const usage = { "ai.llm.response.usage": { inputTokens: 7 } };
  for (const direction of [1, -1]) {
    const chain = (type: string) =>
      Array.from({ length: 10_000 }, (_, i) =>
        span(type, {
          ...{ spanId: hexId(i + 1), parentSpanId: i === 0 ? undefined : hexId(i) },
          ...{ startedAtMicros: 20_000 + direction * i, attributes: usage },
        }),
      );
    expect(summarize(chain("llm-invocation"), "trace")).toMatchObject({ modelCalls: 1, inputTokens: 7 });
    expect(summarize(chain("tool-invocation"), "trace")).toMatchObject({ toolCalls: 1 });
  }
});

/** Model calls of one turn: who wrote each, when it was, what it used, what it is below. */
type Called = readonly [scope: string, start: number, end: number, tokens: number, more?: object];

function rowOf(calls: readonly Called[], others: readonly SpanFields[] = []) {
  const root = span("converse", { spanId: hexId(0xaaaa), parentSpanId: undefined });
  const called = calls.map(([scope, start, end, inputTokens, more = {}]) =>
    span("llm-invocation", {
      ...{ parentSpanId: root.spanId, scope: { name: scope }, startedAtMicros: start, endedAtMicros: end },
      ...{ attributes: { "ai.llm.request.model.id": "m", "ai.llm.response.usage": { inputTokens } } },
      ...more,
    }),
  );
  const { modelCalls, inputTokens } = summarize([root, ...called, ...others], "trace") ?? {};
  return { modelCalls, inputTokens };
}

test("a call that a library and its client have side by side is one, with the tokens of the one that says more", () => {
  expect(
    rowOf([
      ["library", 0, 9000, 10],
      ["client", 1000, 8000, 10],
    ]),
  ).toEqual({ modelCalls: 1, inputTokens: 10 });
  expect(
    rowOf([
      ["library", 0, 9000, 10],
      ["client", 1000, 8000, 3],
    ]),
  ).toEqual({ modelCalls: 1, inputTokens: 10 });
  expect(
    rowOf([
      ["library", 0, 9000, 0],
      ["client", 1000, 8000, 3],
    ]),
  ).toEqual({ modelCalls: 1, inputTokens: 3 });
  // A library whose times are whole milliseconds.
  expect(
    rowOf([
      ["library", 0, 9000, 1],
      ["client", 500, 9900, 1],
    ]),
  ).toEqual({ modelCalls: 1, inputTokens: 1 });
});

test("calls in parallel stay apart, whichever of them ends first", () => {
  const library: Called[] = [
    ["library", 0, 10_000, 1],
    ["library", 1, 5000, 10],
  ];
  const client: Called[] = [
    ["client", 20, 4500, 10],
    ["client", 30, 9900, 1],
  ];
  expect(rowOf([...client, ...library])).toEqual({ modelCalls: 2, inputTokens: 11 });
  expect(rowOf([...library, ...client, ["client", 40, 9000, 100]])).toEqual({
    modelCalls: 3,
    inputTokens: 111,
  });
});

test("two calls are two where they are of one library, of two models, not within one another, or a tool is between", () => {
  const two = { modelCalls: 2, inputTokens: 11 };
  const outer: Called = ["library", 0, 9000, 1];
  expect(rowOf([outer, ["library", 1000, 8000, 10]])).toEqual(two);
  expect(rowOf([outer, ["client", 1000, 12_000, 10]])).toEqual(two);
  expect(rowOf([outer, ["client", 9500, 9900, 10]])).toEqual(two);
  const attributes = { "ai.llm.request.model.id": "n", "ai.llm.response.usage": { inputTokens: 10 } };
  expect(rowOf([outer, ["client", 1000, 8000, 10, { attributes }]])).toEqual(two);
  const asking = { spanId: hexId(0xcccc) };
  const tool = span("tool-invocation", { spanId: hexId(0xbbbb), parentSpanId: asking.spanId });
  const below = { parentSpanId: tool.spanId };
  expect(
    rowOf(
      [
        ["library", 0, 9000, 1, asking],
        ["client", 1000, 8000, 10, below],
      ],
      [tool],
    ),
  ).toEqual(two);
});

test("a call that is there side by side is one, however deep below what they share", () => {
  const usage = { "ai.llm.request.model.id": "m", "ai.llm.response.usage": { inputTokens: 7 } };
  const below = (first: number) =>
    Array.from({ length: 100 }, (_, i) =>
      span("cycle", { spanId: hexId(first + i), parentSpanId: hexId(i === 0 ? 0xaaaa : first + i - 1) }),
    );
  const call = (scope: string, spanId: number, parent: number) =>
    span("llm-invocation", {
      ...{ spanId: hexId(spanId), parentSpanId: hexId(parent), attributes: usage, scope: { name: scope } },
      ...{ startedAtMicros: 0, endedAtMicros: 9000 },
    });
  const calls = [call("library", 1, 1099), call("client", 2, 2099)];
  expect(summarize([...below(1000), ...below(2000), ...calls], "trace")).toMatchObject({
    ...{ modelCalls: 1, inputTokens: 7 },
  });
});

test("a row is the same in whichever order calls of the same time are told", () => {
  const calls: readonly Called[] = [
    ["a", 0, 9000, 1],
    ["a", 0, 9000, 2],
    ["b", 0, 9000, 4],
    ["c", 0, 9000, 8],
  ];
  const row = rowOf(calls);
  fc.assert(
    fc.property(fc.shuffledSubarray([...calls], { minLength: calls.length }), (shuffled) => {
      expect(rowOf(shuffled)).toEqual(row);
    }),
  );
});

test("any spans with any attributes have a row", () => {
  const attributes = fc
    .array(fc.tuple(fc.constantFrom(...Object.values(NAMES), ...CONVERSATION_NAMES), anyMaker), {
      maxLength: 6,
    })
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
