// One reading of a span: what it says in the words of agents, whatever the attributes look like. Total: it never throws.
import type { SpanFields } from "../model/record.ts";
import { NAMES } from "./names.ts";

/** What kind of work a span is. */
export type WorkKind = "turn" | "cycle" | "model-call" | "tool-call" | "history" | "other";

/** A span in the words of agents. What a span does not say is undefined. */
export interface Reading {
  readonly kind: WorkKind;
  /** The agent's name, or the service's. */
  readonly agent: string | undefined;
  /** Who the work was done for: the principal of the authentication context. */
  readonly user: string | undefined;
  /** What went in: the user's words, the last message of a model call, a tool's arguments. */
  readonly input: unknown;
  /** What came out: the agent's words, the model's message, a tool's result. */
  readonly output: unknown;
  readonly stopReason: string | undefined;
  readonly cycle: number | undefined;
  readonly error: string | undefined;
  readonly aborted: boolean;
}

/** Reads a span. */
export function readSpan(span: SpanFields): Reading {
  const { attributes } = span;
  const kind = kindOf(attributes[NAMES.traceType]);
  return {
    kind,
    agent: text(attributes[NAMES.agentName]) ?? text(span.resourceAttributes[NAMES.serviceName]),
    user: principalOf(attributes[NAMES.authContext]),
    input: inputOf(kind, attributes),
    output: outputOf(kind, attributes),
    stopReason: text(attributes[NAMES.stopReason]),
    cycle: numberOf(attributes[NAMES.cycleNr]),
    error: errorOf(attributes),
    aborted: attributes[NAMES.aborted] === true,
  };
}

function kindOf(traceType: unknown): WorkKind {
  return (typeof traceType === "string" && KINDS.get(traceType)) || "other";
}

const KINDS: ReadonlyMap<string, WorkKind> = new Map([
  ["converse", "turn"],
  ["converse-stream", "turn"],
  ["cycle", "cycle"],
  ["llm-invocation", "model-call"],
  ["tool-invocation", "tool-call"],
  ["conversation-history-list", "history"],
  ["conversation-history-add", "history"],
]);

type Attributes = SpanFields["attributes"];

function inputOf(kind: WorkKind, attributes: Attributes): unknown {
  if (kind === "turn") return attributes[NAMES.userInput];
  if (kind === "tool-call") return attributes[NAMES.toolInput];
  if (kind !== "model-call") return undefined;
  const messages = attributes[NAMES.requestMessages];
  return Array.isArray(messages) ? messageContent(messages[messages.length - 1]) : messages;
}

function outputOf(kind: WorkKind, attributes: Attributes): unknown {
  if (kind === "turn") return attributes[NAMES.agentResponse];
  if (kind === "cycle") return messageContent(attributes[NAMES.cycleResponse]);
  if (kind === "tool-call") return attributes[NAMES.toolOutput];
  if (kind === "model-call") return messageContent(property(attributes[NAMES.responseOutput], "message"));
  if (kind === "history") return attributes[NAMES.historyMessages] ?? attributes[NAMES.historyMessage];
  return undefined;
}

/** A property of an object, else the value itself: what is not in the expected shape is shown as it is. */
function property(value: unknown, key: string): unknown {
  return isObject(value) && key in value ? Reflect.get(value, key) : value;
}

/** A message's content: the text where all of it is text, else the blocks as they are. */
function messageContent(message: unknown): unknown {
  const content = property(message, "content");
  if (!Array.isArray(content) || content.length === 0) return content;
  const texts = content.map((block) => (isObject(block) ? text(Reflect.get(block, "text")) : undefined));
  return texts.every((t) => t !== undefined) ? texts.join("\n") : content;
}

function principalOf(context: unknown): string | undefined {
  return isObject(context) ? text(Reflect.get(context, "principal_id")) : text(context);
}

function errorOf(attributes: Attributes): string | undefined {
  const said = attributes[NAMES.toolError] ?? attributes[NAMES.responseError];
  return (
    text(said) ?? (said === undefined || said === null ? text(attributes[NAMES.exceptionMessage]) : "error")
  );
}

function numberOf(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

function text(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  return typeof value === "number" || typeof value === "bigint" ? String(value) : undefined;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
