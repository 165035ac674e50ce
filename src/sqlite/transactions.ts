// Transactions of one connection: done whole, or not at all.

import type { Connection } from "./connection.ts";
import type { SqlStatement } from "./database.ts";

/** Runs the statements in one transaction; gives the rows that each changed. Throws what SQLite says. */
export function runAll(connection: Connection, statements: readonly SqlStatement[]): number[] {
  return inTransaction(connection, () =>
    statements.map(({ sql, values = [] }) => Number(connection.prepare(sql).run(...values).changes)),
  );
}

/** Runs `work` in one transaction. Throws what it throws, or what SQLite says. */
export function inTransaction<T>(connection: Connection, work: () => T): T {
  connection.exec("BEGIN IMMEDIATE");
  try {
    const result = work();
    connection.exec("COMMIT");
    return result;
  } catch (error) {
    rollBack(connection);
    throw error;
  }
}

/** Some errors have rolled back already. */
export function rollBack(connection: Connection): void {
  try {
    connection.exec("ROLLBACK");
  } catch {
    // There was no transaction any more.
  }
}
