// What kinds of work there are.

/** What kind of work a span is. */
export type WorkKind =
  | "turn"
  | "cycle"
  | "model-call"
  | "tool-call"
  | "agent"
  | "plan"
  | "retrieval"
  | "memory"
  | "embedding"
  | "chain"
  | "history"
  | "other";
