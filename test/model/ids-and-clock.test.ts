// Ids are lower-case hex and never all zero; times are whole microseconds since the epoch.
import fc from "fast-check";
import { InMemoryTracer } from "tracelight";
import { describe, expect, it } from "vitest";
import {
  isoDate,
  isoMicros,
  microsOf,
  nowMicros,
  parseIsoDate,
  parseIsoMicros,
} from "../../src/model/clock.ts";
import { isSpanId, isTraceId, newSpanId, newTraceId } from "../../src/model/ids.ts";
import { steadyClock } from "../../src/model/timers.ts";
import { sized } from "../sizes.ts";

describe("ids", () => {
  it("are 16 hex digits for a span and 32 for a trace", () => {
    for (let i = 0; i < 10_000; i++) {
      expect(isSpanId(newSpanId())).toBe(true);
      expect(isTraceId(newTraceId())).toBe(true);
    }
  });

  it("are those that a span carries", () => {
    const { traceId, spanId } = new InMemoryTracer().startSpan("work");
    expect(traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(spanId).toMatch(/^[0-9a-f]{16}$/);
  });

  it("never come twice", () => {
    const count = sized(1_000_000, 100_000);
    const seen = new Set<string>();
    // Now and then a trace id between the span ids, since both come from one pool.
    for (let i = 0; i < count; i++) {
      seen.add(newSpanId());
      if (i % 7 === 0) seen.add(newTraceId().slice(0, 16)).add(newTraceId().slice(16));
    }
    expect(seen.size).toBe(count + 2 * Math.ceil(count / 7));
    expect(seen.has("0".repeat(16))).toBe(false);
  });

  it("are no ids in upper case, all zero, too short, too long or of another type", () => {
    for (const id of [
      "A".repeat(16),
      "0".repeat(16),
      "a".repeat(15),
      "a".repeat(17),
      `${"a".repeat(16)}\n`,
      5,
      null,
    ]) {
      expect(isSpanId(id)).toBe(false);
    }
    for (const id of [
      "A".repeat(32),
      "0".repeat(32),
      "a".repeat(31),
      "a".repeat(33),
      "g".repeat(32),
      undefined,
    ]) {
      expect(isTraceId(id)).toBe(false);
    }
    expect(isSpanId(`${"0".repeat(15)}1`)).toBe(true);
  });
});

describe("the clock", () => {
  it("gives whole microseconds, in step with the system's clock", () => {
    const before = Date.now();
    const now = nowMicros();
    expect(Number.isSafeInteger(now)).toBe(true);
    // A minute is room for any correction of a machine's clock; a wrong unit is a thousand times off.
    expect(Math.abs(now / 1000 - before)).toBeLessThan(60_000);
  });

  it("is in step again where the steady clock was put forward and back, as tests do", () => {
    const { now } = steadyClock;
    try {
      steadyClock.now = () => now() + 900_000;
      nowMicros();
    } finally {
      steadyClock.now = now;
    }
    expect(Math.abs(nowMicros() / 1000 - Date.now())).toBeLessThan(60_000);
  });

  it("gives a child a start no earlier than its parent's", () => {
    const tracer = new InMemoryTracer();
    tracer.trace("parent", (parent) => {
      for (let i = 0; i < 1000; i++) {
        expect(tracer.startSpan("child").startedAtMicros).toBeGreaterThanOrEqual(parent.startedAtMicros);
      }
    });
  });

  it("reads a Date, and gives nothing for an invalid one", () => {
    expect(microsOf(new Date(5))).toBe(5000);
    expect(microsOf(new Date(Number.NaN))).toBeUndefined();
  });
});

describe("ISO 8601", () => {
  // Years 1 to 2255, in which microseconds are whole numbers that are exact.
  const micros = fc
    .integer({ min: -62_135_596_800_000_000, max: 9_000_000_000_000_000 })
    .filter(Number.isSafeInteger);

  it("has six digits for the microseconds", () => {
    expect(isoMicros(1795343763657928)).toBe("2026-11-22T10:36:03.657928Z");
    expect(isoMicros(0)).toBe("1970-01-01T00:00:00.000000Z");
    expect(isoMicros(-1)).toBe("1969-12-31T23:59:59.999999Z");
    expect(isoMicros(5)).toBe("1970-01-01T00:00:00.000005Z");
  });

  it("gives the same microseconds back", () => {
    fc.assert(fc.property(micros, (time) => parseIsoMicros(isoMicros(time)) === time));
  });

  it("gives any date back, however far off", () => {
    fc.assert(
      fc.property(fc.date({ noInvalidDate: true }), (date) => {
        expect(parseIsoDate(isoDate(date))).toEqual(date);
      }),
    );
    for (const date of [new Date(8.64e15), new Date(-8.64e15), new Date("9999-12-31T23:59:59.999Z")]) {
      expect(parseIsoDate(isoDate(date))).toEqual(date);
    }
  });

  it("reads what Python's isoformat writes", () => {
    const written: Readonly<Record<string, number>> = {
      "2026-11-22T10:36:03.657928+00:00": 1795343763657928,
      "2026-11-22T10:36:03+00:00": 1795343763000000,
      "2026-11-22T10:36:03.000005": 1795343763000005,
      "1969-12-31T23:59:59.999999+00:00": -1,
      "2026-11-22T12:06:03.000001+01:30": 1795343763000001,
      "2026-11-22T03:36:03-07:00": 1795343763000000,
    };
    for (const [text, time] of Object.entries(written)) expect(parseIsoMicros(text)).toBe(time);
  });

  it("reads other forms of the same moment", () => {
    for (const text of [
      "2026-11-22T10:36:03.5Z",
      "2026-11-22T10:36:03.500Z",
      "2026-11-22T10:36:03.500000999Z",
      "2026-11-22T11:36:03.5+0100",
      "2026-11-22T10:36:03.5",
    ]) {
      expect(parseIsoMicros(text)).toBe(1795343763500000);
    }
  });

  it("is undefined for text that is no time", () => {
    for (const text of [
      "",
      "yesterday",
      "2026-11-22",
      "2026-13-01T00:00:00Z",
      "2026-11-22T25:00:00Z",
      " 2026-11-22T10:36:03Z",
      "2026-11-22T10:36:03Z\n",
      "+999999-01-01T00:00:00Z",
    ]) {
      expect(parseIsoMicros(text)).toBeUndefined();
      expect(parseIsoDate(text)).toBeUndefined();
    }
    fc.assert(fc.property(fc.string(), (text) => parseIsoMicros(text) === undefined));
  });
});
