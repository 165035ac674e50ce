// DynamoDbTracer keeps both contracts, on the embedded emulator with the real AWS SDK.
import { TeeTracer, type TracerOptions } from "tracelight";
import { DynamoDbTracer, ensureTable, type LocalDynamoDb, startLocalDynamoDb } from "tracelight/dynamodb";
import { type MakeTracer, sinkContract, storeContract } from "tracelight/testing";
import { afterAll, beforeAll, describe, test } from "vitest";
import { shareOf } from "../sizes.ts";

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

const contracts = [...sinkContract, ...storeContract];

/** The first keeps the whole of them; of its variants, each another third, and in CI the whole. */
const kept = Object.entries(makers).map(
  ([name, makeTracer], i) => [name, i === 0 ? contracts : shareOf(contracts, i, 3), makeTracer] as const,
);

describe.each(kept)("%s keeps the contracts:", (_name, contract, makeTracer) => {
  test.each(contract.map(({ name, run }) => [name, run] as const))("%s", (_test, run) => run(makeTracer));
});
