// Search by words: what of a span can be found, what a search asks for, and whether the one has the other.
import { TracelightError } from "../model/errors.ts";
import { failureWords } from "../model/failure.ts";
import { seenText } from "../model/seen.ts";
import type { SpanEvent, SpanFields } from "../model/span-fields.ts";
import { spacedWords } from "../model/words.ts";
import { NAMES } from "./names.ts";
import { readSpan } from "./reading.ts";
import { ownerOf } from "./vocabularies/recognised.ts";

/** What a text is to its span. */
export type SearchLabel = "name" | "input" | "output" | "message" | "error";

/** A text of a span that can be found by its words. */
export interface SearchText {
  readonly label: SearchLabel;
  readonly text: string;
}

/** What of a span is looked at. */
export interface Searchable extends Pick<SpanFields, "spanName" | "statusMessage" | "attributes"> {
  readonly events: readonly Pick<SpanEvent, "attributes">[];
}

/** At most so many characters of a span can be found, the first ones. */
export const MAX_SEARCH_TEXT = 1_000_000;

/**
 * What of a span can be found, in every vocabulary: its name and its tool's, messages, inputs and outputs of turns, model calls
 * and tools, and errors, as people see them: see `seenText`. Of structured values the texts and whole numbers; not the keys, and no binary data. Other attributes are not
 * looked at: a child has those of its parents, so a word in one would find whole traces.
 */
export function searchTexts({
  spanName,
  statusMessage,
  attributes,
  events,
}: Searchable): readonly SearchText[] {
  const found = new TextCollector();
  found.add("name", spanName);
  found.addAttributes(attributes);
  if (Object.keys(attributes).some((key) => ownerOf(key) !== undefined))
    found.addReading({ ...NO_SPAN, spanName, attributes });
  for (const event of events) if (event.attributes !== undefined) found.addAttributes(event.attributes);
  found.add("error", statusMessage);
  return found.texts;
}

/** Whatever else a span has has no words. */
const NO_SPAN: SpanFields = {
  spanName: "",
  spanKind: "INTERNAL",
  traceId: "",
  spanId: "",
  parentSpanId: undefined,
  startedAtMicros: 0,
  endedAtMicros: undefined,
  state: "ended",
  spanStatus: "UNSET",
  statusMessage: undefined,
  attributes: {},
  resourceAttributes: {},
  scope: { name: "" },
  events: [],
  links: [],
};

class TextCollector {
  readonly texts: SearchText[] = [];
  #left: number = MAX_SEARCH_TEXT;

  addAttributes(attributes: SpanFields["attributes"]): void {
    for (const key of Object.keys(attributes)) {
      const label = LABELS.get(key);
      if (label !== undefined) this.add(label, attributes[key]);
    }
  }

  /** A span of another vocabulary than the toolkit's: no attribute of it need be a text by itself. */
  addReading(span: SpanFields): void {
    const reading = readSpan(span);
    const { kind, tool, inputMessages, outputMessages } = reading;
    this.add("name", tool?.name);
    this.add("message", inputMessages);
    this.add("input", inputMessages.length > 0 ? undefined : reading.input);
    for (const message of outputMessages) this.add("output", message);
    this.add("output", outputMessages.length > 0 || kind === "embedding" ? undefined : reading.output);
    this.add("error", failureWords(span));
  }

  add(label: SearchLabel, value: unknown): void {
    if (label === "message" && Array.isArray(value))
      for (const message of value) this.#addText(label, message);
    else this.#addText(label, value);
  }

  #addText(label: SearchLabel, value: unknown): void {
    if (typeof value === "string") return this.#addString(label, value);
    const parts: string[] = [];
    this.#collect(value, parts, 0);
    if (parts.length > 0) this.texts.push({ label, text: parts.join("\n") });
  }

  /** An exception's message is often its span's status message too. */
  #addString(label: SearchLabel, text: string): void {
    const isKnown =
      label === "error" && this.texts.some((known) => known.label === label && known.text === text);
    const part = isKnown ? "" : this.#take(text);
    if (part !== "") this.texts.push({ label, text: part });
  }

  #collect(value: unknown, parts: string[], depth: number): void {
    if (this.#left <= 0 || depth > MAX_DEPTH) return;
    const text = plainText(value);
    if (text !== undefined) {
      const part = this.#take(text);
      if (part !== "") parts.push(part);
    } else if (Array.isArray(value)) {
      if (!isNumeric(value)) for (const item of value) this.#collect(item, parts, depth + 1);
    } else if (value instanceof Map || value instanceof Set) {
      for (const item of value.values()) this.#collect(item, parts, depth + 1);
    } else if (typeof value === "object" && value !== null && !(value instanceof Uint8Array)) {
      for (const key of Object.keys(value)) {
        if (!isFormal(key)) this.#collect(Reflect.get(value, key), parts, depth + 1);
      }
    }
  }

  #take(text: string): string {
    if (this.#left <= 0 || isBinary(text)) return "";
    const part = seenText(text.length <= this.#left ? text : text.slice(0, this.#left));
    this.#left -= part.length + 1;
    return part;
  }
}

