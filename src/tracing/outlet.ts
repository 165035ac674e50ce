// The way from a tracer to its sink, and the one place of its lifecycle: `process`, counting, faults, flush and close.
import * as types from "node:util/types";
import { asTracelightError, TracelightError } from "../model/errors.ts";
import type { Steps } from "../model/steps.ts";
import { clearTimeout, setTimeout, steadyNow, turn } from "../model/timers.ts";
import { callSink, isBridged, runQuietly } from "./context.ts";
import { type Process, processed, processedInSteps } from "./draft.ts";
import type { Faults } from "./faults.ts";
import { identityOf } from "./identity.ts";
import { InTurns } from "./in-turns.ts";
import type { DeliveryReport, FaultReporter, FlushWish, Sink } from "./sink.ts";
import type { Span } from "./span.ts";
import { Views } from "./views.ts";

const DEFAULT_FLUSH_MS = 30_000;
/** A sink that keeps its time is not taken for one that hangs. */
const FLUSH_GRACE_MS = 100;
const MAX_TIMER_MS = 2 ** 31 - 1;

/** A sink that cannot harm the app, whatever it does. */
export class Outlet {
  readonly sink: Sink;
  readonly #process: Process | undefined;
  readonly #faults: Faults;
  /** What `process` has not done yet. */
  readonly #processing = new InTurns();
  /** Spans that ended among it. */
  #unprocessed = 0;
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
    if (this.#closing === undefined) this.#take(span);
    else this.#late(span);
  }

  /** Takes a span of elsewhere that never ended, and will not. */
  interrupt(span: Span): void {
    if (this.#closing === undefined) this.#take(span, 1);
  }

  /** `interrupted` is 1 for a span that never ended. */
  #take(span: Span, interrupted: 0 | 1 = 0): void {
    const process = this.#process;
    if (process?.steps !== undefined) return this.#processing.add(this.#writing(span, interrupted, process));
    try {
      this.#write(span, process === undefined ? span : processed(span, process), interrupted);
    } catch (error) {
      this.#refused(span, error);
    }
  }

