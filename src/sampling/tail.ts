// Tail sampling: whole traces are kept or dropped, once it is known how they went.
import { checkOptions, is, type OptionRules } from "../model/options.ts";
import { Faults } from "../tracing/faults.ts";
import { Outlet } from "../tracing/outlet.ts";
import type { Sink } from "../tracing/sink.ts";
import { OUTLET, type Tracer } from "../tracing/tracer.ts";
import type { Keep } from "./keep.ts";
import { Limiter, SHARE_CHECKS, type Share } from "./limiter.ts";
import { TailSink } from "./tail-sink.ts";

/** A condition of which not every trace is kept. Where neither share nor rate is given, all are. */
export interface KeepRule extends Share {
  /** Which traces it is for. */
  readonly when: Keep;
}

/** Options of `tailSampling`. */
export interface TailOptions extends Share {
  /**
   * Traces for which one of these holds are kept: all of them, or as a rule says. Where several hold, the largest share counts. Default
   * none.
   */
  readonly keep?: readonly (Keep | KeepRule)[] | undefined;
  /** The share of the other traces that is kept, from 0 to 1. Default 0; 1 where `perSecond` is given. */
  readonly share?: number | undefined;
  /** Spans that may wait. Where there would be more, the longest traces are decided by what is known of them. Default 20,000. */
  readonly maxSpans?: number | undefined;
  /** Bytes that the spans that wait may take, about; the same then. Default 64 MiB. */
  readonly maxBytes?: number | undefined;
  /** Milliseconds until a trace that is not done is decided by what is known of it. Default 600,000: ten minutes. */
  readonly maxWaitMs?: number | undefined;
  /** Traces whose decision is remembered, for spans that come later. Default 50,000. */
  readonly maxDecisions?: number | undefined;
}

/**
 * A sink in front of a sink, or of another tracer's: spans wait until their trace is done, then all of them go on, or none. A trace is done when
 * every span of it that began in this process has ended. It is kept as soon as a condition of `keep` holds that keeps all; else, once it
 * is done, as one of the `share`, by trace id, which its spans then say in their trace state: counts are scaled up by that. What is dropped
 * is counted in the report, as `unsampled`, by reason. Flush, close and the end of the process decide what waits.
 *
 * @example
 * ```ts
 * const store = new InMemoryTracer();
 * const tracer = new Tracer(tailSampling(store, { keep: [failed, slowerThan("5s")], share: 0 }));
 * tracer.trace("fine", () => undefined);
 * tracer.trace("faulty", (span) => span.setStatus("ERROR"));
 * console.log(store.getTraces().map(({ spanName }) => spanName)); // [ 'faulty' ]
 * ```
 *
 * @throws TracelightError `INVALID_OPTION`
 */
export function tailSampling(to: Sink | Tracer, options: TailOptions = {}): Sink {
  checkOptions({ to }, TO);
  checkOptions(options, OPTIONS);
  const { keep = [], share, perSecond, ...bounds } = options;
  const otherwise = share ?? (perSecond === undefined ? 0 : 1);
  return new TailSink(behind(to), {
    rules: keep.map(ruleOf),
    otherwise: new Limiter({ share: otherwise, perSecond }),
    maxSpans: bounds.maxSpans ?? 20_000,
    maxBytes: bounds.maxBytes ?? 64 * 2 ** 20,
    maxWaitMs: bounds.maxWaitMs ?? 600_000,
    maxDecisions: bounds.maxDecisions ?? 50_000,
  });
}

function behind(to: Sink | Tracer): { readonly outlet: Outlet; readonly tracer?: Tracer } {
  if (isTracer(to)) return { outlet: to[OUTLET], tracer: to };
  return { outlet: new Outlet(to, undefined, new Faults(undefined)) };
}

/** Any copy's tracer. */
function isTracer(to: Sink | Tracer): to is Tracer {
  return OUTLET in to;
}

function ruleOf(keep: Keep | KeepRule): { readonly when: Keep; readonly limiter: Limiter | undefined } {
  if (typeof keep === "function") return { when: keep, limiter: undefined };
  checkOptions(keep, RULE);
  const { when, share, perSecond } = keep;
  const isAll = (share === undefined || share === 1) && perSecond === undefined;
  return { when, limiter: isAll ? undefined : new Limiter({ share, perSecond }) };
}

const TO: OptionRules = {
  owner: "tailSampling",
  checks: { to: (value) => (isSinkOrTracer(value) ? undefined : "a sink with a write method, or a tracer") },
  required: ["to"],
};

function isSinkOrTracer(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return OUTLET in value || is.having("write", "")(value) === undefined;
}

const OPTIONS: OptionRules = {
  owner: "tailSampling",
  checks: {
    ...SHARE_CHECKS,
    keep: (value) =>
      Array.isArray(value) && value.every((one) => typeof one === "function" || typeof one === "object")
        ? undefined
        : "a list of conditions, such as failed",
    ...{ maxSpans: is.count(1), maxBytes: is.count(1), maxDecisions: is.count(1), maxWaitMs: is.amount(0) },
  },
};

const RULE: OptionRules = {
  owner: "a rule of tailSampling",
  checks: { ...SHARE_CHECKS, when: is.fn },
  required: ["when"],
};
