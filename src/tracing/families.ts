// Spans that know their parents: what a store answers.
import type { SpanFields } from "../model/span-fields.ts";
import { frozenSpan, type Span, spanFrom } from "./span.ts";
import { NODE } from "./span-node.ts";

/** Frozen copies of `spans` whose `parentSpan` is the copy of their parent, where that is among them. */
export function linkSpans(spans: readonly Span[], parents: ReadonlyMap<Span, Span>): Span[] {
  return madeTopDown(spans, parents, (span, parentSpan) =>
    frozenSpan(span[NODE], { ...span.payload(), parentSpan }),
  );
}

/** The spans of these fields, each with its parent where that is among them. */
export function spansFrom<F extends SpanFields>(fields: readonly F[], parents: ReadonlyMap<F, F>): Span[] {
  return madeTopDown(fields, parents, spanFrom);
}

/** Makes a span of each, its parent's first; a loop of parents ends where it closes. */
function madeTopDown<F>(
  all: readonly F[],
  parents: ReadonlyMap<F, F>,
  make: (one: F, parentSpan: Span | undefined) => Span,
): Span[] {
  const made = new Map<F, Span>();
  return all.map((one) => {
    const chain = new Set<F>();
    for (
      let at: F | undefined = one;
      at !== undefined && !made.has(at) && !chain.has(at);
      at = parents.get(at)
    )
      chain.add(at);
    for (const at of [...chain].reverse()) {
      const parent = parents.get(at);
      made.set(at, make(at, parent === undefined ? undefined : made.get(parent)));
    }
    return made.get(one) ?? make(one, undefined);
  });
}
