// The tracer over a DynamoDB table: its options and defaults.
import { checkOptions, is } from "../model/options.ts";
import type { TraceQuery } from "../model/query.ts";
import type { Span } from "../tracing/span.ts";
import { TRACER_OPTION_CHECKS, Tracer, type TracerOptions } from "../tracing/tracer.ts";
import { CONNECTION_CHECKS, type ConnectionOptions } from "./client.ts";
import { DynamoDbStore } from "./sink.ts";

/** Options of `DynamoDbTracer`. */
export interface DynamoDbTracerOptions extends TracerOptions, ConnectionOptions {
  readonly tableName: string;
  /** Writes and reads spans under this name; without one, writes under `_` and reads all. */
  readonly identifier?: string;
  /** The index by conversation. Default `by_conversation_id`. */
  readonly conversationIdGsiName?: string;
  /** How long spans are kept, where the table's TTL is on. Default 30 days. */
  readonly ttlSeconds?: number;
}

const DEFAULT_INDEX = "by_conversation_id";
const THIRTY_DAYS = 30 * 24 * 60 * 60;

/**
 * Stores spans in a DynamoDB table, one item each, in the background. Needs the package `@aws-sdk/client-dynamodb`.
 * `getTraces` reads by `traceId` or by `attributeFilter: { "ai.conversation.id": … }`, each with any further filter; a
 * query with neither scans the table.
 *
 * @example
 * await ensureTable({ tableName: "MyTracesTable" });
 * const tracer = new DynamoDbTracer({ tableName: "MyTracesTable", identifier: "MyAgent" });
 *
 * @throws TracelightError `INVALID_OPTION`. What is wrong with the table is found in the background: it reaches `onError`
 * and the report of `flush`, and reads reject with it.
 */
export class DynamoDbTracer extends Tracer {
  constructor(options: DynamoDbTracerOptions) {
    checkOptions(options, {
      owner: "DynamoDbTracer",
      checks: {
        ...{ ...TRACER_OPTION_CHECKS, ...CONNECTION_CHECKS, tableName: is.text, identifier: is.text },
        ...{ conversationIdGsiName: is.text, ttlSeconds: is.amount(1) },
      },
      required: ["tableName"],
    });
    const { onError, process, conversationIdGsiName = DEFAULT_INDEX, ttlSeconds = THIRTY_DAYS } = options;
    super(new DynamoDbStore({ ...options, conversationIdGsiName, ttlSeconds }), {
      ...(onError === undefined ? {} : { onError }),
      ...(process === undefined ? {} : { process }),
    });
  }

  /**
   * The spans that the query asks for, in start order.
   * @throws (rejects) TracelightError: `INVALID_QUERY`, or what is wrong with the table or the connection.
   */
  override getTraces(query: TraceQuery = {}): Promise<readonly Span[]> {
    return Promise.resolve(super.getTraces(query));
  }
}
