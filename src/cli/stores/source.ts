// Where the bytes of a stream of lines come from: a file that can be read again, or a pipe that cannot, unless it is kept.
import { createReadStream } from "node:fs";
import { type FileHandle, mkdtemp, open, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";

/** Bytes that can be read from the start, at least once. */
export interface Source {
  chunks(): AsyncIterable<Buffer>;
  /** Says before the first reading that there will be more of them. */
  keep(): void;
  /** How many bytes there are, where that is known. */
  readonly size: number | undefined;
  close(): Promise<void>;
}

const CHUNK_BYTES = 256 * 1024;

/** A file. */
export async function fileSource(path: string): Promise<Source> {
  return {
    chunks: () => createReadStream(path, { highWaterMark: CHUNK_BYTES }),
    keep: () => undefined,
    size: (await stat(path)).size,
    close: async () => undefined,
  };
}

/** A pipe, or standard input: kept in a temporary file where it will be read again. */
export class PipeSource implements Source {
  readonly size = undefined;
  readonly #stream: Readable;
  #keeps = false;
  #isRead = false;
  #folder: string | undefined;

  /** A reading that waits for more ends with the signal's reason. */
  constructor(stream: Readable, signal: AbortSignal) {
    this.#stream = stream;
    signal.addEventListener("abort", () => stream.destroy(signal.reason));
  }

  keep(): void {
    this.#keeps = true;
  }

  async *chunks(): AsyncGenerator<Buffer> {
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
