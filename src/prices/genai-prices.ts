// The dated prices of `@pydantic/genai-prices`, an optional package: loaded when a model is first looked up.
import type { LongInputPrices, ModelPrices, TokenPrices } from "../conventions/cost.ts";
import { requireInstalled } from "../delivery/installed.ts";
import { defined } from "../model/defined.ts";
import { dateOf } from "../model/times.ts";
import { placesOf } from "./model-ids.ts";
import type { Period } from "./periods.ts";

/** What is used of the package. */
interface Package {
  calcPrice(usage: object, model: string, options: { readonly providerId?: string }): unknown;
}

const NONE: readonly Period[] = [];

/** The package's prices; none where it is not installed. */
export class GenaiPrices {
  #module: Package | undefined;
  #isMissing = false;

  /** True where it was looked for in vain. */
  get isMissing(): boolean {
    return this.#isMissing;
  }

  /** What the model costs over time; empty where that is not known. Never throws. */
  periodsOf(model: string, provider: string | undefined): readonly Period[] {
    const found = this.#load();
    if (found === undefined) return NONE;
    for (const place of placesOf(model, provider)) {
      const periods = periodsIn(found, place);
      if (periods.length > 0) return periods;
    }
    return NONE;
  }

  #load(): Package | undefined {
    if (this.#module !== undefined || this.#isMissing) return this.#module;
    try {
      const { module } = requireInstalled("@pydantic/genai-prices");
      if (isPackage(module)) this.#module = module;
    } catch {
      // Looked for at its place, and not there.
    }
    this.#isMissing = this.#module === undefined;
    return this.#module;
  }
}

function isPackage(module: unknown): module is Package {
  return typeof fieldOf(module, "calcPrice") === "function";
}

/** Without tokens, the package only looks the model up; it would take 60 times as long for each call. */
function periodsIn(
  { calcPrice }: Package,
  { model, providerId }: { readonly model: string; readonly providerId?: string | undefined },
): readonly Period[] {
  try {
    const found = calcPrice({}, model, providerId === undefined ? {} : { providerId });
    const prices = fieldOf(fieldOf(found, "model"), "prices");
    const given: readonly unknown[] = Array.isArray(prices) ? prices : [{ prices }];
    const periods = given.map(periodOf);
    // A model without any price is not for free.
    if (!periods.some((period) => Object.keys(period.prices).length > 0)) return NONE;
    const contextWindow = fieldOf(fieldOf(found, "model"), "context_window");
    if (typeof contextWindow !== "number") return periods;
    return periods.map((period) => ({ ...period, prices: { ...period.prices, contextWindow } }));
  } catch {
    return NONE;
  }
}

/** The first holds whenever no other does. */
function periodOf(given: unknown, place: number): Period {
  const prices = pricesOf(fieldOf(given, "prices"));
  const constraint = fieldOf(given, "constraint");
  const from = fieldOf(constraint, "start_date");
  const [start, end] = [
    timeOfDay(fieldOf(constraint, "start_time")),
    timeOfDay(fieldOf(constraint, "end_time")),
  ];
  if (place === 0) return { prices };
  return {
    prices,
    fromMicros: typeof from === "string" ? dateOf(from) : undefined,
    daily: start === undefined || end === undefined ? undefined : [start, end],
  };
}

/** `00:30:00Z` as seconds. */
function timeOfDay(text: unknown): number | undefined {
  const [, hours, minutes, seconds = 0] =
    typeof text === "string" ? (/^(\d{2}):(\d{2})(?::(\d{2}))?Z?$/.exec(text) ?? []) : [];
  return hours === undefined ? undefined : Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
}

function pricesOf(given: unknown): ModelPrices {
  const base: [string, number][] = [];
  const steps = new Map<number, [string, number][]>();
  for (const [key, name] of NAMES) {
    const price = fieldOf(given, key);
    const amount = typeof price === "number" ? price : fieldOf(price, "base");
    if (typeof amount === "number") base.push([name, amount]);
    for (const [start, stepPrice] of tiersOf(price)) {
      steps.set(start, [...(steps.get(start) ?? []), [name, stepPrice]]);
    }
  }
  const requests = fieldOf(given, "requests_kcount");
  return {
    ...Object.fromEntries(base),
    ...defined({
      perCall: typeof requests === "number" ? requests / 1000 : undefined,
      above: steps.size === 0 ? undefined : stepsOf(steps),
    }),
  };
}

function stepsOf(steps: ReadonlyMap<number, readonly [string, number][]>): readonly LongInputPrices[] {
  return [...steps]
    .sort(([a], [b]) => a - b)
    .map(([inputTokens, prices]) => ({ inputTokens, ...Object.fromEntries(prices) }));
}

function tiersOf(price: unknown): readonly (readonly [start: number, price: number])[] {
  const tiers = fieldOf(price, "tiers");
  if (!Array.isArray(tiers)) return [];
  return tiers.flatMap((tier: unknown) => {
    const [start, amount] = [fieldOf(tier, "start"), fieldOf(tier, "price")];
    return typeof start === "number" && typeof amount === "number" ? [[start, amount] as const] : [];
  });
}

/** The package's names of prices, in US dollars for a million, and ours. */
const NAMES: readonly (readonly [key: string, name: keyof TokenPrices])[] = [
  ["input_mtok", "input"],
  ["output_mtok", "output"],
  ["cache_read_mtok", "cachedRead"],
  ["cache_write_mtok", "cachedWrite"],
  ["output_reasoning_mtok", "reasoning"],
  ["input_audio_mtok", "inputAudio"],
  ["input_image_mtok", "inputImage"],
  ["output_audio_mtok", "outputAudio"],
  ["output_image_mtok", "outputImage"],
];

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}
