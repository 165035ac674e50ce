// Key layouts: items equal to the Python toolkit's, and reading by conversation in each layout.
import { readFileSync } from "node:fs";
import {
  type AttributeValue,
  BatchWriteItemCommand,
  QueryCommand,
  ScanCommand,
} from "@aws-sdk/client-dynamodb";
import { type Attributes, Span, type SpanRecord, type TracelightError } from "tracelight";
import { DynamoDbTracer, type DynamoDbTracerOptions, ensureTable, type KeyLayout } from "tracelight/dynamodb";
import { describe, expect, test } from "vitest";
import { DynamoDbStore } from "../../src/dynamodb/store.ts";
import { client, dynamoDb, useEmulator } from "./emulator.ts";

useEmulator();

type Item = Record<string, AttributeValue>;

let tables = 0;

async function freshTable(): Promise<string> {
  const tableName = `Layouts${tables++}`;
  await ensureTable({ tableName, endpoint: dynamoDb.endpoint });
  return tableName;
}

function tracerOf(options: DynamoDbTracerOptions): DynamoDbTracer {
  return new DynamoDbTracer({ endpoint: dynamoDb.endpoint, ...options });
}

async function itemsOf(tableName: string): Promise<Item[]> {
  return (await client.send(new ScanCommand({ TableName: tableName }))).Items ?? [];
}

function fixture(file: string): Item[] {
  const text = readFileSync(new URL(`../fixtures/${file}`, import.meta.url), "utf8");
  return JSON.parse(text, (_, value) =>
    value?.__b64__ ? new Uint8Array(Buffer.from(value.__b64__, "base64")) : value,
  );
}

/** Writes spans with the ids and times of their records. */
async function write(
  spans: readonly Span[],
  options: { tableName: string; keyLayout: KeyLayout },
): Promise<void> {
  const store = new DynamoDbStore({
    ...options,
    endpoint: dynamoDb.endpoint,
    identifier: "MyAgent",
    conversationIdGsiName: "by_conversation_id",
    isLayoutGiven: true,
    ttlSeconds: 60,
    dedupe: false,
    recentIndex: undefined,
  });
  for (const span of spans) store.write(span);
  expect((await store.close({ timeoutMs: 30_000 })).failed).toBe(0);
}

/** Without what depends on the time of writing; sets in any order. */
function comparable(items: readonly Item[]): object[] {
  return items
    .map(({ expire_at: _, ...item }) => JSON.parse(JSON.stringify(item, sorted)))
    .sort((a, b) => (a.sk.S < b.sk.S ? -1 : 1));
}

function sorted(key: string, value: unknown): unknown {
  if (key === "SS" && Array.isArray(value)) return [...value].sort();
  return value instanceof Uint8Array ? [...value] : value;
}

const layouts = [
  ["conversation#subcontext", "dynamodb-items.json"],
  ["conversation#auth", "dynamodb-items.2025-04.json"],
] as const;

describe.each(layouts)("%s", (keyLayout, file) => {
  test("reads every item of the toolkit and writes it again as it was", async () => {
    const from = await freshTable();
    const requests = fixture(file).map((Item) => ({ PutRequest: { Item } }));
    await client.send(new BatchWriteItemCommand({ RequestItems: { [from]: requests } }));
    const tracer = tracerOf({ tableName: from, keyLayout, identifier: "MyAgent" });
    const spans = await tracer.getTraces();
    await tracer.close();
    expect(spans).toHaveLength(3);

    const to = await freshTable();
    await write(
      spans.map((span) => Span.fromRecord(span.toJSON())),
      { tableName: to, keyLayout },
    );
    expect(comparable(await itemsOf(to))).toEqual(comparable(fixture(file)));
  });
});

