// What a command works with: the world, the output, and the stores that it opens.
import { messageOf } from "../model/errors.ts";
import type { Output } from "./output.ts";
import { type OpenOptions, type OpenStore, openStore } from "./store.ts";
import type { World } from "./world.ts";

/** What a stopped command is given to tidy up, unless it says otherwise. */
const GRACE_MS = 1000;

/** One run's. */
export class Context {
  readonly world: World;
  readonly output: Output;
  /** How long the command may take to end after Ctrl-C, in milliseconds. */
  graceMs: number = GRACE_MS;
  readonly #stores: OpenStore[] = [];
  readonly #atEnd: (() => Promise<void>)[] = [];

  constructor(world: World, output: Output) {
    this.world = world;
    this.output = output;
  }

  /** Opens the store of that name, to be closed at the end of the run. */
  async open(name: string | undefined, options: OpenOptions = {}): Promise<OpenStore> {
    const store = await openStore(name, this.world, options);
    this.#stores.push(store);
    return store;
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
      for (const note of store.notes ?? []) this.output.talk(note, "yellow");
      await store.close().catch((error: unknown) => this.output.talk(messageOf(error), "yellow"));
    }
  }
}
