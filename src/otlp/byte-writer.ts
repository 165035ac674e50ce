// Bytes that are written one message after another, in a buffer that grows: text, and the few forms of protobuf and JSON.
import { keysUpTo } from "./keys.ts";

/** A buffer is filled by many messages; a new one begins where the next message does not fit. */
const BUFFER_BYTES = 64 * 1024;
/** Shorter text is written by hand: a call into native code takes longer. */
const SHORT_TEXT = 32;
/** So many UTF-16 units take less than 128 bytes of UTF-8 whatever they are, so that their length takes one byte. */
const ONE_BYTE_TEXT = 42;
/** Longer text is measured before there is made room for it. */
const MEASURED_TEXT = 4096;
/** Longer text is better escaped by `JSON.stringify`. */
const SHORT_JSON = 64;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** The digits that are written together: integers of more are slow to divide. */
const DIGITS = 8;
const TEN_8 = 100_000_000;
const TWO_32 = 4_294_967_296;

/** Text as `ByteWriter.piece` writes it: four bytes at a time takes a quarter of the time. */
export interface Piece {
  /** Its UTF-8, the first byte lowest; the last word is filled up with zeros. */
  readonly words: Int32Array;
  /** Bytes of it. */
  readonly length: number;
}

/** Text made ready to be written often. */
export function pieceOf(text: string): Piece {
  const length = Buffer.byteLength(text);
  const words = new Int32Array(Math.ceil(length / 4));
  const bytes = Buffer.alloc(words.length * 4);
  bytes.write(text);
  for (let i = 0; i < words.length; i++) words[i] = bytes.readInt32LE(4 * i);
  return { words, length };
}

/** Thrown where a message is too long to be written in one go. */
export class TooLong extends Error {}

const TOO_LONG = new TooLong();
/** As good as no bound. */
export const NO_BOUND: number = 2 ** 30;
/** Names are listed, and lists copied, before a byte is written: a value of theirs counts as so many bytes. */
const VALUE_BITS = 5;

/** The values for which there is room in so many bytes, about. */
export function valuesIn(bytes: number): number {
  return Math.max(1, bytes >> VALUE_BITS);
}

/** Writes messages. Positions are counted from where the message began, since a growing buffer moves it. */
export class ByteWriter {
  bytes: Buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  start: number = 0;
  #at = 0;
  /** Where `#grow` is asked: the end of the buffer, or that of the room where it comes before. One check does for both. */
  #full = BUFFER_BYTES;
  /** Bytes that the message may have. */
  #most = NO_BOUND;
  #view = viewOf(this.bytes);

  /** Begins a message, behind the one before. What goes beyond so many bytes throws `TooLong`. */
  begin(room: number = NO_BOUND): void {
    this.start = this.#at;
    this.allow(room);
  }

  /** From here on, so many bytes may be written. */
  allow(room: number): void {
    this.#most = this.#at - this.start + room;
    this.#full = Math.min(this.bytes.length, this.start + this.#most);
  }

  /** Bytes that may still be written. */
  get room(): number {
    return this.#most - (this.#at - this.start);
  }

  /** Throws `TooLong` where there is no room for so many values, or for so many characters. */
  expect(values: number, characters: number = 0): void {
    if (values > valuesIn(this.room) || characters > this.room) throw TOO_LONG;
  }

  /** The keys of an object. Throws `TooLong` where there is no room for them. */
  keysOf(form: object): readonly string[] {
    const keys = keysUpTo(valuesIn(this.room), form);
    if (keys === undefined) throw TOO_LONG;
    return keys;
  }

  /** Takes back what was written after the message had so many bytes. */
  rewind(bytes: number): void {
    this.#at = this.start + bytes;
  }

  /** Where the next byte goes, in `bytes`. */
  get end(): number {
    return this.#at;
  }

