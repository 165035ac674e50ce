// The slow way of each capability: over all spans of a store, one by one.
import { conversationOf } from "../conventions/conversation.ts";
import { EventMaker } from "../conventions/event-maker.ts";
import { factsOf, outlineOf, type SpanOutline } from "../conventions/facts.ts";
import { matchesSearch, type SearchQuery, searchTexts } from "../conventions/search.ts";
import { isCourse, TALLY_GROUPINGS, type TallyReport } from "../conventions/tally.ts";
import { TallySums } from "../conventions/tally-sums.ts";
import { isTimeZone } from "../conventions/time-buckets.ts";
import { conversationKey, idText } from "../model/conversation.ts";
import { TracelightError } from "../model/errors.ts";
import { newSpanId } from "../model/ids.ts";
import { inSlices } from "../model/in-slices.ts";
import { checkFields, inStartOrder, type QueryFields, queryFields, type TraceQuery } from "../model/query.ts";
import { canonicalJson } from "../model/values.ts";
import type { Span } from "./span.ts";
import type {
  Changes,
  FoundId,
  Imported,
  ImportProgress,
  SearchOptions,
  SearchPage,
  Store,
  TallyQuery,
} from "./store.ts";
import { PRICES_FIELD } from "./summaries.ts";
import { weigh } from "./weight.ts";

type Spans = AsyncIterable<Span>;

/** As many as a search finds unless told. */
export const DEFAULT_FOUND = 20;
/** So many spans are imported at a time, and fewer where they are large. */
const IMPORTED_AT_ONCE = 200;
const IMPORTED_BYTES = 8 * 1024 * 1024;
const IMPORT_FLUSH_MS = 30_000;

/** The spans without their payload. */
export async function outlinesIn(spans: Spans | readonly Span[]): Promise<readonly SpanOutline[]> {
  const outlines: SpanOutline[] = [];
  for await (const span of spans) outlines.push(outlineOf(span));
  return inStartOrder(outlines);
}

/** Ids that begin so. */
export async function idsIn(spans: Spans, prefix: string, limit: number): Promise<readonly FoundId[]> {
  const found = new Map<string, FoundId>();
  for await (const { traceId, attributes } of spans) {
    if (traceId.startsWith(prefix.toLowerCase())) found.set(`trace ${traceId}`, { by: "trace", id: traceId });
    const id = conversationOf(attributes);
    const key = conversationKey(id);
    if (key !== undefined && idText(id).startsWith(prefix)) found.set(key, { by: "conversation", id });
  }
  return exactFirst([...found.values()], prefix).slice(0, limit);
}

/** The ids that are equal to the text, then those that begin so. */
export function exactFirst(ids: readonly FoundId[], text: string): FoundId[] {
  const isExact = ({ id }: FoundId): boolean => idText(id) === text;
  return [...ids.filter(isExact), ...ids.filter((one) => !isExact(one))];
}

/** Looks at every span; holds only the newest that have the words. */
export async function searchIn(
  spans: Spans,
  query: SearchQuery,
  { limit = DEFAULT_FOUND, onProgress, signal }: SearchOptions,
): Promise<SearchPage> {
  let newest: Span[] = [];
  let [found, done] = [0, 0];
  for await (const span of spans) {
    signal?.throwIfAborted();
    onProgress?.({ done: ++done, left: undefined });
    if (!matchesSearch(searchTexts(span), query)) continue;
    found++;
    newest.push(span);
    if (newest.length >= limit * 2) newest = newestOf(newest, limit);
  }
  return { spans: newestOf(newest, limit), more: found > limit };
}

function newestOf(spans: readonly Span[], limit: number): Span[] {
  return [...spans].sort((a, b) => b.startedAtMicros - a.startedAtMicros).slice(0, limit);
}

const FILTER = [
  ...(["traceId", "conversation", "attributeFilter", "identifier", "spanName"] as const),
  ...(["spanStatus", "failed", "where", "since", "until"] as const),
];
const TALLY_FIELDS: QueryFields = {
  ...queryFields(FILTER),
  by: {
    what: `a list of ${TALLY_GROUPINGS.join(", ")}`,
    holds: (value) => Array.isArray(value) && value.every((one) => TALLY_GROUPINGS.includes(one)),
  },
  timeZone: { what: 'the name of a time zone, such as "Europe/Amsterdam" or "UTC"', holds: isTimeZone },
  prices: PRICES_FIELD,
  course: { what: "{ since, until, parts }: two dates, and 1 to 1000 parts", holds: isCourse },
};

/** Throws a TracelightError (`INVALID_QUERY`) for an unknown field or a value that cannot be meant. */
export function checkTallyQuery(query: TallyQuery): void {
  const { onProgress: _onProgress, signal: _signal, ...asked } = query;
  checkFields(asked, TALLY_FIELDS);
}

/** Which spans are to be counted. */
export function countedBy(query: TallyQuery): TraceQuery {
  const { by: _by, timeZone: _zone, prices: _prices, course: _course, ...rest } = query;
  const { onProgress: _onProgress, signal: _signal, ...filter } = rest;
  return filter;
}

