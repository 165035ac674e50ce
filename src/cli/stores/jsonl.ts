// Files and pipes of one JSON object a line, of records, log lines or OTLP: read as a stream, whatever their size.
import { createReadStream } from "node:fs";
import { outlineOf, type SpanOutline } from "../../conventions/facts.ts";
import { matches } from "../../conventions/matches.ts";
import { asTracelightError } from "../../model/errors.ts";
import type { TraceQuery } from "../../model/query.ts";
import type { SpanFields } from "../../model/span-fields.ts";
import { SpanNumbers } from "../../model/span-numbers.ts";
import { readable, type StoreReader } from "../../tracing/readable.ts";
import { arrangeSpans } from "../../tracing/select.ts";
import { type Span, spanFrom } from "../../tracing/span.ts";
import type { ReadableStore, SummaryPage, SummaryQuery } from "../../tracing/store.ts";
import { listOutlined, type Outlined } from "../../tracing/summaries.ts";
import { Interrupted } from "../failures.ts";
import type { World } from "../world.ts";
import { laidOut } from "./laid-out.ts";
import { joinedLines } from "./line-parts.ts";
import { type Line, linesOf } from "./lines.ts";
import { fileSource, PipeSource, type Source } from "./source.ts";
import { Census } from "./span-lines.ts";

/** Longer lines are left out: no string of JavaScript can be much longer. */
const MAX_LINE_BYTES = 256 * 1024 * 1024;

/** How lines are read. */
export interface LinesOptions {
  /** True where all of it is to be OTLP. */
  readonly otlp?: boolean;
  /** True where it will be read more than once. */
  readonly again?: boolean;
}

/** A file of lines. */
export async function openJsonlFile(
  path: string,
  name: string,
  options: LinesOptions = {},
): Promise<StoreReader> {
  return readable(new JsonlStore(name, await fileSource(path), options));
}

/** A named pipe of lines, or what a shell puts in the place of a file: `<(zcat app.jsonl.gz)`. */
export function openJsonlPipe(
  path: string,
  name: string,
  { signal, ...options }: Pick<World, "signal"> & LinesOptions,
): StoreReader {
  return readable(new JsonlStore(name, new PipeSource(createReadStream(path), signal), options));
}

/** Lines from standard input. */
export function openStandardInput({ stdin, signal }: World, options: LinesOptions = {}): StoreReader {
  return readable(new JsonlStore("standard input", new PipeSource(stdin, signal), options));
}

class JsonlStore implements ReadableStore {
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
    if (options.again) source.keep();
  }

  async find(query: TraceQuery): Promise<readonly Span[]> {
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
    return listOutlined(await this.#outlines(query), query);
  }

  /** Read once for each filter: a listing of traces after one of conversations is had from the same outlines. */
  #outlines(query: SummaryQuery): Promise<Outlined> {
    const {
      by: _by,
      since: _since,
      until: _until,
      limit: _limit,
      cursor: _cursor,
      prices: _prices,
      ...filter
    } = query;
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
