// The rows of the tree, of which those near the window are on the page.
import { type Signal, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import type { GlanceJson } from "../../src/viewer/api.ts";
import { rememberedScroll, traceUrl } from "../app/location.ts";
import { NARROW, useMedia } from "../app/media.ts";
import { type Glances, useGlances } from "./glances.ts";
import { hasBelow, idAt, type TraceModel } from "./model.ts";
import { Row } from "./row.tsx";
import { Lines } from "./ruler.tsx";
import type { Scale } from "./scale.ts";
import type { Column } from "./state.ts";
import { rowAt, type Shown } from "./tree.ts";

const WIDE_ROW = 24;
const NARROW_ROW = 44;
/** So many rows above and below the window are on the page too. */
const BEYOND = 6;
/** Who has not scrolled for so long reads. */
const SETTLED_MS = 150;

/** What the rows need. */
export interface RowsProps {
  readonly traceId: string;
  readonly model: TraceModel;
  readonly shown: Shown;
  readonly folded: ReadonlySet<number>;
  readonly found: ReadonlySet<number>;
  readonly selected: number;
  readonly scale: Scale;
  readonly hasPath: boolean;
  readonly column: Column;
  readonly pointer: Signal<number | undefined>;
  readonly isBent: boolean;
  /** Of the waterfall, in pixels. */
  readonly width: Signal<number>;
  /** The row that is to be brought into view; -1 none. */
  readonly reveal: Signal<number>;
  readonly onSelect: (span: number) => void;
  readonly onFold: (span: number) => void;
  readonly onZoom: (span: number) => void;
  readonly onWheel: (event: WheelEvent, place: number) => void;
}

/** The rows. */
export function Rows(props: RowsProps): JSX.Element {
  const { model, shown, reveal } = props;
  const box = useRef<HTMLDivElement>(null);
  const range = useSignal({ from: 0, to: 40 });
  const isScrolling = useScrolling(box);
  const height = useMedia(NARROW) ? NARROW_ROW : WIDE_ROW;
  const n = shown.spans.length;
  const look = (): void => {
    const { scrollTop = 0, clientHeight = 0 } = box.current ?? {};
    const from = Math.max(0, Math.floor(scrollTop / height) - BEYOND);
    const to = Math.ceil((scrollTop + clientHeight) / height) + BEYOND;
    if (from !== range.value.from || to !== range.value.to) range.value = { from, to };
  };
  useLayoutEffect(look, [height, n]);
  useEffect(() => {
    const observer = new ResizeObserver(look);
    if (box.current !== null) observer.observe(box.current);
    return () => observer.disconnect();
  }, [height]);
  useReturn(box, model.whole);
  useLayoutEffect(() => {
    const at = reveal.value;
    if (at < 0 || box.current === null) return;
    reveal.value = -1;
    const { scrollTop, clientHeight } = box.current;
    const top = at * height;
    if (top < scrollTop) box.current.scrollTop = Math.max(0, top - height);
    else if (top + height > scrollTop + clientHeight) box.current.scrollTop = top + 2 * height - clientHeight;
  }, [reveal.value]);
  const from = Math.min(range.value.from, Math.max(0, n - 1));
  const to = Math.min(n, range.value.to);
  const spans = [...shown.spans.subarray(from, to)];
  // One stop of the Tab key, whatever is selected and wherever that is; the focus goes with what is selected.
  const stop = spans.includes(props.selected) ? props.selected : spans[0];
  useLayoutEffect(() => {
    const focused = document.activeElement;
    if (focused === null || focused === box.current || !box.current?.contains(focused)) return;
    document.getElementById(`row-${props.selected}`)?.focus({ preventScroll: true });
  }, [props.selected, from]);
  const glances = useGlances(props.traceId, model, spans);
  const { scale, pointer, isBent, width } = props;
  // Scrolling is nothing to them.
  const lines = useMemo(
    () => <Lines {...{ model, scale, pointer, isBent, width }} />,
    [model, scale, pointer, isBent, width],
  );
  const rows = useRowNodes(props, { from, spans, height, stop, glances, isScrolling });
  return (
    <div
      class="rows"
      role="treegrid"
      aria-label="Spans"
      aria-rowcount={n}
      data-scrolls
      ref={box}
      onScroll={look}
      onPointerMove={(event) => {
        props.pointer.value = placeOf(box.current, event.clientX);
      }}
      onPointerLeave={() => {
        props.pointer.value = undefined;
      }}
      onWheel={(event) => {
        const place = placeOf(box.current, event.clientX);
        if (place !== undefined) props.onWheel(event, place);
      }}
    >
      {lines}
      <div class="sheet" style={{ height: `${n * height}px` }}>
        {rows}
      </div>
    </div>
  );
}

/** Coming back brings the scroll of then, as soon as there are rows enough. */
function useReturn(box: { readonly current: HTMLElement | null }, isWhole: boolean): void {
  const wanted = useRef(rememberedScroll());
  useLayoutEffect(() => {
    if (box.current === null || wanted.current === 0) return;
    box.current.scrollTop = wanted.current;
    if (isWhole || box.current.scrollTop > wanted.current - 1) wanted.current = 0;
  }, [isWhole]);
}

/** Whether it was scrolled just now. */
function useScrolling(box: { readonly current: HTMLElement | null }): boolean {
  const isScrolling = useSignal(false);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const scrolled = (): void => {
      isScrolling.value = true;
      clearTimeout(timer);
      timer = setTimeout(() => {
        isScrolling.value = false;
      }, SETTLED_MS);
    };
    const scroller = box.current;
    scroller?.addEventListener("scroll", scrolled);
    return () => {
      clearTimeout(timer);
      scroller?.removeEventListener("scroll", scrolled);
    };
  }, []);
  return isScrolling.value;
}

