// What every store keeps to in each way to read it, its own or the slow one that stands in: they all mean the same.
import assert from "node:assert/strict";
import type { PriceTable } from "../conventions/cost.ts";
import { outlineOf } from "../conventions/facts.ts";
import { select } from "../conventions/matches.ts";
import type { Attributes } from "../model/attributes.ts";
import { arrange, inStartOrder, type TraceQuery } from "../model/query.ts";
import { InMemoryTracer } from "../sinks/in-memory.ts";
import { readable } from "../tracing/readable.ts";
import { countedBy, tallyOf } from "../tracing/slow-ways.ts";
import type { Span } from "../tracing/span.ts";
import type { TallyQuery } from "../tracing/store.ts";
import type { Tracer } from "../tracing/tracer.ts";
import { type ContractTest, contractTest } from "./sink-contract.ts";

/** The part of `storeContract` that is about capabilities. */
export const readsContract: readonly ContractTest[] = [
  contractTest("gives spans one by one", async (tracer) => {
    const spans = writeWork(tracer);
    for (const query of [{}, { spanName: "tool" }, { spanStatus: "ERROR" }] satisfies TraceQuery[]) {
      const found = sorted((await all(tracer.iterateTraces(query))).map(idOf));
      assert.deepEqual(found, sorted(select(spans, query).map(idOf)), JSON.stringify(query));
    }
    assert.equal((await all(tracer.iterateTraces({ limit: 2 }))).length, 2);
    await assert.rejects(all(tracer.iterateTraces({ limit: -1 })), isInvalid);
  }),
  contractTest("gives the outlines of a trace or conversation", async (tracer) => {
    const spans = writeWork(tracer);
    const { traceId = "" } = spans[2] ?? {};
    for (const query of [{ traceId }, { conversation: 7 }, { conversation: "7" }, { conversation: "none" }]) {
      const wanted = inStartOrder(select(spans, query)).map(outlineOf);
      assert.deepEqual(await tracer.outlines(query), wanted, JSON.stringify(query));
    }
    assert.equal((await tracer.outlines({})).length, spans.length);
    for (const query of [{ traceId }, { conversation: 7 }, {}]) {
      const first = (await tracer.outlines(query)).slice(0, 2);
      assert.equal(first.length, 2);
      assert.deepEqual(await tracer.outlines({ ...query, limit: 2 }), first, JSON.stringify(query));
    }
    await assert.rejects(tracer.outlines({ limit: -1 }), isInvalid);
    assert.deepEqual(await tracer.outlines({ traceId: "f".repeat(32) }), []);
    await assert.rejects(tracer.outlines({ conversation: null }), isInvalid);
  }),
  contractTest("finds ids by their beginning, the one that is equal first", async (tracer) => {
    const spans = writeWork(tracer);
    const { traceId = "" } = spans[0] ?? {};
    const trace = { by: "trace", id: traceId };
    assert.deepEqual(await tracer.idsByPrefix(traceId), [trace]);
    assert.deepEqual(await tracer.idsByPrefix(traceId.slice(0, 12).toUpperCase()), [trace]);
    const conversations = async (prefix: string, limit?: number) =>
      (await tracer.idsByPrefix(prefix, limit)).flatMap(({ by, id }) => (by === "conversation" ? [id] : []));
    assert.deepEqual(sorted(await conversations("talk-")), ["talk-1", "talk-10"]);
    const [first, ...others] = await conversations("talk-1");
    assert.equal(first, "talk-1");
    // A store may leave it at the one that is equal.
    assert.ok(others.every((id) => id === "talk-10"));
    assert.deepEqual(
      new Set((await conversations("7")).filter((id) => String(id) === "7")),
      new Set([7, "7"]),
    );
    assert.equal((await conversations("talk-", 1)).length, 1);
    assert.deepEqual(await tracer.idsByPrefix("no such id"), []);
  }),
  contractTest("finds spans by their words, the newest first", async (tracer) => {
    writeWork(tracer);
    const found = async (text: string, options?: object) => {
      const { spans, more } = await tracer.search(text, options);
      return { names: spans.map(({ attributes }) => attributes["ai.tool.output"]), more };
    };
    assert.deepEqual(await found("raining"), { names: ["It is raining 4", "It is raining 0"], more: false });
    assert.deepEqual(await found("raining", { limit: 1 }), { names: ["It is raining 4"], more: true });
    assert.deepEqual((await found('"is raining" -4')).names, ["It is raining 0"]);
    assert.deepEqual((await found("rain*", { where: "status = OK" })).names, []);
    assert.deepEqual(await found("snowing"), { names: [], more: false });
    await assert.rejects(tracer.search("-"), isInvalid);
    await assert.rejects(tracer.search("rain", { limit: -1 }), isInvalid);
  }),
  contractTest("tells what ended since the last look", async (tracer) => {
    writeWork(tracer);
    const first = await tracer.changes();
    assert.deepEqual(first.spans, []);
    assert.deepEqual((await tracer.changes(first.cursor)).spans, []);
    const span = tracer.startSpan("later");
    const running = await tracer.changes(first.cursor);
    // Not every store records starts.
    assert.ok(running.spans.every(({ spanId, state }) => spanId === span.spanId && state === "running"));
    span.end();
    const ended = await tracer.changes(running.cursor);
    assert.deepEqual(
      ended.spans.map(({ spanId, state }) => [spanId, state]),
      [[span.spanId, "ended"]],
    );
    assert.deepEqual((await tracer.changes(ended.cursor)).spans, []);
    await assert.rejects(tracer.changes("no cursor"), isInvalid);
  }),
  contractTest("counts calls, errors, times and tokens", async (tracer) => {
    const spans = writeWork(tracer);
    const since = new Date((spans[4]?.startedAtMicros ?? 0) / 1000);
    const queries: TallyQuery[] = [
      {},
      { since },
      { failed: true },
      { where: 'name = "tool"' },
      { spanStatus: "ERROR", until: since },
      { conversation: 7 },
      { conversation: "7", traceId: spans[9]?.traceId ?? "" },
      { attributeFilter: { number: 3 } },
      { by: ["model"] },
      { by: [] },
      { by: ["tool"], course: { since: new Date(0), until: new Date(), parts: 7 } },
      { prices: PRICES },
      { prices: PRICES, by: ["day", "hour", "user"], timeZone: "Asia/Kathmandu", since },
    ];
    // Twice, since a store may keep what it made for the first.
    for (const query of [...queries, ...queries]) {
      const wanted = await tallyOf(each(select(spans, countedBy(query))), query);
      assert.deepEqual(await tracer.tally(query), wanted, JSON.stringify(query));
    }
    assert.equal((await tracer.tally({ spanName: "none" })).total.spans, 0);
    const wrong: readonly object[] = [
      { by: ["colour"] },
      { timeZone: "Mars/Olympus" },
      { limit: 1 },
      { course: {} },
    ];
    for (const query of wrong) await assert.rejects(tracer.tally(query), isInvalid, JSON.stringify(query));
  }),
  contractTest("counts once what several spans have, for whom their turn was", async (tracer) => {
    writeTwice(tracer);
    const { total, rows } = await tracer.tally({ prices: PRICES });
    assert.equal(total.modelCalls, 2);
    assert.equal(total.toolCalls, 1);
    assert.deepEqual([total.inputTokens, total.outputTokens, total.cachedReadTokens], [150, 15, 40]);
    assert.equal(total.costUsd, (110 * 1 + 40 * 0.1 + 15 * 2) / 1e6);
    const users = rows.filter(({ by }) => by === "user");
    assert.deepEqual(
      users.map(({ name, calls, inputTokens }) => [name, calls, inputTokens]),
      [["somebody", 1, 150]],
    );
    const [tool] = rows.filter(({ by }) => by === "tool");
    assert.deepEqual([tool?.name, tool?.calls, tool?.errors], ["get_rain", 1, 1]);
  }),
  contractTest("names the attributes of its spans, and values of one", async (tracer) => {
    writeWork(tracer);
    const names = await tracer.attributeNames();
    for (const name of ["ai.tool.name", "number", "ai.conversation.id"])
      assert.ok(names.includes(name), name);
    assert.deepEqual(sorted(await tracer.attributeValues("ai.tool.name")), ["get_rain", "get_sun"]);
    assert.equal((await tracer.attributeValues("number", 3)).length, 3);
    assert.deepEqual(
      new Set(await tracer.attributeValues("ai.conversation.id")),
      new Set(["talk-1", "talk-10", 7, "7", null]),
    );
    assert.deepEqual(await tracer.attributeValues("none"), []);
  }),
  contractTest("takes spans of elsewhere, each once, where it takes such", async (tracer) => {
    const { importSpans } = readable(tracer);
    if (importSpans === undefined) return;
    const spans = writeWork(new InMemoryTracer());
    let told = 0;
    await importSpans(each(spans), (done) => (told = done));
    assert.equal(told, spans.length);
    await importSpans(each(spans));
    const found = await tracer.getTraces();
    assert.deepEqual(found.map(toJson), arrange(spans, {}).map(toJson));
  }),
  contractTest("removes whole traces, the oldest first, where it removes", async (tracer) => {
    const { prune } = readable(tracer);
    if (prune === undefined) return;
    const spans = writeWork(tracer);
    assert.equal((await prune({})).traces, 0);
    const oldest = arrange(spans, {})[0];
    const maxAgeMs = Date.now() - (oldest?.startedAtMicros ?? 0) / 1000 - 30_000;
    assert.equal((await prune({ maxAgeMs })).traces, 1);
    const left = spans.filter(({ traceId }) => traceId !== oldest?.traceId);
    assert.deepEqual(sorted((await tracer.getTraces()).map(idOf)), sorted(left.map(idOf)));
  }),
];

