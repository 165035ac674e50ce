// `gen_ai.*` before 1.37: messages one attribute a field (Traceloop's `gen_ai.prompt.N.*` too), as events, or as one attribute each.
import { defined } from "../../model/defined.ts";
import type { SpanEvent } from "../../model/span-fields.ts";
import { at, type Branch, itemsOf } from "../flattened.ts";
import { leadingItems, structured } from "../json-text.ts";
import { type Message, type MessagePart, type OfferedTool, textOfParts } from "../messages.ts";
import { messageWith, partsOf, readMessage, readMessages, resultFrom, toolsIn } from "../parts.ts";
import type { Source } from "../source.ts";
import { fieldIn, firstField, isAnObject, textIn, wordsIn } from "../values.ts";

/** Indexed prompts: OpenTelemetry's and Traceloop's, and what Traceloop had before 2024. */
const PROMPTS = ["gen_ai.prompt", "llm.prompts"] as const;
const COMPLETIONS = ["gen_ai.completion", "llm.completions"] as const;
const FUNCTIONS = "llm.request.functions";
/** Events of 1.28 to 1.36, and who speaks in them. */
const MESSAGE_EVENTS: ReadonlyMap<string, string> = new Map([
  ["gen_ai.system.message", "system"],
  ["gen_ai.user.message", "user"],
  ["gen_ai.assistant.message", "assistant"],
  ["gen_ai.tool.message", "tool"],
]);
const CHOICE_EVENT = "gen_ai.choice";
/** Events up to 1.27. */
const PROMPT_EVENT = "gen_ai.content.prompt";
const COMPLETION_EVENT = "gen_ai.content.completion";
/** The event of 1.37 and newer, with the attributes that spans may have. */
const DETAILS_EVENT = "gen_ai.client.inference.operation.details";

/** What went in. */
export function olderInput(source: Source): readonly Message[] {
  return firstOf(
    () => [...indexed(source, PROMPTS, "user")],
    () => eventInput(source.span.events),
    () => whole(source.value(PROMPTS[0]), "user"),
  );
}

/** What came out. */
export function olderOutput(source: Source): readonly Message[] {
  return firstOf(
    () => [...indexed(source, COMPLETIONS, "assistant")],
    () => eventOutput(source.span.events),
    () => whole(source.value(COMPLETIONS[0]), "assistant"),
  );
}

/** The first words of a user, without reading all that was said. */
export function firstOlderWords(source: Source): unknown {
  for (const { name, attributes } of source.span.events) {
    const body = MESSAGE_EVENTS.get(name) === "user" ? [bodyOf(attributes)] : undefined;
    const list = name === PROMPT_EVENT ? attributes?.[PROMPTS[0]] : attributes?.["gen_ai.input.messages"];
    const words = firstUserWords(body ?? leadingItems(list));
    if (words !== undefined) return words;
  }
  return (
    firstUserWords(indexed(source, PROMPTS, "user")) ??
    firstUserWords(leadingItems(source.attributes[PROMPTS[0]]))
  );
}

/** Why the model stopped. */
export function olderFinishReason(source: Source): string | undefined {
  for (const prefix of COMPLETIONS) {
    const reason = source.text([`${prefix}.0.finish_reason`]);
    if (reason !== undefined) return reason;
  }
  const choice = source.span.events.find(({ name }) => name === CHOICE_EVENT);
  return wordsIn(fieldIn(bodyOf(choice?.attributes), "finish_reason"));
}

/** The tools that Traceloop writes one attribute a field. */
export function olderTools(source: Source): readonly OfferedTool[] {
  return itemsOf(source.branch(FUNCTIONS)).flatMap((tool) =>
    toolsIn([
      {
        name: at(tool, "name").value,
        description: at(tool, "description").value,
        parameters: at(tool, "parameters").value ?? at(tool, "arguments").value,
      },
    ]),
  );
}

function firstUserWords(messages: Iterable<unknown>): string | undefined {
  for (const message of messages) {
    const read = readMessage(message);
    const words = read.role === "user" ? wordsOf(read) : undefined;
    if (words !== undefined) return words;
  }
  return undefined;
}

