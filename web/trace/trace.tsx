// The timeline of one trace: its tree and waterfall, a row each, and the span that is looked at beside them.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { count } from "../app/figures.ts";
import { useKeys } from "../app/keys.ts";
import { open, place, rememberedScroll, traceUrl } from "../app/location.ts";
import type { Problem } from "../app/problem.ts";
import { Icon } from "../parts/icon.tsx";
import { useFixedPage } from "../parts/object.tsx";
import { enterPanel, isPanelWanted } from "../parts/panel.ts";
import { Side } from "../parts/side.tsx";
import { Oops } from "../shell/oops.tsx";
import { Inspector } from "../span/inspector.tsx";
import { askedTools } from "./asked-tools.ts";
import { useCallNumber } from "./call-numbers.ts";
import { allParents, useFolds } from "./folds.ts";
import { chatUrl, Head } from "./head.tsx";
import { Hints } from "./hints.tsx";
import { SHOWN_KINDS } from "./kinds.ts";
import { lensOf } from "./lens.ts";
import { type LoadedTrace, useTrace } from "./load.ts";
import { Minimap, moved, zoomed } from "./minimap.tsx";
import { hasBelow, idAt, indexOfId, labelAt } from "./model.ts";
import { pathShare } from "./path.ts";
import { Peek } from "./peek.tsx";
import { Rows } from "./rows.tsx";
import { Ruler } from "./ruler.tsx";
import { roundedUp, scaleOf, WHOLE, type Window } from "./scale.ts";
import { changeTrace, columnAfter, traceQuery } from "./state.ts";
import { Toolbar, turnScale } from "./toolbar.tsx";
import { found, nextError, nextFound, rowOf, shownRows, unfoldedTo } from "./tree.ts";

/** One press of a key zooms or pans by so much. */
const ZOOM = 0.7;
const PAN = 0.2;

/** The view. */
export function Trace(): JSX.Element {
  const { id } = place.value;
  const { loaded, problem, reload } = useTrace(id);
  useFixedPage();
  if (loaded.value?.id !== id) {
    return problem.value === undefined ? (
      <main id="main" class="p-trace" aria-busy="true" />
    ) : (
      <Oops error={problem.value} again={reload.value} />
    );
  }
  return (
    <Timeline key={id} id={id} loaded={loaded.value} problem={problem.value} again={() => reload.value()} />
  );
}

interface TimelineProps {
  readonly id: string;
  readonly loaded: LoadedTrace;
  /** Why it could not be read the last time. */
  readonly problem: Problem | undefined;
  readonly again: () => void;
}

