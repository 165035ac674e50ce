// The steps of one trajectory, of ATIF, as they are told turn by turn: messages, calls of models and tools, what these answered.
import { costOfCall, type PriceTable } from "../conventions/cost.ts";
import { toolName } from "../conventions/facts.ts";
import type { OfferedTool } from "../conventions/messages.ts";
import type { KnownSpan } from "../conventions/once.ts";
import {
  sayerOf,
  type ToldAgent,
  type ToldCall,
  type ToldEntry,
  type ToldTool,
  type ToldTurn,
} from "../conventions/told.ts";
import { isSaid } from "../conventions/turns.ts";
import { isoMicros } from "../model/clock.ts";
import { defined } from "../model/defined.ts";
import { failureOf } from "../model/failure.ts";
import { isObject } from "../model/record-reader.ts";
import type { AtifMetrics, AtifResult, AtifStep, AtifToolCall, AtifTrajectory } from "./atif.ts";
import { contentOf, textOf } from "./atif-content.ts";

/** Makes the trajectory of a sub-agent. */
export type MakeTrajectory = (id: string, agent: KnownSpan, fill: (steps: Steps) => void) => AtifTrajectory;

/** A call that nobody has answered yet. */
interface OpenCall {
  readonly step: AtifStep;
  readonly call: AtifToolCall;
  readonly givenId: string | undefined;
}

/** Steps on their way. */
export class Steps {
  readonly steps: AtifStep[] = [];
  readonly subagents: AtifTrajectory[] = [];
  /** The model that was called first, and the tools that one was offered first. */
  model: string | undefined;
  tools: readonly OfferedTool[] = [];
  readonly #prices: PriceTable | undefined;
  readonly #make: MakeTrajectory;
  #open: OpenCall[] = [];
  #system: string | undefined;

  constructor(prices: PriceTable | undefined, make: MakeTrajectory) {
    this.#prices = prices;
    this.#make = make;
  }

  /** A turn of the agent itself. */
  addTurn({ head, startedAtMicros, teller, asked, entries, answered }: ToldTurn): void {
    this.#addSystem(entries);
    if (isSaid(asked))
      this.#add({ source: "user", message: contentOf(asked), ...stamp(startedAtMicros) }, head ?? teller);
    for (const entry of entries) this.#addEntry(entry);
    this.#addAnswer(answered, head);
    if (head !== undefined) this.#addFailure(head, isSaid(asked));
  }

