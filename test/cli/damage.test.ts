// What the commands do with a store of which something is lost: they show the rest, say so, and a backup ends with 3.
import { closeSync, existsSync, openSync, readFileSync, statSync, truncateSync, writeSync } from "node:fs";
import { join } from "node:path";
import { DeleteItemCommand, ScanCommand } from "@aws-sdk/client-dynamodb";
import { DynamoDbTracer, ensureTable } from "tracelight/dynamodb";
import { SqliteTracer } from "tracelight/sqlite";
import { describe, expect, test } from "vitest";
import { client, dynamoDb, useEmulator } from "../dynamodb/emulator.ts";
import { sql, withConnection } from "../sqlite/support.ts";
import { folder, jsonOf, tracelight, useFolder } from "./command.ts";

useEmulator();
useFolder();

const COMMANDS = [
  ["ls"],
  ["ls", "--by", "trace"],
  ["ls", "--where", "n > 0"],
  ["show", "talk"],
  ["search", "word"],
  ["stats"],
] as const;

describe("of an SQLite file with a damaged span and a lost value", () => {
  test("the commands show the rest", async () => {
    await damaged("rest.db");
    for (const command of COMMANDS) {
      const { code, stdout } = await tracelight([...command, "rest.db"]);
      expect({ command, code }).toEqual({ command, code: 0 });
      expect(stdout).not.toBe("");
    }
  });

  test("export writes the rest, says what is missing, and ends with 3", async () => {
    await damaged("export.db");
    const whole = await tracelight(["export", "export.db", "--out", "saved.jsonl"]);
    expect(whole.code).toBe(3);
    expect(whole.stderr).toContain("2 spans written to saved.jsonl");
    expect(whole.stderr).toContain(
      "This is not all that the store had: up to 1 span could not be read, and 1 span lacks values",
    );
    expect(whole.stderr).toMatch(/The span "gone" .* could not be read and was left out: /);
    const lines = readFileSync(join(folder, "saved.jsonl"), "utf8").trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line).span_name)).toEqual(["lacking", "fine"]);
    const { code, stdout } = await tracelight(["export", "--otlp", "export.db"]);
    expect(code).toBe(3);
    expect(stdout).toContain("fine");
  });

  test("prune removes it all", async () => {
    await damaged("prune.db");
    expect(await tracelight(["prune", "--max-size", "1b", "prune.db"])).toMatchObject({ code: 0 });
    expect(await tracelight(["export", "prune.db"])).toMatchObject({ code: 1, stdout: "" });
  });
});

test("export saves what damaged pages have left of a file, and a new file can be made of it", async () => {
  const path = join(folder, "pages.db");
  const tracer = new SqliteTracer({ path });
  for (let i = 0; i < 1000; i++)
    tracer.startSpan(`s${i}`, { parentSpan: null }).addAttribute("text", "x".repeat(500)).end();
  await tracer.close();
  damagePage(path);
  const ls = await tracelight(["ls", "pages.db", "--limit", "1000"]);
  expect(ls).toMatchObject({ code: 3, stderr: expect.stringContaining("tracelight export") });
  const { code, stderr } = await tracelight(["export", "pages.db", "-o", "pages.jsonl"]);
  expect(code).toBe(3);
  expect(stderr).toMatch(/could not be read and was left out: it lies in damaged pages/);
  expect((await tracelight(["import", "pages.jsonl", "new.db"])).code).toBe(0);
  const left = jsonOf(await tracelight(["export", "new.db"]));
  expect(left.length).toBeGreaterThan(980);
  expect(left.length).toBeLessThan(1000);
});

test("export saves what is left of a file that was cut in half", async () => {
  const path = join(folder, "half.db");
  const tracer = new SqliteTracer({ path });
  for (let i = 0; i < 1000; i++)
    tracer.startSpan(`s${i}`, { parentSpan: null }).addAttribute("text", "x".repeat(500)).end();
  await tracer.close();
  truncateSync(path, Math.floor(statSync(path).size / 2));
  const { code, stderr } = await tracelight(["export", "half.db", "-o", "half.jsonl"]);
  expect(code).toBe(3);
  expect(stderr).toMatch(/could not be read and was left out: it lies in damaged pages/);
  expect((await tracelight(["import", "half.jsonl", "half-new.db"])).code).toBe(0);
  expect(jsonOf(await tracelight(["export", "half-new.db"])).length).toBeGreaterThan(300);
});

test("export of a table with a lost part and a broken item writes the rest, and ends with 3", async () => {
  const { endpoint } = dynamoDb;
  const TableName = "Damaged";
  await ensureTable({ tableName: TableName, endpoint });
  const tracer = new DynamoDbTracer({ tableName: TableName, endpoint, region: "us-east-1" });
  tracer.trace("fine", () => undefined);
  tracer.trace("lacking", (span) =>
    span.addAttribute(
      "big",
      Array.from({ length: 60_000 }, () => Math.random()),
    ),
  );
  await tracer.close();
  const { Items = [] } = await client.send(new ScanCommand({ TableName }));
  const part = Items.find(({ sk }) => !sk?.S?.startsWith("SPAN#"));
  await client.send(
    new DeleteItemCommand({
      TableName,
      Key: { pk: part?.["pk"] ?? { S: "" }, sk: part?.["sk"] ?? { S: "" } },
    }),
  );
  const { code, stderr, stdout } = await tracelight([
    "export",
    `dynamodb:${TableName}?endpoint=${endpoint}&region=us-east-1`,
  ]);
  expect(stderr).toContain("This is not all that the store had: 1 span lacks values");
  expect(code).toBe(3);
  expect(stdout.trimEnd().split("\n")).toHaveLength(2);
});

/** Three spans of one conversation: one cannot be read, one lacks a value, one is fine. */
async function damaged(name: string): Promise<void> {
  const path = join(folder, name);
  const tracer = new SqliteTracer({ path });
  for (const [i, spanName] of ["gone", "lacking", "fine"].entries())
    tracer
      .startSpan(spanName, { parentSpan: null, startedAt: new Date(Date.now() - 60_000 + i * 1000) })
      .addAttributes({ n: i, "ai.conversation.id": "talk", "ai.trace.type": "tool-invocation" })
      .addAttribute("ai.tool.output", `word ${"x".repeat(i === 1 ? 400_000 : 10)}`)
      .end();
  await tracer.close();
  expect(existsSync(path)).toBe(true);
  withConnection(path, (connection) =>
    connection.exec("DELETE FROM pieces; UPDATE spans SET started_at = 'never' WHERE span_name = 'gone'"),
  );
}

function damagePage(path: string): void {
  const leaves = sql(path, "SELECT pageno FROM dbstat WHERE name = 'spans' AND pagetype = 'leaf'");
  withConnection(path, (connection) => connection.exec("PRAGMA wal_checkpoint(TRUNCATE)"));
  const size = readFileSync(path).readUInt16BE(16);
  const file = openSync(path, "r+");
  const page = Number(leaves[Math.floor(leaves.length / 2)]?.["pageno"] ?? 2);
  writeSync(file, Buffer.alloc(size, 0xa5), 0, size, (page - 1) * size);
  closeSync(file);
}
