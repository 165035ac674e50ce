// The list: filter, facts, histogram and the rows by day, newest first. New rows come in while it is read, never under the reader.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { API, type OverviewJson, type RowJson } from "../../src/viewer/api.ts";
import { read } from "../app/api.ts";
import { useKeys } from "../app/keys.ts";
import { useChanges } from "../app/live.ts";
import { conversationUrl, open, traceUrl } from "../app/location.ts";
import { useBusy, useResource } from "../app/resource.ts";
import { isStoreEmpty } from "../app/store.ts";
import { Empty } from "../empty/empty.tsx";
import { FilterBar } from "../filter/filter-bar.tsx";
import { RangeMenu } from "../filter/range-menu.tsx";
import { PartProblem } from "../shell/oops.tsx";
import { End } from "./end.tsx";
import { Facts } from "./facts.tsx";
import { Histogram } from "./histogram.tsx";
import { clearMarks, compareMarked, MarkButton, Marks, turnMark } from "./marks.tsx";
import { asked, changeList, type ListQuery, listQuery, type Subject } from "./query.ts";
import { useRows } from "./rows.ts";
import { Table } from "./table.tsx";

const MOST_NOTES = 3;
/** While things change facts and histogram are read anew at most so often: they are of all rows. */
const OVERVIEW_MS = 2000;

/** The list. */
export function List(): JSX.Element {
  const query = listQuery();
  const key = JSON.stringify(query);
  const rows = useRows(query);
  const overview = useResource(key, (signal) =>
    read<OverviewJson>(API.overview, { ...asked(query), buckets: 96 }, signal),
  );
  useBusy(overview.isLoading);
  const now = useNow();
  const selected = useSignal<string | undefined>(undefined);
  const reached = useSignal<{ readonly key: string } | undefined>(undefined);
  useChanges(overview.reload, OVERVIEW_MS);
  useListKeys({ rows: rows.shown, by: rows.by, selected, reached, onFresh: rows.showFresh });
  const problem = rows.problem;
  const isBadFilter = problem?.details?.parameter === "where";
  if (isStoreEmpty.value) return <Empty notes={rows.notes} />;
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
        <MarkButton />
      </div>
      <Marks />
      {problem !== undefined && !isBadFilter && (
        <PartProblem what="The list" error={problem} again={rows.reload} />
      )}
      {rows.notes.slice(0, MOST_NOTES).map((note) => (
        <p key={note} class="says" role="status">
          {note}
        </p>
      ))}
      <Facts overview={overview.data.value} query={query} />
      {overview.data.value === undefined ? (
        <div class="hist" />
      ) : (
        <Histogram histogram={overview.data.value.histogram} range={rangeOf(query)} now={now} />
      )}
      <Table
        {...{ by: rows.by, rows: rows.shown, now, selected: selected.value, reached: reached.value }}
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

function rangeOf({ since, until }: ListQuery): { readonly from: number; readonly to: number } | undefined {
  const [from, to] = [Date.parse(since), Date.parse(until)];
  return Number.isNaN(from) || Number.isNaN(to) ? undefined : { from, to };
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
  readonly by: Subject;
  readonly selected: { value: string | undefined };
  readonly reached: { value: { readonly key: string } | undefined };
  readonly onFresh: () => void;
}): void {
  const { rows, by, selected, reached } = props;
  const at = rows.findIndex((row) => row.key === selected.value);
  const select = (index: number): void => {
    const row = rows[Math.min(rows.length - 1, Math.max(0, index))];
    if (row === undefined) return;
    selected.value = row.key;
    reached.value = { key: row.key };
    requestAnimationFrame(() => {
      const link = document.querySelector<HTMLElement>('.list [aria-selected="true"] a.t');
      link?.focus({ preventScroll: true });
      link?.closest(".item")?.scrollIntoView({ block: "nearest" });
    });
  };
  const enter = (): void => {
    if (selected.value === undefined) return;
    open(by === "trace" ? traceUrl(selected.value) : conversationUrl(selected.value));
  };
  useKeys({
    ...{ j: () => select(at + 1), ArrowDown: () => select(at + 1) },
    ...{ k: () => select(at - 1), ArrowUp: () => select(at - 1) },
    ...{ Home: () => select(0), End: () => select(rows.length - 1) },
    ...{ Enter: () => void (compareMarked() || enter()), n: props.onFresh },
    x: () => {
      const row = rows[at];
      if (row !== undefined) turnMark(row);
    },
    Escape: () => void (clearMarks() || history.back()),
  });
}
