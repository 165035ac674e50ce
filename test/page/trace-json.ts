// Traces as the API has them, for tests of the page.
import type { TraceJson } from "../../src/viewer/api.ts";

/** The id of the span at that place. */
export function idOf(place: number): string {
  return place.toString(16).padStart(16, "0");
}

/** A turn and what it called, a second each: so many spans. */
export function traceOf({
  spans,
  whole = true,
}: {
  readonly spans: number;
  readonly whole?: boolean;
}): TraceJson {
  const all = Array.from({ length: spans }, (_, i) => i);
  const none = { span: [], text: [] };
  return {
    whole,
    summary: {
      ...{ by: "trace", id: "t", title: null, name: "turn", agent: null, user: null, state: "ended" },
      ...{
        started_at: START,
        ended_at: null,
        latest_at: START,
        duration_ms: 0,
        time_to_first_token_ms: null,
      },
      ...{ traces: 1, spans, model_calls: 0, tool_calls: 0, errors: 0, aborted: 0, tools: [], models: [] },
      ...{ finish_reasons: [], cost_usd: null, unpriced_calls: 0, input_tokens: 0, output_tokens: 0 },
      ...{ cached_read_tokens: 0, cached_write_tokens: 0, reasoning_tokens: 0 },
    },
    ...{ conversation: null, started_at: START, texts: ["turn", "other"], notes: [] },
    ids: all.map(idOf).join(""),
    spans: {
      ...{ parent: all.map((i) => (i === 0 ? -1 : 0)), name: all.map(() => 0) },
      ...{ kind: all.map((i) => (i === 0 ? 0 : 1)), start_us: all.map((i) => i * 1e6) },
      duration_us: all.map(() => 1e6),
    },
    calls: { span: [], model: [], input_tokens: [], output_tokens: [], first_token_ms: [], cost_usd: [] },
    ...{ tools: none, agents: none, failed: [], aborted: [], running: [], interrupted: [] },
  };
}

/** When it began. */
export const START = "2026-11-25T22:41:19.600000Z";
