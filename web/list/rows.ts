// The rows of the list: page by page as the reader comes near their end, and what came since.
import { type Signal, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { API, type RowJson, type RowsJson } from "../../src/viewer/api.ts";
import { read } from "../app/api.ts";
import { useChanges } from "../app/live.ts";
import { rememberedScroll } from "../app/location.ts";
import type { Problem } from "../app/problem.ts";
import { useBusy, useResource } from "../app/resource.ts";
import { rowsOf } from "./items.ts";
import { joined, newsIn, type Pages, withLatest } from "./pages.ts";
import { asked, type ListQuery, type Subject } from "./query.ts";

const PAGE_ROWS = 50;
/** While things change rows are read anew at most so often. */
const ROWS_MS = 250;

/** Rows, and what can be done about them. */
export interface Rows {
  readonly shown: readonly RowJson[];
  /** What they are about: while those of another query are on their way, still what they were asked as. */
  readonly by: Subject;
  readonly problem: Problem | undefined;
  /** True while those of another query are on their way. */
  readonly isOld: boolean;
  /** True where the last one is shown. */
  readonly isComplete: boolean;
  /** So many came that are not shown yet; empty where none did. */
  readonly fresh: string;
  /** What the store could not read, and the like. */
  readonly notes: readonly string[];
  readonly reload: () => void;
  readonly more: () => void;
  readonly showFresh: () => void;
}

const NONE: Pages = { rows: [], cursor: null };

/** The rows that were read when the list was last left: back returns to one that is far down. */
let left: Pages & { readonly key: string } = { key: "", rows: [], cursor: null };

/** The rows of a query. New ones come in while the reader is at the top, else they are counted. */
export function useRows(query: ListQuery): Rows {
  const key = JSON.stringify(query);
  const pages: Signal<Pages> = useSignal({ rows: [], cursor: null });
  const fresh: Signal<Pages> = useSignal(NONE);
  const by = useSignal(query.by);
  const notes = useSignal<readonly string[]>([]);
  const load = (signal?: AbortSignal, cursor?: string): Promise<RowsJson> =>
    read<RowsJson>(API.rows, { ...asked(query), limit: PAGE_ROWS, cursor }, signal);
  const first = useResource(key, (signal) => load(signal));
  useBusy(first.isLoading);
  useEffect(() => {
    const page = first.data.value;
    if (page === undefined) return;
    const scroll = rememberedScroll();
    const isBack = pages.value.rows.length === 0 && scroll > 0 && left.key === key;
    pages.value = isBack
      ? { rows: joined(rowsOf(page.rows), left.rows), cursor: left.cursor }
      : { rows: rowsOf(page.rows), cursor: page.cursor };
    fresh.value = NONE;
    by.value = query.by;
    notes.value = page.notes;
    if (scroll > 0) requestAnimationFrame(() => scrollTo(0, scroll));
  }, [first.data.value]);
  useEffect(() => {
    if (pages.value.rows.length > 0) left = { key, ...pages.value };
  }, [pages.value]);
  const more = useNextPage(pages, first.isLoading.value ? undefined : (cursor) => load(undefined, cursor));
  useChanges(async () => {
    const page = await load().catch(() => undefined);
    if (page === undefined) return;
    notes.value = page.notes;
    refresh(pages, fresh, { rows: rowsOf(page.rows), cursor: page.cursor });
  }, ROWS_MS);
  const { rows, cursor } = pages.value;
  return {
    shown: rows,
    by: by.value,
    problem: first.problem.value,
    isOld: first.isLoading.value && rows.length > 0,
    isComplete: cursor === null && first.data.value !== undefined,
    fresh: newsIn(fresh.value, pages.value),
    notes: notes.value,
    reload: first.reload,
    more,
    showFresh: () => {
      if (fresh.value === NONE) return;
      pages.value = withLatest(fresh.value, pages.value);
      fresh.value = NONE;
      scrollTo(0, 0);
    },
  };
}

/** Reads the page at the cursor, one at a time. */
function useNextPage(
  pages: Signal<Pages>,
  load: ((cursor: string) => Promise<RowsJson>) | undefined,
): () => void {
  const isReading = useRef(false);
  const more = async (): Promise<void> => {
    const { cursor } = pages.value;
    if (cursor === null || load === undefined || isReading.current) return;
    isReading.current = true;
    try {
      const page = await load(cursor);
      const { rows, cursor: now } = pages.value;
      if (now === cursor) pages.value = { rows: joined(rows, rowsOf(page.rows)), cursor: page.cursor };
    } catch {
      // The next scroll asks again.
    } finally {
      isReading.current = false;
    }
  };
  return () => void more();
}

/** Rows that are shown change in their place; new ones come in where the reader is at the top, and looks at none. */
function refresh(pages: Signal<Pages>, fresh: Signal<Pages>, page: Pages): void {
  const latest = page.rows;
  const { rows, cursor } = pages.value;
  const isAtTop = scrollY < 8 && document.querySelector(".list .item:hover, .list :focus") === null;
  const known = new Map(rows.map((row) => [row.key, row]));
  const isNew = latest.some(({ key, latest_at: at }) => known.get(key)?.latest_at !== at);
  if (isNew && isAtTop) {
    pages.value = withLatest(page, pages.value);
    return;
  }
  if (isNew) fresh.value = page;
  const now = new Map(latest.map((row) => [row.key, row]));
  pages.value = { rows: rows.map((row) => inPlace(row, now.get(row.key))), cursor };
}

/** A row that changed keeps its place, and its time with it. */
function inPlace(row: RowJson, now: RowJson | undefined): RowJson {
  return now === undefined ? row : { ...now, latest_at: row.latest_at };
}
