// The names of OpenTelemetry's `gen_ai.*`; the first of several is written, all are read.

/** What is one attribute. */
export const GEN_AI_FIELDS = {
  model: ["gen_ai.request.model", "gen_ai.response.model"],
  provider: ["gen_ai.provider.name", "gen_ai.system"],
  user: ["user.id", "enduser.id"],
  agent: ["gen_ai.agent.name"],
  toolName: ["gen_ai.tool.name"],
  toolCallId: ["gen_ai.tool.call.id"],
} as const;

/** Others' names for the same, seen in the wild: Anthropic's SDK (cache_write), Traceloop (with underscores), Sentry (.cached). */
export const GEN_AI_COUNTS = {
  input: ["gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens"],
  output: ["gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens"],
  cachedRead: [
    "gen_ai.usage.cache_read.input_tokens",
    "gen_ai.usage.cache_read_input_tokens",
    "gen_ai.usage.input_tokens.cached",
  ],
  // Until 1.41 `cache_creation`.
  cachedWrite: [
    "gen_ai.usage.cache_creation.input_tokens",
    "gen_ai.usage.cache_write.input_tokens",
    "gen_ai.usage.cache_creation_input_tokens",
  ],
  reasoning: [
    "gen_ai.usage.reasoning.output_tokens",
    "gen_ai.usage.reasoning_tokens",
    "gen_ai.usage.output_tokens.reasoning",
  ],
  inputAudio: ["gen_ai.usage.audio.input_tokens"],
  inputImage: ["gen_ai.usage.image.input_tokens"],
  outputAudio: ["gen_ai.usage.audio.output_tokens"],
  outputImage: ["gen_ai.usage.image.output_tokens"],
} as const;

/** The id of a conversation. */
export const GEN_AI_CONVERSATION = "gen_ai.conversation.id";

/** What has structure. */
export const GEN_AI = {
  operation: "gen_ai.operation.name",
  input: "gen_ai.input.messages",
  output: "gen_ai.output.messages",
  system: "gen_ai.system_instructions",
  tools: "gen_ai.tool.definitions",
  arguments: "gen_ai.tool.call.arguments",
  result: "gen_ai.tool.call.result",
  query: "gen_ai.retrieval.query.text",
  documents: "gen_ai.retrieval.documents",
  memoryQuery: "gen_ai.memory.query.text",
  memoryRecords: "gen_ai.memory.records",
  finishReasons: "gen_ai.response.finish_reasons",
  /** What Anthropic's SDK writes instead. */
  anthropicReason: "anthropic.message.stop_reason",
} as const;

/** Of an evaluation: on the event of its result, or on a span. */
export const GEN_AI_EVALUATION = {
  name: "gen_ai.evaluation.name",
  score: "gen_ai.evaluation.score.value",
  label: "gen_ai.evaluation.score.label",
  explanation: "gen_ai.evaluation.explanation",
} as const;

/** Seconds; the second name is the metric's, which the Vercel AI SDK writes as an attribute. */
export const GEN_AI_TIME_TO_FIRST = [
  "gen_ai.response.time_to_first_chunk",
  "gen_ai.client.operation.time_to_first_chunk",
] as const;
