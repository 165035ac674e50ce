// About how many bytes a span takes, for queues and memories that are bounded in bytes.
import type { SpanFields } from "./span-fields.ts";

const OBJECT_BYTES = 64;

/** The bytes of a span's values in memory, about; counting stops soon after `limit`. */
export function boundedSize(span: SpanFields, limit: number): number {
  let bytes = 8 * OBJECT_BYTES;
  const waiting: unknown[] = [span.spanName, span.attributes, span.events, span.links, span.otlp ?? 0];
  for (let value = waiting.pop(); value !== undefined && bytes <= limit; value = waiting.pop()) {
    bytes += ownBytes(value);
    // One by one: a long list spread over a call's arguments overflows the stack.
    if (typeof value === "object" && value !== null) for (const part of partsOf(value)) waiting.push(part);
  }
  return bytes;
}

function ownBytes(value: unknown): number {
  if (typeof value === "string") return 16 + 2 * value.length;
  if (typeof value !== "object" || value === null) return 8;
  return OBJECT_BYTES + (value instanceof Uint8Array ? value.byteLength : 0);
}

function partsOf(value: object): readonly unknown[] {
  if (value instanceof Uint8Array) return [];
  if (Array.isArray(value)) return value;
  if (value instanceof Map) return [...value].flat();
  if (value instanceof Set) return [...value];
  return Object.entries(value).flat();
}
