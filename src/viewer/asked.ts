// What an answer is made from: the store as the one who asks may see it, and what was asked.
import type { PriceTable } from "../conventions/cost.ts";
import type { StoreReader } from "../tracing/readable.ts";
import type { Counting } from "./counting.ts";
import { Bounds, type Kept } from "./large.ts";
import { Params } from "./params.ts";
import { notFound } from "./problems.ts";

/** What a request is answered from. */
export interface Answering extends Pick<Asked, "reader" | "counting" | "prices" | "signal"> {
  /** Where large values are kept; undefined where they are asked for later. */
  readonly kept?: Kept | undefined;
}

/** One request. */
export class Asked {
  /** Of what may be seen. */
  readonly reader: StoreReader;
  /** Counts what may be seen. */
  readonly counting: Counting;
  readonly prices: PriceTable | undefined;
  readonly request: Request;
  /** Aborted where nobody waits for the answer any more. */
  readonly signal: AbortSignal;
  readonly #path: Readonly<Record<string, string>>;
  readonly #kept: Kept | undefined;

  constructor(
    { reader, counting, prices, signal, kept }: Answering,
    request: Request,
    path: Readonly<Record<string, string>>,
  ) {
    this.reader = reader;
    this.counting = counting;
    this.prices = prices;
    this.signal = signal;
    this.request = request;
    this.#path = path;
    this.#kept = kept;
  }

  /** How much of values comes along: about `most` characters in all. */
  bounds(most?: number): Bounds {
    return new Bounds(most, this.#kept);
  }

  /** The parameters; one that is none of these is refused. */
  params(...known: readonly string[]): Params {
    return new Params(new URL(this.request.url).searchParams, known);
  }

  /** A part of the path. */
  path(name: string): string {
    return this.#path[name] ?? "";
  }

  /** The id of a trace in the path. Throws a `Problem` for what is none. */
  traceId(): string {
    return hexIn(this.path("trace"), 32, "trace");
  }

  /** The id of a span in the path. */
  spanId(): string {
    return hexIn(this.path("span"), 16, "span");
  }
}

/** Throws for what is no id: it is in no store. */
export function hexIn(text: string, length: number, what: string): string {
  const id = text.toLowerCase();
  if (id.length === length && /^[0-9a-f]+$/.test(id)) return id;
  throw notFound(`There is no ${what} of that id: one has ${length} digits, 0 to 9 and a to f.`);
}
