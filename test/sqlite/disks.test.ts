// Disks that are full, and folders that may not be written to.
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { openSqliteFile } from "../../src/sqlite/file.ts";
import { flushedUntil } from "../patience.ts";
import { codesOf, eventually, freshFolder, freshPath, read, sql, tracerOver } from "./support.ts";

// Mounting needs root: elsewhere these tests are left out.
describe.skipIf(!canMount())("on a full disk", () => {
  test("the app goes on, spans wait, it is told once; with room again all are written", async () => {
    const folder = smallDisk();
    const path = join(folder, "traces.db");
    const { tracer, errors } = tracerOver(path);
    tracer.trace("first", () => undefined);
    const running = tracer.startSpan("running");
    await tracer.flush();
    fill(folder);
    const text = "x".repeat(5000);
    for (let tick = 0; tick < 10; tick++) {
      for (let i = 0; i < 20; i++)
        tracer.startSpan("s", { parentSpan: null }).addAttribute("text", text).end();
      await new Promise(setImmediate);
    }
    running.addAttribute("late", true).end();
    expect(await flushedUntil(tracer, () => errors.length > 0)).toMatchObject({
      dropped: 0,
      failed: 0,
      pending: expect.any(Number),
    });
    const { pending, written } = await tracer.flush({ timeoutMs: 50 });
    expect(pending).toBeGreaterThan(0);
    expect(pending + written).toBe(202);
    expect(errors.map(({ code }) => code)).toEqual(["STORE_FULL"]);
    expect(await read(path, { spanName: "first" })).toHaveLength(1);
    rmSync(join(folder, "ballast"));
    expect(await tracer.flush()).toMatchObject({ written: 202, pending: 0, dropped: 0, failed: 0 });
    expect(sql(path, "SELECT count(*) AS n FROM spans WHERE ended_at IS NOT NULL")).toEqual([{ n: 202 }]);
    expect(sql(path, "PRAGMA integrity_check")).toEqual([{ integrity_check: "ok" }]);
  });

  test("close comes back in time, and says what is written, what waits and why", async () => {
    const folder = smallDisk();
    const { tracer, errors: told } = tracerOver(join(folder, "traces.db"));
    for (let i = 0; i < 20; i++) tracer.trace("written", () => undefined);
    await tracer.flush();
    fill(folder);
    for (let i = 0; i < 100; i++)
      tracer.trace("waits", (span) => span.addAttribute("text", "x".repeat(5000)));
    await flushedUntil(tracer, () => told.length > 0);
    const { written, pending, dropped, failed, errors } = await tracer.close({ timeoutMs: 1000 });
    expect([written >= 20, written + pending, dropped, failed]).toEqual([true, 120, 0, 0]);
    expect([...new Set(codesOf(errors))]).toEqual(["STORE_FULL"]);
  });

  test("a file that cannot even be made is made when there is room", async () => {
    const folder = smallDisk();
    fill(folder);
    const { tracer, errors } = tracerOver(join(folder, "traces.db"));
    for (let i = 0; i < 20; i++) tracer.trace("s", () => undefined);
    const report = await flushedUntil(tracer, () => errors.length > 0);
    expect(report).toMatchObject({ written: 0, pending: 20, failed: 0 });
    expect(errors.map(({ code }) => code)).toEqual(["STORE_FULL"]);
    rmSync(join(folder, "ballast"));
    expect(await tracer.flush()).toMatchObject({ written: 20, pending: 0, failed: 0 });
  });

  test("a large value waits as the others do", async () => {
    const folder = smallDisk();
    const path = join(folder, "traces.db");
    const { tracer, errors } = tracerOver(path);
    tracer.trace("first", () => undefined);
    await tracer.flush();
    fill(folder);
    const value = Array.from({ length: 40_000 }, () => Math.random());
    tracer.trace("large", (span) => span.addAttribute("value", value));
    // It is prepared in slices: how long until it meets the disk is the machine's.
    await eventually(() => errors.length > 0);
    expect(await tracer.flush({ timeoutMs: 50 })).toMatchObject({ written: 1, pending: 1, failed: 0 });
    expect([...new Set(errors.map(({ code }) => code))]).toEqual(["STORE_FULL"]);
    rmSync(join(folder, "ballast"));
    expect(await tracer.flush()).toMatchObject({ written: 2, pending: 0, failed: 0 });
    const [found] = await read(path, { spanName: "large" });
    expect(found?.attributes["value"]).toEqual(value);
  });
});

