// Files and pipes of one JSON object a line, records or log lines: read as a stream, whatever their size.
import { createReadStream } from "node:fs";
import { NAMES } from "../../conventions/names.ts";
import {
  conversationRowKey,
  outlineOf,
  type SpanOutline,
  type SummarySubject,
  summarizeOutlines,
} from "../../conventions/summary.ts";
import { asTracelightError, messageOf, TracelightError } from "../../model/errors.ts";
import { checkQuery, matches, type TraceQuery } from "../../model/query.ts";
import { decodeRecord, type SpanFields } from "../../model/record.ts";
import { arrangeSpans } from "../../tracing/select.ts";
import type { SummaryPage, SummaryQuery } from "../../tracing/sink.ts";
import { type Span, spanFrom } from "../../tracing/span.ts";
import {
  byPlace,
  checkSummaryQuery,
  limitOf,
  pageOf,
  placeAfter,
  type Row,
} from "../../tracing/summaries.ts";
import { Interrupted } from "../failures.ts";
import { count, idText } from "../format.ts";
import type { FoundId, OpenStore } from "../store.ts";
import type { World } from "../world.ts";
import { linesOf } from "./lines.ts";
import { fileSource, PipeSource, type Source } from "./source.ts";

/** Longer lines are left out: no string of JavaScript can be much longer. */
const MAX_LINE_BYTES = 256 * 1024 * 1024;
const MAX_NAMED_LINES = 5;
/** So many spans are looked at for the names of their attributes. */
const SPANS_FOR_NAMES = 2000;

/** A file of lines. */
export async function openJsonlFile(path: string, name: string): Promise<OpenStore> {
  return new JsonlStore(name, await fileSource(path));
}

/** A named pipe of lines, or what a shell puts in the place of a file: `<(zcat app.jsonl.gz)`. */
export function openJsonlPipe(path: string, name: string, { signal }: World): OpenStore {
  return new JsonlStore(name, new PipeSource(createReadStream(path), signal));
}

/** Lines from standard input. */
export function openStandardInput({ stdin, signal }: World): OpenStore {
  return new JsonlStore("standard input", new PipeSource(stdin, signal));
}

class JsonlStore implements OpenStore {
  readonly name: string;
  readonly #source: Source;
  readonly #outlined = new Map<string, Promise<Outlined>>();
  #bytes = 0;
  #census: Census | undefined;

  constructor(name: string, source: Source) {
    this.name = name;
    this.#source = source;
  }

  async find(query: TraceQuery): Promise<readonly Span[]> {
    checkQuery(query);
    const found = new Map<string, SpanFields>();
    for await (const spans of this.#spans())
      for (const span of spans) if (matches(span, query)) keep(found, span);
    return arrangeSpans(
      [...found.values()].map((fields) => spanFrom(fields)),
      query,
    );
  }

  /** In the order of the lines. */
  async *iterate(query: TraceQuery): AsyncGenerator<Span> {
    checkQuery(query);
    let left = query.limit ?? Number.POSITIVE_INFINITY;
    for await (const spans of this.#spans()) {
      for (const span of spans) {
        if (left <= 0) return;
        if (!matches(span, query)) continue;
        left--;
        yield spanFrom(span);
      }
    }
  }

  async summaries(query: SummaryQuery): Promise<SummaryPage> {
    checkSummaryQuery(query);
    const { outlines, matching } = await this.#outlines(query);
    const { by = "trace" } = query;
    const asked = new Set([...matching].map((outline) => rowKey(outline, by)));
    const rows = [...groups(outlines, by)].flatMap(([key, group]) =>
      asked.has(key) ? rowOf(key, group, by) : [],
    );
    return page(rows.filter(isWithin(query)), query);
  }

  /** Read once for each filter: a listing of traces after one of conversations is had from the same outlines. */
  #outlines(query: SummaryQuery): Promise<Outlined> {
    const { by: _by, since: _since, until: _until, limit: _limit, cursor: _cursor, ...filter } = query;
    const key = JSON.stringify(filter);
    const outlined = this.#outlined.get(key) ?? this.#outline(filter);
    this.#outlined.set(key, outlined);
    return outlined;
  }

