// Regular expressions that are made when they are first used.

/**
 * Gives the expression, made at the first call. Those with properties of Unicode take V8 a millisecond or more each, even as
 * literals that are never used, which the start of every program would pay.
 */
export function madeWhenUsed(source: () => string, flags: string): () => RegExp {
  let pattern: RegExp | undefined;
  return () => {
    pattern ??= new RegExp(source(), flags);
    return pattern;
  };
}
