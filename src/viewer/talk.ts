// What was said and done in a turn: the user's words, each model call, its tools, and the threads of sub-agents.
import { costOfCall, type PriceTable } from "../conventions/cost.ts";
import { factsOf, toolName } from "../conventions/facts.ts";
import { eachOnce, type KnownSpan, type Once } from "../conventions/once.ts";
import { isTurnHead, readSpan } from "../conventions/reading.ts";
import { answeredIn, askedIn, isSaid, type ReadSpan, spokenBy, type Turn } from "../conventions/turns.ts";
import { failureOf } from "../model/failure.ts";
import { inStartOrder } from "../model/query.ts";
import { parentsOf } from "../model/tree.ts";
import { nearestAbove } from "./ancestors.ts";
import type {
  AgentJson,
  CallJson,
  EntryJson,
  MediaJson,
  MishapJson,
  Shown,
  TimedJson,
  ToolJson,
  TurnTalkJson,
} from "./api.ts";
import type { Asked } from "./asked.ts";
import { findConversation, type NumberedTurn, numberedTurns, turnJson } from "./conversation.ts";
import { lineOf } from "./glances.ts";
import { Bounds } from "./large.ts";
import { mediaJson } from "./media.ts";
import { notFound } from "./problems.ts";

/** `GET /api/conversations/ID/turns/N` */
export async function turnTalk(asked: Asked): Promise<TurnTalkJson> {
  asked.params();
  const { reader, prices } = asked;
  const { id, outlines } = await findConversation(asked.path("key"), reader);
  const numbered = numberedTurns(outlines)[Number(asked.path("number")) - 1];
  const [first] = numbered?.outlines ?? [];
  if (numbered === undefined || first === undefined) throw notFound("The conversation has no such turn.");
  const ids = new Set(numbered.outlines.map(({ spanId }) => spanId));
  const found = await reader.find({ traceId: first.traceId, conversation: id });
  const spans = inStartOrder(found.filter(({ spanId }) => ids.has(spanId)));
  const turn = turnOf(
    spans.map((span) => ({ span, reading: readSpan(span) })),
    numbered,
  );
  const talk = new Talk(turn, numbered, prices);
  return { ...turnJson(numbered, prices), ...talk.json(), notes: reader.notes };
}

function turnOf(spans: readonly ReadSpan[], { head }: NumberedTurn): Turn {
  return { head: spans.find(({ span }) => span.spanId === head?.spanId), spans };
}

class Talk {
  readonly #turn: Turn;
  readonly #head: KnownSpan | undefined;
  readonly #once: Once;
  readonly #start: number;
  readonly #numbers: ReadonlyMap<string, number>;
  readonly #prices: PriceTable | undefined;
  readonly #bounds: Bounds = new Bounds(MAX_TALK);
  /** What lies in the thread of each, in order; of the turn itself under undefined. */
  readonly #below = new Map<KnownSpan | undefined, KnownSpan[]>();
  /** The nearest model call above that is no call of its own. */
  readonly #outerCall: (one: KnownSpan["span"]) => KnownSpan["span"] | undefined;
  readonly #bySpan: ReadonlyMap<KnownSpan["span"], KnownSpan>;

