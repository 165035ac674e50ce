// The list: filter, facts, histogram and the rows by day, newest first. New rows come in while it is read, never under the reader.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { API, type OverviewJson, type RowJson, type RowsJson } from "../../src/viewer/api.ts";
import { read } from "../app/api.ts";
import { useKeys } from "../app/keys.ts";
import { useChanges } from "../app/live.ts";
import { conversationUrl, open, rememberedScroll, traceUrl } from "../app/location.ts";
import { useBusy, useResource } from "../app/resource.ts";
import { isStoreEmpty } from "../app/store.ts";
import { Empty } from "../empty/empty.tsx";
import { FilterBar } from "../filter/filter-bar.tsx";
import { RANGES, RangeMenu, rangeName } from "../filter/range-menu.tsx";
import { PartProblem } from "../shell/oops.tsx";
import { Facts } from "./facts.tsx";
import { Histogram } from "./histogram.tsx";
import { rowsOf } from "./items.ts";
import { asked, changeList, type ListQuery, listQuery } from "./query.ts";
import { Table } from "./table.tsx";

const PAGE_ROWS = 50;
/** While things change rows are read anew at most so often, facts and histogram more rarely: they are of all rows. */
const ROWS_MS = 250;
const OVERVIEW_MS = 2000;

/** The list. */
export function List(): JSX.Element {
  const query = listQuery();
  const key = JSON.stringify(query);
  const rows = useRows(key, query);
  const overview = useResource(key, (signal) =>
    read<OverviewJson>(API.overview, { ...asked(query), buckets: 96 }, signal),
  );
  useBusy(overview.isLoading);
  const now = useNow();
  const selected = useSignal<string | undefined>(undefined);
  useChanges(overview.reload, OVERVIEW_MS);
  useListKeys({ rows: rows.shown, query, selected, onFresh: rows.showFresh });
  const problem = rows.problem;
  const isBadFilter = problem?.details?.parameter === "where";
  if (isStoreEmpty.value) return <Empty />;
  return (
    <main id="main" class="p-list">
      <h1 class="vh">{query.by === "trace" ? "Traces" : "Conversations"}</h1>
      <div class="bar">
        <FilterBar
          query={query}
          hint="Filter, e.g. status = ERROR and duration > 2s"
          problem={isBadFilter ? problem?.details : undefined}
          onApply={(where) => changeList({ where })}
        />
        <RangeMenu since={query.since} until={query.until} onChoose={changeList} />
        <Subjects query={query} />
      </div>
      {problem !== undefined && !isBadFilter && (
        <PartProblem what="The list" error={problem} again={rows.reload} />
      )}
      <Facts overview={overview.data.value} query={query} />
      {overview.data.value === undefined ? (
        <div class="hist" />
      ) : (
        <Histogram histogram={overview.data.value.histogram} range={rangeOf(query)} now={now} />
      )}
      <Table
        {...{ by: query.by, rows: rows.shown, now, selected: selected.value }}
        fresh={rows.fresh}
        isOld={rows.isOld}
        onSelect={(one) => {
          selected.value = one;
        }}
        onFresh={rows.showFresh}
        onNearEnd={rows.more}
      />
      {rows.isComplete && <End query={query} isEmpty={rows.shown.length === 0} />}
    </main>
  );
}

function Subjects({ query }: { readonly query: ListQuery }): JSX.Element {
  return (
    <span class="seg" role="group" aria-label="Rows">
      <button
        type="button"
        aria-pressed={query.by === "conversation"}
        onClick={() => changeList({ by: "conversation" })}
      >
        Conversations
      </button>
      <button type="button" aria-pressed={query.by === "trace"} onClick={() => changeList({ by: "trace" })}>
        Traces
      </button>
    </span>
  );
}

/** Below the last row: that it was the last, and where there is more; or why there is none. */
function End({ query, isEmpty }: { readonly query: ListQuery; readonly isEmpty: boolean }): JSX.Element {
  const name = rangeName(query.since, query.until);
  const at = RANGES.findIndex(([since]) => since === query.since);
  const [longer] = query.until === "" ? RANGES.slice(at + 1) : [];
  const more =
    query.until !== "" ? (
      <button class="morel" type="button" onClick={() => changeList({ since: "24h", until: "" })}>
        Clear the range
      </button>
    ) : longer === undefined ? null : (
      <button class="morel" type="button" onClick={() => changeList({ since: longer[0] })}>
        {isEmpty ? "Look in" : "Show"} {longer[1].toLowerCase().replace(/^last/, "the last")}
      </button>
    );
  return (
    <div class="end">
      {isEmpty ? `Nothing in ${inWords(name)}.` : `That is all of ${inWords(name)}.`} {more}
      {isEmpty && query.where !== "" && (
        <button class="morel" type="button" onClick={() => changeList({ where: "" })}>
          Clear the filter
        </button>
      )}
      {isEmpty && query.only !== "" && (
        <button class="morel" type="button" onClick={() => changeList({ only: "" })}>
          Show all, not only {query.only === "failed" ? "those with errors" : query.only}
        </button>
      )}
    </div>
  );
}

function inWords(range: string): string {
  if (range === "All times") return "all times";
  return range.startsWith("Last") ? `the ${range.toLowerCase()}` : range;
}

function rangeOf({ since, until }: ListQuery): { readonly from: number; readonly to: number } | undefined {
  const [from, to] = [Date.parse(since), Date.parse(until)];
  return Number.isNaN(from) || Number.isNaN(to) ? undefined : { from, to };
}

