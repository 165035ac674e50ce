// The way from a tracer to its sink, and the one place of its lifecycle: `process`, counting, faults, flush and close.
import * as types from "node:util/types";
import { asTracelightError, TracelightError } from "../model/errors.ts";
import { clearTimeout, setImmediate, setTimeout } from "../model/timers.ts";
import { callSink, isBridged, runQuietly } from "./context.ts";
import { type Process, processed } from "./draft.ts";
import type { Faults } from "./faults.ts";
import { identityOf } from "./identity.ts";
import type { DeliveryReport, FaultReporter, FlushWish, Sink } from "./sink.ts";
import { frozenSpan, type Span } from "./span.ts";
import { NODE } from "./span-node.ts";

const DEFAULT_FLUSH_MS = 30_000;
/** A sink that keeps its time is not taken for one that hangs. */
const FLUSH_GRACE_MS = 100;
const MAX_TIMER_MS = 2 ** 31 - 1;

/** A sink that cannot harm the app, whatever it does. */
export class Outlet {
  readonly sink: Sink;
  readonly #process: Process | undefined;
  readonly #faults: Faults;
  #written = 0;
  #failed = 0;
  #dropped = 0;
  #interrupted = 0;
  #closing: Promise<DeliveryReport> | undefined;

  constructor(sink: Sink, process: Process | undefined, faults: Faults) {
    this.sink = sink;
    this.#process = process;
    this.#faults = faults;
    try {
      sink.attach?.({ report: (fault) => this.#told(fault) });
    } catch (error) {
      this.#sinkFailed("attach", error);
    }
  }

  /** Lets faults go to another where the tracer has no `onError` of its own: to the tee that it is a member of. */
  attach(to: FaultReporter | undefined): void {
    this.#faults.attach(to);
  }

  /** A sink says what went wrong. */
  #told(fault: unknown): void {
    this.#faults.report(asTracelightError(fault, "SINK_FAILED", `The sink "${this.sink.name}" failed`));
  }

  /** Hands a span that ended to the sink. */
  accept(span: Span): void {
    if (this.#closing === undefined) this.#write(span);
    else this.#late(span);
  }

  /** False where the sink does not get the span. */
  #write(span: Span): boolean {
    try {
      const out = this.#process === undefined ? span : processed(span, this.#process);
      if (out === undefined) {
        this.discard(span);
        return false;
      }
      const result: unknown = isBridged() ? this.#writeQuietly(out) : this.sink.write(out);
      this.#written++;
      // An async write is against the contract, but TypeScript lets it pass, and its rejection must not end the app.
      if (result !== undefined && types.isPromise(result))
        result.catch((error) => this.#notWritten(error, 1));
      return true;
    } catch (error) {
      this.#notWritten(error, 0);
      if (this.#process !== undefined) this.discard(span);
      return false;
    }
  }

  /** Takes a span of elsewhere that never ended, and will not. */
  interrupt(span: Span): void {
    if (this.#closing === undefined && this.#write(span)) this.#interrupted++;
  }

  /** By itself, so that no function is made for each span. */
  #writeQuietly(span: Span): unknown {
    return runQuietly(() => this.sink.write(span));
  }

  /** Takes note of what could not be made a span; `lost` where one is missing by that. */
  leftOut(error: TracelightError, lost: 0 | 1): void {
    this.#failed += lost;
    this.#faults.report(error);
  }

  /** What a sink keeps of a span that began must go where the span may not be written; it is told which, and no more. */
  discard(span: Span): void {
    try {
      callSink(() => this.sink.discard?.(identityOf(span)));
    } catch (error) {
      this.#sinkFailed("discard", error);
    }
  }

  /** Shows the sink a span that runs, where it looks at such. */
  observe(span: Span, what: "start" | "snapshot"): void {
    if (this.sink.observe === undefined || this.#closing !== undefined) return;
    try {
      const shown = this.#process === undefined ? span : this.#processedView(span, this.#process);
      if (shown === undefined) return;
      const result: unknown = callSink(() => this.sink.observe?.(shown, what));
      if (types.isPromise(result)) result.catch((error) => this.#sinkFailed("observe", error));
    } catch (error) {
      this.#sinkFailed("observe", error);
    }
  }

  /** Delivers what waits, within the time. Never rejects. */
  async flush(wish?: FlushWish): Promise<DeliveryReport> {
    // Programs of JavaScript may give null.
    const timeoutMs = waitingTime(wish?.timeoutMs);
    const wanted = wish?.isRead === true ? { timeoutMs, isRead: true } : { timeoutMs };
    const { flush } = this.sink;
    if (flush === undefined) return this.report();
    return this.#withOwn(await this.#withinTime("flush", () => flush.call(this.sink, wanted), timeoutMs));
  }

  /** Takes the spans that never ended, flushes, once, within the time, and takes no more. Never rejects. */
  close(wanted?: number, unended: () => Unended = nothing): Promise<DeliveryReport> {
    this.#closing ??= this.#close(wanted, unended());
    return this.#closing;
  }

  /** What became of the spans until now: as the sink says, or, where it cannot say, as it was given them. */
  report(): DeliveryReport {
    return this.#withOwn(this.#reportOfSink() ?? this.#asGiven());
  }

  #notWritten(error: unknown, counted: 0 | 1): void {
    this.#written -= counted;
    this.#failed++;
    this.#sinkFailed("write", error);
  }

  #sinkFailed(what: string, error: unknown): void {
    const message = `The sink "${this.sink.name}" could not ${what}`;
    this.#faults.report(asTracelightError(error, "SINK_FAILED", message));
  }

  /** A running span as sinks may see it: a processed copy, whose `snapshot()` is the next processed copy. */
  #processedView(span: Span, process: Process): Span | undefined {
    const copy = processed(span.snapshot(), process);
    return copy && frozenSpan(copy[NODE], { ...copy.payload(), again: () => this.#nextView(span, copy) });
  }

  /** The view after `last`, which stays where `process` now says no: the sink asks at a time of its own. */
  #nextView(span: Span, last: Span): Span {
    try {
      return (this.#process && this.#processedView(span, this.#process)) ?? last;
    } catch (error) {
      this.#sinkFailed("look again at a span", error);
      return last;
    }
  }

  #late(span: Span): void {
    this.#dropped++;
    const message = `The span "${span.spanName}" ended after its tracer was closed and was dropped.`;
    this.#faults.reportRarely(new TracelightError("TRACER_CLOSED", message));
  }

  async #close(wanted: number | undefined, { spans, lost }: Unended): Promise<DeliveryReport> {
    if (lost > 0) this.#lost(lost);
    for (const [i, span] of spans.entries()) {
      if (i % SPANS_A_TURN === SPANS_A_TURN - 1) await turn();
      if (this.#write(span)) this.#interrupted++;
    }
    const { close } = this.sink;
    if (close === undefined) return this.flush({ timeoutMs: wanted });
    const timeoutMs = waitingTime(wanted);
    return this.#withOwn(
      await this.#withinTime("close", () => close.call(this.sink, { timeoutMs }), timeoutMs),
    );
  }

  #lost(count: number): void {
    this.#dropped += count;
    const message = `${count} spans never ended and are lost: beyond 10,000 open spans the oldest are kept no longer than by others.`;
    this.#faults.report(new TracelightError("QUEUE_FULL", message));
  }

  /** A sink that delivers later and does not say what it has delivered has, for all we know, delivered nothing. */
  #asGiven(): DeliveryReport {
    const isAtOnce = this.sink.flush === undefined;
    const [written, pending] = isAtOnce ? [this.#written, 0] : [0, this.#written];
    return { written, pending, dropped: 0, failed: 0, errors: [] };
  }

  #reportOfSink(): DeliveryReport | undefined {
    try {
      const report = this.sink.report?.();
      return report && checkedReport(report);
    } catch (error) {
      this.#sinkFailed("report", error);
      return undefined;
    }
  }

