// A file that is written whole or not at all: under another name until its last byte is on the disk.
import { access, type FileHandle, link, open, rename, rm } from "node:fs/promises";
import { asTracelightError } from "../model/errors.ts";
import { UsageError } from "./failures.ts";

const CHUNK = 256 * 1024;

/** A file on its way. */
export class WholeFile {
  readonly #path: string;
  readonly #replaces: boolean;
  readonly #file: FileHandle;
  #waiting = "";

  private constructor(path: string, replaces: boolean, file: FileHandle) {
    this.#path = path;
    this.#replaces = replaces;
    this.#file = file;
  }

  /**
   * Begins a file.
   * @throws (rejects) UsageError where there is one and it may not be replaced; TracelightError `STORE_READ_ONLY`
   */
  static async begin(path: string, replaces: boolean): Promise<WholeFile> {
    if (!replaces && (await isThere(path))) throw isThereAlready(path);
    try {
      return new WholeFile(path, replaces, await open(partOf(path), "w"));
    } catch (error) {
      throw asTracelightError(error, "STORE_READ_ONLY", `${path} cannot be written`);
    }
  }

  line(text: string): Promise<void> {
    return this.write(`${text}\n`);
  }

  async write(text: string): Promise<void> {
    this.#waiting += text;
    if (this.#waiting.length >= CHUNK) await this.#append();
  }

  async #append(): Promise<void> {
    const text = this.#waiting;
    this.#waiting = "";
    try {
      await this.#file.appendFile(text);
    } catch (error) {
      throw asTracelightError(error, "STORE_FULL", `${this.#path} cannot be written`);
    }
  }

  /** Puts the file in its place. */
  async finish(): Promise<void> {
    await this.#append();
    await this.#file.sync();
    await this.#file.close();
    const part = partOf(this.#path);
    if (this.#replaces) return rename(part, this.#path);
    // A link never replaces what somebody else has put there meanwhile.
    await link(part, this.#path).catch((error: unknown) => {
      if (hasCode(error, "EEXIST")) throw isThereAlready(this.#path);
      return rename(part, this.#path);
    });
    await rm(part, { force: true });
  }

  /** Leaves nothing behind. */
  async discard(): Promise<void> {
    await this.#file.close().catch(() => undefined);
    await rm(partOf(this.#path), { force: true });
  }
}

function partOf(path: string): string {
  return `${path}.${process.pid}.part`;
}

function isThereAlready(path: string): UsageError {
  return new UsageError(`${path} is there already; --force replaces it`);
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

function hasCode(error: unknown, code: string): boolean {
  return typeof error === "object" && error !== null && "code" in error && error.code === code;
}
