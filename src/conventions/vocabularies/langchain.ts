// Messages as LangChain serialises them. OpenInference's instrumentation has them whole in a span's input and output alone: its
// `llm.*_messages` lack what is not text, the ids of tool calls, and which call a result answers.
import { defined } from "../../model/defined.ts";
import { contentOf, type Message, type MessagePart } from "../messages.ts";
import { messageWith, partsOf, resultFrom } from "../parts.ts";
import type { Source } from "../source.ts";
import { fieldIn, firstField, isAnObject, textIn, wordsIn } from "../values.ts";
import { OPENINFERENCE } from "./openinference-names.ts";

/** The messages that a run was given; none of a span of others. */
export function langChainInput(source: Source): readonly Message[] {
  return messagesIn(fieldIn(valueIn(source, OPENINFERENCE.input), "messages"));
}

/** What a run answered: a model's generations, else the last message of an agent's state. */
export function langChainOutput(source: Source): readonly Message[] {
  const output = valueIn(source, OPENINFERENCE.output);
  const generations = firstListIn(fieldIn(output, "generations"));
  if (generations !== undefined)
    return generations.flatMap((generation) => messageIn(fieldIn(generation, "message")) ?? []);
  return messagesIn(fieldIn(output, "messages")).slice(-1);
}

/** What a run was given beside its input, of the application too. */
export const LANGCHAIN_METADATA = "metadata";

/** Who makes the model, as the metadata of a run have it. */
export function langChainProvider(source: Source): string | undefined {
  return wordsIn(fieldIn(valueIn(source, LANGCHAIN_METADATA), "ls_provider"));
}

/** The call that a tool's answer is for. */
export function answeredCall(source: Source): string | undefined {
  const output = valueIn(source, OPENINFERENCE.output);
  const [part] = messageIn(fieldIn(output, "output") ?? output)?.parts ?? [];
  return part?.type === "tool-result" ? part.id : undefined;
}

/** A value without LangChain's wrapping: of a message its content, of a tool's its result, of a prompt its messages. */
export function unwrapped(value: unknown): unknown {
  const inner =
    isAnObject(value) && !Array.isArray(value) && Object.keys(value).length === 1
      ? fieldIn(value, "output")
      : undefined;
  const message = messageIn(inner ?? value);
  if (message !== undefined) return saidBy(message);
  const messages = messagesIn(fieldIn(kwargsOf(value, /PromptValue$/), "messages"));
  return messages.length > 0 ? messages : value;
}

/** Of spans that the instrumentation of LangChain wrote, in JavaScript or in Python: others' are not parsed in vain. */
function valueIn(source: Source, name: string): unknown {
  return source.span.scope.name.includes("langchain") ? source.value(name) : undefined;
}

function saidBy(message: Message): unknown {
  const [part] = message.parts;
  return part?.type === "tool-result" && message.parts.length === 1 ? part.result : contentOf(message);
}

/** A list of messages, or the first of a batch of lists. */
function messagesIn(given: unknown): readonly Message[] {
  const list = firstListIn(given) ?? given;
  return Array.isArray(list) ? list.flatMap((message: unknown) => messageIn(message) ?? []) : [];
}

function firstListIn(given: unknown): readonly unknown[] | undefined {
  const first: unknown = Array.isArray(given) ? given[0] : undefined;
  return Array.isArray(first) ? first : undefined;
}

function messageIn(given: unknown): Message | undefined {
  const kwargs = kwargsOf(given, MESSAGE);
  if (kwargs === undefined) return undefined;
  const kind = MESSAGE.exec(className(given))?.[1]?.toLowerCase() ?? "";
  const role = kind === "chat" ? (wordsIn(fieldIn(kwargs, "role")) ?? "user") : kind;
  const content = partsOf(fieldIn(kwargs, "content"));
  const parts = content.some(({ type }) => type === "tool-call") ? content : [...content, ...callsIn(kwargs)];
  const answers = wordsIn(fieldIn(kwargs, "tool_call_id"));
  if (answers === undefined) return messageWith(role, parts);
  const name = wordsIn(fieldIn(kwargs, "name"));
  const failed = fieldIn(kwargs, "status") === "error" ? { isError: true as const } : {};
  return messageWith("tool", [{ ...resultFrom(answers, parts), ...defined({ name }), ...failed }]);
}

/** Some providers' blocks have the calls among the content; LangChain has them beside it, whoever the provider is. */
function callsIn(kwargs: object): readonly MessagePart[] {
  const calls = fieldIn(kwargs, "tool_calls");
  if (!Array.isArray(calls)) return [];
  return partsOf(calls.map((call: unknown) => (isAnObject(call) ? { ...call, type: "tool_call" } : call)));
}

/** What an object of such a class was made with. */
function kwargsOf(given: unknown, isOf: RegExp): object | undefined {
  const kwargs = fieldIn(given, "lc") === undefined ? undefined : firstField(given, "kwargs");
  return isAnObject(kwargs) && isOf.test(className(given)) ? kwargs : undefined;
}

function className(given: unknown): string {
  const id = fieldIn(given, "id");
  return Array.isArray(id) ? (textIn(id[id.length - 1]) ?? "") : "";
}

const MESSAGE = /^(Human|AI|System|Tool|Function|Chat)Message(?:Chunk)?$/;
