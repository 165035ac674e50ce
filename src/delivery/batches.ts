// Fills a batch: encodes what waits, in slices, up to what a request takes.
import { asTracelightError } from "../model/errors.ts";
import type { Turns } from "../model/turns.ts";
import type { Faults } from "../tracing/faults.ts";
import type { Entry, Ready, Settle } from "./entry.ts";
import type { DeliverySettings } from "./options.ts";
import type { Suspicion } from "./suspicion.ts";
import type { Transport } from "./transport.ts";
import type { Waiting } from "./waiting.ts";

/** What batches are made of. */
export interface BatchesSetup<P> {
  readonly transport: Transport<P>;
  readonly settings: DeliverySettings;
  readonly waiting: Waiting<P>;
  readonly suspicion: Suspicion;
  readonly turns: Turns;
  readonly faults: Faults;
  readonly settle: Settle<P>;
}

/** Makes one batch after the other. */
export class Batches<P> {
  readonly #setup: BatchesSetup<P>;

  constructor(setup: BatchesSetup<P>) {
    this.#setup = setup;
  }

  /** The next batch, encoded. A span that cannot be encoded fails alone. */
  async fill(): Promise<Ready<P>[]> {
    const { settings, waiting, suspicion } = this.#setup;
    const batch: Ready<P>[] = [];
    let most = settings.maxBatchSpans;
    let bytes = 0;
    let taken = 0;
    for (let entry = waiting.take(); entry !== undefined; entry = waiting.take()) {
      // Asking for the time takes as long as some spans.
      if (++taken % SPANS_A_LOOK === 0 || entry.weight > HEAVY_BYTES) await this.#turn();
      const encoded = this.#encode(entry);
      const ready = encoded instanceof Promise ? await encoded : encoded;
      if (ready === undefined) continue;
      if (entry.trial !== undefined) most = Math.min(most, suspicion.companyOf(entry.trial));
      const isFull = batch.length >= most || bytes + ready.size > settings.maxBatchBytes;
      if (batch.length > 0 && isFull) {
        waiting.again([entry], Number.NEGATIVE_INFINITY);
        return batch;
      }
      batch.push(ready);
      bytes += ready.size;
      if (batch.length >= most) return batch;
    }
    return batch;
  }

  async #turn(): Promise<void> {
    const { turns } = this.#setup;
    while (turns.over) await turns.next();
  }

  /** Awaits only where the transport does: most encode at once, and a promise a span costs more than it. */
  #encode(entry: Entry<P>): Ready<P> | undefined | Promise<Ready<P> | undefined> {
    if (entry.ready !== undefined) return entry.ready;
    try {
      const parcel = this.#setup.transport.encode(entry.span);
      if (parcel instanceof Promise) {
        return parcel.then(
          (settled) => this.#keep(entry, settled),
          (error) => this.#notEncoded(entry, error),
        );
      }
      return this.#keep(entry, parcel);
    } catch (error) {
      return this.#notEncoded(entry, error);
    }
  }

  #keep(entry: Entry<P>, parcel: P): Ready<P> | undefined {
    try {
      entry.ready = { entry, parcel, size: this.#setup.transport.size(parcel) };
    } catch (error) {
      return this.#notEncoded(entry, error);
    }
    return entry.ready;
  }

  #notEncoded(entry: Entry<P>, error: unknown): undefined {
    const { transport, faults, settle } = this.#setup;
    settle(entry, "failed");
    const message = `The span "${entry.span.spanName}" could not be encoded for ${transport.name}`;
    faults.reportRarely(asTracelightError(error, "SINK_FAILED", message));
  }
}

/** The clock is looked at after so many light spans, or one that is heavy. */
const SPANS_A_LOOK = 8;
const HEAVY_BYTES = 16 * 1024;
