// Hostile bodies over HTTP: each is refused or read, none ends the server or fills its memory.
import { type ChildProcess, fork } from "node:child_process";
import { deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { Tracer } from "tracelight";
import { afterAll, afterEach, beforeAll, describe, expect, it, test } from "vitest";
import { type OtlpEncoding, otlpEncoder } from "../../src/otlp/codec.ts";
import { programOf } from "../program.ts";
import { shareOf, sized } from "../sizes.ts";

const MIB = 1024 * 1024;
let server: ChildProcess;
let url: string;
let before: number;

beforeAll(async () => {
  server = fork(programOf("hostileServer"), [], { execArgv: ["--expose-gc", "--max-old-space-size=320"] });
  url = await new Promise<string>((resolve) => server.once("message", (said) => resolve(String(said))));
  expect(await post("json", "{}")).toBe(200);
  before = (await memory()).held;
});
afterEach(async () => {
  expect(server.exitCode).toBeNull();
  expect(await post("json", "{}")).toBe(200);
  expect((await memory()).held - before).toBeLessThan(48 * MIB);
});
afterAll(() => void server.kill());

type Coding = "gzip" | "deflate";

/** The answer's status. */
async function post(encoding: OtlpEncoding, body: string | Uint8Array, coding?: Coding): Promise<number> {
  const type = encoding === "json" ? "application/json" : "application/x-protobuf";
  const headers = { "content-type": type, ...(coding === undefined ? {} : { "content-encoding": coding }) };
  const bytes = new Uint8Array(Buffer.from(body));
  const answer = await fetch(`${url}/v1/traces`, { method: "POST", headers, body: bytes });
  expect(answer.headers.get("content-type")).toBe(type);
  await answer.arrayBuffer();
  return answer.status;
}

async function memory(): Promise<{ held: number; peak: number }> {
  const said: unknown = await (await fetch(url)).json();
  return { held: Number(Reflect.get(Object(said), "held")), peak: Number(Reflect.get(Object(said), "peak")) };
}

/** A field of protobuf that holds bytes. */
function field(number: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([varint(number * 8 + 2), varint(body.length), body]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Buffer.from([...bytes, rest]);
}

const TRACE_ID = field(1, Buffer.alloc(16, 1));
const SPAN_ID = field(2, Buffer.alloc(8, 1));
const times = Buffer.concat([Buffer.from([57]), Buffer.alloc(8, 1), Buffer.from([65]), Buffer.alloc(8, 1)]);

function spanRequest(...fields: readonly Uint8Array[]): Buffer {
  return field(1, field(2, field(2, ...fields)));
}

function attribute(key: string, value: Uint8Array): Buffer {
  return field(9, field(1, Buffer.from(key)), field(2, value));
}

const JSON_IDS = { traceId: "01".repeat(16), spanId: "01".repeat(8) };
const TIMES = { startTimeUnixNano: "1", endTimeUnixNano: "2" };

function jsonRequest(...spans: readonly object[]): string {
  return JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] });
}

/** So many zeros, packed piece by piece, as gzip lets one do: a thousandth of them, made in no time. */
function bombOf(bytes: number): Buffer {
  const piece = gzipSync(Buffer.alloc(MIB), { level: 9 });
  return Buffer.alloc((bytes / MIB) * piece.length, piece);
}

describe("bombs", () => {
  const GIBIBYTE = bombOf(1024 * MIB);

  it.each<[string, Coding, Buffer, number]>([
    ["gzip that unpacks to what is allowed, but to nonsense", "gzip", bombOf(60 * MIB), 400],
    ["gzip that unpacks to more than is allowed", "gzip", bombOf(65 * MIB), 413],
    ["gzip that unpacks to 1 GiB", "gzip", GIBIBYTE, 413],
    ["deflate that unpacks to more than is allowed", "deflate", deflateSync(Buffer.alloc(65 * MIB)), 413],
    ["raw deflate that does", "deflate", deflateRawSync(Buffer.alloc(65 * MIB)), 413],
  ])("%s", async (_what, coding, bomb, status) => {
    for (const encoding of ["protobuf", "json"] as const)
      expect(await post(encoding, bomb, coding)).toBe(status);
  });

  it("many at once", async () => {
    const many = Array.from({ length: sized(30, 10) }, () => post("protobuf", GIBIBYTE, "gzip"));
    const answers = await Promise.all(many);
    for (const status of answers) expect([413, 503]).toContain(status);
  });
});

