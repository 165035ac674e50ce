// Attributes and values of OTLP's protobuf. What is long is put off, so that no step takes long: a span's lists may have a million numbers.
import { MAX_DEPTH, TOO_DEEP } from "../model/capture.ts";
import type { Budget } from "./decoded.ts";
import { type Builder, Growing, type Many, put } from "./many.ts";
import type { ProtobufReader } from "./protobuf-reader.ts";

/** A list or a map that is to be read in several steps. */
interface Later {
  readonly into: unknown[] | Growing;
  readonly depth: number;
  /** What stands before each: other fields are stepped over. */
  readonly tag: number;
  readonly end: number;
  at: number;
}

/** Reads values. */
export class ProtobufValues {
  readonly #in: ProtobufReader;
  readonly #budget: Budget;
  readonly #longBytes: number;
  readonly #later: Later[] = [];

  /** What has more than about `most` values is put off. */
  constructor(read: ProtobufReader, budget: Budget, most: number) {
    this.#in = read;
    this.#budget = budget;
    this.#longBytes = most * VALUE_BYTES;
  }

  /** True where lists or maps were put off: `catchUp` reads them. */
  get isBehind(): boolean {
    return this.#later.length > 0;
  }

  /** Reads what was put off, what is innermost first. */
  *catchUp(): Generator<void, void> {
    const read = this.#in;
    const { at, end } = read;
    for (let one = this.#later.at(-1); one !== undefined; one = this.#later.at(-1)) {
      this.#step(one);
      if (this.#budget.isDue()) yield;
    }
    read.at = at;
    read.end = end;
  }

  #step(one: Later): void {
    const read = this.#in;
    read.at = one.at;
    read.end = one.end;
    while (read.at < read.end && one === this.#later.at(-1) && !this.#budget.isSpent) this.#part(one);
    one.at = read.at;
    if (one.at !== one.end || one !== this.#later.at(-1)) return;
    this.#later.pop();
    if (one.into instanceof Growing) one.into.end();
    else Object.freeze(one.into);
  }

  #part({ into, depth, tag }: Later): void {
    if (Array.isArray(into)) this.#item(into, depth);
    else if (tag === ENTRY) this.#entry(into, depth);
    else this.#attribute(into, tag);
  }

  #attribute(into: Growing, wanted: number): void {
    const read = this.#in;
    const tag = read.uint32();
    if (tag === wanted) this.keyValue(into, 0);
    else read.skip(tag, NONE);
  }

  /** True for a message of so many bytes that its attributes are to be put off. */
  isLong(bytes: number): boolean {
    return bytes > this.#longBytes;
  }

  /** Reads the attributes of a message later: what stands behind `tag` from `at` to where the message ends. */
  putOff(into: Builder, tag: number, at: number): void {
    this.#later.push({ into: new Growing(into), tag, depth: 0, at, end: this.#in.end });
  }

  /** Reads a KeyValue into an object. */
  keyValue<T extends Builder | Growing | Many>(target: T, depth: number): T {
    const read = this.#in;
    const outer = read.enter();
    this.#budget.take();
    let key = "";
    let value: unknown = null;
    while (read.at < read.end) {
      const tag = read.uint32();
      if (tag === 0x0a) key = read.text();
      else if (tag === 0x12) value = this.#value(depth);
      else read.skip(tag, FIELDS.keyValue);
    }
    read.leave(outer);
    put(target, key, value);
    return target;
  }

  /** Reads an AnyValue. */
  anyValue(): unknown {
    return this.#value(0);
  }

  #value(depth: number): unknown {
    const read = this.#in;
    const outer = read.enter();
    let value: unknown = null;
    while (read.at < read.end) {
      const tag = read.uint32();
      if (tag === 0x0a) value = read.text();
      else if (tag === 0x10) value = read.bool();
      else if (tag === 0x18) value = read.int64();
      else if (tag === 0x21) value = read.double();
      else if (tag === 0x2a || tag === 0x32) value = this.#container(tag, depth);
      else if (tag === 0x3a) value = read.bytes();
      else read.skip(tag, FIELDS.value);
    }
    read.leave(outer);
    return value;
  }

  #container(tag: number, depth: number): unknown {
    const read = this.#in;
    if (depth >= MAX_DEPTH) {
      read.over();
      return TOO_DEEP;
    }
    const into = tag === 0x2a ? [] : {};
    const outer = read.enter();
    if (read.end - read.at > this.#longBytes) {
      const later = Array.isArray(into) ? into : new Growing(into);
      this.#later.push({ into: later, tag: ENTRY, depth: depth + 1, at: read.at, end: read.end });
      read.at = read.end;
      read.leave(outer);
      return into;
    }
    if (Array.isArray(into)) while (read.at < read.end) this.#item(into, depth + 1);
    else while (read.at < read.end) this.#entry(into, depth + 1);
    read.leave(outer);
    return Object.freeze(into);
  }

  #item(items: unknown[], depth: number): void {
    const read = this.#in;
    const tag = read.uint32();
    if (tag !== 0x0a) return read.skip(tag, FIELDS.list);
    this.#budget.take();
    items.push(this.#value(depth));
  }

  #entry(map: Builder | Growing, depth: number): void {
    const read = this.#in;
    const tag = read.uint32();
    if (tag === 0x0a) this.keyValue(map, depth);
    else read.skip(tag, FIELDS.list);
  }
}

/** The fields of each message; in another form than OTLP's they are an error, any others are skipped. */
const FIELDS = {
  keyValue: [1, 2],
  value: [1, 2, 3, 4, 5, 6, 7],
  list: [1],
} as const;
const NONE: readonly number[] = [];
/** Before an entry of a map, and an item of a list. */
const ENTRY = 0x0a;
/** What a value takes at least, about. */
const VALUE_BYTES = 8;
