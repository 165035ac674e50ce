// The kept share, as a span says it: in its trace state.
import { keptShare, thresholdOf, withThreshold } from "../model/probability.ts";
import { frozenSpan, type Span } from "../tracing/span.ts";
import { NODE, UNATTACHED } from "../tracing/span-node.ts";

/** The span with that share of what was kept before; the same where that is all. A copy, since others may have the span too. */
export function withShare(span: Span, share: number): Span {
  if (share === 1) return span;
  const { traceId, traceState } = span;
  const th = thresholdOf(share * keptShare(traceId, traceState))?.th;
  const node = { ...span[NODE], ...UNATTACHED, traceState: withThreshold(traceState, th) };
  return frozenSpan(node, span.payload());
}
