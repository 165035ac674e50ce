// What a model costs over time: prices that began on a day, or hold at a time of day.
import type { ModelPrices } from "../conventions/cost.ts";

/** Prices, and when they hold. */
export interface Period {
  readonly prices: ModelPrices;
  /** From this time on, in microseconds since the epoch; else always. */
  readonly fromMicros?: number | undefined;
  /** Between these seconds of the day in UTC; the second may lie on the day after. */
  readonly daily?: readonly [from: number, until: number] | undefined;
}

/** The prices of the last period that holds at the time; undefined where none does. */
export function pricesAt(periods: readonly Period[], atMicros: number): ModelPrices | undefined {
  return periods.findLast((period) => holds(period, atMicros))?.prices;
}

function holds({ fromMicros, daily }: Period, atMicros: number): boolean {
  if (fromMicros !== undefined && atMicros < fromMicros) return false;
  if (daily === undefined) return true;
  const [from, until] = daily;
  const second = (((atMicros / 1e6) % DAY) + DAY) % DAY;
  return until < from ? second >= from || second < until : second >= from && second < until;
}

const DAY = 24 * 3600;
