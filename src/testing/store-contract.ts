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
import {
  listingsOf,
  queriesOver,
  writeConversations,
  writeFullSpans,
  writeTalk,
  writeTurns,
} from "./store-work.ts";
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

function endedSpan(tracer: Tracer, name: string): Span {
  const span = tracer.startSpan(name);
  span.end();
  return span;
}

/** The record, and what it does not say. */
function toPlain(span: Span): object {
  const { startedAtMicros, endedAtMicros, durationMs, state } = span;
  return { ...span.toJSON(), startedAtMicros, endedAtMicros, durationMs, state };
}

function idOf(span: Span): string {
  return span.spanId;
}
