// What happens in the store while the page is open, by server-sent events. A pause or a lost connection leaves the data as it is.
import { type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { API, type ChangesJson } from "../../src/viewer/api.ts";
import { apiUrl } from "./api.ts";

/** Whether the page hears of changes; `lost` tries again at `liveRetryAt`, `none` is of a store that tells of none. */
export type LiveState = "live" | "paused" | "lost" | "waiting" | "none";

/** What hears of changes. */
export interface LiveListener {
  /** Spans and rows changed. */
  readonly changed: (changes: ChangesJson) => void;
  /** Changes were missed: what is shown is to be read again. */
  readonly reload: () => void;
}

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 30_000;

const state: Signal<LiveState> = signal("waiting");
const asOf: Signal<number> = signal(Date.now());
const retryAt: Signal<number> = signal(0);
const listeners = new Set<LiveListener>();
let source: EventSource | undefined;
let failures = 0;
let hasMissed = false;
let timer: ReturnType<typeof setTimeout> | undefined;

/** What the top bar shows. */
export const liveState: ReadonlySignal<LiveState> = state;

/** When the page last heard from the server: what is shown is of then. */
export const liveAsOf: ReadonlySignal<number> = asOf;

/** When a lost connection is tried again. */
export const liveRetryAt: ReadonlySignal<number> = retryAt;

/** Tells the listener of changes, until the function that it returns is called. */
export function listen(listener: LiveListener): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/** Says that the store tells of no changes: the page is loaded again to see them. */
export function neverLive(): void {
  close();
  state.value = "none";
}

/** Pauses, or goes on: what came meanwhile is read then. */
export function turnLive(): void {
  if (state.value === "none") return;
  if (state.value === "paused") return connect();
  close();
  state.value = "paused";
}

/** Begins to listen. */
export function connect(): void {
  close();
  state.value = "waiting";
  source = new EventSource(apiUrl(API.live));
  source.addEventListener("ready", () => {
    failures = 0;
    state.value = "live";
    asOf.value = Date.now();
    if (hasMissed) reload();
    hasMissed = true;
  });
  source.addEventListener("changes", ({ data }: MessageEvent<string>) => {
    asOf.value = Date.now();
    const changes: ChangesJson = JSON.parse(data);
    for (const { changed } of listeners) changed(changes);
  });
  source.addEventListener("reload", () => {
    state.value = "live";
    reload();
  });
  // The server answers: what it can and cannot read is said where it is shown.
  source.addEventListener("unreadable", () => {
    failures = 0;
    hasMissed = true;
    state.value = "waiting";
    reload();
  });
  source.addEventListener("error", lost);
}

function reload(): void {
  asOf.value = Date.now();
  for (const listener of listeners) listener.reload();
}

/** The browser would try again too, but not after every kind of failure, and without a word of when. */
function lost(): void {
  close();
  const wait = Math.min(FIRST_WAIT_MS * 2 ** failures++, LONGEST_WAIT_MS);
  retryAt.value = Date.now() + wait;
  state.value = "lost";
  timer = setTimeout(connect, wait);
}

function close(): void {
  clearTimeout(timer);
  source?.close();
  source = undefined;
}

/**
 * Does `refresh` when the store has changed, at most once in so many milliseconds while it goes on changing; of other changes than it
 * `concerns` nothing. The latest function that was given is called.
 */
export function useChanges(
  refresh: () => unknown,
  everyMs: number,
  concerns: (changes: ChangesJson) => boolean = () => true,
): void {
  const latest = useRef({ refresh, concerns });
  latest.current = { refresh, concerns };
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const soon = (): void => {
      timer ??= setTimeout(() => {
        timer = undefined;
        // What goes on reads all again.
        if (state.value !== "paused") latest.current.refresh();
      }, everyMs);
    };
    const stop = listen({
      changed: (changes) => {
        if (latest.current.concerns(changes)) soon();
      },
      reload: soon,
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [everyMs]);
}