function Timeline({ id, loaded, problem, again }: TimelineProps): JSX.Element {
  const { model, head } = loaded;
  const query = traceQuery();
  const folded = useFolds(model);
  const search = useSignal("");
  const pointer = useSignal<number | undefined>(undefined);
  const reveal = useSignal(-1);
  const width = useSignal(0);
  const hits = useMemo(
    () => (search.value === "" ? NONE : found(model, search.value)),
    [model, search.value],
  );
  const hiddenKey = [...query.hidden].join();
  const shown = useMemo(() => shownRows(model, folded.spans, query.hidden), [model, folded.spans, hiddenKey]);
  const length = model.now === undefined ? model.total : roundedUp(model.total * 1.02);
  const { window } = query;
  const isBent = query.scale === "steps";
  const scale = useMemo(
    () => scaleOf(model, query.scale, window, length),
    [model, query.scale, window.from, window.to, length],
  );
  const whole = useMemo(() => scaleOf(model, query.scale, WHOLE, length), [model, query.scale, length]);
  const selected = query.span === "" ? -1 : indexOfId(model, query.span);
  const at = rowOf(model, shown, selected);
  const seen = at < 0 ? -1 : (shown.spans[at] ?? -1);
  const callNumber = useCallNumber(id, model, seen);
  // Coming by a link brings the span into view; coming back and clicking never scroll.
  useEffect(() => {
    bringIn(selected);
    if (rememberedScroll() > 0) reveal.value = -1;
  }, []);
  const select = (span: number): void => {
    isPanelWanted.value = false;
    changeTrace({ span: idAt(model, span) });
  };
  const go = (row: number): void => {
    const next = Math.min(shown.spans.length - 1, Math.max(0, row));
    select(shown.spans[next] ?? 0);
    reveal.value = next;
  };
  const bringIn = (span: number): void => {
    if (span < 0) return;
    const open = unfoldedTo(model, folded.spans, span);
    folded.set(open);
    reveal.value = rowOf(model, shownRows(model, open, query.hidden), span);
  };
  const goTo = (span: number): void => {
    if (span >= 0) select(span);
    bringIn(span);
  };
  const fold = (span: number): void => {
    const next = new Set(folded.spans);
    if (!next.delete(span)) next.add(span);
    folded.set(next);
  };
  const zoomTo = (span: number): void => {
    const [start = 0, end = 0] = [model.start[span], model.end[span]];
    const [from, to] = [whole.at(start), whole.at(Math.max(end, start + model.total * 1e-6))];
    const margin = (to - from) * 0.05;
    changeTrace({ window: zoomed({ from: from - margin, to: to + margin }, 1) });
  };
  const setWindow = (to: Window): void => changeTrace({ window: to });
  const finder = useRef<HTMLInputElement>(null);
  const errorFrom = seen < 0 ? -1 : seen;
  useKeys({
    ...{ j: () => go(at + 1), ArrowDown: () => go(at + 1), k: () => go(at - 1), ArrowUp: () => go(at - 1) },
    ...{ Home: () => go(0), End: () => go(shown.spans.length - 1) },
    ArrowRight: () => {
      if (seen >= 0 && folded.spans.has(seen)) fold(seen);
      else if (seen >= 0 && hasBelow(model, seen)) go(at + 1);
    },
    ArrowLeft: () => {
      const above = seen < 0 ? -1 : (model.parent[seen] ?? -1);
      if (seen >= 0 && hasBelow(model, seen) && !folded.spans.has(seen)) fold(seen);
      else if (above >= 0) goTo(above);
    },
    "Shift+ArrowLeft": () => folded.set(allParents(model)),
    "Shift+ArrowRight": () => folded.set(NONE),
    Enter: () => {
      if (seen < 0) go(0);
      enterPanel();
    },
    e: () => goTo(nextError(model, errorFrom, 1)),
    E: () => goTo(nextError(model, errorFrom < 0 ? model.spans : errorFrom, -1)),
    c: () => changeTrace({ hasPath: !query.hasPath }),
    m: () => turnScale(isBent ? "time" : "steps"),
    w: () => setWindow(zoomed(window, ZOOM, pointer.value)),
    s: () => setWindow(zoomed(window, 1 / ZOOM, pointer.value)),
    a: () => setWindow(moved(window, -PAN * (window.to - window.from))),
    d: () => setWindow(moved(window, PAN * (window.to - window.from))),
    f: () => {
      if (seen >= 0) zoomTo(seen);
    },
    "0": () => setWindow(WHOLE),
    "/": () => finder.current?.focus(),
    "[": () => turnTo(head.conversation?.previous_trace_id),
    "]": () => turnTo(head.conversation?.next_trace_id),
    v: () => {
      if (head.conversation !== null) open(chatUrl(head.conversation));
    },
    ...(query.span !== "" && { Escape: () => changeTrace({ span: "", tab: "" }) }),
  });
  const frame = useRef(0);
  const onWheel = (event: WheelEvent, spot: number): void => {
    const isZoom = event.ctrlKey || event.metaKey;
    const isPan = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);
    if (!isZoom && !isPan) return;
    event.preventDefault();
    cancelAnimationFrame(frame.current);
    const width = window.to - window.from;
    frame.current = requestAnimationFrame(() => {
      if (isZoom) setWindow(zoomed(window, Math.exp(event.deltaY / 200), spot));
      else setWindow(moved(window, ((event.deltaX || event.deltaY) / 1000) * width));
    });
  };
  return (
    <main id="main" class="p-trace">
      <Head loaded={loaded} />
      <div class={`split ${seen < 0 ? "alone" : ""}`}>
        <div class="tl">
          <Toolbar {...{ model, query, problem, again }} />
          <div class="th2">
            <div class="th-l">
              <label class="tfind">
                <Icon name="search" />
                <input
                  ref={finder}
                  type="search"
                  placeholder="Find in this trace"
                  aria-label="Find in this trace"
                  value={search.value}
                  onInput={({ currentTarget }) => {
                    search.value = currentTarget.value;
                  }}
                  onKeyDown={(event) => {
                    if (event.key === "Enter") goTo(nextFound(hits, seen, event.shiftKey ? -1 : 1));
                    if (event.key !== "Escape") return;
                    // Nothing else is closed by it.
                    event.stopPropagation();
                    finder.current?.blur();
                  }}
                />
                {search.value !== "" && <span class="mute">{count(hits.size)}</span>}
              </label>
            </div>
            <div class="th-r">
              <Minimap model={model} whole={whole} window={window} onWindow={setWindow} />
            </div>
          </div>
          <div class="hr2">
            <span class="h-n">span</span>
            <span class="num">time</span>
            <span class="num">
              <button
                type="button"
                title="Self time, tokens or cost"
                onClick={() => changeTrace({ column: columnAfter(query.column) })}
              >
                {query.column}
              </button>
            </span>
            <Ruler {...{ model, scale, pointer, isBent }} width={width} />
          </div>
          <Rows
            {...{ traceId: id, model, shown, folded: folded.spans, found: hits, selected: seen, scale }}
            {...{ hasPath: query.hasPath, column: query.column, pointer, reveal, onWheel }}
            {...{ isBent, width }}
            onSelect={select}
            onFold={fold}
            onZoom={zoomTo}
          />
          <Hints />
        </div>
        {seen >= 0 && (
          <Side name="trace" label="Span" peek={<Peek model={model} span={seen} />}>
            <Inspector
              traceId={id}
              spanId={idAt(model, seen)}
              title={labelAt(model, seen)}
              kind={SHOWN_KINDS[model.kind[seen] ?? 0] ?? "other"}
              {...(callNumber !== undefined && { note: `call ${callNumber}` })}
              traceStart={Date.parse(head.started_at)}
              share={((model.end[seen] ?? 0) - (model.start[seen] ?? 0)) / model.total}
              onPath={pathShare(model, seen)}
              tab={query.tab}
              lens={lensOf(id, head)}
              version={model}
              tools={SHOWN_KINDS[model.kind[seen] ?? 0] === "model" ? askedTools(model, seen) : []}
              onTab={(tab) => changeTrace({ tab })}
              onZoom={() => zoomTo(seen)}
              onClose={() => changeTrace({ span: "", tab: "" })}
            />
          </Side>
        )}
      </div>
    </main>
  );
}

const NONE: ReadonlySet<number> = new Set();

function turnTo(traceId: string | null | undefined): void {
  if (traceId != null) open(traceUrl(traceId));
}
