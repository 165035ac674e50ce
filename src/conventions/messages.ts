// What people, models and tools said, in one form, whichever vocabulary or provider wrote it.

/** Words. */
export interface TextPart {
  /** Tells it from other parts. */
  readonly type: "text";
  /** What was said. */
  readonly text: string;
}

/** What a model thought before it answered. */
export interface ReasoningPart {
  /** Tells it from other parts. */
  readonly type: "reasoning";
  /** What the model thought. */
  readonly text: string;
}

/** A model asks for a tool. */
export interface ToolCallPart {
  /** Tells it from other parts. */
  readonly type: "tool-call";
  /** Names the call, for its result to refer to. */
  readonly id?: string;
  /** The tool's name. */
  readonly name?: string;
  /** As a value: JSON text is parsed. */
  readonly arguments?: unknown;
}

/** What a tool answered. */
export interface ToolResultPart {
  /** Tells it from other parts. */
  readonly type: "tool-result";
  /** The call that it answers. */
  readonly id?: string;
  /** The tool's name. */
  readonly name?: string;
  /** As a value: JSON text of a list or an object is parsed. */
  readonly result?: unknown;
  /** Present where the tool failed. */
  readonly isError?: true;
}

/** An image, or a file of any other kind. */
export interface MediaPart {
  /** Tells it from other parts. */
  readonly type: "image" | "file";
  /** As `image/png`. */
  readonly mediaType?: string;
  /** Where the media is, where it is elsewhere. */
  readonly url?: string;
  /** Base64, or the bytes. */
  readonly data?: string | Uint8Array;
  /** Its id where the provider has it already. */
  readonly fileId?: string;
  /** The file's name, where it has one. */
  readonly name?: string;
}

/** What is left of messages that were left out to make room: a summary, or a provider's own form of one. */
export interface CompactionPart {
  /** What kind of part it is. */
  readonly type: "compaction";
  /** The summary, where it can be read. */
  readonly text?: string;
  /** Its id where the provider gave one. */
  readonly id?: string;
}

/** What is none of these, as it was. */
export interface OtherPart {
  /** Tells it from other parts. */
  readonly type: "other";
  /** The part, as it was recorded. */
  readonly value: unknown;
}

/** A part of a message. */
export type MessagePart =
  | TextPart
  | ReasoningPart
  | ToolCallPart
  | ToolResultPart
  | MediaPart
  | CompactionPart
  | OtherPart;

/** A message. */
export interface Message {
  /** `user`, `assistant`, `tool` or `system`, else what the span says. Results of tools are always `tool`. */
  readonly role: string;
  /** What it consists of, in order. */
  readonly parts: readonly MessagePart[];
}

/** A tool that a model may call. */
export interface OfferedTool {
  /** The tool's name. */
  readonly name: string;
  /** What the model is told that it does. */
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
  /** Tokens read from a cache of the provider. */
  readonly cachedRead?: number;
  /** Tokens written to a cache of the provider. */
  readonly cachedWrite?: number;
  /** Tokens that the model thought with. */
  readonly reasoning?: number;
  /** Of the input, tokens of sound, where they are counted apart. */
  readonly inputAudio?: number;
  /** Of the input, tokens of images, where they are counted apart. */
  readonly inputImage?: number;
  /** Of the output, tokens of sound, where they are counted apart. */
  readonly outputAudio?: number;
  /** Of the output, tokens of images, where they are counted apart. */
  readonly outputImage?: number;
}

/** What somebody, or some model, thought of the work. */
export interface Evaluation {
  /** What was looked for, such as `relevance`. */
  readonly name: string;
  /** As a number. */
  readonly score?: number;
  /** In a word, such as `pass`. */
  readonly label?: string;
  /** Why. */
  readonly explanation?: string;
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
