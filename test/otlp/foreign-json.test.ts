// OTLP/JSON as others write it: it is taken, or refused with the way to what is wrong and the reason. Nothing vanishes.
import { fromBinary, type JsonObject, type JsonValue, toJson } from "@bufbuild/protobuf";
import { InMemoryTracer } from "tracelight";
import { otlpReceiver } from "tracelight/otlp";
import { describe, expect, it, test } from "vitest";
import {
  type DecodedRequest,
  decodeJsonRequest,
  decodeProtobufRequest,
  otlpEncoder,
} from "../../src/otlp/codec.ts";
import { spanFields } from "../model/arbitraries.ts";
import { REQUEST } from "./independent-decoder.ts";

const IDS = { traceId: "5b8efff798038103d269b633813fc60c", spanId: "eee19b7ec3c1b174" };
const TIMES = { startTimeUnixNano: "1544712660000000000", endTimeUnixNano: "1544712661000000000" };
const SPAN: JsonObject = { ...IDS, ...TIMES, name: "work" };

function requestOf(...spans: JsonValue[]): JsonObject {
  return { resourceSpans: [{ scopeSpans: [{ spans }] }] };
}

function decoded(json: JsonValue): DecodedRequest {
  return decodeJsonRequest(JSON.stringify(json));
}

/** Why a body is refused. */
function refusal(json: JsonValue): string {
  try {
    decoded(json);
  } catch (error) {
    return error instanceof Error ? error.message : "";
  }
  return "it is not refused";
}

/** The same with names in snake_case, as protobuf's own encoders write them where they are told to. */
function snake(json: JsonValue): JsonValue {
  if (Array.isArray(json)) return json.map(snake);
  if (typeof json !== "object" || json === null) return json;
  return Object.fromEntries(
    Object.entries(json).map(([key, value]) => [
      key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      snake(value),
    ]),
  );
}

const VALUES: JsonObject = {
  text: { stringValue: "a" },
  flag: { boolValue: true },
  int: { intValue: "7" },
  double: { doubleValue: 0.5 },
  bytes: { bytesValue: "AQI=" },
  list: { arrayValue: { values: [{ intValue: 1 }, {}] } },
  map: { kvlistValue: { values: [{ key: "k", value: { stringValue: "v" } }] } },
};
const FULL: JsonObject = {
  resourceSpans: [
    {
      resource: {
        attributes: [{ key: "service.name", value: { stringValue: "s" } }],
        droppedAttributesCount: 1,
      },
      schemaUrl: "https://a/1",
      scopeSpans: [
        {
          scope: { name: "lib", version: "1", droppedAttributesCount: 2 },
          schemaUrl: "https://a/2",
          spans: [
            {
              ...SPAN,
              ...{ parentSpanId: "eee19b7ec3c1b173", traceState: "a=1", kind: 3, flags: 257 },
              ...{ droppedAttributesCount: 1, droppedEventsCount: 2, droppedLinksCount: 3 },
              attributes: Object.entries(VALUES).map(([key, value]) => ({ key, value })),
              events: [{ timeUnixNano: "1544712660500000000", name: "e", droppedAttributesCount: 4 }],
              links: [{ ...IDS, traceState: "b=2", flags: 1, droppedAttributesCount: 5 }],
              status: { code: 2, message: "no" },
            },
          ],
        },
      ],
    },
  ],
};

