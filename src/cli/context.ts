// What a command works with: the world, the output, and the stores that it opens.
import { resolve } from "node:path";
import type { PriceTable } from "../conventions/cost.ts";
import { messageOf } from "../model/errors.ts";
import type { StoreReader } from "../tracing/readable.ts";
import type { Output } from "./output.ts";
import { type OpenOptions, openStore } from "./store.ts";
import type { World } from "./world.ts";

/** What a stopped command is given to tidy up, unless it says otherwise. */
const GRACE_MS = 1000;
const PACKAGE_MISSING =
  "Some models have no price: npm install @pydantic/genai-prices has those of most, --prices names a file of yours.";

/** One run's. */
export class Context {
  readonly world: World;
  readonly output: Output;
  /** How long the command may take to end after Ctrl-C, in milliseconds. */
  graceMs: number = GRACE_MS;
  readonly #stores: StoreReader[] = [];
  readonly #atEnd: (() => Promise<void>)[] = [];

  constructor(world: World, output: Output) {
    this.world = world;
    this.output = output;
  }

  /** Opens the store of that name, to be closed at the end of the run. */
  async open(name: string | undefined, options: OpenOptions = {}): Promise<StoreReader> {
    const store = await openStore(name, this.world, options);
    this.#stores.push(store);
    return store;
  }

  /** What models cost: by the file that is named, else by that of `TRACELIGHT_PRICES`, and by the package where it is installed. */
  async prices({ prices: file }: { readonly prices?: string }): Promise<PriceTable> {
    const { loadPrices } = await import("../prices/prices.ts");
    const named = file || this.world.env["TRACELIGHT_PRICES"];
    const prices = loadPrices(named ? { file: resolve(this.world.cwd, named) } : {});
    this.atEnd(async () => {
      if (prices.isPackageMissing && this.output.isWatched) await this.output.say(PACKAGE_MISSING, "grey");
    });
    return prices;
  }

  /** Closes a store before the end of the run. */
  async release(store: StoreReader): Promise<void> {
    this.#stores.splice(this.#stores.indexOf(store), 1);
    await store.close();
  }

  /** The same spans; ends with an `Interrupted` after Ctrl-C. */
  async *untilStopped<T>(items: AsyncIterable<T>): AsyncGenerator<T> {
    for await (const item of items) {
      this.world.signal.throwIfAborted();
      yield item;
    }
  }

  /** Does this at the end of the run, however it ends. */
  atEnd(work: () => Promise<void>): void {
    this.#atEnd.push(work);
  }

  /** Tidies up, says what the stores have to say, and closes them. */
  async close(): Promise<void> {
    for (const work of this.#atEnd) await work();
    for (const store of this.#stores) {
      for (const note of store.notes) this.output.talk(note, "yellow");
      await store.close().catch((error: unknown) => this.output.talk(messageOf(error), "yellow"));
    }
  }
}
