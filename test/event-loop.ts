// How long the event loop is held, as far as this process is to blame: a busy machine takes time, but not the processor's.
import { existsSync, readFileSync } from "node:fs";
import { sized } from "./sizes.ts";

/** The rule is 20 ms. Beside others the same work takes up to twice of the processor, since they share its caches. */
export const HELD_MS: number = sized(20, 40);

/** Watches until it is asked for the longest that one turn of the event loop took of the processor, in milliseconds. */
export function watchEventLoop(): () => number {
  return longestTurn(processorMs);
}

/** The same, with what a turn slept, as for a lock: all but the time that it waited for a processor. */
export function watchEventLoopAsleep(): () => number {
  return longestTurn(() => performance.now() - scheduled().waitedMs);
}

function longestTurn(clock: () => number): () => number {
  let last = clock();
  let longest = 0;
  let isOver = false;
  const tick = (): void => {
    const now = clock();
    longest = Math.max(longest, now - last);
    last = now;
    if (!isOver) setImmediate(tick);
  };
  setImmediate(tick);
  return () => {
    isOver = true;
    return longest;
  };
}

/** What this thread has had of the processor, where the system says so; else the time. */
function processorMs(): number {
  const { ranMs } = scheduled();
  return ranMs > 0 ? ranMs : performance.now();
}

/** How long this thread ran, and how long it could have but for others; zeros where the system does not say so. */
function scheduled(): { readonly ranMs: number; readonly waitedMs: number } {
  const file = "/proc/thread-self/schedstat";
  const [ran = 0, waited = 0] = existsSync(file) ? readFileSync(file, "latin1").split(" ").map(Number) : [];
  return { ranMs: ran / 1e6, waitedMs: waited / 1e6 };
}
