// `tracelight view` over each kind of store, as a process of its own: what it says, what it shows, what it takes, how it ends.
import type { ChildProcess } from "node:child_process";
import { copyFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { OtlpTracer } from "tracelight/otlp";
import { SqliteTracer } from "tracelight/sqlite";
import { describe, expect, test } from "vitest";
import { folder, type Outcome, outcomeOf, start, tracelight, useFolder } from "../cli/command.ts";
import { dynamoDb, useEmulator } from "../dynamodb/emulator.ts";
import { converse, json, raw } from "./support.ts";

useFolder();
useEmulator();

interface Viewing {
  readonly url: string;
  readonly child: ChildProcess;
  stop(): Promise<Outcome>;
}

async function view(args: readonly string[], env: Record<string, string> = {}): Promise<Viewing> {
  const child = start(["view", "--port", "0", ...args], env);
  const outcome = outcomeOf(child);
  const announced = new Promise<string>((resolve) => {
    let seen = "";
    const look = (text: string): void => {
      seen += text;
      const [, url] = /^(http:\S+)\n/m.exec(seen) ?? [];
      if (url !== undefined && /Ctrl-C/.test(seen)) resolve(url);
    };
    child.stdout?.on("data", look);
    child.stderr?.on("data", look);
  });
  const url = await Promise.race([announced, outcome]);
  if (typeof url !== "string") throw new Error(url.stderr);
  const stop = (): Promise<Outcome> => {
    child.kill("SIGINT");
    return outcome;
  };
  return { url, child, stop };
}

/** One conversation, by whatever speaks OTLP. */
async function send(url: string): Promise<void> {
  const tracer = new OtlpTracer({ url: `${url}v1/traces` });
  converse(tracer, { id: "sent" });
  const { written, pending } = await tracer.close();
  expect([written, pending]).toEqual([7, 0]);
}

test("an SQLite file that is not there yet is made, and has what was sent after Ctrl-C", async () => {
  const { url, stop } = await view(["new.db"]);
  expect(await json(`${url}api/store`)).toMatchObject({
    name: "new.db",
    kind: "sqlite",
    is_empty: true,
    can: { live: true, search: true },
  });
  await send(url);
  expect((await json(`${url}api/rows`)).rows.key).toEqual(["sent"]);
  expect((await json(`${url}api/search?q=rotterdam`)).hits.length).toBeGreaterThan(0);
  const { code, stdout, stderr } = await stop();
  expect([code, stdout]).toEqual([0, `${url}\n`]);
  expect(stderr).toContain(`OTEL_EXPORTER_OTLP_ENDPOINT=${url.slice(0, -1)}`);
  expect((await tracelight(["ls", "new.db"])).stdout).toContain("sent");
});

test("an SQLite file that a program writes to is seen as it grows", async () => {
  const tracer = new SqliteTracer({ path: join(folder, "grows.db") });
  converse(tracer, { id: "first" });
  await tracer.flush();
  const { url, stop } = await view(["grows.db"]);
  converse(tracer, { id: "second" });
  await tracer.close();
  expect((await json(`${url}api/rows`)).rows.key).toEqual(["second", "first"]);
  await stop();
});

test("memory: shows what is sent there, and makes no file", async () => {
  const { url, stop } = await view(["memory:"]);
  await send(url);
  expect((await json(`${url}api/rows`)).rows.key).toEqual(["sent"]);
  expect((await stop()).code).toBe(0);
  expect(existsSync(join(folder, "memory:"))).toBe(false);
});

describe("what can only be read", () => {
  test("a file of lines", async () => {
    const tracer = new SqliteTracer({ path: join(folder, "lines.db") });
    converse(tracer, { id: "lines" });
    await tracer.close();
    await tracelight(["export", "lines.db", "--out", "app.jsonl"]);
    const { url, stop } = await view(["app.jsonl"]);
    expect(await json(`${url}api/store`)).toMatchObject({
      read_only: true,
      kind: "lines",
      otlp_url: null,
      can: { live: true },
    });
    expect((await json(`${url}api/rows`)).rows.key).toEqual(["lines"]);
    expect(
      (await raw(`${url}v1/traces`, { "content-type": "application/json" }, { method: "POST", body: "{}" }))
        .status,
    ).toBe(403);
    expect((await stop()).stderr).toContain("only read");
  });

  test("the Python toolkit's file, of which no byte changes", async () => {
    const path = join(folder, "toolkit.db");
    copyFileSync(fileURLToPath(new URL("../fixtures/traces.sqlite", import.meta.url)), path);
    const before = readFileSync(path);
    const { url, stop } = await view(["toolkit.db"]);
    const { rows } = await json(`${url}api/rows`);
    expect(rows.key.length).toBeGreaterThan(0);
    const talk = await json(`${url}api/conversations/${encodeURIComponent(rows.key[0])}/turns/1`);
    expect(talk.entries.length).toBeGreaterThan(0);
    await stop();
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  test("an SQLite file with --read-only, and one that is not there", async () => {
    const tracer = new SqliteTracer({ path: join(folder, "kept.db") });
    converse(tracer, { id: "kept" });
    await tracer.close();
    const { url, stop } = await view(["kept.db", "--read-only"]);
    expect(await json(`${url}api/store`)).toMatchObject({ read_only: true, can: { live: true } });
    await stop();
    expect((await tracelight(["view", "nothing.db", "--read-only"])).code).toBe(3);
  });
});

test("a DynamoDB table is shown, and takes what is sent", async () => {
  const env = { AWS_ACCESS_KEY_ID: "local", AWS_SECRET_ACCESS_KEY: "local" };
  const { endpoint } = dynamoDb;
  await tracelight(["create-table", "Viewed", "--endpoint", endpoint, "--region", "us-east-1"], { env });
  const { url, stop } = await view([`dynamodb:Viewed?endpoint=${endpoint}&region=us-east-1`], env);
  await send(url);
  expect(await json(`${url}api/store`)).toMatchObject({ kind: "dynamodb", read_only: false });
  expect((await json(`${url}api/rows`)).rows.key).toEqual(["sent"]);
  expect((await json(`${url}api/conversations/sent/turns/1`)).entries).toHaveLength(4);
  await stop();
});

test("a token is asked for where one was given, on the command line or in the environment", async () => {
  for (const { url, stop } of [
    await view(["memory:", "--token", "correct-horse-battery"]),
    await view(["memory:"], { TRACELIGHT_TOKEN: "correct-horse-battery" }),
  ]) {
    expect((await raw(`${url}api/store`, {})).status).toBe(401);
    expect((await raw(`${url}api/store`, { authorization: "Bearer correct-horse-battery" })).status).toBe(
      200,
    );
    await stop();
  }
});

test("other machines need a token, and a port that is taken is said", async () => {
  const open = await tracelight(["view", "memory:", "--host", "0.0.0.0", "--port", "0"]);
  expect([open.code, open.stderr]).toEqual([2, expect.stringContaining("needs a token")]);
  const { url, stop } = await view(["memory:"]);
  const taken = await tracelight(["view", "memory:", "--port", new URL(url).port]);
  expect([taken.code, taken.stderr]).toEqual([3, expect.stringContaining("--port 0")]);
  await stop();
});

test("a person's page takes nothing and shows what is theirs", async () => {
  const tracer = new SqliteTracer({ path: join(folder, "people.db") });
  converse(tracer, { id: "hers", user: "alice" });
  converse(tracer, { id: "his", user: "bob" });
  await tracer.close();
  const { url, stop } = await view(["people.db", "--principal", "alice"]);
  expect((await json(`${url}api/rows`)).rows.key).toEqual(["hers"]);
  expect(await json(`${url}api/store`)).toMatchObject({ read_only: true, principal: "alice" });
  await stop();
});
