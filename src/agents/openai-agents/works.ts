// What the SDK does now, each piece with its span.
import { NAMES } from "../../conventions/names.ts";
import { fieldIn, wordsIn } from "../../conventions/values.ts";
import { nowMicros } from "../../model/clock.ts";
import { goAlong } from "../../tracing/context.ts";
import { endBy } from "../../tracing/results.ts";
import type { Span } from "../../tracing/span.ts";
import type { WorkEnd } from "../../tracing/steps.ts";
import { guardStream } from "../../tracing/streams/guard.ts";
import type { StreamGuard } from "../../tracing/streams/stream-guard.ts";
import type { Tracer } from "../../tracing/tracer.ts";
import { type CaptureOptions, type PutContent, putContent } from "../capture.ts";
import { ModelSpans } from "../model-span.ts";
import { type AskedTool, callsIn, claimCall } from "./calls.ts";
import { AgentsContext } from "./context.ts";
import { exchangeIn, saidIn, wordsOf } from "./exchange.ts";
import { endOf } from "./failure.ts";
import { begunOf, putRest } from "./span-data.ts";

/** A turn, or something in it. */
interface Work {
  readonly type: string;
  readonly span: Span;
  readonly guard: StreamGuard | undefined;
  /** The turn that it is a part of itself, and not by a tool. */
  readonly turn: Turn | undefined;
  /** Tools that models in it asked for, and that nobody has called yet. */
  readonly calls: AskedTool[];
}

interface Turn {
  readonly span: Span;
  /** False where the SDK goes on with a trace and does not say so; nor will it say that that ends. */
  readonly isTold: boolean;
  isAsked: boolean;
  /** How the call of a model that ended last went. */
  end: WorkEnd;
}

type Begun = Pick<Work, "type" | "span" | "turn">;

/** By the ids of the SDK's traces and spans. A run has no span of its own: its id leads to the work that it is done for. */
export class Works {
  readonly #tracer: Tracer;
  readonly #put: PutContent;
  readonly #models: ModelSpans;
  readonly #works = new Map<string, Work>();
  readonly #context: AgentsContext = new AgentsContext((id) => this.#works.get(id)?.span);
  /** How the turns of the latest traces begin: a run may go on later where another failed, or waited for a person. */
  readonly #latest = new Map<string, () => Span>();
  #leave: (() => void) | undefined;

  constructor(tracer: Tracer, options: CaptureOptions) {
    this.#tracer = tracer;
    this.#put = putContent(options);
    this.#models = new ModelSpans(options);
  }

