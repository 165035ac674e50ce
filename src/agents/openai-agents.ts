// tracelight/openai-agents: OpenAI's Agents SDK, by its trace processors.

export type { Capture, CaptureOptions } from "./capture.ts";
export { type OpenAiAgentsProcessor, openAiAgents } from "./openai-agents/processor.ts";
