// Ids as people write them: whole, or as much of the beginning as tells one from the others.

import type { StoreReader } from "../tracing/readable.ts";
import type { FoundId } from "../tracing/store.ts";
import { UsageError } from "./failures.ts";
import { idText, words } from "./format.ts";

const MAX_CANDIDATES = 10;
/** Ids are made by others: one of them shall not fill the screen, or look like a line of ours. */
const MAX_SHOWN = 200;

/** An id, or what was written for one, in a message. */
export function shownId(id: unknown): string {
  return words(idText(id), MAX_SHOWN);
}

/** An id that was found. */
export interface ResolvedId extends FoundId {
  /** Another conversation whose id reads the same: of 42 and "42" the other one. */
  readonly double?: unknown;
}

/**
 * The one id that is meant: one that is equal, or else the only one that begins so; undefined where there is none. Of the conversations 42 and
 * "42" the quotes name the text, and what has none the number.
 * @throws (rejects) UsageError where there are several, with the candidates
 */
export async function resolveId(text: string, store: StoreReader): Promise<ResolvedId | undefined> {
  const quoted = /^"(.*)"$/s.exec(text)?.[1];
  const found = await store.idsByPrefix(quoted ?? text, MAX_CANDIDATES + 1);
  const exact = found.filter(({ id }) => idText(id) === (quoted ?? text));
  const texts = idTexts(exact.map(({ id }) => id));
  const meant = exact.filter(({ id }, i) => (quoted === undefined ? texts[i] === text : id === quoted));
  const asked = meant.length > 0 || quoted !== undefined ? meant : found;
  const [one, ...others] = asked;
  if (one === undefined) return resolveHex(text, store);
  if (others.length > 0) throw ambiguous(text, [one, ...others], store);
  const double = exact.find(({ by, id }) => by === one.by && id !== one.id);
  return double === undefined ? one : { ...one, double: double.id };
}

/** The texts of ids as `show` takes them: in quotes where another of them reads the same. */
export function idTexts(ids: readonly unknown[]): string[] {
  const others = new Set(ids.filter((id) => typeof id !== "string").map(idText));
  return ids.map((id) => (typeof id === "string" && others.has(id) ? JSON.stringify(id) : idText(id)));
}

/** Ids of traces may have been copied in capitals, or with dashes. */
async function resolveHex(text: string, store: StoreReader): Promise<FoundId | undefined> {
  const hex = text.replaceAll("-", "").toLowerCase();
  if (hex === text || !/^[0-9a-f]{4,32}$/.test(hex)) return undefined;
  return resolveId(hex, store);
}

function ambiguous(text: string, found: readonly FoundId[], store: StoreReader): UsageError {
  const texts = idTexts(found.map(({ id }) => id));
  const named = found.slice(0, MAX_CANDIDATES).map(({ by }, i) => `  ${by.padEnd(12)}  ${shownId(texts[i])}`);
  const more = found.length > MAX_CANDIDATES ? ["  … and more"] : [];
  return new UsageError(`"${shownId(text)}" names more than one in ${store.name}:`, [...named, ...more]);
}
