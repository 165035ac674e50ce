// The content of messages as parts, whichever provider's or library's shape it has. Total: it never throws.
//
// Shapes: OpenTelemetry's gen_ai parts (semantic conventions 1.37 and newer), OpenAI's Chat Completions and Responses, Anthropic's Messages,
// Bedrock's Converse, the Vercel AI SDK's model messages (5 to 7), the items of OpenAI's Agents SDK.
import { defined } from "../model/defined.ts";
import { structured } from "./json-text.ts";
import type { MediaPart, Message, MessagePart, OfferedTool, ToolResultPart } from "./messages.ts";
import { fieldIn, firstField, isAnObject, textIn, wordsIn } from "./values.ts";

/** A list of messages of any shape. */
export function readMessages(list: unknown): readonly Message[] {
  return Array.isArray(list) ? list.map((message) => readMessage(message)) : [];
}

/** A message of any shape; `role` where it does not say one. */
export function readMessage(message: unknown, role: string = "user"): Message {
  const content = firstField(message, "parts", "content");
  const item = content === undefined ? itemOf(message) : undefined;
  if (item !== undefined) return messageWith(item.type === "tool-result" ? "tool" : "assistant", [item]);
  const said = content === undefined && !isAnObject(message) ? partsOf(message) : partsOf(content);
  // LangChain has the calls beside the content, whether or not the provider has them in it.
  const calls = said.some(({ type }) => type === "tool-call")
    ? []
    : partsOf(firstField(message, "tool_calls", "toolCalls"));
  const parts = [...reasoningBeside(message), ...said, ...mediaBeside(message), ...calls];
  const answers = textIn(firstField(message, "tool_call_id", "toolCallId"));
  return messageWith(
    textIn(fieldIn(message, "role")) ?? speakerIn(message) ?? role,
    answers === undefined ? parts : [resultFrom(answers, parts)],
  );
}

/** LangChain's messages have a type for a role. */
function speakerIn(message: unknown): string | undefined {
  const type = fieldIn(message, "content") === undefined ? undefined : textIn(fieldIn(message, "type"));
  return type !== undefined && SPEAKERS.has(type) ? type : undefined;
}

const SPEAKERS: ReadonlySet<string> = new Set(["human", "ai", "system", "developer", "tool", "function"]);

/** A message of these parts. Who answers with results of tools is a tool, though some providers call it the user. */
export function messageWith(given: string, parts: readonly MessagePart[]): Message {
  const role = ROLES.get(given) ?? given;
  if (parts.length > 0 && parts.every(({ type }) => type === "tool-result")) return { role: "tool", parts };
  return { role, parts: role === "tool" && parts.length > 0 ? [resultFrom(undefined, parts)] : parts };
}

/** What stands between the messages of OpenAI's Responses: a call of a tool, its output, a thought. */
function itemOf(message: unknown): MessagePart | undefined {
  const type = textIn(fieldIn(message, "type"));
  return type !== undefined && ITEMS.test(type) && fieldIn(message, "role") === undefined
    ? partOf(message)
    : undefined;
}

const ITEMS =
  /^(?:function_call|function_call_output|function_call_result|custom_tool_call|custom_tool_call_output|local_shell_call|web_search_call|reasoning|compaction)$/;

const ROLES: ReadonlyMap<string, string> = new Map([
  ["developer", "system"],
  ["human", "user"],
  ["ai", "assistant"],
  ["model", "assistant"],
  ["function", "tool"],
]);

/** What a message says as a whole is the result of the call that it answers. */
export function resultFrom(id: string | undefined, parts: readonly MessagePart[]): ToolResultPart {
  const [first] = parts;
  const given = id === undefined ? {} : { id };
  if (parts.length === 1 && first?.type === "tool-result") return { ...given, ...first };
  const result = parts.length === 1 && first?.type === "text" ? structured(first.text) : parts;
  return { type: "tool-result", ...given, ...(parts.length === 0 ? {} : { result }) };
}

function reasoningBeside(message: unknown): MessagePart[] {
  const text = wordsIn(firstField(message, "reasoning_content", "reasoning", "thinking"));
  return text === undefined ? [] : [{ type: "reasoning", text }];
}

/** Ollama has a message's images beside its words: base64 each. */
function mediaBeside(message: unknown): MessagePart[] {
  const images = fieldIn(message, "images");
  return Array.isArray(images) ? images.map((data): MessagePart => media(data, "image")) : [];
}

/** Content: text, a part, or a list of them. Empty text is nothing. */
export function partsOf(content: unknown): readonly MessagePart[] {
  if (content === undefined || content === null || content === "") return [];
  return Array.isArray(content) ? content.filter(isSaid).map(partOf) : [partOf(content)];
}

