// A trajectory of ATIF as spans: a turn for each message of the user, and in it the steps of the agent and the calls of its tools.
import { NAMES } from "../conventions/names.ts";
import { fieldIn, isAnObject, wordsIn } from "../conventions/values.ts";
import { ATIF_NAMES } from "../conventions/vocabularies/atif.ts";
import { parseIsoMicros } from "../model/clock.ts";
import { isDeeperThan, MAX_NESTING } from "../model/depth.ts";
import { spanIdFrom, traceIdFrom } from "../model/derived-ids.ts";
import { invalid, isObject } from "../model/record-reader.ts";
import type { SpanFields } from "../model/span-fields.ts";
import { isTime } from "../model/times.ts";
import { canonicalJson } from "../model/values.ts";

/**
 * The spans of a trajectory, those of its sub-agents included. Ids come from its content: the same file gives the same spans each time.
 * @throws TracelightError `INVALID_RECORD`
 */
export function spansOfAtif(document: object): SpanFields[] {
  if (isDeeperThan(document, MAX_NESTING))
    throw invalid(`The trajectory nests deeper than ${MAX_NESTING} levels.`);
  const conversation =
    wordsIn(fieldIn(document, "session_id")) ?? wordsIn(fieldIn(document, "trajectory_id"));
  const importer = new Importer(traceIdFrom(canonicalJson(document)), conversation);
  importer.add(document, "", undefined);
  return importer.ended();
}

/** A span that is still put together. */
interface Made extends Omit<SpanFields, "attributes" | "endedAtMicros"> {
  readonly attributes: Record<string, unknown>;
  endedAtMicros: number;
  readonly parent: Made | undefined;
}

/** Where a trajectory is embedded. */
interface Within {
  readonly parent: Made;
  readonly of: Made;
  readonly index: number;
}

/** A trajectory whose steps are gone through. */
interface Walk {
  readonly root: Made;
  readonly agent: unknown;
  readonly path: string;
  /** Below which the steps lie: the latest turn, or the work of a sub-agent. */
  owner: Made | undefined;
  /** No step begins before the one before it. */
  at: number;
}

class Importer {
  readonly #traceId: string;
  readonly #conversation: string | undefined;
  readonly #spans: Made[] = [];
  /** What refers to a sub-agent's trajectory, by its id. */
  readonly #referring = new Map<string, Made>();

  constructor(traceId: string, conversation: string | undefined) {
    this.#traceId = traceId;
    this.#conversation = conversation;
  }

