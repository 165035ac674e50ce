// Rule 2: the event loop is not held for more than 20 ms, whatever some megabytes are made of: out of OtlpTracer and into the receiver.
import { createServer } from "node:http";
import fc from "fast-check";
import { type Attributes, InMemoryTracer, type Sink, type SpanFields } from "tracelight";
import { otlpReceiver } from "tracelight/otlp";
import { describe, expect, onTestFinished, test } from "vitest";
import { capture } from "../../src/model/capture.ts";
import { rememberKeys } from "../../src/model/many-keys.ts";
import { encodeRecord } from "../../src/model/record.ts";
import { plainFields } from "../../src/model/span-fields.ts";
import { Turns } from "../../src/model/turns.ts";
import { decodeJsonRequest, decodeProtobufRequest, otlpEncoder } from "../../src/otlp/codec.ts";
import { OtlpSink } from "../../src/otlp/tracer.ts";
import { hasManyAttributes } from "../../src/tracing/many-attributes.ts";
import { spanFrom } from "../../src/tracing/span.ts";
import { expectFreeLoop, holdOf } from "../event-loop.ts";
import { spanFields } from "../model/arbitraries.ts";
import { runs, shareOf } from "../sizes.ts";
import { richSpan } from "./spans.ts";

const BYTES = 10_000_000;

function many<T>(count: number, make: (i: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => make(i));
}

function fields<T>(count: number, make: (i: number) => T): Record<string, T> {
  return Object.fromEntries(many(count, (i) => [`key-${i}`, make(i)]));
}

let span = 0;
function spanOf(attributes: Record<string, unknown>, more: Partial<SpanFields> = {}): SpanFields {
  const spanId = (++span).toString(16).padStart(16, "0");
  const captured = Object.fromEntries(
    Object.entries(attributes).map(([key, value]) => [key, capture(value)]),
  );
  return spanFields({ spanId, attributes: captured, ...more });
}

const link = { traceId: "c".repeat(32), spanId: "d".repeat(16) };
const at = new Date(1_700_000_000_000);

/** Each takes several times as long as the event loop may be held. */
const SHAPES: Readonly<Record<string, () => readonly SpanFields[]>> = {
  "a list of integers": () => [spanOf({ list: many(140_000, (i) => i) })],
  "a list of fractions": () => [spanOf({ list: many(270_000, (i) => i + 0.1234) })],
  "lists of a few numbers": () => [spanOf({ lists: many(24_000, (i) => many(10, (j) => i * j)) })],
  "an object of many names": () => [spanOf({ object: fields(120_000, (i) => i) })],
  "a map": () => [spanOf({ map: new Map(many(80_000, (i) => [`key-${i}`, i])) })],
  "a map of other keys": () => [spanOf({ map: new Map(many(70_000, (i) => [i, i])) })],
  "a set": () => [spanOf({ set: new Set(many(140_000, (i) => i)) })],
  "objects in a list": () => [spanOf({ list: many(60_000, (i) => ({ role: "user", n: i })) })],
  "lists in lists": () => [spanOf({ deep: nested(150, () => many(300, (i) => i)) })],
  "one text": () => [spanOf({ text: "x".repeat(BYTES) })],
  "one text to be escaped": () => [spanOf({ text: '"\n\u0001é'.repeat(BYTES / 12) })],
  texts: () => [spanOf({ texts: many(10_000, (i) => `${i} `.repeat(200)) })],
  bytes: () => [spanOf({ bytes: new Uint8Array(4_000_000) })],
  attributes: () => [spanOf(fields(45_000, (i) => `${i}`))],
  events: () => [spanOf({}, { events: many(60_000, (i) => ({ name: `event ${i}`, at })) })],
  links: () => [spanOf({}, { links: many(60_000, () => link) })],
  spans: () => many(8000, (i) => spanOf({ i })),
  "150,000 attributes": () => [spanOf(fields(150_000, (i) => i))],
  "an object of 150,000 names": () => [spanOf({ object: fields(150_000, (i) => i) })],
  "an event of 150,000 names": () => [
    spanOf({}, { events: [{ name: "event", at, attributes: manyNames() }] }),
  ],
  "a link of 150,000 names": () => [spanOf({}, { links: [{ ...link, attributes: manyNames() }] })],
};

function manyNames(): Attributes {
  const object = fields(150_000, (i) => i);
  rememberKeys(object, Object.keys(object));
  return object;
}

function nested(levels: number, leaf: () => unknown): unknown {
  let value = leaf();
  for (let i = 0; i < levels; i++) value = [value, leaf()];
  return value;
}

/** Takes spans and forgets them. */
const forgetful: Sink = { name: "forgetful", write: () => undefined };

/** Every shape by every way where all is run; else each by a way of its own, and every way by some. */
const ofWay = (way: number) => shareOf(Object.entries(SHAPES), way, 6);

