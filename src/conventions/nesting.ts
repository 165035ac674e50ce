// Which spans hold calls or tokens that others hold once more: told span by span, in any order.
import type { SpanFields } from "../model/span-fields.ts";
import { roomFor, SpanNumbers } from "../model/span-numbers.ts";
import { hasTokens, type SpanFacts } from "./facts.ts";
import { isTalk, isTurnHead } from "./reading.ts";
import { type ModelCall, twins } from "./twins.ts";

/** So far up a tool call's ancestors are looked for. */
const MAX_ANCESTORS = 64;

/** What a span holds, or what others hold for it. */
const CALL = 1;
const TOKENS = 2;
const HELD = CALL | TOKENS;
/** The span itself was added, not only a child of it. */
const KNOWN = 4;
/** What it is. */
const TOOL = 8;
const TALK = 16;
const HEAD = 32;

const NO_SPAN = -1;
/** Of tops: not looked for yet, being looked for, and looked for in vain. */
const UNKNOWN = -1;
const SOUGHT = -2;
const NONE = -3;

/**
 * The spans of any number of traces. An agent's tokens are the sum of its model calls', and a call that a library makes through an
 * instrumented client is there twice, below one another or side by side: what counts is the innermost. What lies below a tool call
 * is the tool's own; but a call of the same tool there is the same call, as an agent's, its MCP client's and the server's are, unless
 * a model call, an agent or a turn is between. Of these the outermost counts: it is what was waited for.
 *
 * A span passes on to its parent what it holds and what is below it, at once where the parent is known, else when it comes.
 * Nothing is passed on by a tool call but its own tokens. Of each call and of each span that has a parent, 29 bytes are kept, and 58
 * at most while there is room left.
 */
export class Nesting {
  readonly #numbers: SpanNumbers;
  #calls: ModelCall[] = [];
  #parents: Int32Array;
  #flags: Uint8Array;
  /** Of tool calls, the tool's name as a hash: names may be of any number and length. */
  #tools: Uint32Array;
  #latestParent: { readonly trace: number; readonly spanId: string; readonly at: number } | undefined;
  /** The turn that each span is part of, as far as somebody asked. */
  #turns: Int32Array | undefined;

  /** `spans`: so many are expected, which saves growing. */
  constructor(spans: number = 0) {
    const room = roomFor(spans);
    this.#numbers = new SpanNumbers(spans);
    this.#parents = new Int32Array(room);
    this.#flags = new Uint8Array(room);
    this.#tools = new Uint32Array(room);
  }

  /** How many traces the spans are of. */
  get traces(): number {
    return this.#numbers.traces;
  }

  /** Forgets all spans, and keeps the room: it takes longer to make than it is used for where spans are few. */
  clear(): void {
    this.#flags.fill(0, 0, this.#numbers.size);
    this.#numbers.clear();
    this.#calls = [];
    this.#latestParent = undefined;
    this.#turns = undefined;
  }

  /** Takes note of a span; gives the number to ask for it by, once all were added. */
  add(span: NestedSpan, facts: SpanFacts): number {
    const { kind, tool = "" } = facts;
    const isTool = kind === "tool-call";
    const isHead = isTurnHead(kind);
    this.#turns = undefined;
    const trace = this.traceNumber(span.traceId);
    const held = (kind === "model-call" ? CALL : 0) | (hasTokens(facts) ? TOKENS : 0);
    // A span that says to be its own parent has none.
    const parentSpanId = span.parentSpanId === span.spanId ? undefined : span.parentSpanId;
    if (held === 0 && !isTool && !isHead && parentSpanId === undefined) return NO_SPAN;
    const parent = parentSpanId === undefined ? NO_SPAN : this.#parentNumber(trace, parentSpanId);
    const at = this.#numberOf(trace, span.spanId);
    const below = isTool ? 0 : this.#flagsOf(at) & HELD;
    this.#parents[at] = parent;
    this.#flags[at] = below | KNOWN | (isTool ? TOOL : 0) | (isTalk(kind) ? TALK : 0) | (isHead ? HEAD : 0);
    if (isTool) this.#tools[at] = hashOfText(tool);
    this.#pass(parent, held | below);
    if (kind === "model-call") this.#keep(span, facts, { at, trace });
    return at;
  }

  /** A trace's number: 0, 1, 2 and so on. */
  traceNumber(traceId: string): number {
    return this.#numbers.ofTrace(traceId);
  }

