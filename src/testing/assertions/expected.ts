// What a value is expected to be, and where one is something else.
import { equalValues } from "../../model/attributes.ts";
import { capture } from "../../model/capture.ts";
import { boundedJson } from "../../render/text.ts";

/**
 * What a text is expected to be: the text itself, a RegExp that it matches, a function that says so, or an asymmetric matcher of a test
 * runner, such as `expect.stringContaining("rain")`.
 */
export type ExpectedText = string | RegExp | ((text: string) => boolean) | AsymmetricMatcher;

/**
 * What a value is expected to be. A function is asked, a RegExp is for texts, an asymmetric matcher of vitest or jest decides for itself:
 * each of them may also stand within a list or an object. Anything else is equal by content, see `partially` for a part alone.
 */
export type Expected =
  | null
  | undefined
  | boolean
  | number
  | bigint
  | string
  | object
  | ((value: never) => boolean);

/** What `expect.anything()`, `expect.objectContaining(…)` and the like are, in vitest and in jest. */
export interface AsymmetricMatcher {
  /** Our own say so how a message tells of them. */
  readonly [IN_WORDS]?: string;
  /** True for a value that is so. */
  asymmetricMatch(value: unknown): boolean;
}

/** A part of a value; see `partially`. */
export interface Part {
  /** What is expected at least. */
  readonly [PART]: unknown;
}

/**
 * Expects a part of an object: its keys with these values, whatever else there is, in objects within it too. A list is as long as
 * expected, and each item holds its part.
 *
 * @example
 * ```ts
 * const tracer = new InMemoryTracer();
 * tracer.trace("get_weather", (tool) => {
 *   const input = { city: "Amsterdam", units: "metric", day: { year: 2026, month: 11, day: 30 } };
 *   tool.addAttributes({ "ai.trace.type": "tool-invocation", "ai.tool.input": input });
 * });
 * expectTraces(tracer.getTraces()).toHaveToolCall("get_weather", {
 *   input: partially({ city: /^Amst/, day: { month: 11 } }),
 * });
 * ```
 */
export function partially(value: object): Part {
  return { [PART]: value };
}

const PART: unique symbol = Symbol("tracelight.part");

/** What is asked of a value, and how a message says it. */
export function described(words: string, is: (value: unknown) => boolean): AsymmetricMatcher {
  return { asymmetricMatch: is, [IN_WORDS]: words };
}

const IN_WORDS: unique symbol = Symbol("tracelight.words");

/** Where a value is not what was expected. */
export interface Difference {
  /** Such as `days[2].city`; empty for the value as a whole. */
  readonly path: string;
  /** In words: what was expected there, and what is there. */
  readonly expected: string;
  readonly actual: string;
}

/** Where `actual` is not as expected; undefined where it is. */
export function differenceOf(actual: unknown, expected: unknown): Difference | undefined {
  return find({ actual, expected, path: "", isPart: false, depth: 0 });
}

/** What is compared at one path. */
interface Comparison {
  readonly actual: unknown;
  readonly expected: unknown;
  readonly path: string;
  readonly isPart: boolean;
  readonly depth: number;
}

function find(comparison: Comparison): Difference | undefined {
  const { actual, expected, depth } = comparison;
  if (isPart(expected)) return find({ ...comparison, expected: expected[PART], isPart: true });
  if (typeof expected === "function")
    return asked(() => Reflect.apply(expected, undefined, [actual]), comparison);
  if (isAsymmetric(expected)) return asked(() => expected.asymmetricMatch(actual), comparison);
  if (expected instanceof RegExp)
    return asked(() => typeof actual === "string" && matches(expected, actual), comparison);
  if (depth < MAX_DEPTH) {
    if (Array.isArray(expected))
      return Array.isArray(actual) ? inList(actual, expected, comparison) : other(comparison);
    if (isPlain(expected))
      return isPlain(actual) ? inObject(actual, expected, comparison) : other(comparison);
  }
  return equalValues(actual, capture(expected)) ? undefined : other(comparison);
}

/** Deeper values are compared by content alone. */
const MAX_DEPTH = 200;

function isPart(value: unknown): value is Part {
  return typeof value === "object" && value !== null && PART in value;
}

function isAsymmetric(value: unknown): value is AsymmetricMatcher {
  return (
    typeof value === "object" &&
    value !== null &&
    "asymmetricMatch" in value &&
    typeof value.asymmetricMatch === "function"
  );
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null;
}

