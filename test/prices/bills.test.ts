// Bills worked out by hand, in millionths of a dollar: prices are those of each provider for a million tokens.
import { type Attributes, loadPrices, type Summary, selectSummaries } from "tracelight";
import { describe, expect, test } from "vitest";
import { spanFields } from "../model/arbitraries.ts";

const prices = loadPrices({
  models: {
    "our-own": { input: 0.5, output: 1.5, perCall: 0.01 },
    "gpt-4o-mini": { input: 1, output: 2 },
    "ft:gpt-4o:*": { input: 3, output: 12, cachedRead: 1.5 },
    "house/llama": [
      { input: 9, output: 9 },
      { from: "2025-08-01", input: 1, output: 2, above: [{ inputTokens: 1000, input: 5 }] },
    ],
    free: { input: 0, output: 0 },
  },
});

interface Tokens {
  readonly in?: number;
  readonly out?: number;
  readonly read?: number;
  readonly write?: number;
  readonly thought?: number;
  readonly image?: number;
  readonly heard?: number;
}

function call(model: string, tokens: Tokens, { provider, at = "2025-11-01T12:00:00Z" }: Where = {}) {
  const attributes: Record<string, unknown> = {
    ...{ "gen_ai.operation.name": "chat", "gen_ai.request.model": model, "gen_ai.provider.name": provider },
    "gen_ai.usage.input_tokens": tokens.in,
    "gen_ai.usage.output_tokens": tokens.out,
    "gen_ai.usage.cache_read.input_tokens": tokens.read,
    "gen_ai.usage.cache_write.input_tokens": tokens.write,
    "gen_ai.usage.reasoning.output_tokens": tokens.thought,
    "gen_ai.usage.image.output_tokens": tokens.image,
    "gen_ai.usage.audio.input_tokens": tokens.heard,
  };
  return spanOf(attributes, at);
}

interface Where {
  readonly provider?: string;
  readonly at?: string;
}

let ids = 0;

function spanOf(attributes: Attributes, at: string) {
  const startedAtMicros = Date.parse(at) * 1000;
  const spanId = (++ids).toString(16).padStart(16, "0");
  return spanFields({
    attributes,
    spanId,
    parentSpanId: undefined,
    startedAtMicros,
    endedAtMicros: startedAtMicros + 1000,
  });
}

function rowOf(spans: Parameters<typeof selectSummaries>[0]): Summary | undefined {
  return selectSummaries(spans, { prices }).rows[0];
}

const SONNET_4 = "anthropic.claude-sonnet-4-20250514-v1:0";

