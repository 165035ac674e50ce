// Queries: what is pushed down to DynamoDB changes nothing about what is found; indexes that lag; reading without an end.
import { QueryCommand, type QueryCommandInput, ScanCommand } from "@aws-sdk/client-dynamodb";
import fc from "fast-check";
import { matches, type Span, type TraceQuery } from "tracelight";
import { DynamoDbTracer, type DynamoDbTracerOptions, ensureTable } from "tracelight/dynamodb";
import { describe, expect, test } from "vitest";
import { sized } from "../sizes.ts";
import { client, useEmulator } from "./emulator.ts";

useEmulator();

/** What was asked of DynamoDB. */
let sent: { name: string; input: QueryCommandInput; items: number }[] = [];
let hiding = false;

/** The real client, listened to; while `hiding`, its indexes show nothing. */
const listening = {
  async send(command: never): Promise<unknown> {
    const result = await client.send(command);
    const given: unknown = command;
    if (given instanceof QueryCommand || given instanceof ScanCommand) {
      const page = Object(result);
      if (hiding && given.input.IndexName !== undefined) return { ...page, Items: [] };
      sent.push({ name: given.constructor.name, input: { ...given.input }, items: page.ScannedCount });
    }
    return result;
  },
};

async function fresh(
  tableName: string,
  options: Partial<DynamoDbTracerOptions> = {},
): Promise<DynamoDbTracer> {
  await ensureTable({ client, tableName });
  return new DynamoDbTracer({ client: listening, tableName, ...options });
}

const key = fc.constantFrom("a", "b.c", "", "size", "__proto__x");
const value = fc.constantFrom<unknown>(
  ...[1, "1", 1n, 0, -0, 2.5, null, true, false, "", "x".repeat(300), Number.NaN, [1], { x: 1 }, new Date(0)],
);
const attributes = fc.dictionary(key, value, { maxKeys: 3, noNullPrototype: true });
const start = fc.constantFrom(-1000, 0, 5000, 5001, 6000, 1_000_000, 253402300800000);
const conversation = fc.constantFrom<unknown>("c", 42, "42", null, undefined, true);
const named = fc.constantFrom("ai.conversation.id", "gen_ai.conversation.id", "session.id");
const spanName = fc.constantFrom("plan", "act", "");
const identifier = fc.constantFrom("A", "A#0", undefined);
const status = fc.constantFrom("UNSET" as const, "OK" as const, "ERROR" as const);
const plans = fc.array(
  fc.record({ attributes, start, conversation, named, spanName, identifier, status, child: fc.boolean() }),
  { minLength: 1, maxLength: 20 },
);
const date = start.chain((ms) => fc.constantFrom(ms, ms + 1, ms - 1)).map((ms) => new Date(ms));
const queries = fc.record(
  {
    trace: fc.nat(20),
    conversation: fc.constantFrom("c", 42, "42", true),
    attributeFilter: fc
      .tuple(attributes, fc.option(conversation, { nil: undefined }))
      .map(([own, id]) => (id === undefined ? own : { ...own, "ai.conversation.id": id })),
    identifier: fc.constantFrom("A", "A#0", "_"),
    spanName,
    spanStatus: status,
    since: date,
    until: date,
    order: fc.constantFrom("asc" as const, "desc" as const),
    limit: fc.constantFrom(0, 1, 2, 5),
  },
  { requiredKeys: [] },
);

test("any query finds what a filter over all spans finds", async () => {
  let run = 0;
  await fc.assert(
    fc.asyncProperty(plans, fc.array(queries, { minLength: 5, maxLength: 15 }), async (planned, asked) => {
      const tableName = `Random${run++}`;
      const tracers = new Map<string | undefined, DynamoDbTracer>();
      for (const name of ["A", "A#0", undefined]) {
        tracers.set(name, await fresh(tableName, name === undefined ? {} : { identifier: name }));
      }
      const all: { readonly span: Span; readonly identifier: string }[] = [];
      let ms = 0;
      for (const plan of planned) {
        const tracer = tracers.get(plan.identifier);
        const parent = plan.child ? all[all.length - 1]?.span : undefined;
        // Starts differ, since the order of ties is each store's own.
        const startedAt = new Date(plan.start + 10 * ms++);
        const span = tracer?.startSpan(plan.spanName, { startedAt, parentSpan: parent ?? null });
        if (span === undefined) continue;
        span.addAttributes({ ...plan.attributes, [plan.named]: plan.conversation });
        if (plan.status !== "UNSET") span.setStatus(plan.status);
        span.end(new Date(8.64e14));
        all.push({ span, identifier: plan.identifier ?? "_" });
      }
      for (const tracer of tracers.values()) await tracer.flush();
      for (const { trace, ...rest } of asked) {
        const traceId = trace === undefined ? undefined : all[trace % all.length]?.span.traceId;
        const query: TraceQuery = { ...rest, ...(traceId === undefined ? {} : { traceId }) };
        const found = (await tracers.get(undefined)?.getTraces(query)) ?? [];
        const wanted = all
          .filter(({ span, identifier: under }) => matches(span, query, under))
          .map(({ span }) => span)
          .sort((a, b) => a.startedAtMicros - b.startedAtMicros);
        if (query.order === "desc") wanted.reverse();
        expect(found.map(({ spanId }) => spanId)).toEqual(
          wanted.slice(0, query.limit ?? wanted.length).map(({ spanId }) => spanId),
        );
      }
      for (const tracer of tracers.values()) await tracer.close();
    }),
    { numRuns: sized(15, 5) },
  );
});

