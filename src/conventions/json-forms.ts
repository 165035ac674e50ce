// Rows, counts and hits as JSON: what the command prints with `--json` and the viewer answers. Types alone.

export type { JsonValue } from "../model/json-value.ts";

/** What models used, each token counted once. */
export interface UseJson {
  /** Tokens that models were given. */
  readonly input_tokens: number;
  /** Tokens that models gave. */
  readonly output_tokens: number;
  /** Of the input's tokens, those read from a cache of the provider. */
  readonly cached_read_tokens: number;
  /** Of the input's tokens, those written to a cache of the provider. */
  readonly cached_write_tokens: number;
  /** Of the output's tokens, those that models thought with. */
  readonly reasoning_tokens: number;
  /** US dollars, of all calls that have a price; null where none has. */
  readonly cost_usd: number | null;
  /** Calls with tokens that have no price: they are not in the sum. */
  readonly unpriced_calls: number;
}

/** A trace or a conversation as one row. Times are ISO 8601 in UTC. */
export interface SummaryJson extends UseJson {
  /** What the row is about. */
  readonly by: "trace" | "conversation";
  /** The id; a value that JSON lacks is as in a record. */
  readonly id: unknown;
  /** The first words that a user said, at most 200 characters. */
  readonly title: string | null;
  /** The name of the first span. */
  readonly name: string;
  /** The agent's name, or the service's. */
  readonly agent: string | null;
  /** Who the work was done for. */
  readonly user: string | null;
  /** When the first span began. */
  readonly started_at: string;
  /** When the last span ended; null while one runs. */
  readonly ended_at: string | null;
  /** When the latest turn began: rows are in this order. */
  readonly latest_at: string;
  /** From the first start to the last end, summed over the traces. */
  readonly duration_ms: number;
  /** How many traces it has. */
  readonly traces: number;
  /** How many spans it has. */
  readonly spans: number;
  /** Model calls, each once. */
  readonly model_calls: number;
  /** Tool calls, each once. */
  readonly tool_calls: number;
  /** Spans that failed. */
  readonly errors: number;
  /** Spans whose work was called off. */
  readonly aborted: number;
  /** The tools that were called, each once. */
  readonly tools: readonly string[];
  /** The models that were called, each once. */
  readonly models: readonly string[];
  /** The longest that a call took to its first token; null where none says. */
  readonly time_to_first_token_ms: number | null;
  /** Why models stopped, each reason once. */
  readonly finish_reasons: readonly string[];
  /** `running` where a span runs, else `interrupted` where one was, else `ended`. */
  readonly state: StateJson;
}

/** Whether a span, or a row of spans, runs. */
export type StateJson = "running" | "ended" | "interrupted";

/** All that was counted. */
export interface TotalJson extends UseJson {
  /** Tells it from the rows. */
  readonly by: "total";
  /** All spans, of whatever kind. */
  readonly spans: number;
  /** The traces that they are of. */
  readonly traces: number;
  /** What is there of them, where only a share was kept: all figures are estimates by it then. Null where all are there. */
  readonly kept: { readonly spans: number; readonly traces: number } | null;
  /** Calls of models. */
  readonly model_calls: number;
  /** Calls of tools. */
  readonly tool_calls: number;
  /** Turns of agents. */
  readonly turns: number;
  /** Spans that failed. */
  readonly errors: number;
  /** Milliseconds that half of the calls of models were within; null where none has ended. */
  readonly p50_ms: number | null;
  /** Milliseconds that 19 of 20 calls of models were within. */
  readonly p95_ms: number | null;
  /** The first start; null where there are no spans. */
  readonly first_started_at: string | null;
  /** The last start. */
  readonly last_started_at: string | null;
}

/** One line of a count. */
export interface CountJson extends UseJson {
  /** What `name` is the name of. */
  readonly by: string;
  /** The model, tool, agent, user or day. */
  readonly name: string;
  /** Calls of the model or tool; an agent's, a user's and a day's are their turns. */
  readonly calls: number;
  /** Of the calls, those that are there: the figures of the row are estimates by them. Null where all are there. */
  readonly kept: number | null;
  /** Calls that failed; an agent's, a user's and a day's are all spans that did. */
  readonly errors: number;
  /** Milliseconds that half of the calls were within; null where none has ended. */
  readonly p50_ms: number | null;
  /** Milliseconds that 19 of 20 calls were within. */
  readonly p95_ms: number | null;
  /** What the errors said most often, at most 200 characters, and how many said it; null where none said anything. */
  readonly top_error: { readonly words: string; readonly count: number } | null;
}

/** A span that has the words that were looked for. */
export interface HitJson {
  /** The span's trace. */
  readonly trace_id: string;
  /** The span. */
  readonly span_id: string;
  /** Its name. */
  readonly span_name: string;
  /** When it began. */
  readonly started_at: string;
  /** The id of its conversation, as in a record; null where it is of none. */
  readonly conversation_id: unknown;
  /** The hits in their context, at most 3. */
  readonly snippets: readonly SnippetJson[];
}

/** A line with at least one hit. */
export interface SnippetJson {
  /** What the text is to its span. */
  readonly label: "name" | "input" | "output" | "message" | "error";
  /** The line; `…` stands where it is cut. */
  readonly text: string;
  /** The parts of it that were asked for, in order. */
  readonly hits: readonly string[];
}
