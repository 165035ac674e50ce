// What the contract of stores has written, and asks for.
import type { Attributes } from "../model/attributes.ts";
import type { TraceQuery } from "../model/query.ts";
import type { Span } from "../tracing/span.ts";
import type { SummaryQuery } from "../tracing/store.ts";
import type { Tracer } from "../tracing/tracer.ts";

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

/** One span each. */
export function writeTalk(tracer: Tracer): Span[] {
  const start = Date.now() - 60_000;
  return Object.entries(TALK).map(([name, attributes], i) => {
    const span = tracer.startSpan(name, { startedAt: new Date(start + i * 1000), parentSpan: null });
    span.addAttributes(attributes).end();
    return span;
  });
}

/** Turns of several conversations, each with a call of a model, in no order. */
export function writeTurns(tracer: Tracer): Span[] {
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

/** Listings that tell them apart. */
export function listingsOf(spans: readonly Span[]): SummaryQuery[] {
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

/** Two spans that have all that a span can have. */
export function writeFullSpans(tracer: Tracer): Span[] {
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

/** Spans of several conversations, in no order, some below others. */
export function writeConversations(tracer: Tracer): Span[] {
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

/** Queries that tell them apart. */
export function queriesOver(spans: readonly Span[]): TraceQuery[] {
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
