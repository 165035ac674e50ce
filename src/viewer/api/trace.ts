// JSON of the API: a trace without its payloads, and its spans at a glance.
import type { SummaryJson } from "../../conventions/json-forms.ts";
import type { Columns } from "./list.ts";

/** What may be asked of a trace. */
export interface TraceParams {
  /** Only so many spans, those that began first: the rows that are seen before the others have come. */
  readonly first?: number;
}

/** A trace without its payloads. */
export interface TraceJson {
  /** False where only the first spans were asked for, and there are more. */
  readonly whole: boolean;
  /** Of the spans that are here. */
  readonly summary: SummaryJson;
  /** Where it belongs; null where it is of no conversation, or not whole. */
  readonly conversation: TraceTurnJson | null;
  /** The offsets of the spans count from here. */
  readonly started_at: string;
  /** Texts that columns name by their index. */
  readonly texts: readonly string[];
  /** The spans' ids: 16 characters each, one behind the other. */
  readonly ids: string;
  /** Each span, in start order, parents first where times tie. */
  readonly spans: Columns<OutlineJson>;
  /** What model calls have besides. */
  readonly calls: Columns<OutlineCallJson>;
  /** The tools of tool calls, and the agents of spans that name one: indexes of `spans`, and of `texts`. */
  readonly tools: Columns<OutlineTextJson>;
  readonly agents: Columns<OutlineTextJson>;
  /** Indexes of the spans that failed, that were aborted, that run, that were interrupted. */
  readonly failed: readonly number[];
  readonly aborted: readonly number[];
  readonly running: readonly number[];
  readonly interrupted: readonly number[];
  readonly notes: readonly string[];
}

/** A trace among the turns of its conversation. */
export interface TraceTurnJson {
  readonly key: string;
  /** The number of the trace's first turn. */
  readonly turn: number;
  readonly turns: number;
  /** The trace of the turn before the trace's first; null where there is none. */
  readonly previous_trace_id: string | null;
  /** The trace of the turn behind the trace's last. */
  readonly next_trace_id: string | null;
}

/** A span in a trace. */
export interface OutlineJson {
  /** The index of its parent; -1 where it has none, -2 where that is not there. */
  readonly parent: number;
  /** Its name, in `texts`. */
  readonly name: number;
  /** Its kind of work, in `texts`. */
  readonly kind: number;
  /** Microseconds since the trace began. */
  readonly start_us: number;
  /** Microseconds; null where it has not ended. */
  readonly duration_us: number | null;
}

/** What a model call has besides. */
export interface OutlineCallJson {
  /** The index of the span. */
  readonly span: number;
  /** In `texts`; -1 where it is not known. */
  readonly model: number;
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly first_token_ms: number | null;
  readonly cost_usd: number | null;
}

/** A text of a span. */
export interface OutlineTextJson {
  /** The index of the span. */
  readonly span: number;
  /** The index of the text. */
  readonly text: number;
}

/** The numbers of a trace's model calls. */
export interface CallNumbersJson {
  /** Those of the turn's own agent; a sub-agent's have none. */
  readonly calls: Columns<CallNumberJson>;
}

/** A model call with its number. */
export interface CallNumberJson {
  readonly span_id: string;
  /** Through the conversation: 1, 2 and so on. */
  readonly number: number;
}

/** One line for each span that was asked for; those that are not there are left out. */
export interface GlancesJson {
  readonly glances: { readonly [spanId: string]: GlanceJson };
}

/** A span on one line. */
export interface GlanceJson {
  /** Its words or arguments, at most 160 characters; null where there are none. */
  readonly text: string | null;
  /** What went wrong, at most 160 characters; null where it did not fail. */
  readonly error: string | null;
}
