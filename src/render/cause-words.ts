// Why a cache was not used, in words: for the command and the page. Pure, and without the lens itself.

/** Why; `pause` is how long it was since the call before. */
export function causeInWords(cause: string, pause: string): string {
  return CAUSES[cause]?.(pause) ?? `the prompt went on, after ${pause}; no reason can be told`;
}

const CAUSES: Readonly<Record<string, (pause: string) => string>> = {
  lifetime: (pause) => `the pause was longer than the cache is kept (${pause})`,
  model: () => "the call before was to another model",
  minimum: () => "the prompt is shorter than what the provider caches",
  off: () => "the call before neither read nor wrote a cache",
};
