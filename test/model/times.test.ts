// What a time may be, whichever way a span comes; and the forms in which people write times.
import { InMemoryTracer, type TracelightError } from "tracelight";
import { describe, expect, it } from "vitest";
import { isoDate, PreciseDate } from "../../src/model/clock.ts";
import { encodeRecord } from "../../src/model/record.ts";
import { decodeRecord } from "../../src/model/record-decoder.ts";
import type { SpanFields } from "../../src/model/span-fields.ts";
import { dateOf, durationOf, isTime, nearestTime, timeOf } from "../../src/model/times.ts";
import { decodeValue, encodeValue } from "../../src/model/values.ts";
import { decodeJsonRequest, decodeProtobufRequest } from "../../src/otlp/codec.ts";
import { spanFields } from "./arbitraries.ts";

const LATEST = Number.MAX_SAFE_INTEGER;

describe("a time of a span", () => {
  it("is a whole number of microseconds from 1970 to June 2255", () => {
    for (const time of [0, 1, 1_795_343_763_657_928, LATEST]) {
      expect(isTime(time)).toBe(true);
      expect(nearestTime(time)).toBe(time);
    }
    const others: readonly [number, number][] = [
      [-1, 0],
      [Number.NaN, 0],
      [Number.NEGATIVE_INFINITY, 0],
      [LATEST + 1, LATEST],
      [2 ** 63, LATEST],
      [Number.POSITIVE_INFINITY, LATEST],
      [0.4, 0],
    ];
    for (const [given, nearest] of others) {
      expect(isTime(given)).toBe(false);
      expect(nearestTime(given)).toBe(nearest);
    }
  });

  it.each([
    new Date(-1),
    new Date(8.64e15),
    new Date(-8.64e15),
    new Date(Number.NaN),
    new Date("2256-01-01"),
  ])("is not %s: a span of one's own says so, and has the present", (date) => {
    const told: TracelightError[] = [];
    const tracer = new InMemoryTracer({ onError: (error) => void told.push(error) });
    // A minute is room for any correction of a machine's clock.
    const before = Date.now() - 60_000;
    const span = tracer.startSpan("work", { startedAt: date });
    span.addEvent("happened", {}, date);
    span.end(date);
    for (const time of [span.startedAt, span.endedAt, span.events[0]?.at])
      expect(Number(time)).toBeGreaterThan(before);
    expect(told.map(({ code }) => code)).toEqual(Array(3).fill("INVALID_ARGUMENT"));
  });

  it.each([
    "2256-01-01T00:00:00Z",
    "+010000-01-01T00:00:00.000001Z",
    "1969-12-31T23:59:59.999999Z",
    "9999-12-31T23:59:59Z",
  ])("is refused in a record where it is %s", (text) => {
    const record = encodeRecord(spanFields({}));
    for (const field of ["started_at", "ended_at"])
      expect(() => decodeRecord({ ...record, [field]: text })).toThrow(
        `"${field}" must be an ISO 8601 time from 1970`,
      );
  });

  it.each([
    ["18446744073709551615", LATEST],
    ["9223372036854775807", LATEST],
  ])("is refused over OTLP where it is %s nanoseconds; an event's is the nearest", (nanos, nearest) => {
    const span = (fields: object) =>
      decodeJsonRequest(
        JSON.stringify({
          resourceSpans: [
            {
              scopeSpans: [
                {
                  spans: [
                    {
                      ...{ traceId: "a".repeat(32), spanId: "b".repeat(16), name: "x" },
                      ...{ startTimeUnixNano: "1000000", endTimeUnixNano: "2000000", ...fields },
                    },
                  ],
                },
              ],
            },
          ],
        }),
      );
    for (const field of ["startTimeUnixNano", "endTimeUnixNano"]) {
      const { spans, rejected } = span({ [field]: nanos });
      expect(spans).toEqual([]);
      expect(rejected).toMatchObject({
        count: 1,
        messages: [expect.stringContaining("from 1970 to June 2255")],
      });
    }
    const [found] = span({ events: [{ name: "e", timeUnixNano: nanos }] }).spans;
    expect(found?.events[0]).toMatchObject({ at: new Date(Math.floor(nearest / 1000)), atMicros: nearest });
    // tag 0x39: start; 0x41: end; 0x5a: an event with its time.
    const fixed = Buffer.alloc(8);
    fixed.writeBigUInt64LE(BigInt(nanos));
    const body = protobufSpan([Buffer.from([0x39]), fixed, Buffer.from([0x41]), fixed]);
    expect(decodeProtobufRequest(body).rejected.count).toBe(1);
  });
});

