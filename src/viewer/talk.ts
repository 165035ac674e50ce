// What was said and done in a turn: the user's words, each model call, its tools, and the threads of sub-agents.
import { costOfCall, type PriceTable } from "../conventions/cost.ts";
import { toolName } from "../conventions/facts.ts";
import { type NumberedTurn, numberedTurns } from "../conventions/numbered-turns.ts";
import type { KnownSpan } from "../conventions/once.ts";
import { readSpan } from "../conventions/reading.ts";
import {
  sayerOf,
  type ToldAgent,
  type ToldCall,
  type ToldEntry,
  type ToldTool,
  type ToldTurn,
  type ToldWords,
  toldTurn,
} from "../conventions/told.ts";
import type { ReadSpan, Turn } from "../conventions/turns.ts";
import { failureOf } from "../model/failure.ts";
import { inStartOrder } from "../model/query.ts";
import { lineOf } from "../render/line.ts";
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
import { findConversation, turnJson } from "./conversation.ts";
import type { Bounds } from "./large.ts";
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
  const talk = new Talk(toldTurn(turn), numbered, { prices, bounds: asked.bounds(MAX_TALK) });
  return { ...turnJson(numbered, prices), ...talk.json(), notes: reader.notes };
}

function turnOf(spans: readonly ReadSpan[], { head }: NumberedTurn): Turn {
  return { head: spans.find(({ span }) => span.spanId === head?.spanId), spans };
}

interface TalkSetup {
  readonly prices: PriceTable | undefined;
  readonly bounds: Bounds;
}

class Talk {
  readonly #turn: ToldTurn;
  readonly #numbers: ReadonlyMap<string, number>;
  readonly #prices: PriceTable | undefined;
  readonly #bounds: Bounds;

  constructor(turn: ToldTurn, { firstCall, calls }: NumberedTurn, { prices, bounds }: TalkSetup) {
    this.#turn = turn;
    this.#numbers = new Map(calls.map((id, i) => [id, firstCall + i]));
    this.#prices = prices;
    this.#bounds = bounds;
  }

  json(): Pick<TurnTalkJson, "user" | "user_name" | "agent" | "entries" | "answer" | "error"> {
    const { head, teller, user, agent, asked, answered, entries } = this.#turn;
    const bounds = this.#bounds.of(teller?.span.spanId ?? "");
    return {
      user: bounds.show(asked, "/reading/input"),
      user_name: user ?? null,
      agent: agent ?? null,
      answer: bounds.show(answered, "/reading/output"),
      entries: entries.map((entry) => this.#entry(entry)),
      error: (head && failureOf(head.span)) ?? null,
    };
  }

  #entry(entry: ToldEntry): EntryJson {
    if (entry.type === "call") return this.#call(entry);
    if (entry.type === "tool") return this.#tool(entry);
    return entry.type === "agent" ? this.#agent(entry) : this.#mishap(entry.one);
  }

  #call({ one, words }: ToldCall): CallJson {
    const { span, reading, facts } = one;
    const [message] = reading.outputMessages;
    const parts = message?.parts ?? [];
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
      words: words === undefined ? null : this.#words(words),
      reasoning: thoughts.length === 0 ? null : this.#bounds.of(span.spanId).show(thoughts.join("\n"), at),
      media: mediaIn(one, at, this.#bounds.of(span.spanId)),
    };
  }

  #words({ value, teller }: ToldWords): Shown {
    const parts = teller.reading.outputMessages[0]?.parts ?? [];
    const texts = parts.flatMap((part, i) => (part.type === "text" ? [i] : []));
    const path =
      parts.length === 0
        ? "/reading/output"
        : `/reading/output_messages/0${texts.length === 1 ? `/parts/${texts[0]}/text` : ""}`;
    return this.#bounds.of(teller.span.spanId).show(value, path);
  }

  #tool({ one, call, thread: told }: ToldTool): ToolJson {
    const thread = told.map((entry) => this.#entry(entry));
    const [only] = thread;
    const agent = thread.length === 1 && only?.type === "agent" ? only : undefined;
    const input = sayerOf(call, "input") ?? one;
    return {
      type: "tool",
      kind: one.facts.kind,
      ...this.#timed(one),
      name: toolName(one.reading, one.span),
      glance: lineOf(argumentsOf(input)),
      arguments: this.#shown(input, "arguments"),
      result: this.#shown(sayerOf(call, "output") ?? one, "result"),
      agent: agent?.name ?? null,
      task: agent?.input ?? null,
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

  #agent({ one, thread }: ToldAgent): AgentJson {
    const { span, reading } = one;
    const bounds = this.#bounds.of(span.spanId);
    return {
      type: "agent",
      ...this.#timed(one),
      name: reading.agent ?? span.spanName,
      input: bounds.show(reading.input, "/reading/input"),
      output: bounds.show(reading.output, "/reading/output"),
      thread: thread.map((entry) => this.#entry(entry)),
    };
  }

  #mishap(one: KnownSpan): MishapJson {
    return { type: "mishap", ...this.#timed(one), name: one.span.spanName };
  }

  #timed({ span, reading }: KnownSpan): TimedJson {
    const { startedAtMicros: start, endedAtMicros: end } = span;
    return {
      span_id: span.spanId,
      offset_ms: (start - this.#turn.startedAtMicros) / 1000,
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

function mediaIn({ reading }: KnownSpan, path: string, { kept }: Bounds): MediaJson[] {
  const [message] = reading.outputMessages;
  return (message?.parts ?? []).flatMap((part, i) =>
    part.type === "image" || part.type === "file" ? [mediaJson(part, `${path}/parts/${i}`, kept)] : [],
  );
}

/** Characters of all values of a turn. */
const MAX_TALK = 1024 * 1024;
