// Statements that may take long, away from the app's event loop: on a thread of their own.
import { once } from "node:events";
import * as types from "node:util/types";
import { Worker } from "node:worker_threads";
import { setImmediate } from "../model/timers.ts";
import { atExit } from "../tracing/at-exit.ts";
import type { Driver, Row, SqlValue } from "./connection.ts";
import type { Database, Snapshot, SqlStatement } from "./database.ts";
import { patiently } from "./patience.ts";
import { snapshotOf } from "./snapshots.ts";
import { STOP, type Task, type ThreadSetup, WORKING, type Work } from "./thread-messages.ts";

/** The code of `thread.ts`, which what bundles this file puts in: see scripts/embedded.mjs. A bundler that knows of no threads cannot lose it. */
declare const SQLITE_THREAD: string;

/** How long the end of the process waits for the thread to come to rest. */
const REST_MS = 5000;

/**
 * A connection on another thread, started at the first use. It keeps no process alive but while somebody waits for it.
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
      if (this.#worker !== undefined) tell(this.#worker, { end: snapshot });
    });
  }

  /** From now on what counts need is made of what was written, or of nothing more, when nothing else is to be done. Never rejects. */
  async setDigests(areWanted: boolean): Promise<void> {
    if (this.#worker === undefined && !areWanted) return;
    await this.#ask({ digests: areWanted }).catch(() => undefined);
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
    tell(worker, { close: true });
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

  #ask(task: Task): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const worker = this.#started();
      if (!this.#isAwaited(worker)) worker.ref();
      this.#waiting.set(++this.#count, { worker, resolve, reject, rows: [] });
      tell(worker, { id: this.#count, ...task });
    });
  }

  #started(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const { module, name } = this.#driver;
    const workerData: ThreadSetup = { module, name, path: this.#path, flags: this.#flags };
    // Neither the app's loaders nor its flags are meant for this thread.
    const worker = new Worker(SQLITE_THREAD, { eval: true, execArgv: [], env: {}, workerData });
    worker.unref();
    this.#undoExit ??= atExit("sink", () => this.#rest());
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
    setImmediate(() => tell(worker, { id, next: true }));
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

function tell(worker: Worker, work: Work): void {
  worker.postMessage(work);
}

/** Who waits for an answer, and the rows that have come. */
interface Asked {
  readonly worker: Worker;
  readonly rows: unknown[];
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

/** What was sent, as an error again. */
function errorOf(sent: unknown): Error {
  if (types.isNativeError(sent)) return sent;
  const fields = typeof sent === "object" && sent !== null ? sent : {};
  const message: unknown = Reflect.get(fields, "message");
  return Object.assign(new Error(typeof message === "string" ? message : "SQLite failed"), fields);
}
