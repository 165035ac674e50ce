// Options are checked once, at construction: unknown names, missing ones and values out of range, each with its mend.
import { TracelightError } from "./errors.ts";
import { closest } from "./spelling.ts";

/** Says what a value should have been, or undefined where it is fine. */
type Check = (value: unknown) => string | undefined;

/** The options of one constructor: a check for each name, and the names that must be given. */
export interface OptionRules {
  readonly owner: string;
  readonly checks: Readonly<Record<string, Check>>;
  readonly required?: readonly string[];
  /** Names of options whose values are never shown. */
  readonly secret?: readonly string[];
}

/** Throws a TracelightError (`INVALID_OPTION`) that names the first option at fault and the mend. */
export function checkOptions(options: unknown, rules: OptionRules): void {
  if (typeof options !== "object" || options === null) {
    throw invalid(`${rules.owner} takes an object of options, not ${describe(options)}.`);
  }
  const given = Object.entries(options);
  for (const [name, value] of given) checkOption(name, value, rules);
  for (const name of rules.required ?? []) {
    if (!given.some(([key, value]) => key === name && value !== undefined)) {
      throw invalid(`${rules.owner} needs the option "${name}": ${rules.checks[name]?.(undefined)}.`);
    }
  }
}

/** The options without those that are undefined, which would hide what they are spread over. */
export function givenOf<Options extends object>(options: Options): Options {
  const given = { ...options };
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) Reflect.deleteProperty(given, name);
  }
  return given;
}

function checkOption(name: string, value: unknown, rules: OptionRules): void {
  const check = Object.hasOwn(rules.checks, name) ? rules.checks[name] : undefined;
  if (check === undefined) throw unknownOption(name, rules);
  if (value === undefined) return;
  const expected = check(value);
  if (expected === undefined) return;
  const given = rules.secret?.includes(name) ? `a value of type ${typeof value}` : describe(value);
  throw invalid(`Option "${name}" of ${rules.owner} must be ${expected}, not ${given}.`);
}

function unknownOption(name: string, rules: OptionRules): TracelightError {
  const names = Object.keys(rules.checks);
  const near = closest(name, names);
  const mend = near === undefined ? `it takes ${names.join(", ")}` : `did you mean "${near}"?`;
  return invalid(`Unknown option "${name}" for ${rules.owner}; ${mend}`);
}

function invalid(message: string): TracelightError {
  return new TracelightError("INVALID_OPTION", message);
}

function describe(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (value === null || typeof value === "number" || typeof value === "boolean") return String(value);
  return Array.isArray(value) ? "an array" : `a value of type ${typeof value}`;
}

const text: Check = (value) =>
  typeof value === "string" && value !== "" ? undefined : "a string that is not empty";
const flag: Check = (value) => (typeof value === "boolean" ? undefined : "true or false");
const fn: Check = (value) => (typeof value === "function" ? undefined : "a function");

/** A whole number of at least `minimum`; Infinity is one. */
function count(minimum: number): Check {
  const holds = (value: unknown) =>
    value === Number.POSITIVE_INFINITY || (Number.isSafeInteger(value) && Number(value) >= minimum);
  return (value) => (holds(value) ? undefined : `a whole number of at least ${minimum}`);
}

/** A finite number of at least `minimum`. */
function amount(minimum: number): Check {
  const holds = (value: unknown) => typeof value === "number" && Number.isFinite(value) && value >= minimum;
  return (value) => (holds(value) ? undefined : `a number of at least ${minimum}`);
}

/** An object with the given method. */
function having(method: string, what: string): Check {
  const holds = (value: unknown) =>
    typeof value === "object" && value !== null && typeof Reflect.get(value, method) === "function";
  return (value) => (holds(value) ? undefined : what);
}

/** One of the given texts. */
function oneOf(...values: readonly string[]): Check {
  const shown = values.map((value) => `"${value}"`).join(", ");
  return (value) => (typeof value === "string" && values.includes(value) ? undefined : `one of ${shown}`);
}

interface Checks {
  readonly text: Check;
  readonly flag: Check;
  readonly fn: Check;
  readonly count: (minimum: number) => Check;
  readonly amount: (minimum: number) => Check;
  readonly having: (method: string, what: string) => Check;
  readonly oneOf: (...values: readonly string[]) => Check;
}

/** The checks that options share. */
export const is: Checks = { text, flag, fn, count, amount, having, oneOf };