/** A mark of Bedrock's, up to where the messages are to be cached, says nothing. */
function isSaid(part: unknown): boolean {
  return fieldIn(part, "cachePoint") === undefined;
}

function partOf(part: unknown): MessagePart {
  const text = textIn(part);
  if (text !== undefined) return { type: "text", text };
  const type = textIn(fieldIn(part, "type"));
  const read = type === undefined ? converseReader(part) : READERS.get(type);
  return read?.(part) ?? other(part);
}

function other(value: unknown): MessagePart {
  return { type: "other", value };
}

type Reader = (part: unknown) => MessagePart | undefined;

function text(part: unknown): MessagePart | undefined {
  const found = textIn(firstField(part, "text", "content", "refusal"));
  return found === undefined ? undefined : { type: "text", text: found };
}

function reasoning(part: unknown): MessagePart | undefined {
  const summary = fieldIn(part, "summary");
  const found = textIn(firstField(part, "text", "content", "thinking")) ?? summaryText(summary);
  return found === undefined ? undefined : { type: "reasoning", text: found };
}

function summaryText(summary: unknown): string | undefined {
  if (!Array.isArray(summary) || summary.length === 0) return undefined;
  return summary.map((item) => textIn(fieldIn(item, "text")) ?? "").join("\n");
}

/** Some providers' forms are not for people. */
function compaction(part: unknown): MessagePart {
  const [words, id] = [textIn(firstField(part, "content", "summary")), textIn(fieldIn(part, "id"))];
  return { type: "compaction", ...defined({ text: words, id }) };
}

function toolCall(part: unknown): MessagePart {
  const called = firstField(part, "function", "toolUse") ?? part;
  return {
    type: "tool-call",
    ...defined({
      // An item of OpenAI's Responses has an id of its own beside that of the call.
      id: textIn(
        firstField(part, "call_id", "callId", "id", "toolCallId") ?? firstField(called, "toolUseId"),
      ),
      name: textIn(firstField(called, "name", "toolName")),
      arguments: structured(firstField(called, "arguments", "input", "args")),
    }),
  };
}

/** Calls of tools that OpenAI's Responses name by their type. */
function namedCall(part: unknown): MessagePart {
  const id = textIn(firstField(part, "call_id", "id"));
  const name = textIn(fieldIn(part, "type"))?.replace(/_call$/, "");
  return { type: "tool-call", ...defined({ id, name, arguments: fieldIn(part, "action") }) };
}

function toolResult(part: unknown): MessagePart {
  return {
    type: "tool-result",
    ...defined({
      id: textIn(firstField(part, ...CALL_IDS)),
      name: textIn(firstField(part, "name", "toolName")),
      result: resultOf(firstField(part, "response", "result", "output", "content")),
      isError: isFailed(part) ? (true as const) : undefined,
    }),
  };
}

const CALL_IDS = ["call_id", "callId", "id", "tool_use_id", "toolCallId", "toolUseId"] as const;

function isFailed(part: unknown): boolean {
  return firstField(part, "is_error", "isError") === true || fieldIn(part, "status") === "error";
}

/** What a tool answered, without the wrapping: one text or one value stands for itself. */
function resultOf(result: unknown): unknown {
  if (Array.isArray(result) && result.length === 1) {
    const only: unknown = firstField(result[0], "json", "text");
    if (only !== undefined) return structured(only);
  }
  // The Vercel AI SDK says of what type a result is, and so does OpenAI's Agents SDK.
  const type = fieldIn(result, "type");
  if ((type === "json" || type === "text") && fieldIn(result, "value") !== undefined)
    return fieldIn(result, "value");
  if (type === "text" && textIn(fieldIn(result, "text")) !== undefined)
    return structured(fieldIn(result, "text"));
  return structured(result);
}

/** A block of Bedrock's Converse has its type for a key. */
function converseReader(block: unknown): Reader | undefined {
  if (!isAnObject(block)) return undefined;
  // What Gemini thought is a text that says so.
  if (Reflect.get(block, "thought") === true && textIn(Reflect.get(block, "text")) !== undefined)
    return reasoning;
  for (const [key, read] of CONVERSE) {
    const value: unknown = Reflect.get(block, key);
    if (value !== undefined && value !== null) return () => read(value);
  }
  // A tool call of OpenAI, or LangChain, without its type.
  const isCall = isAnObject(fieldIn(block, "function")) || "toolName" in block;
  return isCall || ("args" in block && "name" in block) ? toolCall : undefined;
}

