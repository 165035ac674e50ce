// The reading face of a span: its fields, its record, its text.
import { type Attributes, type Inheritable, mergeAttributes } from "../model/attributes.ts";
import { isoMicros } from "../model/clock.ts";
import type { OtlpDetails } from "../model/otlp-details.ts";
import { encodeRecord, type SpanRecord } from "../model/record.ts";
import type {
  Scope,
  SpanEvent,
  SpanFields,
  SpanKind,
  SpanLink,
  SpanState,
  SpanStatus,
} from "../model/span-fields.ts";
import { type HumanReadableOptions, humanReadable } from "../render/human-readable.ts";
import { copyOf, type Said } from "./payload.ts";
import { NODE, type SpanNode } from "./span-node.ts";

/** Own attributes without a copy. */
export const OWN: unique symbol = Symbol.for("tracelight.own.v1");

/** What a span has of those above it, without an object of it. */
export const INHERITED: unique symbol = Symbol.for("tracelight.inherited.v1");

/** What was said of a span besides its attributes, where anything was. */
export const SAID: unique symbol = Symbol("said");

/** `util.inspect.custom`, without the two milliseconds that it takes to load all of that module. */
const INSPECT: unique symbol = Symbol.for("nodejs.util.inspect.custom");

/** What can be read of a span, whether it runs or has ended. */
export abstract class ReadableSpan implements SpanFields {
  /** @internal */
  abstract readonly [NODE]: SpanNode;

  /** @internal Own attributes as they are kept (key, value, key, value), for those who only look at their size. */
  abstract [OWN](): readonly unknown[];

  /** @internal What spans above pass down to it, the nearest first. */
  abstract [INHERITED](): Inheritable | undefined;

  /** @internal */
  abstract [SAID](): Said | undefined;

  /** What is done: the name it was started with, or the last given by `updateName`. */
  get spanName(): string {
    return this[NODE].name;
  }
  /** Its role between services; INTERNAL unless told. */
  get spanKind(): SpanKind {
    return this[NODE].kind;
  }
  /** 32 lower-case hex digits. */
  get traceId(): string {
    return this[NODE].traceId;
  }
  /** 16 lower-case hex digits. */
  get spanId(): string {
    return this[NODE].spanId;
  }
  /** The id of the span above, wherever that ran; undefined for a root. */
  get parentSpanId(): string | undefined {
    return this[NODE].parentSpanId;
  }
  /** When it began, to the millisecond. */
  get startedAt(): Date {
    return new Date(Math.floor(this[NODE].startedAtMicros / 1000));
  }
  /** Whole microseconds since the epoch. */
  get startedAtMicros(): number {
    return this[NODE].startedAtMicros;
  }
  /** When it ended, to the millisecond; undefined while it runs. */
  get endedAt(): Date | undefined {
    const { endedAtMicros } = this[NODE];
    return endedAtMicros === undefined ? undefined : new Date(Math.floor(endedAtMicros / 1000));
  }
  /** Whole microseconds since the epoch; undefined while it runs. */
  get endedAtMicros(): number | undefined {
    return this[NODE].endedAtMicros;
  }
  /** From start to end in milliseconds, with three decimals; undefined while it runs. */
  get durationMs(): number | undefined {
    const { startedAtMicros, endedAtMicros } = this[NODE];
    return endedAtMicros === undefined ? undefined : (endedAtMicros - startedAtMicros) / 1000;
  }
  /** `running`, `ended`, or `interrupted` for one that never ended and whose process is gone or tracer closed. */
  get state(): SpanState {
    if (this[NODE].endedAtMicros !== undefined) return "ended";
    return this[SAID]()?.interrupted === true ? "interrupted" : "running";
  }
  /** How the work went: UNSET, unless somebody said OK or ERROR. */
  get spanStatus(): SpanStatus {
    return this[NODE].status;
  }
  /** Why the status is what it is, where somebody said so. */
  get statusMessage(): string | undefined {
    return this[SAID]()?.statusMessage;
  }
  /** Own and inherited attributes, the nearest value of each: a frozen copy of how they are now. */
  get attributes(): Attributes {
    return mergeAttributes(this[OWN](), this[INHERITED]());
  }
  /** What describes the program: `service.name` and the like. Frozen. */
  get resourceAttributes(): Attributes {
    return this[NODE].resourceAttributes;
  }
  /** Who made it: the name and version of the instrumentation or library. */
  get scope(): Scope {
    return this[NODE].scope;
  }
  /** What happened in it so far, in the order it was noted: a frozen copy. */
  get events(): readonly SpanEvent[] {
    return copyOf(this[SAID]()?.events);
  }
  /** Spans elsewhere that it has to do with: a frozen copy. */
  get links(): readonly SpanLink[] {
    return copyOf(this[SAID]()?.links);
  }
  /** W3C trace state: that of the remote parent the trace came in by, or the one a received span had. */
  get traceState(): string | undefined {
    return this[NODE].traceState;
  }
  /** What else came with a span that was received over OTLP, or made by an OpenTelemetry library. */
  get otlp(): OtlpDetails | undefined {
    return this[SAID]()?.otlp ?? this[NODE].otlp;
  }

  /** The span as text for people, as `HumanReadableTracer` prints it. */
  asHumanReadable(options?: HumanReadableOptions): string {
    return humanReadable(this, options);
  }

  /** The span's record: what `JSON.stringify(span)` writes. */
  toJSON(): SpanRecord {
    return encodeRecord(this);
  }

  /** @internal What `console.log(span)` shows. */
  [INSPECT](
    _depth: number,
    options: { readonly stylize?: unknown },
    inspect: (value: unknown, options: object) => string,
  ): string {
    const { spanName, spanKind, traceId, spanId, parentSpanId, durationMs, spanStatus, attributes } = this;
    const shown = {
      ...{ spanName, spanKind, traceId, spanId, parentSpanId },
      ...{ startedAt: isoMicros(this.startedAtMicros), durationMs, state: this.state, spanStatus },
      ...{ attributes, resourceAttributes: this.resourceAttributes, scope: this.scope },
    };
    return `Span ${inspect(shown, { ...options, depth: 6 })}`;
  }
}