  async #outline(filter: TraceQuery): Promise<Outlined> {
    const latest = new Map<string, SpanOutline>();
    const matching = new Set<SpanOutline>();
    for await (const spans of this.#spans()) {
      for (const span of spans) {
        const outline = outlineOf(span);
        const before = keep(latest, outline);
        if (before !== undefined) matching.delete(before);
        if (before !== outline && matches(span, filter)) matching.add(outline);
      }
    }
    return { outlines: [...latest.values()], matching };
  }

  async idsByPrefix(prefix: string, limit: number): Promise<readonly FoundId[]> {
    this.#source.keep();
    const found = new Map<string, FoundId>();
    for await (const spans of this.#spans()) {
      for (const span of spans) {
        note(found, { by: "trace", id: span.traceId }, prefix);
        note(found, { by: "conversation", id: span.attributes[NAMES.conversationId] }, prefix);
      }
    }
    const ids = [...found.values()];
    const isExact = ({ id }: FoundId): boolean => idText(id) === prefix;
    return [...ids.filter(isExact), ...ids.filter((one) => !isExact(one))].slice(0, limit);
  }

  async attributeNames(): Promise<readonly string[]> {
    const names = new Set<string>();
    let seen = 0;
    for await (const spans of this.#spans()) {
      for (const span of spans) for (const name of Object.keys(span.attributes)) names.add(name);
      seen += spans.length;
      if (seen >= SPANS_FOR_NAMES) break;
    }
    return [...names];
  }

  readonly position = (): { bytes: number; of: number | undefined } => ({
    bytes: this.#bytes,
    of: this.#source.size,
  });

  get notes(): readonly string[] {
    return this.#census === undefined ? [] : censusNotes(this.name, this.#census);
  }

  /** The spans of the lines, those of each chunk together. Rejects where there are lines and no one can be read. */
  async *#spans(): AsyncGenerator<readonly SpanFields[]> {
    const census: Census = { lines: 0, spans: 0, others: 0, broken: 0, named: [], why: "" };
    this.#census ??= census;
    this.#bytes = 0;
    for await (const lines of linesOf(this.#chunks(), MAX_LINE_BYTES)) {
      const spans: SpanFields[] = [];
      for (const { number, text } of lines) {
        const span = spanOf(text, number, census);
        if (span !== undefined) spans.push(span);
      }
      yield spans;
    }
    if (census.spans + census.others === 0 && census.broken > 0) throw nothingReadable(this.name, census);
  }

  async *#chunks(): AsyncGenerator<Buffer> {
    try {
      for await (const chunk of this.#source.chunks()) {
        this.#bytes += chunk.length;
        yield chunk;
      }
    } catch (error) {
      if (error instanceof Interrupted) throw error;
      throw asTracelightError(error, "STORE_UNREADABLE", `${this.name} cannot be read`);
    }
  }

  async close(): Promise<void> {
    await this.#source.close();
  }
}

/** Without their payload, so that a file larger than the memory can be listed. */
interface Outlined {
  readonly outlines: readonly SpanOutline[];
  /** Those of spans that the query asks for. */
  readonly matching: ReadonlySet<SpanOutline>;
}

/** Keeps the later of two lines about one span, and one that ended rather than one that runs; gives what goes. */
function keep<S extends Pick<SpanFields, "traceId" | "spanId" | "state">>(
  spans: Map<string, S>,
  span: S,
): S | undefined {
  const key = span.traceId + span.spanId;
  const before = spans.get(key);
  if (before?.state === "ended" && span.state !== "ended") return span;
  spans.set(key, span);
  return before;
}

function rowKey(outline: SpanOutline, by: SummarySubject): string | undefined {
  return by === "trace" ? outline.traceId : conversationRowKey(outline.conversationId);
}

function groups(outlines: readonly SpanOutline[], by: SummarySubject): Map<string, SpanOutline[]> {
  const found = new Map<string, SpanOutline[]>();
  for (const outline of outlines) {
    const key = rowKey(outline, by);
    if (key === undefined) continue;
    const group = found.get(key);
    if (group === undefined) found.set(key, [outline]);
    else group.push(outline);
  }
  return found;
}

