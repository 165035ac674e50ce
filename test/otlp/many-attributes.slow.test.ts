// Spans with very many attributes, received and stored: the same as of a request that is decoded in one go, and the event loop goes on.
import { InMemoryTracer, type SpanFields } from "tracelight";
import { otlpReceiver } from "tracelight/otlp";
import { describe, expect, test } from "vitest";
import { decodeJsonRequest, decodeProtobufRequest } from "../../src/otlp/codec.ts";
import { expectFreeLoop, holdOf } from "../event-loop.ts";
import { IS_FULL, sized } from "../sizes.ts";
import { freshPath, sql, tracerOver } from "../sqlite/support.ts";
import { jsonToProtobuf } from "./independent-decoder.ts";

/** A busy machine may take longer than a sender is kept waiting for. */
const PATIENT = { flushTimeoutMs: 120_000 };

const link = { traceId: "c".repeat(32), spanId: "d".repeat(16) };

function pairs(count: number, from = 0): readonly object[] {
  return Array.from({ length: count }, (_, i) => ({ key: `key ${from + i}`, value: { intValue: `${i}` } }));
}

/** A request with one span that has these fields. */
function requestOf(span: object) {
  const whole = {
    ...{ traceId: "a".repeat(32), spanId: "b".repeat(16), name: "work" },
    ...{ startTimeUnixNano: "1544712660000000000", endTimeUnixNano: "1544712661000000000" },
    ...span,
  };
  return { resourceSpans: [{ scopeSpans: [{ spans: [whole] }] }] };
}

/** More than an object is made of in one go. */
const MANY = sized(20_000, 8_000);

const CASES: Readonly<Record<string, object>> = {
  attributes: { attributes: pairs(MANY) },
  "attributes, some of them twice": { attributes: [...pairs(MANY), ...pairs(MANY / 4, MANY / 2)] },
  "attributes of a span that never ended": {
    attributes: [
      ...pairs(6000),
      { key: "tracelight.state", value: { stringValue: "interrupted" } },
      ...pairs(9, 6000),
    ],
  },
  "attributes with odd names": {
    attributes: ["__proto__", "constructor", ""].flatMap((key, i) => [
      ...pairs(5000, i * 5000),
      { key, value: { stringValue: "odd" } },
    ]),
  },
  "attributes of an event and of a link": {
    events: [
      { name: "few", attributes: pairs(3) },
      { name: "many", attributes: pairs(MANY) },
    ],
    links: [
      { ...link, attributes: pairs(MANY) },
      { ...link, attributes: [...pairs(2000), ...pairs(2000)] },
    ],
  },
  "names of a map": { attributes: [{ key: "map", value: { kvlistValue: { values: pairs(MANY) } } }] },
};

const ENCODINGS = {
  json: {
    type: "application/json",
    body: (request: object) => new TextEncoder().encode(JSON.stringify(request)),
    decode: decodeJsonRequest,
  },
  protobuf: {
    type: "application/x-protobuf",
    body: (request: object) => new Uint8Array(jsonToProtobuf(JSON.parse(JSON.stringify(request)))),
    decode: decodeProtobufRequest,
  },
};

function post(body: Uint8Array<ArrayBuffer>, type: string): Request {
  return new Request("http://a/v1/traces", { method: "POST", headers: { "content-type": type }, body });
}

function contentOf({ state, attributes, events, links }: SpanFields) {
  return { state, attributes: Object.entries(attributes), events, links };
}

describe.each(Object.entries(ENCODINGS))("%s:", (encoding, { type, body, decode }) => {
  test.each(Object.entries(CASES))("very many %s are what they are in one go", async (_, span) => {
    const bytes = body(requestOf(span));
    const [expected] = decode(bytes).spans.map(contentOf);
    const memory = new InMemoryTracer();
    expect((await otlpReceiver(memory, PATIENT)(post(bytes, type))).status).toBe(200);
    expect(memory.getTraces().map(contentOf)).toEqual([expected]);
    const { tracer } = tracerOver(freshPath(), { retention: false });
    expect((await otlpReceiver(tracer, PATIENT)(post(bytes, type))).status).toBe(200);
    const [found] = await tracer.getTraces();
    expect(found && { ...contentOf(found), attributes: { ...found.attributes } }).toEqual({
      ...expected,
      attributes: Object.fromEntries(expected?.attributes ?? []),
    });
  });

  test.runIf(IS_FULL || encoding === "protobuf")(
    "they do not hold the event loop on their way into SQLite",
    async () => {
      const path = freshPath();
      const { tracer } = tracerOver(path, { retention: false });
      await tracer.getTraces();
      const receive = otlpReceiver(tracer, PATIENT);
      const bytes = body(requestOf({ attributes: pairs(150_000) }));
      await expectFreeLoop(() =>
        holdOf(async () => expect((await receive(post(bytes, type))).status).toBe(200)),
      );
      expect(sql(path, "SELECT count(*) AS n FROM spans")).toEqual([{ n: 1 }]);
    },
  );
});
