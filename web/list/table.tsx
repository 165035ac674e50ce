// The table of rows by day. Only what is near the window is on the page, however long the list.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import type { RowJson } from "../../src/viewer/api.ts";
import { counted, money } from "../app/figures.ts";
import { NARROW, useMedia } from "../app/media.ts";
import { longDay, relativeDay } from "../app/moments.ts";
import { zone } from "../app/preferences.ts";
import { Icon } from "../parts/icon.tsx";
import { type Heights, type Item, itemAt, itemsOf, offsetsOf } from "./items.ts";
import type { Subject } from "./query.ts";
import { LONGEST_BAR_MS, Row } from "./row.tsx";

const ONE_LINE: Heights = { row: 32, day: 26 };
const TWO_LINES: Heights = { row: 58, day: 28 };
/** So many pixels above and below the window are on the page too. */
const BEYOND = 400;

/** What the table shows. */
export interface TableProps {
  readonly by: Subject;
  readonly rows: readonly RowJson[];
  readonly now: number;
  readonly selected: string | undefined;
  /** A row that keys went to, each time another object: it comes into view, however far it is. */
  readonly reached: { readonly key: string } | undefined;
  /** So many rows are new, and not shown yet; empty where none is. */
  readonly fresh: string;
  readonly isOld: boolean;
  readonly onSelect: (key: string) => void;
  readonly onFresh: () => void;
  /** The end is near: there may be more. */
  readonly onNearEnd: () => void;
}

/** The table. */
export function Table(props: TableProps): JSX.Element {
  const { rows, by, now } = props;
  const box = useRef<HTMLDivElement>(null);
  const heights = useMedia(NARROW) ? TWO_LINES : ONE_LINE;
  const items = useMemo(() => itemsOf(rows), [rows, zone.value]);
  const offsets = useMemo(() => offsetsOf(items, heights), [items, heights]);
  const { range, look } = useWindow(box, offsets, props.onNearEnd);
  useLayoutEffect(() => {
    const at = items.findIndex((item) => item.type === "row" && item.row.key === props.reached?.key);
    if (at < 0 || (at >= range.from && at < range.to)) return;
    const top = (box.current?.getBoundingClientRect().top ?? 0) + scrollY + (offsets[at] ?? 0);
    scrollTo(0, top - innerHeight / 2);
    look();
  }, [props.reached]);
  const longestMs = Math.min(LONGEST_BAR_MS, Math.max(1, ...rows.map(({ duration_ms }) => duration_ms)));
  const shown = items.slice(range.from, range.to);
  const dayIndex = items.slice(0, range.from + 1).findLastIndex(({ type }) => type === "day");
  const day = items[dayIndex];
  const isDayAbove = day !== undefined && dayIndex < range.from;
  const above = (offsets[range.from] ?? 0) - (isDayAbove ? heights.day : 0);
  // One stop of the Tab key, whatever is selected and wherever that is.
  const keys = shown.flatMap((item) => (item.type === "row" ? [item.row.key] : []));
  const stop = keys.find((key) => key === props.selected) ?? keys[0];
  const show = (item: Item): JSX.Element =>
    item.type === "day" ? (
      <Day
        key={`day ${item.at}`}
        item={item}
        by={by}
        now={now}
        fresh={item === items[0] ? props.fresh : ""}
        onFresh={props.onFresh}
      />
    ) : (
      <Row
        key={item.row.key}
        {...{ row: item.row, by, now, longestMs, index: item.index }}
        isSelected={item.row.key === props.selected}
        isStop={item.row.key === stop}
        onSelect={() => props.onSelect(item.row.key)}
      />
    );
  return (
    <div
      class={`list ${props.isOld ? "old" : ""}`}
      role="table"
      aria-label={by === "trace" ? "Traces" : "Conversations"}
      aria-rowcount={rows.length + 1}
      ref={box}
    >
      <Head by={by} />
      <div style={{ height: `${above}px` }} />
      {isDayAbove && show(day)}
      {shown.map(show)}
      <div style={{ height: `${(offsets.at(-1) ?? 0) - (offsets[range.to] ?? 0)}px` }} />
    </div>
  );
}

function Head({ by }: { readonly by: Subject }): JSX.Element {
  return (
    <div class="row head" role="row">
      <span role="columnheader">when</span>
      <span role="columnheader">first words</span>
      <span role="columnheader">id</span>
      <span role="columnheader">{by === "trace" ? "name" : "agent"}</span>
      <span role="columnheader">user</span>
      <span role="columnheader" class="dcell">
        <span class="num">time</span>
      </span>
      <span role="columnheader">model</span>
      <span role="columnheader" class="num">
        tokens in → out
      </span>
      <span role="columnheader" class="num">
        cost
      </span>
      <span role="columnheader" class="num">
        tools
      </span>
      <span role="columnheader" class="num">
        errors
      </span>
      <span role="columnheader">state</span>
    </div>
  );
}

function Day(props: {
  readonly item: Extract<Item, { type: "day" }>;
  readonly by: Subject;
  readonly now: number;
  readonly fresh: string;
  readonly onFresh: () => void;
}): JSX.Element {
  const { item, now, fresh } = props;
  const relative = relativeDay(item.at, now);
  return (
    <div class="day" role="row">
      <div role="cell">
        {relative !== "" && `${relative}, `}
        {longDay(item.at, now)}{" "}
        <span>
          {counted(item.rows, props.by)}
          {item.cost > 0 && ` · ${money(item.cost, "sum")}`}
        </span>
      </div>
      {fresh !== "" && (
        <div role="cell">
          <button type="button" class="newbtn" onClick={props.onFresh}>
            <Icon name="up" />
            {fresh} new
          </button>
        </div>
      )}
    </div>
  );
}

function useWindow(
  box: { readonly current: HTMLDivElement | null },
  offsets: Float64Array,
  onNearEnd: () => void,
): { readonly range: { readonly from: number; readonly to: number }; readonly look: () => void } {
  const range = useSignal({ from: 0, to: 40 });
  const nearEnd = useRef(onNearEnd);
  nearEnd.current = onNearEnd;
  const look = useRef(() => undefined as void);
  look.current = () => {
    const top = box.current?.getBoundingClientRect().top ?? 0;
    const from = itemAt(offsets, Math.max(0, -top - BEYOND));
    const to = Math.min(offsets.length - 1, itemAt(offsets, innerHeight - top + BEYOND) + 1);
    if (from !== range.value.from || to !== range.value.to) range.value = { from, to };
    if (to >= offsets.length - 1) nearEnd.current();
  };
  useLayoutEffect(() => look.current(), [offsets]);
  useEffect(() => {
    const looked = () => look.current();
    addEventListener("scroll", looked, { passive: true });
    addEventListener("resize", looked);
    return () => {
      removeEventListener("scroll", looked);
      removeEventListener("resize", looked);
    };
  }, []);
  const last = offsets.length - 1;
  const { from, to } = range.value;
  return { range: { from: Math.min(from, last), to: Math.min(to, last) }, look: () => look.current() };
}
