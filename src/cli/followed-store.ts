// What changes in a store, over and over: also when its file is replaced, which a writer follows too.
import { TracelightError } from "../model/errors.ts";
import type { StoreReader } from "../tracing/readable.ts";
import type { Span } from "../tracing/span.ts";
import type { Context } from "./context.ts";
import { fileOf } from "./store.ts";

/** Follows the store of a name. */
export class FollowedStore {
  readonly #context: Context;
  readonly #name: string | undefined;
  #store: StoreReader;
  /** Which file that is; undefined for what is no file. */
  #file: string | undefined;
  #cursor: string | undefined;
  /** What kept a new file from being read, told once. */
  #told = "";

  private constructor(
    context: Context,
    name: string | undefined,
    store: StoreReader,
    file: string | undefined,
  ) {
    this.#context = context;
    this.#name = name;
    this.#store = store;
    this.#file = file;
  }

  /** Opens the store. Rejects as `openStore` does. */
  static async open(context: Context, name: string | undefined): Promise<FollowedStore> {
    // Looked at first: where it is replaced in between, that is noticed with the next look.
    const file = await fileOf(name, context.world);
    return new FollowedStore(context, name, await context.open(name), file);
  }

  /** The store as it is now. */
  get store(): StoreReader {
    return this.#store;
  }

  /** Spans that began, changed or ended since the last look; with the first, those that run. */
  async changes(): Promise<readonly Span[]> {
    try {
      if (await this.#isReplaced()) return await this.#reopened();
      return await this.#changed();
    } catch (error) {
      // A lock that another process holds is gone the next time.
      if (error instanceof TracelightError && error.code === "STORE_LOCKED") return [];
      throw error;
    }
  }

  async #changed(): Promise<readonly Span[]> {
    const { spans, cursor } = await this.#store.changes(this.#cursor);
    this.#cursor = cursor;
    return spans;
  }

  /** A file that is gone is read on as long as there is no other in its place. */
  async #isReplaced(): Promise<boolean> {
    const file = await fileOf(this.#name, this.#context.world);
    return file !== undefined && file !== this.#file;
  }

  /** All spans of the file that took the place: none of them was seen. */
  async #reopened(): Promise<readonly Span[]> {
    const next = await this.#tryToOpen();
    if (next === undefined || !next.store.has("changes")) return [];
    const before = this.#store;
    [this.#store, this.#file, this.#cursor] = [next.#store, next.#file, undefined];
    await this.#context.release(before);
    const running = await this.#changed();
    const all: Span[] = [];
    for await (const span of this.#context.untilStopped(next.store.iterate({}))) all.push(span);
    return [...all.filter(({ state }) => state !== "running"), ...running];
  }

  /** Undefined while it cannot be read: it may still be on its way. */
  async #tryToOpen(): Promise<FollowedStore | undefined> {
    try {
      return await FollowedStore.open(this.#context, this.#name);
    } catch (error) {
      if (!(error instanceof TracelightError)) throw error;
      if (error.code !== "STORE_LOCKED" && error.message !== this.#told) {
        this.#told = error.message;
        await this.#context.output.say(error.message, "yellow");
      }
      return undefined;
    }
  }
}
