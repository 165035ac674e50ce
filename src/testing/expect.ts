// Assertions about what an agent did, by its traces. They throw node:assert's AssertionError.
import { AssertionError } from "node:assert";
import { toolName } from "../conventions/facts.ts";
import { readSpan } from "../conventions/reading.ts";
import { answeredIn, askedIn, type Turn, turnsIn } from "../conventions/turns.ts";
import { type Attributes, equalValues } from "../model/attributes.ts";
import { capture } from "../model/capture.ts";
import { escapeText, messageText } from "../model/escape.ts";
import { hasFailed } from "../model/failure.ts";
import { inStartOrder } from "../model/query.ts";
import type { SpanFields, SpanKind, SpanStatus } from "../model/span-fields.ts";
import { parentsOf } from "../model/tree.ts";
import { boundedJson, oneLine } from "../render/text.ts";

/** What a span is expected to be; what is not given may be anything. */
export interface ExpectedSpan {
  /** These attributes among others; equality is deep and typed. */
  readonly attributes?: Attributes | undefined;
  /** Its status. */
  readonly spanStatus?: SpanStatus | undefined;
  /** Its span kind. */
  readonly spanKind?: SpanKind | undefined;
  /** The name of the span directly above. */
  readonly parent?: string | undefined;
  /** How many spans are expected to be so. At least one unless told. */
  readonly times?: number | undefined;
}

/** What a tool call is expected to be; what is not given may be anything. */
export interface ExpectedToolCall {
  /** The whole input, equal by content. */
  readonly input?: unknown;
  /** The whole output, equal by content. */
  readonly output?: unknown;
  /** How many calls are expected to be so. At least one unless told. */
  readonly times?: number | undefined;
}

/** Assertions that can be chained; each throws an AssertionError that lists the spans there were. */
export interface TraceExpectations {
  /** A span of that name, and as described. */
  toHaveSpan(name: string, expected?: ExpectedSpan): this;
  /** A call of that tool (`ai.tool.name`, else the span's name), with that input and output. */
  toHaveToolCall(name: string, expected?: ExpectedToolCall): this;
  /** A turn, as `tracelight show` has it, in which the user said this. */
  toHaveUserInput(text: string | RegExp): this;
  /** A turn in which the agent answered this. */
  toHaveAgentResponse(text: string | RegExp): this;
  /** Spans of these names, each starting after the one before; others may lie between. */
  toRunInOrder(...names: readonly string[]): this;
  /** No span that failed, see `failureOf`. */
  toHaveNoErrors(): this;
}

/**
 * Asserts what spans show.
 *
 * @example
 * ```ts
 * const tracer = new InMemoryTracer();
 * tracer.trace("converse", (turn) => {
 *   turn.addAttributes({ "ai.trace.type": "converse", "ai.user.input": "Is it sunny in Amsterdam?" });
 *   tracer.trace("get_weather", (tool) => {
 *     const input = { city: "Amsterdam" };
 *     tool.addAttributes({ "ai.trace.type": "tool-invocation", "ai.tool.name": "get_weather", "ai.tool.input": input });
 *   });
 *   turn.addAttribute("ai.agent.response", "Yes, it is sunny.");
 * });
 * expectTraces(tracer.getTraces())
 *   .toHaveToolCall("get_weather", { input: { city: "Amsterdam" } })
 *   .toHaveAgentResponse(/sunny/)
 *   .toHaveNoErrors();
 * ```
 */
export function expectTraces(spans: readonly SpanFields[]): TraceExpectations {
  return new Expectations(spans);
}

class Expectations implements TraceExpectations {
  readonly #spans: readonly SpanFields[];
  readonly #parents: ReadonlyMap<SpanFields, SpanFields>;

  constructor(spans: readonly SpanFields[]) {
    this.#spans = inStartOrder(spans);
    this.#parents = parentsOf(this.#spans);
  }

  toHaveSpan(name: string, expected: ExpectedSpan = {}): this {
    const found = this.#spans.filter((span) => span.spanName === name && this.#isAs(span, expected));
    return this.#count(found.length, expected.times, `a span "${name}"${detail(expected)}`);
  }

