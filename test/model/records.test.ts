// A span's record is one JSON object from which the same span comes back, whichever of the two languages wrote it.
import { deepStrictEqual } from "node:assert";
import { readFileSync } from "node:fs";
import { inflateSync } from "node:zlib";
import fc from "fast-check";
import { InMemoryTracer, Span, type SpanRecord, TracelightError } from "tracelight";
import { describe, expect, it } from "vitest";
import { equalValues } from "../../src/model/attributes.ts";
import { decodeBase85, encodeBase85 } from "../../src/model/base85.ts";
import { capture } from "../../src/model/capture.ts";
import { encodeLogTrace, encodeRecord } from "../../src/model/record.ts";
import { decodeLogLine, decodeRecord } from "../../src/model/record-decoder.ts";
import { boundedSize } from "../../src/model/size.ts";
import { decodeValue, encodeValue, lossyValue } from "../../src/model/values.ts";
import { runs } from "../sizes.ts";
import { anyMaker, spanFields, spanLists, tagLookAlike } from "./arbitraries.ts";

function fixture(name: string): string {
  return readFileSync(new URL(`../fixtures/python-toolkit/${name}`, import.meta.url), "utf8");
}

function overTheWire(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

function finishedSpan(): Span {
  const span = new InMemoryTracer().startSpan("work", {
    spanKind: "CLIENT",
    startedAt: new Date("2026-11-22T10:36:03.657Z"),
    scope: { name: "demo", version: "1.2.3" },
    resourceAttributes: { "service.name": "MyAgent" },
    attributes: { foo: "bar" },
  });
  span.addEvent("retry", { attempt: 2n }, new Date("2026-11-22T10:36:03.700Z"));
  span.addLink({ traceId: "1".repeat(32), spanId: "2".repeat(16), attributes: { why: "cause" } });
  span.setStatus("ERROR", "too slow").end(new Date("2026-11-22T10:36:03.757Z"));
  return span;
}

function fieldsOf(span: Span): unknown {
  return decodeRecord(encodeRecord(span));
}

function codeOf(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error instanceof TracelightError ? error.code : error;
  }
  return "no error";
}

describe("a record", () => {
  it("has the Python toolkit's keys, and Tracelight's own where they say something", () => {
    const span = finishedSpan();
    expect(overTheWire(span)).toEqual({
      record_version: 1,
      span_name: "work",
      span_kind: "CLIENT",
      trace_id: span.traceId,
      span_id: span.spanId,
      parent_span_id: null,
      started_at: "2026-11-22T10:36:03.657000Z",
      ended_at: "2026-11-22T10:36:03.757000Z",
      duration_ms: 100,
      attributes: { foo: "bar" },
      span_status: "ERROR",
      status_message: "too slow",
      resource_attributes: { "service.name": "MyAgent" },
      scope: { name: "demo", version: "1.2.3" },
      events: [
        { name: "retry", at: "2026-11-22T10:36:03.700000Z", attributes: { attempt: { __bigint__: "2" } } },
      ],
      links: [{ trace_id: "1".repeat(32), span_id: "2".repeat(16), attributes: { why: "cause" } }],
    });
  });

  it("gives the same span back", () => {
    const span = finishedSpan();
    const back = Span.fromRecord(JSON.parse(JSON.stringify(span)));
    deepStrictEqual(fieldsOf(back), fieldsOf(span));
    expect(JSON.stringify(back)).toBe(JSON.stringify(span));
  });

  it("gives any span's fields back", () => {
    fc.assert(
      fc.property(spanLists, (spans) => {
        for (const span of spans) deepStrictEqual(decodeRecord(overTheWire(encodeRecord(span))), span);
      }),
    );
  });

  it("tells running, ended and interrupted spans apart", () => {
    for (const state of ["running", "interrupted"] as const) {
      const span = spanFields({ state, endedAtMicros: undefined });
      expect(decodeRecord(overTheWire(encodeRecord(span)))).toEqual(span);
    }
    expect(encodeRecord(spanFields({ endedAtMicros: undefined, state: "running" })).duration_ms).toBeNull();
  });

  it("keeps the time of an event however far off", () => {
    for (const at of [
      new Date(8.64e15),
      new Date(-8.64e15),
      new Date("9999-12-31T23:59:59.999Z"),
      new Date(-1),
    ]) {
      const span = spanFields({ events: [{ name: "far", at }] });
      expect(decodeRecord(overTheWire(encodeRecord(span))).events).toEqual([{ name: "far", at }]);
    }
  });

  it("ignores keys that it does not know", () => {
    const record = { ...finishedSpan().toJSON(), later: "than this release" };
    expect(Span.fromRecord(record).spanName).toBe("work");
  });

  it("says which field is wrong", () => {
    const record = finishedSpan().toJSON();
    const broken: Record<string, unknown> = {
      span_name: 5,
      span_kind: "BOSS",
      trace_id: "0".repeat(32),
      span_id: "XYZ",
      parent_span_id: "1",
      started_at: "yesterday",
      ended_at: "2026-13-01T00:00:00Z",
      span_status: "FINE",
      status_message: 1,
      attributes: [],
      resource_attributes: "none",
      scope: 1,
      events: {},
      links: "none",
      record_version: "1",
    };
    for (const [field, value] of Object.entries(broken)) {
      const read = (): unknown => decodeRecord({ ...record, [field]: value });
      expect(codeOf(read)).toBe("INVALID_RECORD");
      expect(read).toThrow(`"${field}"`);
    }
    for (const field of ["span_name", "trace_id", "span_id", "started_at"]) {
      expect(() => decodeRecord({ ...record, [field]: undefined })).toThrow(`"${field}"`);
    }
  });

  it("is refused where it is none, or of a version to come", () => {
    for (const record of [null, undefined, 5, "text", []]) {
      expect(codeOf(() => decodeRecord(record))).toBe("INVALID_RECORD");
    }
    const future: SpanRecord = { ...finishedSpan().toJSON(), record_version: 2 };
    expect(() => Span.fromRecord(future)).toThrow("version 2; this release reads up to 1. Update tracelight");
  });

  it("never makes reading it throw anything else", () => {
    fc.assert(
      fc.property(fc.record({ ...spanShape(), attributes: tagLookAlike }), (record) => {
        expect(["INVALID_RECORD", "no error"]).toContain(codeOf(() => decodeRecord(record)));
      }),
    );
  });
});

