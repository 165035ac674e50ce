// The times of rows: a file may hold some that no number can say exactly, of an older release or another program.
import { nearestTime } from "../model/times.ts";

/**
 * A column of numbers as SQL gives it: beyond what a number says exactly as text, which node:sqlite would refuse to read as a
 * number. What is none is `NO_NUMBER`.
 */
export function readableNumber(column: string): string {
  const { MIN_SAFE_INTEGER: least, MAX_SAFE_INTEGER: most } = Number;
  return `CASE WHEN ${column} BETWEEN ${least} AND ${most} OR ${column} IS NULL THEN ${column}
    WHEN typeof(${column}) IN ('integer', 'real') THEN CAST(${column} AS TEXT) ELSE '${NO_NUMBER}' END`;
}

/** Stands in the place of text and bytes. */
export const NO_NUMBER = "no number";

/**
 * A time as a row has it, in microseconds: the nearest that a span can have. Undefined for none.
 * @throws RangeError for what is no number
 */
export function timeIn(value: unknown): number | undefined {
  if (Number.isSafeInteger(value)) return Number(value);
  if (value === null || value === undefined) return undefined;
  // SQLite's own word for what is beyond all numbers.
  const micros = Number(String(value).replace(/Inf$/, "Infinity"));
  if (Number.isNaN(micros)) throw new RangeError("its time is none");
  return nearestTime(micros);
}

/** True for a time that is not shown as it is stored. */
export function isOddTime(value: unknown): boolean {
  return value !== null && value !== undefined && !Number.isSafeInteger(value);
}

/** What is told where there are such. */
export const ODD_TIMES =
  "The file has spans with times that cannot be, before 1970 or after June 2255; they are shown with the nearest that can.";
