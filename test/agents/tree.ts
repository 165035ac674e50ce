// Spans as lines, and what was thrown as words: what tests of adapters expect.
import type { Span } from "tracelight";
import { readSpan } from "tracelight/conventions";

/** What each span is, what it is called and how it went, below those that it is below. */
export function tree(spans: readonly Span[], parent: string | undefined = undefined, depth = 0): string[] {
  return spans
    .filter(({ parentSpanId }) => parentSpanId === parent)
    .flatMap((span) => {
      const { kind, aborted, error } = readSpan(span);
      const how = aborted ? " aborted" : error === undefined ? "" : ` ERROR ${error}`;
      return [`${"  ".repeat(depth)}${kind} ${span.spanName}${how}`, ...tree(spans, span.spanId, depth + 1)];
    });
}

/** What it says. */
export const failure = (error: unknown) => (error instanceof Error ? error.message : error);
