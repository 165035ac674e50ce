// The names of OpenInference; the first of several is written (of models, `OPENINFERENCE.model`), all are read.

/** What is one attribute. */
export const OPENINFERENCE_FIELDS = {
  model: [
    "llm.request.model_name",
    "llm.model_name",
    "llm.response.model_name",
    "embedding.model_name",
    "reranker.model_name",
  ],
  provider: ["llm.provider", "llm.system"],
  user: ["user.id"],
  agent: ["agent.name"],
  toolName: ["tool.name"],
  toolCallId: ["tool_call.id", "tool.id"],
  finishReason: ["llm.finish_reason", "llm.stop_reason"],
} as const;

/** Tokens. */
export const OPENINFERENCE_COUNTS = {
  input: ["llm.token_count.prompt"],
  output: ["llm.token_count.completion"],
  cachedRead: ["llm.token_count.prompt_details.cache_read"],
  cachedWrite: ["llm.token_count.prompt_details.cache_write"],
  reasoning: ["llm.token_count.completion_details.reasoning"],
  inputAudio: ["llm.token_count.prompt_details.audio"],
  outputAudio: ["llm.token_count.completion_details.audio"],
} as const;

/** The id of a conversation; of OpenTelemetry too, for sessions of any kind. */
export const OPENINFERENCE_CONVERSATION = "session.id";

/** What has structure. */
export const OPENINFERENCE = {
  kind: "openinference.span.kind",
  model: "llm.model_name",
  parameters: "llm.invocation_parameters",
  input: "input.value",
  inputType: "input.mime_type",
  output: "output.value",
  outputType: "output.mime_type",
  inputMessages: "llm.input_messages",
  outputMessages: "llm.output_messages",
  tools: "llm.tools",
  documents: "retrieval.documents",
} as const;

/** The type of a value that is JSON. */
export const JSON_TYPE = "application/json";
