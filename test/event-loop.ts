// How long the event loop is held, as far as the work is to blame: neither a slow nor a busy machine is.
import { fail } from "node:assert/strict";
import { LOOKS, processorMs, slowness, unwaitedMs } from "./processor.ts";

/** How long the event loop was held: by the longest of its turns, and what all took of the processor, in milliseconds. */
export interface Hold {
  readonly longestMs: number;
  readonly allMs: number;
}

/** The rule: no turn takes more, on a machine that is as fast as it should be. */
const RULE_MS = 20;
/** Nor more than this share of all that the work takes, which is as much longer as the machine is slower. */
const MOST_SHARE = 1 / 6;
/** A turn that takes less has nothing to do but to be watched. */
const IDLE_MS = 0.25;

/** Looks several times how long the event loop is held. Resolves with the first look that finds it free; rejects where none does. */
export async function expectFreeLoop<H extends Hold>(look: () => Promise<H>): Promise<H> {
  const held: Hold[] = [];
  while (held.length < LOOKS) {
    const seen = await look();
    if (isFree(seen)) return seen;
    const { longestMs, allMs } = seen;
    held.push({ longestMs, allMs });
  }
  fail(`The event loop is held, in milliseconds: ${JSON.stringify(held)}`);
}

function isFree({ longestMs, allMs }: Hold): boolean {
  return longestMs <= Math.max(RULE_MS, allMs * MOST_SHARE) || longestMs <= RULE_MS * slowness();
}

/** The hold of that work, by what it took of the processor, with its result. */
export async function holdOf<T>(work: () => Promise<T>): Promise<Hold & { readonly result: T }> {
  const held = watch(processorMs);
  try {
    const result = await work();
    // The last turn is over, too.
    await new Promise((resolve) => setImmediate(resolve));
    return { ...held(), result };
  } finally {
    held();
  }
}

/** Watches until it is asked; with what a turn slept, as for a lock: all but the time that it waited for a processor. */
export function watchEventLoopAsleep(): () => Hold {
  return watch(unwaitedMs);
}

function watch(clock: () => number): () => Hold {
  let [last, lastWorked] = [clock(), processorMs()];
  let [longestMs, allMs] = [0, 0];
  let isOver = false;
  const tick = (): void => {
    const [now, worked] = [clock(), processorMs()];
    longestMs = Math.max(longestMs, now - last);
    if (worked - lastWorked > IDLE_MS) allMs += worked - lastWorked;
    [last, lastWorked] = [now, worked];
    if (!isOver) setImmediate(tick);
  };
  setImmediate(tick);
  return () => {
    isOver = true;
    return { longestMs, allMs };
  };
}
