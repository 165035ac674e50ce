// The turns of a conversation with their numbers, and those of the model calls of its own agent: from outlines alone.

import { nearestAbove } from "../model/ancestors.ts";
import { inStartOrder } from "../model/query.ts";
import { parentsOf } from "../model/tree.ts";
import type { SpanFacts, SpanOutline } from "./facts.ts";
import { Nesting } from "./nesting.ts";
import { isTurnHead } from "./reading.ts";
import { type TurnOf, turnsAmong } from "./turns.ts";

/** A turn of outlines, with its number and that of its first model call. */
export interface NumberedTurn {
  readonly number: number;
  readonly firstCall: number;
  /** The spans of the model calls of the turn's own agent, in order. */
  readonly calls: readonly string[];
  readonly outlines: readonly SpanOutline[];
  readonly head: SpanOutline | undefined;
}

/** The turns in order. */
export const numberedTurns: (outlines: readonly SpanOutline[]) => readonly NumberedTurn[] = remembering(
  (outlines) => {
    let firstCall = 1;
    return turnsOf(outlines).map((turn, i) => {
      const calls = ownCalls(turn);
      const numbered = {
        ...{ number: i + 1, firstCall, calls },
        outlines: turn.spans.map(({ span }) => span),
        head: turn.head?.span,
      };
      firstCall += calls.length;
      return numbered;
    });
  },
);

/** A span of a turn. */
export interface OutlinedSpan {
  readonly span: SpanOutline;
}

/** The turns of outlines, in order. */
export const turnsOf: (outlines: readonly SpanOutline[]) => readonly TurnOf<OutlinedSpan>[] = remembering(
  (outlines) => {
    const ordered = inStartOrder(outlines).map((span) => ({ span }));
    return turnsAmong(ordered, ({ span }) => span.facts.kind);
  },
);

/** Of outlines that are asked about again, as for each turn of an export, the answer is known while they are held. */
function remembering<T>(
  make: (outlines: readonly SpanOutline[]) => readonly T[],
): (outlines: readonly SpanOutline[]) => readonly T[] {
  const known = new WeakMap<readonly SpanOutline[], readonly T[]>();
  return (outlines) => {
    const made = known.get(outlines) ?? make(outlines);
    known.set(outlines, made);
    return made;
  };
}

/** Model calls, each once, that are no sub-agent's and no tool's. */
function ownCalls({ head, spans }: TurnOf<OutlinedSpan>): string[] {
  const nesting = new Nesting();
  const placed = spans.map(({ span }) => ({ span, at: nesting.add(span, span.facts) }));
  // The head ends the way up: what lies above it is another's.
  const above = nearestAbove(
    parentsOf(spans.map(({ span }) => span)),
    (span) => span === head?.span || isOthers(span),
  );
  const isOwn = (span: SpanOutline): boolean => {
    const nearest = above(span);
    return nearest === undefined || nearest === head?.span;
  };
  return placed
    .filter(({ span, at }) => span.facts.kind === "model-call" && !nesting.isCallElsewhere(at) && isOwn(span))
    .map(({ span }) => span.spanId);
}

/** True for a span of which all below is another's work than the turn's own agent's. */
export function isOthers({ facts: { kind } }: { readonly facts: SpanFacts }): boolean {
  return kind === "tool-call" || isTurnHead(kind);
}
