// The pieces of an exported file: elements whose text is base64 of gzip, each a list of JSON texts, unpacked when one of them is asked for.

type Texts = readonly string[];

/** What lies in the file. */
export class Pieces {
  #index: Promise<Map<string, string>> | undefined;
  readonly #unpacked = new Map<string, Promise<Texts>>();
  readonly #elementText: (id: string) => string | undefined;

  /** `elementText` reads an element of the file. */
  constructor(elementText: (id: string) => string | undefined) {
    this.#elementText = elementText;
  }

  /** What the API answered at a path; undefined where the file has none. */
  async answer(path: string): Promise<unknown> {
    this.#index ??= this.#texts("index").then((texts) => new Map(texts.map((entry) => JSON.parse(entry))));
    const place = (await this.#index).get(path);
    return place === undefined ? undefined : this.value(place);
  }

  /** The value at a place, put together again; undefined where there is none. */
  async value(place: string): Promise<unknown> {
    const known = new Map<string, Texts>();
    for (;;) {
      const assembly = new Assembly(known);
      const value = assembly.at(place);
      if (assembly.missing.size === 0) return value;
      const found = [...assembly.missing].map(async (piece) => known.set(piece, await this.#texts(piece)));
      await Promise.all(found);
    }
  }

  /** Those that were used last are kept for who looks at one span after the other. */
  #texts(piece: string): Promise<Texts> {
    const texts = this.#unpacked.get(piece) ?? unpacked(this.#elementText(`piece-${piece}`));
    this.#unpacked.delete(piece);
    this.#unpacked.set(piece, texts);
    const [oldest] = this.#unpacked.keys();
    if (this.#unpacked.size > MOST_KEPT && oldest !== undefined) this.#unpacked.delete(oldest);
    return texts;
  }
}

/** A value, as far as the pieces are there. */
class Assembly {
  /** Those that are to be unpacked first. */
  readonly missing = new Set<string>();
  readonly #known: ReadonlyMap<string, Texts>;

  constructor(known: ReadonlyMap<string, Texts>) {
    this.#known = known;
  }

  at(place: string): unknown {
    const [piece = "", at = ""] = place.split(".");
    const texts = this.#known.get(piece);
    if (texts === undefined) this.missing.add(piece);
    const text = texts?.[Number(at)];
    return text === undefined ? undefined : this.#whole(JSON.parse(text));
  }

  #whole(json: unknown): unknown {
    if (typeof json === "string") return this.#text(json);
    if (typeof json !== "object" || json === null) return json;
    if (Array.isArray(json)) return json.map((one) => this.#whole(one));
    return Object.fromEntries(Object.entries(json).map(([key, one]) => [key, this.#whole(one)]));
  }

  #text(text: string): unknown {
    if (!text.startsWith(MARK)) return text;
    return text.startsWith(MARK, 1) ? text.slice(1) : this.at(text.slice(1));
  }
}

async function unpacked(text: string | undefined): Promise<Texts> {
  if (text === undefined) return [];
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const texts: unknown = await new Response(stream).json();
  return Array.isArray(texts) ? texts.map(String) : [];
}

/** Stands before a place; a text that begins so has another before it. */
const MARK = "§";
const MOST_KEPT = 32;
