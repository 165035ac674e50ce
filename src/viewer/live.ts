// Live changes as server-sent events: the store is asked once for all that listen, and who reads slowly is told to read anew.

import type { PriceTable } from "../conventions/cost.ts";
import { delay, steadyNow } from "../model/timers.ts";
import type { StoreReader } from "../tracing/readable.ts";
import type { Changes } from "../tracing/store.ts";
import { LiveStream } from "./live-stream.ts";
import { PROBLEMS, Problem, problemOf } from "./problems.ts";

/** What a hub needs. */
export interface LiveSetup {
  readonly reader: StoreReader;
  readonly prices: PriceTable | undefined;
  readonly maxStreams: number;
}

/** Everybody who listens. Where nobody does, the store is not asked. */
export class Live {
  readonly #setup: LiveSetup;
  readonly #streams = new Set<LiveStream>();
  /** The look that all wait for; the next begins where it ended. */
  #cursor: string | undefined;
  #isLooking = false;
  #isBroken = false;

  constructor(setup: LiveSetup) {
    this.#setup = setup;
  }

  /** A stream from now on, or from the event that was read last. */
  async open(request: Request): Promise<Response> {
    const { reader, prices, maxStreams } = this.#setup;
    if (!reader.has("changes")) {
      throw new Problem(
        PROBLEMS.cannot,
        `${reader.name} does not tell of changes; load the page again to see them.`,
      );
    }
    if (this.#streams.size >= maxStreams) {
      throw new Problem(PROBLEMS.busy, "Too many pages listen already.", {
        headers: { "retry-after": "10" },
      });
    }
    const stream = new LiveStream(prices, () => this.#streams.delete(stream));
    this.#streams.add(stream);
    try {
      await this.#begin(stream, request.headers.get("last-event-id") ?? undefined);
    } catch (error) {
      this.#isBroken = true;
      stream.unreadable(problemOf(error).message);
    }
    void this.#look();
    return stream.response();
  }

  /** What was missed comes first. A cursor of another store, or of a file that was replaced, is none. */
  async #begin(stream: LiveStream, lastId: string | undefined): Promise<void> {
    const missed = lastId === undefined ? undefined : await this.#since(lastId);
    // All who listen go on together, from the earliest of their places: what one has seen comes to it once more.
    const now = missed ?? (await this.#setup.reader.changes(this.#cursor));
    stream.ready(now.cursor);
    if (lastId !== undefined && missed === undefined) stream.reload("unknown-cursor", now.cursor);
    if (now.spans.length >= FLOOD) stream.reload("behind", now.cursor);
    else if (missed !== undefined || this.#cursor !== undefined) stream.changed(now);
    if (this.#cursor === undefined) this.#cursor = now.cursor;
  }

  async #since(cursor: string): Promise<Changes | undefined> {
    return this.#setup.reader.changes(cursor).catch(() => undefined);
  }

  /** As long as somebody listens; a store that takes long is asked less often. */
  async #look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      while (this.#streams.size > 0) {
        const began = steadyNow();
        await this.#once();
        const least = this.#isBroken ? BROKEN_MS : EVERY_MS;
        await delay(Math.max(least, (steadyNow() - began) * SHARE), undefined, { ref: false });
      }
    } finally {
      this.#isLooking = false;
      this.#cursor = undefined;
    }
  }

  /** A file that was replaced, or is locked for a moment: once it can be read again, all is to be read anew. */
  async #once(): Promise<void> {
    try {
      const changes = await this.#setup.reader.changes(this.#cursor);
      this.#cursor = changes.cursor;
      if (this.#isBroken) this.#reload("store-replaced");
      else if (changes.spans.length >= FLOOD) await this.#leap();
      else for (const stream of this.#streams) stream.changed(changes);
      this.#isBroken = false;
    } catch (error) {
      this.#cursor = undefined;
      if (!this.#isBroken) for (const stream of this.#streams) stream.unreadable(problemOf(error).message);
      this.#isBroken = true;
    }
  }

  /** More comes than can be told one by one: who listens reads anew, and no look takes the store's time from who writes. */
  async #leap(): Promise<void> {
    this.#cursor = (await this.#setup.reader.changes(undefined)).cursor;
    this.#reload("behind");
    await delay(FLOOD_MS, undefined, { ref: false });
  }

  #reload(reason: "behind" | "store-replaced"): void {
    for (const stream of this.#streams) stream.reload(reason, this.#cursor ?? "");
  }
}

/** So many spans in one look are a flood: stores give no more at once. */
const FLOOD = 1000;
const FLOOD_MS = 1000;
const BROKEN_MS = 2000;
/** Half of it is what a span waits for on average; a look at a file where nothing happened takes less than a millisecond. */
const EVERY_MS = 125;
const SHARE = 4;
