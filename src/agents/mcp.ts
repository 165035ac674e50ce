// tracelight/mcp: clients and servers of the Model Context Protocol, one trace across both processes.

export type { Capture, CaptureOptions } from "./capture.ts";
export { type McpPeer, traceMcp } from "./mcp/trace.ts";
