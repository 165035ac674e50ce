// tracelight/bedrock: the calls of a Bedrock client, by its middleware stack.

export { type BedrockClient, traceBedrock } from "./bedrock/trace.ts";
export type { Capture, CaptureOptions, StreamOptions } from "./capture.ts";