/** The rows that were read when the list was last left: back returns to one that is far down. */
let left:
  | { readonly key: string; readonly rows: readonly RowJson[]; readonly cursor: string | null }
  | undefined;

/** The pages of rows so far, and what came since. */
function useRows(key: string, query: ListQuery) {
  const pages = useSignal<readonly RowJson[]>([]);
  const cursor = useSignal<string | null>(null);
  const pending = useSignal<readonly RowJson[] | undefined>(undefined);
  const isMore = useRef(false);
  const load = (signal: AbortSignal | undefined, at?: string): Promise<RowsJson> =>
    read<RowsJson>(
      API.rows,
      { ...asked(query), limit: PAGE_ROWS, ...(at !== undefined && { cursor: at }) },
      signal,
    );
  const first = useResource(key, (signal) => load(signal));
  useBusy(first.isLoading);
  useEffect(() => {
    const page = first.data.value;
    if (page === undefined) return;
    const scroll = rememberedScroll();
    const before = pages.value.length === 0 && scroll > 0 && left?.key === key ? left : undefined;
    const rows = rowsOf(page.rows);
    const known = new Set(rows.map((row) => row.key));
    pages.value = [...rows, ...(before?.rows.filter((row) => !known.has(row.key)) ?? [])];
    cursor.value = before === undefined ? page.cursor : before.cursor;
    pending.value = undefined;
    if (scroll > 0) requestAnimationFrame(() => scrollTo(0, scroll));
  }, [first.data.value]);
  useEffect(() => {
    if (pages.value.length > 0) left = { key, rows: pages.value, cursor: cursor.value };
  }, [pages.value, cursor.value]);
  const more = async (): Promise<void> => {
    const at = cursor.value;
    if (at === null || isMore.current || first.isLoading.value) return;
    isMore.current = true;
    try {
      const page = await load(undefined, at);
      if (cursor.value !== at) return;
      const known = new Set(pages.value.map((row) => row.key));
      pages.value = [...pages.value, ...rowsOf(page.rows).filter((row) => !known.has(row.key))];
      cursor.value = page.cursor;
    } catch {
      // The next scroll asks again.
    } finally {
      isMore.current = false;
    }
  };
  /** What changed: rows that are shown change in their place, new ones come in where the reader is at the top. */
  const refresh = async (): Promise<void> => {
    const page = await load(undefined).catch(() => undefined);
    if (page === undefined) return;
    const latest = rowsOf(page.rows);
    const isAtTop = scrollY < 8 && document.querySelector(".list .item:hover, .list :focus") === null;
    const known = new Map(pages.value.map((row) => [row.key, row]));
    const isNew = latest.some(
      (row) => !known.has(row.key) || known.get(row.key)?.latest_at !== row.latest_at,
    );
    if (isNew && !isAtTop) pending.value = latest;
    const merged = new Map(latest.map((row) => [row.key, row]));
    pages.value =
      isNew && isAtTop
        ? [...latest, ...pages.value.filter((row) => !merged.has(row.key))]
        : pages.value.map((row) => inPlace(row, merged.get(row.key)));
  };
  useChanges(refresh, ROWS_MS);
  const fresh = pending.value?.filter((row) => !pages.value.some((one) => one.key === row.key)).length ?? 0;
  return {
    shown: pages.value,
    problem: first.problem.value,
    isOld: first.isLoading.value && pages.value.length > 0,
    isComplete: cursor.value === null && first.data.value !== undefined,
    reload: first.reload,
    fresh,
    more: () => void more(),
    showFresh: () => {
      const latest = pending.value ?? [];
      const known = new Set(latest.map((row) => row.key));
      pages.value = [...latest, ...pages.value.filter((row) => !known.has(row.key))];
      pending.value = undefined;
      scrollTo(0, 0);
    },
  };
}

/** A row that changed keeps its place, and its time with it. */
function inPlace(row: RowJson, now: RowJson | undefined): RowJson {
  return now === undefined ? row : { ...now, latest_at: row.latest_at };
}

function useNow(): number {
  const now = useSignal(Date.now());
  useEffect(() => {
    const timer = setInterval(() => {
      now.value = Date.now();
    }, 1000);
    return () => clearInterval(timer);
  }, []);
  return now.value;
}

function useListKeys(props: {
  readonly rows: readonly RowJson[];
  readonly query: ListQuery;
  readonly selected: { value: string | undefined };
  readonly onFresh: () => void;
}): void {
  const { rows, query, selected } = props;
  const at = rows.findIndex((row) => row.key === selected.value);
  const select = (index: number): void => {
    const row = rows[Math.min(rows.length - 1, Math.max(0, index))];
    if (row === undefined) return;
    selected.value = row.key;
    requestAnimationFrame(() => {
      const link = document.querySelector<HTMLElement>('.list [aria-selected="true"] a.t');
      link?.focus({ preventScroll: true });
      link?.closest(".item")?.scrollIntoView({ block: "nearest" });
    });
  };
  const enter = (): void => {
    if (selected.value === undefined) return;
    open(query.by === "trace" ? traceUrl(selected.value) : conversationUrl(selected.value));
  };
  useKeys({
    ...{ j: () => select(at + 1), ArrowDown: () => select(at + 1) },
    ...{ k: () => select(at - 1), ArrowUp: () => select(at - 1) },
    ...{ Home: () => select(0), End: () => select(rows.length - 1) },
    ...{ Enter: enter, n: props.onFresh },
  });
}
