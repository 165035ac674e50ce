// Sends spans to several tracers at once.
import { TracelightError } from "../model/errors.ts";
import { checkOptions } from "../model/options.ts";
import type { TraceQuery } from "../model/query.ts";
import { interruptedIn, undecidedIn } from "../tracing/outlet.ts";
import { READER, StoreReader } from "../tracing/readable.ts";
import type { Awaitable, DeliveryReport, FaultReporter, FlushOptions, Sink } from "../tracing/sink.ts";
import type { Span } from "../tracing/span.ts";
import { BEHIND, type ReadableStore, type Relay, storeBehind } from "../tracing/store.ts";
import { OUTLET, Tracer } from "../tracing/tracer.ts";
import { TRACER_OPTION_CHECKS, type TracerOptions } from "../tracing/tracer-options.ts";

/**
 * Sends each span to all of its tracers, through the `process` of each; one that fails neither stops the others nor
 * reaches the app. Its context is its own, not its members'. Faults of a member that has no `onError` go to that of the tee. Reads ask the first member that can be read.
 *
 * @example
 * ```ts
 * const tracer = new TeeTracer().addTracer(new InMemoryTracer()).addTracer(new HumanReadableTracer());
 * ```
 */
export class TeeTracer extends Tracer {
  readonly #sink: TeeSink;

  /** @throws TracelightError `INVALID_OPTION` */
  constructor(options: TracerOptions = {}) {
    checkOptions(options, { owner: "TeeTracer", checks: TRACER_OPTION_CHECKS });
    const sink = new TeeSink();
    super(sink, options);
    this.#sink = sink;
  }

  /**
   * Adds a tracer at the end; one that is there already stays where it is.
   * @throws TracelightError `INVALID_ARGUMENT` for what is no tracer, or holds this one.
   */
  addTracer(tracer: Tracer): this {
    if (!isTracer(tracer)) throw new TracelightError("INVALID_ARGUMENT", "addTracer needs a Tracer.");
    if (holds(tracer, this.#sink)) {
      throw new TracelightError("INVALID_ARGUMENT", "A TeeTracer cannot be among its own tracers.");
    }
    this.#sink.add(tracer);
    return this;
  }

  /** Removes a tracer; nothing happens where it is not there. */
  removeTracer(tracer: Tracer): this {
    this.#sink.remove(tracer);
    return this;
  }

  /** Adds a tracer until the result is disposed of: `using _ = tee.temporaryTracer(tracer)`. */
  temporaryTracer(tracer: Tracer): Disposable {
    this.addTracer(tracer);
    return { [Symbol.dispose]: () => void this.removeTracer(tracer) };
  }

  /** Those of the first tracer that can be read, as it gives them: at once from memory. Empty where there is none. */
  override getTraces(query?: TraceQuery): Awaitable<readonly Span[]> {
    return this.#asked?.getTraces(query) ?? [];
  }

  /** @internal */
  override [READER](): StoreReader {
    return this.#asked?.[READER]() ?? EMPTY;
  }

  /** The first that can be read; where none can, the first says so. */
  get #asked(): Tracer | undefined {
    this[OUTLET].finishProcessing();
    const { members } = this.#sink;
    return members.find(canBeRead) ?? members[0];
  }
}

const EMPTY = new StoreReader({ name: "tee", find: () => [] });

function canBeRead(tracer: Tracer): boolean {
  const { sink } = tracer[OUTLET];
  return storeBehind(sink) !== undefined;
}

function isTracer(value: Tracer): boolean {
  return typeof value === "object" && value !== null && OUTLET in value;
}

function holds(tracer: Tracer, sink: Sink): boolean {
  const own = tracer[OUTLET].sink;
  return own === sink || (own instanceof TeeSink && own.members.some((member) => holds(member, sink)));
}

class TeeSink implements Relay {
  readonly name = "tee";
  /** Replaced, never changed, so that a member may be removed while a span is on its way. */
  members: readonly Tracer[] = [];
  #to: FaultReporter | undefined;

  add(tracer: Tracer): void {
    if (this.members.includes(tracer)) return;
    this.members = [...this.members, tracer];
    tracer[OUTLET].attach(this.#to);
  }

  remove(tracer: Tracer): void {
    if (!this.members.includes(tracer)) return;
    this.members = this.members.filter((member) => member !== tracer);
    tracer[OUTLET].attach(undefined);
  }

  attach(to: FaultReporter): void {
    this.#to = to;
    for (const member of this.members) member[OUTLET].attach(to);
  }

  write(span: Span): void {
    for (const member of this.members) member[OUTLET].accept(span);
  }

  discard(span: Span): void {
    for (const member of this.members) member[OUTLET].discard(span);
  }

  /** There only while one of the members looks at running spans. */
  get observe(): ((span: Span, what: "start" | "snapshot") => void) | undefined {
    if (!this.members.some((member) => member[OUTLET].sink.observe !== undefined)) return undefined;
    return (span, what) => {
      for (const member of this.members) member[OUTLET].observe(span, what);
    };
  }

  /** Of the first member that can be read. */
  [BEHIND](): ReadableStore | undefined {
    const member = this.members.find(canBeRead);
    return member && storeBehind(member[OUTLET].sink);
  }

  flush({ timeoutMs, isRead }: FlushOptions): Promise<DeliveryReport> {
    return sumOf(this.members.map((member) => member.flush({ timeoutMs, isRead })));
  }

  close({ timeoutMs }: FlushOptions): Promise<DeliveryReport> {
    return sumOf(this.members.map((member) => member.close({ timeoutMs })));
  }

  report(): DeliveryReport {
    return totalOf(this.members.map((member) => member[OUTLET].report()));
  }
}

/** Each member keeps its time by itself: one that does not come back takes nothing from what the others say. */
async function sumOf(waiting: readonly Promise<DeliveryReport>[]): Promise<DeliveryReport> {
  return totalOf(await Promise.all(waiting));
}

/** One report over all members: a span that two members wrote counts twice. */
function totalOf(reports: readonly DeliveryReport[]): DeliveryReport {
  const sum = (count: (report: DeliveryReport) => number) =>
    reports.reduce((total, report) => total + count(report), 0);
  return {
    written: sum((report) => report.written),
    pending: sum((report) => report.pending),
    dropped: sum((report) => report.dropped),
    failed: sum((report) => report.failed),
    ...interruptedIn(sum((report) => report.interrupted ?? 0)),
    ...undecidedIn(sum((report) => report.undecided ?? 0)),
    ...unsampledIn(reports),
    errors: reports.flatMap((report) => report.errors),
  };
}

function unsampledIn(reports: readonly DeliveryReport[]): Pick<DeliveryReport, "unsampled"> {
  const all = reports.flatMap(({ unsampled = {} }) => Object.entries(unsampled));
  if (all.length === 0) return {};
  const sums = new Map<string, number>();
  for (const [reason, spans] of all) sums.set(reason, (sums.get(reason) ?? 0) + spans);
  return { unsampled: Object.fromEntries(sums) };
}
