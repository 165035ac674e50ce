// Rows of running spans whose end will not be written: some are to go, some are to be seen as interrupted.
import type { SpanKey } from "./rows.ts";
import type { WriterFile } from "./writer-file.ts";

/** Such rows of one writer, until the next transaction. */
export class OddRows {
  /** Rows of spans that are not to be kept, and such spans that may have one. */
  readonly #unwanted = new Set<number | SpanKey>();
  /** Rows of spans whose end is lost. */
  readonly #abandoned = new Set<number>();

  get isEmpty(): boolean {
    return this.#unwanted.size === 0 && this.#abandoned.size === 0;
  }

  /** A row is not to be kept, or that of a span which may have one. */
  discard(row: number | SpanKey): void {
    this.#unwanted.add(row);
  }

  /** A span that is lost must not be seen to run for ever. */
  abandon(id: number): void {
    this.#abandoned.add(id);
  }

  /** Within a transaction. */
  write(file: WriterFile): void {
    for (const unwanted of this.#unwanted) remove(file, unwanted);
    for (const id of this.#abandoned) file.interrupt(id);
  }

  /** They are written, or gone with their file. */
  clear(): void {
    this.#unwanted.clear();
    this.#abandoned.clear();
  }
}

function remove(file: WriterFile, unwanted: number | SpanKey): void {
  if (typeof unwanted === "number") return file.remove(unwanted);
  const row = file.rowOf(unwanted);
  if (row?.hasEnded === false) file.remove(row.id);
}
