// What a search found, by conversation: of words that many spans repeat, as prompts do, the span that had them first.
import type { FoundJson } from "../../src/viewer/api.ts";

/** Hits of one conversation, or of a trace that is of none. */
export interface Group {
  readonly key: string;
  readonly name: string;
  readonly user: string | null;
  /** When the latest of its hits began. */
  readonly at: number;
  /** In the order in which they began. */
  readonly hits: readonly FoundJson[];
}

/** The conversation with the latest hit first, whatever order the store has. */
export function groupsOf(hits: readonly FoundJson[]): Group[] {
  const groups = new Map<string, Group>();
  for (const hit of hits) {
    const id = hit.conversation_id;
    const isOfNone = id === null || id === undefined;
    const key = isOfNone ? hit.trace_id : JSON.stringify(id);
    const name = isOfNone ? hit.trace_id.slice(0, 8) : typeof id === "string" ? id : key;
    const { hits: others = [], at = 0, user = null } = groups.get(key) ?? {};
    groups.set(key, {
      ...{ key, name, user: user ?? hit.user, hits: [...others, hit] },
      at: Math.max(at, Date.parse(hit.started_at)),
    });
  }
  return [...groups.values()].sort((a, b) => b.at - a.at).map(inOrder);
}

function inOrder(group: Group): Group {
  return {
    ...group,
    hits: group.hits.toSorted((a, b) =>
      a.started_at < b.started_at ? -1 : a.started_at > b.started_at ? 1 : 0,
    ),
  };
}

/** So many of a group are shown at first. */
const SHOWN = 3;

/** The hits of a group that are shown before all of them are asked for: no text twice. */
export function shownOf({ hits }: Group): FoundJson[] {
  const texts = new Set<string>();
  return hits
    .filter(({ snippets: [first] }) => {
      const isNew = first === undefined || !texts.has(first.text);
      if (first !== undefined) texts.add(first.text);
      return isNew;
    })
    .slice(0, SHOWN);
}
