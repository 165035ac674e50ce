// One reading of a span: what it says in the words of agents, whichever vocabulary wrote it. Total: it never throws.
import type { SpanFields } from "../model/span-fields.ts";
import { conversationOf } from "./conversation.ts";
import { type Finish, finishOf } from "./finish.ts";
import { structured } from "./json-text.ts";
import {
  contentOf,
  type Evaluation,
  type Message,
  type OfferedTool,
  type Usage,
  withoutSystem,
} from "./messages.ts";
import { NAMES } from "./names.ts";
import { Source } from "./source.ts";
import { oneLineOf } from "./title.ts";
import { wordsIn } from "./values.ts";
import { recognised, type VocabularyName } from "./vocabularies/recognised.ts";
import { principalOf } from "./vocabularies/toolkit.ts";
import type { NamedField, Vocabulary, WorkKind } from "./vocabularies/vocabulary.ts";

export type { VocabularyName } from "./vocabularies/recognised.ts";
export type { WorkKind } from "./vocabularies/vocabulary.ts";

/** A call of a tool: the span's own, not one that a model asked for. */
export interface ToolUse {
  /** The tool's name. */
  readonly name: string | undefined;
  /** Names the call, as the model did. */
  readonly callId: string | undefined;
  /** Values: JSON text of a list or an object is parsed. */
  readonly arguments: unknown;
  /** What the tool gave. */
  readonly result: unknown;
}

/**
 * A span in the words of agents. What a span does not say is undefined, or an empty list. Each field is worked out when it is
 * asked for, so a reading costs what is looked at.
 */
export interface Reading {
  /** The vocabulary that says what kind of work it is; undefined where none is recognised. */
  readonly vocabulary: VocabularyName | undefined;
  /** What kind of work it was. */
  readonly kind: WorkKind;
  /** What the user wanted: the first words that a user said, as one line of at most 200 characters. */
  readonly title: string | undefined;
  /** The agent's name, or the service's. */
  readonly agent: string | undefined;
  /** Who the work was done for. */
  readonly user: string | undefined;
  /** What the conversation is known by: a text or a number, unless `ai.conversation.id` is something else. */
  readonly conversation: unknown;
  /** The model that was asked for, else the one that answered. */
  readonly model: string | undefined;
  /** Who serves the model. */
  readonly provider: string | undefined;
  /** What the model was told before all messages. */
  readonly systemPrompt: string | undefined;
  /** What was said to the model or agent, without the system prompt. */
  readonly inputMessages: readonly Message[];
  /** The messages that came out. */
  readonly outputMessages: readonly Message[];
  /** What went in, to be shown: the user's words, the last message of a model call, a tool's arguments, a query. */
  readonly input: unknown;
  /** What came out, to be shown: the agent's words, the model's message, a tool's result, documents. */
  readonly output: unknown;
  /** Of a tool call. */
  readonly tool: ToolUse | undefined;
  /** The tools that a model could call. */
  readonly tools: readonly OfferedTool[];
  /** Why the model stopped, as its vocabulary has it. */
  readonly finishReason: string | undefined;
  /** The same in one word, whoever served the model; undefined where it is something else. */
  readonly finish: Finish | undefined;
  /** What others thought of the work. */
  readonly evaluations: readonly Evaluation[];
  /** Tokens of the call, cached ones and those of reasoning included. */
  readonly usage: Usage | undefined;
  /** Milliseconds until the first part of a streamed answer. */
  readonly timeToFirstTokenMs: number | undefined;
  /** The number of an agent's cycle. */
  readonly cycle: number | undefined;
  /** What went wrong; undefined where the span did not fail, see `failureOf`. */
  readonly error: string | undefined;
  /** What the error says besides: its own fields, such as `status` and `code`, and its causes and inner errors. */
  readonly errorDetails: unknown;
  /** True where the work was called off. */
  readonly aborted: boolean;
}

/** Reads a span, of any vocabulary. */
export function readSpan(span: SpanFields): Reading {
  return new SpanReading(span);
}

class SpanReading implements Reading {
  readonly kind: WorkKind;
  readonly #source: Source;
  readonly #vocabularies: readonly Vocabulary<VocabularyName>[];
  readonly #by: Vocabulary<VocabularyName> | undefined;
  #messages: Messages | undefined;
  #outputMessages: readonly Message[] | undefined;
  #failure: Pick<Reading, "error"> | undefined;

