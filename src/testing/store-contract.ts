// What every store keeps to, as tests: what was written is read back, and a query means the same everywhere.
import assert from "node:assert/strict";
import { select } from "../conventions/matches.ts";
import type { Summary } from "../conventions/summary.ts";
import type { Attributes } from "../model/attributes.ts";
import type { TraceQuery } from "../model/query.ts";
import type { Awaitable } from "../tracing/sink.ts";
import type { Span } from "../tracing/span.ts";
import type { SummaryPage, SummaryQuery } from "../tracing/store.ts";
import { selectSummaries } from "../tracing/summaries.ts";
import type { Tracer } from "../tracing/tracer.ts";
import { readsContract } from "./reads-contract.ts";
import { type ContractTest, contractTest } from "./sink-contract.ts";
import { EVERY_KIND_OF_VALUE } from "./values.ts";

/**
 * The contract of stores, for tracers that read what they wrote: each way to read, the store's own or the slow one that stands in. It comes on top of `sinkContract`.
 *
 * @example
 * ```typescript
 * import { test } from "node:test";
 *
 * for (const { name, run } of [...sinkContract, ...storeContract])
 *   test(name, () => run((options) => new InMemoryTracer({ maxSpans: 10_000, ...options })));
 * ```
 */
export const storeContract: readonly ContractTest[] = [
  contractTest("reads back every field of a span", async (tracer) => {
    const spans = writeFullSpans(tracer);
    const found = await tracer.getTraces();
    assert.deepEqual(found.map(toPlain), spans.map(toPlain));
  }),
  contractTest("reads back every kind of value, with its type", async (tracer) => {
    tracer.trace("values", (span) =>
      span.addAttributes(EVERY_KIND_OF_VALUE).addEvent("event", EVERY_KIND_OF_VALUE),
    );
    const [found] = await tracer.getTraces();
    for (const [key, value] of Object.entries(EVERY_KIND_OF_VALUE)) {
      assert.deepEqual(found?.attributes[key], value, key);
      assert.deepEqual(found?.events[0]?.attributes?.[key], value, `${key} of an event`);
    }
  }),
  contractTest("reads what was just written", async (tracer) => {
    for (let i = 0; i < 50; i++) {
      const { traceId } = endedSpan(tracer, `span ${i}`);
      assert.equal((await tracer.getTraces({ traceId })).length, 1);
    }
  }),
  contractTest("finds nothing where nothing matches", async (tracer) => {
    endedSpan(tracer, "there");
    assert.deepEqual(await tracer.getTraces({ traceId: "f".repeat(32) }), []);
    assert.deepEqual(await tracer.getTraces({ attributeFilter: { "ai.conversation.id": "none" } }), []);
  }),
  contractTest("means by a query what all stores mean", async (tracer) => {
    const spans = writeConversations(tracer);
    for (const query of queriesOver(spans)) {
      const found = await tracer.getTraces(query);
      assert.deepEqual(found.map(idOf), select(spans, query).map(idOf), JSON.stringify(query));
    }
  }),
  contractTest("finds a conversation by its id, under every vocabulary's name for it", async (tracer) => {
    writeTalk(tracer);
    const named = async (query: TraceQuery) => (await tracer.getTraces(query)).map((span) => span.spanName);
    assert.deepEqual(await named({ conversation: 42 }), ["own 42", "gen_ai 42", "session 42"]);
    assert.deepEqual(await named({ conversation: "42" }), ["gen_ai text", "own text"]);
    assert.deepEqual(await named({ conversation: "s" }), ["session", "empty own"]);
    assert.deepEqual(await named({ conversation: { a: 1, b: [2] } }), ["own object"]);
    assert.deepEqual(await named({ conversation: true }), []);
    assert.deepEqual(await named({ conversation: 42, spanName: "session 42" }), ["session 42"]);
    assert.deepEqual(await named({ conversation: 42, order: "desc", limit: 2 }), ["session 42", "gen_ai 42"]);
    // A filter asks for an attribute, not for a conversation.
    const filtered = (attributeFilter: Attributes) => named({ attributeFilter });
    assert.deepEqual(await filtered({ "ai.conversation.id": 42 }), ["own 42"]);
    assert.deepEqual(await filtered({ "ai.conversation.id": "" }), ["empty own"]);
    assert.deepEqual(await filtered({ "session.id": 42 }), ["session 42"]);
    const both = { conversation: 42, attributeFilter: { "ai.conversation.id": null } };
    assert.deepEqual(await named(both), ["gen_ai 42", "session 42"]);
  }),
  contractTest("lists a conversation as one row, under every vocabulary's name for it", async (tracer) => {
    const list: List = (query) => tracer.summaries(query);
    writeTalk(tracer);
    const rows = await allPages(list, { by: "conversation", limit: 1 });
    assert.deepEqual(
      rows.map(({ id, spans }) => [id, spans]),
      [
        [{ a: 1, b: [2] }, 1],
        ["42", 2],
        ["s", 2],
        [42, 3],
      ],
    );
  }),
  contractTest("gives back the attributes as written, whatever names the conversation", async (tracer) => {
    const spans = writeTalk(tracer);
    const found = await tracer.getTraces();
    assert.deepEqual(found.map(toPlain), spans.map(toPlain));
  }),
  contractTest("gives back links, their ids in lower case; what is none is no link", async (tracer) => {
    const span = tracer.startSpan("linked");
    span.addLink({ traceId: "A".repeat(32), spanId: "B".repeat(16) });
    span.addLink({ traceId: "0".repeat(32), spanId: "" }).end();
    const [found] = await tracer.getTraces();
    assert.deepEqual(found?.links, [{ traceId: "a".repeat(32), spanId: "b".repeat(16) }]);
  }),
  contractTest("gives parents before children where times tie, and links them", async (tracer) => {
    const startedAt = new Date();
    const root = tracer.startSpan("root", { startedAt });
    const middle = tracer.startSpan("middle", { startedAt, parentSpan: root });
    const leaf = tracer.startSpan("leaf", { startedAt, parentSpan: middle });
    for (const span of [leaf, middle, root]) span.end(startedAt);
    const found = await tracer.getTraces({ traceId: root.traceId });
    assert.deepEqual(
      found.map((span) => span.spanName),
      ["root", "middle", "leaf"],
    );
    assert.equal(found[2]?.parentSpan, found[1]);
    assert.equal(found[1]?.parentSpan, found[0]);
    assert.equal(found[0]?.parentSpan, undefined);
  }),
  contractTest("gives spans that have ended and cannot be changed", async (tracer) => {
    endedSpan(tracer, "frozen");
    const [found] = await tracer.getTraces();
    assert.equal(found?.state, "ended");
    found?.addAttribute("late", true).setStatus("ERROR").end();
    assert.equal(found?.attributes["late"], undefined);
    assert.equal(found?.spanStatus, "UNSET");
  }),
  contractTest("rejects a query that cannot be meant", async (tracer) => {
    const read = async (query: object) => tracer.getTraces(query);
    await assert.rejects(read({ limit: -1 }), isInvalid);
    await assert.rejects(read({ traceID: "x" }), isInvalid);
    await assert.rejects(read({ since: new Date(Number.NaN) }), isInvalid);
    await assert.rejects(read({ where: "duration >" }), isInvalid);
    for (const conversation of [undefined, null, ""]) await assert.rejects(read({ conversation }), isInvalid);
  }),
  contractTest("lists traces and conversations as all stores do", async (tracer) => {
    const list: List = (query) => tracer.summaries(query);
    const spans = writeTurns(tracer);
    for (const query of listingsOf(spans)) {
      const { rows } = selectSummaries(spans, query);
      assert.deepEqual((await list(query)).rows, rows, JSON.stringify(query));
      assert.deepEqual(
        await allPages(list, { ...query, limit: 2 }),
        rows,
        `${JSON.stringify(query)}, by twos`,
      );
    }
  }),
  contractTest("refuses a cursor that is none, or of another query", async (tracer) => {
    const list: List = (query) => tracer.summaries(query);
    writeTurns(tracer);
    const { cursor = "" } = await list({ limit: 1 });
    const pages: SummaryQuery[] = [
      ...["", "x", "garbage", "W10", `${cursor}x`, cursor.slice(4)].map((none) => ({ cursor: none })),
      ...[{ by: "conversation" } as const, { spanName: "llm" }, { failed: true } as const].map((other) => ({
        ...other,
        cursor,
      })),
    ];
    for (const page of pages)
      await assert.rejects(async () => list({ limit: 1, ...page }), isInvalid, JSON.stringify(page));
    assert.equal((await list({ limit: 2, cursor })).rows.length, 2);
  }),
  ...readsContract,
];

