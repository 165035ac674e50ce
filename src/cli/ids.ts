// Ids as people write them: whole, or as much of the beginning as tells one from the others.
import { UsageError } from "./failures.ts";
import { idText, words } from "./format.ts";
import type { FoundId, OpenStore } from "./store.ts";

const MAX_CANDIDATES = 10;
/** Ids are made by others: one of them shall not fill the screen, or look like a line of ours. */
const MAX_SHOWN = 200;

/** An id, or what was written for one, in a message. */
export function shownId(id: unknown): string {
  return words(idText(id), MAX_SHOWN);
}

/**
 * The one id that is meant: one that is equal, or else the only one that begins so; undefined where there is none.
 * @throws (rejects) UsageError where there are several, with the candidates
 */
export async function resolveId(text: string, store: OpenStore): Promise<FoundId | undefined> {
  const quoted = /^"(.*)"$/s.exec(text)?.[1];
  const found = await store.idsByPrefix(quoted ?? text, MAX_CANDIDATES + 1);
  // "42" in quotes is the text, where the number is 42.
  const asked = quoted === undefined ? found : found.filter(({ id }) => id === quoted);
  const exact = asked.filter(({ id }) => idText(id) === (quoted ?? text));
  const [one, ...others] = exact.length > 0 ? exact : asked;
  if (one !== undefined && others.length > 0) throw ambiguous(text, [one, ...others], store);
  return one ?? resolveHex(text, store);
}

/** Ids of traces may have been copied in capitals, or with dashes. */
async function resolveHex(text: string, store: OpenStore): Promise<FoundId | undefined> {
  const hex = text.replaceAll("-", "").toLowerCase();
  if (hex === text || !/^[0-9a-f]{4,32}$/.test(hex)) return undefined;
  return resolveId(hex, store);
}

function ambiguous(text: string, found: readonly FoundId[], store: OpenStore): UsageError {
  const named = found
    .slice(0, MAX_CANDIDATES)
    .map(({ by, id }) => `  ${by.padEnd(12)}  ${candidate(id, found)}`);
  const more = found.length > MAX_CANDIDATES ? ["  … and more"] : [];
  return new UsageError(`"${shownId(text)}" names more than one in ${store.name}:`, [...named, ...more]);
}

/** In quotes where another id reads the same. */
function candidate(id: unknown, found: readonly FoundId[]): string {
  const text = idText(id);
  const isDouble = found.some((other) => other.id !== id && idText(other.id) === text);
  return shownId(isDouble && typeof id === "string" ? JSON.stringify(id) : text);
}
