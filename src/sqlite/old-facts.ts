// Facts that an older release made, when they are met: made anew from their spans, and kept for the next time.
import { factsOf, type SpanFacts } from "../conventions/facts.ts";
import { encodeFacts } from "../conventions/stored-facts.ts";
import type { SqlStatement } from "./database.ts";
import type { ReadOutline } from "./decoded-rows.ts";
import type { View } from "./reader.ts";

/** So many rows are brought up to date in one transaction, for which writers wait. */
const KEPT_AT_ONCE = 100;

/** The outlines of each group; those of which the facts are old have new ones. Their spans are read some at a time. */
export async function withNewFacts(
  groups: ReadonlyMap<string, readonly ReadOutline[]>,
  view: View,
): Promise<ReadonlyMap<string, readonly ReadOutline[]>> {
  const old: ReadOutline[] = [];
  for (const read of groups.values()) for (const one of read) if (one.isOld) old.push(one);
  if (old.length === 0) return groups;
  const made = await factsFor(old, view);
  const renewed = (read: ReadOutline): ReadOutline => {
    const facts = made.get(read.id);
    return facts === undefined ? read : { id: read.id, outline: { ...read.outline, facts }, isOld: false };
  };
  return new Map([...groups].map(([key, read]) => [key, read.map(renewed)]));
}

/** The facts of the spans of these rows; of one that cannot be read there are none. */
async function factsFor(old: readonly ReadOutline[], view: View): Promise<ReadonlyMap<number, SpanFacts>> {
  const made = new Map<number, SpanFacts>();
  for (let from = 0; from < old.length; from += KEPT_AT_ONCE) {
    const some = old.slice(from, from + KEPT_AT_ONCE);
    const ids = some.map(({ id }) => id);
    for await (const { id, fields } of view.keyed(ids, "trace_id")) made.set(id, factsOf(fields));
    void view.keep(some.flatMap((read) => statementFor(read, made.get(read.id))));
  }
  return made;
}

/** A span that runs is written anew when it ends. The id alone would do, were it not for files that are replaced. */
function statementFor({ id, outline }: ReadOutline, facts: SpanFacts | undefined): SqlStatement[] {
  if (facts === undefined || outline.endedAtMicros === undefined) return [];
  return [{ sql: KEEP_FACTS, values: [encodeFacts(facts), id, outline.traceId, outline.spanId] }];
}

const KEEP_FACTS = "UPDATE spans SET facts = ? WHERE id = ? AND trace_id = ? AND span_id = ?";
