// Each assertion of `expectTraces` by its name, as a function of the spans: what the chain, `not` and the matchers of test runners share.
import { toolName } from "../../conventions/facts.ts";
import { textOfParts } from "../../conventions/messages.ts";
import { isTurnHead } from "../../conventions/reading.ts";
import { answeredIn, askedIn, type ReadSpan, spokenBy, type Turn } from "../../conventions/turns.ts";
import type { Attributes } from "../../model/attributes.ts";
import { hasFailed } from "../../model/failure.ts";
import type { SpanFields, SpanKind, SpanStatus } from "../../model/span-fields.ts";
import { closest } from "../../model/spelling.ts";
import { count } from "../../render/figures.ts";
import { described, type Expected, type ExpectedText, expectedInWords, partially } from "./expected.ts";
import {
  criteriaOf,
  type Finding,
  findWanted,
  isText,
  type Known,
  namesInWords,
  type Times,
} from "./finding.ts";
import type { TraceView } from "./view.ts";

export { toMatchTrace } from "../golden/match.ts";
export { toCostAtMost, toReadFromCache, toTakeAtMost, toUseAtMost } from "./budgets.ts";
export { toCallTools } from "./tool-order.ts";

/** What a span is expected to be; what is not given may be anything. */
export interface ExpectedSpan {
  /** These attributes among others. */
  readonly attributes?: Attributes | undefined;
  /** Its status. */
  readonly spanStatus?: SpanStatus | undefined;
  /** Its span kind. */
  readonly spanKind?: SpanKind | undefined;
  /** The name of the span directly above. */
  readonly parent?: ExpectedText | undefined;
  /** How many spans are expected to be so. At least one unless told. */
  readonly times?: Times | undefined;
}

/** What a tool call is expected to be; what is not given may be anything. */
export interface ExpectedToolCall {
  /** The whole input, JSON text read; `partially` expects a part. */
  readonly input?: Expected;
  /** The whole output, JSON text read. */
  readonly output?: Expected;
  /** Its error: in these words, any (`true`), or none (`false`). */
  readonly error?: ExpectedText | boolean | undefined;
  /** The agent whose call it is: the nearest above. */
  readonly agent?: ExpectedText | undefined;
  /** How long it took, in milliseconds: a function says whether that is well. */
  readonly durationMs?: ((ms: number) => boolean) | undefined;
  /** How many calls are expected to be so. At least one unless told. */
  readonly times?: Times | undefined;
}

/** What a model call is expected to be; what is not given may be anything. */
export interface ExpectedModelCall {
  /** The model that was asked for. */
  readonly model?: ExpectedText | undefined;
  /** Who serves it. */
  readonly provider?: ExpectedText | undefined;
  /** The system prompt. */
  readonly system?: ExpectedText | undefined;
  /** The words of one of the messages that it was sent. */
  readonly sent?: ExpectedText | undefined;
  /** The words that it answered. */
  readonly output?: ExpectedText | undefined;
  /** The names of the tools that it could call, each of them. */
  readonly tools?: readonly string[] | undefined;
  /** Why it stopped, as its vocabulary has it. */
  readonly finishReason?: ExpectedText | undefined;
  /** Its error: in these words, any (`true`), or none (`false`). */
  readonly error?: ExpectedText | boolean | undefined;
  /** The agent whose call it is: the nearest above. */
  readonly agent?: ExpectedText | undefined;
  /** How long it took, in milliseconds: a function says whether that is well. */
  readonly durationMs?: ((ms: number) => boolean) | undefined;
  /** How many calls are expected to be so. At least one unless told. */
  readonly times?: Times | undefined;
}

/** What a turn is expected to be; what is not given may be anything. */
export interface ExpectedTurn {
  /** What the user said. */
  readonly input?: ExpectedText | undefined;
  /** What the agent answered. */
  readonly response?: ExpectedText | undefined;
  /** How long it took, in milliseconds: a function says whether that is well. */
  readonly durationMs?: ((ms: number) => boolean) | undefined;
  /** How many turns are expected to be so. At least one unless told. */
  readonly times?: Times | undefined;
}

