// The attributes that hold a conversation so far, given again with every model call, in each vocabulary.
import { NAMES } from "./names.ts";

/** Names of attributes whose value is a list of messages that grows from call to call. */
export const MESSAGE_LISTS: ReadonlySet<string> = new Set([
  // The Python toolkit and Tracelight.
  NAMES.requestMessages,
  NAMES.historyMessages,
  // OpenTelemetry's semantic conventions for generative AI.
  "gen_ai.input.messages",
  // OpenInference, where it is not spread over one attribute a field.
  "llm.input_messages",
  // Vercel AI SDK.
  "ai.prompt.messages",
]);
