// Messages of JSON-RPC, as MCP sends them, and what those that are traced say. What is none of them passes.
import { fieldIn, isAnObject, textIn } from "../../conventions/values.ts";

/** The id of a request. */
export type RequestId = string | number;

/** A message, as far as it begins or ends a span. */
export type Told =
  | { readonly type: "request"; readonly id: RequestId; readonly method: string; readonly params: unknown }
  | { readonly type: "answer"; readonly id: RequestId; readonly result: unknown; readonly error: unknown }
  | { readonly type: "cancelled"; readonly id: RequestId; readonly reason: string };

/** What a message says; undefined for notifications, for requests that are not traced, and for what is no message. */
export function toldBy(message: unknown): Told | undefined {
  if (!isAnObject(message)) return undefined;
  const { id, method, params } = fieldsOf(message);
  if (method === "notifications/cancelled") return cancelled(params);
  if (!isId(id)) return undefined;
  if (typeof method === "string")
    return TRACED.test(method) ? { type: "request", id, method, params } : undefined;
  return { type: "answer", id, result: fieldIn(message, "result"), error: fieldIn(message, "error") };
}

function fieldsOf(message: object): {
  readonly id: unknown;
  readonly method: unknown;
  readonly params: unknown;
} {
  return {
    id: fieldIn(message, "id"),
    method: fieldIn(message, "method"),
    params: fieldIn(message, "params"),
  };
}

function cancelled(params: unknown): Told | undefined {
  const id = fieldIn(params, "requestId");
  return isId(id) ? { type: "cancelled", id, reason: textIn(fieldIn(params, "reason")) ?? "" } : undefined;
}

function isId(value: unknown): value is RequestId {
  return typeof value === "string" || typeof value === "number";
}

/** The same request with more in its `_meta`. */
export function withMeta(message: unknown, meta: object): unknown {
  if (!isAnObject(message)) return message;
  const params = fieldIn(message, "params");
  return {
    ...message,
    params: { ...asObject(params), _meta: { ...asObject(fieldIn(params, "_meta")), ...meta } },
  };
}

function asObject(value: unknown): object {
  return isAnObject(value) ? value : {};
}

/** What was asked for, without what is the protocol's own. */
export function askedIn(params: unknown): unknown {
  if (!isAnObject(params)) return undefined;
  const { _meta, ...asked }: { readonly _meta?: unknown } = params;
  return Object.keys(asked).length === 0 ? undefined : asked;
}

/** A URI without what may be secret in it: who signs in, query, fragment. */
export function placeOf(uri: unknown): string | undefined {
  const text = textIn(uri);
  return text?.replace(/^([a-z][\w+.-]*:\/\/)[^/?#]*@/i, "$1").replace(/[?#].*$/s, "");
}

/** The texts of a result's content. */
export function wordsOf(result: unknown): string | undefined {
  const content = fieldIn(result, "content");
  if (!Array.isArray(content)) return undefined;
  const texts = content.flatMap((block: unknown) => textIn(fieldIn(block, "text")) ?? []);
  return texts.length === 0 ? undefined : texts.join("\n");
}

/** What people and agents ask for; to connect, to be alive and to keep logs is the protocol's own. */
const TRACED = /^(?:tools|resources|prompts|completion|sampling|elicitation)\//;
