// Reads the prompts of one call after another: what was read of an earlier call and is there again costs a look-up.
import { equalValues } from "../../model/attributes.ts";
import type { SpanFields } from "../../model/span-fields.ts";
import { parseJsonText } from "../json-text.ts";
import { type Reading, readSpan } from "../reading.ts";
import { fieldIn, isAnObject } from "../values.ts";
import { MESSAGE_LISTS } from "../vocabularies/recognised.ts";
import { type Piece, Pieces } from "./content.ts";
import { isKeptLong } from "./reported.ts";

/** What a model was given. */
export interface Prompt {
  readonly tools: readonly Piece[];
  readonly system: Piece | undefined;
  /** In order; each message has one or more. */
  readonly messages: readonly PlacedPiece[];
  /** So many messages, the system's not among them. */
  readonly length: number;
  /** True where a marker says that messages were left out: Claude Code's `compact_boundary`. */
  readonly hasBoundary: boolean;
  /** True where a message asks for the longer lifetime of the cache. */
  readonly isKeptLong: boolean;
}

/** A piece of a message, and where the message stands in the reading's `inputMessages`. */
export interface PlacedPiece {
  readonly piece: Piece;
  readonly message: number;
}

/** A list of messages as it was recorded. */
interface Recorded {
  readonly name: string;
  readonly list: readonly unknown[];
}

/** What is known of a recorded message. */
interface KnownMessage {
  /** Undefined for the system's: its text is in the system prompt. */
  readonly pieces: readonly Piece[] | undefined;
  readonly isBoundary: boolean;
  readonly isKeptLong: boolean;
  /** The pieces where the message stood last: mostly it stands there again. */
  placed: readonly PlacedPiece[];
}

/** A list that was read, and what was made of it: the next mostly begins with it. */
interface ReadList extends Pick<Prompt, "messages" | "length" | "hasBoundary" | "isKeptLong"> {
  readonly list: readonly unknown[];
  readonly known: readonly KnownMessage[];
}

const NO_MARKS = { isBoundary: false, isKeptLong: false };
const NOTHING_READ: ReadList = {
  ...{ list: [], known: [], messages: [], length: 0 },
  ...{ hasBoundary: false, isKeptLong: false },
};
/** Lists, and texts of lists, that may be continued. */
const REMEMBERED = 8;