/** What an agent's run is expected to be; what is not given may be anything. */
export interface ExpectedAgent {
  /** What it was asked. */
  readonly input?: Expected;
  /** What it answered. */
  readonly output?: Expected;
  /** The agent that it worked for: the nearest above it. */
  readonly under?: ExpectedText | undefined;
  /** How many runs are expected to be so. At least one unless told. */
  readonly times?: Times | undefined;
}

/** A turn in which the user said this. */
export function toHaveUserInput(view: TraceView, text: ExpectedText): Finding {
  return toHaveTurn(view, { input: text });
}

/** A turn in which the agent answered this. */
export function toHaveAgentResponse(view: TraceView, text: ExpectedText): Finding {
  return toHaveTurn(view, { response: text });
}

/** A span of that name. */
export function toHaveSpan(view: TraceView, name: ExpectedText, expected: ExpectedSpan = {}): Finding {
  return findWanted<SpanFields>({
    ...nouns("a span", name),
    candidates: view.spans.filter(({ spanName }) => isText(spanName, name)),
    spanOf: (span) => span,
    criteria: criteriaOf<SpanFields, ExpectedSpan>(expected, {
      attributes: { of: (span) => span.attributes, as: partOf },
      spanStatus: { of: (span) => span.spanStatus },
      spanKind: { of: (span) => span.spanKind },
      parent: { of: (span) => view.parentOf(span)?.spanName },
    }),
    times: expected.times,
    others: namesInWords(
      view.spans.map(({ spanName }) => spanName),
      "There are no spans.",
      "The spans are called",
    ),
  });
}

/** A call of that tool. */
export function toHaveToolCall(
  view: TraceView,
  name: ExpectedText,
  expected: ExpectedToolCall = {},
): Finding {
  const calls = view.calls("tool-call");
  const nameOf = ({ reading, span }: ReadSpan): string => toolName(reading, span);
  return findWanted<ReadSpan>({
    ...nouns("a call of the tool", name),
    candidates: calls.filter((call) => isText(nameOf(call), name)),
    spanOf: ({ span }) => span,
    criteria: criteriaOf<ReadSpan, ExpectedToolCall>(expected, {
      input: { of: ({ reading }) => reading.tool?.arguments },
      output: { of: ({ reading }) => reading.tool?.result },
      error: ERROR,
      ...ofCalls(view),
    }),
    times: expected.times,
    others: nearestName(name, calls.map(nameOf)),
  });
}

function nearestName(name: ExpectedText, names: readonly string[]): string {
  const near = typeof name === "string" ? closest(name, names) : undefined;
  const told = namesInWords(names, "No tool was called.", "The tools that were called are");
  return near === undefined ? told : `${told} Did you mean ${near}?`;
}

/** A model call. */
export function toHaveModelCall(view: TraceView, expected: ExpectedModelCall = {}): Finding {
  const calls = view.calls("model-call");
  return findWanted<ReadSpan>({
    ...nouns("a model call"),
    candidates: calls,
    spanOf: ({ span }) => span,
    criteria: criteriaOf<ReadSpan, ExpectedModelCall>(expected, {
      model: { of: ({ reading }) => reading.model },
      provider: { of: ({ reading }) => reading.provider },
      system: { of: ({ reading }) => reading.systemPrompt, name: "the system prompt" },
      sent: { of: sentTo, isOneOf: true, name: "a message" },
      output: { of: ({ reading }) => spokenBy(reading) },
      tools: { of: ({ reading }) => reading.tools.map((tool) => tool.name), as: offers },
      finishReason: { of: ({ reading }) => reading.finishReason, name: "finish reason" },
      error: ERROR,
      ...ofCalls(view),
    }),
    times: expected.times,
    others: "No model was called.",
  });
}

/** A turn. */
export function toHaveTurn(view: TraceView, expected: ExpectedTurn = {}): Finding {
  return findWanted<Turn>({
    ...nouns("a turn"),
    candidates: view.turns,
    spanOf: ({ head, spans }) => (head ?? spans[0])?.span,
    criteria: criteriaOf<Turn, ExpectedTurn>(expected, {
      input: { of: askedIn, name: "the user input" },
      response: { of: answeredIn, name: "the agent response" },
      durationMs: { of: ({ head, spans }) => millisOf((head ?? spans[0])?.span), name: "milliseconds" },
    }),
    times: expected.times,
    others: "There are no turns.",
  });
}

