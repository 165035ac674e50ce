// Requests of unknown origin: each is read or refused, in bounded time, and none harms what is around it.
import {
  create,
  fromBinary,
  fromJson,
  type JsonObject,
  type JsonValue,
  toBinary,
  toJson,
} from "@bufbuild/protobuf";
import fc from "fast-check";
import { TracelightError } from "tracelight";
import { describe, expect, it } from "vitest";
import {
  type DecodedRequest,
  type DecodeLimits,
  decodeJsonRequest,
  decodeProtobufRequest,
  decodeResponse,
  encodeResponse,
  otlpEncoder,
} from "../../src/otlp/codec.ts";
import { sized } from "../sizes.ts";
import { jsonToProtobuf, REQUEST, RESPONSE } from "./independent-decoder.ts";
import { nativeSpan, otlpJsonOf } from "./spans.ts";

const SPAN: JsonObject = {
  traceId: "a".repeat(32),
  spanId: "b".repeat(16),
  name: "work",
  startTimeUnixNano: "1544712660000000000",
  endTimeUnixNano: "1544712661000000000",
};

function requestOf(...spans: JsonValue[]): JsonObject {
  return { resourceSpans: [{ scopeSpans: [{ spans }] }] };
}

/** What became of a body: the request, or the code of the error; anything else that is thrown fails the test. */
function tried(decode: () => DecodedRequest): DecodedRequest | string {
  try {
    return decode();
  } catch (error) {
    if (error instanceof TracelightError) return error.code;
    throw error;
  }
}

const protobuf = (bytes: Uint8Array, limits?: DecodeLimits) =>
  tried(() => decodeProtobufRequest(bytes, limits));
const json = (body: unknown, limits?: DecodeLimits) =>
  tried(() => decodeJsonRequest(typeof body === "string" ? body : JSON.stringify(body), limits));

function isSane(outcome: DecodedRequest | string): void {
  if (typeof outcome === "string") expect(outcome).toBe("INVALID_RECORD");
  else expect(outcome.spans.every(({ traceId }) => /^[0-9a-f]{32}$/.test(traceId))).toBe(true);
}

/** A protobuf field of bytes: tag, length, content. */
function field(number: number, content: Uint8Array): Buffer {
  return Buffer.concat([varint((number << 3) | 2), varint(content.length), content]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Buffer.from([...bytes, rest]);
}

const BODY = Buffer.from(jsonToProtobuf(requestOf(SPAN)));
/** A request with one span that has these fields besides. */
function withSpanFields(...fields: Uint8Array[]): Buffer {
  const ids = [field(1, Buffer.alloc(16, 1)), field(2, Buffer.alloc(8, 1))];
  const times = [0x39, 0x41].map((tag) => Buffer.from([tag, 0, 0, 1, 0, 0, 0, 0, 0]));
  return field(1, field(2, field(2, Buffer.concat([...ids, ...times, ...fields]))));
}

describe("a protobuf request of unknown origin", () => {
  it("is read or refused, whatever its bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => isSane(protobuf(bytes))),
      { numRuns: sized(3000, 500) },
    );
  });

  it("is read or refused when a valid one was cut, or bytes of it changed", () => {
    const changes = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 4 });
    fc.assert(
      fc.property(nativeSpan, fc.nat(), changes, (span, cut, edits) => {
        const encoder = otlpEncoder("protobuf");
        const body = Buffer.from(encoder.join([encoder.encode(span)]));
        for (const [at, byte] of edits) body[at % body.length] = byte;
        isSane(protobuf(body));
        isSane(protobuf(body.subarray(0, cut % body.length)));
      }),
      { numRuns: sized(2000, 200) },
    );
  });

  it("is refused where it is cut at any byte but between messages", () => {
    for (let length = 1; length < BODY.length; length++) {
      expect(protobuf(BODY.subarray(0, length)), `${length} bytes`).toBe("INVALID_RECORD");
    }
    expect(protobuf(BODY)).toMatchObject({ spans: [{ spanName: "work" }] });
  });

  it.each<[string, Buffer]>([
    ["a group", Buffer.from([0x7b, 0x7c])],
    ["a known field in the wrong form", withSpanFields(Buffer.from([0x28, 1]))],
    ["field number 0", Buffer.from([0x02, 0])],
    ["a number without an end", Buffer.concat([Buffer.from([0x78]), Buffer.alloc(12, 0xff)])],
    ["a length beyond its message", withSpanFields(Buffer.from([0x2a, 50, 65]))],
    ["a length beyond 32 bits", Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01])],
  ])("is refused for %s", (_, body) => {
    expect(protobuf(body)).toBe("INVALID_RECORD");
  });

  it("is read without the fields that nobody knows", () => {
    const unknown = [
      field(100, Buffer.from("x")),
      Buffer.from([0xf8, 0x07, 1]),
      Buffer.from([0xfd, 0x07, 1, 2, 3, 4]),
    ];
    expect(protobuf(withSpanFields(...unknown))).toMatchObject({ spans: [{ attributes: {} }] });
  });

  it("has U+FFFD in place of what is no UTF-8", () => {
    const body = withSpanFields(field(5, Buffer.from([0x61, 0xff, 0x62])));
    expect(protobuf(body)).toMatchObject({ spans: [{ spanName: "a\ufffdb" }] });
  });

  it("is cut where values are nested 10,000 deep", () => {
    let value = field(1, Buffer.from("deep"));
    for (let level = 0; level < 10_000; level++) value = field(5, field(1, value));
    const outcome = protobuf(
      withSpanFields(field(9, Buffer.concat([field(1, Buffer.from("k")), field(2, value)]))),
    );
    expect(JSON.stringify(outcome)).toContain("[Truncated: more than 200 levels]");
  });

  it("is refused where it holds more values than the limit", () => {
    const attribute = field(9, field(1, Buffer.from("k")));
    const many = withSpanFields(...Array.from({ length: 1001 }, () => attribute));
    expect(protobuf(many, { maxValues: 1000 })).toBe("INVALID_RECORD");
    expect(protobuf(many, { maxValues: 1004 })).toMatchObject({ spans: [{ attributes: { k: null } }] });
  });

  it("may be empty", () => {
    expect(protobuf(toBinary(REQUEST, create(REQUEST)))).toMatchObject({ spans: [], rejected: { count: 0 } });
  });

  it("may hold 250,000 attributes", () => {
    const attributes = Array.from({ length: 250_000 }, (_, i) => field(9, field(1, Buffer.from(`k${i}`))));
    const outcome = protobuf(withSpanFields(Buffer.concat(attributes)));
    expect(
      typeof outcome === "string" ? outcome : Object.keys(outcome.spans[0]?.attributes ?? {}).length,
    ).toBe(250_000);
  });
});

