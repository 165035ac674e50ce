// Statements that may take long, away from the app's event loop: on a thread of their own, or at once where nothing else waits.
import { once } from "node:events";
import { types } from "node:util";
import { Worker } from "node:worker_threads";
import { atExit } from "../delivery/lifecycle.ts";
import { RecentMap } from "../delivery/message-chains.ts";
import { delay, setImmediate, steadyNow } from "../model/timers.ts";
import { type Connection, type Driver, isBusy, type Row, type SqlValue, type Statement } from "./driver.ts";
import { IDLE_CONNECTIONS, type Snapshot, type SnapshotPool, snapshotOf } from "./snapshots.ts";

/** A statement and its values. */
export interface SqlStatement {
  readonly sql: string;
  readonly values?: readonly SqlValue[];
}

/** What can be asked. Rejects with what SQLite says. */
export interface Reading {
  all(sql: string, values?: readonly SqlValue[]): Promise<readonly Row[]>;
}

/** A file as those see it who may wait. Rejects with what SQLite says. */
export interface Database extends Reading {
  /** Runs the statements in one transaction; resolves with the rows that each changed. */
  write(statements: readonly SqlStatement[]): Promise<readonly number[]>;
  /** The file as it is at the first question, until `end`: what others write meanwhile does not show. */
  snapshot(): Snapshot;
  close(): Promise<void>;
}

/** How long a write waits for the lock of others, in milliseconds. */
const WRITE_PATIENCE_MS = 10_000;
const WRITE_RETRY_MS = 5;
/** Statements that are kept for the next time. */
const PREPARED = 50;
/** The flags that both threads see: whether the library is at work, and whether it may be. */
const WORKING = 0;
const STOP = 1;
/** How long the end of the process waits for the thread to come to rest. */
const REST_MS = 5000;

/** Runs each statement at once, in this thread. Closing it leaves the connection open. */
export function directDatabase(connection: Connection, snapshots: SnapshotPool): Database {
  return {
    all: async (sql, values = []) => connection.prepare(sql).all(...values),
    write: (statements) => patiently(async () => runAll(connection, statements)),
    snapshot: () => snapshots.begin(),
    close: async () => undefined,
  };
}

function runAll(connection: Connection, statements: readonly SqlStatement[]): number[] {
  return inTransaction(connection, () =>
    statements.map(({ sql, values = [] }) => Number(connection.prepare(sql).run(...values).changes)),
  );
}

/** The connection, which prepares a statement once: those of readers come again and again. */
export function remembering(connection: Connection): Connection {
  const prepared = new RecentMap<string, Statement>(PREPARED);
  return {
    prepare: (sql) => {
      const statement = prepared.get(sql) ?? connection.prepare(sql);
      prepared.set(sql, statement);
      return statement;
    },
    exec: (sql) => connection.exec(sql),
    close: () => {
      // libsql keeps the file open as long as there are statements.
      prepared.clear();
      connection.close();
    },
  };
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

async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (const since = steadyNow(); ; ) {
    try {
      return await work();
    } catch (error) {
      if (!isBusy(error) || steadyNow() - since > WRITE_PATIENCE_MS) throw error;
    }
    await delay(WRITE_RETRY_MS);
  }
}

/**
 * A connection on another thread, started at the first use. It keeps no process alive but while somebody waits for it.
 * The thread is a handful of lines of plain JavaScript, since the package's own may be bundled into anything.
 */
export class ThreadedDatabase implements Database {
  readonly #driver: Driver;
  readonly #path: string;
  /** Those of a thread that is about to end as well: a closed one may be asked anew. */
  readonly #waiting = new Map<number, Asked>();
  readonly #flags = new Int32Array(new SharedArrayBuffer(8));
  #worker: Worker | undefined;
  #undoExit: (() => void) | undefined;
  #count = 0;
  #snapshots = 0;

  constructor(driver: Driver, path: string) {
    this.#driver = driver;
    this.#path = path;
  }

  async all(sql: string, values: readonly SqlValue[] = []): Promise<readonly Row[]> {
    const rows = await this.#ask({ sql, values });
    return Array.isArray(rows) ? rows : [];
  }

