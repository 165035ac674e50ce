// What model calls cost: tokens times prices. What gives the prices is a table; see `loadPrices`.
import type { SpanFields } from "../model/span-fields.ts";
import { hasTokens, type SpanFacts, type TokenFacts } from "./facts.ts";
import type { Usage } from "./messages.ts";

/** US dollars for a million tokens of each sort. A part without a price of its own costs what its whole does. */
export type TokenPrices = { readonly [Sort in keyof Usage]?: number };

/** What a model costs at one time. */
export interface ModelPrices extends TokenPrices {
  /** US dollars for a call, whatever its tokens. Default 0. */
  readonly perCall?: number;
  /** Tokens that the model's window holds: what goes in, and mostly what comes out, must fit in it. */
  readonly contextWindow?: number;
  /** Prices of calls with a longer input: all their tokens cost so. What one leaves out costs as without it. Shortest first. */
  readonly above?: readonly LongInputPrices[];
}

/** What a model costs where the input is long. */
export interface LongInputPrices extends TokenPrices {
  /** The input has more tokens than this. */
  readonly inputTokens: number;
}

/** Gives prices. Never throws. */
export interface PriceTable {
  /**
   * What a model costs at a time, in microseconds since the epoch; undefined where that is not known. `provider` is whose the
   * model is, or who serves it, as the span has it.
   */
  pricesOf(model: string, provider: string | undefined, atMicros: number): ModelPrices | undefined;
}

/** A call to be paid for. */
export interface PricedCall {
  readonly facts: SpanFacts;
  readonly span: Pick<SpanFields, "startedAtMicros">;
}

/** What calls cost together. */
export interface Bill {
  /** US dollars, of all calls that have a price; undefined where none has. */
  readonly costUsd: number | undefined;
  /** Calls with tokens that have no price: they are not in the sum. */
  readonly unpricedCalls: number;
}

/** What these calls cost together. */
export function billOf(calls: readonly PricedCall[], table: PriceTable | undefined): Bill {
  let sum: number | undefined;
  let unpriced = 0;
  for (const call of calls) {
    const cost = costOfCall(call, table);
    if (cost === undefined) unpriced++;
    else sum = (sum ?? 0) + cost;
  }
  return { costUsd: sum, unpricedCalls: unpriced };
}

/** US dollars; undefined where the call has no price, or does not say its tokens. */
export function costOfCall(call: PricedCall, table: PriceTable | undefined): number | undefined {
  const prices = pricesFor(call, table);
  return prices === undefined ? undefined : costOfTokens(call.facts, prices);
}

function pricesFor({ facts, span }: PricedCall, table: PriceTable | undefined): ModelPrices | undefined {
  const { model, provider } = facts;
  if (model === undefined || !hasTokens(facts)) return undefined;
  return table?.pricesOf(model, provider, span.startedAtMicros);
}

/**
 * Tokens that the window of the called model holds; undefined where the table does not know it, and where more went in: then the call was to
 * another window than the table knows.
 */
export function windowOfCall({ facts, span }: PricedCall, table: PriceTable | undefined): number | undefined {
  const { model, provider, inputTokens = 0 } = facts;
  if (model === undefined) return undefined;
  const { contextWindow } = table?.pricesOf(model, provider, span.startedAtMicros) ?? {};
  return contextWindow === undefined || inputTokens > contextWindow ? undefined : contextWindow;
}

/** Tokens of one sort, without those that have a line of their own, and what they cost. */
export interface BillLine {
  /** The sort; `perCall` is what the call costs whatever its tokens. */
  readonly part: keyof TokenPrices | "perCall";
  /** So many. */
  readonly tokens: number;
  /** US dollars for a million; of `perCall` for one. */
  readonly priceUsd: number;
  /** US dollars. */
  readonly costUsd: number;
}

/** What makes up the cost of a call; undefined where it has no price. */
export function linesOfCall(call: PricedCall, table: PriceTable | undefined): BillLine[] | undefined {
  const prices = pricesFor(call, table);
  if (prices === undefined) return undefined;
  const lines: BillLine[] = [];
  const tell: Tell = (part, tokens, priceUsd) =>
    lines.push({ part, tokens, priceUsd, costUsd: (tokens * priceUsd) / TOKENS_OF_A_PRICE });
  const cost = costOfTokens(call.facts, prices, tell);
  const { perCall = 0 } = prices;
  if (perCall > 0) lines.push({ part: "perCall", tokens: 1, priceUsd: perCall, costUsd: perCall });
  return cost === undefined ? undefined : lines;
}

/** Told of each sort of tokens that was used, and its price. */
type Tell = (part: keyof TokenPrices, tokens: number, priceUsd: number) => void;

/** US dollars; undefined where tokens of a sort that was used have no price. */
function costOfTokens(tokens: TokenFacts, prices: ModelPrices, tell?: Tell): number | undefined {
  const long = longPrices(tokens.inputTokens ?? 0, prices);
  const input = costOfWhole(INPUT, tokens, { prices, long, tell });
  const output = costOfWhole(OUTPUT, tokens, { prices, long, tell });
  if (input === undefined || output === undefined) return undefined;
  return (input + output) / TOKENS_OF_A_PRICE + (prices.perCall ?? 0);
}

/** The price of all is that of the last step that the input is above. */
function longPrices(inputTokens: number, { above }: ModelPrices): TokenPrices | undefined {
  return above?.findLast((step) => inputTokens > step.inputTokens);
}

const TOKENS_OF_A_PRICE = 1_000_000;

/** Tokens of a sort: their fact, and their price. */
type Sort = readonly [count: keyof TokenFacts, price: keyof TokenPrices];

/** A whole, and parts of it that may cost something else. */
interface Whole {
  readonly all: Sort;
  readonly parts: readonly Sort[];
}

const INPUT: Whole = {
  all: ["inputTokens", "input"],
  parts: [
    ["cachedReadTokens", "cachedRead"],
    ["cachedWriteTokens", "cachedWrite"],
    ["inputAudioTokens", "inputAudio"],
    ["inputImageTokens", "inputImage"],
  ],
};
const OUTPUT: Whole = {
  all: ["outputTokens", "output"],
  parts: [
    ["reasoningTokens", "reasoning"],
    ["outputAudioTokens", "outputAudio"],
    ["outputImageTokens", "outputImage"],
  ],
};

interface Rates {
  readonly prices: TokenPrices;
  /** Go before the others. */
  readonly long: TokenPrices | undefined;
  readonly tell: Tell | undefined;
}

/** In millionths; undefined where tokens of the whole are without a price. No more than the whole is paid for. */
function costOfWhole({ all, parts }: Whole, tokens: TokenFacts, rates: Rates): number | undefined {
  let left = tokens[all[0]] ?? 0;
  if (left === 0) return 0;
  const whole = priceOf(all[1], rates);
  let sum = 0;
  for (const [count, name] of parts) {
    const some = Math.min(tokens[count] ?? 0, left);
    const price = some === 0 ? 0 : (priceOf(name, rates) ?? whole);
    if (price === undefined) return undefined;
    if (some > 0) rates.tell?.(name, some, price);
    sum += some * price;
    left -= some;
  }
  if (left === 0) return sum;
  if (whole === undefined) return undefined;
  rates.tell?.(all[1], left, whole);
  return sum + left * whole;
}

function priceOf(name: keyof TokenPrices, { prices, long }: Omit<Rates, "tell">): number | undefined {
  return long?.[name] ?? prices[name];
}
