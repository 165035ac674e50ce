// Spans that are changed where they are: row by row, each in a transaction of its own, so that it may be stopped at any point and begun
// again. What held the old ones goes from the file as well: nodes of message lists, pieces, words of the index, free pages, the log.

import { plainFields } from "../model/span-fields.ts";
import { delay } from "../model/timers.ts";
import { Turns } from "../model/turns.ts";
import { type Span, spanFrom } from "../tracing/span.ts";
import type { ChangeSpan, RewriteProgress, Rewritten } from "../tracing/store.ts";
import { HAS_TALLIED } from "./chunks.ts";
import type { Row } from "./connection.ts";
import type { OnDamage } from "./damage.ts";
import type { Database, SqlStatement } from "./database.ts";
import { READ_COLUMNS, storedIn } from "./decoded-rows.ts";
import { emptyLog, giveBackPages } from "./giving-back.ts";
import { LargeSpans } from "./large-spans.ts";
import { isLarge, type PreparedSpan, piecesOwner, prepareNow, spanPrefix } from "./message-chains.ts";
import { MessageNodes } from "./message-nodes.ts";
import { patiently } from "./patience.ts";
import { IS_NO_CLAIM, NODE } from "./retention.ts";
import type { Stored } from "./rows.ts";
import { DROP_INDEX } from "./search-index.ts";
import { type States, UNKNOWN_WRITER } from "./states.ts";
import { RowReader } from "./stored.ts";
import type { NewRow, WriterFile } from "./writer-file.ts";

/** The file that is rewritten. */
export interface RewritingSetup {
  readonly database: Database;
  readonly states: States;
  /** Rows are written through it. */
  readonly file: WriterFile;
  readonly onDamage: OnDamage;
}

/** Rows are in memory together. */
const ROWS_AT_ONCE = 32;
const SCOPES_AT_ONCE = 20;
/** Between slices others may write. */
const PAUSE_MS = 5;
const CHECKPOINT_EVERY = 20;

/** A large span on its way. */
interface LargeEntry {
  readonly weight: number;
  readonly span: Span;
  readonly done: (prepared: PreparedSpan) => void;
  readonly failed: (error: unknown) => void;
}

/** Rewrites one file, once. */
export class Rewriting {
  readonly #setup: RewritingSetup;
  readonly #large: LargeSpans<LargeEntry>;
  #slices = 0;
  #done = 0;
  #changed = 0;
  #running = 0;

  constructor(setup: RewritingSetup) {
    this.#setup = setup;
    this.#large = new LargeSpans({
      turns: new Turns(),
      patiently: (work) => this.#transaction(() => work(setup.file)),
      prepared: ({ done }, prepared) => done(prepared),
      failed: ({ failed }, error) => failed(error),
    });
  }

  /**
   * Changes all spans that are there now, and cleans up behind them; what others write meanwhile stays as it is. Rejects with what
   * `progress` throws, or what SQLite says.
   */
  async run(
    change: ChangeSpan,
    progress: RewriteProgress = () => undefined,
  ): Promise<Omit<Rewritten, "isClean">> {
    const { database, states } = this.#setup;
    await states.bury();
    const [all] = await database.all("SELECT count(*) AS n, max(id) AS last FROM spans");
    const [of, until] = [Number(all?.["n"] ?? 0), Number(all?.["last"] ?? 0)];
    const sql = `SELECT ${READ_COLUMNS} FROM spans WHERE spans.id > ? AND spans.id <= ? ORDER BY spans.id LIMIT ${ROWS_AT_ONCE}`;
    for (let last = Number.MIN_SAFE_INTEGER; ; ) {
      const rows = await database.all(sql, [last, until]);
      if (rows.length === 0) break;
      last = Number(rows.at(-1)?.["id"]);
      await this.#rewrite(rows, change);
      this.#done += rows.length;
      progress({ done: this.#done, of });
      await this.#pause();
    }
    await this.#sweep();
    return { spans: this.#done, changed: this.#changed, running: this.#running };
  }

  /** A row that is another by now is read again. */
  async #rewrite(rows: readonly Row[], change: ChangeSpan): Promise<void> {
    for (let stale = rows; stale.length > 0; ) {
      const wanted = await this.#wanted(stale, change);
      if (wanted.length === 0) return;
      const { file, database } = this.#setup;
      const left = await this.#transaction(() => wanted.filter((one) => !file.replace(one)));
      this.#changed += wanted.length - left.length;
      stale = await database.all(ROWS_OF, [JSON.stringify(left.map(({ row }) => row["id"]))]);
    }
  }

  /** The rows that are to be others. */
  async #wanted(rows: readonly Row[], change: ChangeSpan): Promise<readonly NewRow[]> {
    const { database, states, onDamage } = this.#setup;
    const reader = new RowReader({
      database,
      stateOf: await states.now(),
      onDamage,
      nodes: new MessageNodes(),
    });
    const wanted: NewRow[] = [];
    for (const { row, fields } of await reader.decode(rows)) {
      const span = spanFrom(fields);
      const made = change(span);
      if (made === undefined) continue;
      // Its writer would write over it.
      if (fields.state === "running" && row["writer"] !== UNKNOWN_WRITER) this.#running++;
      else
        wanted.push({
          row,
          prepared: await this.#prepared(made),
          unused: ownersIn(span, storedIn(row, [])),
        });
    }
    return wanted;
  }

  #prepared(span: Span): Promise<PreparedSpan> {
    const fields = plainFields(span);
    if (!isLarge(fields)) return Promise.resolve(prepareNow(fields));
    return new Promise((done, failed) => this.#large.add({ weight: 0, span, done, failed }));
  }

  #transaction<T>(work: () => T): Promise<T> {
    return patiently(async () => this.#setup.file.transaction(work));
  }

  /** Message lists that no span has any more. */
  async #sweep(): Promise<void> {
    const { database } = this.#setup;
    for (let last = ""; ; ) {
      const scopes = await database.all(
        `SELECT DISTINCT scope FROM message_nodes WHERE scope > ? ORDER BY scope LIMIT ${SCOPES_AT_ONCE}`,
        [last],
      );
      if (scopes.length === 0) break;
      const names = scopes.map(({ scope }) => String(scope));
      last = names.at(-1) ?? last;
      await database.write(names.flatMap(sweeping));
      await this.#pause();
    }
  }

  async #pause(): Promise<void> {
    if (++this.#slices % CHECKPOINT_EVERY === 0)
      await this.#setup.database.all("PRAGMA wal_checkpoint(PASSIVE)");
    await delay(PAUSE_MS);
  }
}

