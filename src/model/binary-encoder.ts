// Captured values as bytes: exact, compact, and in steps, so that no value holds the event loop for long.
import { writeCount } from "./binary-counts.ts";
import { TAG } from "./binary-frames.ts";
import { boundOf, PreciseDate } from "./clock.ts";
import { keysOf } from "./many-keys.ts";

/** Text and bytes are taken in pieces of so many, so that a step stays short. */
const PIECE = 128 * 1024;
const FIRST_CHUNK = 2 * 1024;
const MAX_CHUNK = 256 * 1024;
/** Values that one step takes at most. */
const STEP_VALUES = 5_000;

/** A part of a long text or of long bytes, which is not a value of its own. */
class Piece {
  readonly content: string | Uint8Array | typeof END;

  constructor(content: string | Uint8Array | typeof END) {
    this.content = content;
  }
}
const END = Symbol("end");
const LAST_PIECE = new Piece(END);

/** An object that is given as key, value, key, value …, none of the keys twice: to make one of very many takes long. */
export class Properties {
  readonly flat: readonly unknown[];

  constructor(flat: readonly unknown[]) {
    this.flat = flat;
  }
}

/** Encodes one captured value. The same value gives the same bytes; objects that differ in key order differ. */
export class BinaryEncoder {
  readonly #open: Iterator<unknown>[] = [];
  #chunk: Buffer = Buffer.allocUnsafe(FIRST_CHUNK);
  #at = 0;
  #full: Buffer[] = [];

  constructor(value: unknown) {
    this.#open.push([value].values());
  }