  /** What a sub-agent was asked, did and answered. */
  addAgent({ one, thread }: ToldAgent): void {
    const { reading, span } = one;
    this.#addSystem(thread);
    if (isSaid(reading.input))
      this.#add(
        { source: "user", message: contentOf(reading.input), ...stamp(span.startedAtMicros) },
        undefined,
      );
    for (const entry of thread) this.#addEntry(entry);
    const isTold = thread.some(
      (entry) => entry.type === "call" && isSame(entry.words?.value, reading.output),
    );
    if (!isTold) this.#addAnswer(reading.output, one);
  }

  /** What was done for a tool that says of no agent. */
  addThread(thread: readonly ToldEntry[]): void {
    for (const entry of thread) this.#addEntry(entry);
  }

  #addEntry(entry: ToldEntry): void {
    if (entry.type === "call") this.#addCall(entry);
    else if (entry.type === "tool") this.#addTool(entry);
    else if (entry.type === "agent") this.#addHandOff(entry);
    else this.#addFailure(entry.one);
  }

  #add(step: Omit<AtifStep, "step_id">, one: KnownSpan | undefined): AtifStep {
    const added = {
      step_id: this.steps.length + 1,
      ...step,
      ...(one === undefined ? {} : { extra: { tracelight: whereabouts(one) } }),
    };
    this.steps.push(added);
    return added;
  }

  /** Where it is another one than before. */
  #addSystem(entries: readonly ToldEntry[]): void {
    const call = entries.find((entry) => entry.type === "call");
    const system = call?.one.reading.systemPrompt;
    if (call === undefined || system === undefined || system === this.#system) return;
    this.#system = system;
    this.#add({ source: "system", message: system, ...stamp(call.one.span.startedAtMicros) }, undefined);
  }

  #addCall(told: ToldCall): void {
    const { one, words } = told;
    const { reading, facts, span } = one;
    this.#answerFrom(one);
    this.model ??= facts.model;
    if (this.tools.length === 0) this.tools = reading.tools;
    this.#addSystem([told]);
    const parts = reading.outputMessages[0]?.parts ?? [];
    const thoughts = parts.flatMap((part) => (part.type === "reasoning" ? [part.text] : []));
    const step = this.#add(
      {
        source: "agent",
        message: words === undefined ? "" : contentOf(words.value),
        ...stamp(span.startedAtMicros),
        ...defined({
          model_name: facts.model,
          reasoning_content: thoughts.length === 0 ? undefined : thoughts.join("\n"),
          metrics: this.#metricsOf(one),
        }),
        llm_call_count: 1,
      },
      one,
    );
    for (const [i, part] of parts.entries()) {
      if (part.type !== "tool-call") continue;
      const call = callNamed(
        part.name ?? "tool",
        part.arguments,
        freeId(step, part.id ?? `${span.spanId}-${i}`),
      );
      this.#addToolCall(step, call, part.id);
    }
  }

  #addToolCall(step: AtifStep, call: AtifToolCall, givenId: string | undefined): OpenCall {
    step.tool_calls ??= [];
    step.tool_calls.push(call);
    const open = { step, call, givenId };
    this.#open.push(open);
    return open;
  }

  /** What a model was told of tools that have no span. */
  #answerFrom({ reading }: KnownSpan): void {
    const named = this.#open.filter(({ givenId }) => givenId !== undefined);
    if (named.length === 0) return;
    const results = reading.inputMessages
      .flatMap(({ parts }) => parts)
      .filter((part) => part.type === "tool-result");
    for (const open of named) {
      const result = results.findLast(({ id }) => id === open.givenId);
      if (result?.result !== undefined) this.#answer(open, { content: textOf(result.result) });
    }
  }

  #answer(open: OpenCall, result: Omit<AtifResult, "source_call_id">): void {
    this.#open = this.#open.filter((one) => one !== open);
    open.step.observation ??= { results: [] };
    open.step.observation.results.push({ source_call_id: open.call.tool_call_id, ...result });
  }

  #addTool({ one, call, thread }: ToldTool): void {
    const open = this.#openCall(one, call) ?? this.#unasked(one, call);
    open.call.extra = { tracelight: whereabouts(one) };
    const output = sayerOf(call, "output")?.reading.output;
    const refs = this.#subagent(one, thread);
    this.#answer(
      open,
      defined({ content: isSaid(output) ? textOf(output) : undefined, subagent_trajectory_ref: refs }),
    );
  }

  /** The call that a model asked for: by its id, else by its name. */
  #openCall(one: KnownSpan, call: readonly KnownSpan[]): OpenCall | undefined {
    const ids = call.flatMap(({ reading }) => reading.tool?.callId ?? []);
    const name = toolName(one.reading, one.span);
    return (
      this.#open.find(({ givenId }) => givenId !== undefined && ids.includes(givenId)) ??
      (ids.length === 0
        ? this.#open.find(({ call: { function_name } }) => function_name === name)
        : undefined)
    );
  }

  /** One that no model asked for, as far as is known: of the last step of the agent, else of one of its own. */
  #unasked(one: KnownSpan, call: readonly KnownSpan[]): OpenCall {
    const last = this.steps.at(-1);
    const step =
      last?.source === "agent"
        ? last
        : this.#add(
            { source: "agent", message: "", ...stamp(one.span.startedAtMicros), llm_call_count: 0 },
            undefined,
          );
    const sayer = sayerOf(call, "input") ?? one;
    const id = freeId(step, one.reading.tool?.callId ?? one.span.spanId);
    const args = sayer.reading.tool?.arguments ?? sayer.reading.input;
    return this.#addToolCall(step, callNamed(toolName(one.reading, one.span), args, id), undefined);
  }

  #subagent(tool: KnownSpan, thread: readonly ToldEntry[]): AtifResult["subagent_trajectory_ref"] {
    const [only] = thread;
    if (only === undefined) return undefined;
    const agent = thread.length === 1 && only.type === "agent" ? only : undefined;
    return this.#refer(agent?.one ?? tool, (steps) =>
      agent === undefined ? steps.addThread(thread) : steps.addAgent(agent),
    );
  }

  #refer(one: KnownSpan, fill: (steps: Steps) => void): AtifResult["subagent_trajectory_ref"] {
    const trajectory = this.#make(one.span.spanId, one, fill);
    this.subagents.push(trajectory);
    return [{ trajectory_id: trajectory.trajectory_id }];
  }

  /** Another agent's work that no tool called for. */
  #addHandOff(told: ToldAgent): void {
    const { reading, span } = told.one;
    const refs = this.#refer(told.one, (steps) => steps.addAgent(told));
    const result = defined({
      content: isSaid(reading.output) ? textOf(reading.output) : undefined,
      subagent_trajectory_ref: refs,
    });
    const message = `Handed over to ${reading.agent ?? span.spanName}`;
    this.#add(
      { source: "system", message, ...stamp(span.startedAtMicros), observation: { results: [result] } },
      told.one,
    );
  }

  /** What no model call says. */
  #addAnswer(answered: unknown, one: KnownSpan | undefined): void {
    if (!isSaid(answered)) return;
    const end = one?.span.endedAtMicros;
    const times = end === undefined ? {} : stamp(end);
    this.#add({ source: "agent", message: contentOf(answered), ...times, llm_call_count: 0 }, undefined);
  }

  /** `isKnown`: another step says already that its span failed. */
  #addFailure(one: KnownSpan, isKnown: boolean = false): void {
    const error = failureOf(one.span);
    if (error === undefined) return;
    const message = `${one.span.spanName}: ${error}`;
    const times = stamp(one.span.endedAtMicros ?? one.span.startedAtMicros);
    this.#add({ source: "system", message, ...times }, isKnown ? undefined : one);
  }

  #metricsOf({ facts, span }: KnownSpan): AtifMetrics | undefined {
    const { inputTokens, outputTokens, cachedReadTokens, cachedWriteTokens, reasoningTokens } = facts;
    const extra = defined({ cache_write_tokens: cachedWriteTokens, reasoning_tokens: reasoningTokens });
    const metrics = defined({
      prompt_tokens: inputTokens,
      completion_tokens: outputTokens,
      cached_tokens: cachedReadTokens,
      cost_usd: costOfCall({ facts, span }, this.#prices),
      extra: Object.keys(extra).length === 0 ? undefined : extra,
    });
    return Object.keys(metrics).length === 0 ? undefined : metrics;
  }
}

