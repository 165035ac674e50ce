// Makes the JSON of what was compared: for the command and the viewer.

import { summaryJson } from "../conventions/as-json.ts";
import {
  type CallMeasures,
  type CallRow,
  type ComparedCalls,
  changedWords,
} from "../conventions/compare/calls.ts";
import type {
  CallRowJson,
  ComparedCallJson,
  ComparedCallsJson,
  ComparedStepsJson,
  StepJson,
  StepRowJson,
  WordPieceJson,
} from "../conventions/compare/json-forms.ts";
import type { ComparedSteps, Step, StepRow } from "../conventions/compare/steps.ts";
import { textOfPiece } from "../conventions/context/content.ts";
import type { ContextPieceJson } from "../conventions/context/json-forms.ts";
import type { PlacedPiece } from "../conventions/context/prompts.ts";
import type { Summary } from "../conventions/summary.ts";
import { isoMicros } from "../model/clock.ts";
import { cutTo } from "../model/cut.ts";

/** Two calls. No more text than fits one answer. */
export function comparedCallsJson({ a, b, rows }: ComparedCalls): ComparedCallsJson {
  const room = { left: MAX_ALL };
  return { kind: "calls", a: callJson(a), b: callJson(b), rows: rows.map((row) => callRowJson(row, room)) };
}

/** Characters of all texts together. */
const MAX_ALL: number = 512 * 1024;
/** Of both texts of one difference. */
const MAX_CHANGED = 100_000;
const MAX_TEXT = 4000;

function callJson(call: CallMeasures): ComparedCallJson {
  const { usage } = call;
  return {
    ...{ trace_id: call.traceId, span_id: call.spanId, model: call.model ?? null, agent: call.agent ?? null },
    ...{ started_at: isoMicros(call.startedAtMicros), duration_ms: call.durationMs ?? null },
    first_token_ms: call.firstTokenMs ?? null,
    ...{ input_tokens: usage?.input ?? null, cached_read_tokens: usage?.cachedRead ?? null },
    ...{ output_tokens: usage?.output ?? null, cost_usd: call.costUsd ?? null },
  };
}

interface Room {
  left: number;
}

function callRowJson(row: CallRow, room: Room): CallRowJson {
  const { section } = row;
  const empty = { a: null, b: null, list: [], words: null, text: null, is_cut: false };
  if (row.state === "same")
    return {
      ...{ ...empty, state: "same", section, pieces: row.pieces.length, tokens: row.tokens },
      list: ends(row.pieces).map(pieceJson),
    };
  if (row.state === "changed") {
    const words = boundedWords(row, room);
    const tokens = Math.round(row.b.piece.weight);
    const beside = { a: pieceJson(row.a), b: pieceJson(row.b), words, is_cut: words === null };
    return { ...empty, state: "changed", section, pieces: 1, tokens, ...beside };
  }
  const whole = textOfPiece(row.piece.piece);
  const text = cutTo(whole, Math.max(0, Math.min(MAX_TEXT, room.left)));
  room.left -= text.length;
  const beside = { text, is_cut: text.length < whole.length, tokens: Math.round(row.piece.piece.weight) };
  const piece = pieceJson(row.piece);
  return row.state === "only-a"
    ? { ...empty, state: "only_a", section, pieces: 1, ...beside, a: piece }
    : { ...empty, state: "only_b", section, pieces: 1, ...beside, b: piece };
}

function boundedWords(
  row: Extract<CallRow, { state: "changed" }>,
  room: Room,
): readonly WordPieceJson[] | null {
  const length = textOfPiece(row.a.piece).length + textOfPiece(row.b.piece).length;
  if (length > Math.min(MAX_CHANGED, room.left)) return null;
  room.left -= length;
  return changedWords(row);
}

/** Of a long run, both of its ends. */
function ends(pieces: readonly PlacedPiece[]): readonly PlacedPiece[] {
  return pieces.length <= 2 * END ? pieces : [...pieces.slice(0, END), ...pieces.slice(-END)];
}

const END = 20;

/** A piece of a prompt at a glance. */
function pieceJson({ piece, message }: PlacedPiece): ContextPieceJson {
  const { kind, role, name, weight, glance } = piece;
  const isMessage = kind === "message" || kind === "result";
  return {
    ...{ kind, role, name: name ?? null, message: isMessage ? message : null },
    ...{ tokens: Math.round(weight), glance: glance ?? null },
  };
}

/** What two did. */
export function comparedStepsJson(
  { rows, divergence }: ComparedSteps,
  {
    a,
    b,
    areInputsCompared,
  }: { readonly a: Summary; readonly b: Summary; readonly areInputsCompared: boolean },
): ComparedStepsJson {
  return {
    ...{ kind: "steps", a: summaryJson(a), b: summaryJson(b), rows: rows.map(stepRowJson) },
    ...{ divergence: divergence ?? null, are_inputs_compared: areInputsCompared },
  };
}

function stepRowJson({ state, isRepeat, a, b }: StepRow): StepRowJson {
  return { state: rowStateJson(state), is_repeat: isRepeat, a: stepJson(a), b: stepJson(b) };
}

/** What became of a step. */
export function rowStateJson(state: StepRow["state"]): StepRowJson["state"] {
  return state === "only-a" ? "only_a" : state === "only-b" ? "only_b" : state;
}

function stepJson(step: Step | undefined): StepJson | null {
  if (step === undefined) return null;
  const { outline, name, number, durationMs, costUsd, glance } = step;
  const { facts, traceId, spanId, state } = outline;
  // One literal: of thousands of steps, spreads would take most of the time.
  return {
    trace_id: traceId,
    span_id: spanId,
    kind: facts.kind,
    name,
    number: number ?? null,
    model: facts.model ?? null,
    glance: glance ?? null,
    duration_ms: durationMs ?? null,
    input_tokens: facts.inputTokens ?? null,
    output_tokens: facts.outputTokens ?? null,
    cost_usd: costUsd ?? null,
    has_failed: facts.failed === true,
    error: facts.error ?? null,
    state,
  };
}