/** Counts the spans, whichever they are. */
export async function tallyOf(spans: Spans, query: TallyQuery): Promise<TallyReport> {
  const { onProgress, signal } = query;
  const maker = new EventMaker();
  let done = 0;
  for await (const span of spans) {
    signal?.throwIfAborted();
    maker.add(span, factsOf(span));
    onProgress?.({ done: ++done, left: undefined });
  }
  const sums = new TallySums(query);
  await inSlices(sums.add(await inSlices(maker.events())));
  return inSlices(sums.report());
}

/** The names of their attributes. */
export async function namesOfAttributes(spans: Spans): Promise<readonly string[]> {
  const names = new Set<string>();
  for await (const { attributes } of spans) for (const name of Object.keys(attributes)) names.add(name);
  return [...names];
}

/** The values of one attribute. */
export async function valuesOfAttribute(
  spans: Spans,
  name: string,
  limit: number,
): Promise<readonly unknown[]> {
  const values = new Map<string, unknown>();
  for await (const { attributes } of spans) {
    if (values.size >= limit) break;
    if (!Object.hasOwn(attributes, name)) continue;
    const key = canonicalJson(attributes[name]);
    if (!values.has(key)) values.set(key, attributes[name]);
  }
  return [...values.values()];
}

/** What changed between looks at all spans. Knows each that was there at the last. */
export class Looks {
  /** Cursors of another are refused: it saw something else. */
  #id: string | undefined;
  #count = 0;
  #seen: ReadonlyMap<string, Seen> = new Map();

  /** What changed since the cursor; without one, what runs. */
  async look(spans: Spans, cursor: string | undefined): Promise<Changes> {
    const since = cursor === undefined ? undefined : this.#lookOf(cursor);
    const look = ++this.#count;
    this.#id ??= newSpanId();
    const seen = new Map<string, Seen>();
    const changed: Span[] = [];
    for await (const span of spans) {
      const key = span.traceId + span.spanId;
      const before = this.#seen.get(key);
      const now = before?.state === span.state ? before : { state: span.state, look };
      seen.set(key, now);
      if (span.state === "running" || (since !== undefined && now.look > since)) changed.push(span);
    }
    this.#seen = seen;
    return { spans: changed, cursor: `${this.#id}.${look}` };
  }

  #lookOf(cursor: string): number {
    const [id, look] = cursor.split(".");
    if (id === this.#id && Number(look) <= this.#count) return Number(look);
    throw new TracelightError(
      "INVALID_QUERY",
      "The cursor is none of a look at changes; leave it out for the first.",
    );
  }
}

/** What a span was at a look, and at which that was new. */
interface Seen {
  readonly state: Span["state"];
  readonly look: number;
}

/** Writes the spans that the store does not have. They are of elsewhere: no `process` changes them. */
export async function importInto(store: Store, spans: Spans, progress?: ImportProgress): Promise<Imported> {
  const done = { added: 0, known: 0 };
  for await (const batch of importBatches(spans)) {
    const unknown = await unknownTo(store, batch);
    await deliver(store, unknown);
    done.added += unknown.length;
    done.known += batch.length - unknown.length;
    progress?.(done.added + done.known);
  }
  return done;
}

/** Those of the spans that the store does not have, each once. */
async function unknownTo(store: Store, batch: readonly Span[]): Promise<readonly Span[]> {
  const unknown = new Map(batch.map((span) => [span.traceId + span.spanId, span]));
  for (const traceId of new Set(batch.map((span) => span.traceId))) {
    for (const { spanId } of await store.find({ traceId })) unknown.delete(traceId + spanId);
  }
  return [...unknown.values()];
}

/**
 * Writes the spans, and waits until they are delivered.
 * @throws (rejects) what keeps one from being so
 */
export async function deliver(store: Store, spans: readonly Span[]): Promise<void> {
  const before = store.report?.();
  for (const span of spans) store.write(span);
  const report = await store.flush?.({ timeoutMs: IMPORT_FLUSH_MS });
  if (report === undefined) return;
  const { pending, dropped, failed, errors } = report;
  const lost = pending + dropped + failed - (before?.dropped ?? 0) - (before?.failed ?? 0);
  if (lost <= 0) return;
  throw errors.at(-1) ?? new TracelightError("SINK_FAILED", `${lost} spans could not be written.`);
}

/** Spans that are to be imported, as many at a time as memory is to hold. */
export function importBatches(spans: Spans, most: number = IMPORTED_AT_ONCE): AsyncIterable<readonly Span[]> {
  return batches(spans, most, (span) => weigh(span) / IMPORTED_BYTES);
}

/** The items, so many at a time, and no more than have a weight of 1 together. */
export async function* batches<T>(
  items: AsyncIterable<T>,
  size: number,
  weightOf: (item: T) => number = () => 0,
): AsyncGenerator<readonly T[]> {
  let batch: T[] = [];
  let weight = 0;
  for await (const item of items) {
    batch.push(item);
    weight += weightOf(item);
    if (batch.length < size && weight < 1) continue;
    yield batch;
    batch = [];
    weight = 0;
  }
  if (batch.length > 0) yield batch;
}
