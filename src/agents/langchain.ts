// tracelight/langchain: LangChain and LangGraph, by their callbacks.

export type { Capture, CaptureOptions, StreamOptions } from "./capture.ts";
export { type LangChainHandler, langChain } from "./langchain/handler.ts";
