// An answer as it arrives, beside the app: bytes to text, text to events.
import type { WorkEnd } from "../../tracing/steps.ts";
import type { Assembler, Dialect } from "../dialects/dialect.ts";
import { parsed } from "../dialects/values.ts";

/** What is done with the pieces of an answer. */
export interface AnswerReader {
  /** True for one that comes at once. */
  readonly isWhole: boolean;
  /** Takes bytes, of a whole answer also its text or value; false where they have nothing of the answer in them. */
  add(given: unknown): boolean;
  /** What there is so far, in the shape of a whole answer; undefined where it cannot be known before all is there. */
  sofar(): unknown;
  /** How it went, where the answer says so. */
  readonly end: WorkEnd | undefined;
  /** All is there. Throws a SyntaxError where that is no JSON. */
  whole(): unknown;
}

/** As much text of one answer is kept; of more, nothing. */
const MAX_TEXT = 2 ** 26;

/** Text that comes in pieces. Each piece is looked at once, however long a line. */
class Text {
  /** Made when it is needed, which for a value that the app parsed is never. */
  #decoder: InstanceType<typeof TextDecoder> | undefined;
  #pieces: string[] = [];
  #length = 0;

  /** Calls `onLine` for each line that is whole. */
  add(bytes: Uint8Array, onLine: (line: string) => void): void {
    const text = this.#decoded(bytes);
    let from = 0;
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", from)) {
      this.keep(text.slice(from, at));
      onLine(this.take());
      from = at + 1;
    }
    this.keep(text.slice(from));
  }

  /** Takes bytes of what has no lines. */
  append(bytes: Uint8Array): void {
    this.keep(this.#decoded(bytes));
  }

  #decoded(bytes: Uint8Array): string {
    this.#decoder ??= new TextDecoder();
    return this.#decoder.decode(bytes, { stream: true });
  }

  keep(piece: string): void {
    if (piece === "" || this.#length > MAX_TEXT) return;
    this.#length += piece.length;
    this.#pieces.push(piece);
  }

  take(): string {
    const text = this.#length > MAX_TEXT ? "" : this.#pieces.join("");
    this.#pieces = [];
    this.#length = 0;
    return text;
  }
}

/** How an answer is read, by what its service says it is. */
export function readerOf(response: Response, dialect: Dialect): AnswerReader {
  const type = response.headers.get("content-type") ?? "";
  const assembler = dialect.assembler();
  if (type.includes("event-stream")) return new EventReader(assembler);
  return type.includes("ndjson") || type.includes("jsonl")
    ? new LineReader(assembler)
    : new WholeReader(assembler);
}

/** Server-sent events, as all but Ollama and Bedrock have them. Each is JSON, but the last of OpenAI's, which is `[DONE]`. */
class EventReader implements AnswerReader {
  readonly isWhole = false;
  readonly #assembler: Assembler;
  readonly #text: Text = new Text();
  #data: string[] = [];
  #isDone = false;

  constructor(assembler: Assembler) {
    this.#assembler = assembler;
  }

  get end(): WorkEnd | undefined {
    return this.#assembler.end ?? (this.#isDone ? { how: "done" } : undefined);
  }

  add(bytes: unknown): boolean {
    if (!(bytes instanceof Uint8Array)) return false;
    let isSaying = false;
    this.#text.add(bytes, (line) => {
      if (this.#line(line.endsWith("\r") ? line.slice(0, -1) : line)) isSaying = true;
    });
    return isSaying;
  }

  sofar(): unknown {
    return this.#assembler.answer();
  }

  whole(): unknown {
    this.#line(this.#text.take());
    this.#line("");
    return this.sofar();
  }

  #line(line: string): boolean {
    if (line === "") return this.#event();
    if (line.startsWith("data:")) this.#data.push(line.slice(line.startsWith("data: ") ? 6 : 5));
    return false;
  }

  #event(): boolean {
    if (this.#data.length === 0) return false;
    const data = this.#data.join("\n");
    this.#data = [];
    if (data.startsWith("[DONE]")) this.#isDone = true;
    return this.#isDone ? false : this.#assembler.add(parsed(data));
  }
}

/** A line of JSON for each piece, as Ollama has it. */
class LineReader implements AnswerReader {
  readonly isWhole = false;
  readonly #assembler: Assembler;
  readonly #text: Text = new Text();

  constructor(assembler: Assembler) {
    this.#assembler = assembler;
  }

  get end(): WorkEnd | undefined {
    return this.#assembler.end;
  }

  add(bytes: unknown): boolean {
    if (!(bytes instanceof Uint8Array)) return false;
    let isSaying = false;
    this.#text.add(bytes, (line) => {
      if (this.#assembler.add(parsed(line))) isSaying = true;
    });
    return isSaying;
  }

  sofar(): unknown {
    return this.#assembler.answer();
  }

  whole(): unknown {
    this.#assembler.add(parsed(this.#text.take()));
    return this.sofar();
  }
}

/** One JSON text. A list of Gemini's is what its events would be. */
class WholeReader implements AnswerReader {
  readonly isWhole = true;
  readonly end = undefined;
  readonly #assembler: Assembler;
  readonly #given: Given = new Given(MAX_TEXT);

  constructor(assembler: Assembler) {
    this.#assembler = assembler;
  }

  add(given: unknown): boolean {
    this.#given.add(given);
    return true;
  }

  sofar(): unknown {
    return undefined;
  }

  whole(): unknown {
    const answer = this.#given.value ?? JSON.parse(this.#given.text());
    if (!Array.isArray(answer)) return answer;
    this.#assembler.add(answer);
    return this.#assembler.answer();
  }
}

/** What is read of a response, in whichever way: a text of a bounded length, or the value that it is the JSON of. */
class Given {
  readonly #text: Text = new Text();
  readonly #most: number;
  #length = 0;
  value: unknown;

  constructor(most: number) {
    this.#most = most;
  }

  add(given: unknown): void {
    const bytes = given instanceof ArrayBuffer ? new Uint8Array(given) : given;
    if (!(bytes instanceof Uint8Array) && typeof bytes !== "string") this.value = given;
    else if (this.#length < this.#most) {
      this.#length += bytes.length;
      if (typeof bytes === "string") this.#text.keep(bytes);
      else this.#text.append(bytes);
    }
  }

  text(): string {
    return this.#text.take();
  }
}

/** What a service says of a failure: a text of a bounded length. */
export class FailureText {
  readonly #given: Given = new Given(MAX_FAILURE);

  add(given: unknown): void {
    this.#given.add(given);
  }

  /** The JSON, else the text. */
  take(): unknown {
    const text = this.#given.text();
    return this.#given.value ?? parsed(text) ?? text.slice(0, MAX_SHOWN);
  }
}

const MAX_FAILURE = 2 ** 20;
const MAX_SHOWN = 500;