  write(statements: readonly SqlStatement[]): Promise<readonly number[]> {
    return patiently(async () => {
      const changes = await this.#ask({ statements });
      return Array.isArray(changes) ? changes.map(Number) : [];
    });
  }

  snapshot(): Snapshot {
    const snapshot = ++this.#count;
    const all = async (sql: string, values: readonly SqlValue[] = []): Promise<readonly Row[]> => {
      const rows = await this.#ask({ snapshot, sql, values });
      return Array.isArray(rows) ? rows : [];
    };
    this.#snapshots++;
    return snapshotOf(all, () => {
      this.#snapshots--;
      // A thread that has ended has let go of it.
      this.#worker?.postMessage({ end: snapshot });
    });
  }

  /** True while a snapshot is held: the log cannot be emptied. */
  get isHeld(): boolean {
    return this.#snapshots > 0;
  }

  /** Lets the thread finish what it was asked for. */
  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    if (worker === undefined) return;
    worker.ref();
    worker.postMessage({ close: true });
    await once(worker, "exit");
    if (this.#worker !== undefined) return;
    this.#undoExit?.();
    this.#undoExit = undefined;
  }

  /**
   * A thread that is ended while the library is at work takes the whole process down with it, so at the end of the process
   * it gets a moment to come to rest.
   */
  #rest(): void {
    Atomics.store(this.#flags, STOP, 1);
    Atomics.wait(this.#flags, WORKING, 1, REST_MS);
  }

  #ask(work: object): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const worker = this.#started();
      if (!this.#isAwaited(worker)) worker.ref();
      this.#waiting.set(++this.#count, { worker, resolve, reject, rows: [] });
      worker.postMessage({ id: this.#count, ...work });
    });
  }

  #started(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const { module, name } = this.#driver;
    const workerData = { module, name, path: this.#path, flags: this.#flags };
    // Neither the app's loaders nor its flags are meant for this thread.
    const worker = new Worker(THREAD, { eval: true, execArgv: [], env: {}, workerData });
    worker.unref();
    this.#undoExit ??= atExit(() => this.#rest());
    worker.on("message", (answer: unknown) => this.#answered(answer));
    worker.on("error", (error) => this.#ended(worker, error));
    worker.on("exit", () => this.#ended(worker, new Error("the thread ended")));
    this.#worker = worker;
    return worker;
  }

  #answered(answer: unknown): void {
    if (typeof answer !== "object" || answer === null || !("id" in answer)) return;
    const asked = this.#waiting.get(Number(answer.id));
    if (asked !== undefined && "portion" in answer)
      return this.#next(Number(answer.id), asked, answer.portion);
    this.#waiting.delete(Number(answer.id));
    // One that is being closed is waited for.
    if (asked?.worker === this.#worker && !this.#isAwaited(this.#worker)) this.#worker?.unref();
    if ("error" in answer) asked?.reject(errorOf(answer.error));
    else if (asked !== undefined) asked.resolve("result" in answer ? answer.result : asked.rows);
  }

  /** Many rows come in portions, each when the event loop has had a turn: to unpack all at once would hold it. */
  #next(id: number, { worker, rows }: Asked, portion: unknown): void {
    if (Array.isArray(portion)) for (const row of portion) rows.push(row);
    setImmediate(() => worker.postMessage({ id, next: true }));
  }

  #isAwaited(worker: Worker | undefined): boolean {
    return [...this.#waiting.values()].some((asked) => asked.worker === worker);
  }

  #ended(worker: Worker, error: unknown): void {
    if (this.#worker === worker) this.#worker = undefined;
    for (const [id, asked] of [...this.#waiting]) {
      if (asked.worker !== worker) continue;
      this.#waiting.delete(id);
      asked.reject(error);
    }
  }
}

/** Who waits for an answer, and the rows that have come. */
interface Asked {
  readonly worker: Worker;
  readonly rows: unknown[];
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

/** An error's own properties do not cross threads: the codes of SQLite are sent beside its message. */
function errorOf(sent: unknown): Error {
  if (types.isNativeError(sent)) return sent;
  const fields = typeof sent === "object" && sent !== null ? sent : {};
  const message: unknown = Reflect.get(fields, "message");
  return Object.assign(new Error(typeof message === "string" ? message : "SQLite failed"), fields);
}

/** What is unpacked in one turn of the event loop, about. */
const PORTION_BYTES = 512 * 1024;

/** In a block of its own: Bun and Deno have names of a module around it, such as `module`. */
const THREAD = `{
const { statSync } = require("node:fs");
const { parentPort, workerData } = require("node:worker_threads");
const { module, name, path, flags } = workerData;
const warn = process.emitWarning;
process.emitWarning = () => undefined;
const loaded = require(module);
process.emitWarning = warn;
const Database = name === "libsql" ? loaded : loaded.DatabaseSync;
let connection;
let inode;
const snapshots = new Map();
const idle = [];
const closeAll = () => {
  for (const one of [connection, ...idle.splice(0)]) one?.close();
  connection = undefined;
};
// A file that was removed and made anew is another one.
const connect = () => {
  const now = statSync(path, { throwIfNoEntry: false })?.ino;
  if (connection !== undefined && now !== undefined && now !== inode) closeAll();
  connection ??= open();
  inode = now ?? statSync(path).ino;
  return connection;
};
// A transaction that only reads shows the file as it was at its first question.
const begin = (id) => {
  connect();
  const reader = { connection: idle.pop() ?? open(), inode };
  snapshots.set(id, reader);
  reader.connection.exec("BEGIN");
  return reader;
};
const end = (id) => {
  const reader = snapshots.get(id);
  if (reader === undefined) return;
  snapshots.delete(id);
  try { reader.connection.exec("ROLLBACK"); } catch {}
  if (reader.inode === inode && idle.length < ${IDLE_CONNECTIONS}) idle.push(reader.connection);
  else reader.connection.close();
};
const open = () => {
  const opened = new Database(path);
  opened.exec("PRAGMA busy_timeout = 200");
  opened.exec("PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0; PRAGMA secure_delete = ON");
  return opened;
};
const run = ({ snapshot, sql, values, statements }) => {
  const asked = snapshot === undefined ? connect() : (snapshots.get(snapshot) ?? begin(snapshot)).connection;
  if (sql !== undefined) return asked.prepare(sql).all(...values).map((row) => ({ ...row }));
  connection.exec("BEGIN IMMEDIATE");
  try {
    const changes = statements.map(({ sql, values = [] }) => Number(connection.prepare(sql).run(...values).changes));
    connection.exec("COMMIT");
    return changes;
  } catch (error) {
    try { connection.exec("ROLLBACK"); } catch {}
    throw error;
  }
};
const enter = () => {
  Atomics.store(flags, 0, 1);
  if (Atomics.load(flags, 1) === 0) return true;
  leave();
  return false;
};
const leave = () => {
  Atomics.store(flags, 0, 0);
  Atomics.notify(flags, 0);
};
const left = new Map();
const weight = (row) => Object.values(row).reduce((sum, value) => sum + (value?.length ?? 8), 100);
// Few rows are an answer; of many, a portion is, and the rest is asked for.
const first = (id, rows) => {
  if (rows.reduce((sum, row) => sum + weight(row), 0) <= ${PORTION_BYTES}) return { id, result: rows };
  left.set(id, { rows, at: 0 });
  return next(id);
};
const next = (id) => {
  const { rows, at } = left.get(id);
  let to = at;
  for (let bytes = 0; to < rows.length && bytes < ${PORTION_BYTES}; to++) bytes += weight(rows[to]);
  left.set(id, { rows, at: to });
  if (at < rows.length) return { id, portion: rows.slice(at, to) };
  left.delete(id);
  return { id };
};
parentPort.on("message", (work) => {
  if (!enter()) return;
  if (work.close) {
    for (const id of [...snapshots.keys()]) end(id);
    closeAll();
    leave();
    // Deno's has no close; in a thread, exit ends no more than that.
    return parentPort.close === undefined ? process.exit() : parentPort.close();
  }
  if (work.end !== undefined) {
    end(work.end);
    return leave();
  }
  let answer;
  try {
    answer = work.next ? next(work.id) : first(work.id, run(work));
  } catch (error) {
    const { message, code, errcode, rawCode } = error;
    answer = { id: work.id, error: { message, code, errcode, rawCode } };
  }
  leave();
  parentPort.postMessage(answer);
});
}`;
