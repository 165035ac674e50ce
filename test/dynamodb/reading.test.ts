// How answers are read: their items by JSON.parse with a client of our own, by the SDK where that cannot be; chains of messages in steps.
import { createServer, request } from "node:http";
import { DynamoDbTracer, ensureTable } from "tracelight/dynamodb";
import { createViewer } from "tracelight/viewer";
import { expect, onTestFinished, test } from "vitest";
import type { Item, ItemReader, KeyRange } from "../../src/dynamodb/items.ts";
import { ListReader } from "../../src/dynamodb/list-reader.ts";
import { readReferences } from "../../src/dynamodb/list-references.ts";
import { Packer } from "../../src/dynamodb/packing.ts";
import { EVERY_KIND_OF_VALUE } from "../../src/testing/values.ts";
import { spanFields } from "../model/arbitraries.ts";
import { client, dynamoDb, useEmulator } from "./emulator.ts";
import { plainItem } from "./packing.ts";

useEmulator();

type Change = (answer: { status: number; type: string; body: string }) => void;

/** A door to the emulator, which is told of each request and may change each answer to a read. */
async function door(change: Change = () => undefined): Promise<{ endpoint: string; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer(async (incoming, outgoing) => {
    let body = "";
    for await (const chunk of incoming) body += String(chunk);
    const operation = String(incoming.headers["x-amz-target"]).split(".")[1] ?? "";
    const { method, headers } = incoming;
    request(dynamoDb.endpoint, { method, headers }, async (answer) => {
      let text = "";
      for await (const chunk of answer) text += String(chunk);
      const given = { status: answer.statusCode ?? 0, type: "application/x-amz-json-1.0", body: text };
      if (/Query|Scan|BatchGet/.test(operation)) {
        asked.push(`${operation} ${body}`);
        change(given);
      }
      outgoing.writeHead(given.status, { "content-type": given.type }).end(given.body);
    }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return { endpoint: `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`, asked };
}

async function writing(tableName: string): Promise<DynamoDbTracer> {
  await ensureTable({ client, tableName });
  const tracer = new DynamoDbTracer({ client, tableName });
  onTestFinished(() => void tracer.close());
  return tracer;
}

function readingBy(endpoint: string, tableName: string): DynamoDbTracer {
  const tracer = new DynamoDbTracer({ endpoint, tableName });
  onTestFinished(() => void tracer.close());
  return tracer;
}

test("a client of ours reads what a caller's does: every kind of value, lists and parts", async () => {
  const tracer = await writing("Kinds");
  const messages = Array.from({ length: 40 }, (_, i) => ({
    role: "user",
    content: [{ text: `${i} ${"word ".repeat(50)}` }],
  }));
  tracer.trace("all", (span) =>
    span.addAttributes({
      ...EVERY_KIND_OF_VALUE,
      "ai.llm.request.messages": messages,
      large: "x".repeat(500_000),
    }),
  );
  await tracer.flush();
  const [own] = await readingBy((await door()).endpoint, "Kinds").getTraces({});
  const [callers] = await tracer.getTraces({});
  expect(own?.attributes).toEqual(callers?.attributes);
  expect(own?.attributes["ai.llm.request.messages"]).toEqual(messages);
});

test("what is no such JSON is the SDK's to read; what is none at all rejects", async () => {
  const tracer = await writing("Others");
  tracer.trace("one", () => undefined);
  await tracer.flush();
  const typed = await door((answer) => {
    answer.type = "application/x-amz-json-1.1";
  });
  expect(await readingBy(typed.endpoint, "Others").getTraces({})).toHaveLength(1);
  const broken = await door((answer) => {
    answer.body = "{";
  });
  const read = readingBy(broken.endpoint, "Others").getTraces({});
  await expect(read).rejects.toMatchObject({ name: "TracelightError" });
});

test("the lens of a conversation reads each of its spans and each node of its chain once", async () => {
  const tracer = await writing("Once");
  const messages: object[] = [];
  const history: object[] = [];
  for (let i = 0; i < 120; i++) {
    history.push({
      role: i % 2 === 0 ? "user" : "assistant",
      content: [{ text: `${i} ${"word ".repeat(50)}` }],
    });
    messages.splice(0, messages.length, ...history);
    tracer.trace("llm", (span) =>
      span.addAttributes({
        "ai.conversation.id": "once",
        "ai.trace.type": "llm-invocation",
        "ai.llm.request.messages": messages,
        "ai.llm.request.system": "Be brief. ".repeat(2500),
      }),
    );
    if (i % 20 === 0) await tracer.flush();
  }
  await tracer.flush();
  const { endpoint, asked } = await door();
  const viewer = createViewer(readingBy(endpoint, "Once"));
  const response = await viewer(new Request("http://localhost/api/conversations/once/context"));
  expect(await response.json()).toMatchObject({ calls: { length: 120 } });
  const pages = asked.filter((text) => text.includes("IndexName"));
  expect(pages.length).toBe(new Set(pages).size);
  expect(pages.length).toBeGreaterThan(2);
  const ranges = asked.flatMap(
    (text) => /"NODE#[^#]*#([0-9a-f]{8})#[^#]*?".*?"NODE#[^#]*#([0-9a-f]{8})#/.exec(text)?.slice(1) ?? [],
  );
  expect(ranges).toHaveLength(2 * pages.length);
  expect([...ranges].sort()).toEqual(ranges);
});

test("a node that was written after its chain was read in part is found", async () => {
  const stored: Item[] = [];
  const reads: KeyRange[] = [];
  const reader: ItemReader = {
    get: async () => [],
    range: async (range) => {
      reads.push(range);
      return stored.filter((item) => {
        const sk = item["sk"]?.S ?? "";
        return item["pk"]?.S === range.pk && sk >= range.from && sk <= range.to;
      });
    },
  };
  const packer = new Packer({ ttlSeconds: 3600, reader });
  const text = (word: string): object => ({
    role: "user",
    content: [{ text: `${word} ${"x".repeat(1200)}` }],
  });
  const pack = async (...words: string[]) => {
    const id = words.join("").padEnd(16, "0");
    const attributes = { "ai.conversation.id": "c", "ai.llm.request.messages": words.map(text) };
    const { before, main } = await packer.pack(
      spanFields({ attributes, traceId: `${id}${id}`, spanId: id }),
      plainItem,
    );
    const reference = readReferences(main).get("ai.llm.request.messages");
    if (reference === undefined) throw new Error("no chain");
    return { before, reference, words };
  };
  const early = await pack("a");
  stored.push(...early.before);
  packer.acknowledge(early.before);
  const long = await pack("a", "b", "c");
  stored.push(...long.before);
  packer.acknowledge(long.before);
  const late = await pack("a", "d");
  const lists = new ListReader(reader);
  await lists.prepare([long.reference]);
  expect(await lists.read(long.reference)).toHaveLength(3);
  await lists.prepare([late.reference, long.reference]);
  expect(reads).toHaveLength(1);
  await expect(lists.read(late.reference)).rejects.toThrow("messages 1 to 2 of 2 are missing");
  const longer = await pack("a", "b", "c", "e");
  stored.push(...late.before, ...longer.before);
  await lists.prepare([longer.reference]);
  expect(reads.at(-1)?.from).toMatch(/#00000004#$/);
  expect(await lists.read(late.reference)).toEqual(late.words.map(text));
  expect(await lists.read(longer.reference)).toEqual(longer.words.map(text));
});
