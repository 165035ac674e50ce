// Rows of outlines in groups, many at a time: what readers and the other thread read alike.
import type { Row } from "./connection.ts";
import type { Reading } from "./database.ts";
import { OUTLINE_TABLE, type OutlineTable, outlineTable } from "./decoded-rows.ts";
import type { SqlCondition } from "./sql-conditions.ts";

/** So many rows are read at a time: some milliseconds. */
export const ROWS_AT_ONCE = 1000;

/** Rows of `spans`, in groups: `sql` is what stands behind FROM. */
export interface OutlineSource extends SqlCondition {
  /** The column of their key. Without one they are one group, in two thirds of the time. */
  readonly key?: string;
}

/** The key of a group, and its rows. */
export type RowGroup = readonly [key: string, rows: OutlineTable];

/** The rows by key; undefined where one has what JSON cannot hold. Rejects with what SQLite says, also of such a value. */
export async function groupedRows(
  database: Reading,
  source: OutlineSource,
): Promise<readonly RowGroup[] | undefined> {
  // One text a group: a row for each span would take three times as long on its way through the library.
  const found = await selectedRows(
    database,
    source,
    `${OUTLINE_TABLE} AS outlines`,
    source.key === undefined ? "" : "GROUP BY 1",
  );
  const groups = found.flatMap((row): RowGroup[] =>
    typeof row["outlines"] === "string" ? [[keyOf(row), outlineTable(row["outlines"])]] : [],
  );
  return groups.length === found.length ? groups : undefined;
}

/** The columns of the rows, and their key. */
export function selectedRows(
  database: Reading,
  { key = "''", sql, values }: OutlineSource,
  columns: string,
  groups: string = "",
): Promise<readonly Row[]> {
  return database.all(`SELECT ${key} AS key, ${columns} FROM ${sql} ${groups}`, values);
}

/** The key of a row. */
export function keyOf({ key }: Row): string {
  return key instanceof Uint8Array ? "" : String(key);
}