/** Reads prompts. Calls of one conversation are read by one. */
export class PromptReader {
  readonly #pieces = new Pieces();
  readonly #known = new WeakMap<object, KnownMessage>();
  /** By the last of the system's messages that a list begins with. */
  readonly #systems = new WeakMap<object, string>();
  #read: readonly ReadList[] = [];
  #texts: { readonly text: string; readonly list: readonly unknown[] }[] = [];
  #tools: { readonly offered: Reading["tools"]; readonly pieces: readonly Piece[] } = {
    offered: [],
    pieces: [],
  };
  #system: { readonly text: string; readonly piece: Piece } | undefined;

  /** The prompt of a model call. */
  read(span: SpanFields): Prompt {
    const recorded = this.#recorded(span);
    const prompt = recorded === undefined ? undefined : this.#continued(span, recorded);
    return prompt ?? this.#whole(readSpan(span), recorded);
  }

  /** The pieces of an answer. */
  answer({ outputMessages }: Reading): readonly Piece[] {
    return outputMessages.flatMap((message) => this.#pieces.message(message));
  }

  #recorded({ attributes }: SpanFields): Recorded | undefined {
    for (const name of MESSAGE_LISTS) {
      const value = attributes[name];
      const list = typeof value === "string" ? this.#listIn(value) : value;
      // Whether all are objects is seen where they are looked up.
      if (Array.isArray(list) && isAnObject(list[0]) && isAnObject(list.at(-1))) return { name, list };
    }
    return undefined;
  }

  /** Of JSON text that continues one that was read, what is new alone is parsed. */
  #listIn(text: string): readonly unknown[] | undefined {
    const end = text.trimEnd();
    if (!end.startsWith("[") || !end.endsWith("]")) return undefined;
    const open = end.slice(0, -1);
    const before = this.#texts.findLast(
      (one) =>
        open.startsWith(one.text) && /^\s*(?:,|$)/.test(open.slice(one.text.length, one.text.length + 40)),
    );
    const rest =
      before === undefined ? undefined : arrayIn(`[${open.slice(before.text.length).replace(/^\s*,/, "")}]`);
    const list = before !== undefined && rest !== undefined ? [...before.list, ...rest] : arrayIn(end);
    if (list === undefined) return undefined;
    this.#texts = [...this.#texts.filter((one) => one !== before), { text: open, list }].slice(-REMEMBERED);
    return list;
  }

  /** Where messages are recorded one by one, those that were read before are not read again. */
  #continued(span: SpanFields, { name, list }: Recorded): Prompt | undefined {
    const base = this.#read.findLast((one) => isBeginningOf(one.list, list)) ?? NOTHING_READ;
    const known = base.known.slice();
    for (let at = known.length; at < list.length; at++) {
      const raw = list[at];
      const one = isAnObject(raw) ? this.#known.get(raw) : undefined;
      if (one === undefined) break;
      known.push(one);
    }
    const from = known.length;
    if (from === 0) return undefined;
    // With the last that is known before them: only where that is the system's, more of the system's may follow.
    const suffix = list.slice(from - 1);
    const reading = readSpan({ ...span, attributes: { ...span.attributes, [name]: suffix } });
    const isBehindSystem = known[from - 1]?.pieces === undefined;
    const systems = isBehindSystem ? leadingSystems(suffix) : 0;
    const added = reading.inputMessages.slice(isBehindSystem ? 0 : 1);
    const isEach = added.length + Math.max(0, systems - 1) === list.length - from;
    if (!isEach || (isBehindSystem && systems > 1)) return undefined;
    for (const [i, message] of added.entries())
      known.push(this.#remember(list[from + i], this.#pieces.message(message)));
    const system = this.#systemOf(list) ?? (isBehindSystem ? undefined : reading.systemPrompt);
    return this.#prompt({ list, known, base }, reading, system);
  }

  #systemOf(list: readonly unknown[]): string | undefined {
    const last = list[leadingSystems(list) - 1];
    return isAnObject(last) ? this.#systems.get(last) : undefined;
  }

  #whole(reading: Reading, recorded: Recorded | undefined): Prompt {
    const messages = reading.inputMessages.map((message) => this.#pieces.message(message));
    const known = messages.map((pieces): KnownMessage => ({ ...NO_MARKS, pieces, placed: [] }));
    if (recorded === undefined)
      return this.#prompt({ list: [], known, base: NOTHING_READ }, reading, reading.systemPrompt);
    const { list } = recorded;
    const systems = leadingSystems(list);
    // Only where each of the list is one message of the reading, it can be known again.
    if (systems + messages.length !== list.length)
      return {
        ...this.#prompt({ list: [], known, base: NOTHING_READ }, reading, reading.systemPrompt),
        isKeptLong: list.some(isKeptLong),
      };
    const leading = list.slice(0, systems).map((raw) => this.#remember(raw, undefined));
    const last = list[systems - 1];
    if (isAnObject(last)) this.#systems.set(last, reading.systemPrompt ?? "");
    const said = messages.map((pieces, i) => this.#remember(list[systems + i], pieces));
    return this.#prompt(
      { list, known: [...leading, ...said], base: NOTHING_READ },
      reading,
      reading.systemPrompt,
    );
  }

  #remember(raw: unknown, pieces: readonly Piece[] | undefined): KnownMessage {
    const marks = { isBoundary: isBoundary(raw), isKeptLong: isKeptLong(raw) };
    const known: KnownMessage = { ...marks, pieces, placed: [] };
    if (isAnObject(raw)) this.#known.set(raw, known);
    return known;
  }

  #prompt(
    { list, known, base }: Pick<ReadList, "list" | "known"> & { readonly base: ReadList },
    reading: Reading,
    system: string | undefined,
  ): Prompt {
    const messages = base.messages.slice();
    let { length, hasBoundary, isKeptLong: isKept } = base;
    for (let at = base.known.length; at < known.length; at++) {
      const one = known[at];
      if (one === undefined) continue;
      hasBoundary ||= one.isBoundary;
      isKept ||= one.isKeptLong;
      if (one.pieces === undefined) continue;
      if (one.placed[0]?.message !== length) {
        const message = length;
        one.placed = one.pieces.map((piece) => ({ piece, message }));
      }
      for (const placed of one.placed) messages.push(placed);
      length++;
    }
    const marks = { hasBoundary, isKeptLong: isKept };
    const read: ReadList = { list, known, messages, length, ...marks };
    if (list.length > 0) this.#read = [...this.#read.filter((one) => one !== base), read].slice(-REMEMBERED);
    return {
      tools: this.#toolsOf(reading),
      system: this.#systemPiece(system),
      ...{ messages, length, ...marks },
    };
  }

  /** Mostly that of the call before. */
  #systemPiece(text: string | undefined): Piece | undefined {
    if (text === undefined || text === "") return undefined;
    if (text !== this.#system?.text) this.#system = { text, piece: this.#pieces.system(text) };
    return this.#system.piece;
  }

  /** Mostly those of the call before. */
  #toolsOf({ tools }: Reading): readonly Piece[] {
    if (!equalValues(tools, this.#tools.offered))
      this.#tools = { offered: tools, pieces: tools.map((tool) => this.#pieces.tool(tool)) };
    return this.#tools.pieces;
  }
}

function isBeginningOf(list: readonly unknown[], longer: readonly unknown[]): boolean {
  const { length } = list;
  if (length > longer.length || list[length - 1] !== longer[length - 1]) return false;
  for (let at = 0; at < length; at++) if (list[at] !== longer[at]) return false;
  return length > 0;
}

function arrayIn(text: string): readonly unknown[] | undefined {
  const value = parseJsonText(text);
  return Array.isArray(value) ? value : undefined;
}

function leadingSystems(list: readonly unknown[]): number {
  const first = list.findIndex((raw) => !SYSTEM.has(String(fieldIn(raw, "role"))));
  return first < 0 ? list.length : first;
}

const SYSTEM: ReadonlySet<string> = new Set(["system", "developer"]);

/** As Claude Code's messages and transcripts have it. */
function isBoundary(raw: unknown): boolean {
  return fieldIn(raw, "subtype") === "compact_boundary" || fieldIn(raw, "type") === "compact_boundary";
}