function isInvalid(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "INVALID_QUERY";
}

/** Spans by name, with what says which conversation they are of: the first of several names is right. */
const TALK: Readonly<Record<string, Attributes>> = {
  "own 42": { "ai.conversation.id": 42 },
  "gen_ai 42": { "gen_ai.conversation.id": 42, "session.id": "s" },
  "session 42": { "session.id": 42 },
  "gen_ai text": { "gen_ai.conversation.id": "42" },
  session: { "session.id": "s" },
  "empty own": { "ai.conversation.id": "", "gen_ai.conversation.id": null, "session.id": "s" },
  "own text": { "ai.conversation.id": "42", "session.id": "s" },
  "own object": { "ai.conversation.id": { b: [2], a: 1 } },
  "no id": { "session.id": true },
};

function writeTalk(tracer: Tracer): Span[] {
  const start = Date.now() - 60_000;
  return Object.entries(TALK).map(([name, attributes], i) => {
    const span = tracer.startSpan(name, { startedAt: new Date(start + i * 1000), parentSpan: null });
    span.addAttributes(attributes).end();
    return span;
  });
}

type List = (query: SummaryQuery) => Awaitable<SummaryPage>;

async function allPages(list: List, query: SummaryQuery): Promise<Summary[]> {
  const rows: Summary[] = [];
  for (let cursor: string | undefined, first = true; first || cursor !== undefined; first = false) {
    const page = await list(cursor === undefined ? query : { ...query, cursor });
    rows.push(...page.rows);
    cursor = page.cursor;
  }
  return rows;
}

