// Makes the JSON of what was wasted: for the command and the viewer.
import type { WasteCauseJson, WasteJson } from "../conventions/context/json-forms.ts";
import type { WasteRow } from "../conventions/context/waste.ts";

/** What was wasted by cause; `seen` says what was looked at for it. */
export function wasteJson(
  rows: readonly WasteRow[],
  seen: {
    readonly lookedAt: number;
    readonly read: number;
    readonly leftOut: number;
    readonly more: boolean;
  },
): WasteJson {
  const { lookedAt, read, leftOut, more } = seen;
  return { by: "waste", causes: rows.map(causeJson), looked_at: lookedAt, read, left_out: leftOut, more };
}

function causeJson({
  cause,
  calls,
  conversations,
  tokens,
  wastedUsd,
  unpricedCalls,
}: WasteRow): WasteCauseJson {
  return {
    ...{ cause, calls, conversations, tokens },
    ...{ wasted_usd: wastedUsd ?? null, unpriced_calls: unpricedCalls },
  };
}
