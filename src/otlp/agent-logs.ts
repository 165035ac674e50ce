// The log events of Claude Code and Codex as spans: turns, model calls and tools. Each event is read by itself, and sent again has the same id.
//
// As https://code.claude.com/docs/en/monitoring-usage and codex-rs/otel of github.com/openai/codex have them (November 2026).
import { structured } from "../conventions/json-text.ts";
import { NAMES } from "../conventions/names.ts";
import type { Attributes } from "../model/attributes.ts";
import { parseIsoMicros } from "../model/clock.ts";
import { spanIdFrom, traceIdFrom } from "../model/derived-ids.ts";
import type { SpanFields } from "../model/span-fields.ts";
import { isTime, nearestTime } from "../model/times.ts";
import type { ReceivedLog } from "./logs.ts";

/** The span of an agent's event, or none for a piece of a stream; undefined where it is no agent's. */
export function spansOfAgentLog(log: ReceivedLog): readonly SpanFields[] | undefined {
  const event = eventOf(log);
  if (event === undefined) return undefined;
  const said = (READERS[event.vendor].get(event.name) ?? other)(event);
  return said === undefined ? [] : [spanOf(event, said)];
}

type Vendor = "claude-code" | "codex";

/** What the names of its events begin with. */
const PREFIX: Readonly<Record<Vendor, string>> = { "claude-code": "claude_code", codex: "codex" };

interface AgentEvent {
  readonly vendor: Vendor;
  readonly name: string;
  readonly log: ReceivedLog;
  readonly at: number;
  readonly conversation: string;
  text(name: string): string | undefined;
  number(name: string): number | undefined;
}

/** What an event says of its span. */
interface Said {
  readonly name?: string;
  /** What its id comes from, where the agent gives one. */
  readonly id?: string | undefined;
  readonly isTurn?: boolean;
  readonly durationMs?: number | undefined;
  readonly error?: string | undefined;
  readonly attributes?: Readonly<Record<string, unknown>>;
  /** Attributes of the event that are said otherwise. */
  readonly read?: readonly string[];
}

function other(): Said {
  return {};
}

function eventOf(log: ReceivedLog): AgentEvent | undefined {
  const { attributes, body, eventName } = log;
  const told = [eventName, attributes["event.name"], body].find(
    (one) => typeof one === "string" && one !== "",
  );
  const full = typeof body === "string" && /^(?:claude_code|codex)\./.test(body) ? body : told;
  const [, prefix, name] = /^(claude_code|codex)\.([\w.]{1,100})$/.exec(String(full)) ?? [];
  if (name === undefined) return undefined;
  const vendor = prefix === "codex" ? "codex" : "claude-code";
  const text = (field: string): string | undefined => wordsOf(attributes[field]);
  const conversation = text(vendor === "codex" ? "conversation.id" : "session.id") ?? "unknown";
  const time = parseIsoMicros(text("event.timestamp") ?? "");
  const at = isTime(time) && time > 0 ? time : nearestTime(log.micros);
  return { vendor, name, log, at, conversation, text, number: (field) => numberOf(attributes[field]) };
}

type Read = (event: AgentEvent) => Said | undefined;

const CLAUDE_CODE: ReadonlyMap<string, Read> = new Map<string, Read>([
  ["user_prompt", turn],
  ["api_request", (event) => modelCall(event, CLAUDE_TOKENS)],
  [
    "api_error",
    (event) => ({ ...modelCall(event, CLAUDE_TOKENS), error: event.text("error") ?? "API error" }),
  ],
  [
    "tool_result",
    (event) =>
      tool(event, {
        id: event.text("tool_use_id"),
        input: event.text("tool_input") ?? event.text("tool_parameters"),
      }),
  ],
]);

const CODEX: ReadonlyMap<string, Read> = new Map<string, Read>([
  ["user_prompt", turn],
  [
    "sse_event",
    (event) => {
      const error = event.text("error.message");
      const isWhole = event.text("event.kind") === "response.completed";
      return isWhole || error !== undefined ? { ...modelCall(event, CODEX_TOKENS), error } : undefined;
    },
  ],
  [
    "api_request",
    (event) => {
      const status = event.number("http.response.status_code") ?? 200;
      const error = event.text("error.message") ?? (status >= 400 ? `HTTP ${status}` : undefined);
      return error === undefined ? {} : { ...modelCall(event, CODEX_TOKENS), error };
    },
  ],
  ["tool_result", (event) => tool(event, { id: event.text("call_id"), input: event.text("arguments") })],
  ["websocket_event", () => undefined],
]);

const READERS: Readonly<Record<Vendor, ReadonlyMap<string, Read>>> = {
  "claude-code": CLAUDE_CODE,
  codex: CODEX,
};

const CLAUDE_TOKENS = {
  input_tokens: "input_tokens",
  output_tokens: "output_tokens",
  cache_read_tokens: "cache_read_input_tokens",
  cache_creation_tokens: "cache_creation_input_tokens",
};
const CODEX_TOKENS = {
  input_token_count: "input_tokens",
  output_token_count: "output_tokens",
  cached_token_count: "cached_input_tokens",
  reasoning_token_count: "reasoning_output_tokens",
};

