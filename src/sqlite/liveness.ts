// Who is alive: each writer holds a lock on a file of its own, which the system lets go of when the process ends, however it ends.
import { randomBytes } from "node:crypto";
import { existsSync, rmSync, statSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { systemNow, turn } from "../model/timers.ts";
import type { Connection, Driver } from "./connection.ts";
import { isBusy } from "./driver.ts";

/** The lock of one living writer. Locks of files cross containers, and are held by a stopped or suspended process as well. */
export interface LifeLock {
  /** The name of the file, beside the store. */
  readonly name: string;
  release(): void;
}

const NAME = /^[\w.-]*-live-[0-9a-f]{16}$/;

/** Takes a lock. Throws what SQLite says. */
export function takeLifeLock(driver: Driver, path: string): LifeLock {
  const name = `${safeName(path)}-live-${randomBytes(8).toString("hex")}`;
  const file = join(dirname(path), name);
  const connection = driver.open(file);
  connection.exec("PRAGMA locking_mode = EXCLUSIVE");
  // No journal beside it: nothing is ever written.
  connection.exec("PRAGMA journal_mode = MEMORY");
  connection.exec("BEGIN EXCLUSIVE");
  const release = () => {
    connection.close();
    rmSync(file, { force: true });
  };
  return { name, release };
}

/** True while whoever took the lock lives. */
export function isHeld(driver: Driver, path: string, name: string): boolean {
  // A name from the file is not followed elsewhere.
  if (!NAME.test(name)) return false;
  const file = join(dirname(path), name);
  if (!existsSync(file)) return false;
  let connection: Connection | undefined;
  try {
    connection = driver.open(file, { readOnly: true });
    connection.prepare("SELECT count(*) FROM sqlite_master").get();
    return false;
  } catch (error) {
    // What cannot be told is taken for alive: a living writer is never called dead.
    return isBusy(error) || existsSync(file);
  } finally {
    connection?.close();
  }
}

/** Removes the file of a lock that nobody holds. */
export function removeLifeLock(path: string, name: string): void {
  if (NAME.test(name)) rmSync(join(dirname(path), name), { force: true });
}

/** Removes the files of locks whose writers died before the store knew of them. */
export async function removeForgottenLocks(driver: Driver, path: string): Promise<void> {
  const prefix = `${safeName(path)}-live-`;
  for (const name of await readdir(dirname(path))) {
    if (!name.startsWith(prefix) || !isOld(join(dirname(path), name))) continue;
    // Each look takes a fifth of a millisecond, and there may be thousands.
    await turn(undefined, { ref: false });
    if (!isHeld(driver, path, name)) removeLifeLock(path, name);
  }
}

/** Who makes a file takes its lock at once, but not in the same moment. */
function isOld(file: string): boolean {
  const madeAt = statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? Number.POSITIVE_INFINITY;
  return madeAt < systemNow() - FORGOTTEN_AFTER_MS;
}

const FORGOTTEN_AFTER_MS = 60_000;

function safeName(path: string): string {
  return basename(path)
    .replace(/[^\w.-]/g, "_")
    .slice(0, 100);
}
