// A conversation: its row, and its turns at a glance, from outlines alone.
import { summaryJson, useJson } from "../conventions/as-json.ts";
import type { PriceTable } from "../conventions/cost.ts";
import type { SpanOutline } from "../conventions/facts.ts";
import {
  type NumberedTurn,
  numberedTurns,
  type OutlinedSpan,
  turnsOf,
} from "../conventions/numbered-turns.ts";
import { summarizeOutlines } from "../conventions/summary.ts";
import type { TurnOf } from "../conventions/turns.ts";
import { isoDate, isoMicros } from "../model/clock.ts";
import { conversationKey, idKey, idText, isSameConversation, textOfKey } from "../model/conversation.ts";
import { readWhole, type Whole } from "../tracing/read-whole.ts";
import type { StoreReader } from "../tracing/readable.ts";
import type { ConversationJson, TraceTurnJson, TurnJson } from "./api.ts";
import type { Asked } from "./asked.ts";
import { notFound } from "./problems.ts";

/** A conversation of the store, as outlines. */
export interface Found {
  readonly id: unknown;
  readonly outlines: readonly SpanOutline[];
}

/** The same with its spans. */
export interface FoundWhole extends Found {
  readonly whole: Whole;
}

/** `GET /api/conversations/ID` */
export async function conversation(asked: Asked): Promise<ConversationJson> {
  asked.params();
  const found = await findConversation(asked.path("key"), asked.reader);
  const summary = summarizeOutlines(found.outlines, "conversation", asked.prices);
  if (summary === undefined) throw unknownConversation();
  return {
    key: idKey(found.id),
    summary: summaryJson(summary),
    turns: numberedTurns(found.outlines).map((turn) => turnJson(turn, asked.prices)),
    interrupted: found.outlines.filter(({ state }) => state === "interrupted").length,
    notes: asked.reader.notes,
  };
}

/** The conversation that the key names. Throws a `Problem` where there is none. */
export async function findConversation(key: string, reader: StoreReader): Promise<Found> {
  return firstFound(key, reader, async (id) => ({
    id,
    outlines: await reader.outlines({ conversation: id }),
  }));
}

/** The same, to be looked at as a whole. */
export async function findWhole(key: string, reader: StoreReader): Promise<FoundWhole> {
  return firstFound(key, reader, async (id) => {
    const whole = await readWhole(reader, { conversation: id });
    return { id, outlines: whole.outlines, whole };
  });
}

async function firstFound<F extends Found>(
  key: string,
  reader: StoreReader,
  read: (id: unknown) => Promise<F>,
): Promise<F> {
  for (const id of await idsOf(key, reader)) {
    const found = await read(id);
    if (found.outlines.length > 0) return found;
  }
  throw unknownConversation();
}

/** What a key may mean: a value that reads so, else a text. */
async function idsOf(key: string, reader: StoreReader): Promise<readonly unknown[]> {
  if (key === "") return [];
  const text = textOfKey(key);
  if (text !== undefined) return [text];
  const found = await reader.idsByPrefix(key, MAX_CANDIDATES);
  const others = found.filter(
    ({ by, id }) => by === "conversation" && typeof id !== "string" && idText(id) === key,
  );
  return [...others.map(({ id }) => id), key];
}

function unknownConversation(): Error {
  return notFound("There is no such conversation here.");
}

/** A turn at a glance. */
export function turnJson(
  { number, firstCall, calls, outlines, head }: NumberedTurn,
  prices: PriceTable | undefined,
): TurnJson {
  const summary = summarizeOutlines(outlines, "trace", prices);
  if (summary === undefined) throw notFound("The turn has no spans.");
  const { startedAt, endedAt, durationMs } = summary;
  return {
    number,
    trace_id: String(summary.id),
    span_id: head?.spanId ?? null,
    started_at: head === undefined ? isoDate(startedAt) : isoMicros(head.startedAtMicros),
    ended_at: head?.endedAtMicros === undefined ? dateOrNull(endedAt) : isoMicros(head.endedAtMicros),
    duration_ms: durationOf(head) ?? durationMs,
    state: summary.state,
    errors: summary.errors,
    aborted: summary.aborted,
    spans: summary.spans,
    tool_calls: summary.toolCalls,
    first_call: firstCall,
    calls: calls.length,
    ...useJson(summary),
  };
}

function dateOrNull(date: Date | undefined): string | null {
  return date === undefined ? null : isoDate(date);
}

function durationOf(head: SpanOutline | undefined): number | undefined {
  return head?.endedAtMicros === undefined ? undefined : (head.endedAtMicros - head.startedAtMicros) / 1000;
}

/** Where a trace stands among the turns of its conversation; null where it is of none. */
export async function turnsAround(
  traceId: string,
  outlines: readonly SpanOutline[],
  reader: StoreReader,
): Promise<TraceTurnJson | null> {
  const around = await outlinesAround(traceId, outlines, reader);
  if (around === undefined) return null;
  const turns = turnsOf(around.outlines);
  const isHere = ({ spans: [first] }: TurnOf<OutlinedSpan>): boolean => first?.span.traceId === traceId;
  const [first, last] = [turns.findIndex(isHere), turns.findLastIndex(isHere)];
  return {
    key: idKey(around.id),
    turn: first + 1,
    turns: turns.length,
    previous_trace_id: traceOf(turns[first - 1]),
    next_trace_id: traceOf(turns[last + 1]),
  };
}

/** The conversation that a trace is of; undefined where it is of none. */
export async function outlinesAround(
  traceId: string,
  outlines: readonly SpanOutline[],
  reader: StoreReader,
): Promise<Found | undefined> {
  const id = outlines.find(
    ({ conversationId }) => conversationKey(conversationId) !== undefined,
  )?.conversationId;
  if (id === undefined) return undefined;
  // Most traces of many spans are all that there is of their conversation: these are not read twice.
  const others = await reader.find({ conversation: id, where: `trace_id != "${traceId}"`, limit: 1 });
  if (others.length > 0) return { id, outlines: await reader.outlines({ conversation: id }) };
  return { id, outlines: outlines.filter(({ conversationId }) => isSameConversation(conversationId, id)) };
}

function traceOf(turn: TurnOf<OutlinedSpan> | undefined): string | null {
  return turn?.spans[0]?.span.traceId ?? null;
}

const MAX_CANDIDATES = 20;
