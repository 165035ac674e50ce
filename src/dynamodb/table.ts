// The table: created where it is missing, checked where it is there, never changed.
import type {
  CreateTableCommandInput,
  GlobalSecondaryIndexDescription,
  KeySchemaElement,
  TableDescription,
} from "@aws-sdk/client-dynamodb";
import { TracelightError } from "../model/errors.ts";
import { checkOptions, is } from "../model/options.ts";
import { CONNECTION_CHECKS, type Connection, type ConnectionOptions, connect } from "./client.ts";
import { explain, nameOf } from "./errors.ts";

/** Options of `ensureTable`. */
export interface TableOptions extends ConnectionOptions {
  readonly tableName: string;
  /** The index by conversation. Default `by_conversation_id`. */
  readonly conversationIdGsiName?: string;
}

/** What `ensureTable` did. */
export interface TableReport {
  /** False where the table was there already. */
  readonly created: boolean;
  /** How a table that was there differs from one that `ensureTable` would create; empty where it does not. */
  readonly differences: readonly string[];
}

const TTL_ATTRIBUTE = "expire_at";
const FIRST_POLL_MS = 20;
const MAX_POLL_MS = 1000;
const CREATE_TIMEOUT_MS = 5 * 60 * 1000;

/**
 * Creates the table with its index, on-demand billing and TTL, and waits until it can be used. A table that is there
 * already is checked and not changed.
 *
 * @throws (rejects) TracelightError `TABLE_SCHEMA` where the keys of the table or index differ, `INVALID_OPTION`, or what
 * is wrong with the connection.
 */
export async function ensureTable(options: TableOptions): Promise<TableReport> {
  checkOptions(options, {
    owner: "ensureTable",
    checks: { ...CONNECTION_CHECKS, tableName: is.text, conversationIdGsiName: is.text },
    required: ["tableName"],
  });
  const { tableName, conversationIdGsiName = "by_conversation_id" } = options;
  const wanted: Wanted = { tableName, indexName: conversationIdGsiName };
  let connection: Connection | undefined;
  try {
    connection = await connect(options);
    return await createOrCheck(connection, wanted);
  } catch (error) {
    throw explain(error, tableName);
  } finally {
    connection?.close();
  }
}

interface Wanted {
  readonly tableName: string;
  readonly indexName: string;
}

async function createOrCheck(connection: Connection, wanted: Wanted): Promise<TableReport> {
  const found = await describe(connection, wanted.tableName);
  if (found === undefined) return create(connection, wanted);
  checkKeys(found, wanted);
  await untilActive(connection, wanted.tableName);
  return { created: false, differences: await differencesOf(connection, found) };
}

async function create({ sdk, client, ...rest }: Connection, wanted: Wanted): Promise<TableReport> {
  const connection = { sdk, client, ...rest };
  try {
    await client.send(new sdk.CreateTableCommand(tableInput(wanted)));
  } catch (error) {
    // Another process was faster: its table is as good.
    if (nameOf(error) !== "ResourceInUseException") throw error;
    await untilActive(connection, wanted.tableName);
    return createOrCheck(connection, wanted);
  }
  await untilActive(connection, wanted.tableName);
  await turnOnTtl(connection, wanted.tableName);
  return { created: true, differences: [] };
}

function tableInput({ tableName, indexName }: Wanted): CreateTableCommandInput {
  return {
    TableName: tableName,
    BillingMode: "PAY_PER_REQUEST",
    AttributeDefinitions: ["pk", "sk", "conversation_id"].map((name) => ({
      AttributeName: name,
      AttributeType: "S",
    })),
    KeySchema: keys("pk"),
    GlobalSecondaryIndexes: [
      { IndexName: indexName, KeySchema: keys("conversation_id"), Projection: { ProjectionType: "ALL" } },
    ],
  };
}

function keys(partitionKey: string): KeySchemaElement[] {
  return [
    { AttributeName: partitionKey, KeyType: "HASH" },
    { AttributeName: "sk", KeyType: "RANGE" },
  ];
}

async function describe(
  { sdk, client }: Connection,
  tableName: string,
): Promise<TableDescription | undefined> {
  try {
    const { Table } = await client.send(new sdk.DescribeTableCommand({ TableName: tableName }));
    return Table;
  } catch (error) {
    if (nameOf(error) === "ResourceNotFoundException") return undefined;
    throw error;
  }
}

async function untilActive(connection: Connection, tableName: string): Promise<void> {
  const deadline = performance.now() + CREATE_TIMEOUT_MS;
  for (
    let pause = FIRST_POLL_MS;
    !isActive(await describe(connection, tableName));
    pause = Math.min(pause * 2, MAX_POLL_MS)
  ) {
    if (performance.now() > deadline) {
      throw new TracelightError(
        "DYNAMODB_FAILED",
        `The table "${tableName}" did not become active in five minutes.`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

function isActive(table: TableDescription | undefined): boolean {
  const indexes = table?.GlobalSecondaryIndexes ?? [];
  // An emulator names no status of an index.
  return (
    table?.TableStatus === "ACTIVE" && indexes.every(({ IndexStatus = "ACTIVE" }) => IndexStatus === "ACTIVE")
  );
}

/** An emulator without TTL keeps its items; that is no fault. */
async function turnOnTtl({ sdk, client }: Connection, tableName: string): Promise<void> {
  const TimeToLiveSpecification = { AttributeName: TTL_ATTRIBUTE, Enabled: true };
  try {
    await client.send(new sdk.UpdateTimeToLiveCommand({ TableName: tableName, TimeToLiveSpecification }));
  } catch (error) {
    if (nameOf(error) !== "UnknownOperationException") throw error;
  }
}

function checkKeys(table: TableDescription, { tableName, indexName }: Wanted): void {
  const index = table.GlobalSecondaryIndexes?.find(({ IndexName }) => IndexName === indexName);
  const faults = [
    ...keyFaults(`table "${tableName}"`, table, table, "pk"),
    ...(index === undefined
      ? [`it has no index "${indexName}"`]
      : keyFaults(`index "${indexName}"`, index, table, "conversation_id")),
  ];
  if (faults.length === 0) return;
  const mend =
    "use another tableName or conversationIdGsiName, or delete the table and let ensureTable create it";
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

async function differencesOf({ sdk, client }: Connection, table: TableDescription): Promise<string[]> {
  const differences: string[] = [];
  const projected = table.GlobalSecondaryIndexes?.every(
    ({ Projection }) => Projection?.ProjectionType === "ALL",
  );
  if (projected === false)
    differences.push("an index does not project all attributes: reads by conversation lack some");
  try {
    const { TimeToLiveDescription: ttl } = await client.send(
      new sdk.DescribeTimeToLiveCommand({ TableName: table.TableName }),
    );
    if (ttl?.AttributeName !== TTL_ATTRIBUTE)
      differences.push(`TTL on "${TTL_ATTRIBUTE}" is off: spans are kept for good`);
  } catch (error) {
    if (nameOf(error) !== "UnknownOperationException") throw error;
  }
  return differences;
}
