// What is particular to DynamoDbTracer: its items, the Python toolkit's items, and everything that can be wrong.
import { readFileSync } from "node:fs";
import {
  BatchWriteItemCommand,
  CreateTableCommand,
  DynamoDBClient,
  PutItemCommand,
  ScanCommand,
} from "@aws-sdk/client-dynamodb";
import { InMemoryTracer, type Span, TracelightError } from "tracelight";
import { DynamoDbTracer, ensureTable, startLocalDynamoDb } from "tracelight/dynamodb";
import { describe, expect, test } from "vitest";
import { flushedUntil } from "../patience.ts";
import { client, dynamoDb, useEmulator } from "./emulator.ts";

useEmulator();

const connection = () => ({ endpoint: dynamoDb.endpoint });

async function items(tableName: string) {
  return (await client.send(new ScanCommand({ TableName: tableName }))).Items ?? [];
}

describe("an item", () => {
  test("has the toolkit's keys and top-level attributes", async () => {
    const tableName = "Items";
    await ensureTable({ ...connection(), tableName });
    const tracer = new DynamoDbTracer({
      ...connection(),
      tableName,
      identifier: "MyAgent",
      ttlSeconds: 3600,
    });
    tracer.setContext({
      resourceAttributes: { "service.name": "MyAgent" },
      scope: { name: "demo", version: "1.2.3" },
    });
    const span = tracer.startSpan("converse", { spanKind: "SERVER" });
    span.addAttributes({
      "ai.conversation.id": 488044,
      list: [1, 2.5, { a: null, b: true }],
      bytes: Uint8Array.of(0, 255),
    });
    span.end();
    await tracer.close();

    const [item] = await items(tableName);
    const start = span.startedAtMicros.toString(16).padStart(17, "0");
    const expiry = Number(item?.["expire_at"]?.N) - Date.now() / 1000;
    expect(expiry).toBeGreaterThan(3500);
    expect(expiry).toBeLessThanOrEqual(3600);
    expect({ ...item, expire_at: undefined }).toEqual({
      pk: { S: `TRACE#${span.traceId}` },
      sk: { S: `SPAN#MyAgent#${start}#${span.spanId}` },
      identifier: { S: "MyAgent" },
      conversation_id: { S: "488044" },
      expire_at: undefined,
      trace_id: { S: span.traceId },
      span_id: { S: span.spanId },
      parent_span_id: { NULL: true },
      span_name: { S: "converse" },
      span_kind: { S: "SERVER" },
      span_status: { S: "UNSET" },
      started_at: { S: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/) },
      ended_at: { S: expect.stringMatching(/\.\d{6}Z$/) },
      duration_ms: { N: expect.stringMatching(/^\d+$/) },
      scope_name: { S: "demo" },
      scope_version: { S: "1.2.3" },
      resource_attributes: { M: { "service.name": { S: "MyAgent" } } },
      attributes: {
        M: {
          "ai.conversation.id": { N: "488044" },
          list: { L: [{ N: "1" }, { N: "2.5" }, { M: { a: { NULL: true }, b: { BOOL: true } } }] },
          bytes: { B: Uint8Array.of(0, 255) },
        },
      },
    });
  });

  test("has the identifier _ where the tracer has none, and no conversation where the span has none", async () => {
    const tableName = "NoIdentifier";
    await ensureTable({ ...connection(), tableName });
    const tracer = new DynamoDbTracer({ ...connection(), tableName });
    tracer.trace("x", (span) => span.addAttribute("ai.conversation.id", null));
    await tracer.close();
    const [item] = await items(tableName);
    expect(item?.["sk"]?.S).toMatch(/^SPAN#_#/);
    expect(item?.["conversation_id"]).toBeUndefined();
  });
});