  beginTurn(trace: object): void {
    const id = wordsIn(fieldIn(trace, "traceId"));
    if (id === undefined) return;
    const name = wordsIn(fieldIn(trace, "name")) ?? "Agent workflow";
    const conversation = wordsIn(fieldIn(trace, "groupId"));
    const metadata: [string, unknown][] = Object.entries(Object(fieldIn(trace, "metadata")));
    this.#keep(id, () => {
      const span = this.#tracer.startSpan(name).addAttribute(NAMES.traceType, "converse");
      span.addAttribute(NAMES.conversationId, conversation, { inheritable: true });
      for (const [key, value] of metadata) this.#put(span, `${METADATA}${key}`, value);
      return span;
    });
    this.#turn(id, trace, true);
  }

  endTurn(trace: object): void {
    const work = this.#take(wordsIn(fieldIn(trace, "traceId")));
    if (work?.turn === undefined) return;
    // An agent that waits for a person's word ends with what it was asked so far.
    for (const [id, { type, turn }] of this.#works) {
      if (type === "agent" && turn === work.turn) over(this.#take(id), DONE);
    }
    over(work, work.turn.end);
  }

  begin(told: object): void {
    const id = wordsIn(fieldIn(told, "spanId"));
    if (id === undefined || this.#works.has(id)) return;
    const data = fieldIn(told, "spanData");
    const type = wordsIn(fieldIn(data, "type")) ?? "";
    const above = this.#above(told) ?? this.#again(told, type);
    if (type === "task") return above && void this.#works.set(id, above);
    const turn = turnIn(above);
    const { name, traceType, agent, ...rest } = begunOf(data, turn !== undefined);
    const span = this.#tracer.startSpan(name, {
      ...this.#place(told, above),
      ...(traceType === "llm-invocation" ? { spanKind: "CLIENT" } : {}),
      startedAt: toldLate(fieldIn(told, "startedAt")),
    });
    span.addAttributes({ [NAMES.traceType]: traceType, ...rest.attributes });
    span.addAttribute(NAMES.agentName, agent, { inheritable: true });
    this.#add(id, told, { type, span, turn });
  }

  end(told: object): void {
    const work = this.#take(wordsIn(fieldIn(told, "spanId")));
    const data = fieldIn(told, "spanData");
    const above = this.#above(told);
    const end = endOf(fieldIn(told, "error"));
    const at = toldLate(fieldIn(told, "endedAt"));
    const isTask = fieldIn(data, "type") === "task";
    if (work !== undefined && !isTask) {
      const isLeft = work.span.state === "running" && this.#complete(work, above, data) === "left";
      over(work, isLeft && end.how === "done" ? LEFT : end, at);
    }
    const turn = isTask || isAlone(told) ? turnIn(above) : undefined;
    if (turn !== undefined) this.#ran(turn, end, at);
  }

  /** The SDK does not tell of the end of a trace whose run failed. */
  #ran(turn: Turn, end: WorkEnd, at: Date | undefined): void {
    if (turn.isTold && end.how === "done") return;
    endBy(turn.span, end.how === "done" ? turn.end : end, at);
    for (const [id, work] of this.#works) if (work.span === turn.span) this.#take(id);
  }

  /** What goes on in a trace that is over is a turn of its own. */
  #again(told: object, type: string): Work | undefined {
    const id = wordsIn(fieldIn(told, "traceId"));
    return id !== undefined && GOES_ON.has(type) && this.#latest.has(id)
      ? this.#turn(id, told, false)
      : undefined;
  }

  #turn(id: string, told: object, isTold: boolean): Work | undefined {
    const span = this.#latest.get(id)?.();
    if (span === undefined) return undefined;
    return this.#add(id, told, { type: "trace", span, turn: { span, isTold, isAsked: false, end: DONE } });
  }

  #keep(id: string, begin: () => Span): void {
    this.#latest.delete(id);
    this.#latest.set(id, begin);
    const [oldest] = this.#latest.keys();
    if (this.#latest.size > MAX_LATEST && oldest !== undefined) this.#latest.delete(oldest);
  }

  /** What it lies in; where that is not known, the turn. */
  #above(told: object): Work | undefined {
    const [parent, trace] = [wordsIn(fieldIn(told, "parentId")), wordsIn(fieldIn(told, "traceId"))];
    return this.#works.get(parent ?? "") ?? this.#works.get(trace ?? "");
  }

  /** Below what the SDK says, unless a span of the app's own lies between. */
  #place(told: object, above: Work | undefined): { readonly parentSpan?: Span } {
    if (above === undefined) return {};
    const id = wordsIn(fieldIn(told, "parentId")) ?? "";
    return this.#context.isWithin(id, above.span) ? {} : { parentSpan: above.span };
  }

  /** Says what is known of it; a streamed answer that was left is known by there being none. */
  #complete(work: Work, above: Work | undefined, data: unknown): "left" | undefined {
    const { span, type } = work;
    if (type === "generation" || type === "response") return this.#answered(work, above, data);
    putRest(span, data, this.#put);
    if (type !== "function" && type !== "handoff") return undefined;
    const call = claimCall(above?.calls ?? [], data);
    span.addAttribute(NAMES.toolUseId, call?.id);
    if (type === "handoff") span.addAttribute(NAMES.toolName, call?.name);
    return undefined;
  }

  #answered({ span, turn }: Work, above: Work | undefined, data: unknown): "left" | undefined {
    const { dialect, asked, answered, provider } = exchangeIn(data);
    span.updateName(ModelSpans.nameOf(dialect, asked));
    this.#models.asked(span, dialect, asked, provider);
    this.#models.answered(span, answered);
    above?.calls.push(...callsIn(answered));
    const isLeft = asked.messages !== undefined && answered.output === undefined;
    if (turn?.span.state === "running") {
      if (!turn.isAsked) this.#put(turn.span, NAMES.userInput, saidIn(asked.messages));
      this.#put(turn.span, NAMES.agentResponse, wordsOf(answered));
      Object.assign(turn, { isAsked: true, end: isLeft ? LEFT : DONE });
    }
    return isLeft ? "left" : undefined;
  }

  /** The SDK ends what it begins; what the app begins by itself and lets go of ends as well. */
  #add(id: string, told: object, begun: Begun): Work {
    const onEnd = () => void (this.#works.get(id)?.span === begun.span && this.#take(id));
    const guard = guardStream(begun.span, { idleMs: Number.POSITIVE_INFINITY, onEnd });
    guard?.heldBy(told);
    const work: Work = { ...begun, guard, calls: [] };
    this.#works.set(id, work);
    this.#leave ??= goAlong(this.#context);
    return work;
  }

  #take(id: string | undefined): Work | undefined {
    const work = this.#works.get(id ?? "");
    this.#works.delete(id ?? "");
    if (this.#works.size > 0) return work;
    this.#leave?.();
    this.#leave = undefined;
    return work;
  }
}

/** The turn that what lies in this is a part of, which is none where it is a tool's. */
function turnIn(above: Work | undefined): Turn | undefined {
  return above?.type === "function" ? undefined : above?.turn;
}

/** An agent that no run is told for. */
function isAlone(told: object): boolean {
  const isAgent = fieldIn(fieldIn(told, "spanData"), "type") === "agent";
  return isAgent && wordsIn(fieldIn(told, "parentId")) === undefined;
}

function over(work: Work | undefined, end: WorkEnd, at?: Date): void {
  if (work === undefined) return;
  // A guard knows no other time than now.
  if (at !== undefined) endBy(work.span, end, at);
  work.guard?.end(end);
}

/** When it was, where we are told of it late: the SDK knows milliseconds, and waits for others before it tells us. */
function toldLate(time: unknown): Date | undefined {
  const at = typeof time === "string" ? new Date(time) : undefined;
  return at !== undefined && nowMicros() / 1000 - at.getTime() > LATE_MS ? at : undefined;
}

const DONE: WorkEnd = { how: "done" };
const LEFT: WorkEnd = { how: "abandoned" };
/** A cleanup does not. */
const GOES_ON: ReadonlySet<string> = new Set(["task", "agent", "turn", "generation", "response", "function"]);
const MAX_LATEST = 1000;
const LATE_MS = 20;
const METADATA = "openai.trace.metadata.";
