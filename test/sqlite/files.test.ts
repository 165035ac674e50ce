// Files that are no stores, or not of this release: told from ours, and never touched.
import { copyFileSync, existsSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { openSqliteFile } from "../../src/sqlite/file.ts";
import { flushedUntil } from "../patience.ts";
import { startChild } from "./processes.ts";
import { freshFolder, freshPath, sql, statesIn, tracerOver, withConnection } from "./support.ts";

const TOOLKIT = fileURLToPath(new URL("../fixtures/traces.sqlite", import.meta.url));

type MakeFile = (path: string) => void | Promise<void>;

const notOurs: [string, MakeFile, string, RegExp][] = [
  [
    "a text",
    (path) => writeFileSync(path, "not a database at all ".repeat(100)),
    "NOT_A_DATABASE",
    /not an SQLite database/,
  ],
  ["a single byte", (path) => writeFileSync(path, "x"), "NOT_A_DATABASE", /not an SQLite database/],
  [
    "less than a page",
    (path) => writeFileSync(path, "x".repeat(700)),
    "NOT_A_DATABASE",
    /not an SQLite database/,
  ],
  [
    "a database of somebody else",
    (path) => someonesDatabase(path, ""),
    "NOT_A_DATABASE",
    /not one of Tracelight's/,
  ],
  [
    "somebody's database in WAL mode",
    (path) => someonesDatabase(path, "PRAGMA journal_mode = WAL"),
    "NOT_A_DATABASE",
    /not one of/,
  ],
  [
    "somebody's database with nothing in it yet",
    (path) => withConnection(path, (c) => c.exec("PRAGMA application_id = 7")),
    "NOT_A_DATABASE",
    /not one of/,
  ],
  [
    "somebody's table of spans",
    (path) => withConnection(path, (c) => c.exec("CREATE TABLE spans (id, name)")),
    "NOT_A_DATABASE",
    /not one of/,
  ],
  ["a file of a newer release", newerFile, "STORE_NEWER", /newer release/],
  ["a truncated file", truncatedFile, "STORE_CORRUPT", /damaged/],
];

describe("a file that is no store of ours", () => {
  test.each([...notOurs, ["the toolkit's file", toolkitFile, "NOT_A_DATABASE", /Python toolkit/] as const])(
    "is not written to: %s",
    async (_, make, code, message) => {
      const path = freshPath();
      await make(path);
      const before = readFileSync(path);
      const { tracer, errors } = tracerOver(path);
      expect(tracer.trace("s", () => "the app's own")).toBe("the app's own");
      tracer.startSpan("running");
      expect(await tracer.flush()).toMatchObject({ written: 0, failed: 1, pending: 0 });
      tracer.trace("later", () => undefined);
      expect(await tracer.close()).toMatchObject({ written: 0, failed: 3, pending: 0 });
      expect(errors[0]).toMatchObject({ code, message: expect.stringMatching(message) });
      expect(errors[0]?.message).toContain(path);
      expect(new Set(errors.map(({ message }) => message)).size).toBe(1);
      expect(readFileSync(path).equals(before)).toBe(true);
    },
  );

  test.each(notOurs)("is not read either: %s", async (_, make, code, message) => {
    const path = freshPath();
    await make(path);
    const before = readFileSync(path);
    await expect(readWhole(path)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    const { tracer } = tracerOver(path);
    await expect(tracer.getTraces()).rejects.toMatchObject({ code });
    expect(readFileSync(path).equals(before)).toBe(true);
  });
});

describe("a path", () => {
  test("of a folder is refused", async () => {
    const path = freshFolder();
    const { tracer, errors } = tracerOver(path);
    tracer.trace("s", () => undefined);
    expect(await tracer.flush()).toMatchObject({ failed: 1, pending: 0 });
    expect(errors).toMatchObject([{ code: "NOT_A_DATABASE", message: expect.stringContaining("folder") }]);
    await expect(readWhole(path)).rejects.toMatchObject({ code: expect.stringMatching(/^(NOT_A|STORE_)/) });
  });

  test("within a file is told of", async () => {
    const file = freshPath("a file");
    writeFileSync(file, "");
    const { tracer, errors } = tracerOver(join(file, "traces.db"));
    tracer.trace("s", () => undefined);
    expect(await flushedUntil(tracer, () => errors.length > 0)).toMatchObject({ pending: 1 });
    expect(errors).toHaveLength(1);
    rmSync(file);
    expect(await tracer.flush()).toMatchObject({ written: 1, pending: 0 });
  });

  test("with nothing there is an error to those who read, and a new file with its folders to those who write", async () => {
    const path = join(freshFolder(), "a", "b", "traces.db");
    await expect(readWhole(path)).rejects.toMatchObject({ code: "STORE_NOT_FOUND" });
    expect(existsSync(path)).toBe(false);
    const { tracer } = tracerOver(path);
    tracer.trace("s", () => undefined);
    await tracer.flush();
    expect(await statesIn(path)).toEqual({ s: "ended" });
  });

  test("with signs that mean something elsewhere is a path all the same", async () => {
    const path = join(freshFolder(), "a b%20c?d#e'f;g.db");
    const { tracer } = tracerOver(path);
    const open = tracer.startSpan("s");
    await tracer.flush();
    expect(await statesIn(path)).toEqual({ s: "running" });
    open.end();
    await tracer.close();
    expect(existsSync(path)).toBe(true);
    expect(await statesIn(path)).toEqual({ s: "ended" });
  });
});

test("an empty file is left alone by readers, and becomes a store for those who write", async () => {
  const path = freshPath();
  writeFileSync(path, "");
  expect(await readWhole(path)).toEqual([]);
  expect(readFileSync(path)).toHaveLength(0);
  const { tracer } = tracerOver(path);
  tracer.trace("s", () => undefined);
  expect(await tracer.flush()).toMatchObject({ written: 1, errors: [] });
});

test("a file whose maker was killed half-way is finished by the next", async () => {
  const path = freshPath();
  withConnection(path, (connection) => {
    connection.exec("PRAGMA auto_vacuum = INCREMENTAL");
    connection.exec("PRAGMA journal_mode = WAL");
  });
  const { tracer } = tracerOver(path);
  tracer.trace("s", () => undefined);
  expect(await tracer.flush()).toMatchObject({ written: 1, errors: [] });
});

test("processes killed while they make the file leave one that the next can use", async () => {
  for (let i = 0; i < 4; i++) {
    const path = freshPath();
    const child = await startChild({ path });
    void child.ask("burst", { name: "s", spans: 10_000, perTick: 1 });
    // As soon as there is something of a file.
    while (!existsSync(path)) await new Promise(setImmediate);
    child.kill();
    await child.ended;
    const { tracer } = tracerOver(path);
    tracer.trace("next", () => undefined);
    expect(await tracer.flush()).toMatchObject({ written: 1, errors: [] });
    expect(sql(path, "PRAGMA integrity_check")).toEqual([{ integrity_check: "ok" }]);
    await tracer.close();
  }
});

test("a file that becomes damaged while it is written to is told of, and the app goes on", async () => {
  const path = freshPath();
  const { tracer, errors } = tracerOver(path);
  for (let i = 0; i < 500; i++) tracer.trace("s", (span) => span.addAttribute("text", "x".repeat(500)));
  await tracer.close();
  const bytes = readFileSync(path);
  writeFileSync(path, bytes.fill(0xa5, 4096));
  const next = tracerOver(path);
  for (let i = 0; i < 100; i++) next.tracer.trace("s", () => undefined);
  const { written, failed, pending } = await flushedUntil(next.tracer, () => next.errors.length > 0);
  expect(written + failed + pending).toBe(100);
  expect(errors).toEqual([]);
  expect(next.errors[0]?.code).toBe("STORE_CORRUPT");
});

async function readWhole(path: string): Promise<readonly unknown[]> {
  const file = await openSqliteFile(path);
  try {
    await file.summaries({});
    return await file.find({});
  } finally {
    await file.close();
  }
}

function someonesDatabase(path: string, pragma: string): void {
  withConnection(path, (connection) => {
    if (pragma !== "") connection.exec(pragma);
    connection.exec("CREATE TABLE notes (text); INSERT INTO notes VALUES ('mine')");
    connection.exec("PRAGMA user_version = 1; PRAGMA wal_checkpoint(TRUNCATE)");
  });
}

async function ourFile(path: string): Promise<void> {
  const { tracer } = tracerOver(path);
  for (let i = 0; i < 200; i++) tracer.trace("s", (span) => span.addAttribute("text", "x".repeat(500)));
  await tracer.close();
}

async function newerFile(path: string): Promise<void> {
  await ourFile(path);
  const version = Number(sql(path, "PRAGMA user_version")[0]?.["user_version"]);
  withConnection(path, (connection) =>
    connection.exec(`PRAGMA user_version = ${version + 1}; PRAGMA wal_checkpoint(TRUNCATE)`),
  );
}

async function truncatedFile(path: string): Promise<void> {
  await ourFile(path);
  truncateSync(path, 9000);
}

function toolkitFile(path: string): void {
  copyFileSync(TOOLKIT, path);
}
