// tracelight/viewer: the page and its API over a store, for a program's own server.
export type { ViewerOptions } from "./options.ts";
export { type ServeViewerOptions, serveViewer, type ViewerServer } from "./serve.ts";
export { createViewer } from "./viewer.ts";