const CONVERSE: readonly (readonly [key: string, read: Reader])[] = [
  ["text", (value) => text({ text: value })],
  ["toolUse", (value) => toolCall({ toolUse: value })],
  ["toolResult", toolResult],
  // Gemini's parts are known by their keys as well.
  ["functionCall", toolCall],
  ["functionResponse", toolResult],
  ["inlineData", (value) => media(value)],
  ["fileData", (value) => media(value)],
  ["reasoningContent", (value) => reasoning(fieldIn(value, "reasoningText"))],
  ["image", (value) => media(value, "image")],
  ["document", (value) => media(value, "application")],
  ["video", (value) => media(value, "video")],
  ["audio", (value) => media(value, "audio")],
];

/** An image or a file; `family` is the first half of its media type where only the second is said. */
export function media(part: unknown, family: string = "application"): MediaPart {
  const source = firstField(part, "source", "file", "input_audio", "image_url", "image", "audio") ?? part;
  const given = firstField(source, "url", "uri", "data", "bytes", "file_data", "content") ?? source;
  const mediaType = mediaTypeOf(part, family) ?? mediaTypeOf(source, family);
  const isImage =
    family === "image" || mediaType?.startsWith("image/") === true || fieldIn(part, "modality") === "image";
  return {
    ...{ type: isImage ? "image" : "file", ...defined({ mediaType }) },
    ...placeOf(given),
    ...defined({
      fileId: textIn(firstField(source, "file_id", "fileId")),
      name: textIn(firstField(part, "filename", "name", "title") ?? firstField(source, "filename", "name")),
    }),
  };
}

function mediaTypeOf(part: unknown, family: string): string | undefined {
  const whole = wordsIn(firstField(part, "mime_type", "mediaType", "mimeType", "media_type"));
  const format = wordsIn(fieldIn(part, "format"));
  return whole ?? (format === undefined || format.includes("/") ? format : `${family}/${format}`);
}

/** Where the data is, or the data. A data URL has its media type in it. */
function placeOf(given: unknown): Pick<MediaPart, "url" | "data" | "mediaType"> {
  if (given instanceof Uint8Array) return { data: given };
  if (typeof given !== "string") return {};
  const comma = given.startsWith("data:") ? given.indexOf(";base64,") : -1;
  if (comma >= 0) {
    return { data: given.slice(comma + 8), ...(comma > 5 ? { mediaType: given.slice(5, comma) } : {}) };
  }
  return /^[a-z][\w+.-]{1,30}:/i.test(given) ? { url: given } : { data: given };
}

const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  // As `writeGenAi` has it.
  ["other", (part) => other(fieldIn(part, "value"))],
  ...["text", "input_text", "output_text", "refusal"].map((type) => [type, text] as const),
  ["compaction", compaction],
  ...["reasoning", "thinking"].map((type) => [type, reasoning] as const),
  ...["tool_call", "tool_use", "server_tool_use", "tool-call", "function", "function_call"].map(
    (type) => [type, toolCall] as const,
  ),
  ["custom_tool_call", toolCall],
  ...["local_shell_call", "web_search_call"].map((type) => [type, namedCall] as const),
  ...["tool_call_response", "tool_result", "tool-result", "function_call_output", "function_call_result"].map(
    (type) => [type, toolResult] as const,
  ),
  ["custom_tool_call_output", toolResult],
  ...["image", "image_url", "input_image"].map(
    (type) => [type, (part: unknown) => media(part, "image")] as const,
  ),
  ...["audio", "input_audio"].map((type) => [type, (part: unknown) => media(part, "audio")] as const),
  ...["blob", "uri", "file", "file_data", "input_file", "document", "media", "video"].map(
    (type) => [type, (part: unknown) => media(part)] as const,
  ),
]);

/** The tools of a list of definitions of any shape; JSON text is parsed. */
export function toolsIn(list: unknown): readonly OfferedTool[] {
  const definitions = structured(list);
  return Array.isArray(definitions) ? definitions.flatMap(toolsOf) : [];
}

/** Gemini has a list of tools in one. */
function toolsOf(given: unknown): readonly OfferedTool[] {
  const several = firstField(given, "functionDeclarations", "function_declarations");
  return Array.isArray(several) ? several.flatMap(toolIn) : toolIn(given);
}

function toolIn(given: unknown): readonly OfferedTool[] {
  const definition = structured(given);
  const tool = firstField(definition, "function", "toolSpec") ?? definition;
  const name = wordsIn(fieldIn(tool, "name"));
  if (name === undefined) return [];
  const schema = structured(firstField(tool, ...SCHEMAS));
  const description = wordsIn(fieldIn(tool, "description"));
  return [{ name, ...defined({ description, schema: fieldIn(schema, "json") ?? schema }) }];
}

const SCHEMAS = ["parameters", "parametersJsonSchema", "input_schema", "inputSchema", "schema"] as const;