  constructor(span: SpanFields) {
    this.#source = new Source(span);
    this.#vocabularies = recognised(this.#source.attributes);
    for (const vocabulary of this.#vocabularies) {
      const kind = vocabulary.kind(this.#source);
      if (kind === undefined) continue;
      this.kind = kind;
      this.#by = vocabulary;
      return;
    }
    this.kind = "other";
  }

  get vocabulary(): VocabularyName | undefined {
    return this.#by?.name;
  }

  get title(): string | undefined {
    if (!isTalk(this.kind) && this.kind !== "chain") return undefined;
    for (const vocabulary of this.#vocabularies) {
      const title = oneLineOf(vocabulary.firstWords?.(this.#source, this.kind));
      if (title !== undefined) return title;
    }
    return undefined;
  }

  get agent(): string | undefined {
    const { resourceAttributes } = this.#source.span;
    return this.#text("agent") ?? this.#entity("agent") ?? wordsIn(resourceAttributes[NAMES.serviceName]);
  }

  get user(): string | undefined {
    return this.#text("user") ?? principalOf(this.#source);
  }

  get conversation(): unknown {
    return conversationOf(this.#source.attributes);
  }

  get model(): string | undefined {
    return this.#text("model");
  }

  get provider(): string | undefined {
    return this.#text("provider");
  }

  get systemPrompt(): string | undefined {
    for (const vocabulary of this.#vocabularies) {
      const system = vocabulary.system?.(this.#source);
      if (system !== undefined && system !== "") return system;
    }
    return this.#read().system;
  }

  get inputMessages(): readonly Message[] {
    return this.#read().messages;
  }

  get outputMessages(): readonly Message[] {
    this.#outputMessages ??= this.#firstList((vocabulary) =>
      vocabulary.outputMessages?.(this.#source, this.kind),
    );
    return this.#outputMessages;
  }

  get input(): unknown {
    if (this.#by?.name === "tracelight") return this.#by.input?.(this.#source, this.kind);
    const { length } = this.inputMessages;
    const said = isTalk(this.kind) ? contentOf(this.inputMessages[length - 1]) : undefined;
    return (
      said ??
      this.#first((vocabulary) => vocabulary.input?.(this.#source, this.kind)) ??
      contentOf(this.inputMessages[length - 1])
    );
  }

  get output(): unknown {
    if (this.#by?.name === "tracelight") return this.#by.output?.(this.#source, this.kind);
    const said = isTalk(this.kind) ? contentOf(this.outputMessages[0]) : undefined;
    return (
      said ??
      this.#first((vocabulary) => vocabulary.output?.(this.#source, this.kind)) ??
      contentOf(this.outputMessages[0])
    );
  }

  get tool(): ToolUse | undefined {
    if (this.kind !== "tool-call") return undefined;
    const name = this.#text("toolName") ?? this.#entity("tool-call");
    return new OwnTool(name, () => this.#text("toolCallId"), this);
  }

  get tools(): readonly OfferedTool[] {
    return this.#firstList((vocabulary) => vocabulary.tools?.(this.#source));
  }

  get finishReason(): string | undefined {
    return this.#text("finishReason") ?? this.#first((vocabulary) => vocabulary.finishReason?.(this.#source));
  }

  get finish(): Finish | undefined {
    const last = () => this.outputMessages.at(-1)?.parts.at(-1);
    return finishOf(this.finishReason, () => last()?.type === "tool-call");
  }

  get evaluations(): readonly Evaluation[] {
    return this.#firstList((vocabulary) => vocabulary.evaluations?.(this.#source));
  }

  get usage(): Usage | undefined {
    return this.#first((vocabulary) => vocabulary.usage?.(this.#source));
  }

  get timeToFirstTokenMs(): number | undefined {
    const ms = this.#first((vocabulary) => vocabulary.timeToFirstToken?.(this.#source));
    // To the microsecond, as all times are.
    return ms === undefined ? undefined : Math.round(ms * 1000) / 1000;
  }

  get cycle(): number | undefined {
    const cycle = this.#source.attributes[NAMES.cycleNr];
    return typeof cycle === "number" ? cycle : undefined;
  }

  get error(): string | undefined {
    this.#failure ??= { error: this.#source.error() };
    return this.#failure.error;
  }

  get errorDetails(): unknown {
    const { attributes, events } = this.#source.span;
    const exception = events.findLast(({ name }) => name === "exception");
    return attributes[NAMES.exceptionDetails] ?? exception?.attributes?.[NAMES.exceptionDetails];
  }

  get aborted(): boolean {
    return this.#source.attributes[NAMES.aborted] === true;
  }

  #read(): Messages {
    this.#messages ??= withoutSystem(
      this.#firstList((vocabulary) => vocabulary.inputMessages?.(this.#source, this.kind)),
    );
    return this.#messages;
  }

  #text(field: NamedField): string | undefined {
    for (const vocabulary of this.#vocabularies) {
      const { [field]: known = [] } = vocabulary.names;
      const text = vocabulary.said?.(this.#source, field) ?? this.#source.text(known);
      if (text !== undefined) return text;
    }
    return undefined;
  }

  #entity(kind: WorkKind): string | undefined {
    if (this.kind !== kind) return undefined;
    return this.#first((vocabulary) => vocabulary.entity?.(this.#source, kind));
  }

  #first<T>(read: (vocabulary: Vocabulary) => T | undefined): T | undefined {
    for (const vocabulary of this.#vocabularies) {
      const found = read(vocabulary);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #firstList<T>(read: (vocabulary: Vocabulary) => readonly T[] | undefined): readonly T[] {
    return (
      this.#first((vocabulary) => {
        const list = read(vocabulary);
        return list === undefined || list.length === 0 ? undefined : list;
      }) ?? []
    );
  }
}

/** A tool's values may be large JSON texts: whoever wants its name does not read them. */
class OwnTool implements ToolUse {
  readonly name: string | undefined;
  readonly #callId: () => string | undefined;
  readonly #reading: Reading;

  constructor(name: string | undefined, callId: () => string | undefined, reading: Reading) {
    this.name = name;
    this.#callId = callId;
    this.#reading = reading;
  }

  get callId(): string | undefined {
    return this.#callId();
  }

  get arguments(): unknown {
    return structured(this.#reading.input);
  }

  get result(): unknown {
    return structured(this.#reading.output);
  }
}

type Messages = ReturnType<typeof withoutSystem>;

/** True for kinds of which the messages say more than what went in and came out as values. */
export function isTalk(kind: WorkKind): boolean {
  return kind === "model-call" || kind === "agent" || kind === "turn";
}

/** True for kinds with which a turn begins, unless one lies above already. */
export function isTurnHead(kind: WorkKind): boolean {
  return kind === "turn" || kind === "agent";
}