describe("it is taken", () => {
  it("in snake_case, each field of it", () => {
    const { spans } = decoded(FULL);
    expect(spans).toMatchObject([
      { spanKind: "CLIENT", spanStatus: "ERROR", attributes: { text: "a", int: 7, map: { k: "v" } } },
    ]);
    expect(decoded(snake(FULL))).toEqual(decoded(FULL));
  });

  it("with the names of OTLP before 1.0, in both spellings", () => {
    const old = JSON.parse(
      JSON.stringify(FULL)
        .replace('"scopeSpans"', '"instrumentationLibrarySpans"')
        .replace('"scope"', '"instrumentationLibrary"'),
    );
    expect(decoded(old)).toEqual(decoded(FULL));
    expect(decoded(snake(old))).toEqual(decoded(FULL));
  });

  it("in protobuf with the names of OTLP before 1.0", () => {
    const encoder = otlpEncoder("protobuf");
    const body = Buffer.from(encoder.join([encoder.encode(spanFields({ spanName: "old" }))]));
    // Field 2 of the first message, behind its resource, becomes field 1000, whose tag takes a byte more.
    const resource = body.indexOf(0x0a, 2);
    expect(resource).toBeGreaterThan(0);
    const json: unknown = toJson(REQUEST, fromBinary(REQUEST, body));
    expect(JSON.stringify(json)).toContain('"old"');
    const scopes = field(1000, scopeSpansOf(body));
    expect(decodeProtobufRequest(field(1, scopes)).spans).toMatchObject([{ spanName: "old" }]);
  });

  test.each<[JsonValue, string]>([
    [2, "SERVER"],
    ["2", "SERVER"],
    ["SPAN_KIND_SERVER", "SERVER"],
    ["SPAN_KIND_UNSPECIFIED", "INTERNAL"],
    [0, "INTERNAL"],
    ["0", "INTERNAL"],
    [77, "INTERNAL"],
    [null, "INTERNAL"],
  ])("with the kind %j", (kind, spanKind) => {
    expect(decoded(requestOf({ ...SPAN, kind }))).toMatchObject({
      spans: [{ spanKind }],
      rejected: { count: 0 },
    });
  });

  test.each<[JsonValue, string]>([
    [2, "ERROR"],
    ["2", "ERROR"],
    ["STATUS_CODE_ERROR", "ERROR"],
    ["STATUS_CODE_OK", "OK"],
    [9, "UNSET"],
  ])("with the status %j", (code, spanStatus) => {
    expect(decoded(requestOf({ ...SPAN, status: { code } }))).toMatchObject({ spans: [{ spanStatus }] });
  });

  it("with numbers as texts and texts as numbers", () => {
    const span = {
      ...SPAN,
      flags: "257",
      droppedEventsCount: "3",
      startTimeUnixNano: 1_000_000,
      endTimeUnixNano: "2000000",
    };
    expect(decoded(requestOf(span))).toMatchObject({
      spans: [{ startedAtMicros: 1000, endedAtMicros: 2000, otlp: { flags: 257, droppedEventsCount: 3 } }],
    });
    const values = [{ doubleValue: "1.5e3" }, { doubleValue: "NaN" }, { intValue: 7 }, { doubleValue: 2 }];
    const attributes = values.map((value, i) => ({ key: `k${i}`, value }));
    expect(decoded(requestOf({ ...SPAN, attributes }))).toMatchObject({
      spans: [{ attributes: { k0: 1500, k1: Number.NaN, k2: 7, k3: 2 } }],
    });
  });

  it("with fields that OTLP does not know, beside those that it knows", () => {
    const more = { entityRefs: [{}], extra: { a: 1 } };
    const span = {
      ...SPAN,
      ...more,
      attributes: [{ key: "k", value: { stringValue: "v", extra: 1 }, extra: 1 }],
    };
    const json = {
      ...more,
      resourceSpans: [{ ...more, resource: more, scopeSpans: [{ ...more, scope: more, spans: [span] }] }],
    };
    expect(decoded(json)).toMatchObject({
      spans: [{ attributes: { k: "v" } }],
      rejected: { count: 0, messages: [] },
    });
  });

  test.each<[JsonValue]>([
    [{}],
    [{ resourceSpans: [] }],
    [{ resourceSpans: null }],
    [requestOf()],
    [{ resourceSpans: [{}] }],
  ])("where there is nothing: %j", (json) => {
    expect(decoded(json)).toEqual({ spans: [], rejected: { count: 0, messages: [] } });
  });
});

describe("a body without spans under any name that OTLP knows is refused", () => {
  test.each<[JsonValue, string]>([
    [{ spans: [SPAN] }, 'it has no spans, but "spans", which OTLP does not know'],
    [{ ResourceSpans: [] }, 'it has no spans, but "ResourceSpans"'],
    [{ resourceMetrics: [{}] }, 'it has no spans, but "resourceMetrics"'],
    [{ data: [{ traceID: "a" }], total: 0 }, 'it has no spans, but "data", "total"'],
    [
      { resourceSpans: [{ resource: {}, scopespans: [SPAN] }] },
      'resourceSpans[0] has no spans, but "scopespans"',
    ],
    [
      { resourceSpans: [{ scopeSpans: [{ span: [SPAN] }] }] },
      'resourceSpans[0].scopeSpans[0] has no spans, but "span"',
    ],
    [{ resourceSpans: [{ "\u001b[2J": 1 }] }, 'resourceSpans[0] has no spans, but "\\u001b[2J"'],
  ])("%j", (json, why) => {
    expect(refusal(json)).toContain(`The body is no OTLP trace request: ${why}`);
  });

  it("and a part without is told, where others have some", () => {
    const [good] = JSON.parse(JSON.stringify(requestOf(SPAN)))["resourceSpans"];
    expect(decoded({ resourceSpans: [good, { scopespans: [SPAN] }] })).toMatchObject({
      spans: [{ spanName: "work" }],
      rejected: {
        count: 0,
        messages: ['resourceSpans[1] has no spans, but "scopespans", which OTLP does not know'],
      },
    });
  });
});

