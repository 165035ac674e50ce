// What runs on the other thread: a connection that answers one question after the other. Nothing imports this file: it is bundled by
// itself and embedded as text, see scripts/embedded.mjs.
import { parentPort, workerData } from "node:worker_threads";
import type { Row } from "./connection.ts";
import { libraryIn } from "./library.ts";
import { ThreadConnections } from "./thread-connections.ts";
import { ThreadDigests } from "./thread-digests.ts";
import { type Answer, STOP, type Task, type ThreadSetup, WORKING, type Work } from "./thread-messages.ts";
import { runAll } from "./transactions.ts";

/** What is unpacked in one turn of the event loop, about. */
const PORTION_BYTES = 512 * 1024;

const { module, name, path, flags }: ThreadSetup = workerData;
const connections = new ThreadConnections(
  libraryIn(
    name,
    quietly(() => require(module)),
  ),
  path,
);
const digests = new ThreadDigests({ connections, guarded });
/** Rows that were not asked for yet, by the id of their question. */
const left = new Map<number, { readonly rows: readonly Row[]; readonly at: number }>();

parentPort?.on("message", (work: Work) => {
  if (!enter()) return;
  if ("id" in work) {
    const answer = answerTo(work);
    leave();
    parentPort?.postMessage(answer);
    return;
  }
  if ("end" in work) connections.end(work.end);
  else {
    digests.set(false);
    connections.close();
  }
  leave();
  if ("close" in work) stop();
});

/** Node:sqlite's warning is left out. */
function quietly(load: () => unknown): unknown {
  const warn = process.emitWarning;
  process.emitWarning = () => undefined;
  const loaded = load();
  process.emitWarning = warn;
  return loaded;
}

/** Deno's port has no close; in a thread, exit ends no more than that. */
function stop(): void {
  if (parentPort?.close === undefined) process.exit();
  else parentPort.close();
}

/** False where the process ends: nothing may be begun. */
function enter(): boolean {
  Atomics.store(flags, WORKING, 1);
  if (Atomics.load(flags, STOP) === 0) return true;
  leave();
  return false;
}

function leave(): void {
  Atomics.store(flags, WORKING, 0);
  Atomics.notify(flags, WORKING);
}

function guarded<T>(work: () => T): T {
  if (!enter()) throw new Error("the process ends");
  try {
    return work();
  } finally {
    leave();
  }
}

function answerTo(work: Task & { readonly id: number }): Answer {
  const { id } = work;
  try {
    if ("next" in work) return next(id);
    if ("sql" in work) return first(id, rowsOf(work));
    if ("statements" in work) return { id, result: changed(work) };
    digests.set(work.digests);
    return { id };
  } catch (error) {
    const { message, code, errcode, rawCode } = Object(error);
    return { id, error: { message, code, errcode, rawCode } };
  }
}

function rowsOf({ sql, values, snapshot }: Extract<Task, { sql: string }>): readonly Row[] {
  const rows = connections
    .toRead(snapshot)
    .prepare(sql)
    .all(...values);
  // Those of node:sqlite have no prototype, which costs their copy the most.
  return rows.map((row) => ({ ...row }));
}

function changed({ statements }: Extract<Task, { statements: unknown }>): readonly number[] {
  return runAll(connections.current(), statements);
}

/** Few rows are an answer; of many, a portion is, and the rest is asked for. */
function first(id: number, rows: readonly Row[]): Answer {
  if (rows.reduce((sum, row) => sum + weightOf(row), 0) <= PORTION_BYTES) return { id, result: rows };
  left.set(id, { rows, at: 0 });
  return next(id);
}

function next(id: number): Answer {
  const { rows, at } = left.get(id) ?? { rows: [], at: 0 };
  let to = at;
  for (let bytes = 0; to < rows.length && bytes < PORTION_BYTES; to++) bytes += weightOf(rows[to] ?? {});
  left.set(id, { rows, at: to });
  if (at < rows.length) return { id, portion: rows.slice(at, to) };
  left.delete(id);
  return { id };
}

function weightOf(row: Row): number {
  let weight = 100;
  for (const value of Object.values(row)) weight += lengthOf(value);
  return weight;
}

function lengthOf(value: Row[string] | undefined): number {
  if (typeof value === "string" || value instanceof Uint8Array) return value.length;
  return 8;
}
