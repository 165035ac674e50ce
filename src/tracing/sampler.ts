// What decides at the start of a trace whether it is recorded, and what the tracer makes of that.
import type { Attributes } from "../model/attributes.ts";
import { asTracelightError, type TracelightError } from "../model/errors.ts";
import { newRandomness, traceIdOf } from "../model/ids.ts";
import { type Threshold, thresholdOf } from "../model/probability.ts";
import type { SpanKind } from "../model/span-fields.ts";
import type { ContextUpdate, Frame } from "./context.ts";
import type { RemoteParent } from "./remote-parent.ts";
import type { Span } from "./span.ts";
import type { SpanNode } from "./span-node.ts";
import type { TraceOptions } from "./trace-options.ts";
import { isUnsampled, RANDOM, SAMPLED, unsampled } from "./unsampled.ts";

/** What is known of a trace when its first span starts. */
export interface TraceStart {
  /** What its first span is called. */
  readonly spanName: string;
  /** The role of its first span between services. */
  readonly spanKind: SpanKind;
  /** Those that its first span starts with: the context's, and those of its own options. */
  readonly attributes: Attributes;
  /** What describes the program. */
  readonly resourceAttributes: Attributes;
}

/**
 * Says which share of traces like this one is recorded, from 0 to 1. Asked once a trace, for its first span, where no parent has decided
 * already; which of them are recorded is decided by trace id. What it throws is reported, and the trace recorded.
 */
export type Sampler = (start: TraceStart) => number;

/** A new trace that is recorded. */
export interface SampledRoot {
  readonly traceId: string;
  readonly traceState: string | undefined;
  readonly traceFlags: number;
}

/** A span that starts, as its tracer knows it. */
export interface Starting {
  readonly name: string;
  readonly options: { readonly [K in keyof TraceOptions]?: TraceOptions[K] | undefined } | undefined;
  readonly settings: ContextUpdate;
}

/** The decisions of one tracer. */
export class HeadSampling {
  readonly #sampler: Sampler | undefined;
  readonly #fixed: Threshold | undefined;
  readonly #report: (fault: TracelightError) => void;

  constructor(sample: Sampler | number, report: (fault: TracelightError) => void) {
    this.#sampler = typeof sample === "number" ? undefined : sample;
    this.#fixed = typeof sample === "number" ? thresholdOf(sample) : undefined;
    this.#report = report;
  }

  /**
   * What a new trace begins with; or the span that stands for all of it, or of the one that the parent is of, where that is not recorded.
   * Undefined where the parent is.
   */
  decide(
    parent: SpanNode | RemoteParent | undefined,
    frame: Frame | undefined,
    starting: Starting,
  ): SampledRoot | Span | undefined {
    if (parent !== undefined) return isUnsampled(parent) ? unsampled(parent, frame) : undefined;
    const randomness = newRandomness();
    const threshold = this.#sampler === undefined ? this.#fixed : this.#asked(this.#sampler, starting);
    if (threshold === undefined || randomness < threshold.at) return unsampled(randomness, frame);
    const traceState = threshold === UNKNOWN ? undefined : `ot=th:${threshold.th}`;
    return { traceId: traceIdOf(randomness), traceState, traceFlags: SAMPLED | RANDOM };
  }

  #asked(sampler: Sampler, starting: Starting): Threshold | undefined {
    try {
      const share: unknown = sampler(new Start(starting));
      if (isShare(share)) return thresholdOf(share);
      throw new RangeError("it must return a number from 0 to 1");
    } catch (error) {
      const what = "The sample option failed, so the trace was recorded";
      this.#report(asTracelightError(error, "SAMPLE_FAILED", what));
      return UNKNOWN;
    }
  }
}

/** True for what can be a share of all. */
export function isShare(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value <= 1;
}

/** The check of the option. */
export function isSample(value: unknown): string | undefined {
  const what = "a share from 0 to 1, or a function that gives one, such as that of sample()";
  return typeof value === "function" || isShare(value) ? undefined : what;
}

/** Keeps all, and says of none how many it stands for. */
const UNKNOWN: Threshold = { at: 0, th: "" };

/** Puts together what it is asked for, and no more: it is made for every trace. */
class Start implements TraceStart {
  readonly #starting: Starting;

  constructor(starting: Starting) {
    this.#starting = starting;
  }

  get spanName(): string {
    return String(this.#starting.name);
  }

  get spanKind(): SpanKind {
    return this.#starting.options?.spanKind ?? "INTERNAL";
  }

  get attributes(): Attributes {
    const { settings, options } = this.#starting;
    return { ...settings.spanAttributes, ...options?.attributes };
  }

  get resourceAttributes(): Attributes {
    const { settings, options } = this.#starting;
    return options?.resourceAttributes ?? settings.resourceAttributes ?? {};
  }
}
