// A span of a transcript that is still put together.
import type { Attributes } from "../../model/attributes.ts";
import type { Scope, SpanEvent, SpanFields } from "../../model/span-fields.ts";

/** What becomes of it. */
export type DraftState = SpanFields["state"];

/** What is known of a span as it begins. */
export interface Begun {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  /** Microseconds since the epoch. */
  readonly at: number;
  readonly attributes: Record<string, unknown>;
}

/** A span on its way. */
export class Draft {
  readonly traceId: string;
  readonly spanId: string;
  readonly startedAtMicros: number;
  readonly attributes: Record<string, unknown>;
  readonly #name: string;
  readonly #parentSpanId: string | undefined;
  readonly #events: SpanEvent[] = [];
  #endedAtMicros: number;
  #error: string | undefined;

  constructor({ name, traceId, spanId, parentSpanId, at, attributes }: Begun) {
    this.#name = name;
    this.traceId = traceId;
    this.spanId = spanId;
    this.#parentSpanId = parentSpanId;
    this.startedAtMicros = at;
    this.#endedAtMicros = at;
    this.attributes = attributes;
  }

  /** It went on until then at least. */
  see(at: number): void {
    if (at > this.#endedAtMicros) this.#endedAtMicros = at;
  }

  event(name: string, micros: number, attributes: Attributes): void {
    if (this.#events.length >= MAX_EVENTS) return;
    const at = new Date(Math.floor(micros / 1000));
    this.#events.push({ name, at, ...(micros % 1000 === 0 ? {} : { atMicros: micros }), attributes });
  }

  fail(name: string, error: string): void {
    this.attributes[name] = error;
    this.#error = error;
  }

  /** The span as it is now. */
  fields(state: DraftState, scope: Scope, resourceAttributes: Attributes): SpanFields {
    // One literal: spreads take many times as long.
    return {
      spanName: this.#name,
      spanKind: "INTERNAL",
      traceId: this.traceId,
      spanId: this.spanId,
      parentSpanId: this.#parentSpanId,
      startedAtMicros: this.startedAtMicros,
      endedAtMicros: state === "ended" ? this.#endedAtMicros : undefined,
      state,
      spanStatus: this.#error === undefined ? "UNSET" : "ERROR",
      statusMessage: this.#error,
      attributes: state === "ended" ? this.attributes : { ...this.attributes },
      resourceAttributes,
      scope,
      events: this.#events.length === 0 ? NONE : [...this.#events],
      links: NONE,
    };
  }
}

const NONE: readonly never[] = [];
/** Of a turn; a hostile file could have any number. */
const MAX_EVENTS = 1000;
