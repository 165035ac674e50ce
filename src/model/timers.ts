// Time as the system has it, whatever a test has put in its place: Node's own timers and clocks, not the globals.
import type { Performance } from "node:perf_hooks";
import * as timers from "node:timers";
import * as promises from "node:timers/promises";

// Copied: who replaces the module's functions changes imported ones too. Nor are all of them global everywhere: jsdom has no
// setImmediate, and its setTimeout gives a number.
export const setTimeout: typeof timers.setTimeout = timers.setTimeout;
export const clearTimeout: typeof timers.clearTimeout = timers.clearTimeout;
export const setInterval: typeof timers.setInterval = timers.setInterval;
export const clearInterval: typeof timers.clearInterval = timers.clearInterval;
export const setImmediate: typeof timers.setImmediate = timers.setImmediate;

/** Resolves after so many milliseconds. */
export const delay: typeof promises.setTimeout = promises.setTimeout;
/** Resolves in the next turn of the event loop. */
export const turn: typeof promises.setImmediate = promises.setImmediate;

/** The steady clock, as an object: our own tests put it forward. */
export const steadyClock: { now: () => number } = { now: readClock };

let now: (() => number) | undefined;

function readClock(): number {
  now ??= nodeNow();
  return now();
}

/** Node takes some milliseconds to load its clock, which an import of this package has no need of: that waits for the first look. */
function nodeNow(): () => number {
  const clock = nodeClock();
  // That of its class, since a test may have put another into the object.
  const { now = clock.now }: Partial<Pick<Performance, "now">> = Object.getPrototypeOf(clock);
  return now.bind(clock);
}

/** When the steady clock was 0, in milliseconds since the epoch, with microseconds. */
export function steadyOriginMs(): number {
  return nodeClock().timeOrigin;
}

/** Not the global, which a test may have replaced. */
function nodeClock(): Performance {
  return process.getBuiltinModule("node:perf_hooks").performance;
}

/** Milliseconds of a clock that never goes back, for waits and limits; 0 is when the process began. */
export function steadyNow(): number {
  return steadyClock.now();
}

/** Milliseconds since the epoch, for what is compared with the times of files and servers. */
export const systemNow: () => number = Date.now;
