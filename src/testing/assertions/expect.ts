// Assertions about what an agent did, by its traces. They throw node:assert's AssertionError.
import type { SpanFields } from "../../model/span-fields.ts";
import type { MatchTraceOptions } from "../golden/match.ts";
import type { Budget } from "./budgets.ts";
import type { Expected, ExpectedText } from "./expected.ts";
import { failureOf } from "./failure.ts";
import { type Finding, namesInWords, type Times } from "./finding.ts";
import type {
  ExpectedAgent,
  ExpectedModelCall,
  ExpectedSpan,
  ExpectedToolCall,
  ExpectedTurn,
} from "./findings.ts";
import * as FINDINGS from "./findings.ts";
import type { CallTools, ToolOrder } from "./tool-order.ts";
import { type ExpectOptions, TraceView } from "./view.ts";

/** Assertions that `not` turns round. */
export interface TraceAssertions<Next> {
  /** A span of that name, and as described. */
  toHaveSpan(name: ExpectedText, expected?: ExpectedSpan): Next;
  /** A model call, as described. */
  toHaveModelCall(expected?: ExpectedModelCall): Next;
  /** A turn, as `tracelight show` has it, and as described. */
  toHaveTurn(expected?: ExpectedTurn): Next;
  /** A run of that agent or sub-agent, and as described. */
  toHaveAgent(name: ExpectedText, expected?: ExpectedAgent): Next;
  /** A turn in which the user said this. */
  toHaveUserInput(text: ExpectedText): Next;
  /** A turn in which the agent answered this. */
  toHaveAgentResponse(text: ExpectedText): Next;
  /** These calls of tools: no others and in this order, unless `order` says otherwise. */
  toCallTools(tools: CallTools, options?: ToolOrder): Next;
  /** Spans of these names, each starting after the one before; others may lie between. */
  toRunInOrder(...names: ExpectedText[]): Next;
}

/** Assertions that can be chained; each throws an AssertionError with the tree of the spans, the nearest miss marked. */
export interface TraceExpectations extends TraceAssertions<TraceExpectations> {
  /** The same, each the other way round: for the next assertion alone. */
  readonly not: NegatedExpectations;
  /** The spans of one conversation alone. Throws where there is none of that id. */
  conversation(id: unknown): TraceExpectations;
  /** The spans of one turn alone: 1 is the first, -1 the last. Throws where there are not as many. */
  turn(number: number): TraceExpectations;
  /** The spans of the agents or sub-agents of that name alone, and all below them. Throws where there is none. */
  agent(name: string): TraceExpectations;
  /** A call of that tool (`ai.tool.name`, else the span's name), and as described. */
  toHaveToolCall(name: ExpectedText, expected?: ExpectedToolCall): ToolCallExpectations;
  /** No span that failed, see `failureOf`. */
  toHaveNoErrors(): TraceExpectations;
  /** From the first start to the last end no more than this: milliseconds, or a text such as `5s`. Fails where a span did not end. */
  toTakeAtMost(time: number | string): TraceExpectations;
  /** No more US dollars than this, by the option `prices`. Fails where a call has no price. */
  toCostAtMost(usd: number): TraceExpectations;
  /** No more tokens, turns or calls than this. */
  toUseAtMost(budget: Budget): TraceExpectations;
  /** At least this share of the input's tokens was read from a provider's cache: 0.8 is 80 %. */
  toReadFromCache(share: number): TraceExpectations;
  /**
   * What was done is what the golden trace of that name says: a file in `__traces__` beside the test, which the test runner's own flag for
   * snapshots writes anew. Ids, times and the order of what ran at once do not matter; the difference is shown step by step and by words.
   */
  toMatchTrace(name: string, options?: MatchTraceOptions): TraceExpectations;
}

/** Assertions the other way round. */
export interface NegatedExpectations extends TraceAssertions<TraceExpectations> {
  /** No call of that tool that is so. */
  toHaveToolCall(name: ExpectedText, expected?: ExpectedToolCall): TraceExpectations;
}

/** Assertions, of which the next may tell more of the tool call that was last expected. */
export interface ToolCallExpectations extends TraceExpectations {
  /** The same call has this input. */
  withInput(input: Expected): ToolCallExpectations;
  /** The same call has this output. */
  withOutput(output: Expected): ToolCallExpectations;
  /** The same call failed: in these words, where they are given. */
  withError(error?: ExpectedText): ToolCallExpectations;
  /** There are so many of these calls. */
  times(times: Times): ToolCallExpectations;
}

/**
 * Asserts what spans show. Options: what models cost, and which store the spans lie in.
 *
 * @example
 * ```ts
 * const tracer = new InMemoryTracer();
 * tracer.trace("converse", (turn) => {
 *   turn.addAttributes({ "ai.trace.type": "converse", "ai.user.input": "Is it sunny in Amsterdam?" });
 *   tracer.trace("get_weather", (tool) => {
 *     const input = { city: "Amsterdam", units: "metric" };
 *     tool.addAttributes({ "ai.trace.type": "tool-invocation", "ai.tool.name": "get_weather", "ai.tool.input": input });
 *   });
 *   turn.addAttribute("ai.agent.response", "Yes, it is sunny.");
 * });
 * expectTraces(tracer.getTraces())
 *   .toHaveToolCall("get_weather")
 *   .withInput(partially({ city: "Amsterdam" }))
 *   .toHaveAgentResponse(/sunny/)
 *   .not.toHaveToolCall("book_hotel")
 *   .toUseAtMost({ toolCalls: 1 })
 *   .toHaveNoErrors();
 * ```
 */
export function expectTraces(spans: readonly SpanFields[], options: ExpectOptions = {}): TraceExpectations {
  return new Expectations(new TraceView(spans, options));
}

