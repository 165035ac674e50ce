// The attribute names that Tracelight gives meaning to: those of the Python toolkit, and OpenTelemetry's for exceptions.

/** Attribute names, by what they say. */
export const NAMES = {
  traceType: "ai.trace.type",
  peerService: "peer.service",
  conversationId: "ai.conversation.id",
  subcontextId: "ai.subcontext.id",
  authContext: "ai.auth.context",
  agentName: "ai.agent.name",
  aborted: "ai.conversation.aborted",
  userInput: "ai.user.input",
  agentResponse: "ai.agent.response",
  cycleNr: "ai.agent.cycle.nr",
  cycleResponse: "ai.agent.cycle.response",
  toolName: "ai.tool.name",
  toolInput: "ai.tool.input",
  toolOutput: "ai.tool.output",
  toolError: "ai.tool.error",
  requestMessages: "ai.llm.request.messages",
  responseOutput: "ai.llm.response.output",
  stopReason: "ai.llm.response.stop.reason",
  responseError: "ai.llm.response.error",
  historyMessages: "ai.conversation.history.messages",
  historyMessage: "ai.conversation.history.message",
  exceptionType: "exception.type",
  exceptionMessage: "exception.message",
  serviceName: "service.name",
} as const;