/** What is in view. */
interface InView {
  /** The place of the first row. */
  readonly from: number;
  readonly spans: readonly number[];
  /** Of each row, in pixels. */
  readonly height: number;
  /** Where the Tab key stops. */
  readonly stop: number | undefined;
  readonly glances: Glances;
  readonly isScrolling: boolean;
}

/** A row as it was drawn last, and the number of its element. */
interface Drawn {
  readonly node: JSX.Element;
  /** Its span's. */
  readonly id: string;
  readonly element: number;
  readonly glance: GlanceJson | undefined;
  readonly isSelected: boolean;
  readonly isStop: boolean;
  readonly isFound: boolean;
}

/**
 * The rows in view. One that has not changed is the same node, so that scrolling costs no more than what comes into view; and what comes
 * takes the elements of what went, which is half the work of making new ones. While it is scrolled no element is moved to its place among
 * the others, which is a fifth of the work: each lies where its row is, and stands there once somebody reads.
 */
function useRowNodes(props: RowsProps, view: InView): JSX.Element[] {
  const { from, spans, height, stop, glances, isScrolling } = view;
  const { traceId, model, shown, folded, scale, hasPath, column, selected, onSelect, onFold, onZoom } = props;
  const drawn = useMemo(
    () => new Map<number, Drawn>(),
    [model, shown, folded, scale, hasPath, column, height],
  );
  const address = useMemo(() => traceUrl(traceId, { span: "-" }).slice(0, -1), [traceId]);
  const elements = useElements(spans, (span) => (model.kind[span] ?? 0) * 2 + Number(hasBelow(model, span)));
  for (const span of drawn.keys()) if (!elements.has(span)) drawn.delete(span);
  const nodes = spans.map((span, i) => {
    const known = drawn.get(span);
    const id = known?.id ?? idAt(model, span);
    const now = {
      ...{ glance: glances.get(id), element: elements.get(span)?.number ?? 0, id },
      isSelected: span === selected,
      isStop: span === stop,
      isFound: props.found.has(span),
    };
    if (known !== undefined && isSame(known, now)) return known.node;
    const { element, id: _, ...said } = now;
    const row = rowAt(model, shown, from + i, folded);
    const node = (
      <Row
        key={element}
        {...{ model, row, at: from + i, top: (from + i) * height, scale, hasPath, column, ...said }}
        {...{ href: address + id, onSelect, onFold, onZoom }}
      />
    );
    drawn.set(span, { node, ...now });
    return node;
  });
  return isScrolling ? nodes.sort((a, b) => Number(a.key) - Number(b.key)) : nodes;
}

/** An element of a row. */
interface RowElement {
  readonly number: number;
  /** Rows of the same look have the same elements in them. */
  readonly look: number;
}

/** The element of each span: what stays keeps its own, what comes takes those of what went, of its own look where there is one. */
function useElements(
  spans: readonly number[],
  lookOf: (span: number) => number,
): ReadonlyMap<number, RowElement> {
  const known = useRef<ReadonlyMap<number, RowElement>>(new Map());
  const made = useRef(0);
  const seen = new Set(spans);
  const free = [...known.current].flatMap(([span, element]) => (seen.has(span) ? [] : [element]));
  const freeFor = (look: number): number => {
    const at = free.findIndex((element) => element.look === look);
    return free.splice(Math.max(0, at), 1)[0]?.number ?? made.current++;
  };
  known.current = new Map(
    spans.map((span) => {
      const look = lookOf(span);
      return [span, known.current.get(span) ?? { number: freeFor(look), look }];
    }),
  );
  return known.current;
}

function isSame(known: Drawn, now: Omit<Drawn, "node">): boolean {
  return (
    known.element === now.element &&
    known.isSelected === now.isSelected &&
    known.isStop === now.isStop &&
    known.isFound === now.isFound &&
    known.glance === now.glance
  );
}

/** How far along the waterfall a pointer is, from 0 to 1; undefined where it is not above it. */
function placeOf(rows: HTMLElement | null, x: number): number | undefined {
  const lines = rows?.querySelector(".vg")?.getBoundingClientRect();
  if (lines === undefined || lines.width === 0) return undefined;
  const place = (x - lines.left) / lines.width;
  return place < 0 || place > 1 ? undefined : place;
}
