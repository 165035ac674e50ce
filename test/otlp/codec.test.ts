// Spans as OTLP and back: every field is the same for a decoder and an encoder that are not ours.
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { equalValues } from "../../src/model/attributes.ts";
import { capture } from "../../src/model/capture.ts";
import { encodeRecord } from "../../src/model/record.ts";
import { decodeRecord } from "../../src/model/record-decoder.ts";
import type { SpanFields } from "../../src/model/span-fields.ts";
import {
  type DecodedRequest,
  decodeJsonRequest,
  decodeProtobufRequest,
  type OtlpEncoding,
  type OtlpValues,
  otlpEncoder,
} from "../../src/otlp/codec.ts";
import { spanFields } from "../model/arbitraries.ts";
import { runs, sized } from "../sizes.ts";
import { jsonToProtobuf, normalJson, protobufToJson, spansIn } from "./independent-decoder.ts";
import { nativeSpan, nativeSpans, otlpJsonOf, otlpValueOf, richSpan } from "./spans.ts";

const ENCODINGS: readonly OtlpEncoding[] = ["protobuf", "json"];

function encode(encoding: OtlpEncoding, spans: readonly SpanFields[], values?: OtlpValues): Uint8Array {
  const encoder = otlpEncoder(encoding, { values });
  return encoder.join(spans.map((span) => encoder.encode(span)));
}

/** What the independent library makes of our bytes. */
function read(encoding: OtlpEncoding, body: Uint8Array): JsonValue {
  return encoding === "protobuf"
    ? protobufToJson(body)
    : normalJson(JSON.parse(Buffer.from(body).toString("utf8")));
}

/** OTLP/JSON as bytes, which the independent library makes for protobuf. */
function write(encoding: OtlpEncoding, json: JsonValue): Uint8Array {
  return encoding === "protobuf" ? jsonToProtobuf(json) : Buffer.from(JSON.stringify(json));
}

function decode(encoding: OtlpEncoding, body: Uint8Array): DecodedRequest {
  return encoding === "protobuf" ? decodeProtobufRequest(body) : decodeJsonRequest(body);
}

function attributesOf(json: JsonValue): unknown {
  return spansIn(json)[0]?.span["attributes"];
}

/** The one attribute of a span that has `value`, as OTLP. */
function encoded(value: unknown, encoding: OtlpEncoding = "protobuf", values: OtlpValues = "rich"): unknown {
  const attributes = attributesOf(
    read(encoding, encode(encoding, [spanFields({ attributes: { value: capture(value) } })], values)),
  );
  return Array.isArray(attributes) ? Reflect.get(Object(attributes[0]), "value") : undefined;
}

