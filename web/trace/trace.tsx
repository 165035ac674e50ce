// The timeline of one trace: its tree and waterfall, a row each, and the span that is looked at beside them.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { compact, count, counted, money, time } from "../app/figures.ts";
import { useKeys } from "../app/keys.ts";
import { conversationUrl, open, place, traceUrl, urlOf } from "../app/location.ts";
import { clock } from "../app/moments.ts";
import { Icon, Kind } from "../parts/icon.tsx";
import { ObjectHead, Ways } from "../parts/object.tsx";
import { Side } from "../parts/side.tsx";
import { Oops } from "../shell/oops.tsx";
import { Inspector } from "../span/inspector.tsx";
import { SHOWN_KINDS } from "./kinds.ts";
import { Legend } from "./legend.tsx";
import { type LoadedTrace, useTrace } from "./load.ts";
import { Minimap, moved, zoomed } from "./minimap.tsx";
import { hasBelow, INTERRUPTED, idAt, indexOfId, labelAt, type TraceModel } from "./model.ts";
import { Rows } from "./rows.tsx";
import { Ruler } from "./ruler.tsx";
import { roundedUp, scaleOf, WHOLE, type Window } from "./scale.ts";
import { type Column, changeTrace, traceQuery } from "./state.ts";
import { foldedAtFirst, found, nextError, rowOf, shownRows, unfoldedTo } from "./tree.ts";

const COLUMNS: readonly Column[] = ["self", "tokens", "cost"];
/** One press of a key zooms or pans by so much. */
const ZOOM = 0.7;
const PAN = 0.2;

/** The view. */
export function Trace(): JSX.Element {
  const { id } = place.value;
  const { loaded, problem, reload } = useTrace(id);
  useEffect(() => {
    document.body.classList.add("fix");
    return () => document.body.classList.remove("fix");
  }, []);
  if (loaded.value?.id !== id) {
    return problem.value === undefined ? (
      <main id="main" class="p-trace" aria-busy="true" />
    ) : (
      <Oops error={problem.value} again={reload.value} />
    );
  }
  return <Timeline key={id} id={id} loaded={loaded.value} />;
}

