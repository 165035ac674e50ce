// Objects that are one value, as a date is: whatever walks values takes them whole. Each kind is described here, for all that reads
// or writes one.

import { isoDate, parseIsoDate } from "./clock.ts";
import { sealed } from "./sealed.ts";

/** One value, in the forms that it is written in. */
export interface Scalar {
  /** The key of its tag, where what is written has no form of its own for it. */
  readonly tag: string;
  /** Exact. */
  readonly text: string;
  /** Exact, as the Python toolkit writes it. */
  readonly toolkitText: string;
  /** As `JSON.stringify` has it. */
  readonly shortText: string;
  /** Where it stands among its kind; the same for those that are equal. */
  readonly order: number;
}

/** A date. */
class DateScalar implements Scalar {
  static readonly tag = "__datetime__";
  readonly tag: string = DateScalar.tag;
  readonly #date: Date;

  constructor(date: Date) {
    this.#date = date;
  }

  get text(): string {
    return isoDate(this.#date);
  }

  get toolkitText(): string {
    return withOffset(this.text);
  }

  get shortText(): string {
    return this.#date.toISOString();
  }

  get order(): number {
    return this.#date.getTime();
  }

  static read(text: string): Date | undefined {
    const date = parseIsoDate(text);
    return date && sealed(date);
  }
}

/** What an object is that is one value; undefined for bytes, and for what has parts. */
export function scalarOf(value: object): Scalar | undefined {
  return value instanceof Date ? new DateScalar(value) : undefined;
}

/** Of each tag, what reads a text back; undefined where it is none of its kind. */
export const SCALAR_READERS: Readonly<Record<string, (text: string) => object | undefined>> = {
  [DateScalar.tag]: DateScalar.read,
};

/** Compares two that are of one kind: less than, equal to or more than 0; undefined for all others. */
export function compareScalars(a: object, b: object): number | undefined {
  const [one, other] = [scalarOf(a), scalarOf(b)];
  return one === undefined || one.tag !== other?.tag ? undefined : one.order - other.order;
}

/** True for lists, maps, sets and objects with properties: what is no object, bytes and scalars have no parts. */
export function hasParts(value: unknown): value is object {
  return (
    typeof value === "object" &&
    value !== null &&
    !(value instanceof Uint8Array) &&
    scalarOf(value) === undefined
  );
}

/** ISO 8601 as Python's `isoformat` writes it in UTC: with `+00:00` for the zone. */
export function withOffset(iso: string): string {
  return `${iso.slice(0, -1)}+00:00`;
}