  constructor(turn: Turn, { firstCall, calls }: NumberedTurn, prices: PriceTable | undefined) {
    const known = turn.spans.map((one) => ({ ...one, facts: factsOf(one.span) }));
    this.#turn = turn;
    this.#head = known.find(({ span }) => span === turn.head?.span);
    this.#once = eachOnce(known);
    this.#start = (this.#head ?? known[0])?.span.startedAtMicros ?? 0;
    this.#numbers = new Map(calls.map((id, i) => [id, firstCall + i]));
    this.#prices = prices;
    this.#bySpan = new Map(known.map((one) => [one.span, one]));
    const parents = parentsOf(known.map(({ span }) => span));
    const kindOf = (span: KnownSpan["span"]) => this.#bySpan.get(span)?.facts.kind;
    this.#outerCall = nearestAbove(parents, (span) => kindOf(span) === "model-call");
    const above = nearestAbove(parents, (span) => this.#hasThread(this.#bySpan.get(span)));
    for (const one of known) this.#place(one, above(one.span));
  }

  #hasThread(one: KnownSpan | undefined): boolean {
    if (one === undefined) return false;
    return (
      one === this.#head ||
      isTurnHead(one.facts.kind) ||
      (this.#once.tools.has(one) && one.facts.kind === "tool-call")
    );
  }

  #place(one: KnownSpan, above: KnownSpan["span"] | undefined): void {
    if (one === this.#head) return;
    const owner = above === undefined ? undefined : this.#bySpan.get(above);
    const key = owner === this.#head ? undefined : owner;
    const below = this.#below.get(key);
    if (below === undefined) this.#below.set(key, [one]);
    else below.push(one);
  }

  json(): Pick<TurnTalkJson, "user" | "user_name" | "agent" | "entries" | "answer" | "error"> {
    const readings = this.#turn.spans.map(({ reading }) => reading);
    const teller = this.#head ?? this.#turn.spans.find(({ reading }) => reading.kind === "model-call");
    const bounds = this.#bounds.of(teller?.span.spanId ?? "");
    const user = bounds.show(askedIn(this.#turn), "/reading/input");
    const answered = answeredIn(this.#turn);
    const isTold = this.#ownWords().some((words) => isSame(words, answered));
    return {
      user,
      user_name: readings.find((one) => one.user !== undefined)?.user ?? null,
      agent: this.#head?.reading.agent ?? readings.find((one) => one.agent !== undefined)?.agent ?? null,
      answer: isTold || !isSaid(answered) ? null : bounds.show(answered, "/reading/output"),
      entries: this.#entries(undefined, 0),
      error: (this.#head && failureOf(this.#head.span)) ?? null,
    };
  }

  #ownWords(): unknown[] {
    const own = this.#below.get(undefined) ?? [];
    return own
      .filter((one) => this.#once.calls.has(one) && one.facts.kind === "model-call")
      .map((one) => this.#words(one)?.value);
  }

  #entries(owner: KnownSpan | undefined, depth: number): EntryJson[] {
    if (depth > MAX_DEPTH) return [];
    return (this.#below.get(owner) ?? []).flatMap((one) => this.#entry(one, depth));
  }

  #entry(one: KnownSpan, depth: number): EntryJson[] {
    const { kind } = one.facts;
    if (kind === "tool-call") return this.#once.tools.has(one) ? [this.#tool(one, depth)] : [];
    if (kind === "retrieval") return [this.#tool(one, depth)];
    if (isTurnHead(kind)) return [this.#agent(one, depth)];
    if (kind === "model-call") return this.#once.calls.has(one) ? [this.#call(one)] : [];
    return failureOf(one.span) === undefined ? [] : [this.#mishap(one)];
  }

  #call(one: KnownSpan): CallJson {
    const { span, reading, facts } = one;
    const [message] = reading.outputMessages;
    const parts = message?.parts ?? [];
    const words = this.#words(one);
    const at = "/reading/output_messages/0";
    const thoughts = parts.flatMap((part) => (part.type === "reasoning" ? [part.text] : []));
    return {
      type: "call",
      ...this.#timed(one),
      number: this.#numbers.get(span.spanId) ?? null,
      model: facts.model ?? null,
      first_token_ms: facts.timeToFirstTokenMs ?? null,
      input_tokens: facts.inputTokens ?? 0,
      output_tokens: facts.outputTokens ?? 0,
      cached_read_tokens: facts.cachedReadTokens ?? 0,
      cached_write_tokens: facts.cachedWriteTokens ?? 0,
      reasoning_tokens: facts.reasoningTokens ?? 0,
      cost_usd: costOfCall({ span, facts }, this.#prices) ?? null,
      finish_reason: facts.finishReason ?? null,
      words: words === undefined ? null : this.#bounds.of(words.spanId).show(words.value, words.path),
      reasoning: thoughts.length === 0 ? null : this.#bounds.of(span.spanId).show(thoughts.join("\n"), at),
      media: mediaIn(one, at),
    };
  }

  /** What a model said: in the call's own span, or in that of the library around it. */
  #words(
    one: KnownSpan,
  ): { readonly value: unknown; readonly path: string; readonly spanId: string } | undefined {
    const outer = this.#outerCall(one.span);
    const around = outer === undefined ? undefined : this.#bySpan.get(outer);
    const teller = [one, around].find(
      (other) =>
        other !== undefined &&
        this.#once.spoken.has(other) &&
        (other === one || !this.#once.calls.has(other)),
    );
    const value = teller && spokenBy(teller.reading);
    if (teller === undefined || !isSaid(value)) return undefined;
    const parts = teller.reading.outputMessages[0]?.parts ?? [];
    const texts = parts.flatMap((part, i) => (part.type === "text" ? [i] : []));
    const path =
      parts.length === 0
        ? "/reading/output"
        : `/reading/output_messages/0${texts.length === 1 ? `/parts/${texts[0]}/text` : ""}`;
    return { value, path, spanId: teller.span.spanId };
  }

  #tool(one: KnownSpan, depth: number): ToolJson {
    const call = this.#once.tools.get(one) ?? [one];
    const thread = this.#entries(one, depth + 1);
    const [only] = thread;
    const agent = thread.length === 1 && only?.type === "agent" ? only : undefined;
    const input = call.find(({ reading }) => isSaid(reading.input)) ?? one;
    return {
      type: "tool",
      kind: one.facts.kind,
      ...this.#timed(one),
      name: toolName(one.reading, one.span),
      glance: lineOf(argumentsOf(input)),
      arguments: this.#shown(input, "arguments"),
      result: this.#shown(call.find(({ reading }) => isSaid(reading.output)) ?? one, "result"),
      agent: agent?.name ?? null,
      thread: agent?.thread ?? thread,
    };
  }

  /** Of a tool what was parsed, else what went in and came out. */
  #shown({ span, reading }: KnownSpan, what: "arguments" | "result"): Shown {
    const bounds = this.#bounds.of(span.spanId);
    if (reading.tool !== undefined) return bounds.show(reading.tool[what], `/reading/tool/${what}`);
    return what === "arguments"
      ? bounds.show(reading.input, "/reading/input")
      : bounds.show(reading.output, "/reading/output");
  }

  #agent(one: KnownSpan, depth: number): AgentJson {
    const { span, reading } = one;
    const bounds = this.#bounds.of(span.spanId);
    return {
      type: "agent",
      ...this.#timed(one),
      name: reading.agent ?? span.spanName,
      input: bounds.show(reading.input, "/reading/input"),
      output: bounds.show(reading.output, "/reading/output"),
      thread: this.#entries(one, depth + 1),
    };
  }

  #mishap(one: KnownSpan): MishapJson {
    return { type: "mishap", ...this.#timed(one), name: one.span.spanName };
  }

  #timed({ span, reading }: KnownSpan): TimedJson {
    const { startedAtMicros: start, endedAtMicros: end } = span;
    return {
      span_id: span.spanId,
      offset_ms: (start - this.#start) / 1000,
      duration_ms: end === undefined ? null : (end - start) / 1000,
      state: span.state,
      error: failureOf(span) ?? null,
      aborted: reading.aborted,
    };
  }
}

function argumentsOf({ reading }: KnownSpan): unknown {
  return reading.tool?.arguments ?? reading.input;
}

function mediaIn({ reading }: KnownSpan, path: string): MediaJson[] {
  const [message] = reading.outputMessages;
  return (message?.parts ?? []).flatMap((part, i) =>
    part.type === "image" || part.type === "file" ? [mediaJson(part, `${path}/parts/${i}`)] : [],
  );
}

function isSame(a: unknown, b: unknown): boolean {
  return typeof a === "string" && typeof b === "string" ? a.trim() === b.trim() : a === b;
}

/** Characters of all values of a turn. */
const MAX_TALK = 1024 * 1024;
const MAX_DEPTH = 30;
