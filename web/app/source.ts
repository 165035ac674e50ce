// Where the page has its data from, and its places: the server. A page that was exported has `exported/source.ts` here instead.
import type { LayoutAnswer, LayoutRequest } from "../trace/laying-out.ts";

/** True where all that there is lies in the file of the page. */
export const isExported: boolean = false;

/** The address that those of the API and of views are below. */
export const BASE: string = document.baseURI;

/** Asks for a part of the API. Rejects where nobody answers. */
export function ask(url: string, init?: RequestInit): Promise<Response> {
  return fetch(url, init);
}

/** The moment that is shown, in milliseconds since the epoch: how long what runs has been running. */
export function now(): number {
  return Date.now();
}

/** What an image is shown from. */
export function imageOf(url: string): string | Promise<string> {
  return url;
}

/** The place that an address names; undefined for one of elsewhere. */
export function pageUrl(href: string): URL | undefined {
  return new URL(href);
}

/** The address of a place. */
export function hrefOf(url: URL): string {
  return url.href;
}

/** Lays traces out, beside the page. */
export interface LayoutPort {
  postMessage(request: LayoutRequest): void;
  addEventListener(type: "message", heard: (event: MessageEvent<LayoutAnswer>) => void): void;
  terminate(): void;
}

/** Begins to lay out. */
export function layoutPort(): LayoutPort {
  return new Worker(new URL("../trace/layout.worker.ts", import.meta.url), { type: "module" });
}