  /** The number of the head of the turn that the span of this number is part of; undefined where it lies in none. */
  turnOf(at: number): number | undefined {
    this.#turns ??= new Int32Array(this.#numbers.size).fill(UNKNOWN);
    const turns = this.#turns;
    const path: number[] = [];
    let up = at;
    for (; turns[up] === UNKNOWN; up = this.#parents[up] ?? NO_SPAN) {
      turns[up] = SOUGHT;
      path.push(up);
    }
    let turn = turns[up] ?? NONE;
    if (turn === SOUGHT) {
      // Spans that are their own ancestors are all below the same one.
      const circle = path.splice(path.indexOf(up));
      turn = circle.find((one) => this.#isHead(one)) ?? NONE;
      for (const one of circle) turns[one] = turn;
    }
    for (const one of path.reverse()) {
      if (turn === NONE && this.#isHead(one)) turn = one;
      turns[one] = turn;
    }
    return turn === NONE ? undefined : turn;
  }

  /** True where another span has the call of the span of this number: a model's one below, or beside it; a tool's one above. */
  isCallElsewhere(at: number): boolean {
    this.#pair();
    return (this.#flagsOf(at) & CALL) !== 0 || this.toolCallOf(at) !== at;
  }

  /** The number of the outermost span of the tool call that the span of this number is of. */
  toolCallOf(at: number): number {
    if ((this.#flagsOf(at) & TOOL) === 0) return at;
    const tool = this.#tools[at];
    let outermost = at;
    // From the parent up to the first that is a turn, an agent or a model call.
    let above = this.#parents[at] ?? NO_SPAN;
    for (let steps = 0; above !== NO_SPAN && above !== at && steps < MAX_ANCESTORS; steps++) {
      const flags = this.#flagsOf(above);
      if ((flags & TOOL) !== 0 && this.#tools[above] === tool) outermost = above;
      above = (flags & TALK) === 0 ? (this.#parents[above] ?? NO_SPAN) : NO_SPAN;
    }
    return outermost;
  }

  /** True where another span has the tokens of the span of this number. */
  areTokensElsewhere(at: number): boolean {
    this.#pair();
    return (this.#flagsOf(at) & TOKENS) !== 0;
  }

  #keep(
    { startedAtMicros: start, endedAtMicros: end }: NestedSpan,
    facts: SpanFacts,
    { at, trace }: CallNumbers,
  ): void {
    const { model, scope = "", inputTokens = 0, outputTokens = 0 } = facts;
    if (model === undefined || end === undefined) return;
    const tokens = inputTokens + outputTokens;
    // One literal: with a spread it would take three times the memory, and there may be as many as there are spans.
    this.#calls.push({ at, trace, model, scope, start, end, tokens });
  }

  /** Finds the calls that are there side by side. The one that says more has the tokens: some clients' lack cached ones, or all. */
  #pair(): void {
    if (this.#calls.length === 0) return;
    const innermost = this.#calls.filter(({ at }) => (this.#flagsOf(at) & CALL) === 0);
    this.#calls = [];
    const tops = new Int32Array(this.#numbers.size).fill(UNKNOWN);
    // Also where a tool call is between the two, there is none: what it calls is its own.
    const haveCommonAncestor = (a: ModelCall, b: ModelCall) =>
      this.#topOf(a.at, tops) === this.#topOf(b.at, tops);
    for (const [outer, inner] of twins(innermost, haveCommonAncestor)) {
      this.#flags[outer.at] = this.#flagsOf(outer.at) | CALL;
      const less = outer.tokens > inner.tokens ? inner.at : outer.at;
      this.#flags[less] = this.#flagsOf(less) | TOKENS;
    }
  }

  /**
   * The topmost span above one, or the tool call that it lies below: what that calls is its own. Of a circle, any of it. `tops` has
   * those that are known: each span is passed once.
   */
  #topOf(span: number, tops: Int32Array): number {
    let at = span;
    while (tops[at] === UNKNOWN) {
      tops[at] = SOUGHT;
      const parent = this.#parents[at] ?? NO_SPAN;
      if (parent !== NO_SPAN && (this.#flagsOf(at) & TOOL) === 0) at = parent;
    }
    const known = tops[at] ?? at;
    const top = known === SOUGHT ? at : known;
    for (at = span; tops[at] === SOUGHT; at = this.#parents[at] ?? NO_SPAN) tops[at] = top;
    return top;
  }

  /** Each span is told each thing once: so this ends, also where spans are their own ancestors. */
  #pass(parent: number, held: number): void {
    for (let at = parent; at !== NO_SPAN; at = this.#parents[at] ?? NO_SPAN) {
      const flags = this.#flagsOf(at);
      if ((flags & TOOL) !== 0 || (flags & held) === held) return;
      this.#flags[at] = flags | held;
      if ((flags & KNOWN) === 0) return;
    }
  }

  #isHead(at: number): boolean {
    return (this.#flagsOf(at) & HEAD) !== 0;
  }

  #flagsOf(at: number): number {
    return this.#flags[at] ?? 0;
  }

  #numberOf(trace: number, spanId: string): number {
    const { size } = this.#numbers;
    const at = this.#numbers.ofSpan(trace, spanId);
    if (at < size) return at;
    if (at === this.#parents.length) this.#grow();
    this.#parents[at] = NO_SPAN;
    return at;
  }

  /** Spans of one parent mostly come together. */
  #parentNumber(trace: number, spanId: string): number {
    const latest = this.#latestParent;
    if (latest?.spanId === spanId && latest.trace === trace) return latest.at;
    const at = this.#numberOf(trace, spanId);
    this.#latestParent = { trace, spanId, at };
    return at;
  }

  #grow(): void {
    const size = 2 * this.#parents.length;
    this.#parents = grown(this.#parents, new Int32Array(size));
    this.#flags = grown(this.#flags, new Uint8Array(size));
    this.#tools = grown(this.#tools, new Uint32Array(size));
  }
}

/** What is asked of a span. */
export type NestedSpan = Pick<
  SpanFields,
  "traceId" | "spanId" | "parentSpanId" | "startedAtMicros" | "endedAtMicros"
>;

type CallNumbers = Pick<ModelCall, "at" | "trace">;

function grown<T extends Uint32Array | Int32Array | Uint8Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

function hashOfText(text: string): number {
  let sum = 0;
  for (let i = 0; i < text.length; i++) sum = Math.imul(sum ^ text.charCodeAt(i), 0x01000193);
  return sum;
}
