// What is exported: a trace or a conversation of a store, read turn by turn, so that no more is held than a trace.

import type { PriceTable } from "../conventions/cost.ts";
import type { SpanOutline } from "../conventions/facts.ts";
import { readSpan } from "../conventions/reading.ts";
import { type Summary, summarizeOutlines } from "../conventions/summary.ts";
import { type ToldTurn, toldTurn } from "../conventions/told.ts";
import { type TurnOf, turnsAmong } from "../conventions/turns.ts";
import { inStartOrder } from "../model/query.ts";
import { queryOf } from "../tracing/found.ts";
import type { StoreReader } from "../tracing/readable.ts";
import type { Span } from "../tracing/span.ts";
import type { FoundId } from "../tracing/store.ts";

/** A turn, and its row. */
export interface ExportedTurn {
  /** 1, 2 and so on. */
  readonly number: number;
  readonly summary: Summary;
  readonly told: ToldTurn;
}

/** A trace or a conversation of a store. */
export class Subject {
  readonly id: FoundId;
  /** Its row. */
  readonly summary: Summary;
  /** What models cost; undefined where nobody asked. */
  readonly prices: PriceTable | undefined;
  readonly #turns: readonly TurnOf<Outlined>[];
  readonly #reader: StoreReader;
  /** The trace that was read last: often several turns lie in one. */
  #trace: { readonly id: string; readonly spans: readonly Span[] } | undefined;

  private constructor(
    id: FoundId,
    { summary, turns, reader, prices }: Pick<Subject, "summary" | "prices"> & SubjectParts,
  ) {
    this.id = id;
    this.summary = summary;
    this.#turns = turns;
    this.#reader = reader;
    this.prices = prices;
  }

  /** Undefined where the store has no span of it. */
  static async of(id: FoundId, reader: StoreReader, prices?: PriceTable): Promise<Subject | undefined> {
    const outlines = await reader.outlines(queryOf(id));
    const summary = summarizeOutlines(outlines, id.by, prices);
    if (summary === undefined) return undefined;
    const ordered = inStartOrder(outlines).map((span) => ({ span }));
    const turns = turnsAmong(ordered, ({ span }) => span.facts.kind);
    return new Subject(id, { summary, turns, reader, prices });
  }

  /** The turns in order, each read when it is asked for. */
  async *turns(): AsyncGenerator<ExportedTurn> {
    for (const [i, { head, spans: placed }] of this.#turns.entries()) {
      const outlines = placed.map(({ span }) => span);
      const summary = summarizeOutlines(outlines, "trace", this.prices);
      if (summary === undefined) continue;
      const ids = new Set(outlines.map(({ spanId }) => spanId));
      const found = await this.#spansOf(String(summary.id));
      const spans = found.filter(({ spanId }) => ids.has(spanId));
      const read = inStartOrder(spans).map((span) => ({ span, reading: readSpan(span) }));
      const headRead = read.find(({ span }) => span.spanId === head?.span.spanId);
      yield { number: i + 1, summary, told: toldTurn({ head: headRead, spans: read }) };
    }
  }

  /** The spans, trace by trace. */
  async *traces(): AsyncGenerator<{ readonly traceId: string; readonly spans: readonly Span[] }> {
    const ids = new Set(this.#turns.flatMap(({ spans }) => spans.map(({ span }) => span.traceId)));
    for (const traceId of ids) yield { traceId, spans: await this.#spansOf(traceId) };
  }

  async #spansOf(traceId: string): Promise<readonly Span[]> {
    if (this.#trace?.id === traceId) return this.#trace.spans;
    this.#trace = undefined;
    const spans = await this.#reader.find({ ...queryOf(this.id), traceId });
    this.#trace = { id: traceId, spans };
    return spans;
  }
}

interface Outlined {
  readonly span: SpanOutline;
}

interface SubjectParts {
  readonly turns: readonly TurnOf<Outlined>[];
  readonly reader: StoreReader;
}
