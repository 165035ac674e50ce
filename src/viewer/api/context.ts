// JSON of the API: the context lens.
import type { WordPieceJson } from "../../conventions/compare/json-forms.ts";
import type {
  ContextJson,
  ContextPartsJson,
  ToolStoryJson,
  WasteJson,
} from "../../conventions/context/json-forms.ts";

/** What `context` takes. */
export interface ContextParams {
  /** The span of the call to open. */
  readonly call?: string;
}

/** All of a conversation's windows, and the one that was opened. */
export interface ContextAnswerJson extends ContextJson {
  /** Null where none was to be opened. */
  readonly opened: OpenedCallJson | null;
  readonly notes: readonly string[];
}

/** A call with all parts of its prompt, in order. */
export interface OpenedCallJson {
  readonly span_id: string;
  readonly segments: readonly SegmentJson[];
  /** At the first place that differs from the call before; null where none does. */
  readonly difference: {
    /** Of each text at most the first 20,000 characters. */
    readonly words: readonly WordPieceJson[];
    readonly is_cut: boolean;
  } | null;
}

/** A piece of a prompt. */
export interface SegmentJson {
  readonly part: keyof ContextPartsJson;
  readonly kind: "tool" | "system" | "message" | "result";
  readonly role: string;
  /** The tool's name. */
  readonly name: string | null;
  /** The tools that it asks for. */
  readonly calls: readonly string[];
  /** Where it stands in the span's `input_messages`: `API.value` gives it whole, at `/reading/input_messages/N`. */
  readonly message: number | null;
  /** Estimated. */
  readonly tokens: number;
  /** Of what is new: its first words, at most 200 characters. */
  readonly glance: string | null;
}

/** Why a tool was called. */
export interface WhyJson {
  /** Null where no model is known to have asked for it, and where the span calls no tool. */
  readonly story: ToolStoryJson | null;
  readonly notes: readonly string[];
}

/** What was read again although it had been cached, by cause, in the newest conversations. */
export interface WasteAnswerJson extends WasteJson {
  readonly notes: readonly string[];
}
