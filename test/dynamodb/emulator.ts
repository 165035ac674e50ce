// One emulator and one client of the AWS SDK for a test file.
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { type LocalDynamoDb, startLocalDynamoDb } from "tracelight/dynamodb";
import { afterAll, beforeAll } from "vitest";

/** The emulator of this file. */
export let dynamoDb: LocalDynamoDb;
/** A client of it, for what the tests look at themselves. */
export let client: DynamoDBClient;

/** Starts both before the tests of this file, and ends them after. */
export function useEmulator(): void {
  beforeAll(async () => {
    dynamoDb = await startLocalDynamoDb();
    const credentials = { accessKeyId: "local", secretAccessKey: "local" };
    client = new DynamoDBClient({ endpoint: dynamoDb.endpoint, region: "us-east-1", credentials });
  });
  afterAll(async () => {
    client.destroy();
    await dynamoDb.close();
  });
}
