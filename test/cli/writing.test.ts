// export, import, prune, tail and the commands of DynamoDB: what they write, and what they leave alone.
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { type AttributeValue, BatchWriteItemCommand } from "@aws-sdk/client-dynamodb";
import { ensureTable } from "tracelight/dynamodb";
import { SqliteTracer } from "tracelight/sqlite";
import { beforeAll, describe, expect, test } from "vitest";
import { decodeLogLine } from "../../src/model/record-decoder.ts";
import { client, dynamoDb, useEmulator } from "../dynamodb/emulator.ts";
import { spanFields } from "../model/arbitraries.ts";
import { folder, jsonOf, outcomeOf, start, tracelight, useFolder } from "./command.ts";
import { recordLines, SPANS, TRACES } from "./spans.ts";

useEmulator();
useFolder();

/** No store but memory keeps a span running that no process runs. */
const ENDED = SPANS.filter(({ state }) => state === "ended");

beforeAll(() => {
  writeFileSync(join(folder, "all.jsonl"), recordLines(SPANS));
  writeFileSync(join(folder, "ended.jsonl"), recordLines(ENDED));
});

const bySpan = (a: Record<string, unknown>, b: Record<string, unknown>): number =>
  String(a["span_id"]) < String(b["span_id"]) ? -1 : 1;

describe("export and import", () => {
  test("give identical records back, through an SQLite file and through a table", async () => {
    const { endpoint } = dynamoDb;
    await ensureTable({ tableName: "RoundTrip", endpoint });
    for (const store of ["round-trip.db", `dynamodb:RoundTrip?endpoint=${endpoint}`]) {
      const imported = await tracelight(["import", "ended.jsonl", store]);
      expect(imported).toMatchObject({
        code: 0,
        stdout: "",
        stderr: expect.stringMatching(/^6 spans imported/),
      });
      const exported = await tracelight(["export", store]);
      expect(exported.code).toBe(0);
      const before = recordLines(ENDED)
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line));
      expect(jsonOf(exported).sort(bySpan)).toEqual(before.sort(bySpan));
    }
  });

  test("known spans are not doubled", async () => {
    await tracelight(["import", "ended.jsonl", "twice.db"]);
    const again = await tracelight(["import", "all.jsonl", "twice.db"]);
    expect(again).toMatchObject({
      code: 0,
      stderr: "2 spans imported into twice.db, 6 were there already.\n",
    });
    expect(jsonOf(await tracelight(["export", "twice.db"]))).toHaveLength(SPANS.length);
  });

  test("import takes any store, and standard input; broken lines are counted", async () => {
    const input = `{"broken\n${recordLines(ENDED)}\n\n{not json}\n`;
    const { code, stderr } = await tracelight(["import", "-", "input.db"], { input });
    expect(code).toBe(0);
    expect(stderr).toContain("6 spans imported into input.db.");
    expect(stderr).toContain(
      "standard input: 2 of 8 lines could not be read and were left out (lines 1, 10).",
    );
    expect(await tracelight(["import", "input.db", "copy.db"])).toMatchObject({ code: 0 });
    expect(await tracelight(["import", "ended.jsonl", "all.jsonl"])).toMatchObject({ code: 2, stdout: "" });
  });

  test("export --log-lines writes the toolkit's form, --trace some traces", async () => {
    const { stdout } = await tracelight([
      "export",
      "--log-lines",
      "-t",
      "b2",
      "-t",
      TRACES.hotel,
      "all.jsonl",
    ]);
    const spans = stdout
      .trimEnd()
      .split("\n")
      .map((line) => decodeLogLine(line)?.spanName);
    expect(spans).toEqual(["book_hotel", "converse"]);
  });

  test("export --conversation writes conversations, and with --trace what is of either once", async () => {
    const ids = async (...args: string[]): Promise<unknown[]> =>
      jsonOf(await tracelight(["export", "all.jsonl", ...args])).map(({ span_id }) => span_id);
    const expected = SPANS.filter(({ attributes }) => attributes["ai.conversation.id"] === "weather-1");
    expect(expected.length).toBeGreaterThan(0);
    const own = expected.map(({ spanId }) => spanId);
    expect(new Set(await ids("--conversation", "weather-1"))).toEqual(new Set(own));
    expect(new Set(await ids("-c", "weath", "-c", "weather-1"))).toEqual(new Set(own));
    const trace = SPANS.filter(({ traceId }) => traceId === TRACES.weather).map(({ spanId }) => spanId);
    const either = await ids("-c", "weather-1", "-t", TRACES.weather);
    expect([...either].sort()).toEqual([...new Set([...own, ...trace])].sort());
    expect(await tracelight(["export", "all.jsonl", "-c", TRACES.weather])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("--conversation takes the id of a conversation"),
    });
  });

  test("export --out writes a whole file or none, and replaces one only by force", async () => {
    const out = join(folder, "out.jsonl");
    const { code, stdout, stderr } = await tracelight(["export", "all.jsonl", "--out", "out.jsonl"]);
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: "",
      stderr: "8 spans written to out.jsonl\n",
    });
    const before = readFileSync(out, "utf8");
    expect(await tracelight(["export", "ended.jsonl", "--out", "out.jsonl"])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("--force"),
    });
    expect(readFileSync(out, "utf8")).toBe(before);
    expect((await tracelight(["export", "ended.jsonl", "--out", "out.jsonl", "--force"])).code).toBe(0);
    expect(readFileSync(out, "utf8").split("\n")).toHaveLength(ENDED.length + 1);
    writeFileSync(join(folder, "broken.jsonl"), "nothing\nthat is\nJSON\n");
    expect((await tracelight(["export", "broken.jsonl", "--out", "new.jsonl"])).code).toBe(3);
    expect(readdirSync(folder).filter((name) => /new|part/.test(name))).toEqual([]);
  });

  test("Ctrl-C ends an import with 130; what was imported stays", async () => {
    const child = start(["import", "-", "halted.db"]);
    // More than one batch, so that the first is written while the input is open.
    const lines = Array.from({ length: 1000 }, (_, i) =>
      recordLines([{ ...spanFields({}), spanId: (i + 1).toString(16).padStart(16, "0") }]),
    );
    child.stdin?.write(lines.join(""));
    const outcome = outcomeOf(child);
    let rows = 0;
    while (rows < 500) {
      const { stdout } = await tracelight(["stats", "--json", "halted.db"]);
      rows = Number(/"spans":(\d+)/.exec(stdout)?.[1] ?? 0);
    }
    child.kill("SIGINT");
    expect(await outcome).toMatchObject({
      code: 130,
      stdout: "",
      stderr: expect.stringContaining("goes on"),
    });
    expect(await tracelight(["import", "-", "halted.db"], { input: lines.join("") })).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(
        /^[\d,]+ spans? imported into halted\.db, [\d,]+ were there already\.\n$/,
      ),
    });
  });

  test("Ctrl-C ends an export without a trace of the file, and with 130", async () => {
    const child = start(["export", "-", "--out", "stopped.jsonl"]);
    child.stdin?.write(recordLines(SPANS));
    const outcome = outcomeOf(child);
    while (!readdirSync(folder).some((name) => name.startsWith("stopped"))) await new Promise(setImmediate);
    child.kill("SIGINT");
    expect(await outcome).toEqual({ code: 130, stdout: "", stderr: "" });
    expect(readdirSync(folder).filter((name) => name.startsWith("stopped"))).toEqual([]);
  });
});