test("spans made with the API have today's items", async () => {
  const tableName = await freshTable();
  const [, llm, tool] = fixture("dynamodb-items.json");
  const source = tool?.["attributes"]?.M ?? {};
  const record: SpanRecord = {
    ...recordOf(tool ?? {}),
    attributes: {
      "ai.trace.type": "tool-invocation",
      "ai.conversation.id": "01JZAJ75QJP9K1BFZM8SJRBB1B",
      "ai.subcontext.id": null,
      "ai.auth.context": { principal_id: "user123", tenant: "t1" },
      "ai.tool.name": "get_weather",
      "ai.tool.use.id": "t1",
      "ai.tool.input": { city: "Amsterdam", days: 2 },
      bytes: { __bytes__: "Gar8Or:_95!s/N'" },
      tags: { __set__: ["a", "b"] },
      types: {
        ...{ i: 1, f: 2.5, neg: -0.125, t: true, none: null, l: [1, "two", [3]], empty: "" },
        unicode: "日本語 ✅",
        dt: { __datetime__: "2025-04-15T12:34:56.789000+00:00" },
        big: { __bigint__: "12345678901234567890" },
      },
      "exception.type": "ValueError",
      "exception.message": "Oooops",
      "exception.traceback": source["exception.traceback"]?.S ?? "",
    },
  };
  const span = Span.fromRecord(record);
  await write([span], { tableName, keyLayout: "conversation#subcontext" });
  const [written] = comparable(await itemsOf(tableName));
  const [wanted] = comparable([tool ?? {}]);
  const bytes = { attributes: { M: { bytes: expect.anything() } } };
  expect(written).toMatchObject(bytes);
  const without = (item: object | undefined) =>
    JSON.parse(JSON.stringify(item ?? {}), (key, value) => (key === "bytes" ? undefined : value));
  expect(without(written)).toEqual(without(wanted));
  expect(llm?.["conversation_id"]?.S).toBe(tool?.["conversation_id"]?.S);
});

function recordOf(item: Item): SpanRecord {
  const text = (name: string): string => item[name]?.S ?? "";
  return {
    span_name: text("span_name"),
    span_kind: "INTERNAL",
    trace_id: text("trace_id"),
    span_id: text("span_id"),
    parent_span_id: text("parent_span_id"),
    started_at: text("started_at"),
    ended_at: text("ended_at"),
    duration_ms: Number(item["duration_ms"]?.N),
    span_status: "ERROR",
    attributes: {},
    resource_attributes: { "service.name": "MyAgent", "deployment.environment": "test" },
    scope: { name: "demo", version: "1.2.3" },
  };
}

test("April's version shows bytes, sets and dates as Python's text", async () => {
  const tableName = await freshTable();
  const tracer = tracerOf({ tableName, keyLayout: "conversation#auth" });
  tracer.trace("x", (span) =>
    span.addAttributes({
      bytes: Uint8Array.of(0, 1, 39, 92, 255),
      set: new Set<unknown>(["b", "it's", true, null, 2]),
      date: new Date(0),
      big: 1n,
    }),
  );
  await tracer.close();
  const [item] = await itemsOf(tableName);
  expect(item?.["attributes"]?.M).toEqual({
    bytes: { S: `b"\\x00\\x01'\\\\\\xff"` },
    set: { S: `{'b', "it's", True, None, 2}` },
    date: { S: "1970-01-01T00:00:00+00:00" },
    big: { N: "1" },
  });
  expect(item?.["span_status"]).toBeUndefined();
  expect(item?.["identifier"]).toEqual({ NULL: true });
});

describe("index keys", () => {
  const keys: [KeyLayout, object, string | undefined][] = [
    ["conversation", { "ai.conversation.id": 42, "ai.subcontext.id": "s" }, "42"],
    ["conversation", { "gen_ai.conversation.id": "g", "session.id": "s" }, "g"],
    ["conversation", { "session.id": 7 }, "7"],
    ["conversation", { "session.id": ["s"] }, undefined],
    ["conversation#subcontext", { "ai.conversation.id": 42 }, "42#_"],
    ["conversation#subcontext", { "session.id": "s1", "ai.subcontext.id": "s" }, "s1#s"],
    ["conversation#auth", { "gen_ai.conversation.id": "g", "ai.auth.context": "u" }, "g#u"],
    ["conversation#subcontext", { "ai.conversation.id": 42, "ai.subcontext.id": "" }, "42#_"],
    ["conversation#subcontext", { "ai.conversation.id": true, "ai.subcontext.id": "s" }, "True#s"],
    ["conversation#subcontext", { "ai.subcontext.id": "s" }, undefined],
    ["conversation#auth", { "ai.conversation.id": "c" }, "c#-"],
    ["conversation#auth", { "ai.conversation.id": "c", "ai.auth.context": "u" }, "c#u"],
    ["conversation#auth", { "ai.conversation.id": "c", "ai.auth.context": { principal_id: "u" } }, "c#u"],
    ["conversation#auth", { "ai.conversation.id": "c", "ai.auth.context": { tenant: "t" } }, "c#-"],
  ];
  test.each(keys)("%s of %j is %s", async (keyLayout, attributes, key) => {
    const tableName = await freshTable();
    const tracer = tracerOf({ tableName, keyLayout });
    tracer.trace("x", (span) => span.addAttributes({ ...attributes }));
    await tracer.close();
    expect((await itemsOf(tableName))[0]?.["conversation_id"]?.S).toBe(key);
  });
});

