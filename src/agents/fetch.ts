// tracelight/fetch: a `fetch` for model clients, whose calls of models become spans.

export type { Capture, CaptureOptions, StreamOptions } from "./capture.ts";
export type { FetchInput, FetchLike } from "./fetch/request.ts";
export { type FetchOptions, tracedFetch } from "./fetch/traced-fetch.ts";
