// ensureTable: what it creates, what it says about a table that is there, and what it leaves alone.
import {
  CreateTableCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  UpdateTableCommand,
  UpdateTimeToLiveCommand,
} from "@aws-sdk/client-dynamodb";
import { ensureTable } from "tracelight/dynamodb";
import { expect, test } from "vitest";
import { client, useEmulator } from "./emulator.ts";

useEmulator();

const describeTable = async (TableName: string) =>
  (await client.send(new DescribeTableCommand({ TableName }))).Table;

const definitions = (...names: string[]) =>
  names.map((AttributeName) => ({ AttributeName, AttributeType: "S" as const }));
const keys = (partition: string) => [
  { AttributeName: partition, KeyType: "HASH" as const },
  { AttributeName: "sk", KeyType: "RANGE" as const },
];

test("a recent index is made with the table: small and sparse", async () => {
  await ensureTable({ client, tableName: "Recent", recentIndex: true });
  const table = await describeTable("Recent");
  const index = table?.GlobalSecondaryIndexes?.find(({ IndexName }) => IndexName === "by_recent");
  expect(index?.KeySchema).toEqual(keys("recent"));
  expect(index?.Projection).toEqual({ ProjectionType: "INCLUDE", NonKeyAttributes: ["conversation_id"] });
  const again = await ensureTable({ client, tableName: "Recent", recentIndex: true });
  expect(again).toMatchObject({ created: false });
  // Nobody asked for it now: it stays, and is no difference.
  await ensureTable({ client, tableName: "Recent" });
  expect((await describeTable("Recent"))?.GlobalSecondaryIndexes).toHaveLength(2);
});

test("each difference of a table is explained, and none is changed", async () => {
  const throughput = { ReadCapacityUnits: 5, WriteCapacityUnits: 5 };
  await client.send(
    new CreateTableCommand({
      TableName: "Different",
      ProvisionedThroughput: throughput,
      AttributeDefinitions: definitions("pk", "sk", "conversation_id"),
      KeySchema: keys("pk"),
      GlobalSecondaryIndexes: [
        {
          IndexName: "by_conversation_id",
          KeySchema: keys("conversation_id"),
          Projection: { ProjectionType: "KEYS_ONLY" },
          ProvisionedThroughput: throughput,
        },
      ],
    }),
  );
  const before = await describeTable("Different");
  const { created, differences } = await ensureTable({ client, tableName: "Different" });
  expect(created).toBe(false);
  expect(differences).toEqual([
    expect.stringMatching(/billing mode is provisioned/),
    expect.stringMatching(/"by_conversation_id" does not project all/),
    expect.stringMatching(/TTL on "expire_at" is off/),
  ]);
  const after = await describeTable("Different");
  expect(after?.GlobalSecondaryIndexes).toEqual(before?.GlobalSecondaryIndexes);
  expect(after?.ProvisionedThroughput).toEqual(before?.ProvisionedThroughput);
});

test("a recent index is added to a table that is there only when asked for", async () => {
  await ensureTable({ client, tableName: "Later" });
  const updates: unknown[] = [];
  const watched = {
    send(command: never): Promise<unknown> {
      const given: unknown = command;
      if (given instanceof UpdateTableCommand) updates.push(given.input);
      return client.send(command);
    },
  };
  await ensureTable({ client: watched, tableName: "Later" });
  expect(updates).toEqual([]);
  const { differences } = await ensureTable({ client: watched, tableName: "Later", recentIndex: "newest" });
  expect(updates).toEqual([
    {
      TableName: "Later",
      AttributeDefinitions: definitions("pk", "sk", "recent"),
      GlobalSecondaryIndexUpdates: [
        {
          Create: {
            IndexName: "newest",
            KeySchema: keys("recent"),
            Projection: { ProjectionType: "INCLUDE", NonKeyAttributes: ["conversation_id"] },
          },
        },
      ],
    },
  ]);
  // The emulator takes the request and does nothing.
  expect(differences).toContainEqual(expect.stringMatching(/"newest" could not be added here/));
});

test.each(["UnknownOperationException", "AccessDeniedException"])("%s for TTL is no fault", async (name) => {
  const tableName = `Ttl${name}`;
  const denying = {
    send(command: never): Promise<unknown> {
      const given: unknown = command;
      const isTtl = given instanceof DescribeTimeToLiveCommand || given instanceof UpdateTimeToLiveCommand;
      return isTtl ? Promise.reject(Object.assign(new Error(name), { name })) : client.send(command);
    },
  };
  const first = await ensureTable({ client: denying, tableName });
  const second = await ensureTable({ client: denying, tableName });
  expect(first.created).toBe(true);
  const said = name === "AccessDeniedException" ? [expect.stringContaining("DescribeTimeToLive")] : [];
  expect(second.differences).toEqual(said);
});

test("an index of that name with other keys is refused", async () => {
  await ensureTable({ client, tableName: "Taken" });
  await expect(
    ensureTable({ client, tableName: "Taken", recentIndex: "by_conversation_id" }),
  ).rejects.toMatchObject({ code: "TABLE_SCHEMA", message: expect.stringContaining("recent (S, HASH)") });
  await expect(ensureTable({ client, tableName: "Taken", recentIndex: "" })).rejects.toMatchObject({
    code: "INVALID_OPTION",
  });
});
