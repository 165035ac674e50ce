// What makes a whole trace worth keeping: conditions that are asked of each of its spans.
import { costOfCall, type PriceTable } from "../conventions/cost.ts";
import { outlineOf, type SpanOutline } from "../conventions/facts.ts";
import { summarizeOutlines } from "../conventions/summary.ts";
import { TracelightError } from "../model/errors.ts";
import { hasFailed } from "../model/failure.ts";
import { DURATION_FORMS, durationOf } from "../model/times.ts";
import { evaluate, readWhere } from "../model/where.ts";
import { loadPrices } from "../prices/prices.ts";
import type { Span } from "../tracing/span.ts";

/** What is known of a trace when one of its spans has ended. The same object for all spans of the trace. */
export interface TraceSoFar {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** Spans that have ended. */
  readonly spans: number;
  /** Milliseconds from the first start to the last end. */
  readonly durationMs: number;
}

/** Asked for each span that has ended, in that order: true keeps the whole trace. What it throws is reported, and the trace kept. */
export type Keep = (span: Span, trace: TraceSoFar) => boolean;

/** Keeps traces in which a span failed, whichever vocabulary says so: as `ls --errors` has it. */
export const failed: Keep = (span) => hasFailed(span);

/**
 * Keeps traces that took longer: `"5s"`, `"250ms"`, `"2m"`, or a number of milliseconds.
 * @throws TracelightError `INVALID_OPTION`
 */
export function slowerThan(time: string | number): Keep {
  const ms = typeof time === "number" ? time : (durationOf(time) ?? Number.NaN) / 1000;
  if (!(ms >= 0)) throw invalid(`slowerThan needs milliseconds, or a text such as ${DURATION_FORMS}.`);
  return (_, { durationMs }) => durationMs > ms;
}

/**
 * Keeps traces with a span for which the filter holds: see docs/where.md.
 * @throws TracelightError `INVALID_QUERY`
 */
export function where(filter: string): Keep {
  const read = readWhere(filter);
  return (span) => evaluate(read, span);
}

/** Where the prices of `costsMore` are. */
export interface CostOptions {
  /** Default: those of `@pydantic/genai-prices`, which must be installed then. */
  readonly prices?: PriceTable | undefined;
}

/**
 * Keeps traces whose model calls cost more than so many US dollars together, each call counted once. Calls without a price cost nothing here.
 *
 * @throws TracelightError `INVALID_OPTION`; `MISSING_DEPENDENCY` where no prices are given and the package is not installed
 */
export function costsMore(usd: number, { prices = installedPrices() }: CostOptions = {}): Keep {
  if (!(usd >= 0)) throw invalid("costsMore needs a number of US dollars of at least 0.");
  const costs = new WeakMap<TraceSoFar, TraceCost>();
  return (span, trace) => {
    const cost = costs.get(trace) ?? new TraceCost(prices, usd);
    costs.set(trace, cost);
    return cost.add(span);
  };
}

/** Loaded now, not within the first trace that has a model call. */
function installedPrices(): PriceTable {
  const prices = loadPrices();
  prices.pricesOf("gpt-4o", undefined, 0);
  if (!prices.isPackageMissing) return prices;
  const mend =
    "npm install @pydantic/genai-prices, or give your own: costsMore(usd, { prices: loadPrices({ models }) })";
  throw new TracelightError("MISSING_DEPENDENCY", `costsMore has no prices: ${mend}.`);
}

/** What the calls of a trace cost so far. */
class TraceCost {
  readonly #prices: PriceTable;
  readonly #most: number;
  readonly #outlines: SpanOutline[] = [];
  /** At most so much: a call that is there twice, as a library's and its client's, is in it twice. */
  #bound = 0;

  constructor(prices: PriceTable, most: number) {
    this.#prices = prices;
    this.#most = most;
  }

  /** Takes note of a span; true where it is more than the limit by now. */
  add(span: Span): boolean {
    const outline = outlineOf(span);
    this.#outlines.push(outline);
    const usd = costOfCall({ span, facts: outline.facts }, this.#prices);
    if (usd === undefined) return false;
    this.#bound += usd;
    return this.#bound > this.#most && this.#exact() > this.#most;
  }

  /** Read through only where it may be enough; what it comes to is the new bound. */
  #exact(): number {
    this.#bound = summarizeOutlines(this.#outlines, "trace", this.#prices)?.costUsd ?? 0;
    return this.#bound;
  }
}

function invalid(message: string): TracelightError {
  return new TracelightError("INVALID_OPTION", message);
}
