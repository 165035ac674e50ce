// JSON parsed piece by piece, so that a large text does not hold the event loop: JSON.parse reads a few members at a time.

import { messageOf } from "../model/errors.ts";
import { setOwn } from "../model/own-property.ts";
import { malformed } from "./decoded.ts";
import { withIntegersAsText } from "./json-numbers.ts";

/** How a text is parsed. */
export interface PiecesOptions {
  /** Objects, lists and commas: more would become too much in memory. */
  readonly maxTokens: number;
  /** Long integers become text, since JSON.parse would round them. */
  readonly integersAsText: boolean;
  /** Bytes of a piece, about. Default 32 KiB. */
  readonly pieceBytes?: number;
}

/** What JSON.parse makes of the text; `next` is a short time. Throws `INVALID_RECORD` where it is no JSON. */
export function* parseInPieces(body: Uint8Array, options: PiecesOptions): Generator<void, unknown> {
  const pieces = new Pieces(body, options);
  while (pieces.step()) yield;
  return pieces.value;
}

/** An object or a list that is being put together, since its text is long. */
type Container = unknown[] | Record<string, unknown>;

/** A text that is longer than a piece, as far as it is read, and what stands before it: nothing, or its name. */
interface LongText {
  readonly before: string;
  readonly parts: string[];
}

class Pieces {
  readonly #bytes: Buffer;
  readonly #options: PiecesOptions;
  readonly #pieceBytes: number;
  /** Where each open bracket is, and the last comma behind it on its level. The first of them are those of `#built`. */
  readonly #opens: number[] = [];
  readonly #commas: number[] = [];
  readonly #built: Container[] = [];
  #at = 0;
  /** Where what was not read yet begins: a member of the last container. */
  #from = 0;
  #tokens = 0;
  /** True behind a comma: a member has to follow. */
  #wantsMember = false;
  /** True behind a container or a text that was put together: a comma or a bracket has to follow. */
  #hasMember = false;
  #long: LongText | undefined;
  value: unknown;

  constructor(body: Uint8Array, options: PiecesOptions) {
    this.#bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    this.#options = options;
    this.#pieceBytes = options.pieceBytes ?? PIECE_BYTES;
  }

