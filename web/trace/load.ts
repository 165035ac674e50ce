// Reads a trace in a worker, again where something of it changed, never faster than it can be shown.
import { type Signal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { API, type TraceParams } from "../../src/viewer/api.ts";
import { apiUrl } from "../app/api.ts";
import { listen, liveState } from "../app/live.ts";
import { param } from "../app/location.ts";
import { Problem } from "../app/problem.ts";
import { busy } from "../app/resource.ts";
import { isExported, layoutPort, now } from "../app/source.ts";
import type { LayoutAnswer, LayoutRequest, TraceHead } from "./laying-out.ts";
import type { TraceModel } from "./model.ts";
import { MANY } from "./tree.ts";

/** What is known of a trace. */
export interface LoadedTrace {
  /** Its id: another trace's stays until the new one is there. */
  readonly id: string;
  readonly head: TraceHead;
  readonly model: TraceModel;
}

/** No number of a reading: what is told is put in at once, and the reading that follows has the sums. */
const GROWN = 0;
/** A trace is read anew at most so often, and a large trace less often. */
const LEAST_PAUSE_MS = 250;
const PAUSE_FOR_WORK = 8;
/** The bar of a span that runs grows so often. */
const GROW_MS = 1000;
/** Rows come as soon as they can, but the numbers of what runs change no more often than can be read. */
const STEP_MS = 250;

/** The trace with that id. */
export function useTrace(id: string): {
  readonly loaded: Signal<LoadedTrace | undefined>;
  readonly problem: Signal<Problem | undefined>;
  readonly reload: Signal<() => void>;
} {
  const loaded = useSignal<LoadedTrace | undefined>(undefined);
  const problem = useSignal<Problem | undefined>(undefined);
  const reload = useSignal<() => void>(() => undefined);
  useEffect(() => {
    const worker = layoutPort();
    let asked = 0;
    let began = 0;
    let isAsking = false;
    let isStale = false;
    let pause = LEAST_PAUSE_MS;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = (): void => {
      isAsking = true;
      isStale = false;
      began = performance.now();
      busy.value++;
      const url = apiUrl(API.trace(id));
      const isFirst = loaded.peek()?.id !== id && param("span") === "";
      worker.postMessage({
        ...{ id: ++asked, url, now: shownNow() },
        ...(isFirst && { firstUrl: apiUrl(API.trace(id), { first: MANY } satisfies TraceParams) }),
      } satisfies LayoutRequest);
    };
    const askAfter = (ms: number): void => {
      timer ??= setTimeout(() => {
        timer = undefined;
        // What goes on reads all again.
        if (liveState.peek() !== "paused") ask();
      }, ms);
    };
    const soon = (): void => {
      isStale = true;
      if (!isAsking) askAfter(pause);
    };
    worker.addEventListener("message", ({ data }: MessageEvent<LayoutAnswer>) => {
      if (data.id === GROWN || ("model" in data && !data.model.whole)) {
        if ("model" in data) loaded.value = { id, head: data.head, model: data.model };
        return;
      }
      isAsking = false;
      busy.value--;
      pause = Math.max(LEAST_PAUSE_MS, (performance.now() - began) * PAUSE_FOR_WORK);
      if ("problem" in data) {
        problem.value = new Problem(data.problem.message, data.problem.details);
      } else {
        problem.value = undefined;
        loaded.value = { id, head: data.head, model: data.model };
      }
      if (isStale) soon();
      else if (!isExported && loaded.value?.model.now !== undefined) askAfter(Math.max(GROW_MS, pause));
    });
    const stop = listen({
      changed: ({ traces, spans }) => {
        if (!traces.includes(id)) return;
        const changes = spans.filter((span) => span.trace_id === id);
        worker.postMessage({ id: GROWN, changes, now: shownNow() } satisfies LayoutRequest);
        soon();
      },
      reload: soon,
    });
    reload.value = ask;
    ask();
    return () => {
      stop();
      clearTimeout(timer);
      worker.terminate();
      if (isAsking) busy.value--;
    };
  }, [id]);
  return { loaded, problem, reload };
}

function shownNow(): number {
  return isExported ? now() : now() - (now() % STEP_MS);
}