/** What each call costs, in millionths of a dollar. */
const BILLS: readonly (readonly [
  bill: string,
  model: string,
  tokens: Tokens,
  millionths: number,
  where?: Where,
])[] = [
  [
    "Anthropic, with a cache read and written",
    "claude-sonnet-4-5",
    { in: 7000, read: 4000, write: 2000, out: 500 },
    1000 * 3 + 4000 * 0.3 + 2000 * 3.75 + 500 * 15,
    { provider: "anthropic" },
  ],
  [
    "Anthropic, 200k: not above",
    "claude-sonnet-4-5",
    { in: 200_000, out: 10 },
    200_000 * 3 + 10 * 15,
    { provider: "anthropic" },
  ],
  [
    "Anthropic, above 200k, most of it cached",
    "claude-sonnet-4-5",
    { in: 210_000, read: 200_000, out: 1000 },
    10_000 * 6 + 200_000 * 0.6 + 1000 * 22.5,
    { provider: "anthropic" },
  ],
  [
    "OpenAI, cached",
    "gpt-4o",
    { in: 10_000, read: 6000, out: 2000 },
    4000 * 2.5 + 6000 * 1.25 + 2000 * 10,
    { provider: "openai" },
  ],
  [
    "OpenAI, cached and with reasoning",
    "gpt-5",
    { in: 3000, read: 2000, out: 5000, thought: 4500 },
    1000 * 1.25 + 2000 * 0.125 + 5000 * 10,
    { provider: "openai" },
  ],
  [
    "o3 before its cut",
    "o3",
    { in: 1000, out: 3000, thought: 2500 },
    1000 * 10 + 3000 * 40,
    { provider: "openai", at: "2025-06-09T23:59:59Z" },
  ],
  [
    "o3 from the day of its cut on",
    "o3",
    { in: 1000, out: 3000, thought: 2500 },
    1000 * 2 + 3000 * 8,
    { provider: "openai", at: "2025-06-10T00:00:00Z" },
  ],
  [
    "Gemini",
    "gemini-2.5-pro",
    { in: 100_000, out: 1000 },
    100_000 * 1.25 + 1000 * 10,
    { provider: "gcp.gemini" },
  ],
  [
    "Gemini above 200k",
    "gemini-2.5-pro",
    { in: 250_000, read: 50_000, out: 2000 },
    200_000 * 2.5 + 50_000 * 0.25 + 2000 * 15,
    { provider: "gcp.gen_ai" },
  ],
  [
    "Gemini that draws",
    "gemini-2.5-flash-image",
    { in: 1000, out: 1300, image: 1290 },
    1000 * 0.3 + 10 * 2.5 + 1290 * 30,
    { provider: "gcp.vertex_ai" },
  ],
  ["a model that listens", "gpt-realtime", { in: 1000, heard: 900, out: 10 }, 100 * 4 + 900 * 32 + 10 * 16],
  [
    "reasoning with a price of its own",
    "sonar-deep-research",
    { in: 100, out: 1000, thought: 800 },
    100 * 2 + 200 * 8 + 800 * 3,
    { provider: "perplexity" },
  ],
  [
    "a call with a price of its own",
    "sonar",
    { in: 100, out: 200 },
    100 + 200 + 12_000,
    { provider: "perplexity" },
  ],
  [
    "Bedrock in the US, provider unsaid",
    `us.${SONNET_4}`,
    { in: 1500, read: 500, out: 200 },
    1000 * 3 + 500 * 0.3 + 200 * 15,
  ],
  [
    "Bedrock in the EU",
    `eu.${SONNET_4}`,
    { in: 1000, out: 200 },
    1000 * 3 + 200 * 15,
    { provider: "aws.bedrock" },
  ],
  [
    "Bedrock in one region, dearer than in all",
    "jp.anthropic.claude-haiku-4-5-20251001-v1:0",
    { in: 10_000, read: 8000, write: 1000, out: 1000 },
    1000 * 1.1 + 8000 * 0.11 + 1000 * 1.375 + 1000 * 5.5,
    { provider: "amazon_bedrock" },
  ],
  [
    "Bedrock in all regions",
    "global.anthropic.claude-haiku-4-5-20251001-v1:0",
    { in: 1000, out: 100 },
    1000 + 100 * 5,
  ],
  [
    "Bedrock's ARN of an inference profile",
    `arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.${SONNET_4}`,
    { in: 1000, out: 200 },
    1000 * 3 + 200 * 15,
  ],
  [
    "Amazon's own, by a router",
    "bedrock/us.amazon.nova-lite-v1:0",
    { in: 100_000, out: 10_000 },
    100_000 * 0.06 + 10_000 * 0.24,
  ],
  [
    "DeepSeek by day",
    "deepseek-chat",
    { in: 1000, read: 400, out: 100 },
    600 * 0.27 + 400 * 0.07 + 100 * 1.1,
    { provider: "deepseek.chat" },
  ],
  [
    "DeepSeek at night, beyond midnight",
    "deepseek-chat",
    { in: 1000, out: 100 },
    1000 * 0.135 + 100 * 0.55,
    { provider: "deepseek", at: "2025-11-01T00:29:59Z" },
  ],
  [
    "xAI as OpenTelemetry names it",
    "grok-4",
    { in: 1000, out: 100 },
    1000 * 3 + 100 * 15,
    { provider: "x_ai" },
  ],
  [
    "Azure's OpenAI",
    "gpt-4o",
    { in: 1000, out: 100 },
    1000 * 2.5 + 100 * 10,
    { provider: "azure.ai.openai" },
  ],
  ["a router's id", "openai/gpt-4o", { in: 1000, out: 100 }, 1000 * 2.5 + 100 * 10],
  [
    "embeddings, nothing comes out",
    "text-embedding-3-small",
    { in: 5000 },
    5000 * 0.02,
    { provider: "openai" },
  ],
  ["a model that only we have", "our-own", { in: 1000, out: 100 }, 1000 * 0.5 + 100 * 1.5 + 10_000],
  ["our own price goes first", "gpt-4o-mini", { in: 1000, out: 100 }, 1000 + 100 * 2, { provider: "openai" }],
  [
    "our own, by how the id begins",
    "ft:gpt-4o:acme::7",
    { in: 1000, read: 600, out: 10 },
    400 * 3 + 600 * 1.5 + 10 * 12,
  ],
  [
    "our own by provider, before its cut",
    "llama",
    { in: 10, out: 10 },
    180,
    { provider: "house", at: "2025-07-31T23:59:59Z" },
  ],
  [
    "our own by provider, after it, with a long input",
    "llama",
    { in: 1001, out: 10 },
    1001 * 5 + 10 * 2,
    { provider: "house" },
  ],
  ["for nothing", "free", { in: 1000, out: 1000 }, 0],
];

