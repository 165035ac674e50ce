// The rows of the tree, of which those near the window are on the page.
import { type Signal, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { NARROW, useMedia } from "../app/media.ts";
import { useGlances } from "./glances.ts";
import { idAt, type TraceModel } from "./model.ts";
import { Row } from "./row.tsx";
import { Lines } from "./ruler.tsx";
import type { Scale } from "./scale.ts";
import type { Column } from "./state.ts";
import { rowAt, type Shown } from "./tree.ts";

const WIDE_ROW = 24;
const NARROW_ROW = 44;
/** So many rows above and below the window are on the page too. */
const BEYOND = 6;

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
  const glances = useGlances(props.traceId, model, spans);
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
      <Lines model={model} scale={props.scale} pointer={props.pointer} isBent={props.isBent} />
      <div class="sheet" style={{ height: `${n * height}px`, "--row": `${height}px` }}>
        {spans.map((span, i) => (
          <Row
            key={span}
            model={model}
            row={rowAt(model, shown, from + i, props.folded)}
            at={from + i}
            scale={props.scale}
            glance={glances.get(idAt(model, span))}
            isSelected={span === props.selected}
            isFound={props.found.has(span)}
            hasPath={props.hasPath}
            column={props.column}
            onSelect={props.onSelect}
            onFold={props.onFold}
            onZoom={props.onZoom}
          />
        ))}
      </div>
    </div>
  );
}

/** How far along the waterfall a pointer is, from 0 to 1; undefined where it is not above it. */
function placeOf(rows: HTMLElement | null, x: number): number | undefined {
  const lines = rows?.querySelector(".vg")?.getBoundingClientRect();
  if (lines === undefined || lines.width === 0) return undefined;
  const place = (x - lines.left) / lines.width;
  return place < 0 || place > 1 ? undefined : place;
}