describe("what is around the spans names its place where it is of the wrong type", () => {
  test.each<[JsonValue, string]>([
    [{ resourceSpans: {} }, "resourceSpans is an object and no list"],
    [{ resourceSpans: [7] }, "resourceSpans[0] is 7 and no object"],
    [
      { resourceSpans: [{ scopeSpans: [{}, { spans: "x" }] }] },
      'resourceSpans[0].scopeSpans[1].spans is "x" and no list',
    ],
    [
      { resourceSpans: [{ resource: { attributes: { a: 1 } } }] },
      "resourceSpans[0].resource.attributes is an object and no list",
    ],
    [
      { resourceSpans: [{ resource: { attributes: [{ key: "a", value: "b" }] } }] },
      'resourceSpans[0].resource.attributes[0].value is "b" and no object',
    ],
    [
      { resourceSpans: [{ scopeSpans: [{ scope: { name: 1 } }] }] },
      "resourceSpans[0].scopeSpans[0].scope.name is 1 and no text",
    ],
    [requestOf(SPAN, null), "resourceSpans[0].scopeSpans[0].spans[1] is null and no object"],
    [[], "it is a list and no object"],
  ])("%j", (json, why) => {
    expect(refusal(json)).toBe(`The body is no OTLP trace request: ${why}.`);
  });
});

describe("a span that is wrong is refused alone, with its name, its place and the reason", () => {
  const at = "resourceSpans[0].scopeSpans[0].spans[1]";
  const list = (value: JsonValue): JsonObject => ({ attributes: [{ key: "a" }, { key: "b", value }] });

  test.each<[JsonObject, string]>([
    [{ kind: "sever" }, `${at}.kind is "sever" and none of SPAN_KIND_UNSPECIFIED, `],
    [{ kind: true }, `${at}.kind is true and no enum`],
    [{ kind: 1.5 }, `${at}.kind is 1.5 and no enum`],
    [{ kind: "-1" }, `${at}.kind is "-1" and none of`],
    [{ status: { code: "ERROR" } }, `${at}.status.code is "ERROR" and none of STATUS_CODE_UNSET, `],
    [{ status: "ERROR" }, `${at}.status is "ERROR" and no object`],
    [{ status: { message: 5 } }, `${at}.status.message is 5 and no text`],
    [{ name: ["x"] }, `${at}.name is a list and no text`],
    [
      { startTimeUnixNano: "2018-12-13T14:51:00Z" },
      `${at}.startTimeUnixNano is "2018-12-13T14:51:00Z" and no time in nanoseconds`,
    ],
    [{ droppedLinksCount: -1 }, `${at}.droppedLinksCount is -1 and no whole number of 32 bits`],
    [{ attributes: { a: 1 } }, `${at}.attributes is an object and no list`],
    [list({ intValue: "x" }), `${at}.attributes[1].value.intValue is "x" and no integer`],
    [list({ int_value: 1.5 }), `${at}.attributes[1].value.int_value is 1.5 and no integer`],
    [list({ boolValue: "true" }), `${at}.attributes[1].value.boolValue is "true" and no boolean`],
    [list({ doubleValue: "high" }), `${at}.attributes[1].value.doubleValue is "high" and no number`],
    [list({ bytesValue: "*" }), `${at}.attributes[1].value.bytesValue is no base64`],
    [list({ strValue: "x" }), `${at}.attributes[1].value has "strValue", which is no kind of value`],
    [list("plain"), `${at}.attributes[1].value is "plain" and no object`],
    [
      list({ arrayValue: { values: [{}, { kvlistValue: { values: [{}, { key: 5 }] } }] } }),
      `${at}.attributes[1].value.arrayValue.values[1].kvlistValue.values[1].key is 5 and no text`,
    ],
    [list({ arrayValue: [] }), `${at}.attributes[1].value.arrayValue is a list and no object`],
    [{ attributes: [{ name: "a", value: {} }] }, `${at}.attributes[0] has no key, but "name"`],
    [{ events: [{}, { name: 1 }] }, `${at}.events[1].name is 1 and no text`],
    [
      { links: [{ attributes: [{ key: "k", value: { doubleValue: [] } }] }] },
      `${at}.links[0].attributes[0].value.doubleValue is a list and no number`,
    ],
    [{ traceId: 5 }, `${at}.traceId is 5 and no text`],
    [
      { traceId: "W47/95gDgQPSabYzgT/GDA==" },
      `its trace id is not 16 bytes, or all zero (ids are in hex, not in base64) (${at}.traceId)`,
    ],
    [{ spanId: "" }, `its span id is not 8 bytes, or all zero (${at}.spanId)`],
    [
      { endTimeUnixNano: 0, end_time: 7 },
      `it has no end time from 1970 to June 2255; it has "end_time", which OTLP does not know (${at}.endTimeUnixNano)`,
    ],
  ])("%j", (fields, why) => {
    const { spans, rejected } = decoded(requestOf(SPAN, { ...SPAN, ...fields }, SPAN));
    expect(spans).toHaveLength(2);
    expect(rejected.count).toBe(1);
    const name = "name" in fields ? "" : "work";
    expect(rejected.messages[0]).toContain(`span "${name}": ${why}`);
  });

  it("in protobuf too", () => {
    const encoder = otlpEncoder("protobuf");
    const body = Buffer.from(
      encoder.join([SPAN, SPAN].map(() => encoder.encode(spanFields({ spanName: "zero" })))),
    );
    const at = body.lastIndexOf(Buffer.from([0x12, 0x08]));
    body.fill(0, at + 2, at + 10);
    const { spans, rejected } = decodeProtobufRequest(body);
    expect(spans).toHaveLength(1);
    expect(rejected.messages).toEqual([
      'span "zero": its span id is not 8 bytes, or all zero (resourceSpans[0].scopeSpans[0].spans[1].spanId)',
    ]);
    expect(() => decodeProtobufRequest(body.subarray(0, -4))).toThrow(/resourceSpans\[0\].*: it is cut off/);
  });
});