describe("reading by conversation", () => {
  test.each(["conversation", "conversation#subcontext", "conversation#auth"] as const)(
    "%s",
    async (keyLayout) => {
      const tableName = await freshTable();
      const errors: TracelightError[] = [];
      const tracer = tracerOf({ tableName, keyLayout, onError: (error) => errors.push(error) });
      const say = (name: string, attributes: object) =>
        tracer.trace(name, (span) => span.addAttributes({ "ai.conversation.id": "c", ...attributes }));
      say("plain", {});
      say("nulls", { "ai.subcontext.id": null, "ai.auth.context": null });
      say("sub", { "ai.subcontext.id": "s", "ai.auth.context": "u" });
      say("object", { "ai.subcontext.id": "s", "ai.auth.context": { principal_id: "u" } });
      say("session", { "ai.conversation.id": null, "session.id": "c", "ai.subcontext.id": "x" });
      say("other", { "ai.conversation.id": "c#s" });
      const names = async (filter: object) =>
        (await tracer.getTraces({ attributeFilter: { "ai.conversation.id": "c", ...filter } })).map(
          ({ spanName }) => spanName,
        );
      expect(await names({ "ai.subcontext.id": null, "ai.auth.context": null })).toEqual(["plain", "nulls"]);
      expect(await names({ "ai.subcontext.id": "s", "ai.auth.context": "u" })).toEqual(["sub"]);
      expect(await names({ "ai.subcontext.id": "s", "ai.auth.context": { principal_id: "u" } })).toEqual([
        "object",
      ]);
      const asked = async (attributeFilter: Attributes) =>
        (await tracer.getTraces({ conversation: "c", attributeFilter })).map(({ spanName }) => spanName);
      expect(await asked({ "ai.subcontext.id": "s", "ai.auth.context": "u" })).toEqual(["sub"]);
      expect(await asked({ "ai.subcontext.id": "x", "ai.auth.context": null })).toEqual(["session"]);
      expect(errors).toEqual([]);
      // The rest of the key is not known: all are found, and where that took a scan it is said.
      expect(await names({})).toEqual(["plain", "nulls", "sub", "object"]);
      expect(await asked({})).toEqual(["plain", "nulls", "sub", "object", "session"]);
      expect([...new Set(errors.map(({ code }) => code))]).toEqual(
        keyLayout === "conversation" ? [] : ["TABLE_SCAN"],
      );
      await tracer.close();
    },
  );
});

test("today's layout keeps what Python has no form for, and dates", async () => {
  const tableName = await freshTable();
  const tracer = tracerOf({ tableName, keyLayout: "conversation#subcontext" });
  const values = {
    date: new Date(1744720496789),
    second: new Date(1744720496000),
    iso: "2025-04-15T12:34:56.789Z",
    numbers: new Set([1, 2.5]),
    bytes: new Set([Uint8Array.of(1)]),
    mixed: new Set<unknown>([1, "1"]),
    none: new Set(),
    map: new Map([["k", new Date(0)]]),
    nan: Number.NaN,
    huge: Number.MAX_VALUE,
    tag: { __datetime__: "x" },
  };
  tracer.trace("x", (span) => span.addAttributes(values));
  const [found] = await tracer.getTraces();
  await tracer.close();
  expect(found?.attributes).toEqual(values);
  const [item] = await itemsOf(tableName);
  expect(item?.["attributes"]?.M).toMatchObject({
    date: { S: "2025-04-15T12:34:56.789000Z" },
    second: { S: "2025-04-15T12:34:56Z" },
    numbers: { NS: expect.arrayContaining(["1", "2.5"]) },
  });
});

test("an unknown layout is refused at once", () => {
  const options: object = { tableName: "Table", keyLayout: "auth" };
  expect(() => new DynamoDbTracer({ tableName: "Table", ...options })).toThrow(
    /"keyLayout".* one of "conversation"/,
  );
});

