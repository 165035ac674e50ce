// Prices of one's own: an object by model, or a file of it. Read whole at construction; every slip is named.
import type { LongInputPrices, ModelPrices, TokenPrices } from "../conventions/cost.ts";
import { defined } from "../model/defined.ts";
import { messageOf, TracelightError } from "../model/errors.ts";
import { isObject } from "../model/record-reader.ts";
import { closest } from "../model/spelling.ts";
import { dateOf } from "../model/times.ts";
import type { Period } from "./periods.ts";

/** Bytes; a file of prices is small. */
const MAX_FILE = 2 ** 23;

/**
 * A file of prices: JSON, models by id.
 * @throws TracelightError `INVALID_OPTION`
 */
export function readPriceFile(path: string): OwnPrices {
  return new OwnPrices(parsed(path), path);
}

function parsed(path: string): unknown {
  let text: string;
  try {
    // Not imported: that would load Node's streams with every `import "tracelight"`.
    text = process.getBuiltinModule("node:fs").readFileSync(path, "utf8");
  } catch (cause) {
    throw invalid(`The price file ${path} cannot be read: ${messageOf(cause)}`, cause);
  }
  if (text.length > MAX_FILE) throw invalid(`The price file ${path} is too large: at most 8 MiB.`);
  try {
    return JSON.parse(text.replace(/^\ufeff/, ""));
  } catch (cause) {
    throw invalid(`The price file ${path} is no JSON: ${messageOf(cause)}`, cause);
  }
}

/** Prices by model. A key is a model's id, or `provider/id`; one that ends in `*` stands for all that begin so. */
export class OwnPrices {
  readonly #exact = new Map<string, readonly Period[]>();
  /** The longest first. */
  readonly #beginnings: readonly (readonly [begin: string, periods: readonly Period[]])[];

  /** @throws TracelightError `INVALID_OPTION`; `where` says whose the prices are */
  constructor(models: unknown, where: string) {
    const beginnings: [string, readonly Period[]][] = [];
    for (const [name, prices] of Object.entries(objectIn(models, where))) {
      const periods = periodsIn(prices, `"${name}" of ${where}`);
      if (name.endsWith("*")) beginnings.push([name.slice(0, -1).toLowerCase(), periods]);
      else this.#exact.set(name.toLowerCase(), periods);
    }
    this.#beginnings = beginnings.sort(([a], [b]) => b.length - a.length);
  }

  /** Undefined where there are no prices for the model. */
  periodsOf(model: string, provider: string | undefined): readonly Period[] | undefined {
    const names = provider === undefined ? [model] : [`${provider}/${model}`, model];
    for (const name of names.map((one) => one.toLowerCase())) {
      const found = this.#exact.get(name) ?? this.#beginnings.find(([begin]) => name.startsWith(begin))?.[1];
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

function periodsIn(given: unknown, where: string): readonly Period[] {
  if (!Array.isArray(given)) return [periodIn(given, where)];
  if (given.length === 0) throw invalid(`${where} has no prices; leave the model out.`);
  const periods = given.map((one: unknown, i) => periodIn(one, `period ${i + 1} of ${where}`));
  const starts = periods.map(({ fromMicros = Number.NEGATIVE_INFINITY }) => fromMicros);
  if (starts.some((start, i) => i > 0 && start <= (starts[i - 1] ?? start)))
    throw invalid(`The periods of ${where} must be in order of "from", the oldest first.`);
  return periods;
}

function periodIn(given: unknown, where: string): Period {
  const { from, above, perCall, contextWindow, ...tokens } = objectIn(given, where);
  const prices: ModelPrices = {
    ...tokenPrices(tokens, where, ["from", "above", "perCall", "contextWindow"]),
    ...defined({
      perCall: perCall === undefined ? undefined : amountIn(perCall, `"perCall" of ${where}`),
      above: above === undefined ? undefined : stepsIn(above, where),
    }),
  };
  if (Object.keys(prices).length === 0)
    throw invalid(`${where} says no price; it needs "input" or "output".`);
  const known: ModelPrices =
    contextWindow === undefined
      ? prices
      : { ...prices, contextWindow: amountIn(contextWindow, `"contextWindow" of ${where}`) };
  return from === undefined ? { prices: known } : { prices: known, fromMicros: timeIn(from, where) };
}

function stepsIn(given: unknown, where: string): readonly LongInputPrices[] {
  if (!Array.isArray(given)) throw invalid(`"above" of ${where} must be a list.`);
  return given
    .map((step: unknown, i) => stepIn(step, `"above" ${i + 1} of ${where}`))
    .sort((a, b) => a.inputTokens - b.inputTokens);
}

function stepIn(given: unknown, where: string): LongInputPrices {
  const { inputTokens, ...tokens } = objectIn(given, where);
  return {
    inputTokens: amountIn(inputTokens, `"inputTokens" of ${where}`),
    ...tokenPrices(tokens, where, ["inputTokens"]),
  };
}

function tokenPrices(given: object, where: string, others: readonly string[]): TokenPrices {
  const entries = Object.entries(given).map(([name, price]): [string, number] => {
    if (!NAMES.includes(name)) throw unknownName(name, where, others);
    return [name, amountIn(price, `"${name}" of ${where}`)];
  });
  return Object.fromEntries(entries);
}

const NAMES: readonly string[] = [
  ...(["input", "output", "cachedRead", "cachedWrite", "reasoning"] satisfies (keyof TokenPrices)[]),
  ...(["inputAudio", "inputImage", "outputAudio", "outputImage"] satisfies (keyof TokenPrices)[]),
];

function unknownName(name: string, where: string, others: readonly string[]): TracelightError {
  const known = [...NAMES, ...others];
  const near = closest(name, known);
  return invalid(
    `${where} has an unknown price "${name}"; ${near === undefined ? `it takes ${known.join(", ")}` : `did you mean "${near}"?`}`,
  );
}

function amountIn(value: unknown, what: string): number {
  if (typeof value === "number" && Number.isFinite(value) && value >= 0) return value;
  throw invalid(`${what} must be a number of at least 0, not ${JSON.stringify(value) ?? "undefined"}.`);
}

function timeIn(value: unknown, where: string): number {
  const micros = typeof value === "string" ? dateOf(value) : undefined;
  if (micros !== undefined) return micros;
  throw invalid(
    `"from" of ${where} must be a day such as 2026-06-01, not ${JSON.stringify(value) ?? "undefined"}.`,
  );
}

function objectIn(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (isObject(value)) return value;
  throw invalid(`${what} must be an object, not ${Array.isArray(value) ? "a list" : JSON.stringify(value)}.`);
}

function invalid(message: string, cause?: unknown): TracelightError {
  return new TracelightError("INVALID_OPTION", message, defined({ cause }));
}
