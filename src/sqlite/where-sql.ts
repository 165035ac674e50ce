// Filters and queries as SQL over the table `spans`: what SQLite can decide by itself, and what it must leave open.

import { capture } from "../model/capture.ts";
import { boundOf } from "../model/clock.ts";
import { CONVERSATION_ID, isConversationId } from "../model/conversation.ts";
import type { TraceQuery } from "../model/query.ts";
import { canonicalJson, encodeValue } from "../model/values.ts";
import { readWhere } from "../model/where.ts";
import type { Field } from "../model/where-fields.ts";
import { isSearch, type Operator, ORDERS, type Order, type Search } from "../model/where-operators.ts";
import type { AttributePath, Comparison, Literal, Name, Where } from "../model/where-tree.ts";
import {
  both,
  condition,
  either,
  exactly,
  FALSE,
  joined,
  MAX_CHAIN,
  negated,
  type SqlBounds,
  type SqlCondition,
  TRUE,
  UNDECIDED,
  unless,
} from "./sql-conditions.ts";

/** The fields of a query that say something about each span. */
export type SpanConditions = Pick<
  TraceQuery,
  | "traceId"
  | "conversation"
  | "identifier"
  | "spanName"
  | "spanStatus"
  | "failed"
  | "attributeFilter"
  | "where"
  | "since"
  | "until"
>;

/** A filter as conditions on rows of `spans`. */
export function whereToSql(where: Where): SqlBounds {
  const bounds = boundsOf(where, 0);
  return isTooLarge(bounds.may) || isTooLarge(bounds.must) ? UNDECIDED : bounds;
}

/** True for every row whose span the query asks for, and perhaps for others: hold the spans against `matches`. */
export function queryToSql(query: SpanConditions): SqlCondition {
  const {
    traceId,
    identifier,
    spanName,
    spanStatus,
    failed,
    since,
    until,
    attributeFilter = {},
    where,
  } = query;
  const conditions: SqlCondition[] = [conversationToSql(query) ?? TRUE];
  if (traceId !== undefined) conditions.push(columnEquals("trace_id", traceId).may);
  if (identifier !== undefined) conditions.push(columnEquals("identifier", identifier).may);
  if (since !== undefined) conditions.push(condition("(started_at >= ?)", boundOf(since)));
  if (until !== undefined) conditions.push(condition("(started_at < ?)", boundOf(until)));
  if (spanStatus !== undefined) conditions.push(columnEquals("span_status", spanStatus).may);
  if (failed === true) conditions.push(FAILED);
  if (spanName !== undefined) conditions.push(nameEquals(spanName).may);
  for (const [key, value] of Object.entries(attributeFilter)) {
    conditions.push(attributeEquals(key, capture(value) ?? null));
  }
  const all = joined("AND", conditions.slice(0, MAX_CONDITIONS));
  return where === undefined ? all : joined("AND", [all, whereToSql(readWhere(where)).may]);
}

/**
 * The part of a query that the index by conversation answers; undefined where there is none. A span whose `ai.conversation.id`
 * is the filter's is of that conversation.
 */
export function conversationToSql({
  conversation,
  attributeFilter,
}: SpanConditions): SqlCondition | undefined {
  // Not IS: the index leaves out the nulls.
  const equal = (id: unknown) => condition("(conversation = ?)", canonicalJson(id));
  if (conversation !== undefined) return equal(capture(conversation));
  const id = capture(attributeFilter?.[CONVERSATION_ID]);
  if (!isConversationId(id)) return undefined;
  // The column tells zeros apart, and the orders of a set's items; a filter does not.
  if (!isLiteral(id)) return condition("(conversation IS NOT NULL)");
  return id === 0 ? condition("(conversation IN (?, ?))", canonicalJson(0), canonicalJson(-0)) : equal(id);
}

/** SQLite's parser and its trees have a limit of depth; what is nested deeper is left open. */
const MAX_LEVELS = 10;
const MAX_CONDITIONS = 50;
const MAX_KEY_LENGTH = 500;
const MAX_SQL_LENGTH = 200_000;
const MAX_VALUES = 10_000;

/** Keys that a JSON path can hold in quotes and that stand in JSON as they are. */
const SAFE_KEY = /^[\w.\-/: @$]+$/;
/** Texts of which SQLite's `lower` makes what JavaScript does, but for K (Kelvin) and İ, see `folded`. */
const FOLDS_ALIKE = /^[\0-\x7f\p{Lo}]*$/u;

