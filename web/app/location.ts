// Where the reader is. The URL holds the whole state: opening pushes, typing replaces, back returns to the same scroll.
import { computed, type ReadonlySignal, signal } from "@preact/signals";
import { BASE, hrefOf, pageUrl } from "./source.ts";

/** What a page shows. */
export type View = "list" | "conversation" | "trace" | "compare" | "numbers" | "unknown";

/** The URL as the page reads it. */
export interface Place {
  readonly view: View;
  /** The conversation's or trace's id as it stands in the URL; empty elsewhere. */
  readonly id: string;
  readonly params: URLSearchParams;
}

const base = new URL(BASE);
const href = signal(location.href);

/** The place that is shown. */
export const place: ReadonlySignal<Place> = computed(() => placeOf(href.value));

/** The view alone: changes only with it. */
export const view: ReadonlySignal<View> = computed(() => place.value.view);

/** One parameter of the URL; empty where there is none. */
export function param(name: string): string {
  return place.value.params.get(name) ?? "";
}

/** The address of a path within the page, such as `c/trip-1042?call=7`. */
export function urlOf(path: string, params: Params = {}): string {
  const url = new URL(path, base);
  for (const [name, value] of Object.entries(params)) {
    if (value !== undefined && value !== "") url.searchParams.set(name, value);
  }
  return hrefOf(url);
}

/** Parameters by name; one that is empty or undefined is left out. */
export type Params = Readonly<Record<string, string | undefined>>;

/** The address of a conversation. */
export function conversationUrl(id: string, params?: Params): string {
  return urlOf(`c/${encodeURIComponent(id)}`, params);
}

/** The address of a trace. */
export function traceUrl(id: string, params?: Params): string {
  return urlOf(`t/${encodeURIComponent(id)}`, params);
}

/** The address of a comparison: of traces, conversations and calls as the API names them. */
export function compareUrl(a: string, b: string): string {
  return urlOf("compare", { a, b });
}

/** A call by its span, to be compared. */
export function callSubject(of: { readonly trace_id: string; readonly span_id: string }): string {
  return `${of.trace_id}/${of.span_id}`;
}

/** Opens an address: back returns here. */
export function open(to: string): void {
  if (to === location.href) return;
  remember();
  history.pushState(null, "", to);
  href.value = to;
  scrollTo(0, 0);
}

/** Changes parameters of this place, as typing and choosing do: no step of its own in the history. */
export function change(params: Params): void {
  const url = pageUrl(location.href) ?? new URL(base);
  for (const [name, value] of Object.entries(params)) {
    if (value === undefined || value === "") url.searchParams.delete(name);
    else url.searchParams.set(name, value);
  }
  const to = hrefOf(url);
  if (to === location.href) return;
  history.replaceState(history.state, "", to);
  href.value = to;
}

/** How far the page was scrolled when the reader last left this place; 0 for a place that is new. */
export function rememberedScroll(): number {
  const state: unknown = history.state;
  if (typeof state !== "object" || state === null || !("scroll" in state)) return 0;
  return typeof state.scroll === "number" ? state.scroll : 0;
}

/** Follows links within the page and the browser's buttons. Called once. */
export function followLinks(): void {
  history.scrollRestoration = "manual";
  addEventListener("popstate", () => {
    href.value = location.href;
  });
  addEventListener("pagehide", remember);
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest("a[href]") : null;
    if (!(link instanceof HTMLAnchorElement) || !isPlain(event) || link.target !== "") return;
    if (!isOurs(link.href)) return;
    event.preventDefault();
    open(link.href);
  });
}

function remember(): void {
  const main = document.querySelector("[data-scrolls]");
  const scroll = main === null ? scrollY : main.scrollTop;
  history.replaceState({ scroll }, "", location.href);
}

function isPlain(event: MouseEvent): boolean {
  const isHeld = event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;
  return !event.defaultPrevented && event.button === 0 && !isHeld;
}

function isOurs(to: string): boolean {
  return pageUrl(to)?.origin === base.origin && placeOf(to).view !== "unknown";
}

function placeOf(at: string): Place {
  const url = pageUrl(at) ?? base;
  const params = url.searchParams;
  if (!url.pathname.startsWith(base.pathname)) return { view: "unknown", id: "", params };
  const [first = "", ...rest] = url.pathname.slice(base.pathname.length).split("/");
  const id = decoded(rest.join("/"));
  const view = viewOf(first, id);
  return { view, id, params };
}

function viewOf(first: string, id: string): View {
  if (id !== "") return first === "c" ? "conversation" : first === "t" ? "trace" : "unknown";
  if (first === "" || first === "index.html") return "list";
  return first === "numbers" || first === "compare" ? first : "unknown";
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
