// The tracer over an SQLite file: its options and defaults.
import { resolve } from "node:path";
import { isIdentifier } from "../model/identifier.ts";
import { checkOptions, is } from "../model/options.ts";
import type { TraceQuery } from "../model/query.ts";
import type { Span } from "../tracing/span.ts";
import type { SummaryPage, SummaryQuery } from "../tracing/store.ts";
import { Tracer } from "../tracing/tracer.ts";
import { everyTracers, TRACER_OPTION_CHECKS, type TracerOptions } from "../tracing/tracer-options.ts";
import { sqliteDriver } from "./driver.ts";
import { isRetention, type RetentionOptions } from "./retention.ts";
import { SqliteStore } from "./store.ts";
import type { Durability } from "./writer.ts";

/** Options of `SqliteTracer`. */
export interface SqliteTracerOptions extends TracerOptions {
  /** The file; made where it is missing, with its folder. Default `traces.db`. */
  readonly path?: string | undefined;
  /** Writes and reads spans under this name; without one, writes under `_` and reads all. */
  readonly identifier?: string | undefined;
  /** How long traces are kept, or false for ever. Default 30 days and 2 GiB. */
  readonly retention?: RetentionOptions | false | undefined;
  /** When ended spans are committed: `"tick"` at the end of each tick of the event loop or 500 spans, `"span"` each at once. Default `"tick"`. */
  readonly durability?: Durability | undefined;
  /** Also records spans that run, for readers to see, and to be found as `interrupted` where the process dies. Default true. */
  readonly recordStarts?: boolean | undefined;
  /** Spans that may wait in memory while the file cannot be written; of more, the oldest go. Default 100,000. */
  readonly maxQueuedSpans?: number | undefined;
  /** Bytes that may wait in memory, about. Default 256 MiB. */
  readonly maxQueuedBytes?: number | undefined;
}

const DEFAULT_PATH = "traces.db";
const DEFAULT_QUEUED_SPANS = 100_000;
const DEFAULT_QUEUED_BYTES = 256 * 1024 * 1024;

/**
 * Stores spans in an SQLite file, which any number of processes may share: no server, and nothing to set up. Needs Node 22.13 or newer, or the
 * package `libsql`. Ended spans outlive the process however it ends. Spans that run can be seen, and are `interrupted` when
 * their process died.
 *
 * @example
 * ```ts
 * const tracer = new SqliteTracer({ path: "traces.db", identifier: "MyAgent" });
 * tracer.trace("converse", (span) => span.addAttribute("ai.conversation.id", "c1"));
 * const spans = await tracer.getTraces({ conversation: "c1" });
 * console.log(spans.length); // 1
 * await tracer.close();
 * ```
 *
 * @throws TracelightError `INVALID_OPTION`, or `MISSING_DEPENDENCY` where there is no SQLite library. What is wrong with the
 * file reaches `onError` and the report of `flush`, and reads reject with it.
 */
export class SqliteTracer extends Tracer {
  constructor(options: SqliteTracerOptions = {}) {
    checkOptions(options, {
      owner: "SqliteTracer",
      checks: {
        ...{ ...TRACER_OPTION_CHECKS, path: isFilePath, identifier: isIdentifier, retention: isRetention },
        ...{ durability: is.oneOf("tick", "span"), recordStarts: is.flag },
        ...{ maxQueuedSpans: is.count(1), maxQueuedBytes: is.count(1) },
      },
    });
    const { path = DEFAULT_PATH, identifier, retention = {} } = options;
    const { durability = "tick", recordStarts = true } = options;
    const { maxQueuedSpans = DEFAULT_QUEUED_SPANS, maxQueuedBytes = DEFAULT_QUEUED_BYTES } = options;
    const store = new SqliteStore({
      ...{ driver: sqliteDriver(), path: resolve(path), retention, durability, recordStarts },
      identifier,
      ...{ maxQueuedSpans, maxQueuedBytes },
    });
    super(store, everyTracers(options));
  }

  /**
   * The spans that the query asks for, in start order; those that run are among them.
   * @throws (rejects) TracelightError: `INVALID_QUERY`, or what is wrong with the file.
   */
  override getTraces(query: TraceQuery = {}): Promise<readonly Span[]> {
    return Promise.resolve(super.getTraces(query));
  }

  /** Traces or conversations as rows, newest first, by cursor; no payload is read for it. */
  override summaries(query: SummaryQuery = {}): Promise<SummaryPage> {
    return Promise.resolve(super.summaries(query));
  }
}

function isFilePath(value: unknown): string | undefined {
  const isFile = typeof value === "string" && value !== "" && !value.startsWith(":") && !value.includes("\0");
  return isFile ? undefined : "the path of a file (for memory there is InMemoryTracer)";
}
