// A conversation of the tests' own whose calls fill their windows in known ways: each call has what the one before had, and more.
import { InMemoryTracer, type Tracer } from "tracelight";

/** What a call of a model was given and used. */
export interface GivenCall {
  readonly messages: readonly object[];
  readonly system?: string;
  readonly answer?: string;
  /** Tokens that were read from the cache, and written to it. */
  readonly cached: number;
  readonly written: number;
}

/** A conversation of one turn with these calls. */
export function calls(tracer: Tracer, id: string, given: readonly GivenCall[]): void {
  tracer.trace("converse", (turn) => {
    turn.addAttributes({ "ai.conversation.id": id, "ai.agent.name": "supervisor" }, { inheritable: true });
    turn.addAttributes({ "ai.trace.type": "converse", "ai.user.input": `Work on ${id}` });
    for (const one of given) modelCall(tracer, one);
  });
}

function modelCall(tracer: Tracer, given: GivenCall): void {
  const { messages, system = "You are a helpful agent.", answer = "Let me look.", cached, written } = given;
  tracer.trace("llm-invocation", (span) =>
    span.addAttributes({
      "ai.trace.type": "llm-invocation",
      "ai.llm.request.model.id": "anthropic.claude-sonnet-4-5-20250929-v1:0",
      "ai.llm.request.system": system,
      "ai.llm.request.messages": messages,
      "ai.llm.response.output": { message: { role: "assistant", content: [{ text: answer }] } },
      "ai.llm.response.usage": {
        ...{ inputTokens: 20, outputTokens: 30 },
        ...{ cacheReadInputTokens: cached, cacheWriteInputTokens: written },
      },
    }),
  );
}

/** What a user said. */
export function user(text: string): object {
  return { role: "user", content: [{ text }] };
}

/** What the model said, asking for a tool. */
function asks(tool: string, id: string): object {
  return {
    role: "assistant",
    content: [{ text: `I ask ${tool}.` }, { toolUse: { toolUseId: id, name: tool, input: { id } } }],
  };
}

/** What the tool said. */
function result(id: string, text: string): object {
  return { role: "user", content: [{ toolResult: { toolUseId: id, content: [{ text }] } }] };
}

const LONG = Array.from({ length: 400 }, (_, i) => `event ${i} at the harbour`).join(", ");

/** `broken`: before its third call the result of a tool was shortened, and its prefix was read again. */
export function brokenPrefix(): InMemoryTracer {
  const tracer = new InMemoryTracer();
  const first = [user("What is on this weekend?")];
  const second = [...first, asks("search_events", "call-1"), result("call-1", `Found: ${LONG}.`)];
  const shortened = [...first, asks("search_events", "call-1"), result("call-1", "Found: shortened.")];
  calls(tracer, "broken", [
    { messages: first, cached: 0, written: 4000 },
    { messages: second, cached: 4000, written: 3000 },
    { messages: [...shortened, user("And with <b>children</b>?")], cached: 100, written: 5400 },
  ]);
  return tracer;
}
