// The sink of tail sampling: what waits, what was decided, and what became of it.
import { finished, type Unfinished, unfinished } from "../delivery/lifecycle.ts";
import { asTracelightError } from "../model/errors.ts";
import { RecentMap } from "../model/recent-map.ts";
import { clearTimeout, setTimeout, steadyNow } from "../model/timers.ts";
import { atExit } from "../tracing/at-exit.ts";
import { type Outlet, undecidedIn } from "../tracing/outlet.ts";
import type { DeliveryReport, FaultReporter, FlushOptions, Unsampled } from "../tracing/sink.ts";
import type { Span } from "../tracing/span.ts";
import { BEHIND, type ReadableStore, type Relay, storeBehind } from "../tracing/store.ts";
import type { Tracer } from "../tracing/tracer.ts";
import type { Keep } from "./keep.ts";
import type { Limiter } from "./limiter.ts";
import { type Decided, Outgoing } from "./outgoing.ts";
import { withShare } from "./shares.ts";
import { WaitingTraces } from "./waiting.ts";
import type { WaitingTrace } from "./waiting-trace.ts";

/** A condition, and how many of the traces for which it holds are kept; all without a limiter. */
interface TailRule {
  readonly when: Keep;
  readonly limiter: Limiter | undefined;
}

/** Every number of tail sampling. */
export interface TailSettings {
  readonly rules: readonly TailRule[];
  readonly otherwise: Limiter;
  readonly maxSpans: number;
  readonly maxBytes: number;
  readonly maxWaitMs: number;
  readonly maxDecisions: number;
}

/** What spans go to. */
export interface Behind {
  readonly outlet: Outlet;
  /** Whose it is, where it is a tracer's. */
  readonly tracer?: Tracer;
}

/** Why a trace was decided when it was. */
type Reason = "share" | "old" | "long" | "flush";

interface Decision {
  /** The share that was kept; undefined for what is dropped. */
  readonly share: number | undefined;
}

/** Decides whole traces. */
export class TailSink implements Relay, Unfinished {
  readonly name: string;
  readonly #behind: Behind;
  readonly #settings: TailSettings;
  readonly #waiting: WaitingTraces;
  /** What was decided of traces, for spans that come later. */
  readonly #decisions: RecentMap<string, Decision>;
  readonly #outgoing = new Outgoing((decided) => this.#send(decided));
  /** Traces whose beginnings nobody saw here and whose root has come: the rest of them may come with it. */
  readonly #rooted = new Set<WaitingTrace>();
  readonly #unsampled = new Map<keyof Unsampled, number>();
  #to: FaultReporter | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isUnfinished = false;
  #undoExit: (() => void) | undefined;

  constructor(behind: Behind, settings: TailSettings) {
    this.name = behind.outlet.sink.name;
    this.#behind = behind;
    this.#settings = settings;
    this.#waiting = new WaitingTraces(settings);
    this.#decisions = new RecentMap(settings.maxDecisions);
  }

  /** @internal What can be read of the sink behind. */
  [BEHIND](): ReadableStore | undefined {
    return storeBehind(this.#behind.outlet.sink);
  }

  attach(to: FaultReporter): void {
    this.#to = to;
    this.#behind.outlet.attach(to);
  }

  /** Spans that are not decided, or not handed over. */
  get pending(): number {
    return this.#waiting.ended + this.#outgoing.size;
  }

  /** Takes note of what runs, and shows it to the sink behind, where that looks at running spans. */
  observe(span: Span, what: "start" | "snapshot"): void {
    const decision = this.#decisions.get(span.traceId);
    if (decision === undefined && what === "start") this.#begin(span);
    if (decision === undefined || decision.share !== undefined) this.#behind.outlet.observe(span, what);
  }

  #begin(span: Span): void {
    this.#waiting.begin(this.#traceOf(span), span);
    this.#keepBounds();
  }

  write(span: Span): void {
    const decision = this.#decisions.get(span.traceId);
    if (decision !== undefined) return this.#follow(span, decision);
    const trace = this.#traceOf(span);
    this.#waiting.end(trace, span);
    if (this.#isSure(trace, span) || (trace.isDone && trace.hasBegun)) this.#decide(trace, "share");
    else if (trace.isDone) this.#rooted.add(trace);
    this.#keepBounds();
  }

  /** A span that comes later goes the way of its trace. */
  #follow(span: Span, { share }: Decision): void {
    if (share === undefined) this.#count("late", 1);
    this.#outgoing.add([span], share);
    this.#keepBounds();
  }

  discard(span: Span): void {
    this.#behind.outlet.discard(span);
    const trace = this.#waiting.get(span.traceId);
    if (trace === undefined) return;
    this.#waiting.forget(trace, span.spanId);
    if (trace.isDone) this.#decide(trace, "share");
  }