/** Turns of two agents for several users, some by conversation, each with a call of a model and of a tool. */
function writeWork(tracer: Tracer): Span[] {
  const spans: Span[] = [];
  const start = Date.now() - 3_600_000;
  for (let i = 0; i < 6; i++) {
    const startedAt = new Date(start + i * 60_000);
    const at = (seconds: number) => new Date(startedAt.getTime() + seconds * 1000);
    const turn = tracer.startSpan("converse", { spanKind: "SERVER", startedAt, parentSpan: null });
    turn.addAttributes({ "ai.trace.type": "converse", "ai.agent.name": ["Weather", "Travel"][i % 2] });
    turn.addAttribute("ai.auth.context", { principal_id: `user-${i % 3}` });
    const id = ["talk-1", "talk-10", 7, "7", null, undefined][i];
    turn.addAttribute("ai.conversation.id", id, { inheritable: true });
    const call = tracer.startSpan("llm", { spanKind: "CLIENT", startedAt: at(1), parentSpan: turn });
    call.addAttributes({ "ai.trace.type": "llm-invocation", "ai.llm.request.model.id": `model-${i % 2}` });
    call.addAttribute("ai.llm.response.usage", { inputTokens: 100 + i, outputTokens: i });
    const tool = tracer.startSpan("tool", { startedAt: at(2), parentSpan: turn });
    tool.addAttributes({ "ai.trace.type": "tool-invocation", number: i });
    tool.addAttribute("ai.tool.name", i % 4 === 0 ? "get_rain" : "get_sun");
    tool.addAttribute("ai.tool.output", i % 4 === 0 ? `It is raining ${i}` : `It is sunny ${i}`);
    if (i % 3 === 1) tool.setStatus("ERROR", "no such city");
    call.end(at(2 + i));
    tool.end(at(3));
    turn.end(at(10));
    spans.push(turn, call, tool);
  }
  return spans;
}