  /** The next bytes: those of a few thousand values or some hundred kilobytes; undefined after the last. */
  step(): readonly Buffer[] | undefined {
    if (this.#open.length === 0) return undefined;
    for (let values = 0; values < STEP_VALUES && this.#full.length < 2; values++) {
      if (!this.#next()) break;
    }
    if (this.#open.length === 0) this.#endChunk(0);
    return this.#full.splice(0);
  }

  #next(): boolean {
    const top = this.#open[this.#open.length - 1];
    if (top === undefined) return false;
    const { done, value } = top.next();
    if (done) this.#open.pop();
    else this.#value(value);
    return true;
  }

  #value(value: unknown): void {
    switch (typeof value) {
      case "string":
        return this.#text(value);
      case "number":
        return this.#number(value);
      case "boolean":
        return this.#tag(value ? TAG.true : TAG.false);
      case "bigint":
        return this.#bigint(value);
      case "object":
        return value === null ? this.#tag(TAG.null) : this.#object(value);
      default:
        return this.#tag(TAG.null);
    }
  }

  #number(value: number): void {
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
      return this.#sized(value < 0 ? TAG.negative : TAG.positive, Math.abs(value));
    }
    this.#double(TAG.double, value);
  }

  #bigint(value: bigint): void {
    const hex = (value < 0n ? -value : value).toString(16);
    const even = hex.length % 2 === 0 ? hex : `0${hex}`;
    this.#sized(value < 0n ? TAG.negativeBigint : TAG.bigint, even.length / 2);
    this.#raw(Buffer.from(even, "hex"));
  }

  #text(text: string): void {
    if (text.length <= PIECE) return this.#shortText(text);
    this.#tag(TAG.pieces);
    this.#open.push(piecesOfText(text));
  }

  #shortText(text: string): void {
    const encoding = isWellFormed(text) ? "utf8" : "utf16le";
    const length = Buffer.byteLength(text, encoding);
    this.#sized(encoding === "utf8" ? TAG.text : TAG.wideText, length);
    this.#room(length);
    this.#at += this.#chunk.write(text, this.#at, encoding);
  }

  #object(value: object): void {
    if (value instanceof Piece) return this.#piece(value);
    if (value instanceof Uint8Array) {
      this.#sized(TAG.bytes, value.byteLength);
      this.#open.push(piecesOfBytes(value));
    } else if (value instanceof Date) this.#double(TAG.date, exactMs(value));
    else this.#container(value);
  }

  #piece({ content }: Piece): void {
    if (typeof content === "string") this.#shortText(content);
    else if (content === END) this.#tag(TAG.end);
    else this.#raw(content);
  }

  #container(value: object): void {
    if (Array.isArray(value)) {
      this.#sized(TAG.array, value.length);
      this.#open.push(value.values());
    } else if (value instanceof Map) {
      this.#sized(TAG.map, value.size);
      this.#open.push(flat(value.entries()));
    } else if (value instanceof Set) {
      this.#sized(TAG.set, value.size);
      this.#open.push(value.values());
    } else if (value instanceof Properties) {
      this.#sized(TAG.object, value.flat.length / 2);
      this.#open.push(value.flat.values());
    } else {
      const keys = keysOf(value);
      this.#sized(TAG.object, keys.length);
      this.#open.push(properties(value, keys));
    }
  }

  #tag(tag: number): void {
    this.#room(1);
    this.#chunk[this.#at++] = tag;
  }

  #sized(tag: number, size: number): void {
    this.#room(10);
    this.#chunk[this.#at++] = tag;
    this.#at = writeCount(this.#chunk, this.#at, size);
  }

  #double(tag: number, value: number): void {
    this.#room(9);
    this.#chunk[this.#at] = tag;
    this.#chunk.writeDoubleLE(value, this.#at + 1);
    this.#at += 9;
  }

  #raw(bytes: Uint8Array): void {
    this.#room(bytes.byteLength);
    this.#chunk.set(bytes, this.#at);
    this.#at += bytes.byteLength;
  }

  #room(bytes: number): void {
    if (this.#at + bytes > this.#chunk.length) this.#endChunk(bytes);
  }

  #endChunk(needed: number): void {
    if (this.#at > 0) this.#full.push(this.#chunk.subarray(0, this.#at));
    const size = Math.max(needed, Math.min(this.#chunk.length * 4, MAX_CHUNK));
    this.#chunk = Buffer.allocUnsafe(needed === 0 ? 0 : size);
    this.#at = 0;
  }
}

/** All bytes of a value at once; for values known to be small. */
export function encodeBinary(value: unknown): Buffer {
  const encoder = new BinaryEncoder(value);
  const chunks: Buffer[] = [];
  for (let step = encoder.step(); step !== undefined; step = encoder.step()) chunks.push(...step);
  const [only] = chunks;
  return chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks);
}

function* piecesOfText(text: string): Generator<Piece> {
  for (let at = 0; at < text.length; ) {
    const cut = Math.min(at + PIECE, text.length);
    // A surrogate pair stays in one piece.
    const end = cut < text.length && isHighSurrogate(text.charCodeAt(cut - 1)) ? cut - 1 : cut;
    yield new Piece(text.slice(at, end));
    at = end;
  }
  yield LAST_PIECE;
}

function* piecesOfBytes(bytes: Uint8Array): Generator<Piece> {
  for (let at = 0; at < bytes.byteLength; at += PIECE) yield new Piece(bytes.subarray(at, at + PIECE));
}

function* flat(entries: Iterable<readonly [unknown, unknown]>): Generator<unknown> {
  for (const [key, value] of entries) {
    yield key;
    yield value;
  }
}

function* properties(source: object, keys: readonly string[]): Generator<unknown> {
  for (const key of keys) {
    yield key;
    yield Reflect.get(source, key);
  }
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code < 0xdc00;
}

function isWellFormed(text: string): boolean {
  return !ANY_SURROGATE.test(text) || !LONE_SURROGATE.test(text);
}

const ANY_SURROGATE = /[\ud800-\udfff]/;
const LONE_SURROGATE = /\p{Surrogate}/u;

/** Milliseconds, with the microseconds as a fraction where a date has any. */
function exactMs(date: Date): number {
  return date instanceof PreciseDate ? boundOf(date) / 1000 : date.getTime();
}