function plainText(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  return typeof value === "bigint" || (typeof value === "number" && Number.isSafeInteger(value))
    ? String(value)
    : undefined;
}

/** Who speaks and what kind a block is: every message has them. */
function isFormal(key: string): boolean {
  return key === "role" || key === "type";
}

/** An embedding or a table of figures. */
function isNumeric(list: readonly unknown[]): boolean {
  return list.length > MAX_NUMBERS && typeof list[0] === "number";
}

function isBinary(text: string): boolean {
  return text.length >= MIN_BINARY && BINARY.test(text);
}

const MAX_DEPTH = 200;
const MAX_NUMBERS = 100;
const MIN_BINARY = 512;
/** Base64, with or without what a data URL begins with. */
const BINARY = /^(?:data:[\w/+.;=-]{0,100},)?[A-Za-z0-9+/=_-]{400}/;

const LABELS: ReadonlyMap<string, SearchLabel> = new Map<string, SearchLabel>([
  [NAMES.toolName, "name"],
  [NAMES.userInput, "input"],
  [NAMES.agentResponse, "output"],
  [NAMES.cycleResponse, "output"],
  [NAMES.toolInput, "input"],
  [NAMES.toolOutput, "output"],
  [NAMES.toolError, "error"],
  [NAMES.historyMessage, "message"],
  [NAMES.requestMessages, "message"],
  [NAMES.historyMessages, "message"],
  // Of events, in which OpenTelemetry had messages up to 1.36.
  ["gen_ai.event.content", "message"],
  ["gen_ai.prompt", "message"],
  ["gen_ai.completion", "output"],
  [NAMES.responseOutput, "output"],
  [NAMES.responseError, "error"],
  [NAMES.exceptionType, "error"],
  [NAMES.exceptionMessage, "error"],
  [NAMES.exceptionDetails, "error"],
]);

/** One word or several in a row. */
export interface SearchTerm {
  readonly words: readonly string[];
  /** True where the last word need only begin so. */
  readonly isPrefix: boolean;
}

/** What a search asks for: all of some terms, none of others. Words are as `wordsOf` gives them. */
export interface SearchQuery {
  readonly all: readonly SearchTerm[];
  readonly none: readonly SearchTerm[];
}

/**
 * Reads what somebody typed: words that must all be there, `"several in a row"`, `begin*`, `-without`. Nothing is an error of
 * syntax: whatever else there is are words, and those written together (`get_weather`) must stand in a row.
 * @throws TracelightError `INVALID_QUERY` where there is no word to look for, or more than 64.
 */
export function parseSearch(text: string): SearchQuery {
  const all: SearchTerm[] = [];
  const none: SearchTerm[] = [];
  for (const { groups = {} } of text.slice(0, MAX_TYPED).matchAll(TERM)) {
    const { without, quoted, typed = quoted ?? "", star } = groups;
    const term = termOf(typed, star !== undefined || (quoted === undefined && typed.endsWith("*")));
    if (term !== undefined) (without === undefined ? all : none).push(term);
  }
  checkTerms(text, all, none);
  return { all, none };
}

function termOf(text: string, isPrefix: boolean): SearchTerm | undefined {
  const words = spacedWords(seenText(text))
    .split(" ")
    .filter((word) => word !== "");
  return words.length === 0 ? undefined : { words, isPrefix };
}

function checkTerms(text: string, all: readonly SearchTerm[], none: readonly SearchTerm[]): void {
  const words = [...all, ...none].reduce((sum, term) => sum + term.words.length, 0);
  if (words > MAX_WORDS || text.length > MAX_TYPED) {
    throw invalid(`The search has more than ${MAX_WORDS} words; a few rare ones find the same.`);
  }
  if (all.length > 0) return;
  throw invalid(
    none.length > 0
      ? `The search only says what to leave out; give a word to look for too, or write "-word" in quotes to look for it.`
      : "The search has no word to look for; give at least one letter or digit.",
  );
}

const MAX_WORDS = 64;
const MAX_TYPED = 4000;
const TERM = /(?<without>(?<=^|\s)-(?=[^\s-]))?(?:"(?<quoted>[^"]*)(?:"(?<star>\*)?|$)|(?<typed>[^\s"]+))/g;

/** True where every term that must is among the texts, and none of the others: each in one text, as an index has it. */
export function matchesSearch(texts: readonly SearchText[], { all, none }: SearchQuery): boolean {
  const spaced = texts.map(({ text }) => spacedWords(text));
  const has = (term: SearchTerm) => spaced.some((text) => text.includes(needleOf(term)));
  return all.every(has) && !none.some(has);
}

function needleOf({ words, isPrefix }: SearchTerm): string {
  return ` ${words.join(" ")}${isPrefix ? "" : " "}`;
}

function invalid(message: string): TracelightError {
  return new TracelightError("INVALID_QUERY", message);
}
