// Ids that come from what a thing is known by elsewhere: read again, it has the same ones.
import { createHash } from "node:crypto";

/** The id of a trace: 32 hex digits of the text's SHA-256. */
export function traceIdFrom(text: string): string {
  return digitsFrom(text, 32);
}

/** The id of a span: 16 hex digits of the text's SHA-256. */
export function spanIdFrom(text: string): string {
  return digitsFrom(text, 16);
}

function digitsFrom(text: string, digits: number): string {
  return createHash("sha256").update(text).digest("hex").slice(0, digits);
}
