// Values and spans as text that is the same in each run: without times, ids and addresses of one run.
import type { Span } from "tracelight";

/** What an app is given, with the classes that it is of. */
export function portrait(value: unknown, depth: number = 0): unknown {
  if (typeof value === "string") return settled(value);
  if (typeof value === "function") return "function";
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Date) return "Date";
  if (value instanceof Uint8Array) return `${value.constructor.name} ${Buffer.from(value).toString()}`;
  if (depth > MAX_DEPTH) return "…";
  if (Array.isArray(value)) return value.map((one) => portrait(one, depth + 1));
  const entries = Object.entries(value).filter(([key]) => !OF_A_RUN.has(key));
  const fields = Object.fromEntries(entries.map(([key, one]) => [key, portrait(one, depth + 1)]));
  const error = value instanceof Error ? { message: settled(value.message) } : {};
  return { ...fields, ...error, "(class)": value.constructor?.name ?? "none" };
}

/** Spans below one another, each with all that it has, a line for each attribute. */
export function written(spans: readonly Span[], parent?: string, indent: string = ""): string {
  return spans
    .filter(({ parentSpanId }) => parentSpanId === parent)
    .map((span) => {
      const { spanName, spanKind, spanStatus, statusMessage = "", events } = span;
      const head = [spanName, spanKind, spanStatus, settled(statusMessage)].join(" ").trimEnd();
      const lines = [
        ...Object.entries(span.attributes).flatMap(([name, value]) => lineOf(name, value)),
        ...events.map(({ name, attributes }) => `event ${name} ${shown(attributes)}`),
      ];
      return [
        `${indent}${head}\n`,
        ...lines.map((line) => `${indent}  ${line}\n`),
        written(spans, span.spanId, `${indent}  `),
      ].join("");
    })
    .join("");
}

function lineOf(name: string, value: unknown): string[] {
  // Stacks have paths; which of two collectors came first differs.
  if (name === "ai.followed.end" || name === "exception.stacktrace") return [];
  return [`${name}: ${TIMES.test(name) ? "some" : shown(value)}`];
}

function shown(value: unknown): string {
  const text = JSON.stringify(value, (key, one: unknown) => {
    if (key === "exception.stacktrace") return undefined;
    return typeof one === "string" ? settled(one) : one;
  });
  return text ?? "undefined";
}

function settled(text: string): string {
  return text
    .replace(/https?:\/\/127\.0\.0\.1:\d+\/\w+-\d+/g, "http://stub")
    .replace(/127\.0\.0\.1:\d+/g, "stub")
    .replace(/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, "uuid")
    .replace(/\b(aitxt|aiobj|msg|call)-[A-Za-z0-9]{16,}\b/g, "$1-id")
    .replace(/\/\w+-\d+\/(?=model\/)/g, "/");
}

/** What is another one at each call. */
const OF_A_RUN: ReadonlySet<string> = new Set([
  ...["stack", "timestamp", "requestId", "totalRetryDelay", "fetch", "performance", "stepPerformance"],
]);
const TIMES = /time_to_first_chunk|latency|duration/;
const MAX_DEPTH = 14;
