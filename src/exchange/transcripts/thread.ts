// One agent's work in a transcript, its turns, calls of models and tools, put together from lines that come one by one.
import { NAMES } from "../../conventions/names.ts";
import type { Attributes } from "../../model/attributes.ts";
import { spanIdFrom, traceIdFrom } from "../../model/derived-ids.ts";
import type { SpanPlace } from "../../model/ids.ts";
import type { Scope, SpanFields } from "../../model/span-fields.ts";
import { Draft, type DraftState } from "./draft.ts";
import { History } from "./history.ts";

/** Whose work it is. */
export interface ThreadSetup {
  /** Begins the texts that ids come from. */
  readonly vendor: string;
  readonly scope: Scope;
  readonly resource: Attributes;
  readonly conversation: string;
  readonly agent: string;
  /** Of a sub-agent: its id. */
  readonly subcontext?: string | undefined;
  /** The span below which a sub-agent works. */
  readonly below?: SpanPlace | undefined;
  /** False where the messages that models were given are not asked for. */
  readonly withMessages: boolean;
  /** Takes each span when it is whole. */
  readonly emit: (span: SpanFields) => void;
}

/** What begins a turn. */
export interface Asked {
  /** Tells the turn from all others. */
  readonly key: string;
  readonly at: number;
  readonly input?: unknown;
  readonly attributes?: Readonly<Record<string, unknown>>;
}

/** What a model said. */
export interface Said {
  /** Tells the call from all others. */
  readonly key: string;
  /** Its span's id comes from this. */
  readonly id: string;
  readonly at: number;
  readonly model: string | undefined;
  readonly attributes?: Readonly<Record<string, unknown>>;
  /** About how long it is as text. */
  readonly size: number;
}

/** A tool that a model asked for. */
export interface Wanted {
  readonly id: string;
  readonly name: string;
  readonly input: unknown;
  readonly at: number;
}

/** What it gave back. */
export interface Given {
  readonly output: unknown;
  readonly at: number;
  /** What went wrong, in words. */
  readonly error?: string | undefined;
}

/** A model's call that may go on. */
interface Call {
  readonly key: string;
  readonly draft: Draft;
  readonly content: unknown[];
}

/** Puts one agent's spans together. */
export class Thread {
  readonly history: History;
  readonly setup: ThreadSetup;
  #turn: Draft | undefined;
  #call: Call | undefined;
  readonly #tools = new Map<string, Draft>();
  /** What happened before there was a turn to say it of. */
  #waiting: { readonly name: string; readonly at: number; readonly attributes: Attributes }[] = [];
  /** When the latest line was written. */
  #at = 0;
  #isSettled = false;

  constructor(setup: ThreadSetup) {
    this.setup = setup;
    this.history = new History(setup.withMessages);
  }

  /** True within a turn. */
  get isInTurn(): boolean {
    return this.#turn !== undefined;
  }

  /** True where the turn has had its answer. */
  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** What the turn was asked. */
  get asked(): unknown {
    return this.#turn?.attributes[NAMES.userInput];
  }

  /** The key of the call that may go on. */
  get callKey(): string | undefined {
    return this.#call?.key;
  }

  /** The span of a call of a tool that has had no result, or of the turn. */
  placeOf(toolId: string | undefined): SpanPlace | undefined {
    const draft = toolId === undefined ? this.#turn : this.#tools.get(toolId);
    return draft && { traceId: draft.traceId, spanId: draft.spanId };
  }

