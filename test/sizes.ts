// How much the tests do: as much as shows a fault while one works, and all of it in CI.

/** True where all is run at its full size: `TRACELIGHT_FULL=1 npm test`, by hand. */
export const IS_FULL: boolean = process.env["TRACELIGHT_FULL"] === "1";

/** The size of a test whose full size costs much. */
export function sized(full: number, small: number): number {
  return IS_FULL ? full : small;
}

/** How often a property is tried, of which each try is anew at random: a fifth of what CI does. */
export function runs(full: number): number {
  return sized(full, Math.ceil(full / 5));
}
