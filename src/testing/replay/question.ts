// What a model is asked, without what means nothing: recorded calls and requests are read alike, so that they compare.
import { createHash } from "node:crypto";
import type { Asked, Dialect } from "../../agents/dialects/dialect.ts";
import { calledModel } from "../../agents/model-span.ts";
import { withoutKeys, withoutSignatures } from "../../agents/secrets.ts";
import type { CallSections } from "../../conventions/compare/calls.ts";
import { type Piece, Pieces, textOfPiece } from "../../conventions/context/content.ts";
import type { Message, MessagePart } from "../../conventions/messages.ts";
import { NAMES } from "../../conventions/names.ts";
import { readMessages, toolsIn } from "../../conventions/parts.ts";
import { readSpan } from "../../conventions/reading.ts";
import { fieldIn, wordsIn } from "../../conventions/values.ts";
import { defined } from "../../model/defined.ts";
import { newSpanId, newTraceId } from "../../model/ids.ts";
import { isObject } from "../../model/record-reader.ts";
import { OWN_SCOPE, type SpanFields } from "../../model/span-fields.ts";
import { canonicalJson, lossyValue } from "../../model/values.ts";
import { type Process, processed } from "../../tracing/draft.ts";
import { spanFrom } from "../../tracing/span.ts";
import { Noise, type NoiseRules } from "../golden/noise.ts";
import { textsIn } from "./wires/embeddings.ts";
import { SERVER } from "./wires/wire.ts";

/** What a model is asked. What nobody recorded is undefined, and is not compared. */
export interface Question {
  readonly isEmbedding: boolean;
  readonly model: string | undefined;
  /** As JSON, by name. */
  readonly settings: ReadonlyMap<string, string> | undefined;
  readonly hasTools: boolean;
  readonly sections: CallSections;
  /** Tells what was said from other things said. */
  readonly key: string;
  readonly toolsKey: string;
}

/** How much is taken for noise: each level has what the one before has. */
export type Level = 0 | 1 | 2;
/** Ids, times and blanks; dates as well; what `redact` takes out as well. */
export const LEVELS: readonly Level[] = [0, 1, 2];

/** Reads what is asked. Pieces that are the same are the same objects. */
export class Questions {
  readonly #rules: NoiseRules;
  readonly #redact: Process | undefined;
  readonly #pieces: Pieces = new Pieces();

  constructor(rules: NoiseRules, redact: Process | undefined) {
    this.#rules = rules;
    this.#redact = redact;
  }