describe("a JSON request of unknown origin", () => {
  it("is read or refused, whatever its text", () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => isSane(json(text))));
  });

  it("is read or refused when any part of a valid one was replaced or its text changed", () => {
    fc.assert(
      fc.property(nativeSpan, fc.nat(), fc.jsonValue(), (span, at, other) => {
        const text = JSON.stringify({ resourceSpans: [otlpJsonOf(span)] });
        const parts = [...text.matchAll(/"[^"\\]*"|\d+|\[\]|\{\}/g)];
        const part = parts[at % parts.length];
        const [start, length] = [part?.index ?? 0, part?.[0].length ?? 0];
        isSane(json(text.slice(0, start) + JSON.stringify(other) + text.slice(start + length)));
        isSane(json(text.slice(0, at % text.length)));
      }),
      { numRuns: sized(1000, 200) },
    );
  });

  it.each<[string, unknown]>([
    ["no JSON", "{"],
    ["no object", "[]"],
    ["resource spans that are no list", { resourceSpans: {} }],
    ["a span that is no object", requestOf(1)],
    ["a resource that is no object", { resourceSpans: [{ resource: 1 }] }],
  ])("is refused where it is %s", (_, body) => {
    expect(json(body)).toBe("INVALID_RECORD");
  });

  it("takes 64-bit numbers as text and as numbers, to the last digit", () => {
    const text = JSON.stringify(
      requestOf({ ...SPAN, attributes: [{ key: 'n "1', value: { intValue: "N" } }] }),
    );
    const numbers = text.replaceAll(/"(15447126\d+)"/g, "$1").replace('"N"', "9223372036854775807");
    const strings = text.replace('"N"', '"9223372036854775807"');
    const expected = { startedAtMicros: 1_544_712_660_000_000, attributes: { 'n "1': 9223372036854775807n } };
    expect(json(strings)).toMatchObject({ spans: [expected] });
    expect(json(numbers)).toMatchObject({ spans: [expected] });
    const odd = numbers.replace("1544712660000000000", "1544712660000123999");
    expect(json(odd)).toMatchObject({ spans: [{ startedAtMicros: 1_544_712_660_000_123 }] });
    expect(json(numbers.replace("9223372036854775807", "1e3"))).toMatchObject({
      spans: [{ attributes: { 'n "1': 1000 } }],
    });
  });

  it("takes ids in upper case, enums by name, and null for what is not there", () => {
    const span = {
      ...SPAN,
      traceId: "A".repeat(32),
      kind: "SPAN_KIND_SERVER",
      status: null,
      attributes: null,
    };
    expect(json(requestOf(span))).toMatchObject({ spans: [{ traceId: "a".repeat(32), spanKind: "SERVER" }] });
  });

  it("has no property that was not sent, and none on other objects", () => {
    const attributes = ["__proto__", "constructor"].map((key) => ({
      key,
      value: { kvlistValue: { values: [{ key }] } },
    }));
    const outcome = json(requestOf({ ...SPAN, attributes }));
    const [span] = typeof outcome === "string" ? [] : outcome.spans;
    expect(Object.keys(span?.attributes ?? {})).toEqual(["__proto__", "constructor"]);
    expect(Object.getPrototypeOf(span?.attributes)).toBe(Object.prototype);
    expect(Reflect.get({}, "polluted")).toBe(undefined);
  });

  it("has the last of two values of one name", () => {
    const attributes = ["1", "2"].map((intValue) => ({ key: "k", value: { intValue } }));
    expect(json(requestOf({ ...SPAN, attributes }))).toMatchObject({ spans: [{ attributes: { k: 2 } }] });
    const body = jsonToProtobuf(requestOf({ ...SPAN, attributes }));
    expect(protobuf(body)).toMatchObject({ spans: [{ attributes: { k: 2 } }] });
  });

  it("is cut where values are nested 10,000 deep", () => {
    const deep = `${'{"arrayValue":{"values":['.repeat(10_000)}${"]}}".repeat(10_000)}`;
    const text = JSON.stringify(requestOf({ ...SPAN, attributes: [{ key: "k", value: "DEEP" }] }));
    const outcome = json(text.replace('"DEEP"', deep));
    expect(JSON.stringify(outcome)).toContain("[Truncated: more than 200 levels]");
  });

  it("is refused where it holds more values than the limit", () => {
    const values = Array.from({ length: 1001 }, () => ({}));
    const body = requestOf({ ...SPAN, attributes: [{ key: "k", value: { arrayValue: { values } } }] });
    expect(json(body, { maxValues: 1000 })).toBe("INVALID_RECORD");
    expect(json(body, { maxValues: 1005 })).toMatchObject({ spans: [{ spanName: "work" }] });
  });
});

