// What both encodings say of a span in the same way.
import { TracelightError } from "../model/errors.ts";
import { isSpanId, isTraceId } from "../model/ids.ts";
import { lastKnownMicros, type SpanFields, type SpanLink } from "../model/span-fields.ts";

/** What is around the spans of a resource or scope in a request. */
export interface EnvelopeBytes {
  readonly head: Uint8Array;
  readonly tail: Uint8Array;
  /** Bytes of both, with what says how long they are. */
  readonly size: number;
}

/** Both ends, and their size. */
export function envelopeOf(head: Uint8Array, tail: Uint8Array): EnvelopeBytes {
  return { head, tail, size: head.length + tail.length + LENGTH_BYTES };
}

const LENGTH_BYTES = 6;

/** When the span began; never 0, which in OTLP is no time. */
export function startOf(span: SpanFields): number {
  return Math.max(1, wireMicros(span.startedAtMicros));
}

/**
 * When the span ended; for one that was interrupted, the latest time that is known of it. Throws `INVALID_RECORD` where it
 * runs: OTLP has no word for that.
 */
export function endOf(span: SpanFields): number {
  if (span.state !== "running") return Math.max(1, wireMicros(lastKnownMicros(span)));
  const message = `The span "${span.spanName}" has not ended, and OTLP carries ended spans only.`;
  throw new TracelightError("INVALID_RECORD", message);
}

/** Microseconds that OTLP can say: from 1970 on. */
export function wireMicros(micros: number): number {
  return Math.min(Math.max(0, micros), Number.MAX_SAFE_INTEGER);
}

/** The links that OTLP can say, which has no place for ids that are none, and how many there were besides. */
export function sendableLinks({ links, otlp }: SpanFields): {
  readonly links: readonly SpanLink[];
  readonly dropped: number;
} {
  const dropped = otlp?.droppedLinksCount ?? 0;
  if (links.length === 0) return { links, dropped };
  const sendable = links.filter(({ traceId, spanId }) => isTraceId(traceId) && isSpanId(spanId));
  return { links: sendable, dropped: dropped + links.length - sendable.length };
}
