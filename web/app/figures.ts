// Figures as the page writes them: those of the terminal, with a no-break space before the unit.
import {
  compact,
  count,
  counted,
  duration,
  keptInWords,
  share as shareOf,
} from "../../src/render/figures.ts";

export { compact, count, counted, keptInWords };

const NO_BREAK = "\u00a0";

/** `58 µs`, `1.4 ms`, `2.29 s`, `1m 36s`; empty where it is not known. */
export function time(ms: number | undefined | null): string {
  return ms === undefined || ms === null ? "" : duration(ms).replaceAll(" ", NO_BREAK);
}

/** How far into something: `+13.18 s`. */
export function offset(ms: number): string {
  const seconds = ms / 1000;
  if (ms >= 60_000) return `+${time(ms)}`;
  return `+${seconds.toFixed(seconds < 10 ? 1 : 2)}${NO_BREAK}s`;
}

/** How precisely money is told: in a row, where it is the subject, or as a sum. */
export type MoneyOf = "row" | "detail" | "sum";

const DECIMALS: Readonly<Record<MoneyOf, number>> = { row: 3, detail: 4, sum: 2 };

/** `$0.147`, `$0.0066`, `$4.40`; below that `<$0.001`. Empty where it is not known. */
export function money(dollars: number | undefined | null, of: MoneyOf = "row"): string {
  if (dollars === undefined || dollars === null) return "";
  const least = of === "sum" ? 3 : DECIMALS[of];
  if (dollars > 0 && dollars < 0.5 / 10 ** least) return `<$${(1 / 10 ** least).toFixed(least)}`;
  const decimals = of === "sum" && dollars > 0 && dollars < 0.01 ? 3 : DECIMALS[of];
  const [whole = "", rest = ""] = dollars.toFixed(decimals).split(".");
  return `$${count(Number(whole))}.${rest}`;
}

/** `8 %`, `<1 %`. */
export function share(part: number): string {
  return shareOf(part).replace(" ", NO_BREAK);
}

/** A moment of a ruler: `0`, `5 s`, `2.5 ms`, `1m 30s`. */
export function tick(ms: number): string {
  if (ms === 0) return "0";
  if (ms >= 60_000) return time(ms);
  const [unit, size] = ms >= 1000 ? ["s", 1000] : ms >= 1 ? ["ms", 1] : ["µs", 1e-3];
  return `${Number((ms / size).toFixed(3))}${NO_BREAK}${unit}`;
}

/** A model's name without what its providers put before it, and without its date and version. */
export function shortModel(name: string): string {
  const own = name.replace(/^(?:[a-z]{2,6}\.)?(?:anthropic|amazon|meta|mistral|cohere)\.(?=\w)/, "");
  const short = own.replace(/^claude-(?=\D)/, "").replace(/-20\d{6}(?:-v\d+(?::\d+)?)?$/, "");
  return short === "" ? name : short;
}

/** `4.2 MB`. */
export function bytes(n: number): string {
  if (n < 1000) return `${n}${NO_BREAK}B`;
  return compact(n).replace(/(.)$/, (unit) => `${NO_BREAK}${unit === "k" ? "kB" : `${unit}B`}`);
}

/** Text on a line that is cut where its room ends: cut here already, since to lay out a megabyte takes as long as it may not. */
export function line(text: string): string {
  return bounded(text, 400);
}

/** Words that begin with a capital letter. */
export function sentence(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Text of which a row shows the beginning, bounded before it is laid out. */
export function bounded(text: string, characters: number): string {
  return text.length <= characters ? text : `${text.slice(0, characters)}…`;
}