function spanShape(): Record<string, fc.Arbitrary<unknown>> {
  const { attributes: _, ...record } = finishedSpan().toJSON();
  return Object.fromEntries(
    Object.entries(record).map(([field, value]) => [
      field,
      fc.oneof({ weight: 30, arbitrary: fc.constant(value) }, fc.jsonValue()),
    ]),
  );
}

describe("a value in a record", () => {
  it("comes back exactly, whatever was captured", () => {
    fc.assert(
      fc.property(anyMaker, (make) => {
        const value = capture(make()) ?? null;
        const back = decodeValue(overTheWire(encodeValue(value)));
        deepStrictEqual(back, value);
        expect(equalValues(back, value)).toBe(true);
      }),
      { numRuns: runs(1000) },
    );
  });

  it("carries the toolkit's tags for bytes and dates, and own ones for what else JSON lacks", () => {
    expect(encodeValue(new Date("2025-04-15T12:34:56.789Z"))).toEqual({
      __datetime__: "2025-04-15T12:34:56.789000+00:00",
    });
    expect(Object.keys(Object(encodeValue(new Uint8Array(3))))).toEqual(["__bytes__"]);
    expect(encodeValue([1n, Number.NaN, Number.NEGATIVE_INFINITY, -0])).toEqual([
      { __bigint__: "1" },
      { __number__: "NaN" },
      { __number__: "-Infinity" },
      { __number__: "-0" },
    ]);
    expect(encodeValue(new Map([["k", new Set([1])]]))).toEqual({ __map__: [["k", { __set__: [1] }]] });
  });

  it("is escaped where it looks like a tag, and only there", () => {
    expect(encodeValue({ __bytes__: "abc" })).toEqual({ __escaped__: { __bytes__: "abc" } });
    expect(encodeValue({ __bytes__: "abc", more: 1 })).toEqual({ __bytes__: "abc", more: 1 });
  });

  it("stays as it is where its tag is broken", () => {
    for (const broken of [
      { __bytes__: "not Ascii85: ~" },
      { __bytes__: "zzzz" },
      { __bytes__: 5 },
      { __datetime__: "yesterday" },
      { __bigint__: "1.5" },
      { __number__: "one" },
      { __map__: [["k"]] },
      { __map__: "text" },
      { __set__: {} },
      { __escaped__: [] },
    ]) {
      deepStrictEqual(decodeValue(broken), broken);
    }
  });

  it("of broken tags in broken tags is read once, not twice a level", () => {
    let hostile: unknown = "end";
    for (let i = 0; i < 200; i++) hostile = { __bigint__: [hostile] };
    for (let i = 0; i < 200; i++) hostile = { __map__: [[hostile]] };
    deepStrictEqual(decodeValue(hostile), hostile);
  });

  it("nested without end is cut, not followed", () => {
    const text = `${'{"__map__":[["k",'.repeat(5000)}1${"]]}".repeat(5000)}`;
    expect(() => decodeValue(JSON.parse(text))).not.toThrow();
    expect(() => decodeValue(JSON.parse(`${"[".repeat(5000)}${"]".repeat(5000)}`))).not.toThrow();
  });

  it("is frozen when it is read", () => {
    const value = decodeValue({
      list: [{ a: 1 }],
      map: { __map__: [["k", {}]] },
      at: { __datetime__: "2025-04-15T00:00:00Z" },
    });
    for (const part of [value, ...Object.values(Object(value))]) expect(Object.isFrozen(part)).toBe(true);
  });

  it("does not pollute when it is read", () => {
    const value = decodeValue(
      JSON.parse('{"__proto__": {"polluted": true}, "constructor": {"prototype": 1}}'),
    );
    expect(Object.keys(Object(value))).toEqual(["__proto__", "constructor"]);
    expect(Reflect.get({}, "polluted")).toBeUndefined();
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  });
});

