// The options that all networked tracers share, with their defaults and checks.
import { is, type OptionRules } from "../model/options.ts";

/** How spans are delivered: batches, queue, retries and journal. */
export interface DeliveryOptions {
  /** Spans in one request, at most; the back end's own limit holds as well. Default: the back end's. */
  readonly maxBatchSpans?: number | undefined;
  /** Bytes in one request, at most; the back end's own limit holds as well. Default: the back end's. */
  readonly maxBatchBytes?: number | undefined;
  /** How long a span waits for others to share its request, in milliseconds. Default 100. */
  readonly maxBatchAgeMs?: number | undefined;
  /** Spans that may wait in memory; of more, the oldest go. Default 20,000. */
  readonly maxQueuedSpans?: number | undefined;
  /** Bytes that may wait in memory, about. Default 64 MiB; 16 MiB with a journal, which takes the rest. */
  readonly maxQueuedBytes?: number | undefined;
  /** Requests at once. Default 4. */
  readonly maxConcurrency?: number | undefined;
  /** The upper bound of the first wait before a retry, in milliseconds; it doubles with each further one. Default 100. */
  readonly baseRetryDelayMs?: number | undefined;
  /** The longest wait before a retry, unless the server asks for more, in milliseconds. Default 30,000. */
  readonly maxRetryDelayMs?: number | undefined;
  /** A folder for spans not delivered yet, so that they outlive this process. Default: none. */
  readonly journal?: string | undefined;
  /** Bytes that the journal may take. Default 1 GiB. */
  readonly maxJournalBytes?: number | undefined;
}

/** The checks of `DeliveryOptions`, for the constructors of named tracers. */
export const DELIVERY_CHECKS: OptionRules["checks"] = {
  maxBatchSpans: is.count(1),
  maxBatchBytes: is.count(1),
  maxBatchAgeMs: is.amount(0),
  maxQueuedSpans: is.count(1),
  maxQueuedBytes: is.count(1),
  maxConcurrency: is.count(1),
  baseRetryDelayMs: is.amount(0),
  maxRetryDelayMs: is.amount(0),
  journal: is.text,
  maxJournalBytes: is.count(1),
};

/** Every number of delivery. */
export interface DeliverySettings extends Decided<Omit<DeliveryOptions, "journal">> {
  readonly journal: string | undefined;
}

type Decided<Options> = { readonly [Name in keyof Options]-?: NonNullable<Options[Name]> };

/** What a back end's request takes. */
export interface BatchLimits {
  readonly maxBatchSpans?: number;
  readonly maxBatchBytes?: number;
}

/** The options with their defaults, within the back end's limits. */
export function deliverySettings(options: DeliveryOptions, limits: BatchLimits): DeliverySettings {
  const { maxBatchSpans = 100, maxBatchBytes = 4 * MIB } = limits;
  const { journal, maxQueuedBytes = journal === undefined ? 64 * MIB : 16 * MIB } = options;
  return {
    maxBatchSpans: Math.min(options.maxBatchSpans ?? maxBatchSpans, maxBatchSpans),
    maxBatchBytes: Math.min(options.maxBatchBytes ?? maxBatchBytes, maxBatchBytes),
    maxBatchAgeMs: Math.min(options.maxBatchAgeMs ?? 100, MAX_TIMER_MS),
    maxQueuedSpans: options.maxQueuedSpans ?? 20_000,
    maxQueuedBytes,
    maxConcurrency: options.maxConcurrency ?? 4,
    baseRetryDelayMs: options.baseRetryDelayMs ?? 100,
    maxRetryDelayMs: Math.min(options.maxRetryDelayMs ?? 30_000, MAX_TIMER_MS),
    journal,
    maxJournalBytes: options.maxJournalBytes ?? 1024 * MIB,
  };
}

const MIB = 1024 * 1024;
/** Node's timers take no more. */
const MAX_TIMER_MS = 2 ** 31 - 1;