describe("a bill to the millionth", () => {
  test.each(BILLS.map((bill) => [bill[0], bill] as const))(
    "%s",
    (_, [, model, tokens, millionths, where]) => {
      const row = rowOf([call(model, tokens, where)]);
      expect(row?.costUsd).toBeCloseTo(millionths / 1e6, 12);
      expect(row?.unpricedCalls).toBe(0);
    },
  );

  test("the toolkit's own words, cached tokens beside the input", () => {
    const attributes = {
      "ai.trace.type": "llm-invocation",
      "ai.llm.request.model.id": `us.${SONNET_4}`,
      "ai.llm.response.usage": {
        ...{ inputTokens: 100, outputTokens: 50, cacheReadInputTokens: 1000, cacheWriteInputTokens: 200 },
      },
    };
    const row = rowOf([spanOf(attributes, "2025-11-01T12:00:00Z")]);
    expect(row?.costUsd).toBeCloseTo((100 * 3 + 1000 * 0.3 + 200 * 3.75 + 50 * 15) / 1e6, 12);
  });
});

describe("no price", () => {
  test.each([
    ["a model that nobody knows", "who-knows", undefined],
    ["a model of which the table has no price", "qwen-3-coder-480b", "cerebras"],
    ["a known model that somebody else serves", "deepseek-r1:8b", "ollama"],
    [
      "an ARN that says no model",
      "arn:aws:bedrock:us-east-1:1:application-inference-profile/abc",
      "aws.bedrock",
    ],
    ["the name of what every object has", "constructor", undefined],
    ["an empty name", "", undefined],
  ])("%s has no figure, never zero", (_, model, provider) => {
    const row = rowOf([call(model, { in: 10, out: 10 }, provider === undefined ? {} : { provider })]);
    expect(row).toMatchObject({ unpricedCalls: 1 });
    expect(row?.costUsd).toBeUndefined();
  });

  test("tokens of a sort that the model has no price for", () => {
    expect(rowOf([call("text-embedding-3-small", { in: 10, out: 10 })])?.costUsd).toBeUndefined();
  });

  test("a sum says how many calls are not in it", () => {
    const row = rowOf([
      call("gpt-4o", { in: 1000 }),
      call("who-knows", { in: 10 }),
      call("gpt-4o", { out: 100 }),
      call("who-else", { out: 10 }),
    ]);
    expect(row?.costUsd).toBeCloseTo((1000 * 2.5 + 100 * 10) / 1e6, 12);
    expect(row?.unpricedCalls).toBe(2);
  });

  test("without prices nothing has a cost, and nothing is missing that was not asked for", () => {
    const { rows } = selectSummaries([call("gpt-4o", { in: 1000 }), call("gpt-4o", {})], {});
    expect(rows[0]).toMatchObject({ unpricedCalls: 1 });
    expect(rows[0]?.costUsd).toBeUndefined();
  });
});

test("more parts than their whole: the whole is paid for, and nothing throws", () => {
  const attributes = {
    ...{ "openinference.span.kind": "LLM", "llm.model_name": "gpt-4o", "llm.token_count.prompt": 100 },
    ...{ "llm.token_count.completion": 10, "llm.token_count.prompt_details.audio": 5000 },
  };
  const row = rowOf([spanOf(attributes, "2025-11-01T12:00:00Z")]);
  expect(row?.costUsd).toBeCloseTo((100 * 2.5 + 10 * 10) / 1e6, 12);
});
