// A store to be asked a thousand times for parts of one conversation: what would be read through each time is read once.
import type { SpanOutline } from "../conventions/facts.ts";
import { isSameConversation } from "../model/conversation.ts";
import type { TraceQuery } from "../model/query.ts";
import { queryOf } from "../tracing/found.ts";
import { StoreReader } from "../tracing/readable.ts";
import { selectSpans } from "../tracing/select.ts";
import type { Span } from "../tracing/span.ts";
import type { FoundId, OutlineQuery, ReadableStore } from "../tracing/store.ts";

/**
 * The reader, with the outlines of a conversation that is meant held; where it does not find spans by their trace, one of the spans of the
 * traces that are meant, which are held in memory.
 */
export async function heldFor(subject: FoundId, reader: StoreReader): Promise<StoreReader> {
  if (reader.has("outlines") && subject.by === "trace") return reader;
  const outlines = await reader.outlines(queryOf(subject));
  if (reader.has("outlines")) return new StoreReader(new HeldOutlines(reader, subject.id, outlines));
  const traces = new Set(outlines.map(({ traceId }) => traceId));
  const spans: Span[] = [];
  for await (const span of reader.iterate({})) if (traces.has(span.traceId)) spans.push(span);
  return new StoreReader({ name: reader.name, find: (query) => selectSpans(spans, query) });
}

/** A store of which the outlines of one conversation are known. */
class HeldOutlines implements ReadableStore {
  readonly name: string;
  readonly #reader: StoreReader;
  readonly #conversation: unknown;
  readonly #held: readonly SpanOutline[];

  constructor(reader: StoreReader, conversation: unknown, held: readonly SpanOutline[]) {
    this.name = reader.name;
    this.#reader = reader;
    this.#conversation = conversation;
    this.#held = held;
  }

  get notes(): readonly string[] {
    return this.#reader.notes;
  }

  find(query: TraceQuery): Promise<readonly Span[]> {
    return this.#reader.find(query);
  }

  iterate(query: TraceQuery): AsyncIterable<Span> {
    return this.#reader.iterate(query);
  }

  idsByPrefix(prefix: string, limit: number): Promise<readonly FoundId[]> {
    return this.#reader.idsByPrefix(prefix, limit);
  }

  async outlines(query: OutlineQuery): Promise<readonly SpanOutline[]> {
    const [name, ...others] = Object.keys(query);
    const isHeld =
      name === "conversation" &&
      others.length === 0 &&
      isSameConversation(query.conversation, this.#conversation);
    return isHeld ? this.#held : this.#reader.outlines(query);
  }
}
