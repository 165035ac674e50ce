// Spans that are too long to be encoded in one go: what is long in them is written beforehand, in slices.

import type { Attributes } from "../model/attributes.ts";
import { entriesIn } from "../model/many-keys.ts";
import { hasParts } from "../model/scalars.ts";
import type { SpanEvent, SpanLink } from "../model/span-fields.ts";
import { type ByteWriter, NO_BOUND, TooLong, valuesIn } from "./byte-writer.ts";
import { isNamed, jsonTextInPieces, keepsKind, type OtlpValues } from "./values.ts";
import { Written } from "./written.ts";

/** Where a KeyValue stands: that decides on its tag. */
export type EntryKind = "span" | "event" | "link" | "map";

/** What writes the parts of a span, one by one. */
export interface PartWriter extends ByteWriter {
  entry(place: EntryKind, key: string, value: unknown): void;
  item(value: unknown): void;
  event(event: SpanEvent | LongPart<SpanEvent>): void;
  link(link: SpanLink | LongPart<SpanLink>): void;
  /** What stands for a text within its field, a piece at a time. */
  textPiece(text: string): Uint8Array;
}

/** An event or a link whose attributes are written already. */
export type LongPart<T> = Omit<T, "attributes"> & { readonly attributes: Written };

/** The parts of a span that may be long. */
export interface SpanContent {
  readonly attributes: Attributes | Written;
  readonly events: readonly SpanEvent[] | Written;
  readonly links: readonly SpanLink[] | Written;
  /** Links that were dropped before, and those that OTLP has no place for. */
  readonly droppedLinks: number;
}

/** The same of a span that is to be written in slices. */
export interface LongContent {
  readonly attributes: Iterable<readonly [string, unknown]>;
  readonly events: readonly SpanEvent[];
  readonly links: readonly SpanLink[];
  readonly droppedLinks: number;
}

/** Bytes that are written in one step: a millisecond or two, whatever they say. */
export const STEP_BYTES: number = 128 * 1024;

/** Writes the parts of one span. */
export class LongSpan {
  readonly #make: () => PartWriter;
  readonly #values: OtlpValues;
  readonly #most: number;
  /** One for each level, since what is within is written before what is around it. */
  readonly #writers: PartWriter[] = [];

  /** At most `most` bytes are written in one step. */
  constructor(make: () => PartWriter, values: OtlpValues, most: number) {
    this.#make = make;
    this.#values = values;
    this.#most = most;
  }

  /** All parts; `next` is a short time. */
  *content({ attributes, events, links, droppedLinks }: LongContent): Generator<void, SpanContent> {
    yield;
    return {
      droppedLinks,
      attributes: yield* this.#attributes(attributes, "span", 0),
      events: yield* this.#list(events, 0, this.#events),
      links: yield* this.#list(links, 0, this.#links),
    };
  }