function isTooLarge({ sql, values }: SqlCondition): boolean {
  return sql.length > MAX_SQL_LENGTH || values.length > MAX_VALUES;
}

function boundsOf(where: Where, level: number): SqlBounds {
  if (level > MAX_LEVELS) return UNDECIDED;
  switch (where.kind) {
    case "compare":
      return comparisonBounds(where);
    case "not": {
      const { may, must } = boundsOf(where.part, level + 1);
      return { may: negated(must), must: negated(may) };
    }
    default: {
      const inner = level + 1 + Math.ceil(Math.log2(Math.max(1, where.parts.length / MAX_CHAIN)));
      const parts = where.parts.map((part) => boundsOf(part, inner));
      const word = where.kind === "and" ? "AND" : "OR";
      const join = (side: "may" | "must") =>
        joined(
          word,
          parts.map((part) => part[side]),
        );
      return { may: join("may"), must: join("must") };
    }
  }
}

function comparisonBounds({ name, operator, value }: Comparison): SqlBounds {
  if (name.kind === "field") return fieldBounds(name.field, operator, value);
  const source = sourceOf(name);
  return source === undefined ? UNDECIDED : within(source, jsonBounds(source.raw, operator, value));
}

function fieldBounds(field: Field, operator: Operator, value: Literal): SqlBounds {
  switch (field) {
    case "started_at":
    case "ended_at":
      return numberBounds(field, operator, value);
    case "duration":
      return numberBounds("(ended_at - started_at)", operator, value);
    case "state":
      return stateBounds(operator, value);
    case "failed":
      return value === null
        ? { may: FALSE, must: FALSE }
        : exactly(`(${FAILED.sql} = ?)`, value === true ? 1 : 0);
    case "span_name":
      return unless(NAME_ELSEWHERE, textBounds(field, operator, value));
    case "status_message":
      return readable("details", jsonBounds("(details -> '$.status_message')", operator, value));
    case "scope.name":
    case "scope.version":
      return readable("origin", jsonBounds(`(origin -> '$.${field}')`, operator, value));
    case "trace_id":
    case "span_id":
    case "parent_span_id":
    case "span_kind":
    case "span_status":
      return textBounds(field, operator, value);
  }
}

/** A name that a column cannot hold is whole in `details`; the column has U+FFFD for what it cannot. */
const NAME_ELSEWHERE: SqlCondition = condition("(details IS NOT NULL AND instr(span_name, '\ufffd') > 0)");

function nameEquals(name: string): SqlBounds {
  return unless(NAME_ELSEWHERE, columnEquals("span_name", name));
}

/** By the facts, which hold no other such text: in a text of JSON, quotes stand behind a backslash. */
export const FAILED: SqlCondition = condition(`(instr(facts, '"failed":true') > 0)`);

/** Whether a span runs or was interrupted is known to those who know its writer. */
function stateBounds(operator: Operator, value: Literal): SqlBounds {
  if (operator !== "=") return UNDECIDED;
  if (value === null) return { may: FALSE, must: FALSE };
  if (value === "ended") return exactly("(ended_at IS NOT NULL)");
  return { may: condition("(ended_at IS NULL)"), must: FALSE };
}

function numberBounds(column: string, operator: Operator, value: Literal): SqlBounds {
  if (value === null) return exactly(`(${column} IS NULL)`);
  if (typeof value !== "number" || !Number.isSafeInteger(value)) return UNDECIDED;
  if (operator === "=") return exactly(`(${column} IS ?)`, value);
  return isSearch(operator) ? UNDECIDED : exactly(`coalesce(${ordered(column, operator)}, 0)`, value);
}

function columnEquals(column: string, value: Literal): SqlBounds {
  if (value === null) return exactly(`(${column} IS NULL)`);
  return isPlainText(value) ? exactly(`(${column} IS ?)`, value) : UNDECIDED;
}

function textBounds(column: string, operator: Operator, value: Literal): SqlBounds {
  if (operator === "=") return columnEquals(column, value);
  if (!isPlainText(value)) return UNDECIDED;
  if (!isSearch(operator)) return exactly(`coalesce(${ordered(column, operator)}, 0)`, value);
  const wanted = value.toLowerCase();
  if (!FOLDS_ALIKE.test(wanted)) return UNDECIDED;
  if (operator === "contains") return exactly(`coalesce(instr(${folded(column, wanted)}, ?) > 0, 0)`, wanted);
  if (operator === "starts with") return exactly(`coalesce(${startsWith(column, wanted)}, 0)`, wanted);
  return UNDECIDED;
}

