// JSON that is laid out over many lines, pretty-printed objects, arrays, documents: each read as one line.
import { endOfJsonString } from "../../model/json-strings.ts";
import type { Line } from "./lines.ts";
import { bareText } from "./log-forms.ts";

/** Deeper JSON is not put together. */
const MAX_DEPTH = 1000;

/**
 * The lines, without what logging systems put around them; where one only begins a JSON object or list, that with all lines
 * up to its end as one. It is held in memory, up to `maxBytes`. Of a list the items come one by one.
 */
export async function* laidOut(
  batches: AsyncIterable<readonly Line[]>,
  maxBytes: number,
): AsyncGenerator<readonly Line[], void, undefined> {
  const assembler = new Assembler(maxBytes);
  for await (const lines of batches) yield lines.flatMap((line) => assembler.take(line));
  yield assembler.end();
}

class Assembler {
  readonly #maxBytes: number;
  #held: Line[] = [];
  #size = 0;
  #scan = new JsonScan();

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  take(line: Line): readonly Line[] {
    const text = line.text === undefined ? undefined : bareText(withoutMark(line));
    const bare = { number: line.number, text };
    return this.#held.length === 0 ? this.#first(bare) : this.#next(bare);
  }

  #first(line: Line): readonly Line[] {
    // Nearly all are so; to trim a long one takes as long as a fifth of its parsing.
    if (line.text?.startsWith("{") && line.text.endsWith("}")) return [line];
    const text = line.text?.trim();
    if (text === undefined || text === "") return [line];
    // Between the items of a list that is laid out.
    if (PUNCTUATION.has(text)) return [];
    if (!isBegin(text)) return [line];
    this.#scan = new JsonScan();
    if (this.#scan.feed(text) === "open") this.#hold(line);
    return this.#held.length === 0 ? [line] : [];
  }

  #next(line: Line): readonly Line[] {
    const state = line.text === undefined ? "broken" : this.#scan.feed(line.text);
    const isTooLong = this.#size + (line.text?.length ?? 0) > this.#maxBytes;
    if (state === "broken" || isTooLong) return [...this.#broken(), ...this.take(line)];
    this.#hold(line);
    return state === "open" ? [] : [this.#whole()];
  }

  #hold(line: Line): void {
    this.#held.push(line);
    this.#size += line.text?.length ?? 0;
  }

  #release(): readonly Line[] {
    const held = this.#held;
    this.#held = [];
    this.#size = 0;
    return held;
  }

  #whole(): Line {
    const held = this.#release();
    return { number: held[0]?.number ?? 1, text: held.map(({ text }) => text).join("\n") };
  }

  /** What begins and does not end is one broken line; lines in it that are whole are lines again. */
  #broken(): readonly Line[] {
    const [first, ...others] = this.#release();
    const begun = first === undefined ? [] : [{ ...first, isCut: others.length > 0 }];
    return [...begun, ...others.filter(({ text = "" }) => text.startsWith('{"') && text.endsWith("}"))];
  }

  end(): readonly Line[] {
    return this.#broken();
  }
}

function withoutMark({ number, text = "" }: Line): string {
  return number === 1 ? text.replace(/^\ufeff/, "") : text;
}

/** True where a text may be the beginning of JSON of many lines: most lines are whole, and are not looked through. */
function isBegin(text: string): boolean {
  return (text.startsWith("{") && !text.endsWith("}")) || (text.startsWith("[") && !text.endsWith("]"));
}

const PUNCTUATION: ReadonlySet<string> = new Set(["[", "]", ",", "],"]);

/** `open`: more has to come. `closed`: it is whole. `broken`: it can never be JSON. */
type ScanState = "open" | "closed" | "broken";

/** Follows the brackets and strings of JSON that comes line by line. */
class JsonScan {
  /** The brackets that are open. */
  readonly #open: string[] = [];
  /** The last bracket, comma, colon or quote outside of strings. */
  #last = "";

  feed(text: string): ScanState {
    for (const { char, end } of marksOf(text)) {
      if (end === undefined || !this.#takes(char)) return "broken";
      if (this.#open.length === 0) return isEnd(text, end) ? "closed" : "broken";
    }
    return "open";
  }

  #takes(char: string): boolean {
    if ((char === '"' || OPENING.has(char)) && !this.#mayBegin(char)) return false;
    if (OPENING.has(char)) this.#open.push(char);
    if (CLOSING.has(char) && this.#open.pop() !== CLOSING.get(char)) return false;
    this.#last = char;
    return this.#open.length <= MAX_DEPTH;
  }

  #mayBegin(char: string): boolean {
    const isKey = this.#last === "{" || (this.#last === "," && this.#open.at(-1) === "{");
    return isKey ? char === '"' : this.#last === "" || "[,:".includes(this.#last);
  }
}

/** What gives a JSON text its form. */
interface Mark {
  /** A bracket, a comma, a colon, or the quote that begins a string. */
  readonly char: string;
  /** Where it ends; undefined for a string that the text does not end. */
  readonly end: number | undefined;
}

function* marksOf(text: string): Generator<Mark> {
  const mark = /["{}[\],:]/g;
  for (let found = mark.exec(text); found !== null; found = mark.exec(text)) {
    const [char] = found;
    const end = char === '"' ? endOfJsonString(text, found.index) : mark.lastIndex;
    yield { char, end };
    if (end === undefined) return;
    mark.lastIndex = end;
  }
}

const OPENING: ReadonlySet<string> = new Set(["{", "["]);
const CLOSING: ReadonlyMap<string, string> = new Map([
  ["}", "{"],
  ["]", "["],
]);

/** True where only the comma between two items follows. */
function isEnd(text: string, from: number): boolean {
  return /^\s{0,100},?\s{0,100}$/.test(text.slice(from, from + 300));
}

/** JSON objects that follow each other on a line, as Firehose joins them, or one with the comma before the next. */
export function splitJson(text: string): readonly string[] {
  const texts: string[] = [];
  let depth = 0;
  let from = 0;
  for (const { char, end = text.length } of marksOf(text)) {
    if (OPENING.has(char)) depth++;
    if (!CLOSING.has(char) || --depth > 0) continue;
    texts.push(text.slice(from, end));
    from = end + (text[end] === "," ? 1 : 0);
  }
  const rest = text.slice(from);
  return rest.trim() === "" ? texts : [...texts, rest];
}
