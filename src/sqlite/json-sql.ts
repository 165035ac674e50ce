// Filters on values within the JSON of a row, as SQL.
import { encodeValue } from "../model/values.ts";
import { isSearch, type Operator, ORDERS, type Order, type Search } from "../model/where-operators.ts";
import type { AttributePath, Literal, Name } from "../model/where-tree.ts";
import {
  both,
  condition,
  either,
  exactly,
  FALSE,
  type SqlBounds,
  type SqlCondition,
  UNDECIDED,
  unless,
} from "./sql-conditions.ts";
import { FOLDS_ALIKE, folded, isPlainText, ordered, readable, startsWith } from "./sql-texts.ts";

const MAX_KEY_LENGTH = 500;

/** Keys that a JSON path can hold in quotes and that stand in JSON as they are. */
const SAFE_KEY = /^[\w.\-/: @$]+$/;

/** A value within a JSON column. */
interface JsonSource {
  readonly column: "attributes" | "origin";
  /** Its JSON as it was written; null where there is none. */
  readonly raw: string;
  /** Where the value may be another than that. */
  readonly open: SqlCondition;
}

/** Undefined where the name does not go into a JSON path. */
export function sourceOf({ kind, places }: Exclude<Name, { kind: "field" }>): JsonSource | undefined {
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
export function within({ column, open }: JsonSource, bounds: SqlBounds): SqlBounds {
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
export function jsonBounds(raw: string, operator: Operator, value: Literal): SqlBounds {
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

/** Equal to the value. */
export function jsonEquals(raw: string, value: Literal): SqlBounds {
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

/** True for values whose JSON is the same where they are equal. NaN is none that a filter can say, but its JSON is. */
export function isLiteral(value: unknown): value is Literal {
  return typeof value !== "object" || value === null || value instanceof Date;
}