  /** Reads a piece; false where it was the last. */
  step(): boolean {
    if (this.#bytes.length <= this.#pieceBytes) return this.#whole(0);
    if (this.#opens.length === 0) return this.#begin();
    const from = this.#from;
    while (this.#at < this.#bytes.length) {
      if (this.#long !== undefined) return this.#readOn(this.#long);
      this.#token();
      if (this.#opens.length === 0) return this.#end();
      if (this.#at - this.#from > this.#pieceBytes) this.#cut();
      if (this.#from !== from) return true;
    }
    throw malformed("it is not JSON: it is cut short");
  }

  #whole(from: number): false {
    this.value = this.#parsed(this.#bytes.toString("utf8", from));
    return false;
  }

  /** A text that is no object and no list has one value. */
  #begin(): boolean {
    while (isBlank(this.#bytes[this.#at])) this.#at++;
    const first = this.#bytes[this.#at];
    if (first !== BRACE && first !== BRACKET) return this.#whole(this.#at);
    this.#open();
    this.value = this.#build(0);
    return true;
  }

  #end(): false {
    if (this.#text(this.#at, this.#bytes.length).trim() !== "")
      throw malformed("it is not JSON: it goes on after its end");
    return false;
  }

  /** Steps over what stands at `#at`. */
  #token(): void {
    const byte = this.#bytes[this.#at];
    if (byte === QUOTE) return this.#string();
    if (byte === BRACE || byte === BRACKET) return this.#open();
    if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) return this.#close(byte);
    if (byte === COMMA) this.#comma();
    this.#at++;
  }

  #string(): void {
    const from = this.#at + 1;
    const end = this.#endOfText(from, from + this.#pieceBytes);
    if (end >= this.#bytes.length || this.#bytes[end] === QUOTE) this.#at = end + 1;
    else if (this.#beginLong(this.#at)) this.#at = from;
    else this.#at = this.#endOfText(end, Number.POSITIVE_INFINITY) + 1;
  }

  /** Where the text's quote is, or the first place from `limit` on that is within no escape and no character. */
  #endOfText(from: number, limit: number): number {
    const bytes = this.#bytes;
    let at = from;
    while (at < bytes.length && bytes[at] !== QUOTE && (at < limit || isContinued(bytes[at])))
      at += bytes[at] === BACKSLASH ? escapeBytes(bytes[at + 1]) : 1;
    return at;
  }

  /** The text at `at` becomes a member of its own, as a container does; false where it is a name, or where it is wrong. */
  #beginLong(at: number): boolean {
    while (!this.#hasMember && this.#cutOne());
    const before = this.#text(this.#from, at).trim();
    const isName = before === "" && !Array.isArray(this.#built.at(-1));
    if (this.#hasMember || isName) return false;
    this.#long = { before, parts: [] };
    return true;
  }

  #readOn({ before, parts }: LongText): true {
    const from = this.#at;
    this.#at = this.#endOfText(from, from + this.#pieceBytes);
    const part = this.#parsed(`"${this.#text(from, this.#at)}"`);
    if (typeof part === "string") parts.push(part);
    if (this.#bytes[this.#at] !== QUOTE) return true;
    const parent = this.#built.at(-1);
    if (parent !== undefined) this.#put(parent, before, parts.join(""));
    this.#long = undefined;
    this.#from = ++this.#at;
    this.#endMember();
    return true;
  }

  #count(): void {
    if (++this.#tokens > this.#options.maxTokens)
      throw malformed("it holds more values than are taken in one request");
  }

  #open(): void {
    this.#count();
    this.#opens.push(this.#at++);
    this.#commas.push(-1);
  }

  #comma(): void {
    this.#count();
    this.#commas[this.#commas.length - 1] = this.#at;
    if (!this.#hasMember || this.#opens.length > this.#built.length) return;
    this.#expectBlank(this.#from, this.#at);
    this.#hasMember = false;
    this.#wantsMember = true;
    this.#from = this.#at + 1;
  }

  #close(byte: number): void {
    const isBuilt = this.#opens.length === this.#built.length;
    const open = this.#opens.pop() ?? 0;
    this.#commas.pop();
    this.#at++;
    if (!isBuilt) return;
    if ((this.#bytes[open] === BRACE) !== (byte === CLOSE_BRACE))
      throw malformed("it is not JSON: a bracket is wrong");
    if (this.#hasMember) this.#expectBlank(this.#from, this.#at - 1);
    else this.#take(this.#at - 1, this.#wantsMember);
    this.#built.pop();
    this.#from = this.#at;
    this.#endMember();
  }

  #endMember(): void {
    this.#hasMember = true;
    this.#wantsMember = false;
  }

  #cut(): void {
    while (this.#at - this.#from > this.#pieceBytes && !this.#hasMember && this.#cutOne());
  }

  /** Reads members that are whole, or makes the member that is too long a container of its own; false where neither can be. */
  #cutOne(): boolean {
    const level = this.#built.length - 1;
    const comma = this.#commas[level] ?? -1;
    if (comma >= this.#from) {
      this.#take(comma, true);
      this.#from = comma + 1;
      this.#wantsMember = true;
    } else if (this.#opens.length > this.#built.length) this.#build(level + 1);
    else return false;
    return true;
  }

  #build(level: number): Container {
    const open = this.#opens[level] ?? 0;
    const container: Container = this.#bytes[open] === BRACKET ? [] : {};
    const parent = this.#built[level - 1];
    if (parent !== undefined) this.#put(parent, this.#text(this.#from, open).trim(), container);
    this.#built.push(container);
    this.#from = open + 1;
    this.#wantsMember = false;
    return container;
  }

  /** `before` is what stands between a member and what was read last: nothing, or its name. */
  #put(parent: Container, before: string, member: Container | string): void {
    if (Array.isArray(parent)) {
      if (before !== "") throw malformed("it is not JSON: a comma is missing");
      parent.push(member);
      return;
    }
    const key = before.endsWith(":") ? this.#parsed(before.slice(0, -1)) : undefined;
    if (typeof key !== "string") throw malformed("it is not JSON: a name is missing");
    setOwn(parent, key, member);
  }

  /** Reads the members up to `to` into the last container. */
  #take(to: number, isWanted: boolean): void {
    const text = this.#text(this.#from, to);
    if (isWanted && text.trim() === "") throw malformed("it is not JSON: something is missing at a comma");
    const container = this.#built[this.#built.length - 1];
    if (Array.isArray(container)) addItems(container, this.#parsed(`[${text}]`));
    else if (container !== undefined) addFields(container, this.#parsed(`{${text}}`));
  }

  #parsed(text: string): unknown {
    try {
      return JSON.parse(this.#options.integersAsText ? withIntegersAsText(text) : text);
    } catch (error) {
      throw malformed(`it is not JSON: ${messageOf(error)}`);
    }
  }

  #text(from: number, to: number): string {
    return this.#bytes.toString("utf8", from, to);
  }

  #expectBlank(from: number, to: number): void {
    if (this.#text(from, to).trim() !== "") throw malformed("it is not JSON: a comma is missing");
  }
}

function addItems(list: unknown[], items: unknown): void {
  if (Array.isArray(items)) for (const item of items) list.push(item);
}

function addFields(object: Record<string, unknown>, fields: unknown): void {
  if (typeof fields !== "object" || fields === null) return;
  for (const [key, value] of Object.entries(fields)) setOwn(object, key, value);
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

/** True within a character of UTF-8, but for its first byte. */
function isContinued(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}

/** The bytes of an escape, by what follows its backslash. */
function escapeBytes(byte: number | undefined): number {
  return byte === SMALL_U ? 6 : 2;
}

const PIECE_BYTES = 32 * 1024;
const QUOTE = 0x22;
const COMMA = 0x2c;
const BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const SMALL_U = 0x75;
const CLOSE_BRACKET = 0x5d;
const BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
