// What the lines of a file hold, records, log lines, OTLP requests, trajectories or transcripts, and the count of what could not be read.
import { isAtif } from "../../exchange/atif.ts";
import { spansOfAtif } from "../../exchange/atif-import.ts";
import { isTranscript, Transcripts } from "../../exchange/transcripts/transcripts.ts";
import { messageOf, TracelightError } from "../../model/errors.ts";
import { exactJson } from "../../model/python-json.ts";
import { decodeRecord } from "../../model/record-decoder.ts";
import type { SpanFields } from "../../model/span-fields.ts";
import { decodeJsonRequest } from "../../otlp/json-request.ts";
import { count, counted } from "../format.ts";
import { splitJson } from "./laid-out.ts";
import { checkLine, parseLine } from "./line-json.ts";
import type { Line } from "./lines.ts";
import { bareText, contentsOf } from "./log-forms.ts";

/** How lines are read. */
export interface CensusOptions {
  /** True where all that is there is to be OTLP: other objects are no lines of a log, but broken. */
  readonly otlp?: boolean;
  /** What transcripts are put together by, of all files that are read together. */
  readonly transcripts?: Transcripts;
  /** Tells the file from the others. */
  readonly file?: string;
}

/** Reads lines, and counts what it meets. */
export class Census {
  #lines = 0;
  /** Lines with spans. */
  #good = 0;
  /** JSON, but no span: other lines of a log. */
  #others = 0;
  /** No JSON, and nothing of a span: also lines of a log. */
  #texts = 0;
  #broken = 0;
  /** The numbers of the first broken lines. */
  readonly #named: number[] = [];
  /** What is wrong with the first. */
  #why = "";
  /** Spans within a line that are none. */
  #rejected = 0;
  #whyRejected = "";
  #isWhole = true;
  readonly #isOtlp: boolean;
  readonly #transcripts: Transcripts;
  readonly #file: string;

  constructor({ otlp = false, transcripts = new Transcripts(), file = "" }: CensusOptions = {}) {
    this.#isOtlp = otlp;
    this.#transcripts = transcripts;
    this.#file = file;
  }

  /** True where the latest line could be read. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** The spans of a line. */
  spansOf(line: Line): readonly SpanFields[] {
    const { number, text } = line;
    this.#isWhole = true;
    if (text !== undefined && isBlank(text)) return [];
    this.#lines++;
    if (text !== undefined && !line.isCut && isProse(text)) {
      this.#texts++;
      return [];
    }
    try {
      const found = this.#found(line);
      if (found.length === 0) this.#others++;
      return found.length === 1 && found[0] !== undefined
        ? this.#decoded(found[0], line)
        : found.flatMap((json) => this.#decoded(json, line));
    } catch (error) {
      this.#breaks(number, error);
      return [];
    }
  }

  /** What may be spans in a line. Throws where it cannot be read. */
  #found({ text, isCut }: Line): readonly Found[] {
    if (text === undefined) throw new TracelightError("INVALID_RECORD", "The line is too long");
    if (isCut) throw new TracelightError("INVALID_RECORD", CUT_SHORT);
    return OTLP_START.test(text)
      ? [{ kind: "otlp", text }]
      : partsOf(text).flatMap((part) => this.#spansIn(part));
  }

  #spansIn(part: unknown): readonly Found[] {
    const found = spansIn(part);
    const isOther = found.length === 0 && typeof part === "object" && part !== null;
    return isOther && this.#isOtlp ? [{ kind: "otlp", text: exactJson(part) }] : found;
  }

