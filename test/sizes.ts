// How much the tests do: as much as shows a fault while one works, and all of it where that is asked for.

/** True where all is run at its full size: `TRACELIGHT_FULL=1`, as `.ci/run` does once for properties. */
export const IS_FULL: boolean = process.env["TRACELIGHT_FULL"] === "1";

/** The size of a test whose full size costs much. */
export function sized(full: number, small: number): number {
  return IS_FULL ? full : small;
}

/** How often a property is tried: of the same cases in each run, a twentieth of what CI does. */
export function runs(full: number): number {
  return sized(full, Math.ceil(full / 20));
}

/** All where all is run; else what falls to one of so many that share it. */
export function shareOf<T>(all: readonly T[], which: number, among: number): readonly T[] {
  return IS_FULL ? all : all.filter((_, i) => i % among === which % among);
}
