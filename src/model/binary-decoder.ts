// The bytes of captured values, as `BinaryEncoder` gives them, back as values: in steps, whatever the bytes are.
import { readCount } from "./binary-counts.ts";
import { broken, type Frame, openFrame, TAG } from "./binary-frames.ts";
import { PreciseDate } from "./clock.ts";
import { sealed } from "./sealed.ts";

/** Values that one step takes at most, and about so many bytes. */
const STEP_VALUES = 5_000;
const STEP_BYTES = 1024 * 1024;
/** Nesting that a reader follows: capture lets 200 levels through. */
const MAX_READ_DEPTH = 1000;

/** What takes longer than other values, and for how many it counts: its changing methods are sealed one by one. */
const COSTS: ReadonlyMap<number, number> = new Map([
  [TAG.date, 40],
  [TAG.map, 15],
  [TAG.set, 15],
]);

/** Decodes what `BinaryEncoder` gave. Whatever the bytes, it ends, in time proportional to them. */
export class BinaryDecoder {
  readonly #bytes: Buffer;
  #at = 0;
  readonly #open: Frame[] = [];
  /** What the step has read so far, by what it costs. */
  #values = 0;
  #result: { readonly value: unknown } | undefined;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /**
   * Reads a few thousand values. The value once all is read, in a box; undefined before.
   * @throws RangeError where the bytes are none of an encoder.
   */
  step(): { readonly value: unknown } | undefined {
    const until = this.#at + STEP_BYTES;
    for (this.#values = 0; this.#values < STEP_VALUES && this.#at < until && this.#result === undefined; )
      this.#read();
    if (this.#result !== undefined && this.#at !== this.#bytes.length) throw broken();
    return this.#result;
  }

  #read(): void {
    const tag = this.#byte();
    this.#values += COSTS.get(tag) ?? 1;
    switch (tag) {
      case TAG.null:
        return this.#give(null);
      case TAG.false:
        return this.#give(false);
      case TAG.true:
        return this.#give(true);
      case TAG.positive:
        return this.#give(this.#count());
      case TAG.negative:
        return this.#give(-this.#count());
      case TAG.double:
        return this.#give(this.#double());
      case TAG.date:
        return this.#give(sealed(dateOfMs(this.#double())));
      case TAG.bigint:
        return this.#give(this.#bigint());
      case TAG.negativeBigint:
        return this.#give(-this.#bigint());
      case TAG.text:
        return this.#give(this.#take(this.#count()).toString("utf8"));
      case TAG.wideText:
        return this.#give(this.#take(this.#count()).toString("utf16le"));
      case TAG.bytes:
        return this.#give(bytesOf(this.#take(this.#count())));
      case TAG.end:
        return this.#endText();
      default:
        return this.#enter(tag);
    }
  }

  #enter(tag: number): void {
    if (this.#open.length >= MAX_READ_DEPTH) throw broken();
    const frame = openFrame(tag, () => this.#count());
    this.#open.push(frame);
    if (frame.left === 0) this.#leave();
  }

  #endText(): void {
    if (this.#open[this.#open.length - 1]?.isText !== true) throw broken();
    this.#leave();
  }

  #leave(): void {
    const frame = this.#open.pop();
    if (frame !== undefined) this.#give(frame.content());
  }

  #give(value: unknown): void {
    const frame = this.#open[this.#open.length - 1];
    if (frame === undefined) {
      this.#result = { value };
      return;
    }
    frame.add(value);
    if (--frame.left === 0) this.#leave();
  }

  #byte(): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) throw broken();
    return byte;
  }

  #count(): number {
    const { count, next } = readCount(this.#bytes, this.#at);
    this.#at = next;
    return count;
  }

  #take(length: number): Buffer {
    if (length > this.#bytes.length - this.#at) throw broken();
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  #double(): number {
    return this.#take(8).readDoubleLE();
  }

  #bigint(): bigint {
    return BigInt(`0x${this.#take(this.#count()).toString("hex") || "0"}`);
  }
}

/** The value of these bytes at once; for values known to be small. Throws RangeError where they are broken. */
export function decodeBinary(bytes: Uint8Array): unknown {
  const decoder = new BinaryDecoder(bytes);
  for (;;) {
    const result = decoder.step();
    if (result !== undefined) return result.value;
  }
}

/** A copy, but of so many bytes that copying them would hold the event loop. */
function bytesOf(taken: Buffer): Uint8Array {
  if (taken.length <= STEP_BYTES) return new Uint8Array(taken);
  return new Uint8Array(taken.buffer, taken.byteOffset, taken.length);
}

function dateOfMs(ms: number): Date {
  return Number.isInteger(ms) || Number.isNaN(ms) ? new Date(ms) : new PreciseDate(Math.round(ms * 1000));
}
