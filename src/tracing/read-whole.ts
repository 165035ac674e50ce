// All spans of a conversation or trace and their outlines: of one reading where a store's outlines cost as much as its spans.
import { outlineOf, type SpanOutline } from "../conventions/facts.ts";
import { inStartOrder } from "../model/query.ts";
import type { StoreReader } from "./readable.ts";
import type { Span } from "./span.ts";
import type { OutlineQuery } from "./store.ts";

/** A conversation or a trace. */
export type WholeOf = Pick<OutlineQuery, "conversation" | "traceId">;

/** What it is made of. */
export interface Whole {
  readonly outlines: readonly SpanOutline[];
  /** To be gone through once. */
  readonly spans: AsyncIterable<Span> | Iterable<Span>;
}

/** What may be held between the two looks, in characters; more is read twice. */
const MOST_HELD = 32 * 1024 * 1024;

/** Reads outlines, then spans. */
export async function readWhole(reader: StoreReader, of: WholeOf): Promise<Whole> {
  if (reader.has("outlines")) return { outlines: await reader.outlines(of), spans: reader.iterate(of) };
  const outlines: SpanOutline[] = [];
  const held = new HeldSpans();
  for await (const span of reader.iterate(of)) {
    outlines.push(outlineOf(span));
    held.add(span);
  }
  return { outlines: inStartOrder(outlines), spans: held.spans ?? reader.iterate(of) };
}

/** Spans, as long as they are not too many. Histories share their messages: each counts once. */
class HeldSpans {
  readonly #counted = new Set<object>();
  #left = MOST_HELD;
  #spans: Span[] = [];
  /** The list that was counted last: mostly the next begins with it, and what is the same is not looked at. */
  #list: readonly unknown[] = [];

  /** Undefined where they were too many. */
  get spans(): readonly Span[] | undefined {
    return this.#left > 0 ? this.#spans : undefined;
  }

  add(span: Span): void {
    if (this.#left > 0) this.#count(span.attributes, 0);
    if (this.#left > 0) this.#spans.push(span);
    else this.#spans = [];
  }

  #count(value: unknown, depth: number): void {
    this.#left -= typeof value === "string" ? value.length : ROOM_OF_A_VALUE;
    if (typeof value !== "object" || value === null || this.#counted.has(value)) return;
    this.#counted.add(value);
    if (value instanceof Uint8Array) this.#left -= value.byteLength;
    else if (depth >= MAX_DEPTH) this.#left = 0;
    else if (Array.isArray(value)) this.#countList(value, depth);
    else this.#countParts(Object.values(value), depth + 1);
  }

  #countList(list: readonly unknown[], depth: number): void {
    const before = this.#list;
    let same = 0;
    while (same < before.length && before[same] === list[same]) same++;
    this.#left -= same * ROOM_OF_A_VALUE;
    this.#countParts(same === 0 ? list : list.slice(same), depth + 1);
    if (same > 0 || list.length >= before.length) this.#list = list;
  }

  #countParts(parts: readonly unknown[], depth: number): void {
    for (const part of parts) if (this.#left > 0) this.#count(part, depth);
  }
}

const ROOM_OF_A_VALUE = 8;
const MAX_DEPTH = 200;