function turn({ text }: AgentEvent): Said {
  return {
    ...{ name: "turn", isTurn: true, read: ["prompt"] },
    attributes: { [NAMES.traceType]: "converse", [NAMES.userInput]: unlessHidden(text("prompt")) },
  };
}

function modelCall(event: AgentEvent, tokens: Readonly<Record<string, string>>): Said {
  const counts = Object.entries(tokens).flatMap(([from, to]) => {
    const count = event.number(from);
    return count === undefined ? [] : [[to, count] as const];
  });
  const requestId = event.text("request_id");
  return {
    name: "chat",
    id: requestId === undefined ? undefined : `call ${requestId}`,
    durationMs: event.number("duration_ms"),
    read: ["model", "duration_ms", ...Object.keys(tokens)],
    attributes: {
      [NAMES.traceType]: "llm-invocation",
      [NAMES.requestModel]: event.text("model"),
      [NAMES.responseUsage]: counts.length === 0 ? undefined : Object.fromEntries(counts),
    },
  };
}

function tool(event: AgentEvent, { id, input }: { id: string | undefined; input: string | undefined }): Said {
  const name = event.text("tool_name") ?? "tool";
  const output = event.text("output") ?? event.text("tool_result");
  const isFailed = event.text("success") === "false";
  const error = isFailed ? (event.text("error") ?? output ?? "failed") : undefined;
  return {
    ...{ name, error, durationMs: event.number("duration_ms") },
    id: id === undefined ? undefined : `tool ${id}`,
    read: [
      "tool_name",
      "tool_use_id",
      "call_id",
      "arguments",
      "tool_input",
      "output",
      "duration_ms",
      "success",
    ],
    attributes: {
      [NAMES.traceType]: "tool-invocation",
      [NAMES.toolName]: name,
      [NAMES.toolUseId]: id,
      [NAMES.toolInput]: structured(input),
      [NAMES.toolOutput]: output,
      [NAMES.toolError]: error,
    },
  };
}

function spanOf(event: AgentEvent, said: Said): SpanFields {
  const { vendor, at, log, conversation, text } = event;
  const prompt = text("prompt.id");
  // The events of one prompt are a trace, as in a transcript; where none is named, those of the session are.
  const around = prompt === undefined ? `${vendor} session ${conversation}` : `${vendor} turn ${prompt}`;
  const turnId = prompt === undefined ? undefined : spanIdFrom(around);
  const own = said.id === undefined ? ownIdOf(event) : `${vendor} ${said.id}`;
  const isTurn = said.isTurn === true;
  const lasted = Math.max(0, Math.round((said.durationMs ?? 0) * 1000));
  return {
    spanName: said.name ?? `${PREFIX[vendor]}.${event.name}`,
    spanKind: "INTERNAL",
    traceId: traceIdFrom(around),
    spanId: isTurn && turnId !== undefined ? turnId : spanIdFrom(own),
    parentSpanId: isTurn ? undefined : turnId,
    startedAtMicros: nearestTime(at - lasted),
    endedAtMicros: at,
    state: "ended",
    spanStatus: said.error === undefined ? "UNSET" : "ERROR",
    statusMessage: said.error,
    attributes: attributesOf(event, said),
    resourceAttributes: log.resourceAttributes,
    scope: { ...log.scope, name: vendor },
    events: [],
    links: [],
  };
}

function attributesOf(
  { vendor, conversation, log }: AgentEvent,
  { attributes = {}, read = [] }: Said,
): Attributes {
  const all: Record<string, unknown> = { [NAMES.conversationId]: conversation, [NAMES.agentName]: vendor };
  for (const [name, value] of Object.entries(attributes)) if (value !== undefined) all[name] = value;
  const prefix = PREFIX[vendor];
  for (const [name, value] of Object.entries(log.attributes))
    if (!read.includes(name) && !AROUND.has(name)) all[`${prefix}.${name}`] = value;
  return Object.freeze(all);
}

/** Said by the span itself. */
const AROUND: ReadonlySet<string> = new Set([
  "event.name",
  "event.timestamp",
  "session.id",
  "conversation.id",
]);

function ownIdOf({ vendor, conversation, name, at, text }: AgentEvent): string {
  const sequence =
    text("event.sequence") ?? `${text("attempt") ?? ""} ${text("call_id") ?? ""} ${text("event.kind") ?? ""}`;
  return `${vendor} event ${conversation} ${name} ${at} ${sequence}`;
}

/** Both say so where prompts are not to be sent. */
function unlessHidden(prompt: string | undefined): string | undefined {
  return prompt === undefined || /^[<[]REDACTED[>\]]$/.test(prompt) ? undefined : prompt;
}

function wordsOf(value: unknown): string | undefined {
  if (typeof value === "string") return value === "" ? undefined : value;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : undefined;
}

/** Numbers are text where whoever sends them has only that. */
function numberOf(value: unknown): number | undefined {
  const number = typeof value === "string" && value !== "" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : undefined;
}
