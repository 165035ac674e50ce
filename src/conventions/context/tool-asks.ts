// Why a tool was called: the model call that asked for it, what it could choose from, and what it thought and said before.

import type { SpanFields } from "../../model/span-fields.ts";
import { canonicalJson } from "../../model/values.ts";
import type { MessagePart, ToolCallPart } from "../messages.ts";
import { readSpan } from "../reading.ts";
import type { ContextCall } from "./call.ts";
import { ROUNDING } from "./calls.ts";
import type { Piece } from "./content.ts";
import type { Prompt } from "./prompts.ts";
import type { ResultCost, ToolResults } from "./tool-results.ts";

/** A call of a tool that is to be told of: what its own span says. */
export interface WantedTool {
  readonly callId: string | undefined;
  readonly name: string | undefined;
  readonly arguments: unknown;
  readonly agent: string | undefined;
  readonly startedAtMicros: number;
}

/** Why a tool was called. */
export interface ToolStory {
  /** The call of the model that asked for it. */
  readonly asked: ContextCall;
  readonly name: string | undefined;
  readonly callId: string | undefined;
  /** The tools that the model could choose from, by name, in the order in which they were offered. */
  readonly offered: readonly string[];
  /** The tools that it asked for in the same answer, besides. */
  readonly beside: readonly string[];
  /** What it thought, and what it said, before it asked; undefined where nothing is recorded. */
  readonly reasoning: string | undefined;
  readonly words: string | undefined;
  /** What the result cost in all calls that had it; undefined where none had. */
  readonly result: ResultCost | undefined;
}

/** What the span of a tool call says; undefined for any other span. */
export function wantedTool(span: SpanFields): WantedTool | undefined {
  const { tool, agent } = readSpan(span);
  if (tool === undefined) return undefined;
  const { name = span.spanName, callId, arguments: given } = tool;
  return { name, callId, arguments: given, agent, startedAtMicros: span.startedAtMicros };
}

/** A model call, as far as tools matter. */
interface Answered {
  readonly call: ContextCall;
  readonly offered: readonly Piece[];
  answer: readonly Piece[];
}

/** A tool that an answer asks for, at its place among the parts of the answer. */
interface Ask {
  readonly by: Answered;
  readonly parts: readonly MessagePart[];
  readonly at: number;
  readonly part: ToolCallPart;
}

/** Gathers what models asked for. */
export class ToolAsks {
  readonly #answered = new Map<string, Answered>();

  /** Takes a call; `newFrom` is the first piece of its messages that the call before did not have. */
  add(
    call: ContextCall,
    prompt: Prompt,
    { answer, newFrom }: { readonly answer: readonly Piece[]; readonly newFrom: number },
  ): void {
    this.#answered.set(keyOf(call), { call, offered: prompt.tools, answer });
    const before = call.before && this.#answered.get(keyOf(call.before));
    // An answer that its own span does not have stands in the prompt of the next.
    if (before?.answer.length === 0) before.answer = saidFirst(prompt, newFrom);
  }

  /** Why it was called; undefined where no model is known to have asked for it. */
  story(wanted: WantedTool, results: ToolResults): ToolStory | undefined {
    const ask = this.#askFor(wanted);
    if (ask === undefined) return undefined;
    const { by, parts, at, part } = ask;
    const earlier = parts.slice(0, at);
    const calls = parts.filter((one) => one.type === "tool-call");
    const nth = calls.filter(({ name }) => name === part.name).indexOf(part);
    return {
      ...{ asked: by.call, name: part.name, callId: part.id },
      offered: namesOf(by.offered),
      beside: namesOf(calls.filter((one) => one !== part)),
      ...{ reasoning: textOf(earlier, "reasoning"), words: textOf(earlier, "text") },
      result: results.of(part, { askedAt: by.call, nth }),
    };
  }

  /** The likeliest; of those that are equally so one of the same agent, and the last that began before the tool did. */
  #askFor(wanted: WantedTool): Ask | undefined {
    let best: Ask | undefined;
    let most = 0;
    for (const by of this.#answered.values()) {
      if (by.call.startedAtMicros > wanted.startedAtMicros + ROUNDING) continue;
      for (const ask of asksIn(by)) {
        const likeness = likenessOf(ask, wanted);
        if (likeness < most || (likeness === most && isEarlier(ask, best))) continue;
        if (likeness > 0) [best, most] = [ask, likeness];
      }
    }
    return best;
  }
}

function keyOf({ traceId, spanId }: Pick<ContextCall, "traceId" | "spanId">): string {
  return traceId + spanId;
}

function saidFirst({ messages }: Prompt, from: number): readonly Piece[] {
  const said: Piece[] = [];
  for (let at = from; messages[at]?.piece.role === "assistant"; at++) {
    const piece = messages[at]?.piece;
    if (piece !== undefined) said.push(piece);
  }
  return said;
}

function asksIn(by: Answered): Ask[] {
  const parts = by.answer.flatMap(({ content }) => partsOf(content));
  return parts.flatMap((part, at) => (part.type === "tool-call" ? [{ by, parts, at, part }] : []));
}

function partsOf(content: Piece["content"]): readonly MessagePart[] {
  return typeof content === "string" || "name" in content ? [] : content;
}

/** The id decides. Where it does not, what was asked for: a tool that was given other words than the model's may have had them changed. */
function likenessOf({ by, part }: Ask, { callId, name, arguments: given, agent }: WantedTool): number {
  const own = by.call.agent === agent ? 0.5 : 0;
  if (callId !== undefined && part.id === callId) return 3 + own;
  if (name === undefined || part.name !== name) return 0;
  if (isSame(part.arguments, given)) return 2 + own;
  return callId === undefined || part.id === undefined ? 1 + own : 0;
}

function isSame(a: unknown, b: unknown): boolean {
  return canonicalJson(a ?? {}) === canonicalJson(b ?? {});
}

/** Of two in one call the first is meant. */
function isEarlier(ask: Ask, best: Ask | undefined): boolean {
  return best !== undefined && ask.by.call.startedAtMicros <= best.by.call.startedAtMicros;
}

function namesOf(named: readonly { readonly name?: string | undefined }[]): string[] {
  return named.flatMap(({ name }) => (name === undefined ? [] : [name]));
}

function textOf(parts: readonly MessagePart[], type: "text" | "reasoning"): string | undefined {
  const texts = parts.flatMap((part) => (part.type === type && part.text !== "" ? [part.text] : []));
  return texts.length === 0 ? undefined : texts.join("\n");
}