describe.each([
  ["json", 0],
  ["protobuf", 1],
] as const)("received, %s:", (encoding, way) => {
  test.each(ofWay(way))("%s", async (_what, make) => {
    const encoder = otlpEncoder(encoding);
    const body = encoder.join(make().map((one) => encoder.encode(one)));
    const receive = otlpReceiver(forgetful);
    const type = encoding === "json" ? "application/json" : "application/x-protobuf";
    await expectFreeLoop(() => {
      const request = new Request("http://a/v1/traces", {
        method: "POST",
        headers: { "content-type": type },
        body: new Uint8Array(body),
      });
      return holdOf(async () => expect((await receive(request)).status).toBe(200));
    });
  });
});

/** Takes what is sent, and says 200. */
async function sinkUrl(): Promise<string> {
  const server = createServer((incoming, outgoing) => incoming.resume().on("end", () => outgoing.end()));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/v1/traces`;
}

describe.each([
  [{ encoding: "json" }, 2],
  [{ encoding: "protobuf" }, 3],
  [{ encoding: "json", values: "json" }, 4],
  [{ encoding: "protobuf", values: "json" }, 5],
] as const)("sent, %j:", (options, way) => {
  test.each(ofWay(way))("%s", async (_what, make) => {
    const sink = new OtlpSink({ url: await sinkUrl(), ...options });
    const spans = make().map((fields) => spanFrom(fields));
    onTestFinished(async () => void (await sink.close({ timeoutMs: 1000 })));
    await expectFreeLoop(() =>
      holdOf(async () => {
        for (const one of spans) sink.write(one);
        expect(await sink.flush({ timeoutMs: 60_000 })).toMatchObject({ pending: 0, failed: 0, dropped: 0 });
      }),
    );
  });
});

/** Spans, JSON text in them read. */
function meaning(encoding: "json" | "protobuf", body: Uint8Array): unknown {
  const { spans } = encoding === "json" ? decodeJsonRequest(body) : decodeProtobufRequest(body);
  return JSON.parse(JSON.stringify(spans.map(encodeRecord)), (_key, value: unknown) => {
    if (typeof value !== "string" || !/^[[{]/.test(value)) return value;
    try {
      return JSON.parse(value);
    } catch {
      return value;
    }
  });
}

describe.each(["json", "protobuf"] as const)("a span that is written in slices, %s", (encoding) => {
  test("has the bytes of one that is written in one go", async () => {
    const turns = new Turns();
    await fc.assert(
      fc.asyncProperty(
        richSpan,
        fc.constantFrom(1, 40, 300),
        fc.constantFrom("rich" as const, "json" as const),
        async (one, stepBytes, values) => {
          const [whole, sliced] = [
            otlpEncoder(encoding, { values }),
            otlpEncoder(encoding, { values, stepBytes }),
          ];
          const expected = Buffer.from(whole.join([whole.encode(one)]));
          const actual = Buffer.from(sliced.join([await sliced.encodeInSlices(one, turns)]));
          // In JSON text the names of a long map are in its own order, those of a short one in that of an object.
          if (values === "json") expect(meaning(encoding, actual)).toEqual(meaning(encoding, expected));
          else expect(actual.toString("latin1")).toBe(expected.toString("latin1"));
        },
      ),
      { numRuns: runs(60) },
    );
  });

  test.each([undefined, "gen_ai", "openinference"] as const)(
    "says the same where its attributes are very many: in the words of %s",
    async (translate) => {
      const tracer = new InMemoryTracer();
      const parent = tracer.startSpan("parent", { parentSpan: null });
      parent.addAttribute("ai.conversation.id", "c", { inheritable: true });
      parent.addAttribute("key-7", "from above", { inheritable: true });
      const child = tracer.startSpan("child", { parentSpan: parent });
      child.addAttributes({ "ai.trace.type": "llm-invocation", "ai.llm.request.model.id": "claude" });
      child.addAttributes(fields(6000, (i) => i)).addAttribute("tracelight.state", "odd");
      await tracer.close();
      for (const one of [child, spanFrom({ ...plainFields(child), state: "ended", endedAtMicros: 2e15 })]) {
        expect(hasManyAttributes(one)).toBe(true);
        const encoder = otlpEncoder(encoding, { translate });
        const expected = encoder.join([encoder.encode(one)]);
        const actual = encoder.join([await encoder.encodeMany(one, new Turns())]);
        expect(meaning(encoding, actual)).toEqual(meaning(encoding, expected));
      }
    },
  );

  test("also where its texts are longer than a step", async () => {
    const text = `${"x".repeat(131_071)}\u{1f600}${'"é\n\ud800'.repeat(20_000)}`;
    const one = spanOf({ text, list: [text, { [text.slice(0, 90)]: text }], map: new Map([[1, text]]) });
    for (const values of ["rich", "json"] as const) {
      const encoder = otlpEncoder(encoding, { values });
      const expected = Buffer.from(encoder.join([encoder.encode(one)]));
      const parcel = await encoder.encodeInSlices(one, new Turns());
      expect(Buffer.from(encoder.join([parcel])).equals(expected)).toBe(true);
    }
  });
});
