// Halves of surrogate pairs: no wire and no log line has one; records and SQLite keep what the span has.
import fc from "fast-check";
import { StructuredLogsTracer } from "tracelight";
import { translate } from "tracelight/conventions";
import { expect, test } from "vitest";
import { fromItem, toItem } from "../../src/dynamodb/item.ts";
import { jsonString, wellFormedJson } from "../../src/model/json-strings.ts";
import { encodeRecord } from "../../src/model/record.ts";
import { decodeRecord } from "../../src/model/record-decoder.ts";
import { decodeJsonRequest, decodeProtobufRequest, otlpEncoder } from "../../src/otlp/codec.ts";
import { anyCharacter } from "../characters.ts";
import { spanFields } from "./arbitraries.ts";

const HALF = "a\ud83d b\\ud83d";
const WHOLE = "a\ufffd b\\ud83d";
const ATTRIBUTES = {
  text: HALF,
  [HALF]: [HALF, { [HALF]: HALF }],
  set: new Set([HALF, "a"]),
  map: new Map([[HALF, HALF]]),
  "ai.trace.type": "tool-invocation",
  "ai.tool.input": { [HALF]: HALF },
};
const SPAN = spanFields({
  ...{
    spanName: HALF,
    statusMessage: HALF,
    traceState: HALF,
    attributes: ATTRIBUTES,
    resourceAttributes: { [HALF]: HALF },
  },
  scope: { name: HALF, version: HALF },
  events: [{ name: HALF, at: new Date(0), attributes: { [HALF]: HALF } }],
});

/** True where nothing in it, names included, is half a pair: neither itself nor as an escape within JSON text. */
function isWellFormed(value: unknown): boolean {
  const texts: string[] = [];
  JSON.stringify(value, (key, inner: unknown) => {
    texts.push(key, ...(typeof inner === "string" ? [inner] : []));
    return inner;
  });
  return texts.every((text) => text.isWellFormed());
}

const texts = fc.string({
  unit: fc.oneof(
    fc.constantFrom("\\", "u", "d", "8", "0", '"', "\ud800", "\udc00", "\n"),
    fc.string({ unit: anyCharacter }),
  ),
});

test("a JSON string is what JSON.stringify writes, of one character and of many", () => {
  for (let unit = 0; unit <= 0xffff; unit++) {
    const character = String.fromCharCode(unit);
    if (jsonString(character) !== JSON.stringify(character)) expect.fail(`of U+${unit.toString(16)}`);
  }
  fc.assert(
    fc.property(texts, (text) => {
      expect(jsonString(text)).toBe(JSON.stringify(text));
    }),
  );
});

test("JSON text of JSON.stringify becomes well-formed, and is the same otherwise", () => {
  fc.assert(
    fc.property(texts, (text) => {
      expect(JSON.parse(wellFormedJson(JSON.stringify([text, { [text]: 1 }])))).toEqual([
        text.toWellFormed(),
        { [text.toWellFormed()]: 1 },
      ]);
    }),
  );
});

test.each(["rich", "json"] as const)("OTLP has none, also in JSON within text: %s", (values) => {
  for (const to of [undefined, "gen_ai", "openinference"] as const) {
    const [json, protobuf] = [
      otlpEncoder("json", { values, translate: to }),
      otlpEncoder("protobuf", { values, translate: to }),
    ];
    const sent = [
      decodeJsonRequest(json.join([json.encode(SPAN)])).spans[0],
      decodeProtobufRequest(protobuf.join([protobuf.encode(SPAN)])).spans[0],
    ];
    for (const span of sent) {
      expect(span?.spanName).toBe(WHOLE);
      const within = Object.values(span?.attributes ?? {}).filter(
        (value) => typeof value === "string" && /^[[{]/.test(value),
      );
      for (const value of [span && encodeRecord(span), ...within.map((text) => JSON.parse(String(text)))])
        expect(isWellFormed(value)).toBe(true);
    }
  }
  expect(isWellFormed(translate(SPAN, "gen_ai")["gen_ai.tool.call.arguments"])).toBe(true);
});

test("an item of DynamoDB has none; values and their names come back as they were", () => {
  const item = toItem(SPAN, { ttlSeconds: 60 });
  expect(isWellFormed(item)).toBe(true);
  const { fields } = fromItem(item) ?? {};
  expect(fields?.attributes).toEqual(ATTRIBUTES);
  expect(fields?.resourceAttributes).toEqual({ [HALF]: HALF });
  expect(fields).toMatchObject({ spanName: WHOLE, statusMessage: WHOLE, scope: { name: WHOLE } });
});

test("a log line has none", async () => {
  const lines: string[] = [];
  const { Writable } = await import("node:stream");
  const stream = new Writable({
    write: (chunk, _encoding, done) => {
      lines.push(String(chunk));
      done();
    },
  });
  const tracer = new StructuredLogsTracer({ stream });
  tracer.trace(HALF, { attributes: ATTRIBUTES }, () => undefined);
  await tracer.flush();
  expect(isWellFormed(JSON.parse(lines.join("")))).toBe(true);
  expect(lines.join("")).not.toMatch(/(?<!\\)\\ud83d/i);
});

test("a record has them, and so do files of records and of OTLP/JSON that the command writes", () => {
  expect(decodeRecord(JSON.parse(JSON.stringify(encodeRecord(SPAN)))).attributes).toEqual(ATTRIBUTES);
  const exact = otlpEncoder("json", { isExact: true });
  expect(decodeJsonRequest(exact.join([exact.encode(SPAN)])).spans[0]?.spanName).toBe(HALF);
});