  /** One that is broken does not take its neighbours along. */
  #decoded(found: Found, { number, text = "" }: Line): readonly SpanFields[] {
    try {
      const spans = this.#spansOf(found, text.length);
      // A span of a transcript is made of many lines.
      if (spans.length === 0 && found.kind !== "transcript") this.#others++;
      else this.#good++;
      return spans;
    } catch (error) {
      this.#breaks(number, error);
      return [];
    }
  }

  #spansOf(found: Found, size: number): readonly SpanFields[] {
    if (found.kind === "otlp") return this.#requested(found.text);
    if (found.kind === "transcript") return this.#transcripts.take(found.json, size, this.#file);
    return found.kind === "atif" ? spansOfAtif(found.json) : [decodeRecord(found.json)];
  }

  #breaks(number: number, error: unknown): void {
    this.#broken++;
    this.#isWhole = false;
    if (this.#named.length === 0) this.#why = messageOf(error);
    if (this.#named.length < MAX_NAMED_LINES) this.#named.push(number);
  }

  #requested(text: string): readonly SpanFields[] {
    const { spans, rejected } = decodedRequest(text);
    if (this.#rejected === 0) this.#whyRejected ||= rejected.messages[0] ?? "";
    this.#rejected += rejected.count;
    return spans;
  }

  /** What the user should know; `name` is that of the file. */
  notes(name: string): string[] {
    const notes: string[] = [];
    // Where no line could be read, that is an error of its own.
    if (this.#broken > 0 && this.#isReadable) {
      const were = this.#broken === 1 ? "was" : "were";
      notes.push(
        `${name}: ${count(this.#broken)} of ${count(this.#lines)} lines could not be read and ${were} left out (${this.#brokenLines()}). ${sentence(this.#why)}`,
      );
    }
    if (this.#rejected > 0) {
      const were = this.#rejected === 1 ? "was" : "were";
      notes.push(
        `${name}: ${counted(this.#rejected, "span")} could not be read and ${were} left out: ${sentence(this.#whyRejected)}`,
      );
    }
    if (this.#rejected === 0 && this.#whyRejected !== "") {
      notes.push(`${name}: a part of it was left out: ${sentence(this.#whyRejected)}`);
    }
    if (this.#good === 0 && this.#isReadable && this.#rejected === 0) {
      notes.push(`${name}: none of the ${count(this.#lines)} lines is a span.`);
    }
    return notes;
  }

  /** Throws `INVALID_RECORD` where there were lines and no one could be read. */
  check(name: string): void {
    if (this.#isReadable || this.#broken + this.#texts === 0) return;
    const tried = `${name} has no line that can be read (${count(this.#lines)} tried)`;
    const why = this.#broken > 0 ? `Line ${this.#named[0] ?? 1}: ${this.#why}` : NO_JSON;
    throw new TracelightError("INVALID_RECORD", `${tried}. ${why.replace(/\.$/, "")}`);
  }

  /** True where at least one line was JSON. */
  get #isReadable(): boolean {
    return this.#good + this.#others > 0;
  }

  #brokenLines(): string {
    const more = this.#broken > this.#named.length ? ", …" : "";
    return `${this.#broken === 1 ? "line" : "lines"} ${this.#named.join(", ")}${more}`;
  }
}

/** What may be a span. */
type Found =
  | { readonly kind: "otlp"; readonly text: string }
  | { readonly kind: "record"; readonly json: unknown }
  | { readonly kind: "atif" | "transcript"; readonly json: object };

/** A line is one JSON text, or several after each other. Throws TracelightError `INVALID_RECORD`. */
function partsOf(text: string): readonly unknown[] {
  try {
    return [parseLine(text)];
  } catch (error) {
    const parts = splitJson(text);
    // A line that was cut is one broken line, whatever was whole in it.
    if (parts.length === 1 && parts[0] === text) throw error;
    return parts.map((part) => parseLine(part));
  }
}

/** The records, log lines and requests in JSON, also where logging systems have put them into JSON of their own. */
function spansIn(json: unknown, depth = 0): readonly Found[] {
  if (typeof json === "string") return spansInText(json, depth);
  if (typeof json !== "object" || json === null || depth > MAX_ENVELOPES) return [];
  if ("resourceSpans" in json || "resource_spans" in json) return [{ kind: "otlp", text: exactJson(json) }];
  if (isAtif(json)) return [{ kind: "atif", json }];
  if ("trace_id" in json && isRecordLike(json)) return [{ kind: "record", json }];
  if ("trace" in json && typeof json.trace === "object") return [{ kind: "record", json: json.trace }];
  if (isTranscript(json)) return [{ kind: "transcript", json }];
  return contentsOf(json).flatMap((content) => spansIn(content, depth + 1));
}

/** An app's line as text within JSON: where it is no JSON it is any line of a log. */
function spansInText(text: string, depth: number): readonly Found[] {
  const bare = bareText(text.trim());
  if (!/^[{[]/.test(bare) || isProse(bare)) return [];
  try {
    return spansIn(parseLine(bare), depth + 1);
  } catch (error) {
    if (!bare.includes("trace_id")) return [];
    throw error;
  }
}

/** Other lines of a log may name the trace that they belong to. */
function isRecordLike(json: object): boolean {
  return "span_name" in json || "started_at" in json || "attributes" in json || "record_version" in json;
}

/** True for text that neither is JSON nor was once part of a span. */
function isProse(text: string): boolean {
  return !/^\s{0,100}[{[]/.test(text) && !/trace_id|traceId/.test(text);
}

function isBlank(text: string): boolean {
  return text.length < 1000 && text.trim() === "";
}

function sentence(text: string): string {
  return `${text.replace(/\.$/, "")}.`;
}

function decodedRequest(text: string): ReturnType<typeof decodeJsonRequest> {
  checkLine(text);
  try {
    return decodeJsonRequest(text, { maxValues: MAX_VALUES });
  } catch (error) {
    parseLine(text);
    throw error;
  }
}

const CUT_SHORT = "The JSON that begins here is cut short, broken or too large";
const NO_JSON = "None is JSON";
/** CloudWatch's answers hold Lambda's lines, which hold the app's. */
const MAX_ENVELOPES = 8;
const MAX_NAMED_LINES = 5;
/** Of one line, which may be a whole document. */
const MAX_VALUES = 10_000_000;
/** As the file exporter writes it: known without parsing the line twice. */
const OTLP_START = /^\s{0,9}\{\s{0,9}"resource(Spans|_spans)"/;
