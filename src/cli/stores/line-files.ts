// The files that the name of a file or a folder of lines stands for: a folder's are all below it, and a session's are those of its sub-agents too.
import type { BigIntStats } from "node:fs";
import { type FileHandle, open, readdir, stat } from "node:fs/promises";
import { basename, dirname, join, sep } from "node:path";
import { parseIsoMicros } from "../../model/clock.ts";
import { TracelightError } from "../../model/errors.ts";

/** A file of lines. */
export interface LinesFile {
  readonly path: string;
  /** Bytes, as it is now. */
  readonly size: number;
  /** Milliseconds since the epoch. */
  readonly modifiedMs: number;
  readonly bornMs: number;
  /** Tells it from another file that takes its place. */
  readonly identity: string;
  /** The same of a session and its sub-agents. */
  readonly group: string;
}

/** The file, and those of the sub-agents of the session that it is. */
export async function filesOfSession(path: string): Promise<readonly LinesFile[]> {
  const file = await fileAt(path);
  if (file === undefined) throw new TracelightError("STORE_NOT_FOUND", `There is no file ${path} any more.`);
  if (!path.endsWith(ENDING)) return [file];
  const agents = await inOrder([...(await below(join(groupOf(path), AGENTS), 2)), ...(await beside(path))]);
  return [file, ...agents];
}

/** The files of lines in a folder, those of sub-folders too: in the order in which they were begun. */
export async function filesInFolder(path: string): Promise<readonly LinesFile[]> {
  return inOrder(await below(path, MAX_DEPTH));
}

/** Older versions put sub-agents beside the session, all of a project together. */
async function beside(path: string): Promise<LinesFile[]> {
  const session = basename(path, ENDING);
  if (!SESSION.test(session)) return [];
  const names = await readdir(dirname(path));
  const agents = names.filter((name) => AGENT.test(name)).slice(0, MAX_FILES);
  const found: LinesFile[] = [];
  for (const name of agents) {
    const file = await fileAt(join(dirname(path), name));
    if (file !== undefined && (await headOf(file.path)).includes(session)) found.push(file);
  }
  return found;
}

/** Links are not followed: there may be circles. */
async function below(folder: string, depth: number): Promise<LinesFile[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const found: LinesFile[] = [];
  for (const entry of entries) {
    if (found.length >= MAX_FILES) break;
    const path = join(folder, entry.name);
    if (entry.isDirectory() && depth > 0) found.push(...(await below(path, depth - 1)));
    const file = entry.isFile() && entry.name.endsWith(ENDING) ? await fileAt(path) : undefined;
    if (file !== undefined) found.push(file);
  }
  return found;
}

/** Undefined where it has gone meanwhile, or has nothing in it. */
async function fileAt(path: string): Promise<LinesFile | undefined> {
  const found: BigIntStats | undefined = await stat(path, { bigint: true }).catch(() => undefined);
  if (found === undefined || !found.isFile()) return undefined;
  const { dev, ino, size, mtimeMs, birthtimeMs } = found;
  const group = groupOf(path);
  return {
    path,
    group,
    size: Number(size),
    modifiedMs: Number(mtimeMs),
    bornMs: Number(birthtimeMs),
    identity: `${dev} ${ino}`,
  };
}

function groupOf(path: string): string {
  const at = path.lastIndexOf(`${sep}${AGENTS}${sep}`);
  return at > 0 ? path.slice(0, at) : path.replace(/\.jsonl$/, "");
}

/** Who starts an agent has begun before it; what a session that was resumed repeats was written first where it was first. */
async function inOrder(files: readonly LinesFile[]): Promise<readonly LinesFile[]> {
  const begun: { readonly file: LinesFile; readonly at: number }[] = [];
  for (const file of files) begun.push({ file, at: await beganAt(file) });
  begun.sort(
    (a, b) =>
      a.at - b.at ||
      a.file.bornMs - b.file.bornMs ||
      a.file.modifiedMs - b.file.modifiedMs ||
      (a.file.path < b.file.path ? -1 : 1),
  );
  return begun.map(({ file }) => file);
}

/** Milliseconds: by the first time that its lines say. */
async function beganAt({ path, modifiedMs }: LinesFile): Promise<number> {
  const time = /"timestamp"\s{0,9}:\s{0,9}"([^"]{10,40})"/.exec(await headOf(path))?.[1];
  const micros = time === undefined ? undefined : parseIsoMicros(time);
  return micros === undefined ? modifiedMs : micros / 1000;
}

async function headOf(path: string): Promise<string> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, "r");
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return buffer.toString("latin1", 0, bytesRead);
  } catch {
    return "";
  } finally {
    await file?.close();
  }
}

const ENDING = ".jsonl";
const AGENTS = "subagents";
const AGENT = /^agent-[^/]{1,200}\.jsonl$/;
const SESSION = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const HEAD_BYTES = 16 * 1024;
const MAX_DEPTH = 6;
const MAX_FILES = 100_000;
