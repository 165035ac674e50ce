// A file that is read for long: where another takes its place, that one is read from then on.
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

  constructor(first: F, path: string, open: () => F) {
    this.#current = first;
    this.#path = path;
    this.#open = open;
    this.#inode = this.#inodeNow();
  }

  /** The one that was asked last. */
  get current(): F {
    return this.#current;
  }

  /** The one that is there now; where none is, the one before. Throws what `open` does where it cannot be read. */
  now(): F {
    const inode = this.#inodeNow();
    if (inode === undefined || inode === this.#inode) return this.#current;
    const next = this.#open();
    this.#left.push(this.#current);
    [this.#current, this.#inode] = [next, inode];
    if (this.#left.length > MOST_LEFT) this.#left.shift()?.close();
    return next;
  }

  /** What who reads should know. */
  get notes(): readonly string[] {
    if (this.#inodeNow() !== undefined) return [];
    const name = basename(this.#path);
    return [
      `The file ${name} is gone: what is shown is what was in it. One that comes in its place is read.`,
    ];
  }

  /** A cursor that tells of which file it is. */
  cursorOf(cursor: string): string {
    return `${this.#inode ?? ""} ${cursor}`;
  }

  /** The cursor itself. Throws `INVALID_QUERY` for that of a file that was replaced. */
  seenIn(cursor: string | undefined): string | undefined {
    if (cursor === undefined) return undefined;
    const [, inode, own] = /^(\d*) (.*)$/s.exec(cursor) ?? [];
    if (inode === String(this.#inode ?? "")) return own;
    throw new TracelightError(
      "INVALID_QUERY",
      "The cursor is none of a look at changes in this file, or the file was replaced; leave it out for the first.",
    );
  }

  close(): void {
    for (const file of [...this.#left, this.#current]) file.close();
  }

  #inodeNow(): number | undefined {
    return statSync(this.#path, { throwIfNoEntry: false })?.ino;
  }
}