describe("identifiers", () => {
  test("a tracer reads what was written under its own; one without reads all", async () => {
    const tableName = "Shared";
    await ensureTable({ ...connection(), tableName });
    const make = (identifier?: string) =>
      new DynamoDbTracer({ ...connection(), tableName, ...(identifier === undefined ? {} : { identifier }) });
    // The second begins as the first does, with the separator.
    const [a, b, all] = [make("A"), make("A#B"), make()];
    for (const [tracer, name] of [
      [a, "of A"],
      [b, "of A#B"],
      [all, "of none"],
    ] as const) {
      tracer.trace(name, (span) => span.addAttribute("ai.conversation.id", "c"));
      await tracer.flush();
    }
    const read = async (tracer: DynamoDbTracer, query = {}) =>
      (await tracer.getTraces({ attributeFilter: { "ai.conversation.id": "c" }, ...query })).map(
        (span) => span.spanName,
      );
    expect(await read(a)).toEqual(["of A"]);
    expect(await read(b)).toEqual(["of A#B"]);
    expect(await read(all)).toEqual(["of A", "of A#B", "of none"]);
    expect(await read(all, { identifier: "A" })).toEqual(["of A"]);
    expect(await read(all, { identifier: "_" })).toEqual(["of none"]);
    for (const tracer of [a, b, all]) await tracer.close();
  });
});

describe("items of the Python toolkit", () => {
  const vectors = ["dynamodb-items.json", "dynamodb-items.2025-04.json"] as const;
  test.each(vectors)("are read back: %s", async (file) => {
    const tableName = file;
    await ensureTable({ ...connection(), tableName });
    const text = readFileSync(new URL(`../fixtures/${file}`, import.meta.url), "utf8");
    const python = JSON.parse(text, (_, value) =>
      value?.__b64__ ? Buffer.from(value.__b64__, "base64") : value,
    );
    const requests = python.map((Item: object) => ({ PutRequest: { Item } }));
    await client.send(new BatchWriteItemCommand({ RequestItems: { [tableName]: requests } }));

    const tracer = new DynamoDbTracer({ ...connection(), tableName, identifier: "MyAgent" });
    const found: Span[] = [];
    for (const traceId of new Set<string>(
      python.map((item: { trace_id: { S: string } }) => item.trace_id.S),
    )) {
      found.push(...(await tracer.getTraces({ traceId })));
    }
    await tracer.close();
    expect(found).toHaveLength(3);
    for (const span of found) {
      const item = python.find((one: { span_id: { S: string } }) => one.span_id.S === span.spanId);
      expect(span.spanName).toBe(item.span_name.S);
      expect(span.startedAtMicros.toString(16).padStart(17, "0")).toBe(item.sk.S.split("#")[2]);
      expect(span.parentSpanId ?? null).toBe(item.parent_span_id.S ?? null);
      expect(span.parentSpan?.spanId ?? null).toBe(item.parent_span_id.S ?? null);
      expect(span.spanStatus).toBe(item.span_status?.S ?? "UNSET");
      expect(span.resourceAttributes["service.name"]).toBe("MyAgent");
    }
  });

  test("keep their types", async () => {
    const tracer = new DynamoDbTracer({ ...connection(), tableName: vectors[0] });
    const [span] = await tracer.getTraces({ spanName: "get_weather" });
    await tracer.close();
    expect(span?.attributes).toMatchObject({
      bytes: Uint8Array.of(0, 1, 254, 255),
      tags: new Set(["a", "b"]),
      types: {
        big: 12345678901234567890n,
        f: 2.5,
        neg: -0.125,
        none: null,
        t: true,
        l: [1, "two", [3]],
        empty: "",
      },
      "ai.auth.context": { principal_id: "user123", tenant: "t1" },
    });
    expect(span?.asHumanReadable()).toContain("ai.auth.context=user123");
  });
});