describe("what the Python toolkit wrote", () => {
  const attributes = Object(decodeValue(JSON.parse(fixture("sqlite-attributes.json"))));

  it("reads as bytes where it stored bytes", () => {
    deepStrictEqual(attributes["bytes"], new Uint8Array([0x00, 0x01, 0xfe, 0xff]));
  });

  it("reads as dates where it stored datetimes", () => {
    deepStrictEqual(attributes["types"].dt, new Date("2025-04-15T12:34:56.789Z"));
  });

  it("reads as plain values otherwise", () => {
    expect(attributes["types"]).toMatchObject({
      i: 1,
      f: 2.5,
      neg: -0.125,
      none: null,
      t: true,
      l: [1, "two", [3]],
    });
    expect(attributes["types"].unicode).toBe("日本語 ✅");
    expect(attributes["tags"]).toBe("{'b', 'a'}");
  });

  it("is what Tracelight writes for the same date", () => {
    expect(encodeValue(attributes["types"].dt)).toEqual({ __datetime__: "2025-04-15T12:34:56.789000+00:00" });
  });

  it("agrees with its base 85, at every length", () => {
    const rows: { hex: string; base85: string; packed: string }[] = JSON.parse(fixture("base85.json"));
    for (const { hex, base85, packed } of rows) {
      const bytes = new Uint8Array(Buffer.from(hex, "hex"));
      expect(encodeBase85(bytes)).toBe(base85);
      deepStrictEqual(decodeBase85(base85), bytes);
      deepStrictEqual(decodeValue({ __bytes__: packed }), bytes);
    }
  });

  it("reads from its log lines", () => {
    const lines = fixture("structured-logs.jsonl").trim().split("\n");
    const spans = lines.map((line) => decodeLogLine(line));
    expect(spans.map((span) => [span?.spanName, span?.spanKind, span?.spanStatus])).toEqual([
      ["llm", "CLIENT", "UNSET"],
      ["get_weather", "INTERNAL", "ERROR"],
      ["converse", "SERVER", "UNSET"],
    ]);
    expect(spans[0]).toMatchObject({
      traceId: "d4f138116f9d45824ef6584de848a45e",
      spanId: "6e88502d38993341",
      parentSpanId: "449fdf1a0b31d802",
      startedAtMicros: 1795343763657994,
      endedAtMicros: 1795343763658037,
      state: "ended",
      scope: { name: "demo", version: "1.2.3" },
      resourceAttributes: { "service.name": "MyAgent", "deployment.environment": "test" },
    });
    expect(spans[1]?.attributes["bytes"]).toBe("AAH+/w==");
    expect(spans[2]?.parentSpanId).toBeUndefined();
  });

  it("is read with integers that no double holds, and with what Python calls JSON", () => {
    const python =
      '{"trace": {"span_name": "a \\"1234567890123456789", "trace_id": "' +
      "a".repeat(32) +
      '", "span_id": "' +
      "b".repeat(16) +
      '", "started_at": "2026-11-22T10:36:03.657928+00:00", "attributes": {"big": -12345678901234567890, ' +
      '"nan": NaN, "low": -Infinity, "real": 0.12345678901234567891, "text": "NaN 12345678901234567890"}}}';
    const span = decodeLogLine(python);
    expect(span?.spanName).toBe('a "1234567890123456789');
    expect(span?.attributes).toEqual({
      big: -12345678901234567890n,
      nan: Number.NaN,
      low: Number.NEGATIVE_INFINITY,
      real: 0.12345678901234568,
      text: "NaN 12345678901234567890",
    });
  });

  it("is the log form that Tracelight writes, key for key", () => {
    for (const line of fixture("structured-logs.jsonl").trim().split("\n")) {
      const span = decodeLogLine(line);
      // An integer that no double holds is read exactly, and is text in our log lines.
      const expected = line.replace("12345678901234567890", '"12345678901234567890"');
      expect(span && overTheWire(encodeLogTrace(span))).toEqual(JSON.parse(expected).trace);
    }
  });
});

