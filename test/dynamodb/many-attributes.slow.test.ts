// Spans with very many attributes, and events and links of very many names: they come back whole, and the event loop goes on.
import { InMemoryTracer, type Span, type Tracer } from "tracelight";
import { DynamoDbTracer, ensureTable } from "tracelight/dynamodb";
import { expect, test } from "vitest";
import { OUTLET } from "../../src/tracing/tracer.ts";
import { expectFreeLoop, holdOf } from "../event-loop.ts";
import { dynamoDb, useEmulator } from "./emulator.ts";

useEmulator();

const link = { traceId: "c".repeat(32), spanId: "d".repeat(16) };

function fields(count: number): Record<string, unknown> {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`key ${i}`, i]));
}

function manyUnder(tracer: Tracer): Span {
  const parent = tracer.startSpan("parent", { parentSpan: null });
  parent.addAttribute("ai.conversation.id", "c", { inheritable: true });
  parent.addAttribute("key 1", "from above", { inheritable: true });
  const list = [{ role: "user", content: [{ text: "hello ".repeat(1000) }] }];
  const span = tracer.startSpan("many", { parentSpan: parent }).addAttributes(fields(9000));
  span.addAttributes({ "ai.llm.request.messages": list, "ai.trace.type": "llm-invocation" });
  span.addAttributes({ large: "l".repeat(100_000), bytes: new Uint8Array([1, 2]), __proto__: null });
  span
    .addEvent("event", fields(9000))
    .addLink({ ...link, attributes: fields(9000) })
    .end();
  parent.end();
  return span;
}

test.each([true, false])("come back as they were, with dedupe %s", async (dedupe) => {
  const { endpoint } = dynamoDb;
  const tableName = `Many${dedupe}`;
  await ensureTable({ tableName, endpoint });
  const tracer = new DynamoDbTracer({ tableName, endpoint, dedupe, recentIndex: false });
  const span = manyUnder(tracer);
  expect(await tracer.flush()).toMatchObject({ written: 2, pending: 0, failed: 0 });
  for (const query of [{ conversation: "c" }, { traceId: span.traceId }]) {
    const [, found] = await tracer.getTraces(query);
    expect({ ...found?.attributes }).toEqual({ ...span.attributes });
    expect(found?.events).toEqual(span.events);
    expect(found?.links).toEqual(span.links);
  }
  await tracer.close();
});

/** Takes what is sent, at once. */
const client = { send: async () => ({ UnprocessedItems: {} }) };

const LARGE: Readonly<Record<string, (span: Span) => void>> = {
  "150,000 attributes": (span) => {
    for (let i = 0; i < 150_000; i++) span.addAttribute(`key ${i}`, i);
  },
  "an object of 150,000 names": (span) => span.addAttribute("object", fields(150_000)),
  "an event of 150,000 names": (span) => span.addEvent("event", fields(150_000)),
  "a link of 150,000 names": (span) => span.addLink({ ...link, attributes: fields(150_000) }),
};

test.each(Object.entries(LARGE))("the event loop is not held by %s", async (_, fill) => {
  const tracer = new DynamoDbTracer({ tableName: "Held", client });
  tracer.startSpan("first", { parentSpan: null }).end();
  await tracer.flush();
  const span = new InMemoryTracer().startSpan("large", { parentSpan: null });
  fill(span);
  span.end();
  await expectFreeLoop(() =>
    holdOf(async () => {
      tracer[OUTLET].accept(span);
      expect(await tracer.flush()).toMatchObject({ pending: 0, failed: 0, dropped: 0 });
    }),
  );
});