/** US dollars for a million tokens of the first of two models. */
const PRICES: PriceTable = {
  pricesOf: (model) => (model === "model-0" ? { input: 1, output: 2, cachedRead: 0.1 } : undefined),
};

/** A turn with two calls of a model, one of which a client's span has too, and one of a tool, which an inner span has. */
function writeTwice(tracer: Tracer): void {
  const start = Date.now() - 60_000;
  const at = (seconds: number) => new Date(start + seconds * 1000);
  const turn = tracer.startSpan("converse", { startedAt: at(0), parentSpan: null });
  turn.addAttributes({ "ai.trace.type": "converse", "ai.auth.context": "somebody" });
  const used = (input: number, output: number, cached: number): Attributes => ({
    "ai.trace.type": "llm-invocation",
    "ai.llm.request.model.id": "model-0",
    "ai.llm.response.usage": {
      input_tokens: input - cached,
      output_tokens: output,
      cache_read_input_tokens: cached,
    },
  });
  const call = tracer.startSpan("llm", { startedAt: at(1), parentSpan: turn, attributes: used(100, 10, 40) });
  const client = { scope: { name: "client" }, parentSpan: call, attributes: used(100, 10, 40) };
  tracer.startSpan("client", { startedAt: at(1.5), ...client }).end(at(1.9));
  call.end(at(2));
  tracer.startSpan("llm", { startedAt: at(3), parentSpan: turn, attributes: used(50, 5, 0) }).end(at(4));
  const tool = { "ai.trace.type": "tool-invocation", "ai.tool.name": "get_rain" };
  const outer = tracer.startSpan("tool", { startedAt: at(5), parentSpan: turn, attributes: tool });
  tracer.startSpan("mcp", { startedAt: at(5.1), parentSpan: outer, attributes: tool }).end(at(5.5));
  outer.setStatus("ERROR", "no rain").end(at(6));
  turn.end(at(7));
}

async function* each(spans: readonly Span[]): AsyncGenerator<Span> {
  yield* spans;
}

async function all(spans: AsyncIterable<Span>): Promise<Span[]> {
  const found: Span[] = [];
  for await (const span of spans) found.push(span);
  return found;
}

function sorted(values: readonly unknown[]): unknown[] {
  return [...values].sort();
}

function isInvalid(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "INVALID_QUERY";
}

function idOf({ spanId }: Span): string {
  return spanId;
}

function toJson(span: Span): object {
  return span.toJSON();
}
