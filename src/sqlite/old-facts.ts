// Facts that an older release made, when they are met: made anew from their spans.
import { factsOf, type SpanFacts, type SpanOutline } from "../conventions/facts.ts";
import type { ReadOutline } from "./decoded-rows.ts";
import type { View } from "./reader.ts";

/** The outlines of each group; those of which the facts are old have new ones. Their spans are read some at a time. */
export async function withNewFacts(
  groups: ReadonlyMap<string, readonly ReadOutline[]>,
  view: View,
): Promise<ReadonlyMap<string, readonly SpanOutline[]>> {
  const old = [...groups.values()].flat().flatMap(({ old: id }) => id ?? []);
  const made = await factsFor(old, view);
  const renewed = ({ outline, old: id = NO_ID }: ReadOutline): SpanOutline => {
    const facts = made.get(id);
    return facts === undefined ? outline : { ...outline, facts };
  };
  return new Map([...groups].map(([key, read]) => [key, read.map(renewed)]));
}

/** The facts of the spans of these rows; of one that cannot be read there are none. */
async function factsFor(ids: readonly number[], view: View): Promise<ReadonlyMap<number, SpanFacts>> {
  const made = new Map<number, SpanFacts>();
  for await (const { id, fields } of view.keyed(ids, "trace_id")) made.set(id, factsOf(fields));
  return made;
}

const NO_ID = -1;