  #traceOf({ traceId }: Span): WaitingTrace {
    this.#begun();
    return this.#waiting.of(traceId);
  }

  /** True where a condition says of the trace that it is kept, whatever comes. */
  #isSure(trace: WaitingTrace, span: Span): boolean {
    for (const rule of this.#settings.rules) {
      if (trace.matched.has(rule) || !this.#holds(rule.when, span, trace)) continue;
      trace.matched.add(rule);
      trace.share = Math.max(trace.share, rule.limiter?.next() ?? 1);
    }
    return trace.share === 1;
  }

  #holds(when: Keep, span: Span, trace: WaitingTrace): boolean {
    try {
      const holds: unknown = when(span, trace);
      if (typeof holds === "boolean") return holds;
      throw new TypeError("it must return true or false at once");
    } catch (error) {
      const what = "A condition of tailSampling failed, so the trace was kept";
      this.#to?.report(asTracelightError(error, "SAMPLE_FAILED", what));
      return true;
    }
  }

  /** All of it goes on, or nothing. */
  #decide(trace: WaitingTrace, reason: Reason): void {
    const share = trace.decide(trace.share === 1 ? 1 : this.#settings.otherwise.next());
    this.#waiting.remove(trace);
    this.#rooted.delete(trace);
    this.#decisions.set(trace.traceId, { share });
    if (share === undefined) this.#drop(trace, reason);
    this.#outgoing.add(trace.ended, share);
  }

  #drop(trace: WaitingTrace, reason: Reason): void {
    this.#count(reason, trace.spans);
    if (this.#behind.outlet.sink.observe === undefined) return;
    for (const span of trace.open) this.#behind.outlet.discard(span);
  }

  #count(reason: keyof Unsampled, spans: number): void {
    this.#unsampled.set(reason, (this.#unsampled.get(reason) ?? 0) + spans);
  }

  #send({ span, share }: Decided): void {
    const { outlet } = this.#behind;
    if (share !== undefined) outlet.accept(withShare(span, share));
    else if (outlet.sink.observe !== undefined) outlet.discard(span);
  }

  #keepBounds(): void {
    this.#decideOld();
    if (!this.#waiting.isOver(this.#outgoing.size)) return;
    // What is decided goes on first: more than comes, and so little that many that come in one turn of the event loop do not hold it.
    this.#outgoing.slice(SENT_FOR_ONE);
    for (const trace of this.#waiting.longest()) this.#decide(trace, "long");
  }

  #decideOld(): void {
    for (const trace of this.#waiting.old(steadyNow() - this.#settings.maxWaitMs)) this.#decide(trace, "old");
  }

  /** From now on something waits: it has its time, and the end of the process waits for it. */
  #begun(): void {
    this.#timer ??= this.#timerFor(this.#settings.maxWaitMs);
    if (this.#isUnfinished) return;
    this.#isUnfinished = true;
    unfinished(this);
    this.#undoExit ??= atExit("decision", () => {
      this.#decideAll();
      this.#outgoing.drain();
    });
  }

  #timerFor(ms: number): ReturnType<typeof setTimeout> {
    const look = (): void => {
      this.#timer = undefined;
      this.#decideOld();
      const oldest = this.#waiting.oldest;
      if (oldest !== undefined) this.#timer = this.#timerFor(oldest + this.#settings.maxWaitMs - steadyNow());
    };
    return setTimeout(look, Math.min(Math.max(1, ms), MAX_TIMER_MS)).unref();
  }

  #decideAll(): void {
    for (const trace of this.#waiting.all()) this.#decide(trace, "flush");
  }

  /** Where somebody only reads, or hands over more of a trace, what is not done waits on. */
  async flush(options: FlushOptions | number): Promise<DeliveryReport> {
    const { timeoutMs, isRead = false } = typeof options === "number" ? { timeoutMs: options } : options;
    if (isRead) for (const trace of this.#rooted) this.#decide(trace, "share");
    else this.#settle();
    await this.#outgoing.settled();
    const { outlet, tracer = outlet } = this.#behind;
    return this.#withOwn(await tracer.flush({ timeoutMs, isRead }));
  }

  async close({ timeoutMs }: FlushOptions): Promise<DeliveryReport> {
    this.#settle();
    await this.#outgoing.settled();
    this.#undoExit?.();
    const { outlet, tracer } = this.#behind;
    return this.#withOwn(
      await (tracer === undefined ? outlet.close(timeoutMs) : tracer.close({ timeoutMs })),
    );
  }

  #settle(): void {
    this.#decideAll();
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#isUnfinished = false;
    finished(this);
  }

  report(): DeliveryReport {
    return this.#withOwn(this.#behind.outlet.report());
  }

  #withOwn(report: DeliveryReport): DeliveryReport {
    const undecided = this.#waiting.ended + (report.undecided ?? 0);
    const unsampled = this.#unsampled.size === 0 ? {} : { unsampled: Object.fromEntries(this.#unsampled) };
    return { ...report, pending: report.pending + this.pending, ...undecidedIn(undecided), ...unsampled };
  }
}

/** Where there is no room, so many go for each that comes. */
const SENT_FOR_ONE = 8;
/** Node's timers take no more. */
const MAX_TIMER_MS = 2 ** 31 - 1;
