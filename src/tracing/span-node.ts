// A span's node: who it is and what it passes down, apart from what it carries.
import type { Attributes, Inheritable } from "../model/attributes.ts";
import type { OtlpDetails } from "../model/otlp-details.ts";
import type { Scope, SpanFields, SpanKind, SpanStatus } from "../model/span-fields.ts";

/** Where a span keeps the part of itself that contexts hold; the same symbol in every copy of the package. */
export const NODE: unique symbol = Symbol.for("tracelight.node.v1");

/** A span, as far as a node knows it: of this copy of the package or another. */
export interface HeldSpan {
  readonly [NODE]: SpanNode;
}

/**
 * The part of a span that contexts and children hold on to: who it is and what it passes down, not what it carries. So an
 * ended span's payload lives only as long as somebody wants it. Plain data: another copy of the package can use it.
 */
export interface SpanNode {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly kind: SpanKind;
  readonly scope: Scope;
  readonly resourceAttributes: Attributes;
  readonly startedAtMicros: number;
  name: string;
  status: SpanStatus;
  endedAtMicros: number | undefined;
  /** Only where there is one, so that other nodes stay as small as they are. */
  traceState?: string | undefined;
  /** W3C trace flags, only where they say more than that the span is recorded: they are passed on. */
  traceFlags?: number;
  /** Stands for all of a trace that is not recorded. */
  readonly isUnsampled?: true;
  /** What an OpenTelemetry library says of the span beyond our own fields, where it says such. */
  otlp?: OtlpDetails | undefined;
  /** The nearest span above that can still add inheritable attributes. */
  parent: SpanNode | undefined;
  /** What is inheritable from here: entries of this span (and of ended ones above), then `base`. */
  passes: Inheritable | undefined;
  /** What was inheritable from here when the span ended. */
  atEnd: Inheritable | undefined;
  /** What `parent` passes down. */
  base: Inheritable | undefined;
  /** The shared revision at which `passes` and `base` were right. */
  revision: number;
  hasChildren: boolean;
  /** The span itself, until it has ended and was written. */
  span: HeldSpan | undefined;
  /** Neighbours in its tracer's list of open spans. */
  before: SpanNode | undefined;
  after: SpanNode | undefined;
}

/** The fields of a node that stands by itself: it passes nothing down, and nothing is passed down to it. */
export const UNATTACHED = {
  parent: undefined,
  passes: undefined,
  atEnd: undefined,
  base: undefined,
  revision: -1,
  hasChildren: false,
  span: undefined,
  before: undefined,
  after: undefined,
} as const;

/** The node of a span of these fields, which stands by itself. */
export function nodeOf(fields: SpanFields): SpanNode {
  const node: SpanNode = {
    traceId: fields.traceId,
    spanId: fields.spanId,
    parentSpanId: fields.parentSpanId,
    kind: fields.spanKind,
    scope: fields.scope,
    resourceAttributes: fields.resourceAttributes,
    startedAtMicros: fields.startedAtMicros,
    name: fields.spanName,
    status: fields.spanStatus,
    endedAtMicros: fields.endedAtMicros,
    ...UNATTACHED,
  };
  if (fields.traceState !== undefined) node.traceState = fields.traceState;
  return node;
}