  /** The spans, each as long as what lies in it. */
  ended(): SpanFields[] {
    for (const { parent, endedAtMicros } of this.#spans.toReversed()) {
      if (parent !== undefined) parent.endedAtMicros = Math.max(parent.endedAtMicros, endedAtMicros);
    }
    return this.#spans.map(({ parent: _parent, attributes, ...span }) => ({
      ...span,
      attributes: Object.freeze(attributes),
    }));
  }

  /** `path` tells the trajectory from others of the document. */
  add(trajectory: object, path: string, within: Within | undefined): void {
    const { steps, subagent_trajectories: embedded, ...rest } = entriesOf(trajectory);
    const agent = rest["agent"];
    const list = listOf(steps, "steps");
    const at = within?.parent.startedAtMicros ?? firstTime(list) ?? 0;
    const root = this.#root(trajectory, list[0], { path, at, within });
    const subs = Array.isArray(embedded) ? embedded : [];
    // An empty list says something too.
    root.attributes[ATIF_NAMES.trajectory] =
      subs.length > 0 || !("subagent_trajectories" in trajectory)
        ? rest
        : { ...rest, subagent_trajectories: embedded };
    if (within !== undefined)
      root.attributes[ATIF_NAMES.within] = { of: within.of.spanId, index: within.index };
    const walk: Walk = { root, agent, path, owner: within === undefined ? undefined : root, at };
    for (const [index, step] of list.entries()) this.#step(step, index, walk);
    this.#embed(subs, root, path);
  }

  /** A sub-agent's work is a span; else the first step stands for all: turns lie side by side. */
  #root(trajectory: object, first: unknown, { path, at, within }: RootOf): Made {
    const agent = fieldIn(trajectory, "agent");
    const isStep = within === undefined && isObject(first);
    const name = isStep ? nameOfStep(first) : (wordsIn(fieldIn(agent, "name")) ?? "agent");
    const step = isStep ? first : trajectory;
    const span = this.#span({ path, parent: within?.parent, at, agent, name, step });
    const { end } = timesOf(step);
    if (end !== undefined) span.endedAtMicros = Math.max(span.endedAtMicros, end);
    return span;
  }

  /** Those that somebody refers to by now come first. */
  #embed(list: readonly unknown[], of: Made, path: string): void {
    const waiting = new Map(list.entries());
    while (waiting.size > 0) {
      const [index, json] = [...waiting].find(([, one]) => this.#referrer(one) !== undefined) ??
        [...waiting][0] ?? [0, {}];
      waiting.delete(index);
      if (!isObject(json)) throw invalid(`The trajectory's "subagent_trajectories" must be objects.`);
      this.add(json, `${path}/${index}`, { parent: this.#referrer(json) ?? of, of, index });
    }
  }

  #referrer(trajectory: unknown): Made | undefined {
    return this.#referring.get(wordsIn(fieldIn(trajectory, "trajectory_id")) ?? "");
  }

  #step(step: unknown, index: number, walk: Walk): void {
    if (!isObject(step)) throw invalid(`The trajectory's step ${index + 1} must be an object.`);
    const { start, end } = timesOf(step);
    walk.at = Math.max(start ?? timeIn(step) ?? walk.at, walk.at + (index === 0 ? 0 : 1));
    const span = this.#spanOfStep(step, index, walk);
    if (end !== undefined) span.endedAtMicros = Math.max(span.endedAtMicros, end);
    span.attributes[ATIF_NAMES.place] = { of: walk.root.spanId, index };
    span.attributes[ATIF_NAMES.step] = this.#withoutResults(step, span, index, walk);
    if (fieldIn(step, "source") === "agent") this.#agentStep(step, span, walk);
  }

  #agentStep(step: object, { attributes }: Made, { agent, owner }: Walk): void {
    const model = wordsIn(fieldIn(agent, "model_name"));
    if (model !== undefined) attributes[ATIF_NAMES.model] = model;
    if (owner === undefined) return;
    // What no model said is the answer of the turn, if it comes last.
    if (fieldIn(step, "llm_call_count") === 0)
      owner.attributes[NAMES.agentResponse] = fieldIn(step, "message");
    else delete owner.attributes[NAMES.agentResponse];
  }

  #spanOfStep(step: object, index: number, walk: Walk): Made {
    const { root, path, owner, at, agent } = walk;
    const isUser = fieldIn(step, "source") === "user" && fieldIn(step, "is_copied_context") !== true;
    const isEmbedded = root.parent !== undefined;
    // What a sub-agent is asked first is its task, no turn of its own.
    const isTask = isUser && owner === root && !(ATIF_NAMES.step in root.attributes);
    const isRoot = isEmbedded ? isTask : index === 0;
    const parent = !isUser ? owner : isEmbedded ? root : undefined;
    const span = isRoot
      ? root
      : this.#span({ path: `${path}#${index}`, parent, at, agent, name: nameOfStep(step), step });
    if (isUser) walk.owner = span;
    return span;
  }

  /** The step; what tools answered is in spans of theirs. */
  #withoutResults(step: object, span: Made, index: number, walk: Walk): object {
    const observation = fieldIn(step, "observation");
    const results = listOf(fieldIn(observation, "results"), "observation.results");
    const calls = listOf(fieldIn(step, "tool_calls"), "tool_calls");
    const left: unknown[] = [...results];
    for (const [number, call] of calls.entries()) {
      if (!isObject(call)) continue;
      const id = fieldIn(call, "tool_call_id");
      const own = [...left.entries()].filter(([, result]) => isAnswer(result, id));
      for (const [at] of own) left[at] = null;
      this.#tool(call, { own, span, number, index, walk });
    }
    for (const result of left) this.#refer(result, span);
    return isAnObject(observation) && left.some((one, i) => one !== results[i])
      ? { ...step, observation: { ...observation, results: left } }
      : step;
  }

  #tool(call: object, { own, span, number, index, walk }: ToolOfStep): void {
    const { start, end } = timesOf(call);
    const tool = this.#span({
      path: `${walk.path}#${index}.${number}`,
      parent: walk.owner,
      at: Math.max(start ?? 0, span.startedAtMicros + 1 + number),
      ...{ agent: walk.agent, name: wordsIn(fieldIn(call, "function_name")) ?? "tool", step: call },
    });
    if (end !== undefined) tool.endedAtMicros = Math.max(tool.endedAtMicros, end);
    tool.attributes[ATIF_NAMES.place] = { of: walk.root.spanId, index };
    tool.attributes[ATIF_NAMES.toolCall] = call;
    tool.attributes[ATIF_NAMES.results] = own.map(([at, result]) => ({ at, result }));
    walk.at = Math.max(walk.at, tool.startedAtMicros);
    for (const [, result] of own) this.#refer(result, tool);
  }

  #refer(result: unknown, span: Made): void {
    const refs = fieldIn(result, "subagent_trajectory_ref");
    if (!Array.isArray(refs)) return;
    for (const ref of refs) {
      const id = wordsIn(fieldIn(ref, "trajectory_id"));
      if (id !== undefined && !this.#referring.has(id)) this.#referring.set(id, span);
    }
  }

  #span({ path, parent, at, agent, name, step }: SpanOfStep): Made {
    const error = wordsIn(fieldIn(ownExtra(step), "error"));
    const startedAtMicros = Math.max(at, parent?.startedAtMicros ?? at);
    const agentName = wordsIn(fieldIn(agent, "name"));
    const span: Made = {
      ...{ spanName: wordsIn(fieldIn(ownExtra(step), "name")) ?? name, spanKind: "INTERNAL" },
      ...{ traceId: this.#traceId, spanId: spanIdFrom(`${this.#traceId} ${path}`) },
      ...{ parent, parentSpanId: parent?.spanId, startedAtMicros, endedAtMicros: startedAtMicros },
      ...{ state: "ended", spanStatus: error === undefined ? "UNSET" : "ERROR", statusMessage: error },
      attributes: {
        ...(this.#conversation === undefined ? {} : { [NAMES.conversationId]: this.#conversation }),
        ...(agentName === undefined ? {} : { [NAMES.agentName]: agentName }),
      },
      ...{ resourceAttributes: {}, scope: { name: "atif" }, events: [], links: [] },
    };
    this.#spans.push(span);
    return span;
  }
}

