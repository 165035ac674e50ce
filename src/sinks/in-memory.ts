// Keeps the latest spans in memory: for tests, for development, for what a page shows of this process.
import { outlineOf, type SpanOutline } from "../conventions/facts.ts";
import { matches } from "../conventions/matches.ts";
import { TracelightError } from "../model/errors.ts";
import { newSpanId } from "../model/ids.ts";
import { checkOptions, is } from "../model/options.ts";
import { arrange, checkQuery, type TraceQuery } from "../model/query.ts";
import { boundedSize } from "../model/size.ts";
import { selectSpans } from "../tracing/select.ts";
import type { DeliveryReport } from "../tracing/sink.ts";
import type { Span } from "../tracing/span.ts";
import type { Changes, OutlineQuery, Store, SummaryPage, SummaryQuery } from "../tracing/store.ts";
import { selectSummaries } from "../tracing/summaries.ts";
import { OUTLET, Tracer } from "../tracing/tracer.ts";
import { TRACER_OPTION_CHECKS, type TracerOptions } from "../tracing/tracer-options.ts";

/** Options of `InMemoryTracer`. */
export interface InMemoryOptions extends TracerOptions {
  /** So many spans are kept; older ones go first. Default 1000. */
  readonly maxSpans?: number | undefined;
  /** The Python toolkit's name for `maxSpans`: give one of them. */
  readonly memorySize?: number | undefined;
  /** About so many bytes of spans are kept. No limit unless told. */
  readonly maxBytes?: number | undefined;
}

/**
 * Keeps spans in memory. Reads are synchronous here.
 *
 * @example
 * ```ts
 * const tracer = new InMemoryTracer({ maxSpans: 1000 });
 * tracer.trace("parent", (span) => span.addAttribute("foo", "bar"));
 * console.log(tracer.getTraces()[0]?.attributes["foo"]); // bar
 * ```
 *
 * @throws TracelightError `INVALID_OPTION`
 */
export class InMemoryTracer extends Tracer {
  readonly #sink: InMemorySink;

  constructor(options: InMemoryOptions = {}) {
    checkOptions(options, {
      owner: "InMemoryTracer",
      checks: {
        ...TRACER_OPTION_CHECKS,
        ...{ maxSpans: is.count(0), memorySize: is.count(0), maxBytes: is.count(0) },
      },
    });
    const { maxSpans, memorySize, maxBytes = Number.POSITIVE_INFINITY, ...rest } = options;
    if (maxSpans !== undefined && memorySize !== undefined) throw givenTwice();
    const sink = new InMemorySink(maxSpans ?? memorySize ?? 1000, maxBytes);
    super(sink, rest);
    this.#sink = sink;
  }

  /** The spans that the query asks for, in start order, each with its parent where that is among them. */
  override getTraces(query: TraceQuery = {}): readonly Span[] {
    checkQuery(query);
    this[OUTLET].finishProcessing();
    return this.#sink.find(query);
  }

  /**
   * Traces or conversations as rows, newest first, by cursor.
   * @throws TracelightError `INVALID_QUERY`
   */
  override summaries(query: SummaryQuery = {}): SummaryPage {
    this[OUTLET].finishProcessing();
    return this.#sink.summaries(query);
  }
}

function givenTwice(): TracelightError {
  const message = 'InMemoryTracer takes "maxSpans", or "memorySize", which is another name for it, not both.';
  return new TracelightError("INVALID_OPTION", message);
}

interface Kept {
  readonly span: Span;
  readonly bytes: number;
}

/** A ring of the latest spans. */
class InMemorySink implements Store {
  readonly name = "in-memory";
  /** Cursors of another are refused: it saw something else. */
  readonly #id: string = newSpanId();
  readonly #maxSpans: number;
  readonly #maxBytes: number;
  /** Made once: a span that ended stays as it is. */
  readonly #outlines = new WeakMap<Span, SpanOutline>();
  readonly #ring: (Kept | undefined)[] = [];
  #oldest = 0;
  #count = 0;
  #bytes = 0;
  #written = 0;
  #evicted = 0;

  constructor(maxSpans: number, maxBytes: number) {
    this.#maxSpans = maxSpans;
    this.#maxBytes = maxBytes;
  }

  write(span: Span): void {
    const bytes = this.#maxBytes === Number.POSITIVE_INFINITY ? 0 : boundedSize(span, this.#maxBytes);
    this.#written++;
    this.#add({ span, bytes });
    while (this.#count > this.#maxSpans || this.#bytes > this.#maxBytes) this.#evict();
  }

  find(query: TraceQuery): readonly Span[] {
    return selectSpans(this.#spans(), query);
  }

  summaries(query: SummaryQuery): SummaryPage {
    return selectSummaries(this.#spans(), query);
  }

  outlines(query: OutlineQuery): readonly SpanOutline[] {
    const matching = this.#spans().filter((span) => matches(span, query));
    return arrange(matching, query).map((span) => this.#outlineOf(span));
  }

  #outlineOf(span: Span): SpanOutline {
    const outline = this.#outlines.get(span) ?? outlineOf(span);
    this.#outlines.set(span, outline);
    return outline;
  }

  changes(cursor: string | undefined): Changes {
    const since = cursor === undefined ? this.#written : this.#placeOf(cursor);
    const fresh = this.#written - since;
    return { spans: fresh === 0 ? [] : this.#spans().slice(-fresh), cursor: `${this.#id}.${this.#written}` };
  }

  #placeOf(cursor: string): number {
    const [id, written] = cursor.split(".");
    if (id === this.#id && Number(written) <= this.#written) return Number(written);
    throw new TracelightError(
      "INVALID_QUERY",
      "The cursor is none of a look at changes; leave it out for the first.",
    );
  }

  async flush(): Promise<DeliveryReport> {
    return this.report();
  }

  report(): DeliveryReport {
    return { written: this.#written, pending: 0, dropped: this.#evicted, failed: 0, errors: [] };
  }

  #add(kept: Kept): void {
    if (this.#count === this.#ring.length) this.#grow();
    this.#ring[(this.#oldest + this.#count) % this.#ring.length] = kept;
    this.#count++;
    this.#bytes += kept.bytes;
  }

  #evict(): void {
    this.#bytes -= this.#ring[this.#oldest]?.bytes ?? 0;
    this.#ring[this.#oldest] = undefined;
    this.#oldest = (this.#oldest + 1) % this.#ring.length;
    this.#count--;
    this.#evicted++;
  }

  /** Doubles the ring, up to one place more than it may keep. */
  #grow(): void {
    const kept = this.#inOrder();
    this.#ring.length = 0;
    this.#ring.push(...kept);
    this.#ring.length = Math.min(Math.max(16, kept.length * 2), this.#maxSpans + 1);
    this.#oldest = 0;
  }

  #inOrder(): (Kept | undefined)[] {
    return [...this.#ring.slice(this.#oldest), ...this.#ring.slice(0, this.#oldest)];
  }

  #spans(): Span[] {
    return this.#inOrder()
      .filter((kept) => kept !== undefined)
      .map(({ span }) => span);
  }
}
