// The store that the last argument names: a file known by its content, a folder of such, a DynamoDB table, or standard input.
import { type FileHandle, open, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { asTracelightError, TracelightError } from "../model/errors.ts";
import type { StoreReader } from "../tracing/readable.ts";
import { UsageError } from "./failures.ts";
import { namedStores } from "./stores/by-name.ts";
import type { World } from "./world.ts";

/** How a store is opened. */
export interface OpenOptions {
  /** To be written to: a file that is not there is made, as an SQLite file. */
  readonly write?: boolean;
  /** To be read as OTLP/JSON: a store of another kind is refused. */
  readonly otlp?: boolean;
  /** To be read more than once, for long: a pipe is kept for it, and a file that takes the place of another is read. */
  readonly again?: boolean;
  /** Not even an index of words is written beside the spans. */
  readonly untouched?: boolean;
}

/** The store where none is named. */
const DEFAULT_STORE = "traces.db";
const MAGIC = "SQLite format 3\0";
const HEAD_BYTES = 4096;

/**
 * Opens the store of that name; without one that of `TRACELIGHT_STORE`, else `./traces.db`.
 * @throws (rejects) TracelightError: `STORE_NOT_FOUND`, `STORE_UNREADABLE`, `NOT_A_DATABASE`, or the store's own.
 */
export async function openStore(
  wanted: string | undefined,
  world: World,
  { write = false, otlp = false, again = false, untouched = false }: OpenOptions = {},
): Promise<StoreReader> {
  const name = storeName(wanted, world);
  if (name === "-") return (await import("./stores/jsonl.ts")).openStandardInput(world, { otlp, again });
  const path = resolve(world.cwd, name);
  const named = namedStores(name);
  const kind = named === undefined ? await kindOf(path, name) : "named";
  if (otlp && (kind === "named" || kind === "sqlite")) throw notOtlp(name);
  if (named !== undefined) return (await named()).open(name);
  if (kind === "missing" && !write) throw notFound(name, wanted, world);
  if (isMade(kind) && write && isNameOfLines(name)) throw notLines(name);
  if (kind === "sqlite" || kind === "missing" || (kind === "empty" && write)) {
    return (await import("../sqlite/file.ts")).openSqliteFile(path, {
      readOnly: !write,
      keepsIndex: !untouched,
      follows: again,
    });
  }
  const { openJsonlFile, openJsonlFolder, openJsonlPipe } = await import("./stores/jsonl.ts");
  const { signal } = world;
  if (kind === "folder") return openJsonlFolder(path, name);
  return kind === "pipe"
    ? openJsonlPipe(path, name, { signal, otlp, again })
    : openJsonlFile(path, name, { otlp });
}

/** The name of the store: as given, else of the environment, else the default. */
export function storeName(wanted: string | undefined, world: World): string {
  return wanted || world.env["TRACELIGHT_STORE"] || DEFAULT_STORE;
}

/** True where the store is a file, and the file is not there or has nothing in it yet. */
export async function isStillToCome(wanted: string | undefined, world: World): Promise<boolean> {
  const name = storeName(wanted, world);
  if (name === "-" || namedStores(name) !== undefined) return false;
  const kind = await kindOf(resolve(world.cwd, name), name);
  return kind === "missing" || kind === "empty";
}

/** Tells the file that is there now from another of the same name; undefined where there is none, or nothing in it yet. */
export async function fileOf(wanted: string | undefined, world: World): Promise<string | undefined> {
  const name = storeName(wanted, world);
  if (name === "-" || namedStores(name) !== undefined) return undefined;
  const found = await stat(resolve(world.cwd, name), { bigint: true }).catch(() => undefined);
  return found?.isFile() && found.size > 0n ? `${found.dev} ${found.ino}` : undefined;
}

/** True where the file, an absolute path, is an SQLite file or can become one. */
export async function isSqliteOrNew(path: string, name: string): Promise<boolean> {
  const kind = await kindOf(path, name);
  return kind === "sqlite" || (isMade(kind) && !isNameOfLines(name));
}

/** True where writing makes a database of the file. */
function isMade(kind: string): boolean {
  return kind === "missing" || kind === "empty";
}

/** Nobody means a database by such a name. */
function isNameOfLines(name: string): boolean {
  return /\.(?:jsonl?|ndjson|logs?|txt|csv|gz|zst)$/i.test(name);
}

/** True for the name of a store that is there. */
export async function isStore(name: string, world: World): Promise<boolean> {
  if (name === "-" || namedStores(name) !== undefined) return true;
  return stat(resolve(world.cwd, name)).then(
    // A folder without a path before it may have the name of an id.
    (found) => !found.isDirectory() || /[/\\]/.test(name),
    () => false,
  );
}

/** What was typed, and the store behind it: also where they stand the other way round, and only the other is there. */
export async function storeLast(
  [first, last]: readonly string[],
  world: World,
): Promise<readonly [first: string | undefined, store: string | undefined]> {
  const isTurned =
    first !== undefined &&
    last !== undefined &&
    (await isStore(first, world)) &&
    !(await isStore(last, world));
  return isTurned ? [last, first] : [first, last];
}

type FileKind = "sqlite" | "text" | "empty" | "pipe" | "folder" | "missing";

async function kindOf(path: string, name: string): Promise<FileKind> {
  try {
    const found = await stat(path);
    if (found.isDirectory()) return "folder";
    if (!found.isFile()) return "pipe";
    return found.size === 0 ? "empty" : kindOfContent(await headOf(path), name);
  } catch (error) {
    if (isMissing(error)) return "missing";
    throw asTracelightError(error, "STORE_UNREADABLE", `${name} cannot be read`);
  }
}

function kindOfContent(head: Buffer, name: string): "sqlite" | "text" {
  const start = head.toString("latin1", 0, MAGIC.length);
  if (start === MAGIC) return "sqlite";
  if (MAGIC.startsWith(start)) {
    throw new TracelightError("STORE_CORRUPT", `${name} ends within the first bytes of an SQLite file`);
  }
  if (head[0] === 0x1f && head[1] === 0x8b) {
    throw notText(
      name,
      `is packed; unpack it into the command, with - in its place: gzip -dc ${name} | tracelight … -`,
    );
  }
  if (head.includes(0))
    throw notText(name, "is neither an SQLite database nor text of one JSON object a line");
  return "text";
}

async function headOf(path: string): Promise<Buffer> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, "r");
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file?.close();
  }
}

function notFound(name: string, wanted: string | undefined, world: World): TracelightError {
  const isDefault = wanted === undefined && !world.env["TRACELIGHT_STORE"];
  const message = isDefault
    ? `There is no ${DEFAULT_STORE} here. Name a store (my.db, app.jsonl, dynamodb:Table, - for standard input), or set TRACELIGHT_STORE.`
    : `There is no file ${name}.`;
  return new TracelightError("STORE_NOT_FOUND", message);
}

function notOtlp(name: string): UsageError {
  return new UsageError(`--otlp reads a file of OTLP/JSON; ${name} is none, and is imported without it`);
}

function notLines(name: string): UsageError {
  return new UsageError(
    `${name} is no name for an SQLite file, which would be made; name it traces.db. Lines are written by: tracelight export --out ${name}`,
  );
}

function notText(name: string, what: string): TracelightError {
  return new TracelightError("NOT_A_DATABASE", `${name} ${what}`);
}

/** True for the system's error of a file that is not there. */
export function isMissing(error: unknown): boolean {
  return typeof error === "object" && error !== null && "code" in error && error.code === "ENOENT";
}