  *#writing(span: Span, interrupted: 0 | 1, process: Process): Steps<void> {
    this.#unprocessed++;
    try {
      this.#write(span, yield* processedInSteps(span, process), interrupted);
    } catch (error) {
      this.#refused(span, error);
    } finally {
      this.#unprocessed--;
    }
  }

  /** Hands over what `process` made of a span; undefined where the sink is not to get it. */
  #write(span: Span, out: Span | undefined, interrupted: 0 | 1): void {
    if (out === undefined) return this.discard(span);
    const result: unknown = isBridged() ? this.#writeQuietly(out) : this.sink.write(out);
    this.#written++;
    this.#interrupted += interrupted;
    // An async write is against the contract, but TypeScript lets it pass, and its rejection must not end the app.
    if (result !== undefined && types.isPromise(result)) result.catch((error) => this.#notWritten(error, 1));
  }

  #refused(span: Span, error: unknown): void {
    this.#notWritten(error, 0);
    if (this.#process !== undefined) this.discard(span);
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
    this.#trying("discard", () => callSink(() => this.sink.discard?.(identityOf(span))));
  }

  /** Shows the sink a span that runs, where it looks at such. */
  observe(span: Span, what: "start" | "snapshot"): void {
    if (this.sink.observe === undefined || this.#closing !== undefined) return;
    const process = this.#process;
    if (process !== undefined) this.#processing.add(this.#showing(span, what, process));
    else this.#trying("observe", () => this.#show(span, what));
  }

  /** A running span as sinks may see it: a processed copy, whose `snapshot()` is the next processed copy. */
  *#showing(span: Span, what: "start" | "snapshot", process: Process): Steps<void> {
    const views = new Views(span, {
      process: (copy) => processedInSteps(copy, process),
      later: (work) => this.#processing.add(work),
      failed: (error) => this.#sinkFailed("look again at a span", error),
    });
    try {
      this.#show(yield* views.next(), what);
    } catch (error) {
      this.#sinkFailed("observe", error);
    }
  }

  #show(shown: Span | undefined, what: "start" | "snapshot"): void {
    if (shown === undefined) return;
    const result: unknown = callSink(() => this.sink.observe?.(shown, what));
    if (types.isPromise(result)) result.catch((error) => this.#sinkFailed("observe", error));
  }

  #trying(what: string, work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#sinkFailed(what, error);
    }
  }

  /** Finishes at once what `process` has not done. */
  finishProcessing(): void {
    this.#processing.finish();
  }

  /** Delivers what waits, within the time. Never rejects. */
  async flush(wish?: FlushWish): Promise<DeliveryReport> {
    // Programs of JavaScript may give null.
    const timeoutMs = waitingTime(wish?.timeoutMs);
    const { flush } = this.sink;
    if (flush === undefined && this.#processing.size === 0) return this.report();
    const deliver = async (leftMs: number) =>
      flush === undefined
        ? this.#asKnown()
        : flush.call(this.sink, { timeoutMs: leftMs, ...(wish?.isRead === true ? { isRead: true } : {}) });
    return this.#withOwn(await this.#withinTime("flush", deliver, timeoutMs));
  }

  /** Takes the spans that never ended, flushes, once, within the time, and takes no more. Never rejects. */
  close(wanted?: number, unended: () => Unended = nothing): Promise<DeliveryReport> {
    this.#closing ??= this.#close(wanted, unended());
    return this.#closing;
  }

  /** What became of the spans until now: as the sink says, or, where it cannot say, as it was given them. */
  report(): DeliveryReport {
    return this.#withOwn(this.#asKnown());
  }

  #asKnown(): DeliveryReport {
    return this.#reportOfSink() ?? this.#asGiven();
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

  #late(span: Span): void {
    this.#dropped++;
    const message = `The span "${span.spanName}" ended after its tracer was closed and was dropped.`;
    this.#faults.reportRarely(new TracelightError("TRACER_CLOSED", message));
  }

  async #close(wanted: number | undefined, { spans, lost }: Unended): Promise<DeliveryReport> {
    if (lost > 0) this.#lost(lost);
    for (const [i, span] of spans.entries()) {
      if (i % SPANS_A_TURN === SPANS_A_TURN - 1) await turn();
      this.#take(span, 1);
    }
    const report = await this.#deliverLast(wanted);
    if (this.#processing.giveUp() === 0) return report;
    this.#dropUnprocessed();
    return this.report();
  }

  async #deliverLast(wanted: number | undefined): Promise<DeliveryReport> {
    const { close } = this.sink;
    if (close === undefined) return this.flush({ timeoutMs: wanted });
    const deliver = async (timeoutMs: number) => close.call(this.sink, { timeoutMs });
    return this.#withOwn(await this.#withinTime("close", deliver, waitingTime(wanted)));
  }

  /** The time was over before `process` was. */
  #dropUnprocessed(): void {
    const message = `${this.#unprocessed} spans were still being processed when their tracer was closed and were dropped.`;
    this.#dropped += this.#unprocessed;
    this.#unprocessed = 0;
    this.#faults.report(new TracelightError("TRACER_CLOSED", message));
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
      pending: report.pending + this.#unprocessed,
      dropped: report.dropped + this.#dropped,
      failed: report.failed + this.#failed,
      ...interruptedIn(this.#interrupted + (report.interrupted ?? 0)),
      ...undecidedIn(report.undecided ?? 0),
      ...(report.unsampled === undefined ? {} : { unsampled: report.unsampled }),
      errors: [...new Set([...report.errors, ...this.#faults.all])],
    };
  }

  /** A sink's own flush or close; where it throws, or takes longer than it may, what is true then is the report. */
  async #withinTime(
    what: "flush" | "close",
    deliver: (leftMs: number) => Promise<DeliveryReport>,
    timeoutMs: number,
  ): Promise<DeliveryReport> {
    let timer: NodeJS.Timeout | undefined;
    try {
      // Before its watch, so that whoever keeps the same time inside, as the members of a tee do, is done before.
      const delivered = runQuietly(() =>
        this.#processing.size === 0 ? deliver(timeoutMs) : this.#processedFirst(deliver, timeoutMs),
      );
      const timeout = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(this.#timedOut(timeoutMs)), timeoutMs + FLUSH_GRACE_MS);
      });
      return checkedReport(await Promise.race([delivered, timeout]));
    } catch (error) {
      this.#sinkFailed(what, error);
      return this.#asKnown();
    } finally {
      clearTimeout(timer);
    }
  }

  /** What `process` has not done goes before; the sink has the time that is left. */
  async #processedFirst(
    deliver: (leftMs: number) => Promise<DeliveryReport>,
    timeoutMs: number,
  ): Promise<DeliveryReport> {
    const began = steadyNow();
    await this.#processing.settled();
    return deliver(Math.max(0, timeoutMs - (steadyNow() - began)));
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

/** The count as a report has it: only where there is something to say. */
export function interruptedIn(interrupted: number): Pick<DeliveryReport, "interrupted"> {
  return interrupted === 0 ? {} : { interrupted };
}

/** The same of spans that wait for a decision. */
export function undecidedIn(undecided: number): Pick<DeliveryReport, "undecided"> {
  return undecided === 0 ? {} : { undecided };
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
