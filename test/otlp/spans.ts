// Arbitrary spans for the OTLP tests, and what OTLP/JSON of them should be, spelled out a second time.
import type { JsonObject } from "@bufbuild/protobuf";
import fc from "fast-check";
import { capture } from "../../src/model/capture.ts";
import type { OtlpDetails, OtlpPartDetails } from "../../src/model/otlp-details.ts";
import type { SpanEvent, SpanFields, SpanLink } from "../../src/model/span-fields.ts";

const id = (digits: number) =>
  fc
    .string({ unit: fc.constantFrom(..."0123456789abcdef"), minLength: digits, maxLength: digits })
    .filter((hex) => !/^0+$/.test(hex));
/** Without lone surrogates, which UTF-8 cannot say. */
const text = fc.oneof(
  fc.string({ maxLength: 60 }),
  fc.string({ unit: "grapheme", maxLength: 20 }),
  fc.constantFrom('"\\\n\u0000', "é".repeat(43), "x".repeat(127), "x".repeat(128), "ü".repeat(64)),
);
const micros = fc.oneof(
  fc.integer({ min: 1, max: 2 ** 31 }),
  fc.integer({ min: 1_700_000_000_000_000, max: 1_900_000_000_000_000 }),
  fc.constantFrom(1, 999, 1000, 2 ** 32, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER),
);
const key = fc.oneof(text, fc.constantFrom("__proto__", "constructor", "0", "", "key", "value"));
const count = fc.integer({ min: 1, max: 0xffffffff });
const extra = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 });

const primitive = fc.oneof(
  text,
  fc.boolean(),
  fc.maxSafeInteger(),
  fc.double(),
  fc.constantFrom(-0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 2 ** 60),
  fc.constant(null),
  fc.bigInt({ min: 2n ** 53n, max: 2n ** 63n - 1n }),
  fc.bigInt({ min: -(2n ** 63n), max: -(2n ** 53n) }),
);
const bytes = fc.uint8Array({ maxLength: 200 });

const native: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    primitive,
    bytes,
    fc.array(tie("value"), { maxLength: 4 }),
    fc.array(fc.tuple(key, tie("value")), { maxLength: 4 }).map((entries) => Object.fromEntries(entries)),
  ),
})).value;

const rich: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    native,
    fc.bigInt(),
    fc.date({ noInvalidDate: true }),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.array(tie("value"), { maxLength: 4 }).map((items) => new Set(items)),
    fc
      .array(fc.tuple(fc.oneof(key, tie("value")), tie("value")), { maxLength: 3 })
      .map((pairs) => new Map(pairs)),
    fc.array(fc.tuple(key, tie("value")), { maxLength: 4 }).map((entries) => Object.fromEntries(entries)),
  ),
})).value;

/** The same as captured: what cannot be changed, and has no property that is undefined. */
const attributes = (value: fc.Arbitrary<unknown>, minLength = 0) =>
  fc.array(fc.tuple(key, value), { minLength, maxLength: 6 }).map((entries) => {
    const captured = capture(Object.fromEntries(entries));
    return typeof captured === "object" && captured !== null ? { ...captured } : {};
  });

function defined<T extends object>(source: T): T {
  for (const name of Object.keys(source)) {
    if (Reflect.get(source, name) === undefined) Reflect.deleteProperty(source, name);
  }
  return source;
}

const event = (value: fc.Arbitrary<unknown>): fc.Arbitrary<SpanEvent> =>
  fc
    .record({
      name: text,
      micros,
      attributes: extra(attributes(value, 1)),
      droppedAttributesCount: extra(count),
    })
    .map(({ micros: at, attributes: own, ...rest }) => ({
      ...defined(rest),
      at: new Date(Math.floor(at / 1000)),
      ...(at % 1000 === 0 ? {} : { atMicros: at }),
      ...(own === undefined ? {} : { attributes: own }),
    }));

const link = (value: fc.Arbitrary<unknown>): fc.Arbitrary<SpanLink> =>
  fc
    .record({
      traceId: id(32),
      spanId: id(16),
      attributes: extra(attributes(value, 1)),
      traceState: extra(text.filter((state) => state !== "")),
      flags: extra(count),
      droppedAttributesCount: extra(count),
    })
    .map(({ attributes: own, ...rest }) => ({
      ...defined(rest),
      ...(own === undefined ? {} : { attributes: own }),
    }));

const url = fc.webUrl();

const details = (value: fc.Arbitrary<unknown>): fc.Arbitrary<OtlpDetails | undefined> => {
  const resource: fc.Arbitrary<OtlpPartDetails> = fc
    .record({ schemaUrl: extra(url), droppedAttributesCount: extra(count) })
    .map(defined);
  const scope: fc.Arbitrary<OtlpPartDetails> = fc
    .record({
      schemaUrl: extra(url),
      attributes: extra(attributes(value, 1)),
      droppedAttributesCount: extra(count),
    })
    .map(defined);
  const some = (part: fc.Arbitrary<OtlpPartDetails>) =>
    extra(part).map((made) => (made !== undefined && Object.keys(made).length > 0 ? made : undefined));
  return fc
    .record({
      flags: extra(count),
      droppedAttributesCount: extra(count),
      droppedEventsCount: extra(count),
      droppedLinksCount: extra(count),
      resource: some(resource),
      scope: some(scope),
    })
    .map((all) => (Object.keys(defined(all)).length > 0 ? all : undefined));
};

