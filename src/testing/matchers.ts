// The assertions as matchers of vitest and jest: `expect(tracer).toHaveToolCall("get_weather")`.
import { TracelightError } from "../model/errors.ts";
import type { SpanFields } from "../model/span-fields.ts";
import type { Budget } from "./assertions/budgets.ts";
import type { TraceAssertions } from "./assertions/expect.ts";
import type { ExpectedText } from "./assertions/expected.ts";
import { messageFor } from "./assertions/failure.ts";
import type { Finding } from "./assertions/finding.ts";
import type { ExpectedToolCall } from "./assertions/findings.ts";
import * as FINDINGS from "./assertions/findings.ts";
import { type ExpectOptions, TraceView } from "./assertions/view.ts";
import type { MatchTraceOptions } from "./golden/match.ts";

/** The matchers, as `expect(…)` has them for spans and for an `InMemoryTracer`. `R` is what a matcher returns. */
export interface TraceMatchers<R = void> extends TraceAssertions<R> {
  /** A call of that tool, and as described. */
  toHaveToolCall(name: ExpectedText, expected?: ExpectedToolCall): R;
  /** No span that failed. */
  toHaveNoErrors(): R;
  /** From the first start to the last end no more than this: milliseconds, or a text such as `5s`. */
  toTakeAtMost(time: number | string): R;
  /** No more US dollars than this; `prices` is what `loadPrices` gives. */
  toCostAtMost(usd: number, options: Pick<ExpectOptions, "prices">): R;
  /** No more tokens, turns or calls than this. */
  toUseAtMost(budget: Budget): R;
  /** At least this share of the input's tokens was read from a provider's cache: 0.8 is 80 %. */
  toReadFromCache(share: number): R;
  /** What was done is what the golden trace of that name says. */
  toMatchTrace(name: string, options?: MatchTraceOptions): R;
}

/** What a matcher gives a test runner. */
interface MatcherResult {
  readonly pass: boolean;
  readonly message: () => string;
}

/** What a test runner calls a matcher with. */
interface MatcherContext {
  /** True behind `.not`. */
  readonly isNot?: boolean;
}

type Matcher<Args extends readonly unknown[]> = (
  this: MatcherContext,
  received: unknown,
  ...args: Args
) => MatcherResult;

/**
 * The matchers, for `expect.extend(traceMatchers)`. Importing `tracelight/vitest` or `tracelight/jest` does that, types included.
 */
export const traceMatchers: {
  readonly [Name in keyof TraceMatchers]: Matcher<Parameters<TraceMatchers[Name]>>;
} = {
  toHaveSpan: matcher(FINDINGS.toHaveSpan),
  toHaveToolCall: matcher(FINDINGS.toHaveToolCall),
  toHaveModelCall: matcher(FINDINGS.toHaveModelCall),
  toHaveTurn: matcher(FINDINGS.toHaveTurn),
  toHaveAgent: matcher(FINDINGS.toHaveAgent),
  toHaveUserInput: matcher(FINDINGS.toHaveUserInput),
  toHaveAgentResponse: matcher(FINDINGS.toHaveAgentResponse),
  toCallTools: matcher(FINDINGS.toCallTools),
  toRunInOrder: matcher(FINDINGS.toRunInOrder),
  toHaveNoErrors: matcher(FINDINGS.toHaveNoErrors),
  toTakeAtMost: matcher(FINDINGS.toTakeAtMost),
  toCostAtMost(received, usd, options) {
    const view = viewOf(received, options);
    return resultOf(FINDINGS.toCostAtMost(view, usd), view, this.isNot === true);
  },
  toUseAtMost: matcher(FINDINGS.toUseAtMost),
  toReadFromCache: matcher(FINDINGS.toReadFromCache),
  toMatchTrace: matcher(FINDINGS.toMatchTrace),
};

function matcher<Args extends readonly unknown[]>(
  find: (view: TraceView, ...args: Args) => Finding,
): Matcher<Args> {
  return function (received, ...args) {
    const view = viewOf(received, {});
    return resultOf(find(view, ...args), view, this.isNot === true);
  };
}

function resultOf(finding: Finding, view: TraceView, isNot: boolean): MatcherResult {
  return { pass: finding.holds, message: () => messageFor(finding, view, isNot) };
}

function viewOf(received: unknown, options: ExpectOptions): TraceView {
  const spans = hasTraces(received) ? received.getTraces() : received;
  if (isSpans(spans)) return new TraceView(spans, options);
  const mend =
    spans instanceof Promise ? "await tracer.getTraces() first" : "give spans, or an InMemoryTracer";
  throw new TracelightError("INVALID_ARGUMENT", `Matchers of traces are for spans: ${mend}`);
}

function hasTraces(value: unknown): value is { getTraces(): unknown } {
  return (
    typeof value === "object" &&
    value !== null &&
    "getTraces" in value &&
    typeof value.getTraces === "function"
  );
}

function isSpans(value: unknown): value is readonly SpanFields[] {
  return (
    Array.isArray(value) && value.every((one) => typeof one === "object" && one !== null && "traceId" in one)
  );
}
