// The whole trace in a few lines, drawn once; what is seen of it is a frame that is dragged, its edges resized.
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { drag } from "../app/drag.ts";
import { theme } from "../app/preferences.ts";
import { SHOWN_KINDS } from "./kinds.ts";
import { FAILED, INTERRUPTED, type TraceModel } from "./model.ts";
import { type Scale, WHOLE, type Window } from "./scale.ts";

const HEIGHT = 36;
const LINE = 2;
const LEAST_WINDOW = 1e-6;

/** The minimap. `whole` is the scale of all of the trace. */
export function Minimap(props: {
  readonly model: TraceModel;
  readonly whole: Scale;
  readonly window: Window;
  readonly onWindow: (window: Window) => void;
}): JSX.Element {
  const { model, whole, window } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const draw = (): void => {
      if (canvas.current !== null) paint(canvas.current, model, whole);
    };
    draw();
    addEventListener("resize", draw);
    const media = matchMedia("(prefers-color-scheme: dark)");
    media.addEventListener("change", draw);
    return () => {
      removeEventListener("resize", draw);
      media.removeEventListener("change", draw);
    };
  }, [model, whole, theme.value]);
  const change = (down: PointerEvent, to: (by: number) => Window): void => {
    const width = box.current?.clientWidth ?? 1;
    drag(down, { moved: ({ clientX }) => props.onWindow(bounded(to((clientX - down.clientX) / width))) });
  };
  const { from, to } = window;
  return (
    <div class="mm2" ref={box} role="img" aria-label="The whole trace">
      <canvas ref={canvas} />
      <span
        class="view"
        style={{ "--a": `${from * 100}%`, "--b": `${to * 100}%` }}
        onPointerDown={(event) => change(event, (by) => moved({ from, to }, by))}
        onDblClick={() => props.onWindow(WHOLE)}
      >
        <i onPointerDown={(event) => change(event, (by) => ({ from: from + by, to }))} />
        <i onPointerDown={(event) => change(event, (by) => ({ from, to: to + by }))} />
      </span>
    </div>
  );
}

/** A window moved as far as it can be. */
export function moved({ from, to }: Window, by: number): Window {
  const shift = Math.min(1 - to, Math.max(-from, by));
  return { from: from + shift, to: to + shift };
}

/** A window zoomed about a place in it, from 0 to 1. */
export function zoomed({ from, to }: Window, factor: number, about = 0.5): Window {
  const center = from + (to - from) * about;
  return bounded({ from: center - (center - from) * factor, to: center + (to - center) * factor });
}

function bounded({ from, to }: Window): Window {
  const left = Math.min(1 - LEAST_WINDOW, Math.max(0, Math.min(from, to)));
  return { from: left, to: Math.min(1, Math.max(left + LEAST_WINDOW, from, to)) };
}

/** Spans in order from top to bottom, errors on top. */
function paint(canvas: HTMLCanvasElement, model: TraceModel, whole: Scale): void {
  const { clientWidth: width } = canvas;
  const ratio = devicePixelRatio;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(HEIGHT * ratio);
  const context = canvas.getContext("2d");
  if (context === null) return;
  context.scale(ratio, ratio);
  const style = getComputedStyle(canvas);
  const colors = SHOWN_KINDS.map((kind) =>
    style.getPropertyValue(`--k-${kind === "cycle" ? "other" : kind}`),
  );
  const error = style.getPropertyValue("--error");
  // Of a large trace many spans fall on the same line: as many are looked at as can be seen.
  const step = Math.max(1, Math.floor(model.spans / MOST_PAINTED));
  const line = (i: number): void => {
    const x = whole.at(model.start[i] ?? 0) * width;
    const end = whole.at(model.end[i] ?? 0) * width;
    context.fillRect(x, (i / model.spans) * (HEIGHT - LINE), Math.max(1.5, end - x), LINE);
  };
  for (let i = 0; i < model.spans; i += step) {
    context.fillStyle = colors[model.kind[i] ?? 0] ?? "";
    if (SHOWN_KINDS[model.kind[i] ?? 0] !== "cycle") line(i);
  }
  context.fillStyle = error;
  let errors = 0;
  for (let i = 0; i < model.spans && errors < MOST_PAINTED; i++) {
    const flags = model.flags[i] ?? 0;
    if (!(flags & FAILED) || flags & INTERRUPTED) continue;
    line(i);
    errors++;
  }
}

const MOST_PAINTED = 4000;
