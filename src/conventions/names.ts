// The attribute names that Tracelight gives meaning to: those of the Python toolkit, and OpenTelemetry's for exceptions.
/**
 * Attribute names, by what they say. `addAttribute` knows what the value of each is.
 *
 * @example
 * ```ts
 * const span = new InMemoryTracer().startSpan("model");
 * span.addAttribute(NAMES.traceType, "llm-invocation").addAttribute(NAMES.requestModel, "claude-sonnet-4-5");
 * ```
 */
export const NAMES = {
  /** What kind of work the span is: a turn, a cycle, a call of a model or a tool. */
  traceType: "ai.trace.type",
  /** The service that is called: `memory:short-term`, `tool:get_weather`. */
  peerService: "peer.service",
  /** Which conversation the span belongs to. */
  conversationId: "ai.conversation.id",
  /** Which part of the conversation: a subagent's. */
  subcontextId: "ai.subcontext.id",
  /** Who the work is done for: the principal, or an object with a `principal_id`. */
  authContext: "ai.auth.context",
  /** The agent that does the work. */
  agentName: "ai.agent.name",
  /** True where the work was called off. */
  aborted: "ai.conversation.aborted",
  /** What the user said: of a turn. */
  userInput: "ai.user.input",
  /** What the agent answered: of a turn. */
  agentResponse: "ai.agent.response",
  /** What went into other work: a chain, an embedding, a retrieval. */
  input: "ai.input",
  /** What came out of it. */
  output: "ai.output",
  /** Which cycle of its turn this is, from 1. */
  cycleNr: "ai.agent.cycle.nr",
  /** The message that a cycle ended with. */
  cycleResponse: "ai.agent.cycle.response",
  /** The name of the tool that is called. */
  toolName: "ai.tool.name",
  /** The id of the call, by which the model knows it. */
  toolUseId: "ai.tool.use.id",
  /** What the tool was given. */
  toolInput: "ai.tool.input",
  /** What the tool gave back. */
  toolOutput: "ai.tool.output",
  /** What went wrong in the tool: the span counts as failed. */
  toolError: "ai.tool.error",
  /** The id of the model that is called. */
  requestModel: "ai.llm.request.model.id",
  /** Who serves the model: `openai`, `anthropic`, `google`. */
  provider: "gen_ai.provider.name",
  /** How often a call was sent again behind a failure. */
  resends: "http.request.resend_count",
  /** The messages that the model is given, all of them. */
  requestMessages: "ai.llm.request.messages",
  /** The system prompt: a text or content blocks. */
  requestSystem: "ai.llm.request.system",
  /** The tools that the model is offered. */
  requestToolConfig: "ai.llm.request.tool.config",
  /** Temperature, most tokens and the like. */
  requestInferenceConfig: "ai.llm.request.inference.config",
  /** The model that answered, by its exact name. */
  responseModel: "gen_ai.response.model",
  /** The id that its service gave the answer. */
  responseId: "gen_ai.response.id",
  /** What the model answered: an object with a `message`. */
  responseOutput: "ai.llm.response.output",
  /** Why the model stopped. */
  stopReason: "ai.llm.response.stop.reason",
  /** Tokens: `inputTokens`, `outputTokens`, `cacheReadInputTokens`, `cacheWriteInputTokens`. */
  responseUsage: "ai.llm.response.usage",
  /** Times that the model's service measured: `latencyMs`, `timeToFirstTokenMs`. */
  responseMetrics: "ai.llm.response.metrics",
  /** What a guardrail found in what was asked and answered, and what it did. */
  responseGuardrail: "ai.llm.response.guardrail",
  /** What went wrong in the call of the model: the span counts as failed. */
  responseError: "ai.llm.response.error",
  /** The messages that were read from the conversation's history. */
  historyMessages: "ai.conversation.history.messages",
  /** The message that was added to the conversation's history. */
  historyMessage: "ai.conversation.history.message",
  /** The class of what was thrown; `recordException` sets the four. */
  exceptionType: "exception.type",
  /** Its message. */
  exceptionMessage: "exception.message",
  /** Its stack, with those of its causes. */
  exceptionStack: "exception.stacktrace",
  /** Its own fields, and those of its causes. */
  exceptionDetails: "exception.details",
  /** The program, as a resource attribute. */
  serviceName: "service.name",
  /** Seconds until a followed stream gave its first chunk. */
  timeToFirstChunk: "gen_ai.response.time_to_first_chunk",
  /** How a followed stream ended, where it was not read through. */
  followedEnd: "ai.followed.end",
} as const;

/** What kind of work a span is, in the toolkit's words; the last four are Tracelight's own. */
export type TraceType =
  | "converse"
  | "converse-stream"
  | "cycle"
  | "llm-invocation"
  | "tool-invocation"
  | "conversation-history-list"
  | "conversation-history-add"
  | "agent"
  | "chain"
  | "embedding"
  | "retrieval";

/** Another one than those that are known. */
type OtherText = string & Record<never, never>;

/** What the values of named attributes are; those of all others, and of named ones that are not here, may be anything. */
export interface NamedValues {
  /** What kind of work the span is. */
  readonly [NAMES.traceType]: TraceType | OtherText;
  /** The service that was called. */
  readonly [NAMES.peerService]: string;
  /** The name of the agent. */
  readonly [NAMES.agentName]: string;
  /** True where the work was called off. */
  readonly [NAMES.aborted]: boolean;
  /** Which cycle of the turn it is, from 1. */
  readonly [NAMES.cycleNr]: number;
  /** The tool that was called. */
  readonly [NAMES.toolName]: string;
  /** The id by which the model asked for the call. */
  readonly [NAMES.toolUseId]: string;
  /** The model that was asked for. */
  readonly [NAMES.requestModel]: string;
  /** Who serves the model. */
  readonly [NAMES.provider]: string;
  /** How often it was sent again. */
  readonly [NAMES.resends]: number;
  /** The model that answered. */
  readonly [NAMES.responseModel]: string;
  /** The id of the answer. */
  readonly [NAMES.responseId]: string;
  /** Why the model stopped. */
  readonly [NAMES.stopReason]: string;
  /** Tokens, as the provider counts them. */
  readonly [NAMES.responseUsage]: object;
  /** The provider's own times, such as `latencyMs`. */
  readonly [NAMES.responseMetrics]: object;
  /** What a guardrail found, as the service tells it. */
  readonly [NAMES.responseGuardrail]: object;
  /** The class of what was thrown. */
  readonly [NAMES.exceptionType]: string;
  /** Its message. */
  readonly [NAMES.exceptionMessage]: string;
  /** Its stack, with those of its causes. */
  readonly [NAMES.exceptionStack]: string;
  /** The name of the program, an attribute of the resource. */
  readonly [NAMES.serviceName]: string;
  /** Seconds until the first part of what was followed. */
  readonly [NAMES.timeToFirstChunk]: number;
  /** How what was followed ended: `unread` or `unfinished`. */
  readonly [NAMES.followedEnd]: string;
}

/** What `addAttribute` takes under a name; undefined sets nothing. */
export type AttributeValue<Name extends string> = Name extends keyof NamedValues
  ? NamedValues[Name] | undefined
  : unknown;