describe.skipIf(!canMount())("in a folder that may not be written to", () => {
  test("what was written can be read", async () => {
    const folder = freshFolder();
    const path = join(folder, "traces.db");
    const { tracer } = tracerOver(path);
    tracer.trace("there", (span) => span.addAttribute("ai.user.input", "hello"));
    await tracer.close();
    makeReadOnly(folder);
    const file = await openSqliteFile(path);
    expect((await file.find({})).map(({ spanName }) => spanName)).toEqual(["there"]);
    expect((await file.summaries({})).rows).toHaveLength(1);
    expect(await file.idsByPrefix("", 5)).toHaveLength(1);
    await file.close();
  });

  test("a file with a log is read, or the error says what is wrong", async () => {
    const folder = freshFolder();
    const path = join(folder, "traces.db");
    const { tracer } = tracerOver(path);
    tracer.trace("there", () => undefined);
    await tracer.flush();
    makeReadOnly(folder);
    const reading = read(path);
    const code = await reading.then(
      ([span]) => span?.spanName,
      (error) => error.code,
    );
    expect(["there", "STORE_UNREADABLE", "STORE_READ_ONLY"]).toContain(code);
  });

  test("writing is told once, and spans wait", async () => {
    const folder = freshFolder();
    const makeWritable = makeReadOnly(folder);
    const { tracer, errors } = tracerOver(join(folder, "traces.db"));
    for (let i = 0; i < 3; i++) tracer.trace("s", () => undefined);
    const report = await flushedUntil(tracer, () => errors.length > 0);
    expect(report).toMatchObject({ written: 0, pending: 3 });
    expect(errors).toHaveLength(1);
    expect(errors[0]?.code).toMatch(/^STORE_(READ_ONLY|UNREADABLE)$/);
    expect(errors[0]?.message).toContain(folder);
    makeWritable();
    expect(await tracer.flush()).toMatchObject({ written: 3, pending: 0 });
  });

  test("a folder in it cannot be made, and the error says so", async () => {
    const folder = freshFolder();
    const makeWritable = makeReadOnly(folder);
    const { tracer, errors } = tracerOver(join(folder, "more", "traces.db"));
    tracer.trace("s", () => undefined);
    await flushedUntil(tracer, () => errors.length > 0);
    expect(errors.map(({ code }) => code)).toEqual(["STORE_READ_ONLY"]);
    makeWritable();
    expect(await tracer.flush()).toMatchObject({ written: 1, pending: 0 });
  });
});

/** A disk of two megabytes. */
function smallDisk(): string {
  const folder = freshPath("disk");
  mkdirSync(folder);
  mount("-t", "tmpfs", "-o", "size=2m", "tracelight", folder);
  return folder;
}

/** Returns the undo. */
function makeReadOnly(folder: string): () => void {
  mount("--bind", folder, folder);
  execFileSync("mount", ["-o", "remount,bind,ro", folder]);
  return () => void execFileSync("mount", ["-o", "remount,bind,rw", folder]);
}

function mount(...args: string[]): void {
  execFileSync("mount", args);
  const folder = args.at(-1) ?? "";
  onTestFinished(() => void execFileSync("umount", ["-l", folder]));
}

/** Takes all the room that is left. */
function fill(folder: string): void {
  for (const size of [1 << 20, 1 << 16, 1 << 12]) {
    try {
      for (;;) writeFileSync(join(folder, "ballast"), Buffer.alloc(size), { flag: "a" });
    } catch {
      // Full for that size.
    }
  }
}

function canMount(): boolean {
  const folder = "/tmp";
  try {
    execFileSync("unshare", ["--mount", "mount", "-t", "tmpfs", "none", folder], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