describe.each(ENCODINGS)("a span as OTLP, %s", (encoding) => {
  it("is read field by field by a decoder that is not ours", () => {
    fc.assert(
      fc.property(fc.array(richSpan, { maxLength: 4 }), (spans) => {
        const wire = spansIn(read(encoding, encode(encoding, spans)));
        const expected = spansIn(normalJson({ resourceSpans: spans.map(otlpJsonOf) }));
        expect(wire.length).toBe(spans.length);
        expect(sorted(wire)).toEqual(sorted(expected));
      }),
      { numRuns: runs(300) },
    );
  });

  it("is read field by field when an encoder that is not ours wrote it", () => {
    fc.assert(
      fc.property(nativeSpans, (spans) => {
        const body = write(encoding, { resourceSpans: spans.map(otlpJsonOf) });
        const { spans: back, rejected } = decode(encoding, body);
        expect(rejected.count).toBe(0);
        expect(back.map(encodeRecord)).toEqual(spans.map(encodeRecord));
      }),
      { numRuns: runs(300) },
    );
  });

  it("comes back as it was, where all its values have a kind in OTLP", () => {
    fc.assert(
      fc.property(fc.array(nativeSpan, { maxLength: 4 }), (spans) => {
        const { spans: back } = decode(encoding, encode(encoding, spans));
        expect(sorted(back.map(encodeRecord))).toEqual(sorted(spans.map(encodeRecord)));
        expect(back.every(({ attributes }) => Object.isFrozen(attributes))).toBe(true);
      }),
      { numRuns: runs(300) },
    );
  });

  it("keeps through a record what came with it", () => {
    fc.assert(
      fc.property(nativeSpan, (span) => {
        const record: unknown = JSON.parse(JSON.stringify(encodeRecord(span)));
        expect(encodeRecord(decodeRecord(record))).toEqual(encodeRecord(span));
        expect(decode(encoding, encode(encoding, [decodeRecord(record)])).spans.map(encodeRecord)).toEqual([
          encodeRecord(span),
        ]);
      }),
    );
  });

  it("stands once under its resource and its scope, in the order in which each came", () => {
    const at = (name: string, resource: string, scope: string): SpanFields =>
      spanFields({ spanName: name, resourceAttributes: { r: resource }, scope: { name: scope } });
    const spans = [
      at("1", "a", "x"),
      at("2", "b", "x"),
      at("3", "a", "y"),
      at("4", "a", "x"),
      at("5", "b", "x"),
    ];
    const json = read(encoding, encode(encoding, spans));
    expect(spansIn(json).map(({ name }) => name)).toEqual(["1", "4", "3", "2", "5"]);
    expect(Reflect.get(Object(json), "resourceSpans")).toHaveLength(2);
    expect(JSON.stringify(json).match(/"scope":/g)).toHaveLength(3);
  });

  it("gives an empty request for no spans", () => {
    expect(decode(encoding, encode(encoding, []))).toEqual({
      spans: [],
      rejected: { count: 0, messages: [] },
    });
  });

  it("tells the bytes that spans may take in a request", () => {
    fc.assert(
      fc.property(fc.array(richSpan, { minLength: 1, maxLength: 5 }), (spans) => {
        const encoder = otlpEncoder(encoding);
        const parcels = spans.map((span) => encoder.encode(span));
        const told = parcels.reduce((sum, { size }) => sum + size, 20);
        expect(encoder.join(parcels).byteLength).toBeLessThanOrEqual(told);
      }),
    );
  });

  it("has spans of any size", () => {
    const spans = [1, 100, 127, 128, 16_300, 16_384, 70_000, 3_000_000].map((size) =>
      spanFields({
        spanName: `${size}`,
        attributes: { text: "x".repeat(size), wide: "ü€😀".repeat(size / 4) },
      }),
    );
    const { spans: back } = decode(encoding, encode(encoding, spans));
    expect(back.map(({ attributes }) => attributes)).toEqual(spans.map(({ attributes }) => attributes));
  });

  it("is refused where it has not ended", () => {
    const span = spanFields({ spanName: "open", endedAtMicros: undefined, state: "running" });
    expect(() => encode(encoding, [span])).toThrow(/"open" has not ended/);
  });

  it("keeps times to the microsecond, and cuts nanoseconds", () => {
    const nanos = "1544712660000123999";
    const span = {
      traceId: "a".repeat(32),
      spanId: "b".repeat(16),
      startTimeUnixNano: nanos,
      endTimeUnixNano: nanos,
    };
    const events = [{ timeUnixNano: nanos, name: "e" }];
    const spans: JsonObject[] = [{ ...span, events }];
    const { spans: back } = decode(
      encoding,
      write(encoding, { resourceSpans: [{ scopeSpans: [{ spans }] }] }),
    );
    expect(back[0]?.startedAtMicros).toBe(1_544_712_660_000_123);
    expect(back[0]?.events[0]?.atMicros).toBe(1_544_712_660_000_123);
    expect(back[0]?.events[0]?.at).toEqual(new Date(1_544_712_660_000));
  });
});

