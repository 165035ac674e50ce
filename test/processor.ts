// What work takes of the processor, and how fast that is just now: the clock says more of a busy machine than of the work.
import { existsSync, readFileSync } from "node:fs";

/** What the yardstick takes on the machine for which the times in tests are meant. */
const YARDSTICK_MS = 7;
/** Others in the caches, and the collection of garbage, only add: the least of so many looks counts. */
export const LOOKS = 6;

/** What this thread has had of the processor, in milliseconds; where the system does not say so, its process. */
export function processorMs(): number {
  // Asked first: it brings the system's own account up to date, which else is some milliseconds late.
  const { user, system } = process.cpuUsage();
  const { ranMs } = scheduled();
  return ranMs > 0 ? ranMs : (user + system) / 1000;
}

/** What that work takes of the processor, in milliseconds. */
export async function processorMsOf(work: () => Promise<unknown> | void): Promise<number> {
  const began = processorMs();
  await work();
  return processorMs() - began;
}

/** The least of what some looks find; they end with the first below the bar. */
export async function leastOf(bar: number, look: () => Promise<number>): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < LOOKS && least >= bar; i++) least = Math.min(least, await look());
  return least;
}

/** The time in milliseconds, but for what this thread waited for a processor: asked until it did not between the two. */
export function unwaitedMs(): number {
  for (;;) {
    const { waitedMs } = scheduled();
    const now = performance.now();
    if (scheduled().waitedMs === waitedMs) return now - waitedMs;
  }
}

/** How many times as long as it should take is what this machine takes just now: it is slow, or others use its caches. */
export function slowness(): number {
  yardstick();
  const began = processorMs();
  for (let i = 0; i < LOOKS; i++) yardstick();
  return (processorMs() - began) / LOOKS / YARDSTICK_MS;
}

/** Some work of the kind that our code does. */
function yardstick(): number {
  const list = Array.from({ length: 10_000 }, (_, i) => ({ i, role: "user", text: `text ${i}` }));
  return new Map(Object.entries(JSON.parse(JSON.stringify(list)))).size;
}

/** How long this thread ran, and how long it could have but for others; zeros where the system does not say so. */
function scheduled(): { readonly ranMs: number; readonly waitedMs: number } {
  const file = "/proc/thread-self/schedstat";
  const [ran = 0, waited = 0] = existsSync(file) ? readFileSync(file, "latin1").split(" ").map(Number) : [];
  return { ranMs: ran / 1e6, waitedMs: waited / 1e6 };
}