function rowOf(key: string, group: readonly SpanOutline[], by: SummarySubject): Row[] {
  const summary = summarizeOutlines(group, by);
  return summary === undefined ? [] : [{ summary, place: { at: summary.latestAtMicros, key } }];
}

function isWithin({ since, until }: SummaryQuery): (row: Row) => boolean {
  const from = since === undefined ? Number.NEGATIVE_INFINITY : since.getTime() * 1000;
  const to = until === undefined ? Number.POSITIVE_INFINITY : until.getTime() * 1000;
  return ({ place }) => place.at >= from && place.at < to;
}

function page(rows: readonly Row[], query: SummaryQuery): SummaryPage {
  const after = placeAfter(query);
  const left = after === undefined ? rows : rows.filter((row) => byPlace(row, { ...row, place: after }) > 0);
  const sorted = [...left].sort(byPlace);
  const shown = sorted.slice(0, limitOf(query));
  return pageOf(shown, sorted.length > shown.length ? shown[shown.length - 1]?.place : undefined);
}

function note(found: Map<string, FoundId>, one: FoundId, prefix: string): void {
  const { by, id } = one;
  if (id === undefined || id === null || id === "") return;
  const text = idText(id);
  if (text.startsWith(prefix)) found.set(`${by} ${typeof id} ${text}`, one);
}

/** What a reading met. */
interface Census {
  lines: number;
  spans: number;
  /** JSON, but no span: other lines of a log. */
  others: number;
  broken: number;
  /** The numbers of the first broken lines. */
  readonly named: number[];
  /** What is wrong with the first. */
  why: string;
}

function spanOf(text: string | undefined, number: number, census: Census): SpanFields | undefined {
  if (text !== undefined && isBlank(text)) return undefined;
  census.lines++;
  try {
    if (text === undefined)
      throw new TracelightError("INVALID_RECORD", `The line is over ${MAX_LINE_BYTES} bytes`);
    const span = decodeLine(number === 1 ? text.replace(/^\ufeff/, "") : text);
    if (span === undefined) census.others++;
    else census.spans++;
    return span;
  } catch (error) {
    census.broken++;
    if (census.named.length === 0) census.why = messageOf(error);
    if (census.named.length < MAX_NAMED_LINES) census.named.push(number);
    return undefined;
  }
}

function isBlank(text: string): boolean {
  return text.length < 1000 && text.trim() === "";
}

/** The span of a record or of a log line; undefined for other JSON. Throws where the line is broken. */
function decodeLine(text: string): SpanFields | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // What the parser says quotes the line, and differs from one Node to the next.
    throw new TracelightError("INVALID_RECORD", "The line is not JSON");
  }
  if (typeof json !== "object" || json === null) return undefined;
  if ("trace" in json && !("trace_id" in json)) return decodeRecord(json.trace);
  return "trace_id" in json ? decodeRecord(json) : undefined;
}

function censusNotes(name: string, { lines, spans, broken, others, named, why }: Census): string[] {
  const notes: string[] = [];
  // Where no line could be read, that is an error of its own.
  if (broken > 0 && spans + others > 0) {
    notes.push(
      `${name}: ${count(broken)} of ${count(lines)} lines could not be read and ${broken === 1 ? "was" : "were"} left out (${linesNamed(named, broken)}). ${why.replace(/\.$/, "")}.`,
    );
  }
  if (spans === 0 && others > 0) notes.push(`${name}: none of the ${count(lines)} lines is a span.`);
  return notes;
}

function linesNamed(named: readonly number[], broken: number): string {
  const first = named.join(", ");
  return `${broken === 1 ? "line" : "lines"} ${first}${broken > named.length ? ", …" : ""}`;
}

function nothingReadable(name: string, { lines, named, why }: Census): TracelightError {
  const message = `${name} has no line that can be read (${count(lines)} tried). Line ${named[0] ?? 1}: ${why.replace(/\.$/, "")}`;
  return new TracelightError("INVALID_RECORD", message);
}
