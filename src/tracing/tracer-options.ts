// What every tracer takes, and the checks of it.
import type { TracelightError } from "../model/errors.ts";
import { is, type OptionRules } from "../model/options.ts";
import type { Process } from "./draft.ts";
import { LIMITS_CHECK, type Limits } from "./limits.ts";
import { isSample, type Sampler } from "./sampler.ts";
import type { ClassifyError } from "./verdict.ts";

/** What every tracer takes. */
export interface TracerOptions {
  /** Told of each fault of tracing. Default: one process warning per distinct fault. */
  readonly onError?: ((error: TracelightError) => void) | undefined;
  /**
   * The last change to a span before any sink sees it: redact, or return false to drop. Must be synchronous. Where it
   * throws, the span is dropped, counted as failed and reported.
   */
  readonly process?: Process | undefined;
  /**
   * What a failure of traced work means for its span: `"error"` (status ERROR), `"aborted"` (called off, which is no error)
   * or `"none"`, for what is thrown but no failure: an agent's `interrupt()`, a framework's `redirect()`. Undefined: as
   * without this option, where aborts are `"aborted"` and all else is `"error"`. Must be synchronous.
   */
  readonly classifyError?: ClassifyError | undefined;
  /**
   * The share of traces that are recorded, from 0 to 1, or what says it: see `sample` of `tracelight/sampling`. A trace that came in from
   * elsewhere is recorded where it was there. Default: all are recorded.
   */
  readonly sample?: Sampler | number | undefined;
  /** How many bytes the values of a span may have; what is more is cut. No limits unless told. */
  readonly limits?: Limits | undefined;
}

/** Those of a named tracer's options that are every tracer's, for `super`. */
export function everyTracers(options: TracerOptions): TracerOptions {
  const { onError, process, classifyError, sample, limits } = options;
  return { onError, process, classifyError, sample, limits };
}

/** The checks of `TracerOptions`, for the constructors of named tracers. */
export const TRACER_OPTION_CHECKS: OptionRules["checks"] = {
  ...{ onError: is.fn, process: is.fn, classifyError: is.fn, sample: isSample, ...LIMITS_CHECK },
};
