// Files and pipes of one JSON object a line, of records, log lines or OTLP: read as a stream, whatever their size.
import { createReadStream } from "node:fs";
import { outlineOf, type SpanOutline } from "../../conventions/facts.ts";
import { type SummarySubject, summarizeOutlines } from "../../conventions/summary.ts";
import { conversationKey, conversationOf, isConversationId } from "../../model/conversation.ts";
import { asTracelightError } from "../../model/errors.ts";
import { checkQuery, matches, type TraceQuery } from "../../model/query.ts";
import type { SpanFields } from "../../model/record.ts";
import { SpanNumbers } from "../../model/span-numbers.ts";
import { placeAfter } from "../../tracing/cursors.ts";
import { arrangeSpans } from "../../tracing/select.ts";
import { type Span, spanFrom } from "../../tracing/span.ts";
import type { SummaryPage, SummaryQuery } from "../../tracing/store.ts";
import { byPlace, checkSummaryQuery, groupsOf, limitOf, pageOf, type Row } from "../../tracing/summaries.ts";
import { Interrupted } from "../failures.ts";
import { idText } from "../format.ts";
import type { FoundId, OpenStore } from "../store.ts";
import type { World } from "../world.ts";
import { laidOut } from "./laid-out.ts";
import { joinedLines } from "./line-parts.ts";
import { type Line, linesOf } from "./lines.ts";
import { fileSource, PipeSource, type Source } from "./source.ts";
import { Census } from "./span-lines.ts";

/** Longer lines are left out: no string of JavaScript can be much longer. */
const MAX_LINE_BYTES = 256 * 1024 * 1024;
/** So many spans are looked at for the names of their attributes. */
const SPANS_FOR_NAMES = 2000;

/** How lines are read. */
export interface LinesOptions {
  /** True where all of it is to be OTLP. */
  readonly otlp?: boolean;
}

/** A file of lines. */
export async function openJsonlFile(
  path: string,
  name: string,
  options: LinesOptions = {},
): Promise<OpenStore> {
  return new JsonlStore(name, await fileSource(path), options);
}

/** A named pipe of lines, or what a shell puts in the place of a file: `<(zcat app.jsonl.gz)`. */
export function openJsonlPipe(
  path: string,
  name: string,
  { signal, otlp }: Pick<World, "signal"> & LinesOptions,
): OpenStore {
  return new JsonlStore(
    name,
    new PipeSource(createReadStream(path), signal),
    otlp === undefined ? {} : { otlp },
  );
}

/** Lines from standard input. */
export function openStandardInput({ stdin, signal }: World, options: LinesOptions = {}): OpenStore {
  return new JsonlStore("standard input", new PipeSource(stdin, signal), options);
}

class JsonlStore implements OpenStore {
  readonly name: string;
  readonly #source: Source;
  readonly #options: LinesOptions;
  readonly #outlined = new Map<string, Promise<Outlined>>();
  #bytes = 0;
  #census: Census | undefined;

  constructor(name: string, source: Source, options: LinesOptions) {
    this.name = name;
    this.#source = source;
    this.#options = options;
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

  /** In the order of the lines; those that have not ended come last. */
  async *iterate(query: TraceQuery): AsyncGenerator<Span> {
    checkQuery(query);
    let left = query.limit ?? Number.POSITIVE_INFINITY;
    for await (const span of this.#once()) {
      if (left <= 0) return;
      if (!matches(span, query)) continue;
      left--;
      yield spanFrom(span);
    }
  }

  /** Each span once, whichever lines there are about it. */
  async *#once(): AsyncGenerator<SpanFields> {
    const ended = new SpanNumbers();
    const others = new Map<string, SpanFields>();
    for await (const spans of this.#spans()) {
      for (const span of spans) {
        if (span.state !== "ended") keep(others, span);
        else if (isNew(ended, span)) yield span;
      }
    }
    for (const span of others.values()) if (isNew(ended, span)) yield span;
  }

  async summaries(query: SummaryQuery): Promise<SummaryPage> {
    checkSummaryQuery(query);
    const { outlines, matching } = await this.#outlines(query);
    const { by = "trace" } = query;
    const asked = new Set([...matching].map((outline) => rowKey(outline, by)));
    const rows = [...groupsOf(outlines, (outline) => rowKey(outline, by))].flatMap(([key, group]) =>
      asked.has(key) ? rowOf(key, group, query) : [],
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

  keep(): void {
    this.#source.keep();
  }

  async idsByPrefix(prefix: string, limit: number): Promise<readonly FoundId[]> {
    this.keep();
    const found = new Map<string, FoundId>();
    for await (const spans of this.#spans()) {
      for (const span of spans) {
        note(found, { by: "trace", id: span.traceId }, prefix);
        note(found, { by: "conversation", id: conversationOf(span.attributes) }, prefix);
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
    return this.#census?.notes(this.name) ?? [];
  }

  /** The spans of the lines, those of each chunk together. Rejects where there are lines and no one can be read. */
  async *#spans(): AsyncGenerator<readonly SpanFields[]> {
    const census = new Census(this.#options);
    this.#census ??= census;
    this.#bytes = 0;
    for await (const lines of this.#lines()) yield lines.flatMap((line) => census.spansOf(line));
    census.check(this.name);
  }

  #lines(): AsyncIterable<readonly Line[]> {
    const lines = linesOf(this.#chunks(), MAX_LINE_BYTES);
    return laidOut(joinedLines(lines, MAX_LINE_BYTES), MAX_LINE_BYTES);
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

function isNew(numbers: SpanNumbers, { traceId, spanId }: SpanFields): boolean {
  const { size } = numbers;
  return numbers.ofSpan(numbers.ofTrace(traceId), spanId) === size;
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
  return by === "trace" ? outline.traceId : conversationKey(outline.conversationId);
}

function rowOf(key: string, group: readonly SpanOutline[], { by = "trace", prices }: SummaryQuery): Row[] {
  const summary = summarizeOutlines(group, by, prices);
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
  return pageOf(shown, query, {
    last: sorted.length > shown.length ? shown[shown.length - 1]?.place : undefined,
  });
}

function note(found: Map<string, FoundId>, one: FoundId, prefix: string): void {
  const { by, id } = one;
  if (!isConversationId(id)) return;
  const text = idText(id);
  if (text.startsWith(prefix)) found.set(`${by} ${typeof id} ${text}`, one);
}
