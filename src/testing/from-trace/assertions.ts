// What can be asserted of a trace: each is tried on the trace itself, and only what holds is written.
import { toolName } from "../../conventions/facts.ts";
import { isTurnHead } from "../../conventions/reading.ts";
import { answeredIn, askedIn, type ReadSpan, type Turn } from "../../conventions/turns.ts";
import { hasFailed } from "../../model/failure.ts";
import type { SpanFields } from "../../model/span-fields.ts";
import type { Budget } from "../assertions/budgets.ts";
import { differenceOf, type Expected } from "../assertions/expected.ts";
import type { Finding } from "../assertions/finding.ts";
import * as FINDINGS from "../assertions/findings.ts";
import type { TraceView } from "../assertions/view.ts";
import { literal } from "./literal.ts";

/** The assertions about one turn, as the calls of a chain: `.toHaveNoErrors()`. */
export function turnAssertions(all: TraceView, turn: Turn): string[] {
  const view = all.choose(turn.spans.map(({ span }) => span));
  const [input, response] = [askedIn(turn), answeredIn(turn)];
  return [
    ...(typeof input === "string" ? asked(view, input) : []),
    ...toolCalls(view),
    ...agents(view, turn),
    ...modelCalls(view),
    ...failures(view),
    ...(typeof response === "string" ? answered(view, response) : []),
  ];
}

/** What all of it used: calls as they are, tokens with a fifth more. */
export function budgetOf(view: TraceView): Budget {
  const models = view.calls("model-call");
  const sum = (of: "input" | "output"): number =>
    models.reduce((all, { reading }) => all + (reading.usage?.[of] ?? 0), 0);
  const [input, output] = [sum("input"), sum("output")];
  return {
    ...{ turns: view.turns.length, modelCalls: models.length, toolCalls: view.calls("tool-call").length },
    ...(input > 0 ? { inputTokens: withRoom(input) } : {}),
    ...(output > 0 ? { outputTokens: withRoom(output) } : {}),
  };
}

/** A fifth more, to two digits. */
function withRoom(tokens: number): number {
  const step = 10 ** Math.max(0, Math.floor(Math.log10(tokens)) - 1);
  return Math.ceil((tokens * 1.2) / step) * step;
}

function line(finding: Finding, name: string, ...args: readonly unknown[]): string[] {
  return finding.holds ? [`.${name}(${args.map(literal).join(", ")})`] : [];
}

function asked(view: TraceView, input: string): string[] {
  return line(FINDINGS.toHaveUserInput(view, input), "toHaveUserInput", input);
}

function answered(view: TraceView, response: string): string[] {
  return line(FINDINGS.toHaveAgentResponse(view, response), "toHaveAgentResponse", response);
}

function toolCalls(view: TraceView): string[] {
  const calls = view.calls("tool-call");
  const tools = calls.map(({ span, reading }) => ({
    name: toolName(reading, span),
    ...inputOf(reading.tool?.arguments),
  }));
  const order = ranAtOnce(calls, view) ? [{ order: "unordered" } as const] : [];
  if (!FINDINGS.toCallTools(view, tools, ...order).holds) return [];
  const listed = tools.length === 0 ? "[]" : `[\n${tools.map((tool) => `  ${literal(tool)},\n`).join("")}]`;
  return [`.toCallTools(${[listed, ...order.map(literal)].join(", ")})`];
}

/** As an assertion compares it: what JSON cannot say would be another value. */
function inputOf(value: unknown): { readonly input?: Expected } {
  try {
    const input: Expected = JSON.parse(JSON.stringify(value));
    return differenceOf(value, input) === undefined ? { input } : {};
  } catch {
    return {};
  }
}

/** Then which of them begins first is chance. A call below another is no such pair. */
function ranAtOnce(calls: readonly ReadSpan[], view: TraceView): boolean {
  return calls.some(({ span }, i) => {
    const next = calls.slice(i + 1).find((other) => !isBelow(other.span, span, view))?.span;
    return next !== undefined && next.startedAtMicros < (span.endedAtMicros ?? Number.POSITIVE_INFINITY);
  });
}

function isBelow(span: SpanFields, above: SpanFields, view: TraceView): boolean {
  let parent = view.parentOf(span);
  for (let steps = 0; parent !== undefined && parent !== above && steps < MAX_STEPS; steps++)
    parent = view.parentOf(parent);
  return parent === above;
}

const MAX_STEPS = 10_000;

function agents(view: TraceView, { head }: Turn): string[] {
  const runs = view.read.filter(({ span, reading }) => isTurnHead(reading.kind) && span !== head?.span);
  return counted(runs, ({ span, reading }) => {
    const above = view.parentOf(span);
    return { name: reading.agent ?? span.spanName, under: above && view.agentOf(above) };
  }).flatMap(([{ name, under }, times]) => {
    const expected = { ...(under === undefined ? {} : { under }), times };
    return line(FINDINGS.toHaveAgent(view, name, expected), "toHaveAgent", name, expected);
  });
}

function modelCalls(view: TraceView): string[] {
  return counted(view.calls("model-call"), ({ span, reading: { model } }) => {
    const agent = view.agentOf(span);
    return { ...(model === undefined ? {} : { model }), ...(agent === undefined ? {} : { agent }) };
  }).flatMap(([of, times]) => {
    const expected = { ...of, times };
    return line(FINDINGS.toHaveModelCall(view, expected), "toHaveModelCall", expected);
  });
}

/** The same things once, and how often they are there. */
function counted<T, Of extends object>(list: readonly T[], of: (one: T) => Of): [Of, times: number][] {
  const found = new Map<string, [Of, number]>();
  for (const one of list) {
    const thing = of(one);
    const key = JSON.stringify(thing);
    found.set(key, [thing, (found.get(key)?.[1] ?? 0) + 1]);
  }
  return [...found.values()];
}

function failures(view: TraceView): string[] {
  const failed = view.read.filter(({ span }) => hasFailed(span));
  if (failed.length === 0) return [".toHaveNoErrors()"];
  return counted(failed, failureOf).flatMap(([{ kind, name, error }, times]) => {
    const expected = { error, times };
    if (kind === "tool-call")
      return line(FINDINGS.toHaveToolCall(view, name, expected), "toHaveToolCall", name, expected);
    if (kind === "model-call")
      return line(FINDINGS.toHaveModelCall(view, expected), "toHaveModelCall", expected);
    const status = { spanStatus: "ERROR" } as const;
    return line(FINDINGS.toHaveSpan(view, name, status), "toHaveSpan", name, status);
  });
}

/** A service's words for its failure differ; a tool's are the app's own. */
function failureOf({ span, reading }: ReadSpan) {
  const { kind, error = true } = reading;
  const name = kind === "tool-call" ? toolName(reading, span) : span.spanName;
  return { kind, name, error: kind === "tool-call" ? error : true };
}
