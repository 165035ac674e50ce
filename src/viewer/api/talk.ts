// JSON of the API: a conversation, and what was said and done in a turn.
import type { StateJson, SummaryJson, UseJson } from "../../conventions/json-forms.ts";
import type { WorkKind } from "../../conventions/work-kind.ts";
import type { MediaJson, Shown } from "./values.ts";

/** A conversation and its turns. */
export interface ConversationJson {
  readonly key: string;
  readonly summary: SummaryJson;
  readonly turns: readonly TurnJson[];
  /** So many spans were interrupted, also where others run. */
  readonly interrupted: number;
  readonly notes: readonly string[];
}

/** A turn at a glance. */
export interface TurnJson extends UseJson {
  /** 1, 2 and so on, in the order in which they began. */
  readonly number: number;
  readonly trace_id: string;
  /** The topmost span; null where the turn is a trace as a whole. */
  readonly span_id: string | null;
  readonly started_at: string;
  /** Null while it runs, and where nobody knows. */
  readonly ended_at: string | null;
  readonly duration_ms: number;
  readonly state: StateJson;
  readonly errors: number;
  readonly aborted: number;
  readonly spans: number;
  readonly tool_calls: number;
  /** The number of the first model call of the turn's own agent: they are counted through the conversation. */
  readonly first_call: number;
  /** So many model calls of the turn's own agent. */
  readonly calls: number;
}

/** What was said and done in a turn. */
export interface TurnTalkJson extends TurnJson {
  /** What the user said; null where nothing was. */
  readonly user: Shown;
  /** Who the user is. */
  readonly user_name: string | null;
  readonly agent: string | null;
  /** In the order in which they began. */
  readonly entries: readonly EntryJson[];
  /** What was answered, where no model call says it. */
  readonly answer: Shown;
  /** Why the turn itself failed. */
  readonly error: string | null;
  readonly notes: readonly string[];
}

/** Something that was done in a turn. */
export type EntryJson = CallJson | ToolJson | AgentJson | MishapJson;

/** What all entries have. */
export interface TimedJson {
  readonly span_id: string;
  /** Since the turn began. */
  readonly offset_ms: number;
  /** Null while it runs, and where it was interrupted. */
  readonly duration_ms: number | null;
  readonly state: StateJson;
  /** What went wrong; null where it did not fail. */
  readonly error: string | null;
  readonly aborted: boolean;
}

/** A call of a model. */
export interface CallJson extends TimedJson, Omit<UseJson, "unpriced_calls"> {
  readonly type: "call";
  /** Through the conversation; null for calls of sub-agents. */
  readonly number: number | null;
  readonly model: string | null;
  readonly first_token_ms: number | null;
  readonly finish_reason: string | null;
  /** What the model said; null where it said nothing, as where it only called tools. */
  readonly words: Shown;
  /** What it thought before. */
  readonly reasoning: Shown;
  /** Images and files that it made. */
  readonly media: readonly MediaJson[];
}

/** A call of a tool, or a retrieval. */
export interface ToolJson extends TimedJson {
  readonly type: "tool";
  readonly kind: WorkKind;
  readonly name: string;
  /** One line of the arguments, at most 160 characters. */
  readonly glance: string;
  readonly arguments: Shown;
  readonly result: Shown;
  /** The sub-agent that did the work, where there was one. */
  readonly agent: string | null;
  /** What that was asked. */
  readonly task: Shown;
  /** What was done in it. */
  readonly thread: readonly EntryJson[];
}

/** Another agent's work that is no tool's. */
export interface AgentJson extends TimedJson {
  readonly type: "agent";
  readonly name: string;
  readonly input: Shown;
  readonly output: Shown;
  readonly thread: readonly EntryJson[];
}

/** A span of another kind that failed. */
export interface MishapJson extends TimedJson {
  readonly type: "mishap";
  readonly name: string;
}