describe("construction", () => {
  test.each([
    [{}, /DynamoDbTracer needs the option "tableName"/],
    [{ tableName: "" }, /"tableName" of DynamoDbTracer must be a table's name/],
    [{ tableNam: "x" }, /Unknown option "tableNam" for DynamoDbTracer; did you mean "tableName"/],
    [{ tableName: "Table", ttlSeconds: 0 }, /"ttlSeconds".* at least 1/],
    [{ tableName: "Table", endpoint: "not a url" }, /"endpoint".* a URL/],
    [{ tableName: "Table", client: {} }, /"client".* a DynamoDBClient/],
  ])("refuses %j at once", (options, message) => {
    expect(() => new DynamoDbTracer(options as never)).toThrow(message);
    expect(() => new DynamoDbTracer(options as never)).toThrow(
      expect.objectContaining({ code: "INVALID_OPTION" }),
    );
  });
});

describe("what is wrong with the table is found in the background:", () => {
  async function expectFault(tracer: DynamoDbTracer, errors: TracelightError[], code: string, mend: RegExp) {
    expect(tracer.trace("the app goes on", () => 42)).toBe(42);
    const report = await tracer.flush();
    expect(report).toMatchObject({ written: 0, pending: 0, failed: 1 });
    expect(report.errors.map((error) => error.code)).toContain(code);
    expect(errors[0]).toBeInstanceOf(TracelightError);
    expect(errors[0]).toMatchObject({ code, message: expect.stringMatching(mend) });
    expect(errors[0]?.cause).toBeDefined();
    const byConversation = { attributeFilter: { "ai.conversation.id": 1 } };
    await expect(tracer.getTraces(byConversation)).rejects.toMatchObject({ code });
    await tracer.close();
  }

  test("there is no such table", async () => {
    const errors: TracelightError[] = [];
    const tracer = new DynamoDbTracer({
      ...connection(),
      tableName: "Nowhere",
      onError: (e) => errors.push(e),
    });
    await expectFault(tracer, errors, "TABLE_NOT_FOUND", /"Nowhere" does not exist.*ensureTable/);
  });

  test("its keys are others", async () => {
    const errors: TracelightError[] = [];
    const tableName = "OtherKeys";
    await client.send(
      new CreateTableCommand({
        TableName: tableName,
        BillingMode: "PAY_PER_REQUEST",
        AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
        KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
      }),
    );
    const tracer = new DynamoDbTracer({ ...connection(), tableName, onError: (e) => errors.push(e) });
    await expectFault(tracer, errors, "TABLE_SCHEMA", /partition key pk \(S\).*conversationIdGsiName/);
    await expect(ensureTable({ ...connection(), tableName })).rejects.toMatchObject({
      code: "TABLE_SCHEMA",
      message: expect.stringMatching(/id \(S, HASH\), not pk \(S, HASH\) and sk \(S, RANGE\).*no index/),
    });
  });

  test("nobody listens at the endpoint: spans wait, since the next try may succeed", async () => {
    const errors: TracelightError[] = [];
    const gone = await startLocalDynamoDb();
    await gone.close();
    const onError = (error: TracelightError) => errors.push(error);
    const tracer = new DynamoDbTracer({ endpoint: gone.endpoint, tableName: "Table", onError });
    expect(tracer.trace("the app goes on", () => 42)).toBe(42);
    const report = await flushedUntil(tracer, () => errors.length > 0);
    expect(report).toMatchObject({ written: 0, pending: 1, failed: 0 });
    const mend = expect.stringMatching(/could not be reached.*ECONNREFUSED/);
    expect(errors[0]).toMatchObject({ code: "DYNAMODB_FAILED", message: mend });
    await expect(tracer.getTraces({ traceId: "f".repeat(32) })).rejects.toMatchObject({
      code: "DYNAMODB_FAILED",
    });
  });

  test("there are no credentials", async () => {
    const errors: TracelightError[] = [];
    const credentials = async () => {
      throw Object.assign(new Error("Could not load credentials from any providers"), {
        name: "CredentialsProviderError",
      });
    };
    const bare = new DynamoDBClient({ ...connection(), region: "us-east-1", credentials });
    const tracer = new DynamoDbTracer({ client: bare, tableName: "Table", onError: (e) => errors.push(e) });
    await expectFault(tracer, errors, "CREDENTIALS", /AWS_ACCESS_KEY_ID/);
  });

  test("the index is another", async () => {
    const tableName = "OtherIndex";
    await ensureTable({ ...connection(), tableName, conversationIdGsiName: "conversation_index" });
    const tracer = new DynamoDbTracer({ ...connection(), tableName });
    tracer.trace("x", (span) => span.addAttribute("ai.conversation.id", 1));
    await expect(tracer.getTraces({ attributeFilter: { "ai.conversation.id": 1 } })).rejects.toMatchObject({
      code: "TABLE_SCHEMA",
      message: expect.stringContaining("conversationIdGsiName"),
    });
    expect((await tracer.close()).written).toBe(1);
  });

  test("a span larger than an item may be is stored whole", async () => {
    const tableName = "Large";
    await ensureTable({ ...connection(), tableName });
    const tracer = new DynamoDbTracer({ ...connection(), tableName });
    const text = Array.from({ length: 60_000 }, (_, i) => `${i} ${Math.random()}`).join(" ");
    tracer.trace("small", () => undefined);
    tracer.trace("large", (span) => span.addAttribute("ai.tool.output", text));
    expect(await tracer.flush()).toMatchObject({ written: 2, failed: 0 });
    const [large] = await tracer.getTraces({ spanName: "large" });
    expect(large?.attributes["ai.tool.output"]).toBe(text);
    await tracer.close();
  });

  test("a broken item is reported and left out; the others are found", async () => {
    const errors: TracelightError[] = [];
    const tableName = "Broken";
    await ensureTable({ ...connection(), tableName });
    const tracer = new DynamoDbTracer({ ...connection(), tableName, onError: (e) => errors.push(e) });
    tracer.trace("whole", () => undefined);
    const Item = { pk: { S: "TRACE#x" }, sk: { S: "SPAN#_#0#x" }, span_name: { N: "1" } };
    await client.send(new PutItemCommand({ TableName: tableName, Item }));
    const other = { pk: { S: "TRACE#x" }, sk: { S: "PART#1" } };
    await client.send(new PutItemCommand({ TableName: tableName, Item: other }));
    expect((await tracer.getTraces()).map(({ spanName }) => spanName)).toEqual(["whole"]);
    expect(errors.map(({ code }) => code)).toEqual(["INVALID_RECORD"]);
    await tracer.close();
  });
});

describe("ensureTable", () => {
  test("creates once, then checks and changes nothing", async () => {
    const options = { ...connection(), tableName: "Once" };
    expect(await ensureTable(options)).toEqual({ created: true, differences: [] });
    // The emulator has no TTL, which is one.
    expect(await ensureTable(options)).toEqual({
      created: false,
      differences: [expect.stringContaining("TTL")],
    });
  });

  test("may be called by many at once", async () => {
    const options = { ...connection(), tableName: "Race" };
    const reports = await Promise.all(Array.from({ length: 5 }, () => ensureTable(options)));
    expect(reports.filter(({ created }) => created)).toHaveLength(1);
  });
});

test("startLocalDynamoDb says when a port is taken", async () => {
  await expect(startLocalDynamoDb({ port: dynamoDb.port })).rejects.toMatchObject({
    code: "DYNAMODB_FAILED",
    message: expect.stringContaining(`port ${dynamoDb.port}`),
  });
});

test("the caller's own client is used, and stays open", async () => {
  const tableName = "OwnClient";
  await ensureTable({ client, tableName });
  const tracer = new DynamoDbTracer({ client, tableName });
  tracer.trace("x", () => undefined);
  await tracer.close();
  expect(await items(tableName)).toHaveLength(1);
});

test("pages past one megabyte are read to the end", async () => {
  const tableName = "Pages";
  await ensureTable({ ...connection(), tableName });
  const tracer = new DynamoDbTracer({ ...connection(), tableName });
  const reference = new InMemoryTracer();
  const root = tracer.startSpan("root");
  for (let i = 0; i < 30; i++) {
    tracer.startSpan(`${i}`, { parentSpan: root }).addAttribute("text", "x".repeat(100_000)).end();
  }
  root.end();
  expect(await tracer.getTraces({ traceId: root.traceId })).toHaveLength(31);
  await tracer.close();
  await reference.close();
});
