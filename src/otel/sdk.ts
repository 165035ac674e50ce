// What Tracelight needs of OpenTelemetry's SDK, 1.x and 2.x, by shape: the SDK itself is nobody's dependency here.
import type * as api from "@opentelemetry/api";

/** A span as the SDK shows it to processors. What 2.x has under another name than 1.x is there under one of both. */
export interface OtelReadableSpan {
  /** What was done. */
  readonly name: string;
  /** Its kind, by number. */
  readonly kind: api.SpanKind;
  /** Its ids, flags and trace state. */
  readonly spanContext: () => api.SpanContext;
  /** Of 2.x. */
  readonly parentSpanContext?: api.SpanContext;
  /** Of 1.x. */
  readonly parentSpanId?: string;
  /** When it began. */
  readonly startTime: api.HrTime;
  /** When it ended. */
  readonly endTime: api.HrTime;
  /** How the work went. */
  readonly status: api.SpanStatus;
  /** What is known of it. */
  readonly attributes: api.Attributes;
  /** Spans elsewhere that it has to do with. */
  readonly links: api.Link[];
  /** What happened in it. */
  readonly events: OtelTimedEvent[];
  /** From start to end. */
  readonly duration: api.HrTime;
  /** True where it has ended. */
  readonly ended: boolean;
  /** What describes the program. */
  readonly resource: Omit<OtelResource, "merge" | "getRawAttributes">;
  /** Of 2.x. */
  readonly instrumentationScope?: OtelScope;
  /** Of 1.x. */
  readonly instrumentationLibrary?: OtelScope;
  /** How many attributes the limits of the SDK dropped. */
  readonly droppedAttributesCount: number;
  /** How many events the limits of the SDK dropped. */
  readonly droppedEventsCount: number;
  /** How many links the limits of the SDK dropped. */
  readonly droppedLinksCount: number;
}

/** A span as exporters get it, of 1.x or 2.x. */
export interface OtelExportedSpan extends OtelReadableSpan {
  /** What describes the program. */
  readonly resource: OtelResource;
  /** Who made it. */
  readonly instrumentationScope: OtelScope;
  /** Who made it, as the SDK 1.x names it. */
  readonly instrumentationLibrary: OtelScope;
}

/** An event of such a span. */
export interface OtelTimedEvent {
  /** When. */
  readonly time: api.HrTime;
  /** What happened. */
  readonly name: string;
  /** What is known of it. */
  readonly attributes?: api.Attributes;
  /** How many attributes the limits of the SDK dropped. */
  readonly droppedAttributesCount?: number;
}

/** A resource. */
export interface OtelResource {
  /** True while some of its attributes are still being found out. */
  readonly asyncAttributesPending?: boolean;
  /** `service.name` and the like. */
  readonly attributes: api.Attributes;
  /** Which version of the conventions its attributes follow. */
  readonly schemaUrl?: string;
  /** Resolves when all are known. */
  waitForAsyncAttributes?(): Promise<void>;
  /** Both together; the other wins. */
  merge(other: OtelResource | null): OtelResource;
  /** The attributes as they were given. */
  getRawAttributes(): [string, api.AttributeValue | Promise<api.AttributeValue | undefined> | undefined][];
}

/** Who made a span. */
export interface OtelScope {
  /** Of the instrumentation or library. */
  readonly name: string;
  /** Its version. */
  readonly version?: string;
  /** Which version of the conventions its spans follow. */
  readonly schemaUrl?: string;
}

/** What an exporter says of a batch: code 0 is success. */
export interface OtelExportResult {
  /** 0 where the spans were exported, 1 where not. */
  readonly code: number;
  /** Why they were not. */
  readonly error?: Error | undefined;
}

/** Any `SpanExporter` of OpenTelemetry. */
export interface OtelSpanExporter {
  /** Sends spans, and says by `done` what became of them. */
  export(spans: OtelExportedSpan[], done: (result: OtelExportResult) => void): void;
  /** Lets go of what it holds. */
  shutdown(): Promise<void>;
  /** Sends what waits. */
  forceFlush?(): Promise<void>;
}