function wordsOf({ parts }: Message): string | undefined {
  const words = textOfParts(parts);
  return words !== undefined && /\S/.test(words) ? words : undefined;
}

function firstOf(...readers: readonly (() => readonly Message[])[]): readonly Message[] {
  for (const read of readers) {
    const messages = read();
    if (messages.length > 0) return messages;
  }
  return [];
}

function* indexed(source: Source, prefixes: readonly string[], role: string): Iterable<Message> {
  for (const prefix of prefixes)
    for (const item of itemsOf(source.branch(prefix))) yield indexedMessage(item, role);
}

function indexedMessage(item: Branch, role: string): Message {
  const calls = itemsOf(at(item, "tool_calls")).map(indexedCall);
  const parts = [...contentParts(at(item, "content").value), ...calls];
  const answers = wordsIn(at(item, "tool_call_id").value);
  const said = textIn(at(item, "role").value) ?? role;
  return messageWith(said, answers === undefined ? parts : [resultFrom(answers, parts)]);
}

/** Content that is no text is there as its JSON. */
function contentParts(content: unknown): readonly MessagePart[] {
  const value = structured(content);
  const isParts = Array.isArray(value) && value.every((part) => isAnObject(part) && "type" in part);
  // Traceloop writes the text "null" for none.
  return partsOf(isParts ? value : content === "null" ? undefined : content);
}

function indexedCall(call: Branch): MessagePart {
  const args = at(call, "arguments").value ?? at(call, "function.arguments").value;
  return {
    type: "tool-call",
    ...defined({
      id: wordsIn(at(call, "id").value),
      name: wordsIn(at(call, "name").value ?? at(call, "function.name").value),
      arguments: structured(args),
    }),
  };
}

type Events = readonly SpanEvent[];

function eventInput(events: Events): readonly Message[] {
  return events.flatMap(({ name, attributes }) => {
    const role = MESSAGE_EVENTS.get(name);
    if (role !== undefined) return [eventMessage(bodyOf(attributes), role)];
    if (name === DETAILS_EVENT) return readMessages(structured(attributes?.["gen_ai.input.messages"]));
    return name === PROMPT_EVENT ? whole(structured(attributes?.[PROMPTS[0]]), "user") : [];
  });
}

function eventOutput(events: Events): readonly Message[] {
  return events.flatMap(({ name, attributes }) => {
    const body = bodyOf(attributes);
    if (name === CHOICE_EVENT)
      return [eventMessage(structured(fieldIn(body, "message")) ?? body, "assistant")];
    if (name === DETAILS_EVENT) return readMessages(structured(attributes?.["gen_ai.output.messages"]));
    return name === COMPLETION_EVENT ? whole(structured(attributes?.[COMPLETIONS[0]]), "assistant") : [];
  });
}

/** The event's body lies in its attributes: as JSON in one of them (Azure's SDKs), else a field each. */
function bodyOf(attributes: SpanEvent["attributes"]): unknown {
  const body = structured(firstField(attributes, "gen_ai.event.content", "event.body", "body"));
  return isAnObject(body) ? body : attributes;
}

function eventMessage(body: unknown, role: string): Message {
  const calls = structured(fieldIn(body, "tool_calls"));
  const parts = [
    ...contentParts(fieldIn(body, "content")),
    ...partsOf(Array.isArray(calls) ? calls : undefined),
  ];
  const answers = role === "tool" ? wordsIn(firstField(body, "id", "tool_call_id")) : undefined;
  const said = textIn(fieldIn(body, "role")) ?? role;
  return messageWith(said, answers === undefined ? parts : [resultFrom(answers, parts)]);
}

/** A prompt or completion in one attribute: a list of messages, or text. */
function whole(value: unknown, role: string): readonly Message[] {
  if (Array.isArray(value)) return value.map((message) => readMessage(message, role));
  if (isAnObject(value)) return [readMessage(value, role)];
  const text = wordsIn(value);
  return text === undefined ? [] : [{ role, parts: [{ type: "text", text }] }];
}
