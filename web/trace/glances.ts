// The words of a row, asked for when it is seen: its arguments, its first words, its error.
import { type Signal, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { API, type GlanceJson, type GlancesJson } from "../../src/viewer/api.ts";
import { read } from "../app/api.ts";
import { idAt, type TraceModel } from "./model.ts";

const ASK_AFTER_MS = 60;
const MOST_AT_ONCE = 200;

/** What is known of rows so far. */
export type Glances = ReadonlyMap<string, GlanceJson>;

/** Asks for the glances of the spans that are seen, once each; of those that run, again when the trace changes. */
export function useGlances(traceId: string, model: TraceModel | undefined, seen: readonly number[]): Glances {
  const known: Signal<Glances> = useSignal(new Map());
  const asked = useRef(new Set<string>());
  const shown = seen.join();
  useEffect(() => {
    if (model === undefined) return undefined;
    const timer = setTimeout(() => {
      const wanted = seen.map((i) => idAt(model, i)).filter((id) => !asked.current.has(id));
      const ids = wanted.slice(0, MOST_AT_ONCE);
      if (ids.length === 0) return;
      for (const id of ids) asked.current.add(id);
      read<GlancesJson>(API.glances(traceId, ids)).then(
        ({ glances }) => {
          known.value = new Map([...known.value, ...Object.entries(glances)]);
        },
        () => {
          for (const id of ids) asked.current.delete(id);
        },
      );
    }, ASK_AFTER_MS);
    return () => clearTimeout(timer);
  }, [traceId, model, shown]);
  return known.value;
}
