// Texts and their order as SQL.
import type { Order } from "../model/where-operators.ts";
import { condition, FALSE, type SqlBounds, type SqlCondition } from "./sql-conditions.ts";

/** Texts of which SQLite's `lower` makes what JavaScript does, but for K (Kelvin) and İ, see `folded`. */
export const FOLDS_ALIKE: RegExp = /^[\0-\x7f\p{Lo}]*$/u;

/** Only these are pasted into SQL. */
const IN_SQL: Readonly<Record<Order, string>> = { "<": "<", "<=": "<=", ">": ">", ">=": ">=" };

/** Compares with a placeholder. */
export function ordered(sql: string, operator: Order): string {
  return `${sql} ${IN_SQL[operator]} ?`;
}

/** True for texts that SQLite holds as they are. */
export function isPlainText(value: unknown): value is string {
  return typeof value === "string" && value.isWellFormed() && !value.includes("\0");
}

/** In lower case as JavaScript has it, as far as it can matter to a text of `FOLDS_ALIKE`. */
export function folded(text: string, wanted: string): string {
  return `lower(${/[ik]/.test(wanted) ? `replace(replace(${text}, '\u212a', 'k'), '\u0130', 'i\u0307')` : text})`;
}

/** True for a text that begins so, in whatever case. */
export function startsWith(text: string, wanted: string): string {
  const { length } = [...wanted];
  return `substr(${folded(`substr(${text}, 1, ${length})`, wanted)}, 1, ${length}) = ?`;
}

/**
 * SQLite fails at JSON of more than 1000 levels, which an imported record can have. Text of less than 2000 bytes has no room
 * for them, and asking its length costs nothing.
 */
export function readable(column: string, { may, must }: SqlBounds): SqlBounds {
  const isReadable = `coalesce(octet_length(${column}), 0) < 2000 OR json_valid(${column})`;
  const when = (inner: SqlCondition, otherwise: 0 | 1) =>
    condition(`(CASE WHEN ${isReadable} THEN ${inner.sql} ELSE ${otherwise} END)`, ...inner.values);
  return { may: when(may, 1), must: must === FALSE ? FALSE : when(must, 0) };
}
