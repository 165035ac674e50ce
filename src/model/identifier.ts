// The name under which a tracer writes, in stores that several share: what it may be, in every store and query.

/** The identifier of spans that were written without one. */
export const NO_IDENTIFIER = "_";

/** A sort key of DynamoDB has 1024 bytes; so many are left beside what else stands in a span's. */
export const MAX_IDENTIFIER_BYTES = 984;

/** Says what an identifier must be; undefined for one that all keys can hold. */
export function isIdentifier(value: unknown): string | undefined {
  if (typeof value !== "string" || value === "") return "a string that is not empty";
  // A NUL ends texts in SQLite, and half a character is another one once it is written.
  if (value.includes("\0") || !value.isWellFormed()) return "text without a NUL and without half a character";
  return Buffer.byteLength(value) > MAX_IDENTIFIER_BYTES
    ? `a string of at most ${MAX_IDENTIFIER_BYTES} bytes in UTF-8, so that it fits into a key`
    : undefined;
}
