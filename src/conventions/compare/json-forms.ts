// What was compared as JSON: what the command prints with `--json`, and of calls the viewer answers. Types alone.
import type { ContextPieceJson } from "../context/json-forms.ts";
import type { StateJson, SummaryJson } from "../json-forms.ts";
import type { WorkKind } from "../work-kind.ts";

/** Two model calls, prompt and answer. */
export interface ComparedCallsJson {
  readonly kind: "calls";
  readonly a: ComparedCallJson;
  readonly b: ComparedCallJson;
  /** In order: runs of what is the same are one row. */
  readonly rows: readonly CallRowJson[];
}

/** What is measured of a call. */
export interface ComparedCallJson {
  readonly trace_id: string;
  readonly span_id: string;
  readonly model: string | null;
  readonly agent: string | null;
  readonly started_at: string;
  readonly duration_ms: number | null;
  readonly first_token_ms: number | null;
  readonly input_tokens: number | null;
  readonly cached_read_tokens: number | null;
  readonly output_tokens: number | null;
  readonly cost_usd: number | null;
}

/** A run of pieces that are the same, or one that is not. */
export interface CallRowJson {
  readonly state: "same" | "changed" | "only_a" | "only_b";
  readonly section: "tools" | "system" | "messages" | "answer";
  /** So many pieces: more than one where they are the same. */
  readonly pieces: number;
  /** Estimated; of `changed`, those of the second. */
  readonly tokens: number;
  readonly a: ContextPieceJson | null;
  readonly b: ContextPieceJson | null;
  /** Of `same`: the pieces at a glance, of a long run the first 20 and the last 20. */
  readonly list: readonly ContextPieceJson[];
  /** Of `changed`: what differs, by words. Null where that is too long: `is_cut` says so. */
  readonly words: readonly WordPieceJson[] | null;
  /** Of what is in one alone: its text, at most 4,000 characters. */
  readonly text: string | null;
  readonly is_cut: boolean;
}

/** A piece of a text that is in both, or in one. */
export interface WordPieceJson {
  readonly in: "both" | "a" | "b";
  readonly text: string;
}

/** What two traces or conversations did, step by step. */
export interface ComparedStepsJson {
  readonly kind: "steps";
  readonly a: SummaryJson;
  readonly b: SummaryJson;
  readonly rows: readonly StepRowJson[];
  /** The row from which on they part: 0 is the first. Null where they do not. */
  readonly divergence: number | null;
  /** False where there are too many steps to look at what they were called with. */
  readonly are_inputs_compared: boolean;
}

/** A step of one, the other or both. */
export interface StepRowJson {
  readonly state: "same" | "changed" | "moved" | "only_a" | "only_b";
  /** The step before it on its side is a call of the same. */
  readonly is_repeat: boolean;
  readonly a: StepJson | null;
  readonly b: StepJson | null;
}

/** A call of a model or a tool. */
export interface StepJson {
  readonly trace_id: string;
  readonly span_id: string;
  readonly kind: WorkKind;
  readonly name: string;
  /** Of a turn's own model call: 1, 2 and so on through all. */
  readonly number: number | null;
  readonly model: string | null;
  /** What it was called with, on one line of at most 160 characters. */
  readonly glance: string | null;
  readonly duration_ms: number | null;
  readonly input_tokens: number | null;
  readonly output_tokens: number | null;
  readonly cost_usd: number | null;
  readonly has_failed: boolean;
  /** What went wrong, on one line of at most 200 characters. */
  readonly error: string | null;
  readonly state: StateJson;
}
