// What people, models and tools said, in one form, whichever vocabulary or provider wrote it.

/** Words. */
export interface TextPart {
  readonly type: "text";
  readonly text: string;
}

/** What a model thought before it answered. */
export interface ReasoningPart {
  readonly type: "reasoning";
  readonly text: string;
}

/** A model asks for a tool. */
export interface ToolCallPart {
  readonly type: "tool-call";
  readonly id?: string;
  readonly name?: string;
  /** As a value: JSON text is parsed. */
  readonly arguments?: unknown;
}

/** What a tool answered. */
export interface ToolResultPart {
  readonly type: "tool-result";
  /** The call that it answers. */
  readonly id?: string;
  readonly name?: string;
  /** As a value: JSON text of a list or an object is parsed. */
  readonly result?: unknown;
  /** Present where the tool failed. */
  readonly isError?: true;
}

/** An image, or a file of any other kind. */
export interface MediaPart {
  readonly type: "image" | "file";
  /** As `image/png`. */
  readonly mediaType?: string;
  readonly url?: string;
  /** Base64, or the bytes. */
  readonly data?: string | Uint8Array;
  /** Its id where the provider has it already. */
  readonly fileId?: string;
  readonly name?: string;
}

/** What is none of these, as it was. */
export interface OtherPart {
  readonly type: "other";
  readonly value: unknown;
}

/** A part of a message. */
export type MessagePart = TextPart | ReasoningPart | ToolCallPart | ToolResultPart | MediaPart | OtherPart;

/** A message. */
export interface Message {
  /** `user`, `assistant`, `tool` or `system`, else what the span says. Results of tools are always `tool`. */
  readonly role: string;
  readonly parts: readonly MessagePart[];
}

/** A tool that a model may call. */
export interface OfferedTool {
  readonly name: string;
  readonly description?: string;
  /** The JSON schema of its arguments. */
  readonly schema?: unknown;
}

/** Tokens. A part is never counted beside its whole. */
export interface Usage {
  /** All tokens that went in, those read from and written to a cache included. */
  readonly input?: number;
  /** All tokens that came out, those of reasoning included. */
  readonly output?: number;
  readonly cachedRead?: number;
  readonly cachedWrite?: number;
  readonly reasoning?: number;
}

/** The texts of the parts that are text, as one; undefined where there are none. */
export function textOfParts(parts: readonly MessagePart[]): string | undefined {
  const texts = parts.flatMap((part) => (part.type === "text" ? [part.text] : []));
  return texts.length === 0 ? undefined : texts.join("\n");
}

/** A message's content: the text where all of it is text, else its parts; undefined where there is none. */
export function contentOf(message: Message | undefined): unknown {
  if (message === undefined || message.parts.length === 0) return undefined;
  return message.parts.every(({ type }) => type === "text") ? textOfParts(message.parts) : message.parts;
}

/** The system prompt that messages begin with, and the messages behind it. */
export function withoutSystem(messages: readonly Message[]): {
  readonly system: string | undefined;
  readonly messages: readonly Message[];
} {
  let count = 0;
  while (messages[count]?.role === "system") count++;
  if (count === 0) return { system: undefined, messages };
  const system = textOfParts(messages.slice(0, count).flatMap(({ parts }) => parts));
  return { system, messages: messages.slice(count) };
}
