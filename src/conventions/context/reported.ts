// What a provider itself says of its prompt cache in a call: why it missed, and whether it was to be kept longer.
import type { SpanFields } from "../../model/span-fields.ts";
import { structured } from "../json-text.ts";
import { countIn, fieldIn, isAnObject, textIn } from "../values.ts";

/** Where a prompt stopped being the one before, as the provider says. */
export type ReportedReason = "model" | "system" | "tools" | "messages" | "settings";

/** Why the cache was missed. */
export interface ReportedMiss {
  readonly reason: ReportedReason;
  /** The provider's word. */
  readonly word: string;
  /** Tokens that could have been read from the cache; undefined where it does not say. */
  readonly tokens: number | undefined;
}

/** Anthropic's `cache_miss_reason`, or OpenAI's `prompt_cache_diagnostics`; undefined where it says nothing that tells where. */
export function reportedMiss(span: SpanFields): ReportedMiss | undefined {
  for (const value of answersIn(span)) {
    const miss = missIn(value, 0);
    if (miss !== undefined) return miss;
  }
  return undefined;
}

/** True where the call asked for the longer lifetime, or wrote to the cache that has it. */
export function isLongLived(span: SpanFields): boolean {
  return textsOf(span).some((text) => LONG_LIVED.test(text));
}

/** True where a message asks that the prompt up to it is kept for the longer lifetime: itself, or a block of it. */
export function isKeptLong(message: unknown): boolean {
  const content = fieldIn(message, "content") ?? fieldIn(message, "parts");
  return [message, ...(Array.isArray(content) ? content : [])].some(hasLongMark);
}

function hasLongMark(one: unknown): boolean {
  if (!isAnObject(one)) return false;
  return Object.keys(one).some((key) => MARKS.test(key) && LONG_LIVED.test(safeJson(fieldIn(one, key))));
}

const MARKS = /cache|providerOptions/i;

const LONG_LIVED =
  /"ttl"\s*:\s*"1h"|"ephemeral_1h_input_tokens"\s*:\s*[1-9]|"prompt_cache_retention"\s*:\s*"24h"/;

/** What may have been answered, whichever vocabulary wrote it. */
function answersIn({ attributes }: SpanFields): unknown[] {
  return Object.keys(attributes).flatMap((name) => {
    if (NAMED.test(name))
      return [
        {
          [name.slice(name.lastIndexOf(".") + 1)]: structured(attributes[name]),
          ...beside(attributes, name),
        },
      ];
    return ANSWER.test(name) ? [shortly(attributes[name])] : [];
  });
}

/** Attributes that are the reason themselves, and their count beside it. */
const NAMED = /(?:^|[._])(?:cache_miss_reason|prompt_cache_diagnostics|cacheMissReason)(?:\.type)?$/;
const ANSWER =
  /usage|diagnostics|providerMetadata|response\.(?:output|metadata)|output\.value|llm\.response/i;

function beside(attributes: SpanFields["attributes"], name: string): Record<string, unknown> {
  const scope = name.replace(/[^.]*(?:\.type)?$/, "");
  return {
    ...(name.endsWith(".type") ? { cache_miss_reason: attributes[name] } : {}),
    cache_missed_input_tokens:
      attributes[`${scope}cache_missed_input_tokens`] ??
      attributes[`${name.replace(/\.type$/, "")}.cache_missed_input_tokens`],
  };
}

/** A long answer is not parsed for it. */
function shortly(value: unknown): unknown {
  return typeof value === "string" && (value.length > MAX_TEXT || !MENTIONED.test(value))
    ? undefined
    : structured(value);
}

const MENTIONED = /cache_?miss|prompt_cache_diagnostics/i;
const MAX_TEXT: number = 2 ** 18;
const MAX_DEPTH = 6;
const MAX_FIELDS = 50;

function missIn(value: unknown, depth: number): ReportedMiss | undefined {
  if (!isAnObject(value) || depth > MAX_DEPTH) return undefined;
  const own = ownMiss(value);
  if (own !== undefined) return own;
  for (const key of Object.keys(value).slice(0, MAX_FIELDS)) {
    const inner = missIn(fieldIn(value, key), depth + 1);
    if (inner !== undefined) return inner;
  }
  return undefined;
}

function ownMiss(value: object): ReportedMiss | undefined {
  const given =
    fieldIn(value, "cache_miss_reason") ??
    fieldIn(value, "cacheMissReason") ??
    fieldIn(value, "prompt_cache_diagnostics");
  const word =
    textIn(given) ??
    textIn(
      fieldIn(given, "type") === "cache_miss"
        ? fieldIn(given, "reason")
        : (fieldIn(given, "type") ?? fieldIn(given, "reason")),
    );
  const reason = word === undefined ? undefined : REASONS.get(word);
  if (word === undefined || reason === undefined) return undefined;
  const tokens = [given, value]
    .map((one) =>
      countIn(
        fieldIn(one, "cache_missed_input_tokens") ??
          fieldIn(one, "cacheMissedInputTokens") ??
          fieldIn(one, "cache_missed_tokens"),
      ),
    )
    .find((count) => count !== undefined);
  return { reason, word, tokens };
}

/** Words that say that nothing could be compared (`previous_message_not_found`, `unavailable`) are no reason. */
const REASONS: ReadonlyMap<string, ReportedReason> = new Map<string, ReportedReason>([
  ["model_changed", "model"],
  ["system_changed", "system"],
  ["instructions_changed", "system"],
  ["tools_changed", "tools"],
  ["messages_changed", "messages"],
  ["input_changed", "messages"],
  ...[
    "service_tier_changed",
    "prompt_cache_key_changed",
    "reasoning_changed",
    "text_changed",
    "tool_choice_changed",
  ].map((word) => [word, "settings"] as const),
]);

/** The request's settings and the usage, as text: few and short. */
function textsOf({ attributes }: SpanFields): string[] {
  return Object.keys(attributes).flatMap((name) => {
    if (!SETTINGS.test(name)) return [];
    const value = attributes[name];
    const last = name.slice(name.lastIndexOf(".") + 1);
    const text = typeof value === "string" ? value : safeJson(TOOLS.test(name) ? lastTool(value) : value);
    // Prompts are long and most ask for nothing: only what has such a word is looked at.
    return text.length > MAX_TEXT || !(LIFETIMES.test(text) || LIFETIMES.test(last))
      ? []
      : [text, `"${last}": ${typeof value === "string" ? JSON.stringify(value) : text}`];
  });
}

/** Of what is longer than usual, as `LONG_LIVED` has it. */
const LIFETIMES = /1h|24h/;

const SETTINGS =
  /usage|system|tool\.config|tool\.definitions|inference\.config|invocation_parameters|providerOptions|providerMetadata|settings|cache/i;

/** Where a prompt is kept up to the tools, the last of them says so. */
const TOOLS = /tool/;

function lastTool(value: unknown): unknown {
  const list: unknown = isAnObject(value) && !Array.isArray(value) ? fieldIn(value, "tools") : value;
  return Array.isArray(list) ? list.at(-1) : undefined;
}

function safeJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? "";
  } catch {
    return "";
  }
}