function writeTurns(tracer: Tracer): Span[] {
  const spans: Span[] = [];
  const start = Date.now() - 3_600_000;
  for (let i = 0; i < 9; i++) {
    const startedAt = new Date(start + ((i * 4) % 9) * 60_000);
    const turn = tracer.startSpan("converse", { spanKind: "SERVER", startedAt, parentSpan: null });
    turn.addAttributes({ "ai.trace.type": "converse", "ai.user.input": `Hello ${i}` });
    const name = ["ai.conversation.id", "gen_ai.conversation.id", "session.id"][i % 4] ?? "user.id";
    turn.addAttribute(name, [42, "42", null][i % 3], { inheritable: true });
    const call = tracer.startSpan("llm", { spanKind: "CLIENT", startedAt, parentSpan: turn });
    call.addAttributes({ "ai.trace.type": "llm-invocation", "ai.llm.response.usage": { inputTokens: i } });
    if (i % 4 === 0) call.setStatus("ERROR");
    // Without a status: who wrote it knows no other way to say so.
    if (i === 3) call.addAttribute("ai.llm.response.error", "throttled");
    for (const span of [call, turn]) span.end(new Date(startedAt.getTime() + 1000));
    spans.push(turn, call);
  }
  return spans;
}

function listingsOf(spans: readonly Span[]): SummaryQuery[] {
  const since = new Date((spans[2]?.startedAtMicros ?? 0) / 1000);
  const filters: SummaryQuery[] = [
    {},
    { spanStatus: "ERROR" },
    { since },
    { until: since },
    { spanName: "none" },
    { where: 'ai.trace.type = "llm-invocation" and ai.llm.response.usage.inputTokens >= 4' },
    // One span has to satisfy all: the turns have no usage.
    { where: "exists ai.llm.response.usage and span_kind = SERVER" },
    { spanStatus: "ERROR", where: "ai.conversation.id in (42, null)" },
    { failed: true },
    { failed: true, where: "span_kind = SERVER and not failed" },
    { where: "failed", since },
  ];
  return filters.flatMap((query) => [query, { ...query, by: "conversation" }]);
}

function endedSpan(tracer: Tracer, name: string): Span {
  const span = tracer.startSpan(name);
  span.end();
  return span;
}

function writeFullSpans(tracer: Tracer): Span[] {
  const root = tracer.startSpan("root", {
    spanKind: "SERVER",
    scope: { name: "contract", version: "1.2.3" },
    resourceAttributes: { "service.name": "MyAgent", replicas: 3 },
  });
  root.addAttribute("ai.conversation.id", "c1", { inheritable: true }).setStatus("OK", "all well");
  const child = tracer.startSpan("child", {
    parentSpan: root,
    spanKind: "CLIENT",
    scope: { name: "unversioned" },
  });
  child
    .addEvent("event", { n: 1 }, new Date(1744720496789))
    .addLink({ traceId: root.traceId, spanId: root.spanId });
  child.recordException(new TypeError("went wrong"));
  for (const span of [child, root]) span.end();
  return [root, child];
}