  read(given: SpanFields, level: Level): Question {
    const span = this.#at(given, level);
    const reading = readSpan(span);
    const isEmbedding = reading.kind === "embedding";
    const messages = isEmbedding ? embedded(reading.input) : reading.inputMessages.map(withoutData);
    const { fields } = this.#noise(level).from({
      ...{ step: "", depth: 0 },
      fields: defined({
        system: reading.systemPrompt,
        messages: lossyValue(messages),
        tools: lossyValue(reading.tools),
        settings: lossyValue(settingsOf(span)),
      }),
    });
    const sections = this.#sections(fields);
    const { settings } = fields;
    return {
      ...{ isEmbedding, model: reading.model, sections },
      hasTools: reading.tools.length > 0 || reading.vocabulary === "tracelight",
      settings: isObject(settings)
        ? new Map(Object.entries(settings).map(([name, value]) => [name, canonicalJson(value)]))
        : undefined,
      key: keyOf([...sections.system, ...sections.messages]),
      toolsKey: keyOf(sections.tools),
    };
  }

  /** What a tool is given, as one text. */
  toolInput(given: SpanFields, level: Level): string {
    const { tool } = readSpan(this.#at(given, level));
    const input = lossyValue(tool?.arguments ?? null);
    const { fields } = this.#noise(level).from({ step: "", depth: 0, fields: { input } });
    return canonicalJson(fields["input"] ?? null);
  }

  #at(span: SpanFields, level: Level): SpanFields {
    return level < 2 || this.#redact === undefined ? span : redacted(span, this.#redact);
  }

  #noise(level: Level): Noise {
    return new Noise({ ...this.#rules, normalize: (text) => this.#normal(text, level) });
  }

  #sections({ system, messages, tools }: Readonly<Record<string, unknown>>): CallSections {
    const place = (pieces: readonly Piece[], message: number) => pieces.map((piece) => ({ piece, message }));
    const prompt = wordsIn(system);
    return {
      tools: toolsIn(tools).flatMap((tool, i) => place([this.#pieces.tool(tool)], i)),
      system: prompt === undefined ? [] : place([this.#pieces.system(prompt)], 0),
      messages: readMessages(messages).flatMap((message, i) => place(this.#pieces.message(message), i)),
      answer: [],
    };
  }

  #normal(text: string, level: Level): string {
    const quiet = level === 0 ? text : text.replace(DATES, "<date>");
    return (this.#rules.normalize?.(quiet) ?? quiet).replace(/\s+/g, " ").trim();
  }
}

const MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}\\.?";
const WEEKDAY = "(?:(?:Mon|Tues?|Wed(?:nes)?|Thu(?:rs)?|Fri|Sat(?:ur)?|Sun)(?:day)?,? )?";
/** `2026-11-30`, `Monday, November 30, 2026`, `30 November 2026`. */
const DATES = new RegExp(
  `\\b(?:\\d{4}-\\d\\d-\\d\\d|${WEEKDAY}${MONTH} \\d{1,2}(?:st|nd|rd|th)?,? \\d{4}|${WEEKDAY}\\d{1,2} ${MONTH},? \\d{4})\\b`,
  "g",
);

function redacted(span: SpanFields, redact: Process): SpanFields {
  return processed(spanFrom(span), redact) ?? span;
}

function embedded(input: unknown): readonly Message[] {
  return textsIn(input).map((text) => ({ role: "user", parts: [{ type: "text", text }] }));
}

/** An image is known by what it is. */
function withoutData({ role, parts }: Message): Message {
  return { role, parts: parts.map(withoutBytes) };
}

function withoutBytes(part: MessagePart): MessagePart {
  if ((part.type !== "image" && part.type !== "file") || part.data === undefined) return part;
  const { data, ...rest } = part;
  const bytes = typeof data === "string" ? Buffer.from(data, "base64") : data;
  return { ...rest, fileId: createHash("sha256").update(bytes).digest("hex").slice(0, 12) };
}

function keyOf(placed: CallSections["messages"]): string {
  return JSON.stringify(placed.map(({ piece }) => [piece.kind, piece.role, textOfPiece(piece)]));
}

/** Undefined where a library recorded the call that does not tell of all settings. */
function settingsOf({ attributes }: SpanFields): object | undefined {
  const isWhole = SERVER in attributes || attributes[NAMES.provider] === "aws.bedrock";
  if (!isWhole) return undefined;
  const { [NAMES.requestInferenceConfig]: config, [NAMES.requestToolConfig]: tools } = attributes;
  const choices = isObject(tools) && !Array.isArray(tools) ? tools : {};
  const all = Object.entries({ ...choices, ...(isObject(config) ? config : {}) });
  return Object.fromEntries(all.filter(([name]) => !NO_MATTER.has(name)));
}

/** What changes how an answer comes, who pays and what is kept, not what is said. */
const NO_MATTER: ReadonlySet<string> = new Set([
  ...["tools", "stream", "stream_options", "user", "metadata", "store", "safety_identifier", "service_tier"],
  ...["prompt_cache_key", "prompt_cache_retention", "keep_alive", "encoding_format", "requestMetadata"],
]);

/** A request as the span that an adapter would make of it. */
export function askedSpan(
  dialect: Dialect,
  asked: Asked,
  provider: string | undefined = dialect.provider,
): SpanFields {
  const type = dialect.operation === "chat" ? "llm-invocation" : "embedding";
  return madeSpan(dialect.operation, {
    ...calledModel(type, asked.model, provider),
    [SERVER]: "replay",
    [NAMES.requestSystem]: withoutSignatures(asked.system),
    [NAMES.requestMessages]: withoutSignatures(asked.messages),
    [NAMES.requestToolConfig]: withoutKeys(asked.tools),
    [NAMES.requestInferenceConfig]: withoutKeys(asked.config),
  });
}

/** A call of a tool as a span. */
export function toolSpan(name: string, input: unknown): SpanFields {
  return madeSpan(name, {
    ...{ [NAMES.traceType]: "tool-invocation", [NAMES.toolName]: name, [NAMES.toolInput]: input },
  });
}

function madeSpan(spanName: string, attributes: Readonly<Record<string, unknown>>): SpanFields {
  const startedAtMicros = Date.now() * 1000;
  return {
    ...{ spanName, spanKind: "CLIENT", traceId: newTraceId(), spanId: newSpanId() },
    ...{ parentSpanId: undefined, startedAtMicros, endedAtMicros: startedAtMicros, state: "ended" },
    ...{ spanStatus: "UNSET", statusMessage: undefined, resourceAttributes: {}, events: [], links: [] },
    ...{ scope: { name: OWN_SCOPE }, attributes: defined(attributes) },
  };
}

/** The name of the API's operation, and the model. */
export function nameOf(span: SpanFields): string {
  const { model, kind } = readSpan(span);
  return `${kind === "embedding" ? "embeddings" : "chat"} ${model ?? fieldIn(span, "spanName")}`;
}