/** Only these are pasted into SQL. */
const IN_SQL: Readonly<Record<Order, string>> = { "<": "<", "<=": "<=", ">": ">", ">=": ">=" };

function ordered(sql: string, operator: Order): string {
  return `${sql} ${IN_SQL[operator]} ?`;
}

/** True for texts that SQLite holds as they are. */
function isPlainText(value: unknown): value is string {
  return typeof value === "string" && value.isWellFormed() && !value.includes("\0");
}

/** In lower case as JavaScript has it, as far as it can matter to a text of `FOLDS_ALIKE`. */
function folded(text: string, wanted: string): string {
  return `lower(${/[ik]/.test(wanted) ? `replace(replace(${text}, '\u212a', 'k'), '\u0130', 'i\u0307')` : text})`;
}

function startsWith(text: string, wanted: string): string {
  const { length } = [...wanted];
  return `substr(${folded(`substr(${text}, 1, ${length})`, wanted)}, 1, ${length}) = ?`;
}

/**
 * SQLite fails at JSON of more than 1000 levels, which an imported record can have. Text of less than 2000 bytes has no room
 * for them, and asking its length costs nothing.
 */
function readable(column: string, { may, must }: SqlBounds): SqlBounds {
  const isReadable = `coalesce(octet_length(${column}), 0) < 2000 OR json_valid(${column})`;
  const when = (inner: SqlCondition, otherwise: 0 | 1) =>
    condition(`(CASE WHEN ${isReadable} THEN ${inner.sql} ELSE ${otherwise} END)`, ...inner.values);
  return { may: when(may, 1), must: must === FALSE ? FALSE : when(must, 0) };
}

/** A value within a JSON column. */
interface JsonSource {
  readonly column: "attributes" | "origin";
  /** Its JSON as it was written; null where there is none. */
  readonly raw: string;
  /** Where the value may be another than that. */
  readonly open: SqlCondition;
}

/** Undefined where the name does not go into a JSON path. */
function sourceOf({ kind, places }: Exclude<Name, { kind: "field" }>): JsonSource | undefined {
  const column = kind === "attribute" ? "attributes" : "origin";
  const prefix = kind === "attribute" ? "$" : "$.resource_attributes";
  const paths = places.map((place) => pathOf(prefix, place));
  const known = paths.filter((path) => path !== undefined);
  if (known.length < paths.length) return undefined;
  const values = known.map((path) => `(${column} -> '${path}')`);
  const raw = values.length === 1 ? values.join() : `coalesce(${values.join(", ")})`;
  if (kind === "resource") return { column, raw, open: FALSE };
  const names = places.map(([name]) => condition(`(attributes -> '$."${name}"' IS 'null')`));
  return { column, raw, open: both(condition("(stored IS NOT NULL)"), either(...names, HAS_REST)) };
}

/** SQLite takes a key for another that is the same up to a NUL. */
function within({ column, open }: JsonSource, bounds: SqlBounds): SqlBounds {
  const hasNul = condition(`(instr(${column}, '\\u0000') > 0)`);
  return readable(column, unless(either(open, hasNul), bounds));
}

/** Attributes of which not even the names are in the row. */
const HAS_REST: SqlCondition = condition(`(instr(stored, '"rest":') > 0)`);

function pathOf(prefix: string, [name, ...keys]: AttributePath): string | undefined {
  if (name.length > MAX_KEY_LENGTH || !SAFE_KEY.test(name)) return undefined;
  let path = `${prefix}."${name}"`;
  for (const key of keys) {
    // Keys like that may be tags of the encoding, which are not in the value.
    if (typeof key === "string" && (!SAFE_KEY.test(key) || key.startsWith("__"))) return undefined;
    path += typeof key === "number" ? `[${key}]` : `."${key}"`;
  }
  return path;
}

/** Bounds of a value by its JSON, which is the same for scalars that are equal. */
function jsonBounds(raw: string, operator: Operator, value: Literal): SqlBounds {
  if (operator === "=") return jsonEquals(raw, value);
  if (operator === "contains" && typeof value !== "string") {
    const part = condition(`coalesce(instr(${raw}, ?) > 0, 0)`, json(value));
    return { may: part, must: jsonEquals(raw, value).must };
  }
  if (isSearch(operator)) return jsonSearch(raw, operator, String(value));
  if (typeof value === "string") return jsonTextOrder(raw, operator, value);
  if (typeof value === "number") return jsonNumberOrder(raw, operator, value);
  const mayBe = `coalesce(${typeof value === "bigint" ? `${isNumber(raw)} OR ` : ""}${isTagged(raw)}, 0)`;
  return { may: condition(mayBe), must: FALSE };
}