  /** A copy of the message that was begun last. */
  taken(): Uint8Array {
    return new Uint8Array(this.bytes.subarray(this.start, this.#at));
  }

  byte(byte: number): void {
    if (this.#at >= this.#full) this.#grow(1);
    this.bytes[this.#at++] = byte;
  }

  /** Two bytes: two fields that are known to be so small, or a field's tag and its length. */
  pair(first: number, second: number): void {
    if (this.#at + 2 > this.#full) this.#grow(2);
    this.bytes[this.#at++] = first;
    this.bytes[this.#at++] = second;
  }

  raw(bytes: Uint8Array): void {
    if (this.#at + bytes.length > this.#full) this.#grow(bytes.length);
    this.bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** Text as UTF-8, with no length before it. */
  text(text: string): void {
    const { length } = text;
    if (length > MEASURED_TEXT) this.expect(0, length);
    const most = length > MEASURED_TEXT ? Buffer.byteLength(text) : 3 * length;
    if (this.#at + most > this.#full) this.#grow(most);
    if (length >= SHORT_TEXT || !this.#ascii(text)) this.#at += this.bytes.write(text, this.#at);
  }

  /** False where the text has other characters; nothing is written then. */
  #ascii(text: string): boolean {
    const { bytes } = this;
    let at = this.#at;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code >= 0x80) return false;
      bytes[at++] = code;
    }
    this.#at = at;
    return true;
  }

  /** Text that is written often; all of it, or so many of its bytes. */
  piece({ words, length }: Piece, count: number = length): void {
    if (this.#at + count + 3 > this.#full) this.#grow(count + 3);
    const view = this.#view;
    let at = this.#at;
    this.#at += count;
    // The last word may reach beyond; what is written next goes over that.
    for (let i = 0; at < this.#at; i++) {
      view.setInt32(at, words[i] ?? 0, true);
      at += 4;
    }
  }

  /** A short text that is the same in JSON. False where it is not, or is no ASCII; nothing is written then. */
  plain(text: string): boolean {
    const { length } = text;
    if (length > SHORT_JSON) return false;
    if (this.#at + length > this.#full) this.#grow(length);
    const { bytes } = this;
    let at = this.#at;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code < 0x20 || code > 0x7e || code === QUOTE || code === BACKSLASH) return false;
      bytes[at++] = code;
    }
    this.#at = at;
    return true;
  }

  /** An integer as text; neither negative nor beyond 2^53. */
  decimal(value: number): void {
    if (!(value >= TEN_8)) return this.#digits(value, countDigits(value));
    const above = Math.floor(value / TEN_8);
    this.decimal(above);
    this.#digits(value - above * TEN_8, DIGITS);
  }

  #digits(value: number, count: number): void {
    if (this.#at + count > this.#full) this.#grow(count);
    const { bytes } = this;
    let rest = value | 0;
    for (let at = this.#at + count - 1; at >= this.#at; at--) {
      const tenth = (rest / 10) | 0;
      bytes[at] = 0x30 + rest - tenth * 10;
      rest = tenth;
    }
    this.#at += count;
  }

  /** A field of text: its tag, its length, itself. */
  textField(tag: number, text: string): void {
    const guess = text.length <= ONE_BYTE_TEXT ? 1 : countBytes(text.length);
    const mark = this.open(tag, guess);
    this.text(text);
    this.close(mark, guess);
  }

  /** A field of bytes. */
  bytesField(tag: number, bytes: Uint8Array): void {
    this.byte(tag);
    this.count(bytes.length);
    this.raw(bytes);
  }

  /** A field of bytes, given as lower-case hex. */
  hexField(tag: number, hex: string): void {
    const length = hex.length >> 1;
    if (this.#at + length + 2 > this.#full) this.#grow(length + 2);
    const { bytes } = this;
    let at = this.#at;
    bytes[at++] = tag;
    bytes[at++] = length;
    for (let i = 0; i < hex.length; i += 2) {
      bytes[at++] = (digit(hex.charCodeAt(i)) << 4) | digit(hex.charCodeAt(i + 1));
    }
    this.#at = at;
  }

  /** A field of 64 bits: nanoseconds, of microseconds that are neither negative nor beyond 2^53. */
  nanosField(tag: number, micros: number): void {
    const above = Math.floor(micros / TWO_32);
    const below = (micros - above * TWO_32) * 1000;
    const carry = Math.floor(below / TWO_32);
    this.byte(tag);
    this.fixed32(below - carry * TWO_32);
    this.fixed32(above * 1000 + carry);
  }

  fixed32(value: number): void {
    if (this.#at + 4 > this.#full) this.#grow(4);
    const { bytes } = this;
    bytes[this.#at++] = value;
    bytes[this.#at++] = value >>> 8;
    bytes[this.#at++] = value >>> 16;
    bytes[this.#at++] = value >>> 24;
  }

  double(value: number): void {
    if (this.#at + 8 > this.#full) this.#grow(8);
    this.#at = this.bytes.writeDoubleLE(value, this.#at);
  }

  /** A varint that is not negative. */
  count(count: number): void {
    let rest = count;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.byte((rest % 0x80) | 0x80);
    this.byte(rest);
  }

  /** A varint of 64 bits, two's complement. */
  int64(value: number | bigint): void {
    if (typeof value === "number" && value >= 0) return this.count(value);
    let rest = BigInt.asUintN(64, BigInt(value));
    for (; rest >= 0x80n; rest >>= 7n) this.byte(Number(rest & 0x7fn) | 0x80);
    this.byte(Number(rest));
  }

  /** Begins a field that has a length, which will take `guess` bytes. Returns the place for `close`. */
  open(tag: number, guess: number): number {
    if (this.#at + 6 > this.#full) this.#grow(6);
    this.bytes[this.#at] = tag;
    this.#at += 1 + guess;
    return this.#at - this.start;
  }

  /** Ends it: writes the length, and moves what follows where the guess was wrong. */
  close(mark: number, guess: number): void {
    const from = this.start + mark;
    const length = this.#at - from;
    const needed = countBytes(length);
    if (needed !== guess) return this.#move(mark, guess, needed);
    if (needed === 1) this.bytes[from - 1] = length;
    else this.#lengthAt(from - guess, length);
  }

  #move(mark: number, guess: number, needed: number): void {
    const length = this.#at - this.start - mark;
    if (this.#at + needed > this.#full) this.#grow(needed);
    const from = this.start + mark;
    const to = from - guess + needed;
    this.bytes.copyWithin(to, from, this.#at);
    this.#lengthAt(from - guess, length);
    this.#at = to + length;
  }

  #lengthAt(at: number, length: number): void {
    const end = this.#at;
    this.#at = at;
    this.count(length);
    this.#at = end;
  }

  /** A new buffer, to which the message in the making moves. Throws `TooLong` where it may not have so many bytes. */
  #grow(needed: number): void {
    const written = this.#at - this.start;
    if (written + needed > this.#most) throw TOO_LONG;
    const bytes = Buffer.allocUnsafeSlow(Math.max(BUFFER_BYTES, 2 * (written + needed)));
    this.bytes.copy(bytes, 0, this.start, this.#at);
    this.bytes = bytes;
    this.#view = viewOf(bytes);
    this.start = 0;
    this.#at = written;
    this.#full = Math.min(bytes.length, this.#most);
  }
}

/** The bytes of a varint. */
export function countBytes(count: number): number {
  if (count < 0x80) return 1;
  if (count < 0x4000) return 2;
  if (count < 0x200000) return 3;
  return count < 0x10000000 ? 4 : 5;
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

function countDigits(value: number): number {
  let count = 1;
  for (let limit = 10; value >= limit; limit *= 10) count++;
  return count;
}

/** A varint by itself. */
export function encodeCount(count: number): number[] {
  const bytes: number[] = [];
  let rest = count;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  return [...bytes, rest];
}

/** Of a lower-case hex digit; without a branch, which would be guessed wrong half of the time. */
function digit(code: number): number {
  return (code & 15) + (code >> 6) * 9;
}
