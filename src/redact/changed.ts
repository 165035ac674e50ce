// A span that is stored already, redacted.
import { isDeepStrictEqual } from "node:util";
import { type Process, processed } from "../tracing/draft.ts";
import type { Span } from "../tracing/span.ts";

/** The span as the redaction leaves it; undefined where it changes nothing. */
export function redactedSpan(span: Span, process: Process): Span | undefined {
  const made = processed(span, process);
  // What is not changed is the same value still, so the look is short.
  return made === undefined || isDeepStrictEqual(textsOf(made), textsOf(span)) ? undefined : made;
}

function textsOf(span: Span): readonly unknown[] {
  const { spanName, statusMessage, traceState, attributes, resourceAttributes, scope, events, links, otlp } =
    span;
  return [spanName, statusMessage, traceState, attributes, resourceAttributes, scope, events, links, otlp];
}