  toHaveToolCall(name: string, expected: ExpectedToolCall = {}): this {
    const found = this.#spans.filter((span) => isToolCall(span, name, expected));
    return this.#count(found.length, expected.times, `a call of the tool "${name}"${detail(expected)}`);
  }

  toHaveUserInput(text: string | RegExp): this {
    return this.#turn(askedIn, text, "a turn with the user input");
  }

  toHaveAgentResponse(text: string | RegExp): this {
    return this.#turn(answeredIn, text, "a turn with the agent response");
  }

  toRunInOrder(...names: readonly string[]): this {
    let from = 0;
    for (const name of names) {
      const at = this.#spans.findIndex((span, i) => i >= from && span.spanName === name);
      if (at < 0) this.#fail(`the spans ${names.join(", ")} in this order; "${name}" is missing there`);
      from = at + 1;
    }
    return this;
  }

  toHaveNoErrors(): this {
    const failed = this.#spans.filter(hasFailed);
    if (failed.length > 0) this.#fail(`no errors; ${failed.map((span) => span.spanName).join(", ")} failed`);
    return this;
  }

  #isAs(span: SpanFields, { attributes = {}, spanStatus, spanKind, parent }: ExpectedSpan): boolean {
    return (
      (spanStatus === undefined || span.spanStatus === spanStatus) &&
      (spanKind === undefined || span.spanKind === spanKind) &&
      (parent === undefined || this.#parents.get(span)?.spanName === parent) &&
      Object.entries(attributes).every(([key, value]) => equalValues(span.attributes[key], capture(value)))
    );
  }

  #turn(part: (turn: Turn) => unknown, text: string | RegExp, what: string): this {
    const turns = turnsIn(this.#spans);
    const isSo = (said: unknown) =>
      typeof said === "string" && (typeof text === "string" ? said === text : text.test(said));
    if (!turns.some((turn) => isSo(part(turn)))) this.#fail(`${what} ${text}`);
    return this;
  }

  #count(found: number, times: number | undefined, what: string): this {
    if (times === undefined ? found === 0 : found !== times) {
      this.#fail(times === undefined ? what : `${what}, ${times} times; there are ${found}`);
    }
    return this;
  }

  #fail(expected: string): never {
    const lines = this.#spans.map((span) => `  ${this.#indent(span)}${describeSpan(span)}`);
    const shown = lines.length === 0 ? "  (no spans)" : lines.slice(0, MAX_SHOWN).join("\n");
    throw new AssertionError({
      message: `Expected ${messageText(expected)}. The spans are:\n${shown}`,
      stackStartFn: this.#fail,
    });
  }

  #indent(span: SpanFields): string {
    let depth = 0;
    for (let at = this.#parents.get(span); at !== undefined && depth < MAX_DEPTH; at = this.#parents.get(at))
      depth++;
    return "  ".repeat(depth);
  }
}

const MAX_SHOWN = 50;
const MAX_DEPTH = 20;
const MAX_DETAIL = 200;

function isToolCall(span: SpanFields, name: string, expected: ExpectedToolCall): boolean {
  const reading = readSpan(span);
  if (reading.kind !== "tool-call" || toolName(reading, span) !== name) return false;
  return isGiven(expected, "input", reading.input) && isGiven(expected, "output", reading.output);
}

function isGiven(expected: ExpectedToolCall, key: "input" | "output", value: unknown): boolean {
  return !(key in expected) || equalValues(value, capture(expected[key]));
}

function detail(expected: object): string {
  const given = Object.entries(expected).filter(([key]) => key !== "times");
  return given.map(([key, value]) => `, ${key} ${boundedJson(capture(value), MAX_DETAIL)}`).join("");
}

function describeSpan(span: SpanFields): string {
  const { kind, input, output, error, aborted } = readSpan(span);
  const parts = [`${oneLine(span.spanName, MAX_DETAIL)} [${kind === "other" ? span.spanKind : kind}]`];
  if (input !== undefined) parts.push(`input ${boundedJson(input, MAX_DETAIL)}`);
  if (output !== undefined) parts.push(`output ${boundedJson(output, MAX_DETAIL)}`);
  if (error !== undefined) parts.push(`ERROR ${oneLine(error, MAX_DETAIL)}`);
  if (aborted) parts.push("aborted");
  return escapeText(parts.join(" "));
}
