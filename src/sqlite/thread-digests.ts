// Digests of what was written, made on the other thread while it has nothing else to do, so that the first count finds them. Each is only
// a cache: what is not made here, or is odd in any way, a reader makes, who tells what is wrong.
import { STORED_EVENTS_VERSION } from "../conventions/stored-events.ts";
import { delay, steadyNow } from "../model/timers.ts";
import { CHUNK_ROWS, CHUNKS_FROM, chunkOf, HAS_TALLIED, openChunk, type ReadRows } from "./chunks.ts";
import type { Connection } from "./connection.ts";
import type { Reading } from "./database.ts";
import { decodeOutline, type OutlineTable, type ReadOutline, rowsIn } from "./decoded-rows.ts";
import { groupedRows, type OutlineSource } from "./grouped-rows.ts";
import type { ThreadConnections } from "./thread-connections.ts";
import { runAll } from "./transactions.ts";

/** The newest chunks are left alone: of traces that still run or go on there, each count would read the spans one by one. */
const NEWEST_CHUNKS = 1;

/** What digests are made with. */
export interface DigestSetup {
  readonly connections: Pick<ThreadConnections, "current" | "latest">;
  /** Does what uses the library; throws where the process is about to end. */
  readonly guarded: <T>(work: () => T) => T;
}

/** Rest after each piece of work, in times of it: while somebody writes it would keep him from the processor and the file. */
const REST = 1;
const REST_BESIDE_WRITER = 9;

/** Makes what is missing whenever it is woken, half of the time at most, and a tenth while the file is written to. Never throws or rejects. */
export class ThreadDigests {
  readonly #setup: DigestSetup;
  #connection: Connection | undefined;
  /** Those before it were made, or could not be. */
  #next = 0;
  #restedAt = 0;
  /** Another one, where another connection has written. */
  #version: unknown;
  #isWorking = false;
  #isStopped = false;

  constructor(setup: DigestSetup) {
    this.#setup = setup;
  }

  /** There may be more to do, or there is to be nothing begun any more. */
  set(isWanted: boolean): void {
    this.#isStopped = !isWanted;
    if (isWanted && !this.#isWorking) void this.#work();
  }

  async #work(): Promise<void> {
    this.#isWorking = true;
    this.#restedAt = steadyNow();
    try {
      this.#look();
      for (let number = await this.#missing(); number !== undefined; number = await this.#missing()) {
        this.#next = number + 1;
        await this.#make(number);
        await this.#rest();
      }
    } catch {
      // The file is locked, damaged, gone or being closed, or the process ends.
    }
    this.#isWorking = false;
  }

  /** A file that was removed and made anew is another one. */
  #look(): void {
    const { connections, guarded } = this.#setup;
    const connection = guarded(() => connections.current());
    if (connection !== this.#connection) this.#next = 0;
    this.#connection = connection;
  }

  /** The first chunk that is complete and not kept. */
  async #missing(): Promise<number | undefined> {
    const before = (await openChunk(this.#database)) - NEWEST_CHUNKS;
    if (this.#next >= before) return undefined;
    const isMade = (await this.#database.all(HAS_TALLIED)).length > 0;
    const sql = `SELECT chunk FROM (${CHUNKS_FROM}) AS found WHERE chunk < ? ${isMade ? AND_MISSING : ""} LIMIT 1`;
    const values = [this.#next * CHUNK_ROWS, before, ...(isMade ? [STORED_EVENTS_VERSION] : [])];
    const [row] = await this.#database.all(sql, values);
    return row === undefined ? undefined : Number(row["chunk"]);
  }

  async #make(number: number): Promise<void> {
    try {
      const read: ReadRows = (source) => this.#outlines(source);
      const { statements } = await chunkOf(number, { database: this.#database, read });
      if (statements !== undefined) this.#do((connection) => runAll(connection, statements));
    } catch {
      // The file is locked, or there is something odd in the chunk: it is left to readers.
    }
  }

  async #outlines(source: OutlineSource): Promise<ReadonlyMap<string, readonly ReadOutline[]>> {
    const groups = await groupedRows(this.#database, source);
    if (groups === undefined) throw new RangeError("a row is damaged");
    const read = groups.map(([key, rows]) => [key, outlinesIn(rows)] as const);
    await this.#rest();
    return new Map(read);
  }

  /** After each piece of work: the processor may be the app's only one. */
  async #rest(): Promise<void> {
    const worked = steadyNow() - this.#restedAt;
    const [row] = await this.#database.all("PRAGMA data_version");
    const version = row?.["data_version"];
    const share = version === this.#version ? REST : REST_BESIDE_WRITER;
    this.#version = version;
    await delay(worked * share, undefined, { ref: false });
    this.#restedAt = steadyNow();
  }

  get #database(): Reading {
    return {
      all: async (sql, values = []) => this.#do((connection) => connection.prepare(sql).all(...values)),
    };
  }

  #do<T>(work: (connection: Connection) => T): T {
    const { connections, guarded } = this.#setup;
    return guarded(() => {
      const connection = this.#connection;
      const isOver = connection === undefined || connection !== connections.latest || this.#isStopped;
      if (isOver) throw new Error("it is over");
      return work(connection);
    });
  }
}

/** What is to be made anew from the whole span is left to readers. */
function outlinesIn(table: OutlineTable): readonly ReadOutline[] {
  const read: ReadOutline[] = [];
  for (let at = 0; at < rowsIn(table); at++) {
    const one = decodeOutline(table, at, () => "running");
    if (one.isOld) throw new RangeError("its facts are old");
    read.push(one);
  }
  return read;
}

const AND_MISSING =
  "AND NOT EXISTS (SELECT 1 FROM tallied WHERE tallied.chunk = found.chunk AND identifier IS NULL AND version = ?)";
