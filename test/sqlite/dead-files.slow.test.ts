// Files that go while they are written to, and file systems that keep no locks: nothing is lost in silence.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TracelightError, Tracer } from "tracelight";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Driver } from "../../src/sqlite/connection.ts";
import { sqliteDriver } from "../../src/sqlite/driver.ts";
import { SqliteStore } from "../../src/sqlite/store.ts";
import { startChild } from "./processes.ts";
import { eventually, freshFolder, freshPath, read, sql, tracerOver } from "./support.ts";

describe("a file that is removed or replaced between two commits", () => {
  test.each([
    [
      "removed",
      (path: string) => {
        for (const suffix of ["", "-wal", "-shm"]) rmSync(path + suffix, { force: true });
      },
    ],
    [
      "moved away",
      (path: string) => {
        for (const suffix of ["", "-wal", "-shm"]) renameSync(path + suffix, `${path}.old${suffix}`);
      },
    ],
  ])("takes no span with it that ended later: %s", async (_, go) => {
    const path = freshPath();
    const { tracer, errors } = tracerOver(path, { retention: false });
    tracer.trace("first", () => undefined);
    const running = tracer.startSpan("running", { parentSpan: null });
    expect(await tracer.flush()).toMatchObject({ written: 1, pending: 0 });
    go(path);
    tracer.startSpan("second", { parentSpan: null }).end();
    expect(await tracer.flush()).toMatchObject({ written: 2, pending: 0, failed: 0 });
    expect((await read(path)).map(({ spanName }) => spanName).sort()).toEqual(["running", "second"]);
    running.end();
    tracer
      .startSpan("large", { parentSpan: null })
      .addAttribute("value", Array.from({ length: 90_000 }, Math.random))
      .end();
    expect(await tracer.flush()).toMatchObject({ written: 4, pending: 0, failed: 0 });
    const found = await read(path);
    expect(found.map(({ spanName, state }) => `${spanName} ${state}`).sort()).toEqual([
      "large ended",
      "running ended",
      "second ended",
    ]);
    expect(found.find(({ spanName }) => spanName === "large")?.attributes["value"]).toHaveLength(90_000);
    expect(errors).toEqual([]);
  });
});

