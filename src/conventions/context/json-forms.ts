// The context lens as JSON: what the command prints with `--json` and the viewer answers. Types alone.

/** A call by its span. */
export interface CallNameJson {
  readonly trace_id: string;
  readonly span_id: string;
  /** Through the conversation; null for the calls of sub-agents. */
  readonly number: number | null;
}

/** A model call of a conversation, and what filled its window. */
export interface ContextCallJson extends CallNameJson {
  /** The number of its turn. */
  readonly turn: number;
  readonly agent: string | null;
  readonly model: string | null;
  readonly started_at: string;
  /** As reported; null where it was not. */
  readonly input_tokens: number | null;
  readonly output_tokens: number | null;
  readonly cached_read_tokens: number | null;
  readonly cached_write_tokens: number | null;
  /** Tokens that the model's window holds; null where the price table does not know it. */
  readonly window_tokens: number | null;
  /** Tokens of the input by what they are: estimates, but for their sum. */
  readonly parts: ContextPartsJson;
  /** Of what is new, what users said: estimated. */
  readonly asked_tokens: number;
  /** Null where the usage says nothing of a cache. */
  readonly fates: ContextFatesJson | null;
  /** The call that it is compared with. */
  readonly before: CallNameJson | null;
  /** Null where the prompt goes on where the one before ended, and for a first call. */
  readonly change: ContextChangeJson | null;
  readonly cache: ContextCacheJson;
  readonly compaction: ContextCompactionJson | null;
  readonly cost_usd: number | null;
}

/** Tokens of a prompt by what they are. */
export interface ContextPartsJson {
  /** The tools that were offered. */
  readonly tools: number;
  readonly system: number;
  /** Messages that the call before had too, without results of tools. */
  readonly history: number;
  /** Results of tools that the call before had too. */
  readonly results: number;
  /** What the call before did not have. */
  readonly new: number;
  /** All of it, where no prompt is recorded. */
  readonly unrecorded: number;
}

/** What became of the tokens of a prompt. */
export interface ContextFatesJson {
  /** Read from the cache, as reported. */
  readonly cached: number;
  /** What the call before had too, and was not read from the cache. */
  readonly again: number;
  readonly new: number;
}

/** The first place at which a prompt is not the one before. */
export interface ContextChangeJson {
  readonly place: "tools" | "system" | "messages";
  readonly how: "added" | "removed" | "changed" | "shortened" | "lengthened" | "reordered";
  /** In words. */
  readonly text: string;
  /** All places that differ. */
  readonly places: readonly ("tools" | "system" | "messages")[];
  readonly before: ContextPieceJson | null;
  readonly after: ContextPieceJson | null;
}

/** A piece of a prompt at a glance. */
export interface ContextPieceJson {
  readonly kind: "tool" | "system" | "message" | "result";
  readonly role: string;
  /** The tool's name. */
  readonly name: string | null;
  /** Of a message: where it stands in the span's `input_messages`. */
  readonly message: number | null;
  /** Estimated. */
  readonly tokens: number;
  /** Its first words, at most 200 characters. */
  readonly glance: string | null;
}

/** What became of the cache, and why: see docs/context.md. */
export interface ContextCacheJson {
  readonly state: "kept" | "broken" | "changed" | "unused" | "cold" | "unknown";
  readonly cause: string | null;
  /** The provider's own word, where it gave one. */
  readonly reported: string | null;
  readonly pause_ms: number | null;
  readonly missed_tokens: number | null;
  readonly wasted_tokens: number | null;
  /** Null where nothing was wasted, or there is no price. */
  readonly wasted_usd: number | null;
}

/** A history that was made shorter. */
export interface ContextCompactionJson {
  readonly how: "summary" | "cut";
  readonly messages_before: number;
  readonly messages_after: number;
  readonly tokens_before: number | null;
  readonly tokens_after: number | null;
  /** The first words of what stands for those that were left out. */
  readonly summary: string | null;
}

/** Something worth to know, the largest waste first. */
export interface ContextFindingJson {
  /** In words. */
  readonly text: string;
  /** The call, where it is one; null where it is told of several. */
  readonly call: CallNameJson | null;
  readonly cause: string;
  readonly calls: number;
  readonly tokens: number;
  readonly wasted_usd: number | null;
}

/** What the result of a tool cost in all the calls that had it. */
export interface ContextResultJson {
  readonly name: string | null;
  readonly call_id: string | null;
  readonly first: CallNameJson;
  readonly tokens: number;
  readonly calls: number;
  readonly all_tokens: number;
  readonly cost_usd: number | null;
}

/** Why a tool was called. */
export interface ToolStoryJson {
  /** The tool, and the call's id as the model gave it; null where it gave none. */
  readonly name: string | null;
  readonly call_id: string | null;
  /** The call of the model that asked for it. */
  readonly asked: CallNameJson & Pick<ContextCallJson, "turn" | "agent" | "model" | "started_at">;
  /** The tools that the model could choose from, in the order in which they were offered. */
  readonly offered: readonly string[];
  /** The tools that it asked for in the same answer, besides. */
  readonly beside: readonly string[];
  /** What it thought, and what it said, before it asked: at most the first 20,000 characters; null where nothing is recorded. */
  readonly reasoning: string | null;
  readonly words: string | null;
  /** True where one of them has more. */
  readonly is_cut: boolean;
  /** What the result cost in all calls that had it; null where none had. */
  readonly result: ContextResultJson | null;
}

/** All of a conversation's windows. */
export interface ContextJson {
  readonly calls: readonly ContextCallJson[];
  readonly findings: readonly ContextFindingJson[];
  /** The 50 with the most tokens in all. */
  readonly results: readonly ContextResultJson[];
}

/** What was read again although it had been cached, in the newest conversations. */
export interface WasteJson {
  readonly by: "waste";
  /** The dearest first. */
  readonly causes: readonly WasteCauseJson[];
  /** Conversations, and traces without one, whose calls were looked at. */
  readonly looked_at: number;
  /** Those of them whose prompts were read: in the others no call read less than had been cached. */
  readonly read: number;
  /** Those whose prompts were to be read, but are too many. */
  readonly left_out: number;
  /** True where there may be older ones. */
  readonly more: boolean;
}

/** What one cause wasted. */
export interface WasteCauseJson {
  /** See docs/context.md. */
  readonly cause: string;
  readonly calls: number;
  readonly conversations: number;
  /** Tokens that were read again. */
  readonly tokens: number;
  /** Null where none of the calls has a price. */
  readonly wasted_usd: number | null;
  /** Calls without a price. */
  readonly unpriced_calls: number;
}
