// A trace made normal: what an agent did, without ids, times and the order of what ran at once.

import { textOfPiece } from "../../conventions/context/content.ts";
import { PromptReader } from "../../conventions/context/prompts.ts";
import { toolName } from "../../conventions/facts.ts";
import { NAMES } from "../../conventions/names.ts";
import { spokenBy } from "../../conventions/turns.ts";
import { setOwn } from "../../model/own-property.ts";
import type { SpanFields } from "../../model/span-fields.ts";
import { canonicalJson, lossyValue } from "../../model/values.ts";
import type { TraceView } from "../assertions/view.ts";
import { Noise, type NoiseRules } from "./noise.ts";
import type { GoldenStep } from "./step.ts";

/** The steps of a trace: turns, agents, calls of models and tools. */
export function goldenSteps(view: TraceView, rules: NoiseRules): GoldenStep[] {
  const keyOf = (node: Node): string => canonicalJson(quiet(flat([node]), new Noise(rules)));
  return quiet(flat(ordered(grown(view), keyOf)), new Noise(rules));
}

interface Node {
  readonly span: SpanFields;
  readonly step: string;
  readonly fields: Readonly<Record<string, unknown>>;
  children: Node[];
}

/** The spans that say what they are, below the nearest such span above. */
function grown(view: TraceView): Node[] {
  const prompts = new Prompts(view);
  const nodes = new Map<SpanFields, Node>();
  const roots: Node[] = [];
  for (const span of view.steps) {
    const node: Node = {
      span,
      step: stepOf(span, view),
      fields: fieldsOf(span, view, prompts),
      children: [],
    };
    nodes.set(span, node);
    let above = view.parentOf(span);
    for (let steps = 0; above !== undefined && !nodes.has(above) && steps < MAX_STEPS; steps++)
      above = view.parentOf(above);
    const parent = above === undefined ? undefined : nodes.get(above);
    if (parent === undefined) roots.push(node);
    else parent.children.push(node);
  }
  return roots;
}

const MAX_STEPS = 10_000;

function stepOf(span: SpanFields, view: TraceView): string {
  const reading = view.readingOf(span);
  const { kind } = reading;
  const name =
    kind === "tool-call"
      ? toolName(reading, span)
      : kind === "model-call"
        ? reading.model
        : (reading.agent ?? span.spanName);
  return `${kind} ${name ?? span.spanName}`;
}

/** What ran at once stands in the order of what it is, which all that is below it belongs to. */
function ordered(roots: readonly Node[], keyOf: (node: Node) => string): Node[] {
  const all = [...roots];
  for (const { children } of all) for (const child of children) all.push(child);
  for (const node of all.reverse()) node.children = inOrder(node.children, keyOf);
  return inOrder(roots, keyOf);
}

/** What ran at once in the order of what it is, not of when it began. */
function inOrder(nodes: readonly Node[], keyOf: (node: Node) => string): Node[] {
  const all: Node[] = [];
  for (let from = 0; from < nodes.length; ) {
    let to = from;
    let end = Number.NEGATIVE_INFINITY;
    for (; to < nodes.length; to++) {
      const { startedAtMicros, endedAtMicros } = nodes[to]?.span ?? {};
      if (to > from && (startedAtMicros ?? 0) >= end) break;
      end = Math.max(end, endedAtMicros ?? Number.POSITIVE_INFINITY);
    }
    const group = nodes.slice(from, to);
    const keyed = to - from === 1 ? [] : group.map((node) => ({ node, key: keyOf(node) }));
    keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
    all.push(...(keyed.length === 0 ? group : keyed.map(({ node }) => node)));
    from = to;
  }
  return all;
}

function quiet(steps: readonly GoldenStep[], noise: Noise): GoldenStep[] {
  return steps.map((step) => noise.from(step));
}

/** The nodes and all below them, each before those below it. No recursion: a trace may be deeper than a stack. */
function flat(roots: readonly Node[]): GoldenStep[] {
  const steps: GoldenStep[] = [];
  const left = roots.map((node) => ({ node, depth: 0 })).reverse();
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const { node, depth } = next;
    steps.push({ step: node.step, depth, fields: node.fields });
    for (let i = node.children.length - 1; i >= 0; i--) {
      const child = node.children[i];
      if (child !== undefined) left.push({ node: child, depth: depth + 1 });
    }
  }
  return steps;
}

function fieldsOf(span: SpanFields, view: TraceView, prompts: Prompts): Readonly<Record<string, unknown>> {
  const reading = view.readingOf(span);
  const fields: Record<string, unknown> = {};
  const say = (name: string, value: unknown): void => {
    if (value !== undefined && value !== "") setOwn(fields, name, lossyValue(value));
  };
  switch (reading.kind) {
    case "model-call": {
      const prompt = prompts.newIn(span);
      say("system", prompt.system);
      say("tools", prompt.tools);
      say("messages", prompt.messages);
      say("output", spokenBy(reading));
      say("asks for", prompt.asks);
      say("finish reason", reading.finishReason);
      break;
    }
    case "tool-call":
      say("input", reading.tool?.arguments);
      say("output", reading.tool?.result);
      break;
    default:
      say("input", reading.input);
      say("output", reading.output);
  }
  say("error", reading.error);
  if (reading.aborted) say("aborted", true);
  return fields;
}

interface NewInPrompt {
  readonly system: string | undefined;
  readonly tools: readonly string[] | undefined;
  readonly messages: readonly string[];
  readonly asks: readonly string[] | undefined;
}

/** What is new in a model call, against the one before of the same agent. */
class Prompts {
  readonly #view: TraceView;
  readonly #reader = new PromptReader();
  readonly #before = new Map<string, readonly string[]>();
  readonly #told = new Map<string, string>();

  constructor(view: TraceView) {
    this.#view = view;
  }

  newIn(span: SpanFields): NewInPrompt {
    const { tools, system, messages } = this.#reader.read(span);
    const agent = canonicalJson([
      span.attributes[NAMES.conversationId] ?? null,
      this.#view.agentOf(span) ?? null,
    ]);
    const all = messages.map(({ piece }) => `${piece.role}: ${textOfPiece(piece)}`);
    const before = this.#before.get(agent) ?? [];
    this.#before.set(agent, all);
    const isLonger = before.length > 0 && before.every((text, i) => all[i] === text);
    return {
      system: this.#changed(`${agent} system`, system === undefined ? undefined : textOfPiece(system)),
      tools: this.#changed(
        `${agent} tools`,
        tools.length === 0 ? undefined : canonicalJson(tools.map(({ name }) => name)),
      )
        ? tools.map(({ name = "" }) => name)
        : undefined,
      messages: isLonger ? all.slice(before.length) : all,
      asks: asksOf(this.#view, span),
    };
  }

  /** What was said in the call before is not said again. */
  #changed(key: string, text: string | undefined): string | undefined {
    if (text === undefined || this.#told.get(key) === text) return undefined;
    this.#told.set(key, text);
    return text;
  }
}

function asksOf(view: TraceView, span: SpanFields): string[] | undefined {
  const parts = view.readingOf(span).outputMessages.flatMap((message) => message.parts);
  const asks = parts.flatMap((part) =>
    part.type === "tool-call" ? [`${part.name ?? "tool"} ${canonicalJson(part.arguments ?? {})}`] : [],
  );
  return asks.length === 0 ? undefined : asks;
}