/** The record, and what it does not say. */
function toPlain(span: Span): object {
  const { startedAtMicros, endedAtMicros, durationMs, state } = span;
  return { ...span.toJSON(), startedAtMicros, endedAtMicros, durationMs, state };
}

function writeConversations(tracer: Tracer): Span[] {
  const spans: Span[] = [];
  const start = Date.now() - 60_000;
  for (let i = 0; i < 24; i++) {
    const span = tracer.startSpan(i % 3 === 0 ? "turn" : "tool", {
      startedAt: new Date(start + ((i * 7) % 24) * 1000),
      parentSpan: (i % 4 === 0 ? spans[i - 1] : undefined) ?? null,
    });
    // Ids that differ in type alone; and now and then none, or null.
    const conversation = [42, "42", null, undefined, "other"][i % 5];
    span.addAttributes({
      [i % 7 === 0 ? "session.id" : "ai.conversation.id"]: conversation,
      i,
      even: i % 2 === 0,
      tags: [i % 2, { deep: i % 3 }],
    });
    if (i % 6 === 0) span.setStatus("ERROR");
    if (i % 5 === 0) span.addAttribute("ai.tool.error", ["", null, false, "no such city"][i % 4]);
    span.end(new Date(start + 30_000));
    spans.push(span);
  }
  return spans;
}

function queriesOver(spans: readonly Span[]): TraceQuery[] {
  const conversation = (id: unknown): TraceQuery => ({ attributeFilter: { "ai.conversation.id": id } });
  const since = new Date((spans[3]?.startedAtMicros ?? 0) / 1000);
  const until = new Date((spans[5]?.startedAtMicros ?? 0) / 1000);
  const filters: TraceQuery[] = [
    {},
    ...[42, "42", null, "other"].map(conversation),
    ...[42, "42", "other"].map((id) => ({ conversation: id })),
    { traceId: spans[4]?.traceId ?? "" },
    { spanName: "tool" },
    { spanStatus: "ERROR" },
    { failed: true },
    { failed: true, where: "not status = ERROR" },
    { since },
    { until },
    { since, until },
    { attributeFilter: { even: true } },
    { attributeFilter: { tags: [1, { deep: 2 }] } },
    { attributeFilter: { "ai.conversation.id": 42, even: true } },
    { ...conversation("42"), spanName: "turn", since },
    { traceId: spans[4]?.traceId ?? "", attributeFilter: { i: 4 } },
    { attributeFilter: { missing: null } },
    ...WHERES.map((where) => ({ where })),
    { where: `started_at >= ${since.toISOString()} and started_at < ${until.toISOString()}` },
    { traceId: spans[4]?.traceId ?? "", where: "i = 4" },
    { ...conversation(42), where: "even = true", spanName: "tool" },
    { ...conversation(42), conversation: 42, where: "even = true" },
    { ...conversation(null), conversation: 42 },
    { conversation: "42", traceId: spans[4]?.traceId ?? "" },
    { conversation: "42", since, until },
  ];
  return filters.flatMap((query) => [
    query,
    { ...query, order: "desc" },
    { ...query, limit: 3 },
    { ...query, limit: 0 },
  ]);
}

/** Filters over what `writeConversations` writes. */
const WHERES: readonly string[] = [
  'name = "tool" and status = ERROR',
  'name != "tool" or not (i < 12)',
  "i in (1, 2, 30) or i >= 20 and even = false",
  'i = "4"',
  "ai.conversation.id = 42",
  'ai.conversation.id = "42"',
  "ai.conversation.id = null",
  "not exists ai.conversation.id or i = 1",
  "failed",
  "not failed and even = true or failed = false and status = ERROR",
  "tags contains 1",
  "tags[1].deep > 0",
  'ai.conversation.id contains "OTH"',
  'ai.conversation.id starts with "4"',
  "duration > 20s and duration <= 28s",
  "started_at > 2h ago and state = ended",
  "started_at > 0s ago",
  "parent_span_id != null",
  'span_id < "8"',
  'resource.none = null and scope.name != "none"',
];

function idOf(span: Span): string {
  return span.spanId;
}
