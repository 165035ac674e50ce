// The table: created where it is missing, checked where it is there, changed only as it was asked to.
import type {
  AttributeDefinition,
  CreateTableCommandInput,
  GlobalSecondaryIndex,
  KeySchemaElement,
  TableDescription,
} from "@aws-sdk/client-dynamodb";
import { messageOf, TracelightError } from "../model/errors.ts";
import { checkOptions, is } from "../model/options.ts";
import { setTimeout, steadyNow } from "../model/timers.ts";
import { CONNECTION_CHECKS, type ConnectionOptions, connect, isTableName } from "./client.ts";
import type { Connection } from "./connection.ts";
import { explain, nameOf } from "./errors.ts";
import { isIndexOption, RECENT_ATTRIBUTE, RECENT_PROJECTION, recentIndexName } from "./recent-index.ts";
import { checkKeys, differencesOf, indexOf, TTL_ATTRIBUTE, type Wanted } from "./table-check.ts";

/** Options of `ensureTable`. */
export interface TableOptions extends ConnectionOptions {
  /** The table's name, or its ARN. */
  readonly tableName: string;
  /** The index by conversation. Default `by_conversation_id`. */
  readonly conversationIdGsiName?: string | undefined;
  /**
   * The index that lists the newest: true (`by_recent`) or its name. A table that lacks it gets it, also one that is there
   * already; DynamoDB then fills it in the background. Default false: an index that is there stays.
   */
  readonly recentIndex?: boolean | string | undefined;
}

/** What `ensureTable` did. */
export interface TableReport {
  /** False where the table was there already. */
  readonly created: boolean;
  /**
   * How the table differs from one that `ensureTable` would create, and what that means; empty where it does not. None of
   * it is changed.
   */
  readonly differences: readonly string[];
}

const FIRST_POLL_MS = 20;
const MAX_POLL_MS = 1000;
const CREATE_TIMEOUT_MS = 5 * 60 * 1000;

/**
 * Creates the table with its indexes, on-demand billing and TTL, and waits until it can be used. A table that is there
 * already is checked and not changed, but for a `recentIndex` that it lacks.
 *
 * @throws (rejects) TracelightError `TABLE_SCHEMA` where the keys of the table or index differ, `INVALID_OPTION`, or what
 * is wrong with the connection.
 */