  /** Begins a turn; the one before is over. */
  ask({ key, at, input, attributes = {} }: Asked): void {
    this.endTurn();
    const { vendor, below, agent } = this.setup;
    const turn = new Draft({
      name: below === undefined ? "turn" : agent,
      traceId: below?.traceId ?? traceIdFrom(`${vendor} turn ${key}`),
      spanId: spanIdFrom(`${vendor} turn ${key}`),
      parentSpanId: below?.spanId,
      at,
      attributes: { ...this.#common("converse"), ...attributes },
    });
    if (input !== undefined) turn.attributes[NAMES.userInput] = input;
    this.#turn = turn;
    this.#isSettled = false;
    this.#see(at);
    for (const { name, at: then, attributes: some } of this.#waiting) turn.event(name, then, some);
    this.#waiting = [];
  }

  /** More that is known of the turn. */
  tellTurn(attributes: Readonly<Record<string, unknown>>): void {
    if (this.#turn !== undefined) Object.assign(this.#turn.attributes, attributes);
  }

  /** Says of the turn what it was asked. */
  input(input: unknown): void {
    if (this.#turn !== undefined) this.#turn.attributes[NAMES.userInput] = input;
  }

  /** Says of the turn what was answered, where no model said it. */
  answer(output: unknown): void {
    if (this.#turn !== undefined) this.#turn.attributes[NAMES.agentResponse] = output;
  }

  /** Something that happened: an event of the turn, or of the next one. */
  event(name: string, at: number, attributes: Attributes): void {
    if (this.#turn !== undefined) this.#turn.event(name, at, attributes);
    else if (this.#waiting.length < MAX_WAITING) this.#waiting.push({ name, at, attributes });
  }

  /** What a model said: the same call as before where the key is the same. */
  say(said: Said, content: readonly unknown[]): void {
    const { key, at } = said;
    const call = this.#call?.key === key ? this.#call : this.#begin(said);
    call.content.push(...content);
    call.draft.see(at);
    this.#see(at);
    this.#isSettled = false;
  }

  #begin({ key, id, at, model, attributes = {}, size }: Said): Call {
    this.endCall();
    const turn = this.#turnAt(at, key);
    const content: unknown[] = [];
    const draft = this.#below(turn, "chat", `call ${id}`, {
      at: Math.min(Math.max(this.#at, turn.startedAtMicros), at),
      attributes: { ...this.#common("llm-invocation"), ...attributes },
    });
    if (model !== undefined) draft.attributes[NAMES.requestModel] = model;
    if (this.setup.withMessages) draft.attributes[NAMES.requestMessages] = this.history.messages();
    draft.attributes[NAMES.responseOutput] = { message: { role: "assistant", content } };
    this.history.add({ role: "assistant", content }, size);
    this.#call = { key, draft, content };
    return this.#call;
  }

  /** A turn that nobody was seen to begin. */
  #turnAt(at: number, key: string): Draft {
    if (this.#turn === undefined) this.ask({ key: `of ${key}`, at: this.#at === 0 ? at : this.#at });
    return this.#turn ?? new Draft(NO_TURN);
  }

  /** More that is known of the call. */
  tell(attributes: Readonly<Record<string, unknown>>): void {
    if (this.#call !== undefined) Object.assign(this.#call.draft.attributes, attributes);
  }

  /** What the call has said so far of this. */
  told(name: string): unknown {
    return this.#call?.draft.attributes[name];
  }

  /** The call failed. */
  fail(error: string): void {
    this.#call?.draft.fail(NAMES.responseError, error);
  }

  /** The call is over. */
  endCall(): void {
    const call = this.#call;
    this.#call = undefined;
    if (call === undefined) return;
    this.#emit(call.draft, "ended");
  }

  /** A tool is called. */
  want({ id, name, input, at }: Wanted): void {
    const turn = this.#turnAt(at, id);
    if (this.#tools.size >= MAX_OPEN_TOOLS) this.#giveUp(this.#tools.keys().next().value ?? id);
    const draft = this.#below(turn, name, `tool ${id}`, {
      at: Math.max(at, turn.startedAtMicros),
      attributes: {
        ...this.#common("tool-invocation"),
        ...{ [NAMES.toolName]: name, [NAMES.toolUseId]: id, [NAMES.toolInput]: input },
      },
    });
    this.#tools.set(id, draft);
  }

  /** True for a tool that has had no result. */
  isOpen(toolId: string): boolean {
    return this.#tools.has(toolId);
  }

  /** The name of a tool that has had no result. */
  toolName(toolId: string): unknown {
    return this.#tools.get(toolId)?.attributes[NAMES.toolName];
  }

  /** A tool's result. */
  give(toolId: string, { output, at, error }: Given): void {
    this.#see(at);
    this.#isSettled = false;
    const draft = this.#tools.get(toolId);
    if (draft === undefined) return;
    this.#tools.delete(toolId);
    draft.attributes[NAMES.toolOutput] = output;
    if (error !== undefined) draft.fail(NAMES.toolError, error);
    draft.see(at);
    this.#emit(draft, "ended");
  }

  #giveUp(toolId: string): void {
    const draft = this.#tools.get(toolId);
    this.#tools.delete(toolId);
    if (draft !== undefined) this.#emit(draft, "interrupted");
  }

  /** The turn has had its answer: it ends here, unless it goes on. */
  settle(at: number): void {
    this.#see(at);
    this.#isSettled = true;
  }

  /** The turn was called off. */
  abort(at: number): void {
    if (this.#turn !== undefined) this.#turn.attributes[NAMES.aborted] = true;
    this.settle(at);
  }

  /** Ends the turn: what its tools have not answered they never will. */
  endTurn(): void {
    const turn = this.#turn;
    if (turn === undefined) return;
    this.endCall();
    for (const id of [...this.#tools.keys()]) this.#giveUp(id);
    this.#turn = undefined;
    this.#emit(turn, "ended");
  }

  /** The spans that are not over. Where nobody writes any more they never will be. */
  *open(isLive: boolean): Generator<SpanFields> {
    const left: DraftState = this.#isSettled ? "ended" : isLive ? "running" : "interrupted";
    const { scope, resource } = this.setup;
    const isSaying = left === "running" && this.#tools.size === 0;
    if (this.#call !== undefined) yield sofar(this.#call, isSaying ? "running" : "ended", this.setup);
    for (const draft of this.#tools.values())
      yield draft.fields(left === "ended" ? "interrupted" : left, scope, resource);
    if (this.#turn !== undefined) yield this.#turn.fields(left, scope, resource);
  }

  #see(at: number): void {
    if (at > this.#at) this.#at = at;
    this.#turn?.see(at);
  }

  #emit(draft: Draft, state: DraftState): void {
    this.setup.emit(draft.fields(state, this.setup.scope, this.setup.resource));
  }

  #below(
    { traceId, spanId }: Draft,
    name: string,
    key: string,
    rest: Pick<ConstructorParameters<typeof Draft>[0], "at" | "attributes">,
  ): Draft {
    return new Draft({
      ...{ name, traceId, parentSpanId: spanId, spanId: spanIdFrom(`${this.setup.vendor} ${key}`) },
      ...rest,
    });
  }

  #common(type: string): Record<string, unknown> {
    const { conversation, agent, subcontext } = this.setup;
    return {
      ...{ [NAMES.traceType]: type, [NAMES.conversationId]: conversation, [NAMES.agentName]: agent },
      ...(subcontext === undefined ? {} : { [NAMES.subcontextId]: subcontext }),
    };
  }
}

/** The call as it is now: what it says may still grow. */
function sofar({ draft, content }: Call, state: DraftState, { scope, resource }: ThreadSetup): SpanFields {
  const output = { message: { role: "assistant", content: [...content] } };
  const fields = draft.fields(state, scope, resource);
  return { ...fields, attributes: { ...fields.attributes, [NAMES.responseOutput]: output } };
}

const MAX_OPEN_TOOLS = 1000;
const MAX_WAITING = 100;
const NO_TURN = { name: "turn", traceId: "", spanId: "", parentSpanId: undefined, at: 0, attributes: {} };
