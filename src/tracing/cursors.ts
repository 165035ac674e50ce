// Cursors: where the next page of a listing begins, and of which listing.
import type { SummarySubject } from "../conventions/summary.ts";
import { capture } from "../model/capture.ts";
import { TracelightError } from "../model/errors.ts";
import { canonicalJson } from "../model/values.ts";
import type { SummaryQuery } from "./store.ts";

/** Where a row stands: by time, then by key, both descending. */
export interface RowPosition {
  readonly at: number;
  readonly key: string;
}

/** What a cursor says. */
interface Cursor extends RowPosition {
  readonly by: SummarySubject;
  /** Stands for the other fields of the query, but `limit` and the times: those of a command may count from now. */
  readonly query: string;
}

/** The cursor of the page behind this place of the query's listing. */
export function encodeCursor({ at, key }: RowPosition, query: SummaryQuery): string {
  const json = JSON.stringify([at, key, query.by ?? "trace", markOf(query)]);
  return Buffer.from(json).toString("base64url");
}

/**
 * The place after which the query's page begins; undefined for the first.
 * @throws TracelightError `INVALID_QUERY` for a cursor that is none, or of another query
 */
export function placeAfter(query: SummaryQuery): RowPosition | undefined {
  if (query.cursor === undefined) return undefined;
  const cursor = decodeCursor(query.cursor);
  if (cursor === undefined) throw refused("is none that a page ended with");
  if (cursor.by !== (query.by ?? "trace")) throw refused(`is of a listing by ${cursor.by}`);
  if (cursor.query !== markOf(query)) throw refused("is of a listing with another filter or identifier");
  return { at: cursor.at, key: cursor.key };
}

/** What the rows of a cursor's listing are about; undefined for what is no cursor. */
export function subjectOf(cursor: string | undefined): SummarySubject | undefined {
  return decodeCursor(cursor)?.by;
}

/** True for what a page may have ended with. */
export function isCursor(cursor: unknown): boolean {
  return decodeCursor(cursor) !== undefined;
}

function refused(what: string): TracelightError {
  const mend =
    "give the cursor of the page before, with the same other fields, or leave it out for the first page";
  return new TracelightError("INVALID_QUERY", `The query's "cursor" ${what}; ${mend}.`);
}

function decodeCursor(cursor: unknown): Cursor | undefined {
  if (typeof cursor !== "string" || !BASE64URL.test(cursor)) return undefined;
  try {
    const [at, key, by, query]: unknown[] = JSON.parse(Buffer.from(cursor, "base64url").toString());
    const isPlace = typeof at === "number" && typeof key === "string" && typeof query === "string";
    return isPlace && (by === "trace" || by === "conversation") ? { at, key, by, query } : undefined;
  } catch {
    return undefined;
  }
}

const BASE64URL = /^[\w-]+$/;

function markOf({ identifier, spanName, spanStatus, failed, attributeFilter, where }: SummaryQuery): string {
  const filter = capture(attributeFilter ?? null);
  const text = canonicalJson([
    identifier ?? null,
    spanName ?? null,
    spanStatus ?? null,
    failed ?? null,
    filter,
    where ?? null,
  ]);
  let [a, b] = [0x811c9dc5, 0];
  for (let i = 0; i < text.length; i++) {
    a = Math.imul(a ^ text.charCodeAt(i), 0x01000193);
    b = Math.imul(b, 31) + text.charCodeAt(i);
  }
  return (a >>> 0).toString(36) + (b >>> 0).toString(36);
}
