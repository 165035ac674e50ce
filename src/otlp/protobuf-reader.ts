// The forms of protobuf, read from bytes of unknown origin: nothing is read beyond its message, and all errors are one.
/** Names and short values come again and again: they are found by their bytes, which takes less than decoding them. */
const KNOWN_TEXTS = 1024;
const KNOWN_LENGTH = 48;
const TWO_32 = 4_294_967_296;

/** Thrown for bytes that are not what they should be. */
export class WireFault extends Error {}

/** Reads one field after another. `end` is where the message that is being read ends. */
export class ProtobufReader {
  readonly #bytes: Buffer;
  readonly #known: (string | undefined)[] = new Array(KNOWN_TEXTS);
  #hexAt = 0;
  #hex = "";
  at: number = 0;
  end: number;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.end = this.#bytes.length;
  }

  /** Steps into a message (its length comes first). Returns what `leave` takes. */
  enter(): number {
    const outer = this.end;
    const length = this.uint32();
    if (length > outer - this.at) throw cut();
    this.end = this.at + length;
    return outer;
  }

  leave(outer: number): void {
    if (this.at !== this.end) throw cut();
    this.end = outer;
  }

  /** A tag, a length or a count. What is beyond 32 bits is no such thing. */
  uint32(): number {
    const first = this.#bytes[this.at] ?? 0xff;
    if (first >= 0x80) return this.#longUint32();
    this.at++;
    return first;
  }

  #longUint32(): number {
    const { low, high } = this.#varint();
    if (high !== 0) throw new WireFault("a number is too large");
    return low;
  }

  bool(): boolean {
    const { low, high } = this.#varint();
    return low !== 0 || high !== 0;
  }

  /** An enum: what is negative or unheard-of is beyond any table. */
  enumeration(): number {
    const { low, high } = this.#varint();
    return high === 0 ? low : Number.POSITIVE_INFINITY;
  }

  /** Beyond what a number holds exactly, a bigint. */
  int64(): number | bigint {
    const first = this.#bytes[this.at] ?? 0xff;
    if (first < 0x80) {
      this.at++;
      return first;
    }
    const { low, high } = this.#varint();
    const value = (high | 0) * TWO_32 + low;
    return Number.isSafeInteger(value) ? value : (BigInt(high | 0) << 32n) | BigInt(low);
  }

  #varint(): { readonly low: number; readonly high: number } {
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.at >= this.end) throw cut();
      const byte = this.#bytes[this.at++] ?? 0;
      const bits = byte & 0x7f;
      if (shift < 32) low |= bits << shift;
      if (shift > 28) high |= bits << (shift - 32);
      else if (shift === 28) high |= bits >>> 4;
      if (byte < 0x80) return { low: low >>> 0, high: high >>> 0 };
    }
    throw new WireFault("a number has no end");
  }

  fixed32(): number {
    const at = this.#take(4);
    return this.#bytes.readUInt32LE(at);
  }

  double(): number {
    return this.#bytes.readDoubleLE(this.#take(8));
  }

  /** Nanoseconds, cut to whole microseconds: exact until 2255. */
  micros(): number {
    const at = this.#take(8);
    const low = this.#bytes.readUInt32LE(at);
    const high = this.#bytes.readUInt32LE(at + 4);
    // 2^32 nanoseconds are 4294967 microseconds and 296 nanoseconds.
    return high * 4_294_967 + Math.floor((high * 296 + low) / 1000);
  }

  /** UTF-8; what is none becomes U+FFFD. */
  text(): string {
    const length = this.uint32();
    const at = this.#take(length);
    return length <= KNOWN_LENGTH
      ? this.#shortText(at, length)
      : this.#bytes.toString("utf8", at, at + length);
  }

  #shortText(at: number, length: number): string {
    const bytes = this.#bytes;
    let hash = length;
    for (let i = at; i < at + length; i++) hash = (Math.imul(hash, 31) + (bytes[i] ?? 0)) | 0;
    const slot = (hash ^ (hash >>> 15)) & (KNOWN_TEXTS - 1);
    const known = this.#known[slot];
    if (known !== undefined && known.length === length && this.#isText(known, at)) return known;
    const text = bytes.toString("utf8", at, at + length);
    this.#known[slot] = text;
    return text;
  }

  /** True where the text is what stands at `at`; may be false for one that is not ASCII. */
  #isText(text: string, at: number): boolean {
    const bytes = this.#bytes;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code !== bytes[at + i] || code >= 0x80) return false;
    }
    return true;
  }

  /** Bytes as hex; spans of one trace stand together, so the one before may do. */
  hex(): string {
    const length = this.uint32();
    const at = this.#take(length);
    if (length !== 16) return this.#bytes.toString("hex", at, at + Math.min(length, 32));
    if (this.#hex === "" || !this.#isSame(this.#hexAt, at)) {
      this.#hex = this.#bytes.toString("hex", at, at + length);
      this.#hexAt = at;
    }
    return this.#hex;
  }

  #isSame(one: number, other: number): boolean {
    const bytes = this.#bytes;
    for (let i = 0; i < 16; i++) {
      if (bytes[one + i] !== bytes[other + i]) return false;
    }
    return true;
  }

  /** A copy. */
  bytes(): Uint8Array {
    const length = this.uint32();
    const at = this.#take(length);
    return new Uint8Array(this.#bytes.subarray(at, at + length));
  }

  /** Steps over a field that is not known. Throws for one of `known`, whose form was another, and for a group. */
  skip(tag: number, known: readonly number[]): void {
    const field = tag >>> 3;
    if (field === 0 || known.includes(field)) throw new WireFault(`field ${field} has the wrong form`);
    const form = tag & 7;
    if (form === 0) this.#varint();
    else if (form === 1) this.#take(8);
    else if (form === 2) this.over();
    else if (form === 5) this.#take(4);
    else throw new WireFault("it holds a group");
  }

  /** Steps over what has a length. */
  over(): void {
    this.#take(this.uint32());
  }

  #take(length: number): number {
    const { at } = this;
    if (length > this.end - at) throw cut();
    this.at = at + length;
    return at;
  }
}

function cut(): Error {
  return new WireFault("it is cut off, or a length in it is wrong");
}