/** A run of that agent. */
export function toHaveAgent(view: TraceView, name: ExpectedText, expected: ExpectedAgent = {}): Finding {
  const agents = view.read.filter(({ reading }) => isTurnHead(reading.kind));
  const above = ({ span }: ReadSpan): string | undefined => {
    const parent = view.parentOf(span);
    return parent === undefined ? undefined : view.agentOf(parent);
  };
  return findWanted<ReadSpan>({
    ...nouns("a run of the agent", name),
    candidates: agents.filter(
      ({ span, reading }) => isText(reading.agent, name) || isText(span.spanName, name),
    ),
    spanOf: ({ span }) => span,
    criteria: criteriaOf<ReadSpan, ExpectedAgent>(expected, {
      input: { of: ({ reading }) => reading.input },
      output: { of: ({ reading }) => reading.output },
      under: { of: above, name: "the agent above" },
    }),
    times: expected.times,
    others: namesInWords(view.agents, "There are no agents.", "The agents are"),
  });
}

/** Spans of these names, one after the other. */
export function toRunInOrder(view: TraceView, ...names: readonly ExpectedText[]): Finding {
  let from = 0;
  const found: SpanFields[] = [];
  for (const name of names) {
    const at = view.spans.findIndex(({ spanName }, i) => i >= from && isText(spanName, name));
    const span = view.spans[at];
    if (span === undefined) break;
    found.push(span);
    from = at + 1;
  }
  const missing = names[found.length];
  const listed = names.map((name) => (typeof name === "string" ? name : expectedInWords(name))).join(", ");
  const after = found.length === 0 ? "" : ` after ${names.slice(0, found.length).map(String).join(", ")}`;
  return {
    holds: found.length === names.length,
    expected: `the spans ${listed} in this order`,
    unexpected: `the spans ${listed} not in this order`,
    because: [missing === undefined ? "They are." : `There is no ${expectedInWords(missing)}${after}.`],
    marked: found.slice(-1),
  };
}

/** No span that failed. */
export function toHaveNoErrors(view: TraceView): Finding {
  const failed = view.spans.filter(hasFailed);
  const [first] = failed;
  const because =
    first === undefined
      ? "None failed."
      : `${count(failed.length)} failed; the first is ${first.spanName}: ${view.readingOf(first).error ?? ""}`;
  return {
    holds: first === undefined,
    expected: "no errors",
    unexpected: "an error",
    because: [because],
    marked: failed,
  };
}

function partOf(attributes: unknown): unknown {
  return typeof attributes === "object" && attributes !== null ? partially(attributes) : attributes;
}

/** `true` is any error, `false` none. */
function errorWanted(error: unknown): unknown {
  if (error === false) return undefined;
  return error === true ? described("an error", (value) => value !== undefined) : error;
}

const ERROR = {
  of: ({ reading }: ReadSpan): unknown => reading.error,
  as: errorWanted,
};

/** What is expected of calls of either kind. */
function ofCalls(view: TraceView): {
  readonly agent: Known<ReadSpan>;
  readonly durationMs: Known<ReadSpan>;
} {
  return {
    agent: { of: ({ span }) => view.agentOf(span) },
    durationMs: { of: ({ span }) => millisOf(span), name: "milliseconds" },
  };
}

function millisOf(span: SpanFields | undefined): number | undefined {
  if (span?.endedAtMicros === undefined) return undefined;
  return (span.endedAtMicros - span.startedAtMicros) / 1000;
}

/** The words of each message that a model was sent. */
function sentTo({ reading }: ReadSpan): readonly unknown[] {
  return reading.inputMessages.flatMap(({ parts }) => textOfParts(parts) ?? []);
}

/** Each of these names among those that are offered. */
function offers(names: unknown): unknown {
  const wanted: readonly unknown[] = Array.isArray(names) ? names : [names];
  return described(
    `the tools ${wanted.join(", ")}`,
    (offered) => Array.isArray(offered) && wanted.every((name) => offered.includes(name)),
  );
}

function nouns(what: string, name?: ExpectedText): { readonly what: string; readonly none: string } {
  const named = name === undefined ? what : `${what} ${expectedInWords(name)}`;
  return { what: named, none: named.replace(/^a /, "no ") };
}
