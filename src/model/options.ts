// Options are checked once, at construction: unknown names, missing ones and values out of range, each with its mend.
import { TracelightError } from "./errors.ts";
import { closest } from "./spelling.ts";

/** Says what a value should have been, or undefined where it is fine. */
export type Check = (value: unknown) => string | undefined;

/** The options of one constructor: a check for each name, and the names that must be given. */
export interface OptionRules {
  readonly owner: string;
  readonly checks: Readonly<Record<string, Check>>;
  readonly required?: readonly string[];
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

function checkOption(name: string, value: unknown, rules: OptionRules): void {
  const check = Object.hasOwn(rules.checks, name) ? rules.checks[name] : undefined;
  if (check === undefined) throw unknownOption(name, rules);
  if (value === undefined) return;
  const expected = check(value);
  if (expected !== undefined) {
    throw invalid(`Option "${name}" of ${rules.owner} must be ${expected}, not ${describe(value)}.`);
  }
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

/** The checks that options share. */
export const is = {
  /** A whole number of at least `minimum`; Infinity is one. */
  count:
    (minimum: number): Check =>
    (value) =>
      value === Number.POSITIVE_INFINITY || (Number.isSafeInteger(value) && Number(value) >= minimum)
        ? undefined
        : `a whole number of at least ${minimum}`,
  /** A number of at least `minimum`, and finite. */
  amount:
    (minimum: number): Check =>
    (value) =>
      typeof value === "number" && Number.isFinite(value) && value >= minimum
        ? undefined
        : `a number of at least ${minimum}`,
  text: ((value) =>
    typeof value === "string" && value !== ""
      ? undefined
      : "a string that is not empty") satisfies Check as Check,
  flag: ((value) => (typeof value === "boolean" ? undefined : "true or false")) satisfies Check as Check,
  fn: ((value) => (typeof value === "function" ? undefined : "a function")) satisfies Check as Check,
  /** An object with the given method. */
  having:
    (method: string, what: string): Check =>
    (value) =>
      typeof value === "object" && value !== null && typeof Reflect.get(value, method) === "function"
        ? undefined
        : what,
  oneOf:
    (...values: readonly string[]): Check =>
    (value) =>
      typeof value === "string" && values.includes(value)
        ? undefined
        : `one of ${values.map((v) => `"${v}"`).join(", ")}`,
} as const;
