// Nothing is lost: throttling, put-off items, broken connections, outages, kills, and many writers at once.
// TRACELIGHT_FULL=1 runs the sizes of the bars (20,000 spans, 60 s, 1,000 conversations); without it, smaller ones.
import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DynamoDBClient, ScanCommand } from "@aws-sdk/client-dynamodb";
import type { Tracer } from "tracelight";
import { DynamoDbTracer, ensureTable } from "tracelight/dynamodb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sized } from "../sizes.ts";
import { client, dynamoDb, useEmulator } from "./emulator.ts";
import { type FaultProxy, type Faults, startFaultProxy } from "./fault-proxy.ts";

useEmulator();

const writer = fileURLToPath(new URL("writer.mjs", import.meta.url));

let tables = 0;

async function freshTable(): Promise<string> {
  const tableName = `Faults${tables++}`;
  await ensureTable({ tableName, endpoint: dynamoDb.endpoint });
  return tableName;
}

/** How many items hold spans. */
async function stored(tableName: string): Promise<number> {
  let count = 0;
  let from: Record<string, never> | undefined;
  do {
    const page: { Count?: number | undefined; LastEvaluatedKey?: object | undefined } = await client.send(
      new ScanCommand({
        TableName: tableName,
        Select: "COUNT",
        FilterExpression: "begins_with(sk, :span)",
        ExpressionAttributeValues: { ":span": { S: "SPAN#" } },
        ...(from === undefined ? {} : { ExclusiveStartKey: from }),
      }),
    );
    count += page.Count ?? 0;
    from = page.LastEvaluatedKey as Record<string, never> | undefined;
  } while (from !== undefined);
  return count;
}

function record(tracer: Tracer, count: number): void {
  for (let i = 0; i < count; i++) {
    tracer.trace("one of many", (span) => span.addAttribute("ai.tool.output", `${i} ${"x".repeat(800)}`));
  }
}

const LOOP = sized(10_000, 500);

test(`${LOOP} spans in one tight loop arrive whole, at default settings`, async () => {
  const tableName = await freshTable();
  const tracer = new DynamoDbTracer({ tableName, endpoint: dynamoDb.endpoint });
  record(tracer, LOOP);
  expect(await tracer.flush({ timeoutMs: 100_000 })).toMatchObject({
    written: LOOP,
    pending: 0,
    dropped: 0,
    failed: 0,
  });
  await tracer.close();
  expect(await stored(tableName)).toBe(LOOP);
});

describe("through a network and a service at fault", () => {
  const cases: [string, Faults, number][] = [
    [
      "a fifth throttled, a fifth put off, connections broken",
      { throttled: 0.2, unprocessed: 0.2, reset: 0.05 },
      sized(20_000, 300),
    ],
    ["answers lost after the work was done", { resetAfter: 0.3 }, 300],
    ["internal errors", { failing: 0.5 }, 300],
    ["answers torn in half", { torn: 0.3 }, 300],
    ["credentials that expire now and then", { expired: 0.3 }, 300],
    ["slow answers", { slowMs: 50 }, 300],
  ];
  test.each(cases)("%s: all are stored, none twice", async (_name, faults, count) => {
    const tableName = await freshTable();
    const proxy = await startFaultProxy(dynamoDb.endpoint, faults);
    const tracer = new DynamoDbTracer({ tableName, endpoint: proxy.endpoint, onError: () => undefined });
    record(tracer, count);
    expect(await tracer.flush({ timeoutMs: 250_000 })).toMatchObject({
      written: count,
      pending: 0,
      dropped: 0,
      failed: 0,
    });
    await tracer.close();
    await proxy.close();
    expect(await stored(tableName)).toBe(count);
  });

  test("requests that are never answered: they time out and are sent again", async () => {
    const tableName = await freshTable();
    const proxy = await startFaultProxy(dynamoDb.endpoint, { hang: 0.3 });
    const credentials = { accessKeyId: "local", secretAccessKey: "local" };
    const requestHandler = { requestTimeout: 300, throwOnRequestTimeout: true };
    const impatient = new DynamoDBClient({
      endpoint: proxy.endpoint,
      region: "us-east-1",
      credentials,
      requestHandler,
    });
    const tracer = new DynamoDbTracer({ tableName, client: impatient, onError: () => undefined });
    record(tracer, 500);
    expect(await tracer.flush({ timeoutMs: 100_000 })).toMatchObject({ written: 500, pending: 0, failed: 0 });
    await tracer.close();
    impatient.destroy();
    await proxy.close();
    expect(await stored(tableName)).toBe(500);
  });
});

