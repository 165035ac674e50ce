// What was read again although it had been cached, in the newest conversations of a store: bounded, whatever the store's size.
import { possibleLosses } from "../conventions/context/losses.ts";
import { type WasteRow, WasteSums } from "../conventions/context/waste.ts";
import { type ContextCall, ContextLens, type ContextOptions } from "../conventions/context.ts";
import { conversationOf } from "../conventions/conversation.ts";
import type { PriceTable } from "../conventions/cost.ts";
import type { SpanOutline } from "../conventions/facts.ts";
import type { Summary } from "../conventions/summary.ts";
import { conversationKey } from "../model/conversation.ts";
import type { SpanFields } from "../model/span-fields.ts";
import { conversationContext } from "./conversation-context.ts";
import { queryOf } from "./found.ts";
import type { StoreReader } from "./readable.ts";
import type { Awaitable } from "./sink.ts";
import type { SummaryPage, SummaryQuery } from "./store.ts";
import { groupsOf, listOutlined, outlined, spanConditions } from "./summaries.ts";

/** Where to look. */
export interface WasteQuery extends Pick<SummaryQuery, "where" | "since" | "until"> {
  readonly prices?: PriceTable | undefined;
  /** Ends the look: it rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** What was wasted, and what was looked at for it. */
export interface WasteReport {
  readonly rows: readonly WasteRow[];
  /** Conversations, and traces without one, whose calls were looked at: the newest. */
  readonly lookedAt: number;
  /** Those of them whose prompts were read: in the others no call read less than had been cached. */
  readonly read: number;
  /** Those whose prompts were to be read, but are too many. */
  readonly leftOut: number;
  /** True where there may be older ones. */
  readonly more: boolean;
}

/** So many conversations, and so many traces, are looked at. */
const MOST_ROWS = 100;
/** So many model calls have their prompts read. */
const MOST_PROMPTS = 2000;
/** Outlines that are asked for at once. */
const AT_ONCE = 8;

/** A conversation, or a trace without one. */
interface Group {
  readonly row: Summary;
  readonly outlines: readonly SpanOutline[];
}

/** Sums what was wasted by cause. */
export async function wasteIn(reader: StoreReader, query: WasteQuery = {}): Promise<WasteReport> {
  const { prices, signal, ...filter } = query;
  const source = await sourceOf(reader, query);
  const { groups, more } = await newest(source, filter, signal);
  const { chosen, leftOut } = choose(groups);
  const sums = new WasteSums();
  for await (const calls of source.calls(chosen, { prices })) sums.add(calls);
  return { rows: sums.rows(), lookedAt: groups.length, read: chosen.length, leftOut, more };
}

/** How a store is read for it. */
interface Source {
  readonly summaries: (query: SummaryQuery) => Awaitable<SummaryPage>;
  readonly outlines: (row: Summary) => Awaitable<readonly SpanOutline[]>;
  readonly calls: (
    groups: readonly Group[],
    options: ContextOptions,
  ) => AsyncIterable<readonly ContextCall[]>;
}

async function sourceOf(reader: StoreReader, { signal, ...query }: WasteQuery): Promise<Source> {
  if (!reader.has("outlines")) return throughAll(reader, { signal, ...query });
  return {
    summaries: (asked) => reader.summaries(asked),
    outlines: (row) => reader.outlines(queryOf(row)),
    calls: async function* (groups, options) {
      for (const { row, outlines } of groups) {
        const of = queryOf(row);
        const whole = { outlines, spans: reader.iterate(of) };
        yield (await conversationContext(reader, { of, whole, signal, ...options })).calls;
      }
    },
  };
}

/** A store that has to be read through is so once for the outlines, and once for the prompts. */
async function throughAll(reader: StoreReader, { signal, ...query }: WasteQuery): Promise<Source> {
  const all = await outlined(watched(reader, signal), spanConditions(query));
  const byRow = groupsOf(all.outlines, ({ conversationId, traceId }) => keyOf(conversationId, traceId));
  return {
    summaries: (asked) => listOutlined(all, asked),
    outlines: ({ by, id }) => byRow.get(by === "trace" ? keyOf(undefined, String(id)) : keyOf(id, "")) ?? [],
    calls: async function* (groups, options) {
      if (groups.length === 0) return;
      const lenses = new Map(
        groups.map(({ outlines }) => [keyOfGroup(outlines), new ContextLens(outlines, options)] as const),
      );
      for await (const span of watched(reader, signal))
        lenses.get(keyOf(conversationOf(span.attributes), span.traceId))?.add(span);
      for (const lens of lenses.values()) yield lens.report().calls;
    },
  };
}

async function* watched(reader: StoreReader, signal: AbortSignal | undefined): AsyncGenerator<SpanFields> {
  for await (const span of reader.iterate({})) {
    signal?.throwIfAborted();
    yield span;
  }
}

/** Of a conversation, or of a trace without one. */
function keyOf(conversation: unknown, traceId: string): string {
  const key = conversationKey(conversation);
  return key === undefined ? `trace ${traceId}` : `conversation ${key}`;
}

function keyOfGroup([outline]: readonly SpanOutline[]): string {
  return keyOf(outline?.conversationId, outline?.traceId ?? "");
}

/** The newest conversations, then the newest traces that are of none. */
async function newest(
  source: Source,
  filter: Pick<WasteQuery, "where" | "since" | "until">,
  signal: AbortSignal | undefined,
): Promise<{ readonly groups: readonly Group[]; readonly more: boolean }> {
  const talks = await source.summaries({ ...filter, by: "conversation", limit: MOST_ROWS });
  const conversations = await grouped(source, talks.rows, signal);
  const known = new Set(conversations.flatMap(({ outlines }) => outlines.map(({ traceId }) => traceId)));
  const traces = await source.summaries({ ...filter, by: "trace", limit: MOST_ROWS });
  const others = traces.rows.filter(({ id }) => !known.has(String(id)));
  const alone = (await grouped(source, others, signal)).map(({ row, outlines }) => ({
    row,
    outlines: outlines.filter(({ conversationId }) => conversationId === undefined),
  }));
  return {
    groups: [...conversations, ...alone.filter(({ outlines }) => outlines.length > 0)],
    more: talks.cursor !== undefined || traces.cursor !== undefined,
  };
}

async function grouped(
  { outlines }: Source,
  rows: readonly Summary[],
  signal: AbortSignal | undefined,
): Promise<Group[]> {
  const groups: Group[] = [];
  for (let at = 0; at < rows.length; at += AT_ONCE) {
    signal?.throwIfAborted();
    const some = rows.slice(at, at + AT_ONCE);
    groups.push(...(await Promise.all(some.map(async (row) => ({ row, outlines: await outlines(row) })))));
  }
  return groups;
}

/** Those in which something may be found, as long as there is room. */
function choose(groups: readonly Group[]): { readonly chosen: readonly Group[]; readonly leftOut: number } {
  const chosen: Group[] = [];
  let [room, leftOut] = [MOST_PROMPTS, 0];
  for (const group of groups) {
    const { calls, mayBe } = possibleLosses(group.outlines);
    if (!mayBe) continue;
    if (calls > room) {
      leftOut++;
      continue;
    }
    chosen.push(group);
    room -= calls;
  }
  return { chosen, leftOut };
}