/**
 * What was derived from the old spans goes, and the bytes of all that was: free pages, what is left within pages that are in use, the
 * log. The last but one needs the file for itself for as long as it is copied, so it is left out where others write to it.
 * @returns what is left to do, for people; undefined where nothing is
 */
export async function scour(database: Database, states: States): Promise<string | undefined> {
  const pause = () => delay(PAUSE_MS);
  await database.write(DROP_INDEX.map((sql) => ({ sql })));
  const [tallied] = await database.all(HAS_TALLIED);
  if (tallied !== undefined) await database.write([{ sql: "DELETE FROM tallied" }]);
  await states.bury();
  await giveBackPages(database, pause);
  const [writer] = await database.all("SELECT 1 FROM writers LIMIT 1");
  if (writer === undefined) await patiently(() => database.all("VACUUM"));
  if (!(await emptyLog(database, pause))) return STILL_READ;
  return writer === undefined ? undefined : STILL_WRITTEN;
}

const STILL_READ =
  "Others read the file, so its log could not be emptied: what was taken out may be in it still. Run it again when they are done.";
const STILL_WRITTEN =
  "Others write to the file, so it was not copied anew: of rows that other programs removed there may be bytes still. Run it again when they are done.";

const ROWS_OF = `SELECT ${READ_COLUMNS} FROM spans WHERE spans.id IN (SELECT value FROM json_each(?))`;

/** Whose pieces the row of a span refers to. */
function ownersIn(span: Span, stored: Stored | undefined): readonly string[] {
  const { pieces = {}, events, links, rest } = stored ?? {};
  const all = [...Object.values(pieces), events, links, rest].filter((place) => place !== undefined);
  return all.map(({ number }) => piecesOwner(spanPrefix(span), number));
}

/** Takes away the nodes of a scope that no list of a span goes through. */
function sweeping(scope: string): readonly SqlStatement[] {
  const [, kind, id = ""] = /^(trace|conversation) ([\s\S]*)$/.exec(scope) ?? [];
  const condition = kind === "trace" ? "spans.trace_id = ?" : "spans.conversation = ?";
  // libsql takes no WITH before a DELETE.
  const reached = `WITH RECURSIVE reached (hash) AS (
    SELECT json_extract(list.value, '$.hash') FROM spans, json_each(CASE WHEN json_valid(spans.stored) THEN spans.stored END, '$.lists') AS list
    WHERE ${condition}
    UNION SELECT node.previous FROM reached JOIN message_nodes AS node ON node.hash = reached.hash
  ) SELECT hash FROM reached WHERE hash IS NOT NULL`;
  const unreached = `scope = ? AND hash NOT IN (${reached})`;
  const values = [scope, id];
  return [
    {
      sql: `DELETE FROM pieces WHERE rowid IN (
        SELECT p.rowid FROM message_nodes AS n CROSS JOIN pieces AS p
        ON p.owner >= ${NODE} || n.hash AND p.owner < ${NODE} || n.hash || '0'
        WHERE ${unreached}
      ) AND ${IS_NO_CLAIM}`,
      values,
    },
    { sql: `DELETE FROM message_nodes WHERE ${unreached}`, values },
  ];
}
