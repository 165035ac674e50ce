// The file that a writer holds open: opened when first needed, left for a new one where it was removed or replaced.
import { steadyNow } from "../model/timers.ts";
import type { Faults } from "../tracing/faults.ts";
import type { Driver } from "./connection.ts";
import { explainSqlite, isBusy } from "./driver.ts";
import { WriterFile } from "./writer-file.ts";

/** A look at the path costs a system call, so it is taken no more often. */
const LOOK_EVERY_MS = 200;

/** What is needed to open it. */
export interface HeldFileSetup {
  readonly driver: Driver;
  readonly path: string;
  readonly identifier: string;
  readonly faults: Faults;
}

/** The open file of one writer, if there is one now. */
export class HeldFile {
  readonly #setup: HeldFileSetup;
  readonly #left: () => void;
  #file: WriterFile | undefined;
  #checkedAt = Number.NEGATIVE_INFINITY;

  /** `left` is called where the file is gone, and with it all that was written to it. */
  constructor(setup: HeldFileSetup, left: () => void) {
    this.#setup = setup;
    this.#left = left;
  }

  /**
   * The file, opened now where it is not; anew where it was removed or replaced.
   * @throws what SQLite says.
   */
  opened(): WriterFile {
    const now = steadyNow();
    if (this.#file !== undefined && now - this.#checkedAt > LOOK_EVERY_MS) {
      this.#checkedAt = now;
      if (!this.#file.isInPlace) this.leave();
    }
    const { driver, path, identifier } = this.#setup;
    this.#file ??= new WriterFile(driver, path, identifier);
    return this.#file;
  }

  /** It is not in its place any more. */
  leave(): void {
    this.close();
    this.#left();
  }

  /** Waits for the lock of others as long, from now on. */
  waitForLocks(ms: number): void {
    this.#file?.waitForLocks(ms);
  }

  /** Never throws. */
  close(): void {
    try {
      this.#file?.close();
    } catch (error) {
      // Without the lock on its life the writer counts as gone, so nothing is lost where it could not sign off.
      if (!isBusy(error)) this.#setup.faults.report(explainSqlite(error, this.#setup.path));
    }
    this.#file = undefined;
  }
}