function Timeline({ id, loaded }: { readonly id: string; readonly loaded: LoadedTrace }): JSX.Element {
  const { model, head } = loaded;
  const query = traceQuery();
  const folded = useFolds(model);
  const search = useSignal("");
  const pointer = useSignal<number | undefined>(undefined);
  const reveal = useSignal(-1);
  const hits = useMemo(
    () => (search.value === "" ? NONE : found(model, search.value)),
    [model, search.value],
  );
  const hiddenKey = [...query.hidden].join();
  const shown = useMemo(() => shownRows(model, folded.spans, query.hidden), [model, folded.spans, hiddenKey]);
  const length = model.now === undefined ? model.total : roundedUp(model.total * 1.02);
  const { window } = query;
  const scale = useMemo(
    () => scaleOf(model, query.scale, window, length),
    [model, query.scale, window.from, window.to, length],
  );
  const whole = useMemo(() => scaleOf(model, query.scale, WHOLE, length), [model, query.scale, length]);
  const selected = query.span === "" ? -1 : indexOfId(model, query.span);
  const at = rowOf(model, shown, selected);
  const seen = at < 0 ? -1 : (shown.spans[at] ?? -1);
  // Coming by a link brings the span into view; clicking never scrolls.
  useEffect(() => {
    if (selected < 0) return;
    folded.set(unfoldedTo(model, folded.spans, selected));
    requestAnimationFrame(() => {
      reveal.value = rowOf(model, shownRows(model, folded.spans, query.hidden), selected);
    });
  }, []);
  const select = (span: number): void => changeTrace({ span: idAt(model, span) });
  const go = (row: number): void => {
    const next = Math.min(shown.spans.length - 1, Math.max(0, row));
    select(shown.spans[next] ?? 0);
    reveal.value = next;
  };
  const goTo = (span: number): void => {
    if (span < 0) return;
    const open = unfoldedTo(model, folded.spans, span);
    folded.set(open);
    select(span);
    reveal.value = rowOf(model, shownRows(model, open, query.hidden), span);
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
    Enter: () => document.getElementById("panel")?.focus(),
    e: () => goTo(nextError(model, errorFrom, 1)),
    E: () => goTo(nextError(model, errorFrom < 0 ? model.spans : errorFrom, -1)),
    c: () => changeTrace({ hasPath: !query.hasPath }),
    m: () => changeTrace({ scale: query.scale === "steps" ? "time" : "steps", window: WHOLE }),
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
      <Head id={id} loaded={loaded} />
      <div class={`split ${seen < 0 ? "alone" : ""}`}>
        <div class="tl">
          <div class="tools facts">
            <Legend model={model} hidden={query.hidden} onHide={(hidden) => changeTrace({ hidden })} />
            <span class="grow" />
            <button
              type="button"
              class="fact"
              aria-pressed={query.hasPath}
              onClick={() => changeTrace({ hasPath: !query.hasPath })}
            >
              <span class="cpk" />
              critical path
            </button>
            <span class="seg sm" role="group" aria-label="Scale">
              <button
                type="button"
                aria-pressed={query.scale === "time"}
                onClick={() => changeTrace({ scale: "time", window: WHOLE })}
              >
                Time
              </button>
              <button
                type="button"
                aria-pressed={query.scale === "steps"}
                title="Every step about as wide as another, so that short ones can be seen; order and overlap stay"
                onClick={() => changeTrace({ scale: "steps", window: WHOLE })}
              >
                Steps
              </button>
            </span>
          </div>
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
                    if (event.key === "Escape") finder.current?.blur();
                    if (event.key !== "Enter") return;
                    goTo(nextFound(hits, seen, event.shiftKey ? -1 : 1));
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
                onClick={() => changeTrace({ column: after(query.column) })}
              >
                {query.column}
              </button>
            </span>
            <Ruler model={model} scale={scale} pointer={pointer} isBent={query.scale === "steps"} />
          </div>
          <Rows
            {...{ traceId: id, model, shown, folded: folded.spans, found: hits, selected: seen, scale }}
            {...{ hasPath: query.hasPath, column: query.column, pointer, reveal, onWheel }}
            isBent={query.scale === "steps"}
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
              traceStart={Date.parse(head.started_at)}
              share={((model.end[seen] ?? 0) - (model.start[seen] ?? 0)) / model.total}
              onPath={pathShare(model, seen)}
              tab={query.tab}
              version={model}
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

function Head({ id, loaded }: { readonly id: string; readonly loaded: LoadedTrace }): JSX.Element {
  const { summary, conversation, notes } = loaded.head;
  const interrupted = loaded.model.flags.reduce((n, flags) => n + ((flags & INTERRUPTED) !== 0 ? 1 : 0), 0);
  const tokens = summary.input_tokens + summary.output_tokens;
  return (
    <ObjectHead
      crumb={
        conversation === null
          ? { href: urlOf("", { by: "trace" }), name: "Traces" }
          : { href: chatUrl(conversation), name: conversation.key }
      }
      title={summary.title ?? summary.name}
      facts={[
        <span key="id" class="mono" title={id}>
          {id.slice(0, 8)}
        </span>,
        conversation !== null && <Turn {...conversation} />,
        clock(Date.parse(summary.started_at)),
        summary.state === "running" ? (
          <span class="run st">
            <Icon name="running" />
            running {time(loaded.model.total)}
          </span>
        ) : (
          time(summary.duration_ms)
        ),
        counted(summary.spans, "span"),
        tokens > 0 && (
          <>
            <b>
              {compact(summary.input_tokens)} → {compact(summary.output_tokens)}
            </b>{" "}
            tokens
          </>
        ),
        (summary.cost_usd !== null || summary.unpriced_calls > 0) && (
          <b>{summary.cost_usd === null ? "no price" : money(summary.cost_usd)}</b>
        ),
        summary.errors > 0 && (
          <span class="err st">
            <Icon name="error" />
            {counted(summary.errors, "error")}
          </span>
        ),
        interrupted > 0 && (
          <span class="warn st">
            <Icon name="interrupted" />
            {count(interrupted)} interrupted
          </span>
        ),
        ...notes.map((note) => (
          <span key={note} class="warn" title={note}>
            {note}
          </span>
        )),
      ]}
    >
      <Ways
        shown="timeline"
        chat={conversation === null ? undefined : chatUrl(conversation)}
        timeline={undefined}
      />
    </ObjectHead>
  );
}

type OfTurn = NonNullable<LoadedTrace["head"]["conversation"]>;

function Turn({ turn, turns, previous_trace_id, next_trace_id }: OfTurn): JSX.Element {
  return (
    <>
      turn {turn} of {turns}
      {previous_trace_id !== null && (
        <a class="ib tiny" href={traceUrl(previous_trace_id)} aria-label="Turn before" title="Turn before, [">
          <Icon name="left" />
        </a>
      )}
      {next_trace_id !== null && (
        <a class="ib tiny" href={traceUrl(next_trace_id)} aria-label="Turn after" title="Turn after, ]">
          <Icon name="chev" />
        </a>
      )}
    </>
  );
}

function chatUrl({ key, turn }: OfTurn): string {
  return conversationUrl(key, { turn: String(turn) });
}

function turnTo(traceId: string | null | undefined): void {
  if (traceId != null) open(traceUrl(traceId));
}

/** What a narrow window shows of the span before the sheet is opened. */
function Peek({ model, span }: { readonly model: TraceModel; readonly span: number }): JSX.Element {
  const kind = SHOWN_KINDS[model.kind[span] ?? 0] ?? "other";
  const [input = 0, output = 0, cost = 0] = [
    ...[model.inputTokens[span], model.outputTokens[span]],
    model.costUsd[span],
  ];
  return (
    <>
      <Kind name={kind} />
      <b class="cut">{labelAt(model, span)}</b>
      <span class="soft">{time((model.end[span] ?? 0) - (model.start[span] ?? 0))}</span>
      {input + output > 0 && (
        <span class="soft">
          {compact(input)} → {compact(output)}
        </span>
      )}
      {cost > 0 && <span class="soft">{money(cost)}</span>}
    </>
  );
}

const HINTS = [
  ["j k", "move"],
  ["← →", "fold"],
  ["Enter", "inspect"],
  ["e", "next error"],
  ["c", "critical path"],
  ["f", "zoom to span"],
  ["0", "fit"],
  ["m", "time or steps"],
  ["?", "all keys"],
] as const;

function Hints(): JSX.Element {
  return (
    <div class="hints">
      {HINTS.map(([keys, what]) => (
        <span key={what}>
          {keys.split(" ").map((key) => (
            <kbd key={key}>{key}</kbd>
          ))}{" "}
          {what}
        </span>
      ))}
    </div>
  );
}

/** What is folded: the same spans when the trace grows. */
function useFolds(model: TraceModel): {
  readonly spans: ReadonlySet<number>;
  readonly set: (spans: ReadonlySet<number>) => void;
} {
  const folds = useSignal<{ readonly of: TraceModel; readonly spans: ReadonlySet<number> } | undefined>(
    undefined,
  );
  const first = useMemo(() => ({ of: model, spans: foldedAtFirst(model) }), []);
  const { of, spans: folded } = folds.value ?? first;
  const spans = useMemo(() => (of === model ? folded : carried(of, model, folded)), [model, of, folded]);
  return {
    spans,
    set: (next) => {
      folds.value = { of: model, spans: next };
    },
  };
}

function carried(from: TraceModel, to: TraceModel, spans: ReadonlySet<number>): ReadonlySet<number> {
  if (spans.size === 0 || from.ids === to.ids) return spans;
  const ids = new Set([...spans].map((i) => idAt(from, i)));
  const next = new Set<number>();
  for (let i = 0; i < to.spans; i++) if (ids.has(idAt(to, i))) next.add(i);
  return next;
}

function allParents(model: TraceModel): Set<number> {
  const parents = new Set<number>();
  for (let i = 0; i < model.spans; i++) if (hasBelow(model, i)) parents.add(i);
  return parents;
}

function nextFound(hits: ReadonlySet<number>, from: number, step: 1 | -1): number {
  const spans = [...hits];
  if (step === 1) return spans.find((span) => span > from) ?? spans[0] ?? -1;
  return spans.findLast((span) => span < from) ?? spans.at(-1) ?? -1;
}

/** How much of a span lies on the critical path, from 0 to 1. */
function pathShare(model: TraceModel, span: number): number {
  let on = 0;
  const end = model.pathAt[model.last[span] ?? span + 1] ?? 0;
  for (let i = model.pathAt[span] ?? 0; i < end; i++) on += (model.pathTo[i] ?? 0) - (model.pathFrom[i] ?? 0);
  const took = (model.end[span] ?? 0) - (model.start[span] ?? 0);
  return took <= 0 ? 0 : Math.min(1, on / took);
}

function after(column: Column): Column {
  return COLUMNS[(COLUMNS.indexOf(column) + 1) % COLUMNS.length] ?? "self";
}
