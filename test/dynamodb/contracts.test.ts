// DynamoDbTracer keeps both contracts, on the embedded emulator with the real AWS SDK.
import { TeeTracer, type TracerOptions } from "tracelight";
import { DynamoDbTracer, ensureTable, type LocalDynamoDb, startLocalDynamoDb } from "tracelight/dynamodb";
import { type MakeTracer, sinkContract, storeContract } from "tracelight/testing";
import { afterAll, beforeAll, describe, test } from "vitest";

let dynamoDb: LocalDynamoDb;
let tables = 0;

beforeAll(async () => {
  dynamoDb = await startLocalDynamoDb();
});
afterAll(() => dynamoDb.close());

async function freshTracer(options: TracerOptions, identifier?: string): Promise<DynamoDbTracer> {
  const { endpoint } = dynamoDb;
  const tableName = `Traces${tables++}`;
  await ensureTable({ tableName, endpoint });
  return new DynamoDbTracer({
    ...options,
    tableName,
    endpoint,
    ...(identifier === undefined ? {} : { identifier }),
  });
}

const makers: Record<string, MakeTracer> = {
  DynamoDbTracer: (options) => freshTracer(options),
  "DynamoDbTracer with an identifier": (options) => freshTracer(options, "My#Agent"),
  "TeeTracer over a DynamoDbTracer": async (options) =>
    new TeeTracer(options).addTracer(await freshTracer({})),
};

describe.each(Object.entries(makers))("%s keeps the contracts:", (_name, makeTracer) => {
  const contract = [...sinkContract, ...storeContract];
  test.each(contract.map(({ name, run }) => [name, run] as const))("%s", (_test, run) => run(makeTracer));
});