describe("prune", () => {
  test("removes old traces from an SQLite file, and nothing without being told what", async () => {
    await tracelight(["import", "ended.jsonl", "prune.db"]);
    expect((await tracelight(["prune", "prune.db"])).code).toBe(2);
    expect((await tracelight(["prune", "all.jsonl", "--older-than", "1d"])).code).toBe(2);
    expect(await tracelight(["prune", "none.db", "--older-than", "1d"])).toMatchObject({ code: 3 });
    expect(existsSync(join(folder, "none.db"))).toBe(false);
    expect(await tracelight(["prune", "prune.db", "--older-than", "5000d"])).toMatchObject({
      code: 0,
      stderr: "Nothing to remove in prune.db.\n",
    });
    expect(await tracelight(["prune", "prune.db", "--older-than", "1d"])).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/^3 traces \(6 spans, .*\) removed from prune\.db\.\n$/),
    });
    expect((await tracelight(["export", "prune.db"])).code).toBe(1);
  });
});

/** Waits for text on the command's standard output. */
function showing(child: ChildProcess): (text: string) => Promise<void> {
  let seen = "";
  child.stdout?.on("data", (chunk: string) => {
    seen += chunk;
  });
  return async (text) => {
    while (!seen.includes(text)) await once(child.stdout ?? child, "data");
  };
}

