// The numbers of a trace's model calls in their conversation: asked for when a call is first looked at.
import { useMemo } from "preact/hooks";
import { API, type CallNumbersJson } from "../../src/viewer/api.ts";
import { read } from "../app/api.ts";
import { useResource } from "../app/resource.ts";
import { SHOWN_KINDS } from "./kinds.ts";
import { idAt, type TraceModel } from "./model.ts";

/** The number of the span's call; undefined where it is no call, or has no number. */
export function useCallNumber(traceId: string, model: TraceModel, span: number): number | undefined {
  const isCall = span >= 0 && SHOWN_KINDS[model.kind[span] ?? 0] === "model";
  // Of a trace that runs there are more by and by, and none of those that were changes.
  const isRunning = model.now !== undefined;
  const key = isCall ? `${traceId} ${isRunning ? span : ""}` : undefined;
  const answer = useResource(key, (signal) => read<CallNumbersJson>(API.calls(traceId), {}, signal));
  const known = answer.data.value;
  const numbers = useMemo(
    () => new Map(known?.calls.span_id.map((id, i) => [id, known.calls.number[i]])),
    [known],
  );
  return isCall ? numbers.get(idAt(model, span)) : undefined;
}
