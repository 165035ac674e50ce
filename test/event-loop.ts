// How long the event loop is held, as far as this process is to blame: a busy machine takes time, but not the processor's.
import { existsSync, readFileSync } from "node:fs";
import { sized } from "./sizes.ts";

/** The rule is 20 ms. Beside others the same work takes up to twice of the processor, since they share its caches. */
export const HELD_MS: number = sized(20, 40);

/** Watches until it is asked for the longest that one turn of the event loop took of the processor, in milliseconds. */
export function watchEventLoop(): () => number {
  let last = processorMs();
  let longest = 0;
  let isOver = false;
  const tick = (): void => {
    const now = processorMs();
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
  const file = "/proc/thread-self/schedstat";
  const ns = existsSync(file) ? Number(readFileSync(file, "latin1").split(" ")[0]) : 0;
  return ns > 0 ? ns / 1e6 : performance.now();
}
