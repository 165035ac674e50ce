// Spans and filters of any kind, from few keys and values, so that many hold: what tests of filters and listings are made from.
import fc from "fast-check";
import { capture } from "../../src/model/capture.ts";
import { setOwn } from "../../src/model/own-property.ts";
import type { SpanFields } from "../../src/model/span-fields.ts";
import { anyMaker, spanFields, trickyKeys } from "./arbitraries.ts";

/** A span as it is in the database, and the names of its attributes that are kept outside of the row. */
export interface Written {
  readonly span: SpanFields;
  readonly identifier?: string;
  readonly elsewhere?: readonly string[];
}

const pool = [
  ...[
    "",
    "x",
    "X",
    "London",
    "a\nb",
    'say "hi"',
    "back\\slash",
    "\u212aelvin",
    "\u0130stanbul",
    "i",
    "k",
    "日本語",
    "ÉTÉ",
  ],
  ...["\ud800", "a\udfff", "a\0b", "\uffff", "\u{1f600}", "null", "5", "{", "__bytes__"],
  ...[0, -0, 1, 5, 0.1, 0.30000000000000004, -2.5, 1e22, 2 ** 60, 2 ** 53, 5e-324, Number.MAX_VALUE],
  ...[
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    0n,
    1n,
    5n,
    10n ** 30n,
    true,
    false,
    null,
  ],
  ...[new Date(0), new Date("2026-11-22T09:00:00Z"), new Date(8.64e15), Uint8Array.of(1, 2)],
];
export const leaf = fc.constantFrom<unknown>(...pool);
const keys = fc.constantFrom(
  "a",
  "b",
  "c",
  "a.b",
  "a.b.c",
  "b.c",
  "my key",
  "ü",
  "null",
  "a\0b",
  "ai.tool.error",
  "a\0",
  ...trickyKeys,
);
export const value = fc.oneof(
  { weight: 4, arbitrary: leaf },
  { weight: 1, arbitrary: fc.array(leaf, { maxLength: 3 }) },
  { weight: 1, arbitrary: fc.array(leaf, { maxLength: 2 }).map((items) => new Set(items)) },
  { weight: 1, arbitrary: fc.tuple(keys, leaf).map(([key, inner]) => new Map([[key, inner]])) },
  { weight: 3, arbitrary: objects(leaf) },
  { weight: 1, arbitrary: objects(objects(leaf)) },
  { weight: 1, arbitrary: fc.array(objects(leaf), { maxLength: 2 }) },
  { weight: 1, arbitrary: anyMaker.map((make) => capture(make())) },
);

function objects(inner: fc.Arbitrary<unknown>): fc.Arbitrary<object> {
  return fc.array(fc.tuple(keys, inner), { maxLength: 3 }).map(objectOf);
}

function objectOf(entries: readonly (readonly [string, unknown])[]): Record<string, unknown> {
  const made: Record<string, unknown> = {};
  for (const [key, inner] of entries) setOwn(made, key, capture(inner) ?? null);
  return made;
}

const attributes = fc.array(fc.tuple(keys, value), { maxLength: 5 }).map(objectOf);
export const texts = fc.constantFrom(...pool.filter((item) => typeof item === "string"));
export const written: fc.Arbitrary<Written> = fc
  .record({
    spanName: texts,
    spanStatus: fc.constantFrom("UNSET" as const, "OK" as const, "ERROR" as const),
    statusMessage: fc.option(texts, { nil: undefined }),
    parentSpanId: fc.constantFrom(undefined, "c".repeat(16)),
    endedAtMicros: fc.constantFrom(undefined, 1_000_000, 1_500_000, 3_000_000),
    isRunning: fc.boolean(),
    attributes,
    resourceAttributes: attributes,
    scope: fc.constantFrom({ name: "x" }, { name: "London", version: "a\0b" }),
    elsewhere: fc.subarray(["a", "b", "a.b", "my key"]),
    identifier: fc.constantFrom("_", "x"),
  })
  .map(({ isRunning, elsewhere, identifier, ...fields }) => {
    const open = isRunning ? ("running" as const) : ("interrupted" as const);
    const span = spanFields({ ...fields, state: fields.endedAtMicros === undefined ? open : "ended" });
    return { span, identifier, elsewhere: elsewhere.filter((key) => Object.hasOwn(fields.attributes, key)) };
  });

const bareName = fc.constantFrom(
  "a",
  "b",
  "c",
  "a.b",
  "a.b.c",
  "a.b.c.a",
  "b.c",
  "a[0]",
  "a.b[1].c",
  "resource.a",
  "resource.a.b",
);
const quotedName = fc
  .tuple(fc.constantFrom("attributes", "resource"), keys, fc.option(keys))
  .map(
    ([root, key, inner]) =>
      `${root}[${JSON.stringify(key)}]${inner === null ? "" : `[${JSON.stringify(inner)}]`}`,
  );
const textField = fc.constantFrom(
  "span_name",
  "status_message",
  "trace_id",
  "span_id",
  "parent_span_id",
  "scope.name",
  "scope.version",
);
const ordering = fc.constantFrom("=", "!=", "<", "<=", ">", ">=");
const wording = fc.constantFrom("contains", "starts with", "not contains", "not starts with");

/** Values that the language can say. */
const sayable = pool.filter(
  (item) => !(item instanceof Uint8Array) && !(typeof item === "number" && !Number.isFinite(item)),
);

function literal(item: unknown): string {
  if (typeof item === "string") return JSON.stringify(item);
  if (item instanceof Date) return item.getTime() > 1e14 ? "9999-12-31" : item.toISOString();
  return typeof item === "bigint" ? `${item}n` : String(item);
}

const anyLiteral = fc.constantFrom(...sayable.map(literal));
const ordered = fc.constantFrom(
  ...sayable.filter((item) => item !== null && typeof item !== "boolean").map(literal),
);
const textLiteral = texts.map(literal);

const leafFilter = fc
  .oneof(
    ...[bareName, quotedName].flatMap((name) => [
      fc.tuple(name, fc.constantFrom("=", "!="), anyLiteral),
      fc.tuple(name, ordering, ordered),
      fc.tuple(name, wording, textLiteral),
      fc.tuple(name, fc.constant("contains"), ordered),
      fc.tuple(fc.constant("exists"), name),
    ]),
    fc.tuple(textField, ordering, textLiteral),
    fc.tuple(textField, wording, textLiteral),
    fc.tuple(fc.constant("duration"), ordering, fc.constantFrom("0s", "500ms", "-1s", "2s")),
    fc.tuple(
      fc.constantFrom("started_at", "ended_at"),
      ordering,
      fc.constantFrom("1970-01-01T00:00:01Z", "1970-01-01T00:00:01.5Z", "1h ago"),
    ),
    fc.constantFrom(
      ["state = running"],
      ["state != ended"],
      ["state in (ended, interrupted)"],
      ["status = ERROR"],
      ["failed"],
      ["failed = false"],
    ),
    fc.constantFrom(
      ["kind not in (INTERNAL)"],
      ["ended_at = null"],
      ["duration != null"],
      ['state contains "run"'],
    ),
  )
  .map((words) => words.join(" "));

export const filter: fc.Arbitrary<string> = fc.letrec<{ filter: string }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 3 },
    leafFilter,
    tie("filter").map((inner) => `not (${inner})`),
    fc
      .tuple(tie("filter"), fc.constantFrom("and", "or"), tie("filter"))
      .map(([a, word, b]) => `(${a}) ${word} (${b})`),
  ),
})).filter;
