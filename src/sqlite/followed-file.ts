// A file that is read for long: where another takes its place, that one is read from then on; and so is one that was emptied.
import { statSync } from "node:fs";
import { basename } from "node:path";
import { TracelightError } from "../model/errors.ts";

/** So many that were replaced stay open for reads that are still on their way. */
const MOST_LEFT = 2;

/** The file at a path, and those that were there before. */
export class FollowedFile<F extends { close(): void }> {
  readonly #path: string;
  readonly #open: () => F;
  readonly #left: F[] = [];
  #current: F;
  #inode: number | undefined;
  /** True while there is something in it. */
  #isFilled: boolean;
  /** How often it was emptied. */
  #emptied = 0;

  constructor(first: F, path: string, open: () => F) {
    this.#current = first;
    this.#path = path;
    this.#open = open;
    const { ino, size = 0 } = this.#look() ?? {};
    [this.#inode, this.#isFilled] = [ino, size > 0];
  }

  /** The one that was asked last. */
  get current(): F {
    return this.#current;
  }

  /** The one that is there now; where none is, the one before. Throws what `open` does where it cannot be read. */
  now(): F {
    const found = this.#look();
    if (found === undefined) return this.#current;
    const { ino, size } = found;
    if (ino !== this.#inode) this.#turnTo(ino, size);
    else if (size === 0 && this.#isFilled) this.#begin();
    this.#isFilled = size > 0;
    return this.#current;
  }

  #turnTo(inode: number, size: number): void {
    const next = this.#open();
    this.#left.push(this.#current);
    [this.#current, this.#inode, this.#isFilled] = [next, inode, size > 0];
    if (this.#left.length > MOST_LEFT) this.#left.shift()?.close();
  }

  /** Nothing is left of what was read, and who held it open would keep a writer from beginning anew. */
  #begin(): void {
    this.close();
    this.#left.length = 0;
    this.#current = this.#open();
    this.#emptied++;
  }

  /** What who reads should know. */
  get notes(): readonly string[] {
    const name = basename(this.#path);
    const found = this.#look();
    if (found?.size === 0 && this.#emptied > 0)
      return [`The file ${name} was emptied: what comes from now on is shown.`];
    if (found !== undefined) return [];
    return [
      `The file ${name} is gone: what is shown is what was in it. One that comes in its place is read.`,
    ];
  }

  /** A cursor that tells of which file it is. */
  cursorOf(cursor: string): string {
    return `${this.#mark} ${cursor}`;
  }

  /** The cursor itself. Throws `INVALID_QUERY` for that of a file that was replaced. */
  seenIn(cursor: string | undefined): string | undefined {
    if (cursor === undefined) return undefined;
    const mark = `${this.#mark} `;
    if (cursor.startsWith(mark)) return cursor.slice(mark.length);
    throw new TracelightError(
      "INVALID_QUERY",
      "The cursor is none of a look at changes in this file, or the file was replaced; leave it out for the first.",
    );
  }

  close(): void {
    for (const file of [...this.#left, this.#current]) file.close();
  }

  get #mark(): string {
    return this.#emptied === 0 ? `${this.#inode ?? ""}` : `${this.#inode ?? ""}.${this.#emptied}`;
  }

  #look(): { readonly ino: number; readonly size: number } | undefined {
    return statSync(this.#path, { throwIfNoEntry: false });
  }
}
