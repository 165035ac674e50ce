// What was looked for in spans, and what was found: how calls, turns and agents are matched, and the nearest that is not.
import type { SpanFields } from "../../model/span-fields.ts";
import { oneLine } from "../../render/text.ts";
import {
  type Difference,
  differenceOf,
  type ExpectedText,
  expectedInWords,
  valueInWords,
} from "./expected.ts";

/** Whether something holds of spans, and what to say where it does or does not. */
export interface Finding {
  readonly holds: boolean;
  /** What is expected, behind "Expected ". */
  readonly expected: string;
  /** What is expected by `not`, behind "Expected ". */
  readonly unexpected: string;
  /** What is there instead: a line or two. */
  readonly because: readonly string[];
  /** The spans that it is about. */
  readonly marked: readonly SpanFields[];
  /** What is shown in place of the tree of the spans. */
  readonly body?: readonly string[];
}

/** How many are expected: so many, or at least and at most so many. At least one unless told. */
export type Times = number | TimesBetween;

/** Bounds of how many are expected. */
interface TimesBetween {
  /** At least so many. Default 0 where `max` is given, else 1. */
  readonly min?: number | undefined;
  /** At most so many. */
  readonly max?: number | undefined;
}

/** One thing that is expected of a call, by its name in words. */
export interface Criterion<T> {
  /** Such as `input`. */
  readonly name: string;
  readonly expected: unknown;
  /** What is there. */
  readonly of: (one: T) => unknown;
  /** True where a text or a value in any of them is enough. */
  readonly isOneOf?: boolean;
}

/** What is looked for. */
export interface Wanted<T> {
  /** Such as `a call of the tool "get_weather"`. */
  readonly what: string;
  /** The same for `not`: `no call of the tool "get_weather"`. */
  readonly none: string;
  /** Those of the right name. */
  readonly candidates: readonly T[];
  readonly spanOf: (one: T) => SpanFields | undefined;
  readonly criteria: readonly Criterion<T>[];
  readonly times: Times | undefined;
  /** What there is instead, where no candidate is there. */
  readonly others: string;
}

/** Looks for it. */
export function findWanted<T>(wanted: Wanted<T>): Finding {
  const { what, none, candidates, criteria, times } = wanted;
  const judged = candidates.map((one) => ({ one, misses: missesOf(one, criteria) }));
  const found = judged.filter(({ misses }) => misses.length === 0);
  const detail = criteria
    .map(({ name, expected }) => ` with ${name} ${expectedInWords(expected)}`)
    .join(" and");
  const nearest = judged.toSorted((a, b) => a.misses.length - b.misses.length)[0];
  const about = found.length > 0 ? found : nearest === undefined ? [] : [nearest];
  return {
    holds: isSoMany(found.length, times),
    expected: `${what}${detail}${timesInWords(times)}`,
    unexpected: `${none}${detail}`,
    because: [because(wanted, found.length, nearest?.misses ?? [])],
    marked: about.flatMap(({ one }) => wanted.spanOf(one) ?? []),
  };
}

function because<T>(
  { candidates, others, times }: Wanted<T>,
  found: number,
  misses: readonly Miss[],
): string {
  if (candidates.length === 0) return others;
  if (found > 0 || misses.length === 0) return `There ${found === 1 ? "is one" : `are ${found || "none"}`}.`;
  const [first] = misses;
  const many = candidates.length === 1 ? "the only one" : `the nearest of ${candidates.length}`;
  if (first === undefined) return `There are ${found}; expected were${timesInWords(times)}.`;
  return `In ${many}, ${first.name}${missInWords(first.difference)}.`;
}

interface Miss {
  readonly name: string;
  readonly difference: Difference;
}

function missInWords({ path, expected, actual }: Difference): string {
  const where = path === "" ? "" : ` at ${oneLine(path, MAX_PATH)}`;
  return `${where} is ${actual}, not ${expected}`;
}

const MAX_PATH = 120;

function missesOf<T>(one: T, criteria: readonly Criterion<T>[]): Miss[] {
  return criteria.flatMap(({ name, expected, of, isOneOf }) => {
    const difference = isOneOf ? anyOf(of(one), expected) : differenceOf(of(one), expected);
    return difference === undefined ? [] : [{ name, difference }];
  });
}

/** Where none of a list is as expected. */
function anyOf(values: unknown, expected: unknown): Difference | undefined {
  const list: readonly unknown[] = Array.isArray(values) ? values : [values];
  if (list.some((value) => differenceOf(value, expected) === undefined)) return undefined;
  return { path: "", expected: expectedInWords(expected), actual: valueInWords(list.at(-1)) };
}

/** True where there are as many as expected. */
function isSoMany(found: number, times: Times | undefined): boolean {
  if (typeof times === "number") return found === times;
  const { min = times?.max === undefined ? 1 : 0, max = Number.POSITIVE_INFINITY } = times ?? {};
  return found >= min && found <= max;
}

function timesInWords(times: Times | undefined): string {
  if (times === undefined) return "";
  if (typeof times === "number") return `, ${times === 1 ? "once" : `${times} times`}`;
  const { min, max } = times;
  const bounds = [min === undefined ? "" : `at least ${min}`, max === undefined ? "" : `at most ${max}`];
  const told = bounds.filter((bound) => bound !== "").join(" and ");
  return told === "" ? "" : `, ${told} times`;
}

/** How a thing that can be expected is found. */
export interface Known<T> extends Pick<Criterion<T>, "of" | "isOneOf"> {
  /** Its name in words, where that is not the option's. */
  readonly name?: string;
  /** What is expected, of what was given. */
  readonly as?: (given: unknown) => unknown;
}

/** The criteria for what is given. */
export function criteriaOf<T, E extends object>(
  expected: E,
  known: { readonly [K in keyof E]?: Known<T> },
): Criterion<T>[] {
  const criteria: Criterion<T>[] = [];
  for (const key in known) {
    const one = known[key];
    const given = expected[key];
    if (one === undefined || given === undefined) continue;
    const { of, isOneOf = false, name = key, as = (value: unknown) => value } = one;
    criteria.push({ name, expected: as(given), of, isOneOf });
  }
  return criteria;
}

/** True for a text that is as expected. */
export function isText(text: unknown, expected: ExpectedText): boolean {
  return differenceOf(text, expected) === undefined;
}

/** Names, each once, as they are told in a message. */
export function namesInWords(names: readonly (string | undefined)[], none: string, some: string): string {
  const known = [...new Set(names.filter((name) => name !== undefined))];
  if (known.length === 0) return none;
  const shown = known.slice(0, MAX_NAMES).map((name) => oneLine(name, MAX_NAME));
  const rest = known.length > MAX_NAMES ? ` and ${known.length - MAX_NAMES} more` : "";
  return `${some} ${shown.join(", ")}${rest}.`;
}

const MAX_NAMES = 12;
const MAX_NAME = 60;
