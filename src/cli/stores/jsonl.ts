// Files, folders and pipes of one JSON object a line, of records, log lines, OTLP or transcripts: read as a stream, whatever their size.
import { createReadStream } from "node:fs";
import { matches } from "../../conventions/matches.ts";
import { Transcripts } from "../../exchange/transcripts/transcripts.ts";
import { asTracelightError, TracelightError } from "../../model/errors.ts";
import type { TraceQuery } from "../../model/query.ts";
import type { SpanFields } from "../../model/span-fields.ts";
import { SpanNumbers } from "../../model/span-numbers.ts";
import { readable, type StoreReader } from "../../tracing/readable.ts";
import { arrangeSpans } from "../../tracing/select.ts";
import { type Span, spanFrom } from "../../tracing/span.ts";
import type { Changes, ReadableStore, SummaryPage, SummaryQuery } from "../../tracing/store.ts";
import { listOutlined, type Outlined } from "../../tracing/summaries.ts";
import { Interrupted } from "../failures.ts";
import type { World } from "../world.ts";
import { FollowedLines } from "./followed-lines.ts";
import { lineBatches } from "./line-batches.ts";
import { filesInFolder, filesOfSession } from "./line-files.ts";
import { keep, LineListing } from "./line-listing.ts";
import { type Part, partsOf, type Source, sourceOf } from "./source.ts";
import { Census } from "./span-lines.ts";

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
  const list = (): ReturnType<typeof filesOfSession> => filesOfSession(path);
  return readable(new JsonlStore(name, partsOf(list, path, name), options, new FollowedLines(list, options)));
}

/** A folder of files of lines, such as those of transcripts. */
export async function openJsonlFolder(path: string, name: string): Promise<StoreReader> {
  const list = (): ReturnType<typeof filesInFolder> => filesInFolder(path);
  if ((await list()).length === 0) {
    const message = `${name} is a folder without files of lines: none below it ends in .jsonl.`;
    throw new TracelightError("STORE_UNREADABLE", message);
  }
  return readable(new JsonlStore(name, partsOf(list, path, name), {}, new FollowedLines(list, {})));
}

/** A named pipe of lines, or what a shell puts in the place of a file: `<(zcat app.jsonl.gz)`. */
export function openJsonlPipe(
  path: string,
  name: string,
  { signal, ...options }: Pick<World, "signal"> & LinesOptions,
): StoreReader {
  return readable(new JsonlStore(name, sourceOf(createReadStream(path), signal), options));
}

/** Lines from standard input. */
export function openStandardInput({ stdin, signal }: World, options: LinesOptions = {}): StoreReader {
  return readable(new JsonlStore("standard input", sourceOf(stdin, signal), options));
}

class JsonlStore implements ReadableStore {
  readonly name: string;
  /** A pipe is read once, and says itself when there is more. */
  readonly changes?: (cursor: string | undefined) => Promise<Changes>;
  readonly #source: Source;
  readonly #options: LinesOptions;
  readonly #outlined = new Map<string, Promise<Outlined>>();
  /** What was read for them, by the filter. */
  readonly #listings = new Map<string, LineListing>();
  #turn: Promise<unknown> = Promise.resolve();
  #outlinedOf = "";
  #bytes = 0;
  #censuses: readonly (readonly [name: string, census: Census])[] | undefined;

  constructor(name: string, source: Source, options: LinesOptions, followed?: FollowedLines) {
    this.name = name;
    this.#source = source;
    this.#options = options;
    if (options.again) source.keep();
    if (followed !== undefined) this.changes = (cursor) => followed.look(cursor);
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

  /** Read once for each filter: a listing of traces after one of conversations is had from the same outlines, as long as nothing was written. */
  async #outlines(query: SummaryQuery): Promise<Outlined> {
    const {
      by: _by,
      since: _since,
      until: _until,
      limit: _limit,
      cursor: _cursor,
      prices: _prices,
      ...filter
    } = query;
    const version = await this.#source.version();
    if (version !== this.#outlinedOf) this.#outlined.clear();
    this.#outlinedOf = version;
    const key = JSON.stringify(filter);
    const outlined = this.#outlined.get(key) ?? this.#outline(filter, key);
    this.#outlined.set(key, outlined);
    return outlined;
  }

  /** One after the other: they go on where the last one stopped. */
  #outline(filter: TraceQuery, key: string): Promise<Outlined> {
    const outlined = this.#turn.then(() => this.#outlineNow(filter, key));
    this.#turn = outlined.catch(() => undefined);
    return outlined;
  }

  async #outlineNow(filter: TraceQuery, key: string): Promise<Outlined> {
    const parts = await this.#source.parts();
    const before = this.#listings.get(key);
    const listing = before !== undefined && (await before.goesOn(parts)) ? before : this.#listing(filter);
    this.#listings.delete(key);
    this.#bytes = listing.bytes;
    const outlined = await listing.take(parts);
    this.#censuses = listing.censuses;
    if (listing.isLight) this.#listings.set(key, listing);
    for (const oldest of this.#listings.keys())
      if (this.#listings.size > MAX_LISTINGS) this.#listings.delete(oldest);
    return outlined;
  }

  #listing(filter: TraceQuery): LineListing {
    const { otlp = false } = this.#options;
    const chunks = (part: Part, start: number) => this.#chunks(part, start);
    return new LineListing(filter, { otlp, chunks, isOne: this.#source.isOne });
  }

  readonly position = (): { bytes: number; of: number | undefined } => ({
    bytes: this.#bytes,
    of: this.#source.size,
  });

  get notes(): readonly string[] {
    const notes = (this.#censuses ?? []).flatMap(([name, census]) => census.notes(name));
    if (notes.length <= MAX_NOTES) return notes;
    return [
      ...notes.slice(0, MAX_NOTES),
      `${this.name}: ${notes.length - MAX_NOTES} more of its files are damaged.`,
    ];
  }

  /** The spans of the lines, those of each chunk together. Rejects where there are lines and no one can be read. */
  async *#spans(): AsyncGenerator<readonly SpanFields[]> {
    const transcripts = new Transcripts();
    const censuses: (readonly [string, Census])[] = [];
    this.#censuses ??= censuses;
    this.#bytes = 0;
    for (const part of await this.#source.parts()) {
      const census = new Census({ ...this.#options, transcripts, file: part.name });
      censuses.push([part.name, census]);
      for await (const lines of lineBatches(this.#chunks(part))) {
        yield lines.flatMap((line) => census.spansOf(line));
      }
      yield transcripts.end(part.isLive);
      if (censuses.length === 1 && this.#source.isOne) census.check(this.name);
    }
  }

  async *#chunks(part: Part, start: number = 0): AsyncGenerator<Buffer> {
    try {
      for await (const chunk of part.chunks(start)) {
        this.#bytes += chunk.length;
        yield chunk;
      }
    } catch (error) {
      if (error instanceof Interrupted) throw error;
      throw asTracelightError(error, "STORE_UNREADABLE", `${part.name} cannot be read`);
    }
  }

  async close(): Promise<void> {
    await this.#source.close();
  }
}

/** One for each file: of a folder there may be very many. */
const MAX_NOTES = 20;
/** For so many filters what was read is kept. */
const MAX_LISTINGS = 4;

function isNew(numbers: SpanNumbers, { traceId, spanId }: SpanFields): boolean {
  const { size } = numbers;
  return numbers.ofSpan(numbers.ofTrace(traceId), spanId) === size;
}