test("a file that is removed before it could be tidied is not told of, though another is in its place by then", async () => {
  const path = freshPath();
  const gate = join(freshFolder(), "gate");
  const errors: TracelightError[] = [];
  const store = new SqliteStore({
    ...{ driver: gatedDriver(gate), path, identifier: undefined, retention: false },
    ...{ durability: "tick", recordStarts: true, maxQueuedSpans: 100, maxQueuedBytes: 1e6 },
  });
  const tracer = new Tracer(store, { onError: (error) => errors.push(error) });
  onTestFinished(async () => void (await tracer.close()));
  tracer.trace("first", () => undefined);
  expect(await tracer.flush()).toMatchObject({ written: 1, pending: 0 });
  await eventually(() => existsSync(`${gate}.asked`));
  for (const suffix of ["", "-wal", "-shm"]) rmSync(path + suffix, { force: true });
  writeFileSync(`${gate}.open`, "");
  // What the thread met is heard of in the next turn of the event loop: the second span is in a file of its own before.
  while (!existsSync(`${gate}.met`)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
  tracer.trace("second", () => undefined);
  expect(await tracer.flush()).toMatchObject({ written: 2, pending: 0 });
  expect((await store.find({})).map(({ spanName }) => spanName)).toEqual(["second"]);
  expect(readFileSync(`${gate}.met`, "utf8")).toContain("no such table: writers");
  expect(errors).toEqual([]);
});

/** The driver of this process, which on the other thread opens nothing until it may, and notes what it could not prepare. */
function gatedDriver(gate: string): Driver {
  const driver = sqliteDriver();
  const module = `${gate}.cjs`;
  writeFileSync(
    module,
    `const { existsSync, renameSync, writeFileSync } = require("node:fs");
const library = require(${JSON.stringify(driver.module)});
const Database = library.DatabaseSync ?? library.default ?? library;
const gate = ${JSON.stringify(gate)};
module.exports = class extends Database {
  constructor(path, options) {
    writeFileSync(gate + ".asked", "");
    while (!existsSync(gate + ".open")) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    super(path, options);
  }
  prepare(sql) {
    try {
      return super.prepare(sql);
    } catch (error) {
      writeFileSync(gate + ".noted", error.message);
      renameSync(gate + ".noted", gate + ".met");
      throw error;
    }
  }
};
`,
  );
  return { ...driver, module };
}

test.each([
  ["emptied", (path: string) => truncateSync(path, 0)],
  ["cut short", (path: string) => truncateSync(path, 9000)],
  ["overwritten", (path: string) => writeFileSync(path, "no database ".repeat(1000))],
])("a file that is %s under the process costs what is counted and told", async (_, damage) => {
  const path = freshPath();
  const child = await startChild({ path, retention: false, printErrors: true });
  await child.ask("burst", { name: "before", spans: 2000, perTick: 50, text: 500 });
  await child.ask("flush", {});
  sql(path, "PRAGMA wal_checkpoint(TRUNCATE)");
  damage(path);
  await child.ask("burst", { name: "after", spans: 2000, perTick: 50, text: 500 });
  // The writer and the other thread, which saves the log, may meet different pages: each damage is told of once.
  expect(await child.ask("flush", {})).toMatchObject({
    ...{ written: 2000, failed: 2000, pending: 0, dropped: 0 },
    codes: expect.toSatisfy(areDamages),
  });
  expect(child.printed).toContain(path);
});

test.skipIf(!hasCompiler())(
  "a file system without locks is called so, not a lock of somebody else",
  async () => {
    const folder = freshFolder();
    writeFileSync(join(folder, "nolock.c"), NO_LOCKS);
    execFileSync("cc", ["-shared", "-fPIC", "-o", join(folder, "nolock.so"), join(folder, "nolock.c")]);
    const preload = process.env["LD_PRELOAD"];
    process.env["LD_PRELOAD"] = join(folder, "nolock.so");
    onTestFinished(() => {
      if (preload === undefined) delete process.env["LD_PRELOAD"];
      else process.env["LD_PRELOAD"] = preload;
    });
    const child = await startChild({ path: join(folder, "t.db"), printErrors: true });
    await child.ask("burst", { name: "s", spans: 3 });
    await eventually(() => child.printed.includes("its file system has no locks"));
    expect(await child.ask("flush", { timeoutMs: 10 })).toMatchObject({
      ...{ written: 0, pending: 3 },
      codes: expect.arrayContaining(["STORE_UNREADABLE"]),
    });
    expect(child.printed).not.toContain("locked by another process");
  },
);

/** As NFS answers without its lock service. */
const NO_LOCKS = `
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <unistd.h>
static int locks(int command) { return command == F_SETLK || command == F_SETLKW || command == F_OFD_SETLK; }
static int answer(int fd, int command, void *argument) {
  if (locks(command)) { errno = ENOLCK; return -1; }
  return syscall(SYS_fcntl, fd, command, argument);
}
int fcntl(int fd, int command, ...) { va_list list; va_start(list, command); void *argument = va_arg(list, void *); va_end(list); return answer(fd, command, argument); }
int fcntl64(int fd, int command, ...) { va_list list; va_start(list, command); void *argument = va_arg(list, void *); va_end(list); return answer(fd, command, argument); }
`;

function hasCompiler(): boolean {
  try {
    execFileSync("cc", ["--version"], { stdio: "ignore" });
    return process.platform === "linux";
  } catch {
    return false;
  }
}

/** What the file is, and perhaps what the other thread met in it besides; each once. */
function areDamages(codes: unknown): boolean {
  if (!Array.isArray(codes) || new Set(codes).size < codes.length) return false;
  const besides = codes.filter((code) => code !== "NOT_A_DATABASE" && code !== "STORE_CORRUPT");
  return codes.length > besides.length && besides.every((code) => code === "SQLITE_FAILED");
}