describe("a table whose layout nobody said", () => {
  async function tableOf(...files: readonly string[]): Promise<string> {
    const tableName = await freshTable();
    const requests = files.flatMap(fixture).map((Item) => ({ PutRequest: { Item } }));
    await client.send(new BatchWriteItemCommand({ RequestItems: { [tableName]: requests } }));
    return tableName;
  }

  /** A text or a number. */
  function conversationIn(file: string): unknown {
    const { S, N } = fixture(file)[0]?.["attributes"]?.M?.["ai.conversation.id"] ?? {};
    return S ?? Number(N);
  }

  test.each([
    ["dynamodb-items.json", 3],
    ["dynamodb-items.2025-04.json", 2],
    ["dynamodb-items.2025-04-17.json", 2],
  ])("is read by conversation as its items show: %s", async (file, count) => {
    const told: TracelightError[] = [];
    const tracer = tracerOf({ tableName: await tableOf(file), onError: (error) => told.push(error) });
    const conversation = conversationIn(file);
    expect(await tracer.getTraces({ conversation })).toHaveLength(count);
    let iterated = 0;
    for await (const _ of tracer.iterateTraces({ conversation })) iterated++;
    expect(iterated).toBe(count);
    expect(await tracer.getTraces({ attributeFilter: { "ai.conversation.id": conversation } })).toHaveLength(
      count,
    );
    expect(await tracer.getTraces({ conversation: "nobody's" })).toEqual([]);
    await tracer.close();
    expect(told.map(({ code }) => code).filter((code) => code !== "TABLE_SCAN")).toEqual([]);
  });

  test("is read in each of the layouts where it has several", async () => {
    const files = ["dynamodb-items.json", "dynamodb-items.2025-04-17.json"];
    const tracer = tracerOf({ tableName: await tableOf(...files), onError: () => undefined });
    for (const [file, count] of [...files, ...files].map((file, i) => [file, i % 2 === 0 ? 3 : 2] as const))
      expect(await tracer.getTraces({ conversation: conversationIn(file) })).toHaveLength(count);
    await tracer.close();
  });

  test("is told where the layout that was said is another, or none can be recognised", async () => {
    const file = "dynamodb-items.json";
    const told: string[] = [];
    const onError = ({ code, message }: TracelightError): void => void told.push(`${code} ${message}`);
    const wrong = tracerOf({ tableName: await tableOf(file), keyLayout: "conversation", onError });
    expect(await wrong.getTraces({ conversation: conversationIn(file) })).toEqual([]);
    await wrong.close();
    expect(told).toEqual([
      expect.stringMatching(/^TABLE_SCHEMA .*set keyLayout to "conversation#subcontext"\.$/),
    ]);
    const [item = {}] = fixture(file);
    const tableName = await freshTable();
    const Item = { ...item, conversation_id: { S: "somebody's own" } };
    await client.send(
      new BatchWriteItemCommand({ RequestItems: { [tableName]: [{ PutRequest: { Item } }] } }),
    );
    const unknown = tracerOf({ tableName, onError });
    expect(await unknown.getTraces({ conversation: conversationIn(file) })).toEqual([]);
    await unknown.close();
    expect(told[1]).toMatch(/^TABLE_SCHEMA .*set keyLayout to what wrote them/);
  });
});

describe("the toolkit of 17 April to November 2025", () => {
  const file = "dynamodb-items.2025-04-17.json";

  test("finds our spans by conversation and principal, as it asks for them", async () => {
    const [item = {}] = fixture(file);
    const tableName = await freshTable();
    await using tracer = tracerOf({ tableName, identifier: "MyAgent" });
    for (const context of ["user123", { principal_id: "user123", tenant: "t1" }, 42, null]) {
      tracer.trace("converse", (span) => {
        span.addAttributes({ "ai.conversation.id": "c-a", "ai.auth.context": context });
      });
    }
    await tracer.flush();
    const { Items = [] } = await client.send(
      new QueryCommand({
        ...{ TableName: tableName, IndexName: "by_conversation_id" },
        KeyConditionExpression: "conversation_id = :conversation",
        FilterExpression: "auth_context = :principal",
        ExpressionAttributeValues: {
          ":conversation": item["conversation_id"] ?? { NULL: true },
          ":principal": item["auth_context"] ?? { NULL: true },
        },
      }),
    );
    expect(Items).toHaveLength(2);
    const all = await itemsOf(tableName);
    expect(all.map((one) => one["auth_context"]?.S).sort()).toEqual(["42", "user123", "user123", undefined]);
  });
});