/** A request with one span, which has ids and these fields. */
function protobufSpan(fields: readonly Uint8Array[]): Buffer {
  const within = (tag: number, inner: Buffer) => Buffer.concat([Buffer.from([tag, inner.length]), inner]);
  const ids = [within(0x0a, Buffer.alloc(16, 1)), within(0x12, Buffer.alloc(8, 1))];
  return within(0x0a, within(0x12, within(0x12, Buffer.concat([...ids, ...fields]))));
}

describe("a date that is a value", () => {
  it.each([
    "2025-04-15T12:34:56.123456+00:00",
    "1969-12-31T23:59:59.999999+00:00",
    "9999-12-31T23:59:59.999000+00:00",
    "+275760-09-13T00:00:00.000000+00:00",
    "-000100-01-01T00:00:00.000000+00:00",
  ])("keeps its microseconds, and itself however far off: %s", (text) => {
    const value = decodeValue({ __datetime__: text });
    expect(value).toBeInstanceOf(Date);
    expect(encodeValue(value)).toEqual({ __datetime__: text });
  });

  it("of a span in a record and back", () => {
    const at = decodeValue({ __datetime__: "2025-04-15T12:34:56.123456+00:00" });
    const span: SpanFields = decodeRecord(encodeRecord(spanFields({ attributes: { at } })));
    expect(span.attributes["at"]).toEqual(new PreciseDate(1_744_720_496_123_456));
    expect(isoDate(new PreciseDate(-1))).toBe("1969-12-31T23:59:59.999999Z");
  });
});

describe("what people write", () => {
  const now = Date.UTC(2026, 10, 22, 10) * 1000;
  it.each([
    ["2h ago", "2026-11-22T08:00:00Z"],
    ["2h", "2026-11-22T08:00:00Z"],
    ["1.5D AGO", "2026-11-20T22:00:00Z"],
    ["30 min ago", "2026-11-22T09:30:00Z"],
    ["4w", "2026-10-25T10:00:00Z"],
    ["today", "2026-11-22T00:00:00Z"],
    ["Yesterday", "2026-11-21T00:00:00Z"],
    ["2026-11-22", "2026-11-22T00:00:00Z"],
    ["2026-11-22T14:40", "2026-11-22T14:40:00Z"],
    ["2026-11-22 14:40:03", "2026-11-22T14:40:03Z"],
    ["2026-11-22T14:40+02:00", "2026-11-22T12:40:00Z"],
  ])("%s is a time", (text, wanted) => {
    expect(timeOf(text, now)).toBe(Date.parse(wanted) * 1000);
  });

  it("down to the microsecond", () => {
    expect(timeOf("2026-11-22 14:40:03.000001Z", now)).toBe(Date.parse("2026-11-22T14:40:03Z") * 1000 + 1);
    expect([durationOf("250us"), durationOf("1.5m"), durationOf("2 h")]).toEqual([250, 90e6, 7.2e9]);
  });

  it.each(["", "2", "h", "-2h", "2h later", "3 moons", "2026-02-30", "2026-13-01", "tomorrow", "14:40"])(
    '"%s" is none',
    (text) => {
      expect(timeOf(text, now)).toBeUndefined();
      expect(dateOf(text)).toBeUndefined();
    },
  );

  it("means the same in a filter as in an option", () => {
    const tracer = new InMemoryTracer();
    tracer.startSpan("old", { startedAt: new Date(Date.now() - 3 * 3600e3), parentSpan: null }).end();
    tracer.startSpan("new", { startedAt: new Date(Date.now() - 3600e3), parentSpan: null }).end();
    const names = (where: string) => tracer.getTraces({ where }).map(({ spanName }) => spanName);
    for (const where of ["started_at > 2h ago", "started_at > 2h", "started_at > 120min ago"])
      expect(names(where)).toEqual(["new"]);
    expect(names("started_at < today or started_at >= yesterday")).toEqual(["old", "new"]);
    expect(names("started_at > 2020-01-01 10:00 and started_at < 2200-01-01 10:00:00.5Z")).toHaveLength(2);
    expect(() => names("started_at > 2 moons ago")).toThrow("2h ago, today, yesterday");
  });
});
