// What the lines of a file hold, records, log lines or OTLP requests, and the count of what could not be read.
import { messageOf, TracelightError } from "../../model/errors.ts";
import { decodeRecord, type SpanFields } from "../../model/record.ts";
import { decodeJsonRequest } from "../../otlp/json-request.ts";
import { count, counted } from "../format.ts";
import { checkLine, parseLine } from "./line-json.ts";
import type { Line } from "./lines.ts";

/** How lines are read. */
export interface LinesOptions {
  /** True where all lines together may be one JSON document of OTLP. */
  readonly otlp?: boolean;
}

/** Reads lines, and counts what it meets. */
export class Census {
  #lines = 0;
  /** Lines with spans. */
  #good = 0;
  /** JSON, but no span: other lines of a log. */
  #others = 0;
  #broken = 0;
  /** The numbers of the first broken lines. */
  readonly #named: number[] = [];
  /** What is wrong with the first. */
  #why = "";
  /** Spans within a line that are none. */
  #rejected = 0;
  #whyRejected = "";
  #isLaidOut = false;

  /** The spans of a line. */
  spansOf({ number, text }: Line): readonly SpanFields[] {
    if (text !== undefined && isBlank(text)) return [];
    this.#lines++;
    try {
      if (text === undefined) throw new TracelightError("INVALID_RECORD", "The line is too long");
      const spans = this.#decoded(number === 1 ? text.replace(/^\ufeff/, "") : text);
      if (spans.length === 0) this.#others++;
      else this.#good++;
      return spans;
    } catch (error) {
      this.#isLaidOut ||= number === 1 && text?.trim() === "{";
      this.#breaks(number, error);
      return [];
    }
  }

  #breaks(number: number, error: unknown): void {
    this.#broken++;
    if (this.#named.length === 0) this.#why = messageOf(error);
    if (this.#named.length < MAX_NAMED_LINES) this.#named.push(number);
  }

  /** Throws where the line is broken. */
  #decoded(text: string): readonly SpanFields[] {
    if (OTLP_START.test(text)) return this.#requested(text);
    const json = parseLine(text);
    if (typeof json !== "object" || json === null) return [];
    if ("trace_id" in json) return [decodeRecord(json)];
    if ("trace" in json) return [decodeRecord(json.trace)];
    return "resourceSpans" in json ? this.#requested(text) : [];
  }

  #requested(text: string): readonly SpanFields[] {
    const { spans, rejected } = decodedRequest(text);
    if (this.#rejected === 0) this.#whyRejected = rejected.messages[0] ?? "";
    this.#rejected += rejected.count;
    return spans;
  }

  /** What the user should know; `name` is that of the file. */
  notes(name: string): string[] {
    const notes: string[] = [];
    // Where no line could be read, that is an error of its own.
    if (this.#broken > 0 && this.#good + this.#others > 0) {
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
    if (this.#good === 0 && this.#others > 0 && this.#rejected === 0) {
      notes.push(`${name}: none of the ${count(this.#lines)} lines is a span.`);
    }
    return notes;
  }

  /** Throws `INVALID_RECORD` where there were lines and no one could be read. */
  check(name: string, { otlp = false }: LinesOptions): void {
    if (this.#good + this.#others > 0 || this.#broken === 0) return;
    const tried = `${name} has no line that can be read (${count(this.#lines)} tried)`;
    const mend = otlp ? CUT_SHORT : `. A document of OTLP/JSON is read by: tracelight import --otlp ${name}`;
    const why = `Line ${this.#named[0] ?? 1}: ${this.#why.replace(/\.$/, "")}${this.#isLaidOut ? mend : ""}`;
    throw new TracelightError("INVALID_RECORD", `${tried}. ${why}`);
  }

  #brokenLines(): string {
    const more = this.#broken > this.#named.length ? ", …" : "";
    return `${this.#broken === 1 ? "line" : "lines"} ${this.#named.join(", ")}${more}`;
  }
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

const CUT_SHORT = ". All lines together are no JSON document either: it may be cut short, or too large";
const MAX_NAMED_LINES = 5;
/** Of one line, which may be a whole document. */
const MAX_VALUES = 10_000_000;
/** As the file exporter writes it: known without parsing the line twice. */
const OTLP_START = /^\s{0,9}\{\s{0,9}"resourceSpans"/;