describe.each(["protobuf", "json"] as const)("a request with spans that are none, %s", (encoding) => {
  const decode = (spans: JsonValue[]): DecodedRequest =>
    encoding === "protobuf"
      ? decodeProtobufRequest(jsonToProtobuf(requestOf(...spans)))
      : decodeJsonRequest(JSON.stringify(requestOf(...spans)));

  it.each<[string, JsonObject, RegExp]>([
    ["a short trace id", { traceId: "ab" }, /trace id/],
    ["no trace id", { traceId: "" }, /trace id/],
    ["an all-zero trace id", { traceId: "0".repeat(32) }, /trace id/],
    ["a long span id", { spanId: "ab".repeat(9) }, /span id/],
    ["an all-zero span id", { spanId: "0".repeat(16) }, /span id/],
    ["a short parent span id", { parentSpanId: "ab" }, /parent span id/],
    ["no start", { startTimeUnixNano: "0" }, /start time/],
    ["no end", { endTimeUnixNano: "0" }, /end time/],
    ["a start beyond all dates", { startTimeUnixNano: "18446744073709551615" }, /time/],
  ])("gives the others, and says why it rejects one with %s", (_, fields, why) => {
    const { spans, rejected } = decode([
      { ...SPAN, ...fields },
      { ...SPAN, name: "other" },
    ]);
    expect(spans.map(({ spanName }) => spanName)).toEqual(["other"]);
    expect(rejected).toEqual({ count: 1, messages: [expect.stringMatching(why)] });
  });

  it("takes a parent id of zeros for none, and an unheard-of kind for INTERNAL", () => {
    const { spans } = decode([{ ...SPAN, parentSpanId: "0".repeat(16), kind: 77, status: { code: 9 } }]);
    expect(spans).toMatchObject([{ parentSpanId: undefined, spanKind: "INTERNAL", spanStatus: "UNSET" }]);
  });

  it("leaves out links without ids, and counts them", () => {
    const links = [{ traceId: SPAN["traceId"] ?? "", spanId: "" }];
    expect(decode([{ ...SPAN, links }]).spans).toMatchObject([{ links: [], otlp: { droppedLinksCount: 1 } }]);
  });

  it("tells the first few reasons only", () => {
    const { rejected } = decode(Array.from({ length: 1000 }, () => ({})));
    expect(rejected.count).toBe(1000);
    expect(rejected.messages.length).toBe(10);
  });
});

describe.each(["protobuf", "json"] as const)("a response, %s", (encoding) => {
  it("comes back as it was", () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.string(), (rejectedSpans, errorMessage) => {
        const response = { rejectedSpans, errorMessage };
        expect(decodeResponse(encoding, encodeResponse(encoding, response))).toEqual(response);
      }),
    );
  });

  it("is what a library that is not ours writes and reads", () => {
    const theirs = create(RESPONSE);
    const json = { partialSuccess: { rejectedSpans: "3", errorMessage: "no ids" } };
    const response = { rejectedSpans: 3, errorMessage: "no ids" };
    expect(Buffer.from(encodeResponse("protobuf", { rejectedSpans: 0, errorMessage: "" }))).toEqual(
      Buffer.from(toBinary(RESPONSE, theirs)),
    );
    expect(toJson(RESPONSE, fromBinary(RESPONSE, encodeResponse("protobuf", response)))).toEqual(json);
    expect(JSON.parse(Buffer.from(encodeResponse("json", response)).toString())).toEqual(json);
    expect(decodeResponse("protobuf", toBinary(RESPONSE, fromJson(RESPONSE, json)))).toEqual(response);
  });

  it("is read or refused, whatever its bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        try {
          decodeResponse(encoding, bytes);
        } catch (error) {
          expect(error).toMatchObject({ code: "INVALID_RECORD" });
        }
      }),
    );
  });
});