  readonly #events: Kind<SpanEvent> = {
    write: (writer, event) => writer.event(event),
    shorten: (event, level) => this.#part(event, "event", level),
  };

  readonly #links: Kind<SpanLink> = {
    write: (writer, link) => writer.link(link),
    shorten: (link, level) => this.#part(link, "link", level),
  };

  *#part<T extends SpanEvent | SpanLink>(part: T, place: EntryKind, level: number): Generator<void, T> {
    if (part.attributes === undefined) return part;
    const attributes = yield* this.#attributes(entriesIn(part.attributes), place, level);
    return Object.assign({ ...part }, { attributes });
  }

  #attributes(
    entries: Iterable<readonly [string, unknown]>,
    place: EntryKind,
    level: number,
  ): Generator<void, Written> {
    return this.#list(entries, level, this.#entries(place), "map");
  }

  #entries(place: EntryKind): Kind<readonly [string, unknown]> {
    const { shortened } = this;
    return {
      write: (writer, [key, value]) => writer.entry(place, key, value),
      *shorten([key, value], level) {
        return [key, yield* shortened(value, level)];
      },
    };
  }

  readonly #items: Kind<unknown> = {
    write: (writer, item) => writer.item(item),
    shorten: (item, level) => this.shortened(item, level),
  };

  /** What stands for a value that is too long. */
  readonly shortened = (value: unknown, level: number): Generator<void, unknown> => {
    if (typeof value === "string") return this.#text(value, level);
    if (!hasParts(value)) return same(value);
    if (this.#values === "json" && !keepsKind(value)) return this.#json(value, level);
    return this.#container(value, level);
  };

  *#json(value: object, level: number): Generator<void, Written> {
    const writer = this.#writer(level, NO_BOUND);
    let text = "";
    for (const piece of jsonTextInPieces(value, valuesIn(this.#most))) {
      text += piece;
      if (text.length < TEXT_PIECE / 8) continue;
      writer.raw(writer.textPiece(text));
      text = "";
      yield;
    }
    writer.raw(writer.textPiece(text));
    return new Written("text", writer.taken());
  }

  *#container(value: object, level: number): Generator<void, Written> {
    if (Array.isArray(value) || value instanceof Set) return yield* this.#list(value, level, this.#items);
    if (!(value instanceof Map)) return yield* this.#attributes(entriesIn(value), "map", level);
    let count = 0;
    let isAllNamed = true;
    for (const entry of value) {
      isAllNamed &&= isNamed(entry);
      if (++count % valuesIn(this.#most) === 0) yield;
    }
    if (isAllNamed) return yield* this.#attributes(namedEntries(value), "map", level);
    return yield* this.#list(value, level, this.#items);
  }

  /** Writes items, as many in a step as there is room for; one for which there is none is shortened before. */
  *#list<T>(
    items: Iterable<T>,
    level: number,
    kind: Kind<T>,
    as: "list" | "map" = "list",
  ): Generator<void, Written> {
    const writer = this.#writer(level, this.#most);
    for (const item of items) {
      if (tried(writer, () => kind.write(writer, item))) continue;
      yield;
      writer.allow(this.#most);
      if (tried(writer, () => kind.write(writer, item))) continue;
      const short = yield* kind.shorten(item, level + 1);
      yield;
      writer.allow(NO_BOUND);
      kind.write(writer, short);
      yield;
      writer.allow(this.#most);
    }
    // To copy what is very long takes a step by itself.
    yield;
    return new Written(as, writer.taken());
  }

  *#text(text: string, level: number): Generator<void, Written> {
    const writer = this.#writer(level, NO_BOUND);
    for (let at = 0; at < text.length; ) {
      const to = endOfPiece(text, at);
      writer.raw(writer.textPiece(text.slice(at, to)));
      at = to;
      yield;
    }
    return new Written("text", writer.taken());
  }

  #writer(level: number, room: number): PartWriter {
    const writer = this.#writers[level] ?? this.#make();
    this.#writers[level] = writer;
    writer.begin(room);
    return writer;
  }
}

/** How an item of a list is written. */
interface Kind<T> {
  write(writer: PartWriter, item: T): void;
  shorten(item: T, level: number): Generator<void, T>;
}

/** False where there is no room; then nothing is written. */
function tried(writer: PartWriter, write: () => void): boolean {
  const mark = writer.end - writer.start;
  try {
    write();
    return true;
  } catch (error) {
    if (!(error instanceof TooLong)) throw error;
    writer.rewind(mark);
    return false;
  }
}

function* namedEntries(map: ReadonlyMap<unknown, unknown>): Generator<readonly [string, unknown]> {
  for (const entry of map) if (isNamed(entry)) yield entry;
}

function* same<T>(value: T): Generator<void, T> {
  yield;
  return value;
}

/** Not between the halves of a pair. */
function endOfPiece(text: string, at: number): number {
  const to = Math.min(at + TEXT_PIECE, text.length);
  const last = text.charCodeAt(to - 1);
  return to < text.length && last >= 0xd800 && last < 0xdc00 ? to - 1 : to;
}

const TEXT_PIECE = 128 * 1024;