describe("nesting of 10,000 levels", () => {
  const LEVELS = 10_000;

  /** Bytes below levels that are made of `parts`: a number is a field around what follows, bytes stand before it. */
  function below(bytes: Buffer, parts: readonly (number | Buffer)[]): Buffer {
    const pieces = [bytes];
    let length = bytes.length;
    for (let i = LEVELS * parts.length - 1; i >= 0; i--) {
      const part = parts[i % parts.length] ?? 0;
      const piece = typeof part === "number" ? Buffer.concat([varint(part * 8 + 2), varint(length)]) : part;
      pieces.push(piece);
      length += piece.length;
    }
    return Buffer.concat(pieces.reverse());
  }

  it("protobuf: arrays, maps and messages", async () => {
    const text = field(1, Buffer.from("x"));
    const array = below(text, [5, 1]);
    const map = below(text, [6, 1, field(1, Buffer.from("k")), 2]);
    for (const value of [array, map]) {
      const body = spanRequest(TRACE_ID, SPAN_ID, times, attribute("deep", value));
      expect([200, 400]).toContain(await post("protobuf", body));
    }
    expect([200, 400]).toContain(await post("protobuf", below(field(1), [1])));
  });

  it("JSON: arrays, maps and whatever", async () => {
    const nested = (open: string, close: string) =>
      `${open.repeat(LEVELS)}{"stringValue":"x"}${close.repeat(LEVELS)}`;
    const deep = [
      nested('{"arrayValue":{"values":[', "]}}"),
      nested('{"kvlistValue":{"values":[{"key":"k","value":', "}]}}"),
      nested("[", "]"),
    ];
    for (const value of deep) {
      const span = { ...JSON_IDS, ...TIMES, attributes: [{ key: "deep", value: 0 }] };
      const body = jsonRequest(span).replace('"value":0', `"value":${value}`);
      expect([200, 400]).toContain(await post("json", body));
    }
  });
});

describe("a million parts", () => {
  const MILLION = sized(1_000_000, 300_000);
  /** A request may hold two million values. */
  const TOO_MANY = sized(4 * MIB, 2.25 * MIB);

  it("protobuf", async () => {
    const one = attribute("a", field(1, Buffer.from("b")));
    const many = Buffer.alloc(one.length * MILLION, one);
    expect([200, 400]).toContain(await post("protobuf", spanRequest(TRACE_ID, SPAN_ID, times, many)));
    const distinct = Buffer.concat(
      Array.from({ length: MILLION / 2 }, (_, i) => attribute(`key-${i}`, Buffer.of(0x10, 1))),
    );
    const packed = gzipSync(spanRequest(TRACE_ID, SPAN_ID, times, distinct), { level: 1 });
    expect([200, 400]).toContain(await post("protobuf", packed, "gzip"));
  });

  it("JSON", async () => {
    const attributes = Array.from({ length: MILLION / 2 }, (_, i) => ({
      key: `k${i}`,
      value: { intValue: "1" },
    }));
    const body = jsonRequest({ ...JSON_IDS, ...TIMES, attributes });
    expect(await post("json", body)).toBe(body.length > 8 * MIB ? 413 : 200);
    expect([200, 400]).toContain(await post("json", gzipSync(body, { level: 1 }), "gzip"));
  });

  it("more empty spans, resources, links and events than are taken", async () => {
    const resources = Buffer.alloc(2 * TOO_MANY, Buffer.of(0x0a, 0x00));
    const spans = field(1, field(2, Buffer.alloc(2 * TOO_MANY, Buffer.of(0x12, 0x00))));
    const parts = [0x5a, 0x6a].map((part) =>
      spanRequest(TRACE_ID, SPAN_ID, times, Buffer.alloc(2 * TOO_MANY, Buffer.of(part, 0x00))),
    );
    for (const body of shareOf([resources, spans, ...parts], 0, 2))
      expect([200, 400]).toContain(await post("protobuf", gzipSync(body), "gzip"));
    const list = `{"resourceSpans":[${"{},".repeat(1.5 * TOO_MANY)}{}]}`;
    expect(await post("json", gzipSync(list), "gzip")).toBe(400);
  });

  it("a long text with as many commas is no such thing", async () => {
    const attributes = [{ key: 'quotes \\" {', value: { stringValue: '{[,\\",'.repeat(TOO_MANY) } }];
    const body = jsonRequest({ ...JSON_IDS, ...TIMES, attributes });
    expect(await post("json", gzipSync(body), "gzip")).toBe(200);
  });
});