describe("pushed down", () => {
  test("are times, as keys where the identifier is known, and plain conditions", async () => {
    const tracer = await fresh("Pushed", { identifier: "A" });
    const since = new Date(1_700_000_000_000);
    const base = since.getTime();
    for (let i = 0; i < 40; i++) {
      const span = tracer.startSpan(i % 2 ? "odd" : "even", {
        startedAt: new Date(base + i),
        parentSpan: null,
      });
      span.addAttributes({ "ai.conversation.id": "c", n: i % 4, size: "s" }).end();
    }
    await tracer.flush();
    sent = [];
    const attributeFilter = { "ai.conversation.id": "c", n: 3 };
    const found = await tracer.getTraces({
      ...{ attributeFilter, since: new Date(base + 10), until: new Date(base + 20), spanName: "odd" },
    });
    expect(found).toHaveLength(3);
    expect(sent).toHaveLength(1);
    expect(sent[0]?.items).toBe(10);
    expect(sent[0]?.input.KeyConditionExpression).toMatch(/BETWEEN/);
    expect(sent[0]?.input.FilterExpression).toMatch(/ AND /);
    await tracer.close();
  });

  test("a limit ends the reading early, from either end", async () => {
    const tracer = await fresh("Early", { identifier: "A" });
    const root = tracer.startSpan("root");
    for (let i = 0; i < 500; i++) tracer.startSpan(`${i}`, { parentSpan: root }).end();
    root.end();
    await tracer.flush();
    sent = [];
    const { traceId } = root;
    const latest = await tracer.getTraces({ traceId, order: "desc", limit: 2 });
    expect(latest.map(({ spanName }) => spanName)).toEqual(["499", "498"]);
    const first = await tracer.getTraces({ traceId, limit: 2 });
    expect(first.map(({ spanName }) => spanName)).toEqual(["root", "0"]);
    expect(sent.map(({ items }) => items)).toEqual([10, 10]);
    expect(sent[0]?.input.ConsistentRead).toBe(true);
    await tracer.close();
  });

  test("a limit needs no identifier where all is under one: the far end shows that", async () => {
    const tracer = await fresh("EarlyToo");
    const write = (by: DynamoDbTracer, name: string, conversation: string) =>
      by.trace(name, (span) => span.addAttribute("ai.conversation.id", conversation));
    for (let i = 0; i < 500; i++) write(tracer, `${i}`, "long");
    for (let i = 0; i < 5; i++) write(tracer, `${i}`, "short");
    await tracer.flush();
    const asked = async (query: TraceQuery) => {
      sent = [];
      const names = (await tracer.getTraces(query)).map(({ spanName }) => spanName);
      return { names, items: sent.map(({ items }) => items) };
    };
    const latest = { conversation: "long", order: "desc", limit: 2 } as const;
    expect(await asked(latest)).toEqual({ names: ["499", "498"], items: [10, 1] });
    expect(await asked({ conversation: "long", limit: 2 })).toEqual({ names: ["0", "1"], items: [10, 1] });
    const own = { attributeFilter: { "ai.conversation.id": "long" }, spanName: "0", limit: 1 };
    expect((await asked(own)).names).toEqual(["0"]);
    expect(await asked({ conversation: "short", limit: 5 })).toEqual({
      names: ["0", "1", "2", "3", "4"],
      items: [5],
    });
    // Keys are in order by identifier first, so the latest may be anywhere.
    const other = await fresh("EarlyToo", { identifier: "A" });
    write(other, "last of all", "long");
    await other.flush();
    expect((await asked(latest)).names).toEqual(["last of all", "499"]);
    await tracer.close();
    await other.close();
  });
});

test("a tracer finds what it wrote before the index shows it", async () => {
  const tracer = await fresh("Lagging", { identifier: "A" });
  for (let i = 0; i < 150; i++) {
    tracer.trace(`${i}`, (span) => span.addAttributes({ "ai.conversation.id": "c", even: i % 2 === 0 }));
  }
  hiding = true;
  try {
    const query = { attributeFilter: { "ai.conversation.id": "c", even: true } };
    const found = await tracer.getTraces(query);
    expect(found.map(({ spanName }) => spanName)).toEqual(Array.from({ length: 75 }, (_, i) => `${2 * i}`));
    const [latest] = await tracer.getTraces({ ...query, order: "desc", limit: 1 });
    expect(latest?.spanName).toBe("148");
    expect(await tracer.getTraces({ attributeFilter: { "ai.conversation.id": "d" } })).toEqual([]);
  } finally {
    hiding = false;
  }
  await tracer.close();
});

test("iterateTraces gives one span after the other, and reads no further than it is asked", async () => {
  const tracer = await fresh("Iterated", { identifier: "A" });
  const root = tracer.startSpan("root");
  for (let i = 0; i < 30; i++) {
    tracer.startSpan(`${i}`, { parentSpan: root }).addAttribute("text", "x".repeat(100_000)).end();
  }
  root.end();
  await tracer.flush();
  const { traceId } = root;
  const names: string[] = [];
  for await (const span of tracer.iterateTraces({ traceId })) {
    names.push(span.spanName);
    expect(span.parentSpan).toBeUndefined();
  }
  expect(names).toEqual(["root", ...Array.from({ length: 30 }, (_, i) => `${i}`)]);
  sent = [];
  for await (const span of tracer.iterateTraces({ traceId })) {
    expect(span.spanName).toBe("root");
    break;
  }
  expect(sent).toHaveLength(1);
  let count = 0;
  for await (const _ of tracer.iterateTraces({ limit: 7 })) count++;
  expect(count).toBe(7);
  const wrong: object = { traceID: "x" };
  await expect(tracer.iterateTraces(wrong).next()).rejects.toMatchObject({ code: "INVALID_QUERY" });
  await tracer.close();
});
