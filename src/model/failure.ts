// What failed, and in which words: one rule for filters, stores, listings, text and tests, whichever vocabulary a span is in.
import type { Attributes } from "./attributes.ts";
import type { SpanFields } from "./span-fields.ts";

/** The part of a span that tells whether it failed, and how. */
export type Outcome = Pick<SpanFields, "spanStatus" | "statusMessage" | "attributes" | "events">;

const EXCEPTION = "exception.message";
/** The toolkit's: there where a call failed, whatever they hold; some writers set no status beside them. */
const CALL_ERRORS: readonly string[] = ["ai.tool.error", "ai.llm.response.error"];
/** OpenTelemetry's: there where an operation of its vocabularies failed. HTTP spans have them too, for answers that are no failures. */
const ERROR_TEXTS: readonly string[] = ["error.message", "error.type"];
const OPERATION = /^(?:gen_ai|mcp)\./;
const WITHOUT_WORDS = "failed";

/**
 * What went wrong with a span that failed: in its own words, or "failed" where it has none. Undefined for a span that did not fail.
 *
 * A span failed where its status is ERROR, and where it says so by itself, whatever its status: in `ai.tool.error` or
 * `ai.llm.response.error`, unless that is null or false; in a text in `exception.message`; and, beside attributes of `gen_ai.` or
 * `mcp.`, in a text in `error.message` or `error.type`.
 *
 * @example
 * ```ts
 * const tracer = new InMemoryTracer();
 * tracer.startSpan("get_weather").setStatus("ERROR", "no network").end();
 * const faulty = tracer.getTraces().filter((span) => failureOf(span) !== undefined);
 * console.log(faulty.length); // 1
 * ```
 */
export function failureOf(span: Outcome): string | undefined {
  return hasFailed(span) ? (wordsOf(span) ?? WITHOUT_WORDS) : undefined;
}

/** True for a span that failed: see `failureOf`. */
export function hasFailed({ spanStatus, attributes }: Pick<Outcome, "spanStatus" | "attributes">): boolean {
  if (spanStatus === "ERROR") return true;
  // A look at each attribute takes less time than to look up five names that are seldom there.
  for (const key in attributes) if (TESTS.get(key)?.(attributes[key], attributes)) return true;
  return false;
}

/** The same, without "failed" where a span has no words for it. */
export function failureWords(span: Outcome): string | undefined {
  return hasFailed(span) ? wordsOf(span) : undefined;
}

function wordsOf({ attributes, spanStatus, statusMessage, events }: Outcome): string | undefined {
  return (
    firstWords(attributes, [...CALL_ERRORS, EXCEPTION]) ??
    (spanStatus === "ERROR" ? (wordsIn(statusMessage) ?? exceptionIn(events)) : undefined) ??
    firstWords(attributes, ERROR_TEXTS)
  );
}

function firstWords(attributes: Attributes, names: readonly string[]): string | undefined {
  for (const name of names) {
    const words = wordsIn(attributes[name]);
    if (words !== undefined) return words;
  }
  return undefined;
}

/** The exception that was recorded as an event, the last of several. */
function exceptionIn(events: SpanFields["events"]): string | undefined {
  return wordsIn(events.findLast(({ name }) => name === "exception")?.attributes?.[EXCEPTION]);
}

function wordsIn(value: unknown): string | undefined {
  if (typeof value === "string") return value === "" ? undefined : value;
  return typeof value === "number" || typeof value === "bigint" ? String(value) : undefined;
}

type Test = (value: unknown, attributes: Attributes) => boolean;

function isThere(value: unknown): boolean {
  return value !== undefined && value !== null && value !== false;
}

function isSaid(value: unknown): boolean {
  return wordsIn(value) !== undefined;
}

function isSaidOfOperation(value: unknown, attributes: Attributes): boolean {
  return isSaid(value) && Object.keys(attributes).some((key) => OPERATION.test(key));
}

const TESTS: ReadonlyMap<string, Test> = new Map<string, Test>([
  ...CALL_ERRORS.map((name) => [name, isThere] as const),
  [EXCEPTION, isSaid],
  ...ERROR_TEXTS.map((name) => [name, isSaidOfOperation] as const),
]);

/** The attributes that say of a span that it failed. */
export const FAILURE_NAMES: readonly string[] = [...TESTS.keys()];
