// Files that go while they are written to, and file systems that keep no locks: nothing is lost in silence.
import { execFileSync } from "node:child_process";
import { existsSync, renameSync, rmSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { Children } from "./processes.ts";
import { eventually, freshFolder, freshPath, read, sql, tracerOver } from "./support.ts";

const children = new Children();
beforeAll(async () => void (await children.build()));
afterAll(() => children.remove());

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
    // After the first commit the dead are looked for: that is over when this file is gone.
    const forgotten = `${path}-live-00000000000000aa`;
    writeFileSync(forgotten, "");
    utimesSync(forgotten, 0, 0);
    expect(await tracer.flush()).toMatchObject({ written: 1, pending: 0 });
    await eventually(() => !existsSync(forgotten));
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

test.each([
  ["emptied", (path: string) => truncateSync(path, 0)],
  ["cut short", (path: string) => truncateSync(path, 9000)],
  ["overwritten", (path: string) => writeFileSync(path, "no database ".repeat(1000))],
])("a file that is %s under the process costs what is counted and told", async (_, damage) => {
  const path = freshPath();
  const child = await children.start({ path, retention: false, printErrors: true });
  await child.ask("burst", { name: "before", spans: 2000, perTick: 50, text: 500 });
  await child.ask("flush", {});
  sql(path, "PRAGMA wal_checkpoint(TRUNCATE)");
  damage(path);
  await child.ask("burst", { name: "after", spans: 2000, perTick: 50, text: 500 });
  expect(await child.ask("flush", {})).toMatchObject({
    ...{ written: 2000, failed: 2000, pending: 0, dropped: 0 },
    codes: [expect.stringMatching(/^(NOT_A_DATABASE|STORE_CORRUPT)$/)],
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
    const child = await children.start({ path: join(folder, "t.db"), printErrors: true });
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
