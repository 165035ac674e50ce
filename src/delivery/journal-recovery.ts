// Finds segments whose owners are gone, among all that a journal's folder holds.
import { constants } from "node:fs";
import { type FileHandle, lstat, open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { defined } from "../model/defined.ts";
import { errorCode, messageOf, TracelightError } from "../model/errors.ts";
import type { Faults } from "../tracing/faults.ts";
import { fateOf, JOURNAL_VERSION, type Owner, parseSegmentName, type SegmentName } from "./journal-owner.ts";
import { SilenceWatch } from "./journal-watch.ts";

/** What the search needs to know. */
export interface RecoverySetup {
  readonly folder: string;
  /** The hash of where spans must go to be ours. */
  readonly destination: string;
  readonly faults: Faults;
  readonly self: () => Owner;
  /** True for segments of this thread. */
  readonly isOurs: (path: string) => boolean;
}

/** A segment that nobody works on any more. */
export interface Abandoned {
  readonly path: string;
  /** The version of its lines. */
  readonly version: number;
  /** Bytes of it. */
  readonly size: number;
}

/** Not through a link, and without waiting where somebody has put a pipe in the place of a file. */
const READ_ONLY = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Looks for what others have left. Never throws: what goes wrong is reported. */
export class Recovery {
  readonly #setup: RecoverySetup;
  readonly #watch = new SilenceWatch();
  #othersBytes = 0;

  constructor(setup: RecoverySetup) {
    this.#setup = setup;
  }

  /** Bytes of the segments of others, as far as they were found the last time. */
  get othersBytes(): number {
    return this.#othersBytes;
  }

  /** Looks through the folder once; stop whenever you like. */
  async *abandoned(): AsyncGenerator<Abandoned> {
    const paths = await this.#paths();
    this.#othersBytes = 0;
    for (const path of paths) {
      const found = await this.#look(path);
      if (found === undefined) continue;
      yield found;
    }
    this.#watch.keepOnly(paths);
  }

  /** One of those is ours now. */
  took({ size }: Abandoned): void {
    this.#othersBytes -= size;
  }

  /** Something is wrong with a segment of others. */
  tell(path: string, what: string, error?: unknown): void {
    const message = `The journal segment ${path} ${what}`;
    const options = defined({ cause: error });
    this.#setup.faults.reportRarely(new TracelightError("JOURNAL_FAILED", message, options));
  }

  async #paths(): Promise<ReadonlySet<string>> {
    const { folder } = this.#setup;
    try {
      return new Set((await readdir(folder)).map((name) => join(folder, name)));
    } catch {
      // No folder yet: there is nothing to recover. One that cannot be read cannot be written either, which is reported.
      return new Set();
    }
  }

  async #look(path: string): Promise<Abandoned | undefined> {
    const name = parseSegmentName(path.slice(join(this.#setup.folder, "/").length));
    if (name === undefined || this.#setup.isOurs(path)) return undefined;
    try {
      // Only files are opened: to open something else may wait for ever, or do something.
      if ((await lstat(path)).isFile())
        return await withFile(path, (file) => this.#inspect(path, name, file));
      this.tell(path, "is no file and is left alone.");
    } catch (error) {
      // What went away was taken over by somebody else.
      if (!isMissing(error)) this.tell(path, `cannot be looked at: ${messageOf(error)}`, error);
    }
    return undefined;
  }

  async #inspect(path: string, name: SegmentName, file: FileHandle): Promise<Abandoned | undefined> {
    // Asked of the open file: some file servers remember for a while what they said of a path.
    const { size, mtimeNs, ino } = await file.stat({ bigint: true });
    this.#othersBytes += Number(size);
    if (name.version > JOURNAL_VERSION) return this.#tooNew(path);
    if (name.destination !== this.#setup.destination) return undefined;
    const fate = fateOf(name, this.#setup.self());
    const isSilent = fate === "unknown" && this.#watch.isSilent(path, `${ino} ${size} ${mtimeNs}`);
    if (fate !== "gone" && !isSilent) return undefined;
    return { path, version: name.version, size: Number(size) };
  }

  #tooNew(path: string): undefined {
    this.tell(path, "was written by a newer release and is left alone; update tracelight.");
  }
}

async function withFile<T>(path: string, use: (file: FileHandle) => Promise<T>): Promise<T> {
  const file = await open(path, READ_ONLY);
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

/** True where the file system says that there is no such file. */
export function isMissing(error: unknown): boolean {
  return errorCode(error) === "ENOENT";
}