  #withOwn(report: DeliveryReport): DeliveryReport {
    return {
      written: report.written,
      pending: report.pending,
      dropped: report.dropped + this.#dropped,
      failed: report.failed + this.#failed,
      ...interruptedIn(this.#interrupted + (report.interrupted ?? 0)),
      ...(report.unsampled === undefined ? {} : { unsampled: report.unsampled }),
      errors: [...new Set([...report.errors, ...this.#faults.all])],
    };
  }

  /** A sink's own flush or close; where it throws, or takes longer than it may, what is true then is the report. */
  async #withinTime(
    what: "flush" | "close",
    deliver: () => Promise<DeliveryReport>,
    timeoutMs: number,
  ): Promise<DeliveryReport> {
    let timer: NodeJS.Timeout | undefined;
    try {
      // Before its watch, so that whoever keeps the same time inside, as the members of a tee do, is done before.
      const delivered = runQuietly(deliver);
      const timeout = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(this.#timedOut(timeoutMs)), timeoutMs + FLUSH_GRACE_MS);
      });
      return checkedReport(await Promise.race([delivered, timeout]));
    } catch (error) {
      this.#sinkFailed(what, error);
      return this.#reportOfSink() ?? this.#asGiven();
    } finally {
      clearTimeout(timer);
    }
  }

  #timedOut(timeoutMs: number): TracelightError {
    const message = `The sink "${this.sink.name}" did not finish within ${timeoutMs} ms.`;
    return new TracelightError("FLUSH_TIMEOUT", message);
  }
}

/** Spans that have not ended when their tracer is closed, and how many are known by their number only. */
interface Unended {
  readonly spans: readonly Span[];
  readonly lost: number;
}

function nothing(): Unended {
  return { spans: [], lost: 0 };
}

/** Before the app has a turn. */
const SPANS_A_TURN = 256;

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** The count as a report has it: only where there is something to say. */
export function interruptedIn(interrupted: number): Pick<DeliveryReport, "interrupted"> {
  return interrupted === 0 ? {} : { interrupted };
}

/** How long to wait; Node's timers take no more than 2^31 - 1 ms. */
function waitingTime(timeoutMs: unknown): number {
  if (typeof timeoutMs !== "number" || !(timeoutMs >= 0)) return DEFAULT_FLUSH_MS;
  return Math.min(timeoutMs, MAX_TIMER_MS - FLUSH_GRACE_MS);
}

/** What a sink reports; throws where it is no report. */
function checkedReport(report: DeliveryReport): DeliveryReport {
  const { written, pending, dropped, failed, interrupted = 0, errors } = report;
  const isReport =
    [written, pending, dropped, failed, interrupted].every(Number.isFinite) && Array.isArray(errors);
  if (!isReport) throw new TypeError("flush and close must resolve with a DeliveryReport");
  return report;
}
