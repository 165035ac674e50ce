// OTLP's numbers for what a span is and how it went.
import type { SpanKind, SpanStatus } from "../model/span-fields.ts";

/** By number. 0, unspecified, is to be taken as INTERNAL. */
export const KINDS: readonly (SpanKind | undefined)[] = [
  undefined,
  "INTERNAL",
  "SERVER",
  "CLIENT",
  "PRODUCER",
  "CONSUMER",
];

/** By number. */
export const STATUSES: readonly SpanStatus[] = ["UNSET", "OK", "ERROR"];