describe("a span that DynamoDB refuses in a way that nobody foresaw", () => {
  const ways: [string, NonNullable<Faults["poison"]>["with"], string][] = [
    ["its JSON cannot be read", [400, "SerializationException"], "INVALID_ITEM"],
    ["a gateway finds it too large", [413, "RequestEntityTooLarge"], "ITEM_TOO_LARGE"],
    ["a steady 500", [500, "InternalServerError"], "SPAN_REFUSED"],
    ["a connection that breaks each time", "reset", "SPAN_REFUSED"],
    ["an error without a name that anybody knows", [418, "Teapot"], "SPAN_REFUSED"],
  ];
  test.concurrent.each(ways)("%s: it fails alone, and holds up none", async (_name, how, code) => {
    const tableName = await freshTable();
    const proxy = await startFaultProxy(dynamoDb.endpoint, { poison: { text: "poison", with: how } });
    const errors: string[] = [];
    const tracer = new DynamoDbTracer({
      ...{ tableName, endpoint: proxy.endpoint, baseRetryDelayMs: 5, maxRetryDelayMs: 20 },
      onError: (error) => errors.push(error.code),
    });
    record(tracer, 40);
    tracer.trace("bad", (span) => span.addAttribute("ai.tool.output", "poison"));
    record(tracer, 40);
    let count = 80;
    // Where there is no answer, it takes others to tell it from an outage.
    for (; how === "reset" && !errors.includes(code); count++) {
      record(tracer, 1);
      await tracer.flush({ timeoutMs: 100 });
    }
    const report = await tracer.flush({ timeoutMs: 100_000 });
    expect(report).toMatchObject({ written: count, pending: 0, failed: 1 });
    expect(errors).toContain(code);
    await tracer.close();
    await proxy.close();
    expect(await stored(tableName)).toBe(count);
  });
});

describe("with a journal", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "tracelight-journal-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("spans ended before a SIGKILL are delivered by the next start", async () => {
    const tableName = await freshTable();
    const journal = join(folder, "killed");
    const child = start({ tableName, endpoint: dynamoDb.endpoint, journal, spans: 1000, ending: "kill" });
    expect(await exitOf(child)).toBe("SIGKILL");
    const tracer = new DynamoDbTracer({ tableName, endpoint: dynamoDb.endpoint, journal });
    await tracer.flush();
    await tracer.close();
    expect(await stored(tableName)).toBe(1000);
    expect(readdirSync(journal)).toEqual([]);
  });

  test(
    "spans that end while the table cannot be reached are all stored later, and memory stays flat",
    async () => {
      const tableName = await freshTable();
      const proxy: FaultProxy = await startFaultProxy(dynamoDb.endpoint, { down: true });
      const spans = sized(50_000, 1100);
      const child = start({
        tableName,
        endpoint: proxy.endpoint,
        journal: join(folder, "outage"),
        spans,
        ending: "close",
      });
      const grown = new Promise<number>((resolve) =>
        child.once("message", (bytes) => resolve(Number(bytes))),
      );
      expect(await grown).toBeLessThan(64 * 1024 * 1024);
      await new Promise((resolve) => setTimeout(resolve, sized(60_000, 500)));
      proxy.faults = {};
      expect(await exitOf(child)).toBe(0);
      await proxy.close();
      expect(await stored(tableName)).toBe(spans);
    },
    sized(1_800_000, 300_000),
  );
});

test("conversations written by four processes at once read back whole", async () => {
  const tableName = await freshTable();
  const conversations = sized(1000, 8);
  const children = [0, 1, 2, 3].map(() =>
    start({ tableName, endpoint: dynamoDb.endpoint, conversations, ending: "close" }),
  );
  expect(await Promise.all(children.map(exitOf))).toEqual([0, 0, 0, 0]);
  const tracer = new DynamoDbTracer({ tableName, endpoint: dynamoDb.endpoint });
  for (let i = 0; i < conversations; i++) {
    const spans = await tracer.getTraces({ attributeFilter: { "ai.conversation.id": `c${i}` } });
    expect(spans).toHaveLength(8);
    for (const span of spans.filter(({ spanName }) => spanName === "llm")) {
      expect(span.attributes["ai.llm.request.messages"]).toHaveLength(10);
      expect(span.parentSpan?.spanName).toBe("turn");
    }
  }
  await tracer.close();
});

interface Work {
  readonly tableName: string;
  readonly endpoint: string;
  readonly journal?: string;
  readonly spans?: number;
  readonly conversations?: number;
  readonly ending: "kill" | "close";
}

function start(work: Work): ChildProcess {
  // What is not collected yet would count as kept.
  const execArgv = ["--expose-gc"];
  return fork(writer, [JSON.stringify(work)], { execArgv, stdio: ["ignore", "ignore", "inherit", "ipc"] });
}

function exitOf(child: ChildProcess): Promise<number | NodeJS.Signals | null> {
  return new Promise((resolve) => child.once("exit", (code, signal) => resolve(signal ?? code)));
}