export async function ensureTable(options: TableOptions): Promise<TableReport> {
  checkOptions(options, {
    owner: "ensureTable",
    checks: {
      ...CONNECTION_CHECKS,
      tableName: isTableName,
      conversationIdGsiName: is.text,
      recentIndex: isIndexOption,
    },
    required: ["tableName"],
  });
  const { tableName, conversationIdGsiName = "by_conversation_id" } = options;
  const recent = recentIndexName(options.recentIndex);
  const wanted: Wanted = { tableName, indexName: conversationIdGsiName, recent };
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

async function createOrCheck(connection: Connection, wanted: Wanted): Promise<TableReport> {
  const found = await describe(connection, wanted.tableName);
  if (found === undefined) return create(connection, wanted);
  checkKeys(found, wanted);
  await untilActive(connection, wanted);
  const differences = await differencesOf(connection, found, wanted);
  const { recent } = wanted;
  if (recent === undefined || indexOf(found, recent) !== undefined) return { created: false, differences };
  const said = await addRecentIndex(connection, { ...wanted, recent }, throughputOf(found));
  return { created: false, differences: [...differences, ...said] };
}

/** Adds the index. DynamoDB fills it from the table, which may take hours: that is not waited for, but said. */
async function addRecentIndex(
  connection: Connection,
  wanted: Wanted & { readonly recent: string },
  throughput: Pick<GlobalSecondaryIndex, "ProvisionedThroughput">,
): Promise<string[]> {
  const { sdk, client } = connection;
  const { tableName, recent } = wanted;
  try {
    await client.send(
      new sdk.UpdateTableCommand({
        TableName: tableName,
        AttributeDefinitions: definitions(["pk", "sk", RECENT_ATTRIBUTE]),
        GlobalSecondaryIndexUpdates: [{ Create: { ...recentIndexInput(recent), ...throughput } }],
      }),
    );
  } catch (error) {
    if (!isAddedElsewhere(error) && !isEmulators(error)) throw error;
  }
  await untilActive(connection, wanted);
  const index = indexOf(await describe(connection, tableName), recent);
  if (index === undefined) {
    return [`the index "${recent}" could not be added here (an emulator cannot): make it with the table`];
  }
  const isReady = (index.IndexStatus ?? "ACTIVE") === "ACTIVE";
  return isReady ? [] : [`DynamoDB still fills the index "${recent}": listings reject until it has`];
}

/** Another process was faster. */
function isAddedElsewhere(error: unknown): boolean {
  return nameOf(error) === "ResourceInUseException" || nameOf(error) === "LimitExceededException";
}

/** The emulator asks for what DynamoDB refuses. */
function isEmulators(error: unknown): boolean {
  return nameOf(error) === "ValidationException" && /create\.provisionedThroughput/.test(messageOf(error));
}

/** An index of a provisioned table needs a capacity: the table's own. */
function throughputOf(table: TableDescription): Pick<GlobalSecondaryIndex, "ProvisionedThroughput"> {
  const { ReadCapacityUnits, WriteCapacityUnits } = table.ProvisionedThroughput ?? {};
  if (!ReadCapacityUnits || !WriteCapacityUnits) return {};
  return { ProvisionedThroughput: { ReadCapacityUnits, WriteCapacityUnits } };
}

async function create({ sdk, client, ...rest }: Connection, wanted: Wanted): Promise<TableReport> {
  const connection = { sdk, client, ...rest };
  try {
    await client.send(new sdk.CreateTableCommand(tableInput(wanted)));
  } catch (error) {
    // Another process was faster: its table is as good.
    if (nameOf(error) !== "ResourceInUseException") throw error;
    await untilActive(connection, wanted);
    return createOrCheck(connection, wanted);
  }
  await untilActive(connection, wanted);
  return { created: true, differences: await turnOnTtl(connection, wanted.tableName) };
}

function tableInput({ tableName, indexName, recent }: Wanted): CreateTableCommandInput {
  const recentKeys = recent === undefined ? [] : [RECENT_ATTRIBUTE];
  return {
    TableName: tableName,
    BillingMode: "PAY_PER_REQUEST",
    AttributeDefinitions: definitions(["pk", "sk", "conversation_id", ...recentKeys]),
    KeySchema: keys("pk"),
    GlobalSecondaryIndexes: [
      { IndexName: indexName, KeySchema: keys("conversation_id"), Projection: { ProjectionType: "ALL" } },
      ...(recent === undefined ? [] : [recentIndexInput(recent)]),
    ],
  };
}

function recentIndexInput(name: string): GlobalSecondaryIndex {
  return {
    IndexName: name,
    KeySchema: keys(RECENT_ATTRIBUTE),
    Projection: { ProjectionType: "INCLUDE", NonKeyAttributes: [...RECENT_PROJECTION] },
  };
}

function definitions(names: readonly string[]): AttributeDefinition[] {
  return names.map((name) => ({ AttributeName: name, AttributeType: "S" }));
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

/** Waits for the table and the index by conversation; a recent index may be filled for long. */
async function untilActive(connection: Connection, { tableName, indexName }: Wanted): Promise<void> {
  const deadline = steadyNow() + CREATE_TIMEOUT_MS;
  for (
    let pause = FIRST_POLL_MS;
    !isActive(await describe(connection, tableName), indexName);
    pause = Math.min(pause * 2, MAX_POLL_MS)
  ) {
    if (steadyNow() > deadline) {
      throw new TracelightError(
        "DYNAMODB_FAILED",
        `The table "${tableName}" did not become active in five minutes.`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

function isActive(table: TableDescription | undefined, indexName: string): boolean {
  // An emulator names no status of an index.
  const { IndexStatus = "ACTIVE" } = indexOf(table, indexName) ?? {};
  return table?.TableStatus === "ACTIVE" && IndexStatus === "ACTIVE";
}

/** An emulator without TTL keeps its items, and so does a table whose maker may not turn it on: no fault, but said. */
async function turnOnTtl({ sdk, client }: Connection, tableName: string): Promise<string[]> {
  const TimeToLiveSpecification = { AttributeName: TTL_ATTRIBUTE, Enabled: true };
  try {
    await client.send(new sdk.UpdateTimeToLiveCommand({ TableName: tableName, TimeToLiveSpecification }));
    return [];
  } catch (error) {
    if (nameOf(error) === "UnknownOperationException") return [];
    if (nameOf(error) !== "AccessDeniedException") throw error;
    return [
      `TTL on "${TTL_ATTRIBUTE}" is off, since dynamodb:UpdateTimeToLive is denied: spans are kept for good`,
    ];
  }
}
