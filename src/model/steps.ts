// Work in steps: done at once, or a step at a time with other work between.

/** Work that gives a `T` when it is done, and may be left alone for a while wherever it yields. */
export type Steps<T> = Generator<void, T, void>;

/** All of it, now. */
export function drained<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** Says how far a step has gone. */
export class Pace {
  readonly #most: number;
  #left: number;

  /** A step takes so much of whatever is counted. */
  constructor(most: number) {
    this.#most = most;
    this.#left = most;
  }

  /** A step begins, which may be longer than others. */
  begin(most: number = this.#most): void {
    this.#left = most;
  }

  /** True where it is enough for one step with so much more; the next begins then. */
  isOver(spent: number): boolean {
    this.#left -= spent;
    if (this.#left > 0) return false;
    this.#left = this.#most;
    return true;
  }
}