function json(value: unknown): string {
  return JSON.stringify(encodeValue(value));
}

function jsonEquals(raw: string, value: Literal): SqlBounds {
  if (value === null) return exactly(`(coalesce(${raw}, 'null') = 'null')`);
  if (value === 0) return exactly(`coalesce(${raw} IN (?, ?), 0)`, json(0), json(-0));
  return exactly(`(${raw} IS ?)`, json(value));
}

/** A text stands in JSON as it is, but for escapes; in a list or an object, keys and tags are found too. */
function jsonSearch(raw: string, operator: Search, value: string): SqlBounds {
  const wanted = value.toLowerCase();
  if (!wanted.isWellFormed() || !FOLDS_ALIKE.test(wanted)) return UNDECIDED;
  const quoted = JSON.stringify(wanted);
  if (operator === "starts with") {
    const start = quoted.slice(0, -1);
    return exactly(`coalesce(${startsWith(raw, start)}, 0)`, start);
  }
  if (operator !== "contains") return UNDECIDED;
  const found = `instr(${folded(raw, wanted)}, ?) > 0`;
  const may = condition(`coalesce(${found}, 0)`, quoted.slice(1, -1));
  const isPlain = `${isText(raw)} AND instr(${raw}, '\\') = 0`;
  return { may, must: condition(`(CASE WHEN ${isPlain} THEN ${found} ELSE 0 END)`, ...may.values) };
}

/** SQLite compares the bytes of UTF-8, which is the order of code points; it may stop at a NUL. */
function jsonTextOrder(raw: string, operator: Order, value: string): SqlBounds {
  if (!isPlainText(value)) return UNDECIDED;
  const compared = ordered(`${raw} ->> '$'`, operator);
  const when = (then: string) => condition(`(CASE WHEN ${isText(raw)} THEN ${then} ELSE 0 END)`, value);
  const isOpen = `instr(${raw}, '\\u') > 0`;
  return { may: when(`(${compared} OR ${isOpen})`), must: when(`(${compared} AND NOT ${isOpen})`) };
}

/** SQLite may read the last digit of a fraction in another way; equal numbers are known by their text. */
function jsonNumberOrder(raw: string, operator: Order, value: number): SqlBounds {
  const slack = Math.max(Math.abs(value) * 2 ** -48, 1e-300);
  const { isBelow, hasEqual } = ORDERS[operator];
  const sign = isBelow ? "<" : ">";
  const towards = isBelow ? slack : -slack;
  const equality = hasEqual ? `OR ${raw} = ?` : `AND ${raw} <> ?`;
  const when = (bound: number, tagged: 0 | 1) => {
    const compared = `(CAST(${raw} AS REAL) ${sign} ? ${equality})`;
    const sql = `(CASE WHEN ${isNumber(raw)} THEN ${compared} WHEN ${isTagged(raw)} THEN ${tagged} ELSE 0 END)`;
    return condition(sql, bound, json(value));
  };
  return { may: when(value + towards, 1), must: when(value - towards, 0) };
}

function isText(raw: string): string {
  return `substr(${raw}, 1, 1) = '"'`;
}

function isNumber(raw: string): string {
  return `substr(${raw}, 1, 1) GLOB '[-0-9]'`;
}

/** True for dates, bigints, NaN and the like, and for objects that look so. */
function isTagged(raw: string): string {
  return `substr(${raw}, 1, 4) = '{"__'`;
}

function attributeEquals(key: string, value: unknown): SqlCondition {
  // The column says it: see `conversationToSql`.
  if (key === CONVERSATION_ID && isConversationId(value)) return TRUE;
  const source = sourceOf({ kind: "attribute", places: [[key]] });
  if (source === undefined) return TRUE;
  if (isLiteral(value)) return within(source, jsonEquals(source.raw, value)).may;
  const first = Array.isArray(value) ? "[" : "{";
  return within(source, exactly(`coalesce(substr(${source.raw}, 1, 1) = ?, 0)`, first)).may;
}

/** True for values whose JSON is the same where they are equal. NaN is none that a filter can say, but its JSON is. */
function isLiteral(value: unknown): value is Literal {
  return typeof value !== "object" || value === null || value instanceof Date;
}
