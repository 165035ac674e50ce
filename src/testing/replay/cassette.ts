// Cassettes: files of records with what replay needs and nothing else, for people to review and for git to merge.

import { NAMES } from "../../conventions/names.ts";
import { readSpan } from "../../conventions/reading.ts";
import { wellFormedJson } from "../../model/json-strings.ts";
import { checkOptions } from "../../model/options.ts";
import { inStartOrder } from "../../model/query.ts";
import { encodeRecord } from "../../model/record.ts";
import { fieldsWith, OWN_SCOPE, type SpanFields } from "../../model/span-fields.ts";
import { type RedactOptions, redact } from "../../redact/redact.ts";
import { type Process, processed } from "../../tracing/draft.ts";
import { spanFrom } from "../../tracing/span.ts";
import { recordedIn } from "./recorded.ts";

/** What is taken out of a cassette. */
export interface CassetteOptions {
  /** Options of `redact`. `false`: only keys, tokens and passwords go. Default: all rules. */
  readonly redact?: RedactOptions | false | undefined;
}

/**
 * The text of a cassette: the calls of models and tools among spans, a record a line in the order in which they began, redacted. The same spans give
 * the same text. Two cassettes one after the other are one with the calls of both.
 *
 * @throws TracelightError `INVALID_OPTION`
 * @example
 * ```ts
 * const tracer = new InMemoryTracer();
 * tracer.startSpan("get_weather", { attributes: { "ai.trace.type": "tool-invocation" } }).end();
 * console.log(cassetteOf(tracer.getTraces()).split("\n").length - 1); // 1
 * ```
 */
export function cassetteOf(spans: readonly SpanFields[], options: CassetteOptions = {}): string {
  checkOptions(options, { owner: "cassetteOf", checks: { redact: isRedact } });
  return [...cassetteLines(spans, options)].join("");
}

/** The same line by line: the histories of a long conversation may be more than one text can hold. */
export function* cassetteLines(
  spans: readonly SpanFields[],
  options: CassetteOptions = {},
): Generator<string> {
  const { models, tools } = redactedCalls(spans, options);
  for (const span of inStartOrder([...models, ...tools])) yield lineOf(span);
}

/** The calls among spans with what is needed of them, redacted. */
export function redactedCalls(
  spans: readonly SpanFields[],
  options: CassetteOptions,
): { readonly models: readonly SpanFields[]; readonly tools: readonly SpanFields[] } {
  const { calls, tools } = recordedIn(spans);
  const rules = cassetteRules(options);
  return {
    models: calls.flatMap(({ span }) => needed(span, rules) ?? []),
    tools: tools.flatMap((span) => needed(span, rules) ?? []),
  };
}

/** What must be given for `redact`. */
export function isRedact(value: unknown): string | undefined {
  return value === false || (typeof value === "object" && value !== null)
    ? undefined
    : "options of redact, or false";
}

/** What is always taken out is what gives access. */
export function cassetteRules({ redact: wanted = {} }: CassetteOptions): Process | undefined {
  return redact(
    wanted === false ? { rules: ["private-key", "jwt", "api-key", "authorization", "url"] } : wanted,
  );
}

/** A call as a line of a cassette. */
export function cassetteLine(span: SpanFields, rules: Process | undefined): string {
  const kept = needed(span, rules);
  return kept === undefined ? "" : lineOf(kept);
}

function lineOf(span: SpanFields): string {
  return `${wellFormedJson(JSON.stringify(encodeRecord(span)))}\n`;
}

function needed(span: SpanFields, rules: Process | undefined): SpanFields | undefined {
  const bare = spanFrom(withWhatIsNeeded(span));
  return rules === undefined ? bare : processed(bare, rules);
}

function withWhatIsNeeded(span: SpanFields): SpanFields {
  const isOurs = readSpan(span).vocabulary === "tracelight";
  const needed = Object.entries(span.attributes).filter(([name]) =>
    isOurs ? NEEDED.test(name) : name !== NAMES.exceptionStack,
  );
  const { traceState: _, otlp: _otlp, ...fields } = fieldsWith(Object.fromEntries(needed), span);
  return {
    ...{ ...fields, parentSpanId: undefined, resourceAttributes: {}, links: [], scope: { name: OWN_SCOPE } },
    events: isOurs ? [] : fields.events,
  };
}

/** Of our own names. */
const NEEDED =
  /^(?:ai\.trace\.type|ai\.llm\..*|ai\.tool\..*|ai\.output|ai\.input|gen_ai\..*|exception\.(?:type|message|details)|http\.response\.status_code|server\.address|ai\.conversation\.aborted)$/;
