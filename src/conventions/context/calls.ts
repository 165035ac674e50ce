// Which model calls of a conversation belong together: the same agent's in order, sub-agents' apart. From outlines alone.

import { nearestAbove } from "../../model/ancestors.ts";
import { parentsOf } from "../../model/tree.ts";
import { hasTokens, type SpanOutline } from "../facts.ts";
import { Nesting } from "../nesting.ts";
import { isOthers, numberedTurns } from "../numbered-turns.ts";

/** A model call, and where it belongs. */
export interface PlannedCall {
  readonly outline: SpanOutline;
  /** The number of its turn. */
  readonly turn: number;
  /** Through the conversation; undefined for the calls of sub-agents. */
  readonly number: number | undefined;
  /** Who calls: calls of one thread follow one another. */
  readonly thread: string;
  /** All work of an agent of that name: a later run of a sub-agent may go on with its history. */
  readonly agent: string;
  /** The spans that tell of this call: itself, then those of libraries around it. */
  readonly spans: readonly SpanOutline[];
  /** The one whose tokens count. */
  readonly counted: SpanOutline;
}

/** The model calls, each once, in the order in which they began. */
export function plannedCalls(outlines: readonly SpanOutline[]): PlannedCall[] {
  const turns = numberedTurns(outlines);
  return turns
    .flatMap((turn) => {
      const numbers = new Map(turn.calls.map((id, i) => [id, turn.firstCall + i]));
      return callsOf(turn.outlines).map((call) => {
        const number = numbers.get(call.outline.spanId);
        const isOwn = number !== undefined;
        const { agent = "" } = call.outline.facts;
        const thread = isOwn ? `own ${agent}` : `${call.owner} ${agent}`;
        return { ...call, number, thread, turn: turn.number, agent: `${isOwn ? "own" : "sub"} ${agent}` };
      });
    })
    .sort((a, b) => a.outline.startedAtMicros - b.outline.startedAtMicros);
}

type Found = Pick<PlannedCall, "outline" | "spans" | "counted"> & { readonly owner: string };

function callsOf(outlines: readonly SpanOutline[]): Found[] {
  const nesting = new Nesting();
  const placed = outlines.map((outline) => ({ outline, at: nesting.add(outline, outline.facts) }));
  const calls = placed.filter(({ outline }) => outline.facts.kind === "model-call");
  const own = calls.filter(({ at }) => !nesting.isCallElsewhere(at)).map(({ outline }) => outline);
  const around = aroundEach(
    own,
    calls.filter(({ at }) => nesting.isCallElsewhere(at)).map(({ outline }) => outline),
  );
  const uncounted = new Set(
    placed.filter(({ at }) => nesting.areTokensElsewhere(at)).map(({ outline }) => outline),
  );
  const above = nearestAbove(parentsOf(outlines), isOthers);
  return own.map((outline) => {
    const spans = [outline, ...(around.get(outline) ?? [])];
    const counted = spans.find((one) => hasTokens(one.facts) && !uncounted.has(one)) ?? outline;
    return { outline, spans, counted, owner: above(outline)?.spanId ?? outline.traceId };
  });
}

/** Some libraries' times are cut to whole milliseconds. */
export const ROUNDING = 1000;

/** Spans of other libraries that have one call and no other within their time tell of that call too. */
function aroundEach(
  own: readonly SpanOutline[],
  outer: readonly SpanOutline[],
): Map<SpanOutline, SpanOutline[]> {
  const around = new Map<SpanOutline, SpanOutline[]>();
  for (const one of outer) {
    const [within, ...others] = own.filter((call) => call.traceId === one.traceId && isWithin(call, one));
    if (within === undefined || others.length > 0) continue;
    around.set(within, [...(around.get(within) ?? []), one]);
  }
  return around;
}

function isWithin(inner: SpanOutline, outer: SpanOutline): boolean {
  const [start, end] = [
    outer.startedAtMicros - ROUNDING,
    (outer.endedAtMicros ?? Number.POSITIVE_INFINITY) + ROUNDING,
  ];
  return inner.startedAtMicros >= start && (inner.endedAtMicros ?? inner.startedAtMicros) <= end;
}
