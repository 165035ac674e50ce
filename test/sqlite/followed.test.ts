// A file that is read for long, as a page reads it: where it is removed or replaced that is told, and the one in its place is read.
import { copyFileSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { openSqliteFile } from "../../src/sqlite/file.ts";
import { freshPath, tracerOver } from "./support.ts";

/** A file with a span of that name. */
async function fileWith(name: string, path = freshPath()): Promise<string> {
  const { tracer } = tracerOver(path, { retention: false });
  tracer.trace(name, () => undefined);
  await tracer.close();
  return path;
}

function remove(path: string): void {
  for (const suffix of ["", "-wal", "-shm"]) rmSync(path + suffix, { force: true });
}

test("a file that is removed is read on, and the one that is made anew is read from then on", async () => {
  const path = await fileWith("first");
  const file = await openSqliteFile(path, { follows: true });
  const names = async (): Promise<string[]> => (await file.find({})).map(({ spanName }) => spanName);
  expect(await names()).toEqual(["first"]);
  const { cursor } = await file.changes(undefined);
  expect(file.notes).toEqual([]);
  remove(path);
  expect(await names()).toEqual(["first"]);
  expect(file.notes).toEqual([expect.stringMatching(/^The file traces\.db is gone: /)]);
  await fileWith("second", path);
  expect(await names()).toEqual(["second"]);
  expect((await file.outlines({})).map(({ spanName }) => spanName)).toEqual(["second"]);
  expect(file.notes).toEqual([]);
  // What was seen of the first says nothing of the second.
  await expect(file.changes(cursor)).rejects.toMatchObject({ code: "INVALID_QUERY" });
  const now = await file.changes(undefined);
  expect((await file.changes(now.cursor)).spans).toEqual([]);
  await file.close();
});

test("a file that is emptied is told, and read from its new beginning", async () => {
  const path = await fileWith("first");
  const file = await openSqliteFile(path, { follows: true });
  const names = async (): Promise<string[]> => (await file.find({})).map(({ spanName }) => spanName);
  expect(await names()).toEqual(["first"]);
  const { cursor } = await file.changes(undefined);
  for (const name of ["second", "third"]) {
    const other = await fileWith(name);
    truncateSync(path);
    expect(await names()).toEqual([]);
    expect(file.notes).toEqual(["The file traces.db was emptied: what comes from now on is shown."]);
    for (const suffix of ["-wal", "-shm"]) rmSync(path + suffix, { force: true });
    // The same file, with something in it again.
    writeFileSync(path, readFileSync(other));
    expect(await names()).toEqual([name]);
    expect(file.notes).toEqual([]);
    await expect(file.changes(cursor)).rejects.toMatchObject({ code: "INVALID_QUERY" });
  }
  await file.close();
});

test.each([
  ["no database", (path: string) => writeFileSync(path, "not a database ".repeat(1000))],
  ["the toolkit's", (path: string) => copyFileSync("test/fixtures/traces.sqlite", path)],
])("what took its place and cannot be read is told, until one that can be is there: %s", async (_, make) => {
  const path = await fileWith("first");
  const file = await openSqliteFile(path, { follows: true });
  const other = freshPath("other");
  make(other);
  for (const suffix of ["-wal", "-shm"]) rmSync(path + suffix, { force: true });
  renameSync(other, path);
  await expect(file.find({})).rejects.toMatchObject({ code: "NOT_A_DATABASE" });
  await expect(file.changes(undefined)).rejects.toMatchObject({ code: "NOT_A_DATABASE" });
  remove(path);
  await fileWith("second", path);
  expect((await file.find({})).map(({ spanName }) => spanName)).toEqual(["second"]);
  expect(file.notes).toEqual([]);
  await file.close();
});