const span = (value: fc.Arbitrary<unknown>): fc.Arbitrary<SpanFields> =>
  fc
    .record({
      spanName: text,
      spanKind: fc.constantFrom("INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"),
      traceId: id(32),
      spanId: id(16),
      parentSpanId: fc.option(id(16), { nil: undefined }),
      startedAtMicros: micros,
      endedAtMicros: micros,
      state: fc.constant("ended" as const),
      spanStatus: fc.constantFrom("UNSET", "OK", "ERROR"),
      statusMessage: extra(text.filter((message) => message !== "")),
      attributes: attributes(value),
      resourceAttributes: attributes(value),
      scope: fc
        .record({ name: text, version: extra(text.filter((version) => version !== "")) })
        .map(({ name, version }) => (version === undefined ? { name } : { name, version })),
      events: fc.array(event(value), { maxLength: 3 }),
      links: fc.array(link(value), { maxLength: 3 }),
      traceState: extra(text.filter((state) => state !== "")),
      otlp: details(value),
    })
    .map(({ traceState, otlp, ...rest }) => ({
      ...rest,
      ...(traceState === undefined ? {} : { traceState }),
      ...(otlp === undefined ? {} : { otlp }),
    }));

/** A span of which every value has a kind in OTLP. */
export const nativeSpan: fc.Arbitrary<SpanFields> = span(native);
export const nativeSpans: fc.Arbitrary<SpanFields[]> = fc.array(nativeSpan, { maxLength: 4 });
/** A span with any values that capture gives, without lone surrogates. */
export const richSpan: fc.Arbitrary<SpanFields> = span(rich);

/** A span as OTLP/JSON: an item of `resourceSpans` for it alone. */
export function otlpJsonOf(fields: SpanFields): JsonObject {
  const { otlp = {} } = fields;
  return {
    resource: {
      attributes: attributesOf(fields.resourceAttributes),
      droppedAttributesCount: otlp.resource?.droppedAttributesCount ?? 0,
    },
    schemaUrl: otlp.resource?.schemaUrl ?? "",
    scopeSpans: [
      {
        scope: {
          name: fields.scope.name,
          version: fields.scope.version ?? "",
          attributes: attributesOf(otlp.scope?.attributes ?? {}),
          droppedAttributesCount: otlp.scope?.droppedAttributesCount ?? 0,
        },
        schemaUrl: otlp.scope?.schemaUrl ?? "",
        spans: [otlpSpanOf(fields, otlp)],
      },
    ],
  };
}

function otlpSpanOf(fields: SpanFields, otlp: OtlpDetails): JsonObject {
  const { spanStatus, statusMessage } = fields;
  const hasStatus = spanStatus !== "UNSET" || statusMessage !== undefined;
  return {
    traceId: fields.traceId,
    spanId: fields.spanId,
    traceState: fields.traceState ?? "",
    parentSpanId: fields.parentSpanId ?? "",
    flags: otlp.flags ?? 0,
    name: fields.spanName,
    kind: ["INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"].indexOf(fields.spanKind) + 1,
    startTimeUnixNano: nanosOf(fields.startedAtMicros),
    endTimeUnixNano: nanosOf(fields.endedAtMicros ?? 0),
    attributes: attributesOf(fields.attributes),
    droppedAttributesCount: otlp.droppedAttributesCount ?? 0,
    events: fields.events.map((one) => ({
      timeUnixNano: nanosOf(one.atMicros ?? one.at.getTime() * 1000),
      name: one.name,
      attributes: attributesOf(one.attributes ?? {}),
      droppedAttributesCount: one.droppedAttributesCount ?? 0,
    })),
    droppedEventsCount: otlp.droppedEventsCount ?? 0,
    links: fields.links.map((one) => ({
      traceId: one.traceId,
      spanId: one.spanId,
      traceState: one.traceState ?? "",
      attributes: attributesOf(one.attributes ?? {}),
      droppedAttributesCount: one.droppedAttributesCount ?? 0,
      flags: one.flags ?? 0,
    })),
    droppedLinksCount: otlp.droppedLinksCount ?? 0,
    ...(hasStatus
      ? { status: { message: statusMessage ?? "", code: ["UNSET", "OK", "ERROR"].indexOf(spanStatus) } }
      : {}),
  };
}

function nanosOf(at: number): string {
  return String(BigInt(at) * 1000n);
}

function attributesOf(source: object): JsonObject[] {
  return Object.entries(source).map(([name, value]) => ({ key: name, value: otlpValueOf(value) }));
}

/** A captured value as an AnyValue. */
export function otlpValueOf(value: unknown): JsonObject {
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "boolean") return { boolValue: value };
  if (typeof value === "number") {
    return Number.isSafeInteger(value) && !Object.is(value, -0)
      ? { intValue: String(value) }
      : { doubleValue: Number.isFinite(value) && value !== 0 ? value : numberText(value) };
  }
  if (typeof value === "bigint") {
    return BigInt.asIntN(64, value) === value ? { intValue: String(value) } : { stringValue: String(value) };
  }
  if (typeof value !== "object" || value === null) return {};
  if (value instanceof Uint8Array) return { bytesValue: Buffer.from(value).toString("base64") };
  if (value instanceof Date) return { stringValue: value.toISOString() };
  if (value instanceof Set) return listOf([...value]);
  if (value instanceof Map) return mapOf(value);
  return Array.isArray(value) ? listOf(value) : { kvlistValue: { values: attributesOf(value) } };
}

function numberText(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}

function listOf(items: readonly unknown[]): JsonObject {
  return { arrayValue: { values: items.map(otlpValueOf) } };
}

function mapOf(map: ReadonlyMap<unknown, unknown>): JsonObject {
  const pairs = [...map];
  if (!pairs.every(([name]) => typeof name === "string")) return listOf(pairs);
  return {
    kvlistValue: { values: pairs.map(([name, value]) => ({ key: String(name), value: otlpValueOf(value) })) },
  };
}
