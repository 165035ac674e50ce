// The price table: prices of one's own first, then those of `@pydantic/genai-prices`, each model looked up once.
import type { ModelPrices, PriceTable } from "../conventions/cost.ts";
import { checkOptions, is, type OptionRules } from "../model/options.ts";
import { GenaiPrices } from "./genai-prices.ts";
import { OwnPrices, readPriceFile } from "./own-prices.ts";
import { type Period, pricesAt } from "./periods.ts";

/** Options of `loadPrices`. */
export interface PriceOptions {
  /** A file of your own prices, as docs/prices.md describes it. What it says goes first. */
  readonly file?: string | undefined;
  /** The same in code: prices by model. They go before those of the file. */
  readonly models?: Readonly<Record<string, OwnModelPrices>> | undefined;
}

/** What a model costs: always, or in periods, the oldest first. */
export type OwnModelPrices = ModelPrices | readonly DatedPrices[];

/** What a model costs from a time on. */
export interface DatedPrices extends ModelPrices {
  /** A day, such as `2026-06-01` (its beginning in UTC), or a time in ISO 8601. Left out: always. */
  readonly from?: string | undefined;
}

/** The prices of models: yours, then those of the package `@pydantic/genai-prices` where it is installed. */
export interface Prices extends PriceTable {
  /** True where a price was asked for that the package may have, and it is not installed. */
  readonly isPackageMissing: boolean;
}

const RULES: OptionRules = {
  owner: "loadPrices",
  checks: {
    file: is.text,
    models: (value) => (typeof value === "object" && value !== null ? undefined : "prices by model"),
  },
};

/**
 * Loads prices, to be given to `summaries` and what else counts costs. The package is loaded when the first model is looked up that your
 * own prices lack; that takes a moment (some 100 ms, once).
 *
 * @throws TracelightError `INVALID_OPTION` for an unknown option, a file that cannot be read, or prices that are none
 *
 * @example
 * ```ts
 * const prices = loadPrices({ models: { "my-model": { input: 0.5, output: 1.5 } } });
 * const { rows } = await new InMemoryTracer().summaries({ prices });
 * ```
 */
export function loadPrices(options: PriceOptions = {}): Prices {
  checkOptions(options, RULES);
  const { file, models } = options;
  const own = [
    ...(models === undefined ? [] : [new OwnPrices(models, 'option "models" of loadPrices')]),
    ...(file === undefined ? [] : [readPriceFile(file)]),
  ];
  return new KnownPrices(own);
}

/** Names are made by models too. */
const MOST_KNOWN = 2000;

class KnownPrices implements Prices {
  readonly #own: readonly OwnPrices[];
  readonly #package = new GenaiPrices();
  readonly #known = new Map<string, readonly Period[]>();

  constructor(own: readonly OwnPrices[]) {
    this.#own = own;
  }

  get isPackageMissing(): boolean {
    return this.#package.isMissing;
  }

  pricesOf(model: string, provider: string | undefined, atMicros: number): ModelPrices | undefined {
    const key = provider === undefined ? model : `${model}\n${provider}`;
    return pricesAt(this.#known.get(key) ?? this.#look(key, model, provider), atMicros);
  }

  #look(key: string, model: string, provider: string | undefined): readonly Period[] {
    const periods = this.#ownPeriods(model, provider) ?? this.#package.periodsOf(model, provider);
    if (this.#known.size >= MOST_KNOWN) this.#known.clear();
    this.#known.set(key, periods);
    return periods;
  }

  #ownPeriods(model: string, provider: string | undefined): readonly Period[] | undefined {
    for (const own of this.#own) {
      const periods = own.periodsOf(model, provider);
      if (periods !== undefined) return periods;
    }
    return undefined;
  }
}
