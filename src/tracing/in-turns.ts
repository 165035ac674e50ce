// Work on spans that may take long: at once where one step is enough, else in later turns of the event loop, one after the other.
import { drained, type Steps } from "../model/steps.ts";
import { Turns } from "../model/turns.ts";
import { atExit } from "./at-exit.ts";
import { runQuietly } from "./context.ts";

/** So much may wait; where there is more, each that comes does some steps of what waits, so that whoever is too fast is held, a little. */
const MANY_WAITING = 256;
/** Each takes a millisecond or so. */
const STEPS_AT_ONCE = 8;
/** Of more than this, the first is finished at once: memory has an end. */
const MOST_WAITING = 4096;

/** The work of one outlet, in its order: what comes behind work that goes on waits for it. */
export class InTurns {
  readonly #turns = new Turns();
  readonly #waiting: Steps<void>[] = [];
  #isRunning = false;
  /** A step is being done: who asks for all to be finished from within it is in it. */
  #isWithin = false;
  #undoExit: (() => void) | undefined;

  /** How much is not done. */
  get size(): number {
    return this.#waiting.length;
  }

  /** Does the work, or as much of it as one step. */
  add(work: Steps<void>): void {
    if (this.size === 0 && work.next().done === true) return;
    this.#waiting.push(work);
    this.#undoExit ??= atExit("process", () => this.finish());
    if (this.size > MOST_WAITING) this.#finishFirst();
    else if (this.size > MANY_WAITING) this.#someSteps();
    if (!this.#isRunning) runQuietly(() => void this.#run());
  }

  /** Does all that waits, at once. */
  finish(): void {
    while (this.size > 0 && !this.#isWithin) this.#finishFirst();
  }

  /** Resolves when nothing waits. */
  async settled(): Promise<void> {
    while (this.size > 0) await this.#turns.next();
  }

  /** Lets go of what is not done; gives how much that is. */
  giveUp(): number {
    return this.#waiting.splice(0).length;
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    while (this.size > 0) {
      await this.#turns.next();
      do this.#step();
      while (this.size > 0 && !this.#turns.over);
    }
    this.#isRunning = false;
    this.#undoExit?.();
    this.#undoExit = undefined;
  }

  #step(): void {
    const [work] = this.#waiting;
    if (work !== undefined && this.#done(() => work.next().done === true)) this.#waiting.shift();
  }

  #someSteps(): void {
    for (let i = 0; i < STEPS_AT_ONCE && this.size > MANY_WAITING && !this.#isWithin; i++) this.#step();
  }

  #finishFirst(): void {
    const [work] = this.#waiting;
    if (work === undefined || this.#isWithin) return;
    this.#done(() => drained(work));
    this.#waiting.shift();
  }

  #done<T>(step: () => T): T {
    this.#isWithin = true;
    try {
      return step();
    } finally {
      this.#isWithin = false;
    }
  }
}
