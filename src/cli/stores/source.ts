// Where the bytes of streams of lines come from: files that can be read again, or a pipe that cannot, unless it is kept.
import { createReadStream } from "node:fs";
import { type FileHandle, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import type { Readable } from "node:stream";
import type { LinesFile } from "./line-files.ts";

/** One file, or a pipe. */
export interface Part {
  /** What messages call it. */
  readonly name: string;
  /** True where it may still be written to. */
  readonly isLive: boolean;
  /** Undefined for a pipe. */
  readonly file: LinesFile | undefined;
  /** From there on, to where it ends now. */
  chunks(start?: number): AsyncIterable<Buffer>;
}

/** Files, or a pipe, that can be read from the start, at least once. */
export interface Source {
  /** In the order in which they are to be read. */
  parts(): Promise<readonly Part[]>;
  /** True for one file or a pipe: it has to have something in it that can be read. */
  readonly isOne: boolean;
  /** Another one where something was written meanwhile. */
  version(): Promise<string>;
  /** Says before the first reading that there will be more of them. */
  keep(): void;
  /** How many bytes there are, where that is known. */
  readonly size: number | undefined;
  close(): Promise<void>;
}

const CHUNK_BYTES = 256 * 1024;
/** Who has written nothing for so long does not write any more. */
const LIVE_MS: number = 10 * 60_000;

/** True for a file that may still be written to. */
export function isLiveFile({ modifiedMs }: LinesFile): boolean {
  return Date.now() - modifiedMs < LIVE_MS;
}

/** The bytes of a file from there on, up to an end. */
export async function* bytesOf(
  { path }: LinesFile,
  start: number = 0,
  end: number = Number.POSITIVE_INFINITY,
): AsyncGenerator<Buffer> {
  if (start < end) yield* createReadStream(path, { highWaterMark: CHUNK_BYTES, start, end: end - 1 });
}

/** The files that `list` gives, of the path of that name. */
export function partsOf(list: () => Promise<readonly LinesFile[]>, path: string, name: string): Source {
  return new FileSource(list, path, name);
}

class FileSource implements Source {
  readonly #list: () => Promise<readonly LinesFile[]>;
  readonly #path: string;
  readonly #name: string;
  #files: readonly LinesFile[] = [];

  constructor(list: () => Promise<readonly LinesFile[]>, path: string, name: string) {
    this.#list = list;
    this.#path = path;
    this.#name = name;
  }

  get isOne(): boolean {
    return this.#files[0]?.path === this.#path;
  }

  get size(): number {
    return this.#files.reduce((sum, { size }) => sum + size, 0);
  }

  async parts(): Promise<readonly Part[]> {
    this.#files = await this.#list();
    return this.#files.map((file) => ({
      name: file.path === this.#path ? this.#name : join(this.#name, relative(this.#path, file.path)),
      isLive: isLiveFile(file),
      file,
      chunks: (start) => bytesOf(file, start, file.size),
    }));
  }

  async version(): Promise<string> {
    return JSON.stringify(await this.#list());
  }

  keep(): void {}

  async close(): Promise<void> {}
}

/** A pipe, or standard input. A reading that waits for more ends with the signal's reason. */
export function sourceOf(stream: Readable, signal: AbortSignal): Source {
  return new PipeSource(stream, signal);
}

/** Kept in a temporary file where it will be read again. */
class PipeSource implements Source {
  readonly size = undefined;
  readonly isOne = true;
  readonly #stream: Readable;
  #keeps = false;
  #isRead = false;
  #folder: string | undefined;

  constructor(stream: Readable, signal: AbortSignal) {
    this.#stream = stream;
    signal.addEventListener("abort", () => stream.destroy(signal.reason));
  }

  keep(): void {
    this.#keeps = true;
  }

  async parts(): Promise<readonly Part[]> {
    return [{ name: "standard input", isLive: false, file: undefined, chunks: () => this.#chunks() }];
  }

  async version(): Promise<string> {
    return "";
  }

  async *#chunks(): AsyncGenerator<Buffer> {
    if (this.#isRead) {
      if (this.#folder !== undefined) yield* createReadStream(keptIn(this.#folder));
      return;
    }
    this.#isRead = true;
    const kept = this.#keeps ? await this.#openKept() : undefined;
    try {
      for await (const chunk of this.#stream) {
        const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
        await kept?.appendFile(bytes);
        yield bytes;
      }
    } finally {
      await kept?.close();
    }
  }

  async #openKept(): Promise<FileHandle> {
    this.#folder = await mkdtemp(join(tmpdir(), "tracelight-"));
    return open(keptIn(this.#folder), "wx", 0o600);
  }

  async close(): Promise<void> {
    this.#stream.destroy();
    if (this.#folder !== undefined) await rm(this.#folder, { recursive: true, force: true });
  }
}

function keptIn(folder: string): string {
  return join(folder, "input");
}
