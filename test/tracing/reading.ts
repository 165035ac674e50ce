// Reading results in tests: who is whose child, by name.
import type { Span, Tracer } from "tracelight";

/** The name of each span's parent ("-" for a root), by span name. Takes parents from ids, as stored. */
export function parentNames(spans: readonly Span[]): Record<string, string> {
  const names = new Map(spans.map((span) => [span.spanId, span.spanName]));
  return Object.fromEntries(
    spans.map(({ spanName, parentSpanId }) => [
      spanName,
      parentSpanId === undefined ? "-" : (names.get(parentSpanId) ?? "unknown"),
    ]),
  );
}

/** The span of that name; throws where there is none. */
export function spanNamed(spans: readonly Span[], name: string): Span {
  const found = spans.find((span) => span.spanName === name);
  if (found === undefined) throw new Error(`no span "${name}" among ${spans.map((s) => s.spanName)}`);
  return found;
}

/** Name of the active span, "-" where none is. */
export function activeName(tracer: Tracer): string {
  return tracer.currentSpan?.spanName ?? "-";
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
