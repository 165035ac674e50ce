// Reading one object from outside, field by field, with errors that name the field.
import { parseIsoMicros } from "./clock.ts";
import { TracelightError } from "./errors.ts";
import { isTime, TIME_RANGE } from "./times.ts";

/** Reads the fields of one object from outside. Throws `INVALID_RECORD`, which says which field is wrong. */
export class RecordReader {
  readonly #record: object;

  constructor(record: unknown) {
    if (!isObject(record)) throw invalid("A record must be an object.");
    this.#record = record;
  }

  optional<T>(field: string, test: (value: unknown) => value is T, what: string): T | undefined {
    const value: unknown = Reflect.get(this.#record, field);
    if (value === undefined || value === null) return undefined;
    if (!test(value)) throw invalid(`The record's "${field}" must be ${what}.`);
    return value;
  }

  required<T>(field: string, test: (value: unknown) => value is T, what: string): T {
    return this.optional(field, test, what) ?? this.missing(field, what);
  }

  missing(field: string, what: string): never {
    throw invalid(`The record's "${field}" must be ${what}.`);
  }

  /** Microseconds since the epoch of an ISO 8601 text. */
  time(field: string): number | undefined {
    const text = this.optional(field, isString, "a time");
    if (text === undefined) return undefined;
    const micros = parseIsoMicros(text);
    return isTime(micros) ? micros : this.missing(field, `an ISO 8601 time ${TIME_RANGE}`);
  }

  has(field: string, value: unknown): boolean {
    return Reflect.get(this.#record, field) === value;
  }
}

export function isString(value: unknown): value is string {
  return typeof value === "string";
}

export function isNumber(value: unknown): value is number {
  return typeof value === "number";
}

/** True for objects that are no arrays. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

/** The error for what is no record. */
export function invalid(message: string): TracelightError {
  return new TracelightError("INVALID_RECORD", message);
}
