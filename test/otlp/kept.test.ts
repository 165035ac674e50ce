// What comes with a span over OTLP stays with it: through spans, records, journals, stores, and the `process` option.
import fc from "fast-check";
import { InMemoryTracer, Span, Tracer } from "tracelight";
import { describe, expect, it } from "vitest";
import { entryText } from "../../src/delivery/journal-entry.ts";
import { plainSpan, spanOfLarge } from "../../src/delivery/journal-value.ts";
import { fromItem, toItem } from "../../src/dynamodb/item.ts";
import { isTooLarge, splitSpan } from "../../src/dynamodb/split.ts";
import { decodeBinary } from "../../src/model/binary-decoder.ts";
import { encodeBinary } from "../../src/model/binary-encoder.ts";
import { encodeRecord } from "../../src/model/record.ts";
import { eventMicros, plainFields, type SpanFields } from "../../src/model/span-fields.ts";
import { Turns } from "../../src/model/turns.ts";
import { linkSpans } from "../../src/tracing/families.ts";
import { spanFrom } from "../../src/tracing/span.ts";
import { spanFields } from "../model/arbitraries.ts";
import { nativeSpan } from "./spans.ts";

/** A span on which all that OTLP may bring is set. */
const full: SpanFields = spanFields({
  traceState: "vendor=1",
  events: [{ name: "e", at: new Date(1), atMicros: 1234, droppedAttributesCount: 1 }],
  links: [
    {
      traceId: "1".repeat(32),
      spanId: "2".repeat(16),
      traceState: "l=1",
      flags: 0x101,
      droppedAttributesCount: 2,
    },
  ],
  otlp: {
    flags: 0x301,
    droppedAttributesCount: 1,
    droppedEventsCount: 2,
    droppedLinksCount: 3,
    resource: { schemaUrl: "https://example.com/r", droppedAttributesCount: 4 },
    scope: { schemaUrl: "https://example.com/s", attributes: { k: [1n] }, droppedAttributesCount: 5 },
  },
});

describe("what came with a span over OTLP", () => {
  it("stands in its record, and only where it says something", () => {
    expect(encodeRecord(full)).toMatchObject({
      trace_state: "vendor=1",
      events: [{ name: "e", at: "1970-01-01T00:00:00.001234Z", dropped_attributes_count: 1 }],
      links: [{ trace_state: "l=1", flags: 0x101, dropped_attributes_count: 2 }],
      otlp: {
        flags: 0x301,
        dropped_attributes_count: 1,
        dropped_events_count: 2,
        dropped_links_count: 3,
        resource: { schema_url: "https://example.com/r", dropped_attributes_count: 4 },
        scope: {
          schema_url: "https://example.com/s",
          attributes: { k: [{ __bigint__: "1" }] },
          dropped_attributes_count: 5,
        },
      },
    });
    expect(Object.keys(encodeRecord(spanFields({})))).not.toContain("otlp");
  });

  it("is kept by spans and their copies", () => {
    fc.assert(
      fc.property(nativeSpan, (fields) => {
        const span = spanFrom(fields);
        const [linked] = linkSpans([span], new Map());
        for (const copy of [
          span,
          span.snapshot(),
          linked,
          Span.fromRecord(JSON.parse(JSON.stringify(span))),
        ]) {
          expect(JSON.stringify(copy)).toBe(JSON.stringify(encodeRecord(fields)));
        }
      }),
    );
  });

  it("is kept by journals", () => {
    fc.assert(
      fc.property(nativeSpan, (span) => {
        expect(entryText(1, span)).toBe(`+1 ${JSON.stringify(encodeRecord(span))}`);
        const { value } = plainSpan({ fields: span, bytes: 0 }).next();
        const back = spanOfLarge(decodeBinary(encodeBinary(value)));
        expect(encodeRecord(back)).toEqual(encodeRecord(span));
      }),
    );
  });

  it("is kept by DynamoDB items", () => {
    fc.assert(
      fc.property(nativeSpan, (span) => {
        const back = fromItem(toItem(span, { ttlSeconds: 60 }));
        expect(back && encodeRecord(back.fields)).toEqual(encodeRecord(span));
      }),
    );
  });

  it("goes into parts where it is too large for an item", async () => {
    const scope = { attributes: { large: "x".repeat(500_000) } };
    const span = { ...full, traceState: "x".repeat(500_000), otlp: { ...full.otlp, scope } };
    expect(isTooLarge(span)).toBe(true);
    const { fields, moved } = await splitSpan(span, Object.entries(span.attributes), new Turns());
    expect(isTooLarge(fields)).toBe(false);
    const keys = moved.flatMap(({ shown }) => shown.map(({ key }) => key));
    expect(keys.sort()).toEqual(["otlp", "traceState"]);
    expect(Object.keys(plainFields(full)).sort()).toEqual(Object.keys(full).sort());
  });

  it("is kept where `process` changes the span", () => {
    const written: Span[] = [];
    const tracer = new Tracer(
      { name: "kept", write: (span) => void written.push(span) },
      {
        process: (draft) => {
          draft.spanName = "changed";
        },
      },
    );
    const remote = { traceId: "1".repeat(32), spanId: "2".repeat(16), traceState: "vendor=1" };
    tracer.startSpan("work", { parentSpan: remote, links: full.links }).end();
    expect(written[0]).toMatchObject({ spanName: "changed", traceState: "vendor=1", links: full.links });
  });
});

describe("trace state", () => {
  it("goes from a remote parent to all spans below it", () => {
    const tracer = new InMemoryTracer();
    const parentSpan = { traceId: "1".repeat(32), spanId: "2".repeat(16), traceState: "vendor=1" };
    tracer.trace("outer", { parentSpan }, () => tracer.trace("inner", () => undefined));
    tracer.trace("other", () => undefined);
    expect(tracer.getTraces().map(({ spanName, traceState }) => [spanName, traceState])).toEqual([
      ["outer", "vendor=1"],
      ["inner", "vendor=1"],
      ["other", undefined],
    ]);
  });
});

describe("the time of an event", () => {
  it("is its Date where its microseconds are those of another moment", () => {
    expect(eventMicros({ name: "e", at: new Date(1), atMicros: 1999 })).toBe(1999);
    expect(eventMicros({ name: "e", at: new Date(2), atMicros: 1999 })).toBe(2000);
  });
});
