// A query as DynamoDB requests: by trace, by conversation in the index, or a scan; `matches` does the rest.
import type { QueryCommandInput, ScanCommandInput } from "@aws-sdk/client-dynamodb";
import { NAMES } from "../conventions/names.ts";
import type { TraceQuery } from "../model/query.ts";
import { conversationKey, sortKeyPrefix, tracePartition } from "./item.ts";

/** Where spans are looked up. */
export interface TableNames {
  readonly tableName: string;
  readonly indexName: string;
}

/** One request; its pages hold all spans that the query can match, and some others. */
export type ReadRequest =
  | { readonly kind: "query"; readonly input: QueryCommandInput }
  | { readonly kind: "scan"; readonly input: ScanCommandInput };

/** The cheapest request that sees all spans of the query: a trace's partition, a conversation's, or the whole table. */
export function readRequest(query: TraceQuery, names: TableNames): ReadRequest {
  const prefix = sortKeyPrefix(query.identifier);
  if (query.traceId !== undefined) {
    const input = keyQuery(names, "pk", tracePartition(query.traceId), prefix);
    return { kind: "query", input: { ...input, ConsistentRead: true } };
  }
  const conversation = conversationKey(query.attributeFilter?.[NAMES.conversationId]);
  if (conversation !== undefined) {
    const input = keyQuery(names, "conversation_id", conversation, prefix);
    return { kind: "query", input: { ...input, IndexName: names.indexName } };
  }
  return { kind: "scan", input: scanFor(names, prefix) };
}

function keyQuery({ tableName }: TableNames, key: string, value: string, prefix: string): QueryCommandInput {
  return {
    TableName: tableName,
    KeyConditionExpression: "#key = :key AND begins_with(sk, :prefix)",
    ExpressionAttributeNames: { "#key": key },
    ExpressionAttributeValues: { ":key": { S: value }, ":prefix": { S: prefix } },
  };
}

function scanFor({ tableName }: TableNames, prefix: string): ScanCommandInput {
  return {
    TableName: tableName,
    ConsistentRead: true,
    FilterExpression: "begins_with(sk, :prefix)",
    ExpressionAttributeValues: { ":prefix": { S: prefix } },
  };
}
