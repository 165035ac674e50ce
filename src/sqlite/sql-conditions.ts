// Conditions in SQL, and what is sure where SQL cannot decide.
import type { SqlValue } from "./connection.ts";

/** An SQL expression and the values of its placeholders. */
export interface SqlCondition {
  readonly sql: string;
  readonly values: readonly SqlValue[];
}

/** What is sure about a row before its span is read. Both are 0 or 1 for every row, never null, and never fail. */
export interface SqlBounds {
  /** True for every row whose span satisfies the filter, and perhaps for others. */
  readonly may: SqlCondition;
  /** True only for rows whose spans satisfy the filter, and perhaps not for all of them. */
  readonly must: SqlCondition;
}

/** SQLite's trees have a limit of depth. */
export const MAX_CHAIN = 32;

/** Every row. */
export const TRUE: SqlCondition = { sql: "1", values: [] };
/** No row. A plain 0 would make SQLite forget the rest of the condition, and with it the index that it was told to use. */
export const FALSE: SqlCondition = { sql: "(1 = 0)", values: [] };
export const UNDECIDED: SqlBounds = { may: TRUE, must: FALSE };

/** The expression with its values. */
export function condition(sql: string, ...values: readonly SqlValue[]): SqlCondition {
  return { sql, values };
}

/** What SQL decides by itself. */
export function exactly(sql: string, ...values: readonly SqlValue[]): SqlBounds {
  const decided = condition(sql, ...values);
  return { may: decided, must: decided };
}

/** The opposite. */
export function negated(inner: SqlCondition): SqlCondition {
  if (inner === TRUE) return FALSE;
  return inner === FALSE ? TRUE : { sql: `(NOT ${inner.sql})`, values: inner.values };
}

/** A long chain in halves, since as one it would be a tree of as many levels. */
export function joined(word: "AND" | "OR", conditions: readonly SqlCondition[]): SqlCondition {
  const [neutral, absorbing] = word === "AND" ? [TRUE, FALSE] : [FALSE, TRUE];
  if (conditions.includes(absorbing)) return absorbing;
  const telling = conditions.filter((part) => part !== neutral);
  const [first = neutral] = telling;
  if (telling.length < 2) return first;
  if (telling.length > MAX_CHAIN) {
    const middle = Math.ceil(telling.length / 2);
    return joined(word, [joined(word, telling.slice(0, middle)), joined(word, telling.slice(middle))]);
  }
  const sql = `(${telling.map((part) => part.sql).join(` ${word} `)})`;
  return { sql, values: telling.flatMap((part) => part.values) };
}

/** One at least. */
export function either(...conditions: readonly SqlCondition[]): SqlCondition {
  return joined("OR", conditions);
}

/** Both at once. */
export function both(...conditions: readonly SqlCondition[]): SqlCondition {
  return joined("AND", conditions);
}

/** Where `open` holds, nothing is sure. */
export function unless(open: SqlCondition, { may, must }: SqlBounds): SqlBounds {
  return { may: either(may, open), must: both(must, negated(open)) };
}