describe("base 85", () => {
  it("gives any bytes back", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 50 }), (bytes) => {
        deepStrictEqual(decodeBase85(encodeBase85(bytes)), bytes);
      }),
    );
  });

  it("is undefined for text that it cannot be", () => {
    for (const text of ["ab cd", "abcdv", 's8W-"', "!", "!!!!!!", "a!z!!", "日本語!!"]) {
      expect(decodeBase85(text)).toBeUndefined();
    }
  });

  it("holds what zlib packed", () => {
    const { __bytes__: text } = Object(encodeValue(Buffer.from("hello")));
    expect(inflateSync(decodeBase85(text) ?? new Uint8Array()).toString()).toBe("hello");
  });
});

describe("a log line", () => {
  it("that is no span is passed over", () => {
    for (const line of ['{"level":"INFO","message":"hello"}', "5", "null", "[]", '"trace"']) {
      expect(decodeLogLine(line)).toBeUndefined();
    }
  });

  it("that is no JSON, or holds a broken span, is refused", () => {
    expect(codeOf(() => decodeLogLine("oops"))).toBe("INVALID_RECORD");
    expect(codeOf(() => decodeLogLine('{"trace":{}}'))).toBe("INVALID_RECORD");
  });

  it("shows bytes as base 64, dates as ISO text and what else JSON lacks as text", () => {
    expect(lossyValue(new Uint8Array([0, 1, 254, 255]))).toBe("AAH+/w==");
    expect(lossyValue(new Date("2025-04-15T12:34:56.789Z"))).toBe("2025-04-15T12:34:56.789000+00:00");
    expect(lossyValue([1n, Number.NaN, new Set([1]), new Map([["k", 2n]])])).toEqual([
      "1",
      "NaN",
      "[1]",
      '[["k","2"]]',
    ]);
  });

  it("can be written for any captured value", () => {
    fc.assert(
      fc.property(anyMaker, (make) => {
        const lossy = lossyValue(capture(make()));
        expect(equalValues(overTheWire(lossy), lossy)).toBe(true);
      }),
    );
  });
});

describe("the size of a span", () => {
  it("grows with what the span holds", () => {
    const sizeOf = (value: unknown): number =>
      boundedSize(spanFields({ attributes: { value } }), Number.POSITIVE_INFINITY);
    expect(sizeOf("x".repeat(1000)) - sizeOf("")).toBe(2000);
    expect(sizeOf(new Uint8Array(1000)) - sizeOf(new Uint8Array())).toBe(1000);
    expect(sizeOf(new Map([["k", "x".repeat(1000)]]))).toBeGreaterThan(2000);
    expect(sizeOf([[{ deep: "x".repeat(1000) }]])).toBeGreaterThan(2000);
  });

  it("is found for lists of a million items", () => {
    const value = new Array(999_990).fill("x");
    expect(boundedSize(spanFields({ attributes: { value } }), Number.POSITIVE_INFINITY)).toBeGreaterThan(
      999_990 * 2,
    );
    const tracer = new InMemoryTracer({ maxBytes: 1_000_000 });
    tracer.trace("big", (span) => span.addAttribute("value", value));
    tracer.trace("small", (span) => span.addAttribute("value", 1));
    expect(tracer.getTraces().map((span) => span.spanName)).toEqual(["small"]);
  });

  it("is counted no further than asked", () => {
    const value = new Array(1000).fill("x".repeat(1000));
    expect(boundedSize(spanFields({ attributes: { value } }), 10_000)).toBeLessThan(20_000);
  });
});