test("wrong ids are rejected, the rest of the request is not", async () => {
  const wrong = [
    ...["", "xyz", "0".repeat(32), "01".repeat(15), "01".repeat(500), 7, null, {}, ["01"]].map((traceId) => ({
      traceId,
    })),
    ...["", "0".repeat(16), "01".repeat(9), true].map((spanId) => ({ spanId })),
  ];
  for (const ids of wrong) {
    const body = jsonRequest({ ...JSON_IDS, ...TIMES, name: "good" }, { ...JSON_IDS, ...TIMES, ...ids });
    expect([200, 400]).toContain(await post("json", body));
  }
  for (const length of [0, 1, 15, 17, 1000]) {
    const body = spanRequest(field(1, Buffer.alloc(length, 1)), SPAN_ID, times);
    expect(await post("protobuf", body)).toBe(200);
  }
});

describe.each(["protobuf", "json"] as const)("fuzzed %s", (encoding) => {
  const runs = { numRuns: sized(3000, 80) };

  it("is refused or read, wherever bytes are changed, cut or added", async () => {
    const good = goodBody(encoding);
    const change = fc.record({
      at: fc.nat({ max: good.length }),
      cut: fc.nat({ max: 8 }),
      put: fc.uint8Array({ maxLength: 8 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 8 }), async (changes) => {
        let body = good;
        for (const { at, cut, put } of changes)
          body = Buffer.concat([body.subarray(0, at), put, body.subarray(at + cut)]);
        expect([200, 400]).toContain(await post(encoding, body));
      }),
      runs,
    );
  });

  it("is refused or read where all of it is anything", async () => {
    const anything = encoding === "json" ? fc.json().map((text) => Buffer.from(text)) : fc.uint8Array();
    await fc.assert(
      fc.asyncProperty(anything, async (body) => {
        expect([200, 400]).toContain(await post(encoding, body));
        expect(await post(encoding, body, "gzip")).toBe(400);
      }),
      runs,
    );
  });
});

function goodBody(encoding: OtlpEncoding): Buffer {
  const encoder = otlpEncoder(encoding);
  const parcels: ReturnType<typeof encoder.encode>[] = [];
  const tracer = new Tracer({ name: "collect", write: (span) => void parcels.push(encoder.encode(span)) });
  tracer.setContext({ resourceAttributes: { "service.name": "a" } });
  for (let i = 0; i < 3; i++) {
    tracer.trace(`span-${i}`, (span) => {
      span.addAttributes({ text: "Sunny", n: i, list: [1, { a: [true, null] }], bytes: Uint8Array.of(1, 2) });
      span.addEvent("asked", { a: 1 }).addLink({ traceId: "a".repeat(32), spanId: "b".repeat(16) });
      span.setStatus("ERROR", "broken");
    });
  }
  return Buffer.from(encoder.join(parcels));
}

test("memory stayed within its bounds all the time", async () => {
  const { peak } = await memory();
  expect(peak).toBeLessThan(768 * MIB);
});