describe.each(ENCODINGS)("a value as OTLP, %s", (encoding) => {
  it.each<[string, unknown, JsonValue]>([
    ["text", "a", { stringValue: "a" }],
    ["a boolean", false, { boolValue: false }],
    ["an integer", -5, { intValue: "-5" }],
    ["the largest exact integer", Number.MAX_SAFE_INTEGER, { intValue: "9007199254740991" }],
    ["an integer that is not exact", 2 ** 60, { doubleValue: 2 ** 60 }],
    ["a fraction", 0.5, { doubleValue: 0.5 }],
    ["NaN", Number.NaN, { doubleValue: "NaN" }],
    ["an infinity", Number.NEGATIVE_INFINITY, { doubleValue: "-Infinity" }],
    ["a bigint", -(2n ** 63n), { intValue: "-9223372036854775808" }],
    ["a bigint beyond 64 bits", 2n ** 63n, { stringValue: "9223372036854775808" }],
    ["null", null, {}],
    ["a date", new Date(0), { stringValue: "1970-01-01T00:00:00.000Z" }],
    ["bytes", Buffer.from("hi"), { bytesValue: "aGk=" }],
    ["a set", new Set([1]), { arrayValue: { values: [{ intValue: "1" }] } }],
    [
      "a map with names",
      new Map([["k", true]]),
      { kvlistValue: { values: [{ key: "k", value: { boolValue: true } }] } },
    ],
    [
      "a map with other keys",
      new Map([[1, "v"]]),
      { arrayValue: { values: [{ arrayValue: { values: [{ intValue: "1" }, { stringValue: "v" }] } }] } },
    ],
    ["an empty list", [], { arrayValue: {} }],
    ["an empty object", {}, { kvlistValue: {} }],
  ])("gives %s a kind that other back ends know", (_, value, expected) => {
    expect(encoded(value, encoding)).toEqual(expected);
  });

  it.each<[string, unknown, JsonValue]>([
    [
      "a list of one kind stays one",
      ["a", "b"],
      { arrayValue: { values: [{ stringValue: "a" }, { stringValue: "b" }] } },
    ],
    ["a mixed list", ["a", 1], { stringValue: '["a",1]' }],
    ["a list of objects", [{ a: 1n }], { stringValue: '[{"a":1}]' }],
    [
      "an object",
      { when: new Date(0), n: Number.NaN },
      { stringValue: '{"when":"1970-01-01T00:00:00.000Z","n":"NaN"}' },
    ],
    ["bytes", Buffer.from("hi"), { stringValue: "aGk=" }],
    ["a number", 1, { intValue: "1" }],
  ])('is flat where values are "json": %s', (_, value, expected) => {
    expect(encoded(value, encoding, "json")).toEqual(expected);
  });

  it("is nested as deep as capture lets it be", () => {
    let value: unknown = 1;
    for (let i = 0; i < 250; i++) value = i % 2 === 0 ? [value] : { value };
    const captured = capture(value);
    const span = spanFields({ attributes: { value: captured } });
    const { spans } = decode(encoding, encode(encoding, [span]));
    expect(equalValues(spans[0]?.attributes["value"], captured)).toBe(true);
  });

  it("goes through the same test mapping as the property tests", () => {
    fc.assert(
      fc.property(richSpan, ({ attributes }) => {
        for (const value of Object.values(attributes)) {
          expect(encoded(value, encoding)).toEqual(attributeOf(otlpValueOf(value)));
        }
      }),
      { numRuns: sized(20, 6) },
    );
  });
});

test.each(["protobuf", "json"] as const)(
  "half a surrogate pair arrives as U+FFFD, wherever it is: %s",
  (encoding) => {
    const [half, whole] = ["a\ud800b", "a\ufffdb"];
    const span = spanWith(half);
    const { spans } = decode(encoding, encode(encoding, [span]));
    expect(spans).toEqual(decode(encoding, encode(encoding, [spanWith(whole)])).spans);
    const exact = otlpEncoder("json", { isExact: true });
    expect(decodeJsonRequest(exact.join([exact.encode(span)])).spans[0]).toMatchObject(span);
  },
);

/** A span with this text in each place for text. */
function spanWith(text: string): SpanFields {
  const attributes = { [text]: text, long: text.repeat(50), nested: [{ [text]: text }] };
  const at = new Date(0);
  return spanFields({
    ...{ spanName: text, statusMessage: text, traceState: text, attributes, resourceAttributes: attributes },
    scope: { name: text, version: text },
    events: [{ name: text, at, attributes }],
    otlp: { resource: { schemaUrl: text }, scope: { schemaUrl: text } },
  });
}

function attributeOf(value: JsonValue): unknown {
  const spans = [{ traceId: "a".repeat(32), spanId: "b".repeat(16), attributes: [{ key: "value", value }] }];
  const attributes = attributesOf(normalJson({ resourceSpans: [{ scopeSpans: [{ spans }] }] }));
  return Array.isArray(attributes) ? Reflect.get(Object(attributes[0]), "value") : undefined;
}

function sorted(list: readonly object[]): string[] {
  return list.map((item) => JSON.stringify(item)).sort();
}