interface RootOf {
  readonly path: string;
  readonly at: number;
  readonly within: Within | undefined;
}

interface SpanOfStep {
  readonly path: string;
  readonly parent: Made | undefined;
  readonly at: number;
  readonly agent: unknown;
  readonly name: string;
  readonly step?: object;
}

interface ToolOfStep {
  readonly own: readonly (readonly [at: number, result: unknown])[];
  readonly span: Made;
  readonly number: number;
  readonly index: number;
  readonly walk: Walk;
}

function nameOfStep(step: object): string {
  const source = wordsIn(fieldIn(step, "source")) ?? "step";
  return SPAN_NAMES.get(source) ?? source;
}

function isAnswer(result: unknown, id: unknown): boolean {
  return id !== undefined && fieldIn(result, "source_call_id") === id;
}

function entriesOf(object: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object));
}

function listOf(value: unknown, what: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  throw invalid(`The trajectory's "${what}" must be a list.`);
}

/** What Tracelight writes beside the fields of ATIF. */
function ownExtra(step: unknown): unknown {
  return fieldIn(fieldIn(step, "extra"), "tracelight");
}

/** When Tracelight saw it begin and end, in microseconds. */
function timesOf(step: object): { readonly start: number | undefined; readonly end: number | undefined } {
  const extra = ownExtra(step);
  return { start: microsOf(fieldIn(extra, "started_at")), end: microsOf(fieldIn(extra, "ended_at")) };
}

function timeIn(step: unknown): number | undefined {
  return microsOf(fieldIn(step, "timestamp"));
}

function firstTime(steps: readonly unknown[]): number | undefined {
  return steps.map(timeIn).find((time) => time !== undefined);
}

function microsOf(time: unknown): number | undefined {
  const micros = typeof time === "string" ? parseIsoMicros(time) : undefined;
  return isTime(micros) ? micros : undefined;
}

const SPAN_NAMES: ReadonlyMap<string, string> = new Map([
  ["user", "turn"],
  ["agent", "chat"],
]);
