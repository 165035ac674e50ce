// What is there in several spans of a turn, told by one of them: for all that show a turn.
import { failureOf } from "../model/failure.ts";
import type { SpanFacts } from "./facts.ts";
import { Nesting } from "./nesting.ts";
import { isSaid, type ReadSpan, spokenBy } from "./turns.ts";

/** A span with all that is known of it. */
export interface KnownSpan extends ReadSpan {
  /** What it adds to its row. */
  readonly facts: SpanFacts;
}

/** Which span tells what. */
export interface Once {
  /** The spans of each tool call, by the outermost. */
  readonly tools: ReadonlyMap<KnownSpan, readonly KnownSpan[]>;
  /** Of the spans of a model call, the one that counts. */
  readonly calls: ReadonlySet<KnownSpan>;
  /** Of those that have words, or an error, the innermost. */
  readonly spoken: ReadonlySet<KnownSpan>;
  readonly failed: ReadonlySet<KnownSpan>;
}

/** Of these spans, in start order. */
export function eachOnce(known: readonly KnownSpan[]): Once {
  return {
    tools: toolCalls(known),
    calls: innermost(known, ({ facts }) => facts.kind === "model-call"),
    spoken: innermost(known, ({ reading }) => isSaid(spokenBy(reading))),
    failed: innermost(known, (one) => failureOf(one.span) !== undefined),
  };
}

function toolCalls(known: readonly KnownSpan[]): Map<KnownSpan, KnownSpan[]> {
  const nesting = new Nesting();
  const byPlace = new Map(known.map((one) => [nesting.add(one.span, one.facts), one]));
  const calls = new Map<KnownSpan, KnownSpan[]>();
  for (const [at, one] of byPlace) {
    const outermost = byPlace.get(nesting.toolCallOf(at)) ?? one;
    const call = calls.get(outermost);
    if (call === undefined) calls.set(outermost, [one]);
    else call.push(one);
  }
  return calls;
}

/** A model call that does not tell is as none: another's span of it may. */
function innermost(known: readonly KnownSpan[], tells: (one: KnownSpan) => boolean): Set<KnownSpan> {
  const nesting = new Nesting();
  const placed = known.map((one) => {
    const facts = tells(one) ? one.facts : { ...one.facts, kind: "other" as const };
    return { one, at: nesting.add(one.span, facts) };
  });
  return new Set(placed.filter(({ at }) => !nesting.isCallElsewhere(at)).map(({ one }) => one));
}
