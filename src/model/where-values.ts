// Numbers as the filter language writes them.

/** Whole numbers with an n are bigints. Undefined for what is none, or is beyond the range of numbers. */
export function numberOf(text: string): number | bigint | undefined {
  if (/^[+-]?\d+n$/.test(text)) return BigInt(text.slice(0, -1));
  const number = /^[+-]?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
  return Number.isFinite(number) ? number + 0 : undefined;
}
