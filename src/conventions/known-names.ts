// Which attributes a reading may look at, by their names: of a span with very many, its row is made from these.
import { FAILURE_NAMES } from "../model/failure.ts";
import { NAMES } from "./names.ts";
import { VOCABULARIES } from "./vocabularies/recognised.ts";
import type { Vocabulary } from "./vocabularies/vocabulary.ts";

/** True where a reading, a conversation's id or a failure may be found under the name. */
export function isKnownName(name: string): boolean {
  return KNOWN.has(beginningOf(name));
}

/** What stands before the first dot, with the dot. */
function beginningOf(name: string): string {
  const dot = name.indexOf(".");
  return dot < 0 ? name : name.slice(0, dot + 1);
}

function namesOf({ owns = {}, names, counts = {}, ...lists }: Vocabulary): readonly string[] {
  const { conversationNames = [], messageLists = [], structures, hints = [] } = lists;
  const tables = [names, counts].flatMap((table) => Object.values(table).flat());
  return [...Object.keys(owns), ...tables, ...conversationNames, ...messageLists, ...structures, ...hints];
}

/** A test of the SQLite store holds it against all recorded spans. */
const KNOWN: ReadonlySet<string> = new Set(
  [...VOCABULARIES.flatMap(namesOf), ...Object.values(NAMES), ...FAILURE_NAMES].map(beginningOf),
);
