// The pieces of an exported page: JSON, taken apart so that what comes again and again is there once, and packed as it comes.
import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { RecentMap } from "../model/recent-map.ts";
import type { Kept } from "./large.ts";

const packed = promisify(gzip);

/**
 * Gathers JSON into pieces. A long text, or an object or list whose JSON is long, has a place of its own, once, and `§` with that place stands for
 * it; a text that begins with `§` has another before it. No more is held than the piece that is on its way, and the latest places by their hash.
 */
export class Pieces implements Kept {
  readonly #index: (readonly [path: string, place: string])[] = [];
  readonly #known = new RecentMap<string, string>(KNOWN);
  /** Of texts, as they are, and of the JSON of all else: each call of a model is given those of the calls before. */
  readonly #textPlaces = new Places();
  readonly #jsonPlaces = new Places();
  #texts: string[] = [];
  #size = 0;
  #number = 0;
  #full: (readonly [name: string, texts: readonly string[]])[] = [];

  /** What the API answers at a path. */
  answer(path: string, json: object): void {
    this.#index.push([path, this.value(json)]);
  }

  /** A value, to be asked for by what this gives. */
  value(json: unknown): string {
    if (typeof json === "string") return this.#text(json);
    return this.#once(JSON.stringify(this.#inner(json)) ?? "null");
  }

  #text(text: string): string {
    return this.#textPlaces.of(text, () => this.#hashed(JSON.stringify(escaped(text))));
  }

  image(type: string, base64: string): string {
    return this.value(`data:${type};base64,${base64}`);
  }

  /** The same JSON, with places for what is long in it. */
  #inner(json: unknown): unknown {
    if (Array.isArray(json)) return json.map((one) => this.#placed(one));
    if (typeof json !== "object" || json === null) return typeof json === "string" ? escaped(json) : json;
    return Object.fromEntries(Object.entries(json).map(([key, one]) => [key, this.#placed(one)]));
  }

  #placed(json: unknown): unknown {
    if (typeof json === "string") return json.length < LONG_TEXT ? escaped(json) : MARK + this.#text(json);
    if (typeof json !== "object" || json === null) return json;
    const inner = this.#inner(json);
    const text = JSON.stringify(inner);
    return text.length < LONG_JSON ? inner : MARK + this.#once(text);
  }

  #once(json: string): string {
    return this.#jsonPlaces.of(json, () => this.#hashed(json));
  }

  #hashed(text: string): string {
    const hash = createHash("sha256").update(text).digest("base64url").slice(0, HASH_CHARACTERS);
    const known = this.#known.get(hash);
    if (known !== undefined) return known;
    const place = this.#add(text);
    this.#known.set(hash, place);
    return place;
  }

  #add(text: string): string {
    const place = `${this.#number}.${this.#texts.length}`;
    this.#texts.push(text);
    this.#size += text.length;
    if (this.#size >= PIECE_CHARACTERS) this.#end();
    return place;
  }

  #end(): void {
    if (this.#texts.length > 0) this.#full.push([String(this.#number++), this.#texts]);
    this.#texts = [];
    this.#size = 0;
  }

  /** The elements of what is full by now; with `isLast` of all the rest, and of the index. */
  async *elements(isLast: boolean = false): AsyncGenerator<string> {
    if (isLast) {
      this.#end();
      this.#full.push(["index", this.#index.map((entry) => JSON.stringify(entry))]);
    }
    for (const [name, texts] of this.#full.splice(0)) {
      const bytes = await packed(JSON.stringify(texts));
      // Base64 can neither end the element nor be taken for code: browsers run no script of that type.
      yield `<script type="application/gzip" id="piece-${name}">${bytes.toString("base64")}</script>\n`;
    }
  }
}

/** The latest places, by what is there: to look one up takes a tenth of the time of its hash. */
class Places {
  readonly #places = new Map<string, string>();
  #size = 0;

  /** The place of a text; where it is not known, what `find` gives. */
  of(text: string, find: () => string): string {
    const known = this.#places.get(text);
    if (known !== undefined) return known;
    const place = find();
    this.#size += text.length;
    if (this.#size > TEXT_CHARACTERS) {
      this.#places.clear();
      this.#size = text.length;
    }
    this.#places.set(text, place);
    return place;
  }
}

function escaped(text: string): string {
  return text.startsWith(MARK) ? MARK + text : text;
}

/** Stands before a place. */
const MARK = "§";
/** Characters of a text that is worth a place. */
const LONG_TEXT = 128;
/** Characters of the JSON of an object or a list that is. */
const LONG_JSON = 40;
/** Characters of a piece, unless one text has more. */
const PIECE_CHARACTERS = 256 * 1024;
const HASH_CHARACTERS = 22;
/** Characters of the texts whose places are known without a hash. */
const TEXT_CHARACTERS = 8 * 1024 * 1024;
/** Places that are known. What came longer ago and comes again is there once more. */
const KNOWN = 100_000;
