// JSON of the API: one span, and parts of large values.
import type { StateJson } from "../../conventions/json-forms.ts";
import type { WorkKind } from "../../conventions/work-kind.ts";
import type { MediaJson, Shown } from "./values.ts";

/** All of a span but large values. */
export interface SpanJson {
  readonly trace_id: string;
  readonly span_id: string;
  readonly started_at: string;
  readonly ended_at: string | null;
  readonly duration_ms: number | null;
  readonly state: StateJson;
  readonly reading: ReadingJson;
  /** What the call cost, part by part; null where it has no tokens or no price. */
  readonly bill: readonly BillLineJson[] | null;
  readonly cost_usd: number | null;
  /** The record, as `tracelight export` has it. */
  readonly record: Shown;
}

/** Tokens of one sort, and what they cost. */
export interface BillLineJson {
  /** `input`, `cached_read`, `cached_write`, `input_audio`, `input_image`, `output`, `reasoning`, `output_audio`, `output_image`, `call`. */
  readonly part: string;
  /** Without those that have a line of their own. */
  readonly tokens: number;
  /** US dollars for a million; of `call` for one. */
  readonly price_usd: number;
  readonly cost_usd: number;
}

/** A span in the words of agents. */
export interface ReadingJson {
  readonly kind: WorkKind;
  readonly vocabulary: string | null;
  readonly model: string | null;
  readonly provider: string | null;
  readonly agent: string | null;
  readonly user: string | null;
  readonly conversation_key: string | null;
  readonly cycle: number | null;
  readonly first_token_ms: number | null;
  readonly finish_reason: string | null;
  readonly error: string | null;
  readonly error_details: Shown;
  readonly aborted: boolean;
  readonly usage: UsageJson | null;
  readonly system_prompt: Shown;
  /** The newest at most 200; the path of `LargeJson` has them all. */
  readonly input_messages: readonly MessageJson[];
  /** So many before `input_messages` were left out. */
  readonly earlier_messages: number;
  readonly output_messages: readonly MessageJson[];
  readonly input: Shown;
  readonly output: Shown;
  readonly tool: ToolUseJson | null;
  readonly tools: readonly OfferedToolJson[];
  readonly evaluations: readonly EvaluationJson[];
}

/** Tokens as reported; what was not is absent. */
export interface UsageJson {
  readonly input?: number;
  readonly output?: number;
  readonly cached_read?: number;
  readonly cached_write?: number;
  readonly reasoning?: number;
  readonly input_audio?: number;
  readonly input_image?: number;
  readonly output_audio?: number;
  readonly output_image?: number;
}

/** A message. */
export interface MessageJson {
  readonly role: string;
  readonly parts: readonly PartJson[];
}

/** A part of a message. */
export type PartJson =
  | { readonly type: "text" | "reasoning"; readonly text: Shown }
  | {
      readonly type: "tool-call";
      readonly id?: string;
      readonly name?: string;
      readonly arguments?: Shown;
    }
  | {
      readonly type: "tool-result";
      readonly id?: string;
      readonly name?: string;
      readonly result?: Shown;
      readonly is_error?: true;
    }
  | MediaJson
  | { readonly type: "compaction"; readonly text?: Shown; readonly id?: string }
  | { readonly type: "other"; readonly value: Shown };

/** A call of a tool. */
export interface ToolUseJson {
  readonly name: string | null;
  readonly call_id: string | null;
  readonly arguments: Shown;
  readonly result: Shown;
}

/** A tool that a model may call. */
export interface OfferedToolJson {
  readonly name: string;
  readonly description: Shown;
  readonly schema: Shown;
}

/** What somebody, or some model, thought of the work. */
export interface EvaluationJson {
  readonly name: string;
  readonly score: number | null;
  readonly label: string | null;
  readonly explanation: Shown;
}

/** Which part of a large value is asked for. */
export interface ValueParams {
  readonly path: string;
  /** The first character, in UTF-16 units; default 0. */
  readonly offset?: string;
  /** At most so many; 1 to 1,000,000; default 100,000. */
  readonly length?: string;
}

/** A part of a large value. */
export interface ValueJson {
  readonly path: string;
  /** `json`: the text is JSON, two spaces a level. */
  readonly type: "text" | "json";
  /** The whole has so many characters. */
  readonly size: number;
  readonly offset: number;
  readonly text: string;
  /** Where the next part begins; null where this was the last. */
  readonly next: number | null;
}
