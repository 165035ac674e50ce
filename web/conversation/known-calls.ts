// The calls of models that were read so far.
import type { CallJson } from "../../src/viewer/api.ts";
import { callSubject, compareUrl } from "../app/location.ts";
import { isExported } from "../app/source.ts";
import type { LensCalls } from "../context/lens.ts";
import type { DoneTool } from "../parts/done.ts";

/** A call that can be looked at. */
export interface KnownCall {
  readonly call: CallJson;
  readonly traceId: string;
  readonly turnStart: number;
  /** The calls of tools that came of it. */
  readonly tools: readonly DoneTool[];
}

/** Calls by their spans. */
export type KnownCalls = ReadonlyMap<string, KnownCall>;

/** Where the call is compared with the one before it: that which the lens tells, or else by their numbers. */
export function comparisonUrl(
  key: string,
  { call, traceId }: KnownCall,
  lens: LensCalls,
): string | undefined {
  const known = lens.get(call.span_id)?.before;
  const number = call.number ?? 0;
  const before = known ?? (number > 1 ? { number: number - 1, trace_id: "", span_id: "" } : undefined);
  const own = { number: call.number, trace_id: traceId, span_id: call.span_id };
  // A file has each call beside the one that the lens compares it with.
  if (isExported) return known ? compareUrl(callSubject(known), callSubject(own)) : undefined;
  if (before === undefined) return undefined;
  const [a, b] = [before, own].map((one) =>
    one.number === null ? callSubject(one) : `${key}#${one.number}`,
  );
  return a === undefined || b === undefined ? undefined : compareUrl(a, b);
}
