// What a table that is there has, and how it differs from what traces need.
import type { GlobalSecondaryIndexDescription, Projection, TableDescription } from "@aws-sdk/client-dynamodb";
import { TracelightError } from "../model/errors.ts";
import type { Connection } from "./connection.ts";
import { nameOf } from "./errors.ts";
import { RECENT_ATTRIBUTE, RECENT_PROJECTION } from "./recent-index.ts";

/** The attribute by which DynamoDB removes old spans. */
export const TTL_ATTRIBUTE = "expire_at";

/** A table and its indexes, as they are asked for. */
export interface Wanted {
  readonly tableName: string;
  readonly indexName: string;
  readonly recent: string | undefined;
}

/** That index of the table. */
export function indexOf(
  table: TableDescription | undefined,
  name: string,
): GlobalSecondaryIndexDescription | undefined {
  return table?.GlobalSecondaryIndexes?.find(({ IndexName }) => IndexName === name);
}

/** @throws TracelightError `TABLE_SCHEMA` where the keys are others than traces need. */
export function checkKeys(table: TableDescription, { tableName, indexName, recent }: Wanted): void {
  const index = indexOf(table, indexName);
  const recentIndex = recent === undefined ? undefined : indexOf(table, recent);
  const faults = [
    ...keyFaults(`table "${tableName}"`, table, table, "pk"),
    ...(index === undefined
      ? [`it has no index "${indexName}"`]
      : keyFaults(`index "${indexName}"`, index, table, "conversation_id")),
    ...(recentIndex === undefined
      ? []
      : keyFaults(`index "${recent}"`, recentIndex, table, RECENT_ATTRIBUTE)),
  ];
  if (faults.length === 0) return;
  const mend =
    "use another tableName, conversationIdGsiName or recentIndex, or delete the table and let ensureTable create it";
  throw new TracelightError(
    "TABLE_SCHEMA",
    `The table "${tableName}" cannot hold traces: ${faults.join("; ")}. ${mend}.`,
  );
}

type Keyed = Pick<TableDescription | GlobalSecondaryIndexDescription, "KeySchema">;

function keyFaults(
  what: string,
  { KeySchema }: Keyed,
  table: TableDescription,
  partitionKey: string,
): string[] {
  const wanted = [`${partitionKey} (S, HASH)`, "sk (S, RANGE)"];
  const found = (KeySchema ?? []).map(({ AttributeName, KeyType }) => {
    const type = table.AttributeDefinitions?.find(
      (definition) => definition.AttributeName === AttributeName,
    )?.AttributeType;
    return `${AttributeName} (${type}, ${KeyType})`;
  });
  if (found.join() === wanted.join()) return [];
  return [`the keys of the ${what} are ${found.join(" and ")}, not ${wanted.join(" and ")}`];
}

/** How the table differs from one that `ensureTable` would create, and what that means. */
export async function differencesOf(
  connection: Connection,
  table: TableDescription,
  wanted: Wanted,
): Promise<string[]> {
  const ttl = await ttlDifference(connection, wanted.tableName);
  return [...billingDifference(table), ...projectionDifferences(table, wanted), ...ttl];
}

function billingDifference({ BillingModeSummary }: TableDescription): string[] {
  if (BillingModeSummary?.BillingMode === "PAY_PER_REQUEST") return [];
  return [
    "the billing mode is provisioned, not on demand: writes beyond its capacity are throttled and retried",
  ];
}

function projectionDifferences(table: TableDescription, { indexName, recent }: Wanted): string[] {
  const differences: string[] = [];
  if (indexOf(table, indexName)?.Projection?.ProjectionType !== "ALL") {
    differences.push(
      `the index "${indexName}" does not project all attributes: reads by conversation lack some`,
    );
  }
  const projection = recent === undefined ? undefined : indexOf(table, recent)?.Projection;
  if (projection !== undefined && !projects(projection, RECENT_PROJECTION)) {
    differences.push(
      `the index "${recent}" does not project ${RECENT_PROJECTION.join(", ")}: conversations are not listed`,
    );
  }
  return differences;
}

function projects({ ProjectionType, NonKeyAttributes = [] }: Projection, names: readonly string[]): boolean {
  return ProjectionType === "ALL" || names.every((name) => NonKeyAttributes.includes(name));
}

/** Emulators may know no TTL, and asking may be denied: neither is a fault. */
async function ttlDifference({ sdk, client }: Connection, tableName: string): Promise<string[]> {
  try {
    const answer = await client.send(new sdk.DescribeTimeToLiveCommand({ TableName: tableName }));
    const { AttributeName, TimeToLiveStatus } = answer.TimeToLiveDescription ?? {};
    const isOn = TimeToLiveStatus === "ENABLED" || TimeToLiveStatus === "ENABLING";
    if (AttributeName === TTL_ATTRIBUTE && isOn) return [];
    if (isOn) return [`TTL is on "${AttributeName}", not on "${TTL_ATTRIBUTE}": spans are kept for good`];
    return [`TTL on "${TTL_ATTRIBUTE}" is off: spans are kept for good`];
  } catch (error) {
    if (nameOf(error) === "UnknownOperationException") return [];
    if (nameOf(error) !== "AccessDeniedException") throw error;
    return [
      `whether TTL on "${TTL_ATTRIBUTE}" is on could not be seen: dynamodb:DescribeTimeToLive is denied`,
    ];
  }
}