/** A RegExp with the flag `g` remembers where it was: each text is matched from its start. */
function matches(pattern: RegExp, text: string): boolean {
  pattern.lastIndex = 0;
  return pattern.test(text);
}

function asked(ask: () => unknown, comparison: Comparison): Difference | undefined {
  return ask() ? undefined : other(comparison);
}

function inList(
  actual: readonly unknown[],
  expected: readonly unknown[],
  comparison: Comparison,
): Difference | undefined {
  for (const [i, item] of expected.entries()) {
    if (i >= actual.length) break;
    const found = find({ ...deeper(comparison, `[${i}]`), actual: actual[i], expected: item });
    if (found !== undefined) return found;
  }
  if (actual.length === expected.length) return undefined;
  return {
    path: comparison.path,
    expected: `${expected.length} items`,
    actual: `${actual.length}`,
  };
}

function inObject(
  actual: Readonly<Record<string, unknown>>,
  expected: Readonly<Record<string, unknown>>,
  comparison: Comparison,
): Difference | undefined {
  const keys = comparison.isPart
    ? Object.keys(expected)
    : [...Object.keys(expected), ...Object.keys(actual).filter((key) => !Object.hasOwn(expected, key))];
  for (const key of keys) {
    const there = Object.hasOwn(actual, key) ? actual[key] : undefined;
    const wanted = Object.hasOwn(expected, key) ? expected[key] : undefined;
    const found = find({ ...deeper(comparison, `.${key}`), actual: there, expected: wanted });
    if (found !== undefined) return found;
  }
  return undefined;
}

function deeper(comparison: Comparison, step: string): Comparison {
  const path = `${comparison.path}${step}`;
  return { ...comparison, path: path.startsWith(".") ? path.slice(1) : path, depth: comparison.depth + 1 };
}

function other({ actual, expected, path }: Comparison): Difference {
  if (typeof actual === "string" && typeof expected === "string") {
    const from = firstDifference(actual, expected);
    return { path, expected: around(expected, from), actual: around(actual, from) };
  }
  return { path, expected: expectedInWords(expected), actual: valueInWords(actual) };
}

function firstDifference(a: string, b: string): number {
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  return at;
}

/** Long texts are shown from shortly before they part. */
function around(text: string, at: number): string {
  const from = text.length <= MAX_SHOWN ? 0 : Math.max(0, at - LEAD);
  const cut = text.slice(from, from + MAX_SHOWN);
  return JSON.stringify(`${from > 0 ? "…" : ""}${cut}${from + cut.length < text.length ? "…" : ""}`);
}

const LEAD = 40;

/** What is expected, in words: `a text that matches /rain/`. */
export function expectedInWords(expected: unknown): string {
  if (isPart(expected)) return `at least ${expectedInWords(expected[PART])}`;
  return matcherInWords(expected) ?? valueInWords(shown(expected, 0));
}

function matcherInWords(value: unknown): string | undefined {
  if (typeof value === "function") return `what ${value.name || "the function"} wants`;
  if (value instanceof RegExp) return `a text that matches ${value}`;
  return isAsymmetric(value) ? (value[IN_WORDS] ?? `what ${nameOf(value)} wants`) : undefined;
}

function nameOf(matcher: AsymmetricMatcher): string {
  const text = String(matcher);
  return text.startsWith("[object") ? matcher.constructor.name : text;
}

/** With words in the place of what is no value. */
function shown(expected: unknown, depth: number): unknown {
  const words = matcherInWords(expected);
  if (words !== undefined) return words;
  if (depth > MAX_DEPTH_SHOWN) return "…";
  if (isPart(expected)) return shown(expected[PART], depth + 1);
  if (Array.isArray(expected)) return expected.map((item) => shown(item, depth + 1));
  if (!isPlain(expected)) return expected;
  return Object.fromEntries(Object.entries(expected).map(([key, value]) => [key, shown(value, depth + 1)]));
}

const MAX_DEPTH_SHOWN = 20;

/** A value as JSON text of bounded length. */
export function valueInWords(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = boundedJson(capture(value), MAX_SHOWN);
  return text.length > MAX_SHOWN + 20 ? `${text.slice(0, MAX_SHOWN)}…` : text;
}

const MAX_SHOWN = 160;
