// The tracer over a DynamoDB table: its options and defaults.
import { DELIVERY_CHECKS, type DeliveryOptions } from "../delivery/options.ts";
import { isIdentifier } from "../model/identifier.ts";
import { checkOptions, is } from "../model/options.ts";
import type { TraceQuery } from "../model/query.ts";
import type { Span } from "../tracing/span.ts";
import type { SummaryPage, SummaryQuery } from "../tracing/store.ts";
import { Tracer } from "../tracing/tracer.ts";
import { everyTracers, TRACER_OPTION_CHECKS, type TracerOptions } from "../tracing/tracer-options.ts";
import { CONNECTION_CHECKS, type ConnectionOptions, isTableName } from "./client.ts";
import { type KeyLayout, LAYOUTS } from "./layout.ts";
import { isIndexOption, recentIndexName } from "./recent-index.ts";
import { DynamoDbStore } from "./store.ts";

/** Options of `DynamoDbTracer`. */
export interface DynamoDbTracerOptions extends TracerOptions, ConnectionOptions, DeliveryOptions {
  /** The table's name or ARN. */
  readonly tableName: string;
  /** Writes and reads spans under this name; without one, writes under `_` and reads all. */
  readonly identifier?: string | undefined;
  /** The index by conversation. Default `by_conversation_id`. */
  readonly conversationIdGsiName?: string | undefined;
  /** How long spans are kept, where the table's TTL is on. Default 30 days. */
  readonly ttlSeconds?: number | undefined;
  /**
   * What the index by conversation holds: `"conversation"`, which the Python toolkit wrote from 17 April to November 2025, or
   * what it writes since then (`"conversation#subcontext"`) or wrote on 15 to 17 April 2025 (`"conversation#auth"`).
   * Default `"conversation"`; where that finds no span of a conversation, reads go by what the table's items show.
   */
  readonly keyLayout?: KeyLayout | undefined;
  /** Writes and reads the index of `ensureTable({ recentIndex })`: true (`by_recent`) or its name. Default false. */
  readonly recentIndex?: boolean | string | undefined;
  /**
   * Stores the message lists of model calls once a conversation, not once a call. Default true in the key layout
   * `"conversation"`, else false: the Python toolkit would see a preview of the list.
   */
  readonly dedupe?: boolean | undefined;
}

const DEFAULT_INDEX = "by_conversation_id";
const THIRTY_DAYS = 30 * 24 * 60 * 60;

/**
 * Stores spans in a DynamoDB table, in batches, in the background; spans of any size, message lists once. Needs the package `@aws-sdk/client-dynamodb`.
 * `getTraces` reads by `traceId` or by `conversation`, each with any further filter; a
 * query with neither scans the table.
 *
 * @example
 * ```typescript
 * await ensureTable({ tableName: "MyTracesTable" });
 * const tracer = new DynamoDbTracer({ tableName: "MyTracesTable", identifier: "MyAgent" });
 * ```
 *
 * @throws TracelightError `INVALID_OPTION`. What is wrong with the table is found in the background: it reaches `onError`
 * and the report of `flush`, and reads reject with it.
 */
export class DynamoDbTracer extends Tracer {
  constructor(options: DynamoDbTracerOptions) {
    checkOptions(options, {
      owner: "DynamoDbTracer",
      checks: {
        ...{ ...TRACER_OPTION_CHECKS, ...CONNECTION_CHECKS, ...DELIVERY_CHECKS },
        ...{ tableName: isTableName, identifier: isIdentifier, dedupe: is.flag },
        ...{ conversationIdGsiName: is.text, ttlSeconds: is.amount(1) },
        ...{ keyLayout: is.oneOf(...Object.keys(LAYOUTS)), recentIndex: isIndexOption },
      },
      required: ["tableName"],
    });
    const { conversationIdGsiName = DEFAULT_INDEX, ttlSeconds = THIRTY_DAYS } = options;
    const { keyLayout = "conversation", recentIndex, dedupe = keyLayout === "conversation" } = options;
    const store = new DynamoDbStore({
      ...{ ...options, conversationIdGsiName, ttlSeconds, keyLayout, dedupe },
      isLayoutGiven: options.keyLayout !== undefined,
      recentIndex: recentIndexName(recentIndex),
    });
    super(store, everyTracers(options));
  }

  /**
   * The spans that the query asks for, in start order.
   * @throws (rejects) TracelightError: `INVALID_QUERY`, or what is wrong with the table or the connection.
   */
  override getTraces(query: TraceQuery = {}): Promise<readonly Span[]> {
    return Promise.resolve(super.getTraces(query));
  }

  /**
   * Traces or conversations as rows, newest first, by cursor. Without `recentIndex` this scans up to 32 MB of the table;
   * the page's notes say so.
   */
  override summaries(query: SummaryQuery = {}): Promise<SummaryPage> {
    return Promise.resolve(super.summaries(query));
  }
}
