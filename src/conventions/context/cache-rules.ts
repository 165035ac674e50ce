// What providers say of their prompt caches: from how many tokens on, in which steps, and for how long. As of November 2026.

/** What is known of a model's prompt cache. */
export interface CacheRules {
  /** Shorter prompts are never cached. */
  readonly minTokens: number;
  /** Tokens are cached and counted in steps of so many. */
  readonly step: number;
  /** So long after it was used a prompt may have left the cache, in milliseconds; undefined where nobody says. */
  readonly mayEndMs: number | undefined;
  /** So long after it was used it has left it; undefined where nobody says. */
  readonly endsMs: number | undefined;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/**
 * The rules of a model. `isLong`: the call asked for the longer lifetime, as Anthropic's `ttl: "1h"` or OpenAI's
 * `prompt_cache_retention: "24h"`.
 */
export function cacheRules(model: string | undefined, isLong: boolean): CacheRules {
  const name = modelName(model ?? "");
  if (name.includes("claude"))
    return { ...CLAUDE, ...lifetime(isLong ? HOUR : 5 * MINUTE), minTokens: claudeMinimum(name) };
  if (name.includes("nova")) return { ...CLAUDE, ...lifetime(5 * MINUTE), minTokens: 1000 };
  if (/gpt|^o\d|codex/.test(name)) return openAi(name, isLong);
  if (name.includes("gemini"))
    return {
      ...UNKNOWN,
      minTokens: /gemini-[12]\b/.test(name) ? 2048 : 4096,
      step: 1024,
      mayEndMs: 5 * MINUTE,
    };
  if (name.includes("deepseek")) return { minTokens: 64, step: 64, mayEndMs: HOUR, endsMs: undefined };
  return UNKNOWN;
}

/** Both say exactly what was read and written. https://platform.claude.com/docs/en/build-with-claude/prompt-caching */
const CLAUDE = { step: 1 };
const UNKNOWN: CacheRules = { minTokens: 0, step: 128, mayEndMs: undefined, endsMs: undefined };

function lifetime(ms: number): Pick<CacheRules, "mayEndMs" | "endsMs"> {
  return { mayEndMs: ms, endsMs: ms };
}

/** The first that fits. */
const CLAUDE_MINIMUMS: readonly (readonly [model: RegExp, tokens: number])[] = [
  [/(?:opus|fable|mythos)-5/, 512],
  [/opus-4-7/, 2048],
  [/opus-4-[56]|haiku-4-5/, 4096],
  [/haiku/, 2048],
];

function claudeMinimum(name: string): number {
  return CLAUDE_MINIMUMS.find(([model]) => model.test(name))?.[1] ?? 1024;
}

/** Five to ten minutes without use, an hour at most; where it is kept longer, a day. https://developers.openai.com/api/docs/guides/prompt-caching */
function openAi(name: string, isLong: boolean): CacheRules {
  const mayBeLong = isLong || /gpt-(?:4-1|[5-9])/.test(name);
  return {
    minTokens: 1024,
    step: 128,
    mayEndMs: isLong ? 24 * HOUR : 5 * MINUTE,
    endsMs: mayBeLong ? 24 * HOUR : HOUR,
  };
}

/** True where two names are of one model: one may lack its date, or have its region or provider before it. */
export function isSameModel(a: string | undefined, b: string | undefined): boolean {
  if (a === undefined || b === undefined) return true;
  const [one, other] = [splitDate(modelName(a)), splitDate(modelName(b))];
  return one.name === other.name && (one.date === other.date || one.date === "" || other.date === "");
}

/** `us.anthropic.claude-sonnet-4-5-20250929-v1:0` as `claude-sonnet-4-5-20250929`. */
function modelName(model: string): string {
  return model
    .toLowerCase()
    .replace(/^.*[/]/, "")
    .replace(
      /^(?:[a-z]{2,6}(?:-[a-z]+)?\.)?(?:anthropic|amazon|openai|google|deepseek|meta|mistral|qwen)\./,
      "",
    )
    .replace(/(?:-v\d+)?(?::\d+)?(?::[\w-]+)?$/, "")
    .replace(/[@.]/g, "-");
}

function splitDate(name: string): { readonly name: string; readonly date: string } {
  const [, base = name, date = ""] = /^(.*?)-(?:latest|(\d{8}|\d{4}-\d{2}-\d{2}))$/.exec(name) ?? [];
  return { name: base, date: date.replaceAll("-", "") };
}
