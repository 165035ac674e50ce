// `langChain`: a callback handler, as a plain object. Nothing of LangChain is loaded for it.
import type { Tracer } from "../../tracing/tracer.ts";
import { checkAdapter, STREAM_CHECKS, type StreamOptions } from "../capture.ts";
import { Runs } from "./runs.ts";

type Handle = (...args: unknown[]) => void;

/** What LangChain calls: see its `BaseCallbackHandler`. */
export interface LangChainHandler {
  /** By which LangChain tells handlers apart. */
  readonly name: string;
  /** LangChain waits for each call, so that spans have the time of what they tell, and the right parent. */
  readonly awaitHandlers: boolean;
  /** It has no state of its own. */
  copy(): LangChainHandler;
  /** A chain, an agent, a graph or a node begins. */
  readonly handleChainStart: Handle;
  /** It is done. */
  readonly handleChainEnd: Handle;
  /** It failed. */
  readonly handleChainError: Handle;
  /** A chat model is called. */
  readonly handleChatModelStart: Handle;
  /** A model that completes texts is called. */
  readonly handleLLMStart: Handle;
  /** A part of its answer. */
  readonly handleLLMNewToken: Handle;
  /** It answered. */
  readonly handleLLMEnd: Handle;
  /** It failed. */
  readonly handleLLMError: Handle;
  /** A tool begins. */
  readonly handleToolStart: Handle;
  /** It is done. */
  readonly handleToolEnd: Handle;
  /** It failed. */
  readonly handleToolError: Handle;
  /** A retriever begins. */
  readonly handleRetrieverStart: Handle;
  /** It is done. */
  readonly handleRetrieverEnd: Handle;
  /** It failed. */
  readonly handleRetrieverError: Handle;
}

/**
 * A callback handler that makes a span of each run of LangChain 1 and LangGraph 1: chains, agents, graphs and their nodes, models, tools and
 * retrievers. For one call, `callbacks: [langChain(tracer)]`; for all, by LangChain's configure hook. The outermost run is the turn; its
 * `thread_id`, where it has one, is the conversation.
 *
 * @throws TracelightError `INVALID_OPTION` where the tracer is missing, or an option is unknown or not what it should be.
 * @example
 * ```ts
 * const handler = langChain(new InMemoryTracer(), { capture: "metadata" });
 * console.log(handler.name); // tracelight
 * ```
 */
export function langChain(tracer: Tracer, options: StreamOptions = {}): LangChainHandler {
  checkAdapter("langChain", { tracer, options }, STREAM_CHECKS);
  const runs = new Runs(tracer, options);
  const handler: LangChainHandler = {
    name: "tracelight",
    awaitHandlers: true,
    copy: () => handler,
    handleChainStart: (_chain, inputs, id, parent, tags, metadata, _type, name) =>
      runs.chain({ id, parent, tags, metadata, name: name ?? nameIn(_chain) }, inputs),
    handleChainEnd: (outputs, id) => runs.chainDone(id, outputs),
    handleChainError: (error, id) => runs.failed(id, error),
    handleChatModelStart: (_llm, messages, id, parent, params, tags, metadata) =>
      runs.model({ id, parent, tags, metadata, name: "chat" }, first(messages), params),
    handleLLMStart: (_llm, prompts, id, parent, params, tags, metadata) =>
      runs.model({ id, parent, tags, metadata, name: "complete" }, prompts, params),
    handleLLMNewToken: (token, _place, id, _parent, _tags, fields) => runs.part(id, token, fields),
    handleLLMEnd: (output, id) => runs.modelDone(id, output),
    handleLLMError: (error, id) => runs.failed(id, error),
    handleToolStart: (tool, input, id, parent, tags, metadata, name, callId) =>
      runs.tool({ id, parent, tags, metadata, name: name ?? nameIn(tool) }, input, callId),
    handleToolEnd: (output, id) => runs.toolDone(id, output),
    handleToolError: (error, id) => runs.failed(id, error),
    handleRetrieverStart: (retriever, query, id, parent, tags, metadata, name) =>
      runs.retriever({ id, parent, tags, metadata, name: name ?? nameIn(retriever) }, query),
    handleRetrieverEnd: (documents, id) => runs.retrieved(id, documents),
    handleRetrieverError: (error, id) => runs.failed(id, error),
  };
  return handler;
}

/** Of what LangChain serialised: its class, the last of its id. */
function nameIn(serialised: unknown): unknown {
  const id: unknown =
    typeof serialised === "object" && serialised !== null ? Reflect.get(serialised, "id") : undefined;
  return Array.isArray(id) ? id.at(-1) : undefined;
}

/** Messages come in batches of one. */
function first(batch: unknown): unknown {
  return Array.isArray(batch) ? batch[0] : batch;
}
