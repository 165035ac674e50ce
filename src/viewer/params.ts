// The parameters of a request, checked: an unknown one, one given twice and a value that cannot be meant are refused.
import { PreciseDate } from "../model/clock.ts";
import { defined } from "../model/defined.ts";
import { closest } from "../model/spelling.ts";
import { nearestTime, TIME_FORMS, timeOf } from "../model/times.ts";
import { readWhere } from "../model/where.ts";
import { badParameter, PROBLEMS, Problem } from "./problems.ts";

/** How a number is bounded, and what it is unless told. */
export interface CountRange {
  readonly least?: number;
  readonly most: number;
  readonly or: number;
}

/** Which spans are asked for. */
export interface Filter {
  readonly where?: string;
  readonly since?: Date;
  readonly until?: Date;
}

/** The parameters of one request. */
export class Params {
  readonly #given = new Map<string, string>();

  /** Throws a `Problem` for a parameter that is none of these, or is there twice. */
  constructor(given: URLSearchParams, known: readonly string[]) {
    for (const [name, value] of given) {
      if (!known.includes(name)) throw unknown(name, known);
      if (this.#given.has(name)) throw badParameter(name, "there once");
      if (value.length > MAX_VALUE) throw badParameter(name, `no longer than ${MAX_VALUE} characters`);
      this.#given.set(name, value);
    }
  }

  /** Undefined where it is not given, or empty. */
  text(name: string): string | undefined {
    return this.#given.get(name) || undefined;
  }

  /** A text that must be there. */
  required(name: string): string {
    const text = this.text(name);
    if (text === undefined) throw badParameter(name, "given");
    return text;
  }

  /** One of a few words. */
  choice<T extends string>(name: string, words: readonly T[]): T | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const word = words.find((one) => one === text);
    if (word === undefined) throw badParameter(name, `one of ${words.join(", ")}`);
    return word;
  }

  /** A whole number. */
  count(name: string, { least = 1, most, or }: CountRange): number {
    const text = this.text(name);
    if (text === undefined) return or;
    const count = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
    if (!(count >= least && count <= most))
      throw badParameter(name, `a whole number from ${least} to ${most}`);
    return count;
  }

  /** A time, as the command takes it. */
  time(name: string): Date | undefined {
    const text = this.text(name)?.trim();
    if (text === undefined) return undefined;
    const micros = timeOf(text, Date.now() * 1000);
    if (micros === undefined) throw badParameter(name, `a time: ${TIME_FORMS}`);
    return new PreciseDate(nearestTime(micros));
  }

  /** `where`, `since` and `until`. A filter that cannot be read is refused here, before anything is put to it. */
  filter(): Filter {
    const where = this.text("where");
    const [since, until] = [this.time("since"), this.time("until")];
    if (where !== undefined) readWhere(where);
    return defined({ where, since, until });
  }
}

function unknown(name: string, known: readonly string[]): Problem {
  const near = closest(name, known);
  const takes = known.length === 0 ? "none is taken here" : `there are ${known.join(", ")}`;
  const mend = near === undefined ? takes : `did you mean "${near}"?`;
  return new Problem(PROBLEMS.invalid, `Unknown parameter "${name.slice(0, 100)}"; ${mend}`, {
    parameter: name.slice(0, 100),
  });
}

/** Filters that hold together. */
export function both(a: string | undefined, b: string | undefined): string | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return `(${a}) and (${b})`;
}

const MAX_VALUE = 12_000;
