// What could not be read of a file, by name: the rest is read.
import { messageOf, TracelightError } from "../model/errors.ts";
import { oneLine } from "../render/text.ts";
import type { Row } from "./connection.ts";
import { SQLITE, sqliteCode } from "./driver.ts";
import { ODD_TIMES } from "./times.ts";

/** Something that could not be read, and how many spans are left out for it; none where the span itself says so. */
export interface Damage {
  readonly error: TracelightError;
  readonly leftOut: number;
}

/** Is told of each. */
export type OnDamage = (damage: Damage) => void;

/** A row that is no span. */
export function rowDamage(row: Row, error: unknown): Damage {
  return {
    error: damageError(`${nameOf(row)} could not be read and was left out`, messageOf(error)),
    leftOut: 1,
  };
}

/** Values that a span lacks. */
export function valueDamage(row: Row, lost: readonly string[]): Damage {
  return {
    error: damageError(`${nameOf(row)} lacks what is missing or damaged`, lost.join("; ")),
    leftOut: 0,
  };
}

/** Rows in damaged pages: those that there are of these numbers. */
export function pageDamage(first: number, last: number): Damage {
  const rows = first === last ? `The row ${first}` : `What there was of the rows ${first} to ${last}`;
  const why = "it lies in damaged pages of the file";
  return { error: damageError(`${rows} could not be read and was left out`, why), leftOut: last - first + 1 };
}

/** Times that are shown as others. */
export const TIME_DAMAGE: Damage = { error: new TracelightError("STORE_CORRUPT", ODD_TIMES), leftOut: 0 };

function damageError(what: string, why: string): TracelightError {
  return new TracelightError("INVALID_RECORD", `${what}: ${oneLine(why, MAX_TEXT)}`);
}

function nameOf({ id, trace_id: trace, span_id: span, span_name: name }: Row): string {
  const short = (value: unknown) => oneLine(typeof value === "object" ? "?" : value, 40);
  return `The span "${short(name)}" (${short(span)} of the trace ${short(trace)}, row ${short(id)})`;
}

const MAX_TEXT = 300;

/** True where pages of the file are damaged. */
export function isCorrupt(error: unknown): boolean {
  return sqliteCode(error) === SQLITE.corrupt;
}

/** True where SQL failed at a value, such as text that should be JSON. */
export function isBadValue(error: unknown): boolean {
  return sqliteCode(error) === SQLITE.error;
}

/** What was damaged, for people: each once. */
export class DamageNotes {
  readonly #leftOut = new Map<string, number>();

  add({ error: { message }, leftOut }: Damage): void {
    if (this.#leftOut.size < MOST_KEPT) this.#leftOut.set(message, leftOut);
  }

  /** How many spans were left out, at most. */
  get leftOut(): number {
    return [...this.#leftOut.values()].reduce((sum, spans) => sum + spans, 0);
  }

  /** The first few, and how many there are more. */
  get notes(): readonly string[] {
    const all = [...this.#leftOut.keys()];
    const more = all.length - MOST_SHOWN;
    return more > 0 ? [...all.slice(0, MOST_SHOWN), `… and ${more} more that are missing or damaged`] : all;
  }
}

const MOST_KEPT = 100_000;
const MOST_SHOWN = 5;
