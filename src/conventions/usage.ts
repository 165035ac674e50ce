// Tokens with one meaning: a whole includes its parts. Sources count in three ways; see `inclusive`.
import type { Usage } from "./messages.ts";
import type { Source } from "./source.ts";
import { countIn, fieldIn, firstField, isAnObject } from "./values.ts";
import type { CountedField, Names } from "./vocabularies/vocabulary.ts";

/** Counts as a source has them. */
export interface RawUsage {
  readonly input?: unknown;
  readonly output?: unknown;
  readonly cachedRead?: unknown;
  readonly cachedWrite?: unknown;
  readonly reasoning?: unknown;
  /** By what was counted: see `Usage`. */
  readonly inputAudio?: unknown;
  readonly inputImage?: unknown;
  readonly outputAudio?: unknown;
  readonly outputImage?: unknown;
}

/**
 * Counts as usage; undefined where there are none. `isApart`: cached tokens come beside the input's, as Anthropic's Messages and Bedrock's
 * Converse have them; OpenAI and OpenTelemetry count them within. Where the cached ones are more than the input, they must be
 * apart, whatever the source is thought to do; the same goes for reasoning and output.
 */
export function usageOf(raw: RawUsage, isApart: boolean): Usage | undefined {
  const cachedRead = countIn(raw.cachedRead);
  const cachedWrite = countIn(raw.cachedWrite);
  const reasoning = countIn(raw.reasoning);
  const input = inclusive(countIn(raw.input), (cachedRead ?? 0) + (cachedWrite ?? 0), isApart);
  const output = inclusive(countIn(raw.output), reasoning ?? 0, false);
  const usage: Mutable<Usage> = {};
  if (input !== undefined) usage.input = input;
  if (output !== undefined) usage.output = output;
  if (cachedRead !== undefined) usage.cachedRead = cachedRead;
  if (cachedWrite !== undefined) usage.cachedWrite = cachedWrite;
  if (reasoning !== undefined) usage.reasoning = reasoning;
  for (const part of MODALITIES) {
    const count = countIn(raw[part]);
    if (count !== undefined) usage[part] = count;
  }
  return input === undefined && output === undefined && reasoning === undefined ? undefined : usage;
}

const MODALITIES = ["inputAudio", "inputImage", "outputAudio", "outputImage"] as const;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

function inclusive(count: number | undefined, parts: number, isApart: boolean): number | undefined {
  if (count === undefined) return parts > 0 ? parts : undefined;
  return isApart || parts > count ? count + parts : count;
}

/** Counts that are an attribute each. */
export function rawUsage(source: Source, names: Names<CountedField>): RawUsage {
  const count = (field: CountedField): unknown => source.first(names[field] ?? []);
  return {
    input: count("input"),
    output: count("output"),
    cachedRead: count("cachedRead"),
    cachedWrite: count("cachedWrite"),
    reasoning: count("reasoning"),
    inputAudio: count("inputAudio"),
    inputImage: count("inputImage"),
    outputAudio: count("outputAudio"),
    outputImage: count("outputImage"),
  };
}

/** Usage as a provider's API or library returns it: Bedrock's Converse, Anthropic, OpenAI, DeepSeek, Gemini, the Vercel AI SDK. */
export function usageOfResponse(usage: unknown): Usage | undefined {
  if (!isAnObject(usage)) return undefined;
  const inputDetails = firstField(usage, ...INPUT_DETAILS);
  const outputDetails = firstField(usage, ...OUTPUT_DETAILS);
  const within =
    firstField(inputDetails, "cached_tokens", "cacheReadTokens", "cache_read") ??
    firstField(usage, ...CACHED_WITHIN);
  const raw: RawUsage = {
    input: firstField(usage, ...INPUT),
    output: firstField(usage, ...OUTPUT) ?? geminiOutput(usage),
    cachedRead: within ?? firstField(usage, ...CACHED_READ),
    cachedWrite: firstField(usage, ...CACHED_WRITE) ?? firstField(inputDetails, ...WRITTEN_WITHIN),
    reasoning:
      firstField(outputDetails, "reasoning_tokens", "reasoningTokens", "reasoning") ??
      firstField(usage, ...REASONING),
    inputAudio: fieldIn(inputDetails, "audio_tokens"),
    inputImage: fieldIn(inputDetails, "image_tokens"),
    outputAudio: fieldIn(outputDetails, "audio_tokens"),
    outputImage: fieldIn(outputDetails, "image_tokens"),
  };
  return usageOf(raw, within === undefined);
}

/** Gemini counts thoughts beside the answer. */
function geminiOutput(usage: object): number | undefined {
  const answer = countIn(fieldIn(usage, "candidatesTokenCount"));
  return answer === undefined ? undefined : answer + (countIn(fieldIn(usage, "thoughtsTokenCount")) ?? 0);
}

const INPUT = [
  "inputTokens",
  "input_tokens",
  "prompt_tokens",
  "promptTokens",
  "promptTokenCount",
  "prompt_eval_count",
] as const;
const OUTPUT = [
  "outputTokens",
  "output_tokens",
  "completion_tokens",
  "completionTokens",
  "eval_count",
] as const;
/** LangChain's have a singular. */
const INPUT_DETAILS = [
  "prompt_tokens_details",
  "input_tokens_details",
  "inputTokenDetails",
  "input_token_details",
] as const;
const OUTPUT_DETAILS = [
  "completion_tokens_details",
  "output_tokens_details",
  "outputTokenDetails",
  "output_token_details",
] as const;
/** Of those that went in: the AI SDK's, Gemini's, DeepSeek's, Codex's. */
const CACHED_WITHIN = [
  ...(["cachedInputTokens", "cachedContentTokenCount", "prompt_cache_hit_tokens"] as const),
  "cached_input_tokens",
] as const;
const REASONING = ["reasoningTokens", "thoughtsTokenCount", "reasoning_output_tokens"] as const;
const WRITTEN_WITHIN = ["cacheWriteTokens", "cache_write_tokens", "cache_creation"] as const;
const CACHED_READ = ["cacheReadInputTokens", "cacheReadInputTokenCount", "cache_read_input_tokens"] as const;
const CACHED_WRITE = [
  "cacheWriteInputTokens",
  "cacheWriteInputTokenCount",
  "cache_creation_input_tokens",
] as const;
