// What may come next in a filter: names by how many spans have them, operators that fit, values by how often they are there.
import { steadyNow } from "../model/timers.ts";
import { fieldOf } from "../model/where.ts";
import { FIELDS, type Field, fieldNamed } from "../model/where-fields.ts";
import type { Span } from "../tracing/span.ts";
import type { CompletionJson, CompletionNameJson, CompletionValueJson } from "./api.ts";
import type { Asked } from "./asked.ts";
import type { Filter } from "./params.ts";

/** `GET /api/complete` */
export async function complete(asked: Asked): Promise<CompletionJson> {
  const params = asked.params("name", "text", "since", "until");
  const [name, text = ""] = [params.text("name"), params.text("text")];
  const sample = await sampleOf(asked, params.filter());
  const sampled = sample.length;
  if (name === undefined) {
    const names = [...fieldNames(), ...(await attributeNames(sample, asked))];
    return { names: fitting(names, text, (one) => one.name), operators: [], values: [], sampled };
  }
  const field = fieldNamed(name);
  const type = field === undefined ? typeAmong(valuesIn(sample, name)) : typeOfField(field);
  const values =
    field === undefined ? await attributeValues(name, sample, asked) : fieldValues(field, sample);
  const operators = OPERATORS.get(type) ?? OPERATORS_OF_TEXT;
  return { names: [], operators, values: fitting(values, text, (one) => one.text), sampled };
}

/** The latest of the range, as many as can be looked at while somebody types. */
async function sampleOf({ reader, signal }: Asked, filter: Filter): Promise<readonly Span[]> {
  const spans: Span[] = [];
  const deadline = steadyNow() + MAX_MS;
  for await (const span of reader.iterate({ ...filter, order: "desc", limit: MAX_SPANS })) {
    spans.push(span);
    if (signal.aborted || steadyNow() > deadline) break;
  }
  return spans;
}

function fieldNames(): CompletionNameJson[] {
  return Object.keys(FIELDS).flatMap((name) => {
    const field = fieldNamed(name);
    return field === undefined ? [] : [{ name, type: typeOfField(field), share: null }];
  });
}

/** Those of the sample by how many have them, then those of other spans. */
async function attributeNames(sample: readonly Span[], { reader }: Asked): Promise<CompletionNameJson[]> {
  const found = new Map<string, unknown[]>();
  for (const { attributes } of sample) {
    for (const [name, value] of Object.entries(attributes)) {
      const values = found.get(name);
      if (values === undefined) found.set(name, [value]);
      else values.push(value);
    }
  }
  const known = [...found]
    .sort(([, a], [, b]) => b.length - a.length)
    .map(([name, values]) => ({ name, type: typeAmong(values), share: values.length / sample.length }));
  const others = (await reader.attributeNames()).filter((name) => !found.has(name));
  return [...known, ...others.map((name) => ({ name, type: "mixed", share: 0 }))];
}

async function attributeValues(
  name: string,
  sample: readonly Span[],
  { reader }: Asked,
): Promise<CompletionValueJson[]> {
  const counted = countedValues(valuesIn(sample, name));
  const others = (await reader.attributeValues(name, MAX_VALUES)).flatMap((value) => literalOf(value) ?? []);
  const known = new Set(counted.map(({ literal }) => literal));
  return [
    ...counted,
    ...others.filter(({ literal }) => !known.has(literal)).map((one) => ({ ...one, count: null })),
  ];
}

/** The words of a field that has but a few; those of a text as spans have them. */
function fieldValues(field: Field, sample: readonly Span[]): CompletionValueJson[] {
  const type = FIELDS[field];
  const found = countedValues(sample.map((span) => fieldOf(span, field)));
  if (typeof type === "string") return type === "text" ? found : [];
  return type.map((word) => ({
    literal: word,
    text: word,
    count: found.find(({ text }) => text === word)?.count ?? 0,
  }));
}

function countedValues(values: readonly unknown[]): CompletionValueJson[] {
  const found = new Map<string, { text: string; count: number }>();
  for (const value of values) {
    const one = literalOf(value);
    if (one === undefined) continue;
    const known = found.get(one.literal);
    if (known === undefined) found.set(one.literal, { text: one.text, count: 1 });
    else known.count++;
  }
  return [...found]
    .map(([literal, rest]) => ({ literal, ...rest }))
    .sort((a, b) => (b.count ?? 0) - (a.count ?? 0));
}

/** As a filter has it; undefined for what it has no way to say, and for what nobody would choose from a list. */
function literalOf(value: unknown): { literal: string; text: string } | undefined {
  if (typeof value === "string") {
    return value.length > MAX_LITERAL ? undefined : { literal: JSON.stringify(value), text: value };
  }
  if (typeof value === "bigint") return { literal: `${value}n`, text: String(value) };
  const isPlain = typeof value === "boolean" || (typeof value === "number" && Number.isFinite(value));
  return isPlain ? { literal: String(value), text: String(value) } : undefined;
}

function valuesIn(sample: readonly Span[], name: string): unknown[] {
  return sample.flatMap(({ attributes }) => (Object.hasOwn(attributes, name) ? [attributes[name]] : []));
}

function typeAmong(values: readonly unknown[]): string {
  const [first, ...others] = new Set(values.map(typeOf));
  return first === undefined || others.length > 0 ? "mixed" : first;
}

function typeOf(value: unknown): string {
  if (typeof value === "string") return "text";
  if (typeof value === "number" || typeof value === "bigint") return "number";
  if (typeof value === "boolean") return "flag";
  if (value instanceof Date) return "time";
  return Array.isArray(value) ? "list" : "object";
}

function typeOfField(field: Field): string {
  const type = FIELDS[field];
  return typeof type === "string" ? type : "words";
}

/** Those that begin so, then those that have it within. */
function fitting<T>(all: readonly T[], text: string, textOf: (one: T) => string): T[] {
  const wanted = text.toLowerCase();
  const placeOf = (one: T): number => textOf(one).toLowerCase().indexOf(wanted);
  const begins = all.filter((one) => placeOf(one) === 0);
  return [...begins, ...all.filter((one) => placeOf(one) > 0)].slice(0, MAX_VALUES);
}

const OPERATORS_OF_TEXT = ["=", "!=", "contains", "starts with", "in", "<", "<=", ">", ">="];
const OPERATORS: ReadonlyMap<string, readonly string[]> = new Map([
  ["text", OPERATORS_OF_TEXT],
  ["mixed", OPERATORS_OF_TEXT],
  ["number", ["=", "!=", ">", ">=", "<", "<=", "in"]],
  ["duration", [">", ">=", "<", "<=", "="]],
  ["time", [">", ">=", "<", "<="]],
  ["words", ["=", "!=", "in"]],
  ["flag", ["=", "!="]],
  ["object", ["contains"]],
  ["list", ["contains"]],
]);
const MAX_SPANS = 500;
const MAX_MS = 300;
const MAX_VALUES = 50;
const MAX_LITERAL = 200;
