// Spans from outside into a sink, one request at a time, and what became of them.

import type { TracelightErrorCode } from "../model/error-codes.ts";
import { steadyNow } from "../model/timers.ts";
import { Turns } from "../model/turns.ts";
import type { DeliveryReport, Sink } from "../tracing/sink.ts";
import { spanFrom } from "../tracing/span.ts";
import { OUTLET, Tracer } from "../tracing/tracer.ts";
import type { TracerOptions } from "../tracing/tracer-options.ts";
import type { ReceivedSpan } from "./decoded.ts";
import { busy } from "./refusal.ts";

/**
 * Hands spans to a sink and waits until they are written. One request at a time, so that what the sink's counts say is about
 * that request.
 */
export class Intake {
  readonly #outlet: Tracer[typeof OUTLET];
  readonly #turns: Turns = new Turns();
  /** Spans that the sink still had when their sender was told to come again. */
  readonly #handedOver = new Set<string>();
  #latest: Promise<void> = Promise.resolve();

  constructor(to: Sink | Tracer, options: TracerOptions) {
    this.#outlet = isTracer(to) ? to[OUTLET] : new Tracer(to, options)[OUTLET];
  }

  /**
   * Stores the spans that `read` gives once it is this request's turn. Resolves with how many the sink refused for good.
   * Throws a `Refusal` where they are not all written within the time: the sender should keep them.
   */
  async store(read: () => Promise<readonly ReceivedSpan[]>, timeoutMs: number): Promise<number> {
    const deadline = steadyNow() + timeoutMs;
    const before = this.#latest;
    let done = (): void => undefined;
    this.#latest = new Promise((resolve) => (done = resolve));
    try {
      await before;
      return await this.#store(await read(), deadline);
    } finally {
      done();
    }
  }

  async #store(spans: readonly ReceivedSpan[], deadline: number): Promise<number> {
    const before = await this.#flush(deadline);
    // What does not take what it has would drop what it gets.
    if (isBehind(before)) throw busy("The store does not keep up.");
    await this.#write(spans);
    return this.#settle(spans, before, await this.#flush(deadline));
  }

  /** Not as at an end: a trace of which more may come is not to be decided. */
  #flush(deadline: number): Promise<DeliveryReport> {
    return this.#outlet.flush({ timeoutMs: Math.max(0, deadline - steadyNow()), isRead: true });
  }

  async #write(spans: readonly ReceivedSpan[]): Promise<void> {
    this.#turns.begin();
    for (const fields of spans) {
      if (!this.#handedOver.has(idOf(fields))) this.#outlet.accept(spanFrom(fields, undefined, fields.flat));
      if (this.#turns.over) await this.#turns.next();
    }
  }

  #settle(spans: readonly ReceivedSpan[], before: DeliveryReport, after: DeliveryReport): number {
    const failed = after.failed - before.failed;
    const isLost = after.dropped > before.dropped && after.errors.some(({ code }) => LOSSES.has(code));
    if (isBehind(after)) {
      this.#remember(spans);
      throw busy("The store has not written the spans yet.");
    }
    if (after.written - before.written >= spans.length || (failed === 0 && !isLost)) {
      this.#forget(spans);
      return 0;
    }
    // Which are lost nobody knows: the repeat writes all of them again.
    this.#handedOver.clear();
    if (isLost || failed >= spans.length) throw busy("The store did not take the spans.");
    return failed;
  }

  /** The repeat of these is not written again. */
  #remember(spans: readonly ReceivedSpan[]): void {
    for (const fields of spans) this.#handedOver.add(idOf(fields));
    for (const oldest of this.#handedOver) {
      if (this.#handedOver.size <= MAX_HANDED_OVER) break;
      this.#handedOver.delete(oldest);
    }
  }

  #forget(spans: readonly ReceivedSpan[]): void {
    if (this.#handedOver.size === 0) return;
    for (const fields of spans) this.#handedOver.delete(idOf(fields));
  }
}

/** What waits for the rest of its trace is where it should be. */
function isBehind({ pending, undecided = 0 }: DeliveryReport): boolean {
  return pending > undecided;
}

/** Any copy's tracer. What is neither is found out by `new Tracer`. */
function isTracer(to: Sink | Tracer): to is Tracer {
  return typeof to === "object" && to !== null && OUTLET in to;
}

function idOf({ traceId, spanId }: ReceivedSpan): string {
  return traceId + spanId;
}

const MAX_HANDED_OVER = 100_000;
/** A store that keeps the latest only drops older ones as well, and says none of these. */
const LOSSES: ReadonlySet<string> = new Set<TracelightErrorCode>(["QUEUE_FULL", "TRACER_CLOSED"]);
