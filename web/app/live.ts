// What happens in the store while the page is open, by server-sent events. A pause or a lost connection leaves the data as it is.
import { type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { apiUrl } from "./api.ts";

/** Whether the page hears of changes; `lost` waits until `retryAt`. */
export type LiveState = "live" | "paused" | "lost" | "waiting";

type Listener = (event: unknown) => void;

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 30_000;

const state: Signal<LiveState> = signal("waiting");
const asOf: Signal<number> = signal(Date.now());
const retryAt: Signal<number> = signal(0);
const changed = new Set<Listener>();
const reloads = new Set<() => void>();
let source: EventSource | undefined;
let lastId = "";
let failures = 0;
let timer: ReturnType<typeof setTimeout> | undefined;

/** What the top bar shows. */
export const liveState: ReadonlySignal<LiveState> = state;

/** When the page last heard from the server: what is shown is of then. */
export const liveAsOf: ReadonlySignal<number> = asOf;

/** When a lost connection is tried again. */
export const liveRetryAt: ReadonlySignal<number> = retryAt;

/** Calls `listener` with each change, and `reload` where changes were missed. Returns what ends it. */
export function onChange(listener: Listener, reload: () => void): () => void {
  changed.add(listener);
  reloads.add(reload);
  return () => {
    changed.delete(listener);
    reloads.delete(reload);
  };
}

/** Pauses, or goes on: what came meanwhile is read then. */
export function turnLive(): void {
  if (state.value === "paused") return connect();
  close();
  state.value = "paused";
}

/** Begins to listen. A hidden page listens on: what is seen on return is the present. */
export function connect(): void {
  close();
  state.value = "waiting";
  const url = apiUrl("live", { since: lastId });
  source = new EventSource(url);
  source.addEventListener("open", () => {
    failures = 0;
    state.value = "live";
    asOf.value = Date.now();
  });
  source.addEventListener("change", (event) => heard(event, changed));
  source.addEventListener("beat", (event) => heard(event, new Set()));
  source.addEventListener("reload", (event) => {
    heard(event, new Set());
    for (const reload of reloads) reload();
  });
  source.addEventListener("error", lost);
}

function heard({ data, lastEventId }: MessageEvent<string>, listeners: ReadonlySet<Listener>): void {
  if (lastEventId !== "") lastId = lastEventId;
  asOf.value = Date.now();
  if (listeners.size === 0) return;
  const event: unknown = JSON.parse(data);
  for (const listener of listeners) listener(event);
}

/** The browser would try again by itself, but not after every kind of failure, and without a word of when. */
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
