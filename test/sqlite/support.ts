// What the tests of the SQLite store share: fresh folders, and a file as its readers see it.
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Span, TracelightError, TraceQuery } from "tracelight";
import { SqliteTracer, type SqliteTracerOptions } from "tracelight/sqlite";
import { onTestFinished } from "vitest";
import type { Connection, Row, SqlValue } from "../../src/sqlite/connection.ts";
import { sqliteDriver } from "../../src/sqlite/driver.ts";
import { openSqliteFile } from "../../src/sqlite/file.ts";

/** The path of a file in a new folder, which goes at the end of the test. */
export function freshPath(name = "traces.db"): string {
  return join(freshFolder(), name);
}

export function freshFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "tracelight-sqlite-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A tracer with the errors that it told of; closed at the end of the test. */
export function tracerOver(
  path: string,
  options: SqliteTracerOptions = {},
): { tracer: SqliteTracer; errors: TracelightError[] } {
  const errors: TracelightError[] = [];
  const tracer = new SqliteTracer({ ...options, path, onError: (error) => errors.push(error) });
  onTestFinished(async () => void (await tracer.close()));
  return { tracer, errors };
}

/** The file's spans as another process sees them; none where there is no file yet. */
export async function read(path: string, query: TraceQuery = {}): Promise<readonly Span[]> {
  if (!existsSync(path)) return [];
  const file = await openSqliteFile(path);
  try {
    return await file.find(query);
  } finally {
    await file.close();
  }
}

/** The state of each span, by its name. */
export async function statesIn(path: string): Promise<Record<string, string>> {
  return Object.fromEntries((await read(path)).map(({ spanName, state }) => [spanName, state]));
}

/** Resolves when `look` gives something; the test's own time-out ends the wait. */
export async function eventually<T>(
  look: () => Promise<T | false | undefined> | T | false | undefined,
): Promise<T> {
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    await delay(20);
  }
}

/** The file as SQLite has it. */
export function sql(path: string, text: string, values: readonly SqlValue[] = []): readonly Row[] {
  return withConnection(path, (connection) => connection.prepare(text).all(...values));
}

export function withConnection<T>(path: string, use: (connection: Connection) => T): T {
  const connection = sqliteDriver().open(path);
  try {
    connection.exec("PRAGMA busy_timeout = 5000");
    return use(connection);
  } finally {
    connection.close();
  }
}

/** Holds a lock on the file until the result is called. */
export function hold(path: string, begin = "BEGIN IMMEDIATE"): () => void {
  const connection = sqliteDriver().open(path);
  connection.exec("PRAGMA busy_timeout = 5000");
  connection.exec(begin);
  let isHeld = true;
  const release = () => {
    if (!isHeld) return;
    isHeld = false;
    connection.exec("ROLLBACK");
    connection.close();
  };
  onTestFinished(release);
  return release;
}

/** What went wrong; on a busy machine the little time that is left for closing may be over as well. */
export function codesOf(errors: readonly TracelightError[]): string[] {
  return errors.map(({ code }) => code).filter((code) => code !== "FLUSH_TIMEOUT");
}

/** Names of the locks of writers beside the file. */
export function lifeLocks(path: string): string[] {
  return readdirSync(dirname(path)).filter((name) => name.includes("-live-"));
}
