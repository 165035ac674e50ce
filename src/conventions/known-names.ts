// Which attributes a reading may look at, by their names: of a span with very many, its row is made from these.

/** True where a reading, a conversation's id or a failure may be found under the name. */
export function isKnownName(name: string): boolean {
  return KNOWN.test(name);
}

/** By what stands before the first dot. A test of the SQLite store holds it against all recorded spans. */
const KNOWN =
  /^(?:metadata$|(?:ai|gen_ai|llm|mcp|traceloop|openinference|anthropic|agent|tool|tool_call|input|output|embedding|retrieval|reranker|exception|error|session|user|enduser|peer|service|operation)\.)/;