describe("tail", () => {
  test("waits for a store, shows spans as they start and end, and ends with 0 on Ctrl-C", async () => {
    const child = start(["tail", "live.db"]);
    const outcome = outcomeOf(child);
    if (child.stderr !== null) await once(child.stderr, "data");
    await using tracer = new SqliteTracer({ path: join(folder, "live.db"), retention: false });
    const turn = tracer.startSpan("converse", {
      attributes: { "ai.trace.type": "converse", "ai.user.input": "Hi\u001b[2J" },
    });
    const shown = showing(child);
    await shown("▶ converse");
    const tool = tracer.startSpan("get_weather", { parentSpan: turn });
    tool.setStatus("ERROR", "no network");
    const ended = shown("✓ converse");
    tool.end();
    turn.end();
    await ended;
    child.kill("SIGINT");
    const { code, stdout, stderr } = await outcome;
    expect(code).toBe(0);
    expect(stderr).toBe("Waiting for live.db …\n");
    const lines = stdout
      .trimEnd()
      .split("\n")
      .map((line) => line.replace(/^\S+ {2}\S{8} {2}/, ""));
    expect(lines[0]).toBe("▶ converse  ← Hi\\x1b[2J");
    expect(lines).toContainEqual(expect.stringMatching(/^ {2}✗ get_weather {2}\S+ \S+ {2}no network$/));
    expect(lines.at(-1)).toMatch(/^✓ converse {2}\S+ \S+$/);
  });

  test("follows a file that takes the place of the one before, as its writer does", async () => {
    const path = join(folder, "replaced.db");
    const write = async (file: string, names: readonly string[]): Promise<void> => {
      await using tracer = new SqliteTracer({ path: file, retention: false });
      for (const name of names) tracer.startSpan(name).end();
    };
    await write(path, ["before"]);
    const child = start(["tail", "replaced.db"]);
    const outcome = outcomeOf(child);
    const shown = showing(child);
    await shown("✓ before");
    // Removed and made anew by the same writer, then replaced by another's.
    await using tracer = new SqliteTracer({ path, retention: false });
    tracer.startSpan("first").end();
    await shown("✓ first");
    for (const suffix of ["", "-wal", "-shm"]) rmSync(path + suffix, { force: true });
    tracer.startSpan("again").end();
    await shown("✓ again");
    await write(join(folder, "other.db"), ["moved 1", "moved 2"]);
    for (const suffix of ["-wal", "-shm"]) rmSync(path + suffix, { force: true });
    // A copy: SQLite's files may not be moved while a process has them open.
    copyFileSync(join(folder, "other.db"), join(folder, "copy.part"));
    renameSync(join(folder, "copy.part"), path);
    await shown("✓ moved 2");
    await write(path, ["last"]);
    await shown("✓ last");
    child.kill("SIGINT");
    const { code, stdout, stderr } = await outcome;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout.match(/[▶✓‖] \w+( \d)?/g)?.filter((line) => !line.startsWith("▶"))).toEqual(
      ["before", "first", "again", "moved 1", "moved 2", "last"].map((name) => `✓ ${name}`),
    );
  });

  test("follows standard input, with a filter", async () => {
    const { code, stdout } = await tracelight(["tail", "-", "--where", "duration < 300ms"], {
      input: recordLines(SPANS),
    });
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^10:00:02\.250 {2}a1000000 {2}✓ weather_tool {2}250 ms {2}→ \{"temperature": 20\}\n$/,
    );
  });

  test("follows a file of lines: what is written to it comes, once its line is whole", async () => {
    const path = join(folder, "followed.jsonl");
    const [first, second] = ENDED;
    if (first === undefined || second === undefined) return expect.fail();
    const line = recordLines([second]);
    writeFileSync(path, recordLines([first]));
    const child = start(["tail", "--json", "followed.jsonl"]);
    const outcome = outcomeOf(child);
    const both = new Promise<void>((resolve) => {
      let lines = 0;
      child.stdout?.on("data", (text: string) => {
        lines += text.split("\n").length - 1;
        if (lines === 1) appendFileSync(path, line.slice(0, 30));
        if (lines === 1) appendFileSync(path, line.slice(30));
        if (lines === 2) resolve();
      });
    });
    await both;
    child.kill("SIGINT");
    const { code, stdout } = await outcome;
    expect(code).toBe(0);
    expect(
      stdout
        .trimEnd()
        .split("\n")
        .map((one) => JSON.parse(one).span_id),
    ).toEqual([first.spanId, second.spanId]);
  });
});