function callNamed(name: string, given: unknown, id: string): AtifToolCall {
  const args = isObject(given) ? given : given === undefined || given === null ? {} : { input: given };
  return { tool_call_id: id, function_name: name, arguments: args };
}

/** Ids of calls are told apart within a step. */
function freeId(step: AtifStep, wanted: string): string {
  const taken = new Set(step.tool_calls?.map(({ tool_call_id }) => tool_call_id));
  let id = wanted;
  for (let n = 2; taken.has(id); n++) id = `${wanted}-${n}`;
  return id;
}

function stamp(micros: number): { readonly timestamp: string } {
  return { timestamp: isoMicros(micros) };
}

/** What ATIF has no field for: where the span is, when it was, and what went wrong. */
export function whereabouts({ span }: KnownSpan): object {
  const { traceId, spanId, spanName, startedAtMicros, endedAtMicros } = span;
  return {
    ...{ trace_id: traceId, span_id: spanId, name: spanName, started_at: isoMicros(startedAtMicros) },
    ...defined({
      ended_at: endedAtMicros === undefined ? undefined : isoMicros(endedAtMicros),
      error: failureOf(span),
    }),
  };
}

function isSame(a: unknown, b: unknown): boolean {
  return typeof a === "string" && typeof b === "string" ? a.trim() === b.trim() : a === b;
}