/** What both directions have: each looks, and settles what was found. */
abstract class Assertions implements TraceAssertions<TraceExpectations> {
  protected readonly view: TraceView;

  constructor(view: TraceView) {
    this.view = view;
  }

  /** Throws where it is not as expected. */
  protected abstract settle(finding: Finding): TraceExpectations;

  toHaveSpan(...args: Of<"toHaveSpan">): TraceExpectations {
    return this.settle(FINDINGS.toHaveSpan(this.view, ...args));
  }

  toHaveModelCall(...args: Of<"toHaveModelCall">): TraceExpectations {
    return this.settle(FINDINGS.toHaveModelCall(this.view, ...args));
  }

  toHaveTurn(...args: Of<"toHaveTurn">): TraceExpectations {
    return this.settle(FINDINGS.toHaveTurn(this.view, ...args));
  }

  toHaveAgent(...args: Of<"toHaveAgent">): TraceExpectations {
    return this.settle(FINDINGS.toHaveAgent(this.view, ...args));
  }

  toHaveUserInput(text: ExpectedText): TraceExpectations {
    return this.settle(FINDINGS.toHaveUserInput(this.view, text));
  }

  toHaveAgentResponse(text: ExpectedText): TraceExpectations {
    return this.settle(FINDINGS.toHaveAgentResponse(this.view, text));
  }

  toCallTools(...args: Of<"toCallTools">): TraceExpectations {
    return this.settle(FINDINGS.toCallTools(this.view, ...args));
  }

  toRunInOrder(...names: readonly ExpectedText[]): TraceExpectations {
    return this.settle(FINDINGS.toRunInOrder(this.view, ...names));
  }
}

class Expectations extends Assertions implements TraceExpectations {
  get not(): NegatedExpectations {
    return new Negated(this.view);
  }

  conversation(id: unknown): TraceExpectations {
    return this.#chosen(this.view.ofConversation(id), `a conversation ${String(id)}`, []);
  }

  turn(number: number): TraceExpectations {
    const { turns } = this.view;
    const turn = number === 0 ? undefined : turns.at(number > 0 ? number - 1 : number);
    const because = `There ${turns.length === 1 ? "is one turn" : `are ${turns.length} turns`}.`;
    return this.#chosen(turn?.spans.map(({ span }) => span) ?? [], `a turn ${number}`, [because]);
  }

  agent(name: string): TraceExpectations {
    const because = namesInWords(this.view.agents, "There are no agents.", "The agents are");
    return this.#chosen(this.view.ofAgent(name), `an agent "${name}"`, [because]);
  }

  #chosen(spans: readonly SpanFields[], expected: string, because: readonly string[]): TraceExpectations {
    this.settle({ holds: spans.length > 0, expected, unexpected: expected, because, marked: [] });
    return new Expectations(this.view.choose(spans));
  }

  toHaveToolCall(name: ExpectedText, expected: ExpectedToolCall = {}): ToolCallExpectations {
    this.settle(FINDINGS.toHaveToolCall(this.view, name, expected));
    return new ToolCalls(this.view, name, expected);
  }

  toHaveNoErrors(): TraceExpectations {
    return this.settle(FINDINGS.toHaveNoErrors(this.view));
  }

  toTakeAtMost(time: number | string): TraceExpectations {
    return this.settle(FINDINGS.toTakeAtMost(this.view, time));
  }

  toCostAtMost(usd: number): TraceExpectations {
    return this.settle(FINDINGS.toCostAtMost(this.view, usd));
  }

  toUseAtMost(budget: Budget): TraceExpectations {
    return this.settle(FINDINGS.toUseAtMost(this.view, budget));
  }

  toReadFromCache(share: number): TraceExpectations {
    return this.settle(FINDINGS.toReadFromCache(this.view, share));
  }

  toMatchTrace(name: string, options?: MatchTraceOptions): TraceExpectations {
    return this.settle(FINDINGS.toMatchTrace(this.view, name, options));
  }

  protected settle(finding: Finding): TraceExpectations {
    if (!finding.holds) throw failureOf(finding, this.view, { isNot: false, stackStart: this.settle });
    return this;
  }
}

class ToolCalls extends Expectations implements ToolCallExpectations {
  readonly #name: ExpectedText;
  readonly #expected: ExpectedToolCall;

  constructor(view: TraceView, name: ExpectedText, expected: ExpectedToolCall) {
    super(view);
    this.#name = name;
    this.#expected = expected;
  }

  withInput(input: Expected): ToolCallExpectations {
    return this.#more({ input });
  }

  withOutput(output: Expected): ToolCallExpectations {
    return this.#more({ output });
  }

  withError(error: ExpectedText | true = true): ToolCallExpectations {
    return this.#more({ error });
  }

  times(times: Times): ToolCallExpectations {
    return this.#more({ times });
  }

  #more(expected: ExpectedToolCall): ToolCallExpectations {
    return this.toHaveToolCall(this.#name, { ...this.#expected, ...expected });
  }
}

class Negated extends Assertions implements NegatedExpectations {
  toHaveToolCall(...args: Of<"toHaveToolCall">): TraceExpectations {
    return this.settle(FINDINGS.toHaveToolCall(this.view, ...args));
  }

  protected settle(finding: Finding): TraceExpectations {
    if (finding.holds) throw failureOf(finding, this.view, { isNot: true, stackStart: this.settle });
    return new Expectations(this.view);
  }
}

/** What an assertion is given, behind the spans. */
type Of<Name extends keyof typeof FINDINGS> = (typeof FINDINGS)[Name] extends (
  view: TraceView,
  ...args: infer Args
) => Finding
  ? Args
  : never;