test("tail -n shows the last spans of standard input, when it has ended", async () => {
  const times = async (...args: string[]): Promise<string[]> => {
    const { stdout } = await tracelight(["tail", ...args, "-"], { input: recordLines(SPANS) });
    return stdout
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => line.slice(24).trim().split("  ")[0] ?? "");
  };
  expect(await times("-n", "2")).toEqual(["✓ nightly job", "‖ converse", "▶ converse"]);
  expect(await times("--lines", "1", "--where", "exists ai.tool.name")).toEqual(["✗ book_hotel"]);
  expect(await times("-n", "0")).toEqual(["▶ converse"]);
  expect(await times()).toHaveLength(SPANS.length);
});

describe("DynamoDB", () => {
  test("says what the shell can do: no code, and no index that is missing where none was named", async () => {
    const { endpoint } = dynamoDb;
    const create = ["create-table", "Mends", "--endpoint", endpoint, "--recent-index"];
    const missing = [["ls"], ["export"], ["stats"], ["show"], ["search", "x"], ["collect", "--port", "0"]];
    for (const args of missing) {
      const { code, stderr } = await tracelight([...args, `dynamodb:Mends?endpoint=${endpoint}`]);
      expect({ args, code }).toEqual({ args, code: 3 });
      expect(stderr).toContain(`make it with: tracelight create-table Mends --endpoint ${endpoint}`);
      expect(stderr).not.toContain("ensureTable");
    }
    await tracelight(create);
    const { stderr } = await tracelight(["ls", `dynamodb:Mends?endpoint=${endpoint}`]);
    expect(stderr).toContain(
      "No recent index was named, so the whole table was read; dynamodb:Mends?recentIndex=true uses one that all tracers fill",
    );
    expect(stderr).not.toContain("There is no recent index");
    const named = await tracelight(["ls", `dynamodb:Mends?endpoint=${endpoint}&recentIndex=true`]);
    expect(named.stderr).toBe("No traces in dynamodb:Mends.\n");
  });

  test("create-table makes a table, which the other commands take as a store", async () => {
    const { endpoint } = dynamoDb;
    const create = ["create-table", "Commands", "--endpoint", endpoint, "--recent-index"];
    expect(await tracelight(create)).toMatchObject({ code: 0, stderr: "The table Commands was created.\n" });
    expect((await tracelight(create)).stderr).toMatch(/^The table Commands is there already\.\n/);
    const store = `dynamodb:Commands?endpoint=${endpoint}`;
    expect((await tracelight(["import", "ended.jsonl", store])).code).toBe(0);
    const listed = jsonOf(await tracelight(["ls", "--json", store]));
    expect(listed.map(({ id }) => id)).toEqual(["weather-1"]);
    expect((await tracelight(["show", "weather-1", store])).stdout).toContain("It is 20 degrees and sunny.");
    expect((await tracelight(["show", "a1", store])).stdout).toContain(`Trace ${TRACES.weather}`);
    expect((await tracelight(["search", "rooms", store])).stdout).toContain("No rooms are left");
    expect(await tracelight(["ls", `dynamodb:Missing?endpoint=${endpoint}`])).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(
        /^tracelight: The table "Missing" does not exist .*\[TABLE_NOT_FOUND\]\n$/,
      ),
    });
    expect(await tracelight(["ls", "dynamodb:Commands?regoin=x"])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("did you mean region?"),
    });
  });

  test("a conversation of the Python toolkit's table is shown without a word about its layout", async () => {
    const { endpoint } = dynamoDb;
    await ensureTable({ tableName: "Toolkit", endpoint });
    const file = new URL("../fixtures/dynamodb-items.json", import.meta.url);
    const items: Record<string, AttributeValue>[] = JSON.parse(readFileSync(file, "utf8"), (_, value) =>
      value?.__b64__ ? new Uint8Array(Buffer.from(value.__b64__, "base64")) : value,
    );
    const RequestItems = { Toolkit: items.map((Item) => ({ PutRequest: { Item } })) };
    await client.send(new BatchWriteItemCommand({ RequestItems }));
    const conversation = items[0]?.["attributes"]?.M?.["ai.conversation.id"]?.S ?? "";
    const store = `dynamodb:Toolkit?endpoint=${endpoint}`;
    const { code, stdout } = await tracelight(["show", conversation, store]);
    expect(code).toBe(0);
    expect(stdout).toContain(`Conversation ${conversation}`);
    expect(stdout).toContain("What is the weather in Amsterdam?");
  });

  test("dynamodb-local prints its endpoint and ends with 0 on Ctrl-C", async () => {
    const child = start(["dynamodb-local"]);
    const outcome = outcomeOf(child);
    if (child.stderr !== null) await once(child.stderr, "data");
    child.kill("SIGINT");
    expect(await outcome).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\n$/),
    });
  });
});
