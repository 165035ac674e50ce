// Whose a journal segment is: its owner's identity in the file's name, and what can be known of that owner's life.
import { createHash, randomBytes } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { threadId } from "node:worker_threads";
import { errorCode } from "../model/errors.ts";

/** The version of the journal's format that this release writes, and the newest that it reads. */
export const JOURNAL_VERSION = 2;

/** Where a process runs: process ids mean something within one machine, as it is booted, and one pid namespace. */
interface Machine {
  readonly host: string;
  readonly bootId: string;
  readonly pidNamespace: string;
}

/** Who has a segment. */
export interface Owner extends Machine {
  readonly pid: number;
  /** When the process started, in ticks since boot; empty where that cannot be known. */
  readonly startTime: string;
  readonly threadId: number;
  /** Tells apart the journals of one thread. */
  readonly instance: string;
}

/** A segment, as far as its file's name says. */
export interface SegmentName {
  readonly version: number;
  /** The hash of where its spans go. */
  readonly destination: string;
  /** Undefined where it was let go: anybody may claim it. */
  readonly owner: NamedOwner | undefined;
}

interface NamedOwner {
  readonly machine: string;
  readonly pid: number;
  readonly startTime: string;
  readonly threadId: number;
}

/** The identity of a new journal of this thread. */
export function newOwner(): Owner {
  return {
    host: hostname(),
    bootId: bootId(),
    pidNamespace: pidNamespace(),
    pid: process.pid,
    startTime: startTimeOf(process.pid) ?? "",
    threadId,
    instance: randomBytes(5).toString("hex"),
  };
}

/** The short name of a destination. */
export function destinationHash(destination: string): string {
  return shortHash(destination);
}

/** What tells the segments of one journal apart. */
export interface SegmentLabel {
  /** The version of the lines in it. */
  readonly version: number;
  /** The hash of where its spans go. */
  readonly destination: string;
  readonly count: number;
}

/** The name of a segment: `tracelight-v2.<destination>.<machine>-<pid>-<start>-<thread>.<instance>-<count>.journal`. */
export function segmentName(owner: Owner, { version, destination, count }: SegmentLabel): string {
  const who = `${machineHash(owner)}-${owner.pid}-${owner.startTime}-${owner.threadId}`;
  return `tracelight-v${version}.${destination}.${who}.${owner.instance}-${count}.journal`;
}

/** The name of a segment that is let go. */
export function freeName(name: string): string {
  return name.replace(/^([^.]*\.[^.]*)\.[^.]*\./, "$1.free.");
}

const NAME = /^tracelight-v(\d+)\.([0-9a-f]+)\.(?:free|([0-9a-f]+)-(\d+)-(\d*)-(\d+))\.[^.]+\.journal$/;
const ANY_VERSION = /^tracelight-v(\d+)\..*\.journal$/;

/** Reads a segment's name; undefined for other files. Of a newer version only that is known. */
export function parseSegmentName(name: string): SegmentName | undefined {
  const version = Number(ANY_VERSION.exec(name)?.[1]);
  if (version > JOURNAL_VERSION) return { version, destination: "", owner: undefined };
  const [, , destination, machine, pid, startTime = "", thread] = NAME.exec(name) ?? [];
  if (destination === undefined) return undefined;
  if (machine === undefined) return { version, destination, owner: undefined };
  return { version, destination, owner: { machine, pid: Number(pid), startTime, threadId: Number(thread) } };
}

/**
 * What can be known at once of a segment's owner: on the same machine the process tells. Elsewhere, in another container or
 * in another thread nothing does, and whoever wants to know has to watch.
 */
export function fateOf({ owner }: SegmentName, self: Owner): "alive" | "gone" | "unknown" {
  if (owner === undefined) return "gone";
  if (owner.machine !== machineHash(self)) return "unknown";
  const isOwnProcess = owner.pid === self.pid && owner.startTime === self.startTime;
  if (isOwnProcess) return "unknown";
  if (isKnownPlace(self)) return isRunning(owner) ? "alive" : "gone";
  return isAlive(owner.pid) ? "unknown" : "gone";
}

/** True where process ids can be relied on. They cannot in a container that hides /proc. */
function isKnownPlace({ bootId, pidNamespace, startTime }: Owner): boolean {
  return bootId !== "" && pidNamespace !== "" && startTime !== "";
}

/** True while that very process runs: its id may be another one's by now. */
function isRunning({ pid, startTime }: NamedOwner): boolean {
  return startTimeOf(pid) === startTime;
}

function isAlive(pid: number): boolean {
  // In a container that hides what it is, every process may be number 1.
  if (process.platform === "linux") return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) !== "ESRCH";
  }
}

/**
 * Field 22 of /proc/<pid>/stat; the second field, the program's name, may hold spaces and brackets. Undefined for a process
 * that is dead and only waits for its parent to notice (third field Z or X).
 */
function startTimeOf(pid: number): string | undefined {
  const stat = read(() => readFileSync(`/proc/${pid}/stat`, "latin1"));
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields === undefined || /[ZX]/.test(fields[0] ?? "") ? undefined : fields[19];
}

function bootId(): string {
  return read(() => readFileSync("/proc/sys/kernel/random/boot_id", "latin1"))?.trim() ?? "";
}

function pidNamespace(): string {
  return read(() => readlinkSync("/proc/self/ns/pid")) ?? "";
}

/** Undefined where the platform has no such file. */
function read(file: () => string): string | undefined {
  try {
    return file();
  } catch {
    return undefined;
  }
}

function machineHash({ host, bootId, pidNamespace }: Machine): string {
  return shortHash(JSON.stringify([host, bootId, pidNamespace]));
}

function shortHash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}
