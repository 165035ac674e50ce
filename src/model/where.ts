// What a filter means: which spans it holds for. Total: evaluating one never throws.
import type { Attributes } from "./attributes.ts";
import { hasFailed } from "./failure.ts";
import { isPlain } from "./plain.ts";
import type { SpanFields } from "./span-fields.ts";
import { closest } from "./spelling.ts";
import { FIELD_NAMES, type Field } from "./where-fields.ts";
import { compares } from "./where-operators.ts";
import { parseWhere } from "./where-syntax.ts";
import type { AttributePath, Name, Where } from "./where-tree.ts";

const MAX_KEPT = 50;
/** Times that count from now are read anew after so long. */
const RELATIVE_MS = 1000;
const MAX_SUGGESTED_LENGTH = 200;

/** True where the filter holds for the span. */
export function evaluate(where: Where, span: SpanFields): boolean {
  return holds(where, new Subject(span));
}

function holds(where: Where, subject: Subject): boolean {
  switch (where.kind) {
    case "and":
      return where.parts.every((part) => holds(part, subject));
    case "or":
      return where.parts.some((part) => holds(part, subject));
    case "not":
      return !holds(where.part, subject);
    case "compare":
      return compares(subject.value(where.name), where.operator, where.value);
  }
}

/** A span that a filter looks at. A span makes its attributes anew each time that it is asked. */
class Subject {
  readonly #span: SpanFields;
  #attributes: Attributes | undefined;

  constructor(span: SpanFields) {
    this.#span = span;
  }

  /** The value of that name; null where there is none. */
  value(name: Name): unknown {
    if (name.kind === "field") return fieldOf(this.#span, name.field) ?? null;
    this.#attributes ??= name.kind === "attribute" ? this.#span.attributes : undefined;
    const attributes = name.kind === "attribute" ? this.#attributes : this.#span.resourceAttributes;
    for (const place of name.places) {
      const found = valueAt(attributes, place);
      if (found !== undefined) return found;
    }
    return null;
  }
}

/** What a field of a span holds. */
export function fieldOf(span: SpanFields, field: Field): unknown {
  switch (field) {
    case "span_name":
      return span.spanName;
    case "span_kind":
      return span.spanKind;
    case "span_status":
      return span.spanStatus;
    case "status_message":
      return span.statusMessage;
    case "trace_id":
      return span.traceId;
    case "span_id":
      return span.spanId;
    case "parent_span_id":
      return span.parentSpanId;
    case "started_at":
      return span.startedAtMicros;
    case "ended_at":
      return span.endedAtMicros;
    case "duration":
      return span.endedAtMicros === undefined ? undefined : span.endedAtMicros - span.startedAtMicros;
    case "state":
      return span.state;
    case "failed":
      return hasFailed(span);
    case "scope.name":
      return span.scope.name;
    case "scope.version":
      return span.scope.version;
  }
}

function valueAt(value: unknown, place: AttributePath): unknown {
  let inner = value;
  for (const key of place) {
    if (typeof inner !== "object" || inner === null) return undefined;
    const isWithin = typeof key === "number" ? Array.isArray(inner) : isPlain(inner);
    if (!isWithin || !Object.hasOwn(inner, key)) return undefined;
    inner = Reflect.get(inner, key);
  }
  return inner;
}

const kept = new Map<string, { readonly where: Where; readonly readAt: number }>();

/**
 * The filter of a text. The latest ones are kept, since a query is held against many spans; those with a time that counts
 * from now for a second.
 * @throws TracelightError `INVALID_QUERY`
 */
export function readWhere(text: string): Where {
  const found = kept.get(text);
  const isRelative = /ago|day|ed_at/i.test(text);
  if (found !== undefined && (!isRelative || Math.abs(Date.now() - found.readAt) < RELATIVE_MS))
    return found.where;
  const where = parseWhere(text);
  kept.delete(text);
  const [oldest] = kept.keys();
  if (kept.size >= MAX_KEPT && oldest !== undefined) kept.delete(oldest);
  kept.set(text, { where, readAt: Date.now() });
  return where;
}

/** The attributes that a filter names, each once; those of the resource are not among them. */
export function attributeNamesIn(where: Where): readonly string[] {
  return [...new Set(attributesIn(where).map(([[name]]) => name))];
}

/** The places of each attribute; the first is its whole name. */
function attributesIn(where: Where): (readonly [AttributePath, ...AttributePath[]])[] {
  if (where.kind === "not") return attributesIn(where.part);
  if (where.kind !== "compare") return where.parts.flatMap(attributesIn);
  if (where.name.kind !== "attribute") return [];
  const [first, ...rest] = where.name.places;
  return first === undefined ? [] : [[first, ...rest]];
}

/** An attribute that no span has, and the name that was probably meant. */
export interface Suggestion {
  readonly name: string;
  readonly suggestion: string;
}

/** For the filter's attributes that are not among the names that a store knows: the nearest of these, or of the fields. */
export function suggestNames(where: Where, knownNames: Iterable<string>): readonly Suggestion[] {
  const known = new Set(knownNames);
  const candidates = [...known, ...FIELD_NAMES].filter(({ length }) => length <= MAX_SUGGESTED_LENGTH);
  const suggestions = new Map<string, Suggestion>();
  for (const places of attributesIn(where)) {
    const name = places[0][0];
    if (name.length > MAX_SUGGESTED_LENGTH || places.some(([prefix]) => known.has(prefix))) continue;
    const suggestion = closest(name, candidates);
    if (suggestion !== undefined) suggestions.set(name, { name, suggestion });
  }
  return [...suggestions.values()];
}
