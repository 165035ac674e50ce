// What a price costs: a row of 1000 model calls with prices and without, against parsing the usage of each.
// `npm run bench -- prices`.
import { InMemoryTracer, loadPrices, selectSummaries } from "../dist/index.js";

const CALLS = 1000;
const ROUNDS = 200;
/** Microseconds of a warm span, at most. */
const BAR = 2;
const MODELS = [
  "gpt-4o",
  "claude-sonnet-4-5",
  "gemini-2.5-pro",
  "o3",
  "deepseek-chat",
  "us.anthropic.claude-sonnet-4-20250514-v1:0",
];
const PROVIDERS = ["openai", "anthropic", "gcp.gemini", "openai", "deepseek", undefined];

const tracer = new InMemoryTracer({ memorySize: CALLS });
tracer.trace("turn", () => {
  for (let i = 0; i < CALLS; i++) {
    const provider = PROVIDERS[i % PROVIDERS.length];
    tracer.trace("chat", (span) => {
      span.addAttributes({
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": MODELS[i % MODELS.length],
        ...(provider === undefined ? {} : { "gen_ai.provider.name": provider }),
        ...{ "gen_ai.usage.input_tokens": 1000 + i, "gen_ai.usage.output_tokens": 100 },
        ...{ "gen_ai.usage.cache_read.input_tokens": 400, "gen_ai.usage.reasoning.output_tokens": 50 },
      });
    });
  }
});
const spans = tracer.getTraces();
const usage = '{"input_tokens":1400,"output_tokens":100,"cache_read_input_tokens":400}';

const begun = performance.now();
const prices = loadPrices();
prices.pricesOf("gpt-4o", "openai", Date.now() * 1000);
console.log(`the first price, the package loaded: ${(performance.now() - begun).toFixed(0)} ms`);
const [bill] = selectSummaries(spans, { prices }).rows;
if (bill.unpricedCalls !== 0) throw new Error(`${bill.unpricedCalls} calls have no price`);

const best = {
  without: Number.POSITIVE_INFINITY,
  with: Number.POSITIVE_INFINITY,
  parsed: Number.POSITIVE_INFINITY,
};
// In turns, and the fastest of each: a busy neighbour does not count.
for (let round = 0; round < ROUNDS; round++) {
  best.without = Math.min(
    best.without,
    timed(() => selectSummaries(spans, {})),
  );
  best.with = Math.min(
    best.with,
    timed(() => selectSummaries(spans, { prices })),
  );
  best.parsed = Math.min(best.parsed, timed(parseAll));
}
const { without, parsed } = best;
const each = Math.max(0, best.with - without);
console.log(
  `a warm span: ${each.toFixed(2)} µs more with a price, of ${without.toFixed(2)} µs; JSON.parse of its usage ${parsed.toFixed(2)} µs (ratio ${(each / parsed).toFixed(2)})`,
);
console.log(`${each <= BAR ? "met" : "MISSED"}: at most ${BAR} µs a warm span`);

function parseAll() {
  for (let i = 0; i < CALLS; i++) JSON.parse(usage);
}

/** Microseconds for each of the calls. */
function timed(work) {
  const start = performance.now();
  work();
  return ((performance.now() - start) * 1000) / CALLS;
}
