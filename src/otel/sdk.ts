// What Tracelight needs of OpenTelemetry's SDK, 1.x and 2.x, by shape: the SDK itself is nobody's dependency here.
import type * as api from "@opentelemetry/api";

/** A span as the SDK shows it to processors. What 2.x has under another name than 1.x is there under one of both. */
export interface OtelReadableSpan {
  readonly name: string;
  readonly kind: api.SpanKind;
  readonly spanContext: () => api.SpanContext;
  /** Of 2.x. */
  readonly parentSpanContext?: api.SpanContext;
  /** Of 1.x. */
  readonly parentSpanId?: string;
  readonly startTime: api.HrTime;
  readonly endTime: api.HrTime;
  readonly status: api.SpanStatus;
  readonly attributes: api.Attributes;
  readonly links: api.Link[];
  readonly events: OtelTimedEvent[];
  readonly duration: api.HrTime;
  readonly ended: boolean;
  readonly resource: Omit<OtelResource, "merge" | "getRawAttributes">;
  /** Of 2.x. */
  readonly instrumentationScope?: OtelScope;
  /** Of 1.x. */
  readonly instrumentationLibrary?: OtelScope;
  readonly droppedAttributesCount: number;
  readonly droppedEventsCount: number;
  readonly droppedLinksCount: number;
}

/** A span as exporters get it, of 1.x or 2.x. */
export interface OtelExportedSpan extends OtelReadableSpan {
  readonly resource: OtelResource;
  readonly instrumentationScope: OtelScope;
  readonly instrumentationLibrary: OtelScope;
}

/** An event of such a span. */
export interface OtelTimedEvent {
  readonly time: api.HrTime;
  readonly name: string;
  readonly attributes?: api.Attributes;
  readonly droppedAttributesCount?: number;
}

/** A resource. */
export interface OtelResource {
  readonly asyncAttributesPending?: boolean;
  readonly attributes: api.Attributes;
  readonly schemaUrl?: string;
  waitForAsyncAttributes?(): Promise<void>;
  merge(other: OtelResource | null): OtelResource;
  getRawAttributes(): [string, api.AttributeValue | Promise<api.AttributeValue | undefined> | undefined][];
}

/** Who made a span. */
export interface OtelScope {
  readonly name: string;
  readonly version?: string;
  readonly schemaUrl?: string;
}

/** What an exporter says of a batch: code 0 is success. */
export interface OtelExportResult {
  readonly code: number;
  readonly error?: Error | undefined;
}

/** Any `SpanExporter` of OpenTelemetry. */
export interface OtelSpanExporter {
  export(spans: OtelExportedSpan[], done: (result: OtelExportResult) => void): void;
  shutdown(): Promise<void>;
  forceFlush?(): Promise<void>;
}
