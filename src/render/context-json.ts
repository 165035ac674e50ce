// Makes the JSON of the context lens: for the command and the viewer.

import type {
  CallNameJson,
  ContextCallJson,
  ContextChangeJson,
  ContextCompactionJson,
  ContextFatesJson,
  ContextFindingJson,
  ContextJson,
  ContextPieceJson,
  ContextResultJson,
  ToolStoryJson,
} from "../conventions/context/json-forms.ts";
import type { PlacedPiece } from "../conventions/context/prompts.ts";
import type { ToolStory } from "../conventions/context/tool-asks.ts";
import type { ResultCost } from "../conventions/context/tool-results.ts";
import type { CallName, ContextCall, ContextReport } from "../conventions/context.ts";
import { isoMicros } from "../model/clock.ts";
import { cutTo } from "../model/cut.ts";
import { changeInWords, type Finding, findingsOf } from "./context-words.ts";

/** All of a conversation's windows. */
export function contextJson({ calls, results }: Pick<ContextReport, "calls" | "results">): ContextJson {
  const inputs = new Map(calls.map(({ spanId, usage }) => [spanId, usage?.input]));
  return {
    calls: calls.map((call) => contextCallJson(call, inputs.get(call.before?.spanId ?? ""))),
    findings: findingsOf(calls).map(findingJson),
    results: results.slice(0, MAX_RESULTS).map(resultJson),
  };
}

const MAX_RESULTS = 50;

/** One call; `tokensBefore` are those that went into the call before. */
function contextCallJson(call: ContextCall, tokensBefore: number | undefined): ContextCallJson {
  const { usage, shares, cache, change } = call;
  const { tools, system, history, results, fresh, unrecorded } = shares;
  // One literal: spreads would take most of the time.
  return {
    trace_id: call.traceId,
    span_id: call.spanId,
    number: call.number ?? null,
    turn: call.turn,
    agent: call.agent ?? null,
    model: call.model ?? null,
    started_at: isoMicros(call.startedAtMicros),
    input_tokens: usage?.input ?? null,
    output_tokens: usage?.output ?? null,
    cached_read_tokens: usage?.cachedRead ?? null,
    cached_write_tokens: usage?.cachedWrite ?? null,
    window_tokens: call.windowTokens ?? null,
    parts: { tools, system, history, results, unrecorded, new: fresh },
    asked_tokens: call.askedTokens,
    fates: fatesJson(call),
    before: call.before === undefined ? null : callNameJson(call.before),
    change: changeJson(call),
    cache: {
      state: cache.state,
      cause: cache.cause ?? null,
      reported: cache.reported ?? null,
      pause_ms: cache.pauseMs ?? null,
      missed_tokens: cache.missedTokens ?? null,
      wasted_tokens: cache.wastedTokens ?? null,
      wasted_usd: call.wastedUsd ?? null,
    },
    compaction: compactionJson(change?.compaction, { before: tokensBefore, after: usage?.input }),
    cost_usd: call.costUsd ?? null,
  };
}

/** A call by its span. */
function callNameJson({ traceId, spanId, number }: CallName): CallNameJson {
  return { trace_id: traceId, span_id: spanId, number: number ?? null };
}

/** The reported tokens decide: what is new is estimated, so it gives way. */
function fatesJson({ usage, shares: { fresh } }: ContextCall): ContextFatesJson | null {
  if (usage?.input === undefined || usage.cachedRead === undefined) return null;
  const cached = Math.min(usage.cachedRead, usage.input);
  const isNew = Math.min(fresh, usage.input - cached);
  return { cached, again: usage.input - cached - isNew, new: isNew };
}

function changeJson({ change }: ContextCall): ContextChangeJson | null {
  if (change?.change === undefined) return null;
  const { place, how, places, before, after } = change.change;
  return {
    ...{ place, how, places, text: changeInWords(change.change) },
    ...{ before: pieceJson(before, place), after: pieceJson(after, place) },
  };
}

function pieceJson(
  placed: PlacedPiece | undefined,
  place: ContextChangeJson["place"],
): ContextPieceJson | null {
  if (placed === undefined) return null;
  const { kind, role, name, weight, glance } = placed.piece;
  return {
    ...{ kind, role, name: name ?? null, message: place === "messages" ? placed.message : null },
    ...{ tokens: Math.round(weight), glance: glance ?? null },
  };
}

function compactionJson(
  compaction: NonNullable<ContextCall["change"]>["compaction"],
  tokens: { readonly before: number | undefined; readonly after: number | undefined },
): ContextCompactionJson | null {
  if (compaction === undefined) return null;
  const { how, messagesBefore, messagesAfter, summary } = compaction;
  return {
    ...{ how, messages_before: messagesBefore, messages_after: messagesAfter },
    ...{ tokens_before: tokens.before ?? null, tokens_after: tokens.after ?? null },
    summary: summary?.piece.glance ?? null,
  };
}

/** Something worth to know. */
function findingJson({ text, call, cause, calls, tokens, wastedUsd }: Finding): ContextFindingJson {
  return {
    ...{ text, call: call === undefined ? null : callNameJson(call), cause, calls, tokens },
    wasted_usd: wastedUsd ?? null,
  };
}

/** What the result of a tool cost. */
function resultJson({
  name,
  callId,
  first,
  tokens,
  calls,
  allTokens,
  costUsd,
}: ResultCost): ContextResultJson {
  return {
    ...{ name: name ?? null, call_id: callId ?? null, first: callNameJson(first) },
    ...{ tokens, calls, all_tokens: allTokens, cost_usd: costUsd ?? null },
  };
}

/** Why a tool was called. */
export function toolStoryJson(story: ToolStory): ToolStoryJson {
  const { asked, name, callId, reasoning, words, result } = story;
  const texts = [reasoning ?? "", words ?? ""];
  return {
    ...{ name: name ?? null, call_id: callId ?? null },
    asked: {
      ...callNameJson(asked),
      ...{ turn: asked.turn, agent: asked.agent ?? null, model: asked.model ?? null },
      started_at: isoMicros(asked.startedAtMicros),
    },
    ...{ offered: story.offered, beside: story.beside },
    reasoning: reasoning === undefined ? null : cutTo(reasoning, MAX_TEXT),
    words: words === undefined ? null : cutTo(words, MAX_TEXT),
    is_cut: texts.some(({ length }) => length > MAX_TEXT),
    result: result === undefined ? null : resultJson(result),
  };
}

const MAX_TEXT = 20_000;
