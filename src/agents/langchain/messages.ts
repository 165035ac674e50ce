// What LangChain hands to callbacks, as plain data in LangChain's own words.
import { structured } from "../../conventions/json-text.ts";
import { fieldIn, firstField, isAnObject, textIn } from "../../conventions/values.ts";

/** A message as LangChain has it, without its methods; what is none, as it is. */
export function plainMessage(message: unknown): unknown {
  const type = typeOf(message);
  if (type === undefined) return message;
  const plain: Record<string, unknown> = { type };
  const content = fieldIn(message, "content");
  if (content !== undefined) plain["content"] = content;
  for (const name of FIELDS) {
    const value = filled(fieldIn(message, name));
    if (value !== undefined) plain[name] = value;
  }
  return plain;
}

/** True where it is what `plainMessage` would make of the message, as it is now. */
export function isPlainOf(plain: object, message: object): boolean {
  return (
    fieldIn(plain, "type") === typeOf(message) &&
    fieldIn(plain, "content") === fieldIn(message, "content") &&
    FIELDS.every((name) => fieldIn(plain, name) === filled(fieldIn(message, name)))
  );
}

const FIELDS = ["tool_calls", "tool_call_id", "name", "status", "id", "additional_kwargs"];

/** `human`, `ai`, `tool` and so on: what is a message can say so. */
function typeOf(message: unknown): string | undefined {
  const ask = firstField(message, "getType", "_getType");
  return typeof ask === "function" ? textIn(Reflect.apply(ask, message, [])) : undefined;
}

function filled(value: unknown): unknown {
  if (value === null) return undefined;
  if (!isAnObject(value)) return value;
  return Object.keys(value).length === 0 ? undefined : value;
}

/** Messages at any place of what went into a run or came out. */
export function plain(value: unknown, depth = 0): unknown {
  if (!isAnObject(value) || depth > MAX_DEPTH) return value;
  if (typeOf(value) !== undefined) return plainMessage(value);
  if (Array.isArray(value)) return value.map((one: unknown) => plain(one, depth + 1));
  const prompt = fieldIn(value, "toChatMessages");
  if (typeof prompt === "function") return plain(Reflect.apply(prompt, value, []), depth + 1);
  const isPlain = [Object.prototype, null].includes(Object.getPrototypeOf(value));
  if (!isPlain) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]: [string, unknown]) => [key, plain(one, depth + 1)]),
  );
}

/** What the user said: the last human message of a state, or what a chain was given. */
export function saidIn(inputs: unknown): unknown {
  const given = firstField(inputs, "input", "messages") ?? inputs;
  if (!Array.isArray(given)) return plain(given);
  const said: unknown = given.findLast((message: unknown) => roleOf(message) === "human") ?? given.at(-1);
  return fieldIn(said, "content") ?? plain(said);
}

/** What was answered: the last message of a state, or what a chain gave. */
export function answeredIn(outputs: unknown): unknown {
  const given = firstField(outputs, "output", "messages") ?? outputs;
  const last: unknown = Array.isArray(given) ? given.at(-1) : given;
  return typeOf(last) === undefined ? plain(given) : fieldIn(last, "content");
}

function roleOf(message: unknown): string | undefined {
  const type = typeOf(message) ?? textIn(firstField(message, "role", "type"));
  return type === "user" ? "human" : type;
}

/** What a tool gave: of a message its content. */
export function resultOf(output: unknown): unknown {
  return typeOf(output) === "tool" ? structured(fieldIn(output, "content")) : plain(output);
}

/** The interrupt of a graph, and what else goes up through it as an error and is none. */
export function isNoError(error: unknown): boolean {
  return fieldIn(error, "is_bubble_up") === true;
}

const MAX_DEPTH = 6;