test("the receiver answers so: 400 for the body, or a word about its part", async () => {
  const tracer = new InMemoryTracer();
  const receive = otlpReceiver(tracer);
  const post = async (json: JsonValue): Promise<{ status: number; answer: unknown }> => {
    const headers = { "content-type": "application/json" };
    const response = await receive(
      new Request("http://a/v1/traces", { method: "POST", headers, body: JSON.stringify(json) }),
    );
    return { status: response.status, answer: await response.json() };
  };
  expect(await post({ spans: [SPAN] })).toMatchObject({
    status: 400,
    answer: { code: 3, message: expect.stringContaining('"spans"') },
  });
  expect(await post(snake(FULL))).toEqual({ status: 200, answer: {} });
  expect(await post(requestOf(SPAN, { ...SPAN, kind: "x" }))).toMatchObject({
    status: 200,
    answer: {
      partialSuccess: { rejectedSpans: "1", errorMessage: expect.stringContaining(".spans[1].kind is") },
    },
  });
  const [good] = JSON.parse(JSON.stringify(requestOf(SPAN)))["resourceSpans"];
  expect(await post({ resourceSpans: [good, { scopespans: [SPAN] }] })).toMatchObject({
    status: 200,
    answer: {
      partialSuccess: {
        rejectedSpans: "0",
        errorMessage: expect.stringContaining("resourceSpans[1] has no spans"),
      },
    },
  });
  expect(tracer.getTraces().length).toBeGreaterThan(0);
});

/** A field of protobuf that holds a message. */
function field(number: number, content: Uint8Array): Buffer {
  return Buffer.concat([varint(number * 8 + 2), varint(content.length), content]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Buffer.from([...bytes, rest]);
}

/** The message of the last field of the first ResourceSpans, whose lengths take a byte each or two. */
function scopeSpansOf(body: Buffer): Buffer {
  const [, start] = lengthAt(body, 1);
  const [resource, afterResource] = lengthAt(body, start + 1);
  const scopes = afterResource + resource;
  expect(body[scopes]).toBe(0x12);
  const [length, at] = lengthAt(body, scopes + 1);
  return body.subarray(at, at + length);
}

function lengthAt(body: Buffer, at: number): [length: number, after: number] {
  const [first = 0, second = 0] = [body[at], body[at + 1]];
  return first < 128 ? [first, at + 1] : [first - 128 + second * 128, at + 2];
}
