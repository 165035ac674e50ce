// When batches are sent: as they fill, as spans age, and as the pauses after failures end; as many at once as the gate lets pass.
import { asTracelightError } from "../model/errors.ts";
import { clearTimeout, setImmediate, setTimeout, steadyNow } from "../model/timers.ts";
import type { Turns } from "../model/turns.ts";
import { runQuietly } from "../tracing/context.ts";
import type { Faults } from "../tracing/faults.ts";
import type { Batches } from "./batches.ts";
import type { Ready } from "./entry.ts";
import type { Gate } from "./gate.ts";
import type { DeliverySettings } from "./options.ts";
import type { Outcomes } from "./outcomes.ts";
import type { Backoff } from "./retry.ts";
import type { Outcome, Transport } from "./transport.ts";
import type { Waiting } from "./waiting.ts";

/** What a sender brings together. */
export interface SenderSetup<P> {
  readonly transport: Transport<P>;
  readonly settings: DeliverySettings;
  readonly gate: Gate;
  readonly waiting: Waiting<P>;
  readonly batches: Batches<P>;
  readonly outcomes: Outcomes<P>;
  readonly backoff: Backoff;
  readonly turns: Turns;
  readonly faults: Faults;
  /** Called before each look for work. */
  readonly looking: () => void;
  /** Called after each batch, whatever became of it. */
  readonly sent: () => void;
}

/** Sends in the background. No timer of it keeps an idle process alive. */
export class Sender<P> {
  readonly #setup: SenderSetup<P>;
  #isScheduled = false;
  #isStopped = false;
  /** One batch is filled at a time, so that each holds what stands together in the queue. */
  #isFilling = false;
  #ageTimer: NodeJS.Timeout | undefined;
  #wakeTimer: NodeJS.Timeout | undefined;

  constructor(setup: SenderSetup<P>) {
    this.#setup = setup;
  }

  /** A span was added to those that wait. */
  added(): void {
    const { waiting } = this.#setup;
    // Also where a look is due: it sends no more than what has aged until then.
    if (this.#ageTimer === undefined) this.#startAgeTimer();
    if (!this.#isScheduled && (waiting.isHurried || waiting.isBatchFull)) this.schedule();
  }

  /** Looks for work in the next turn of the event loop. */
  schedule(): void {
    if (this.#isScheduled || this.#isStopped) return;
    this.#isScheduled = true;
    runQuietly(() => setImmediate(() => this.#look()));
  }

  /** Sends nothing from now on. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#ageTimer);
    clearTimeout(this.#wakeTimer);
  }

  #startAgeTimer(): void {
    const { settings, waiting } = this.#setup;
    this.#ageTimer = setTimeout(() => {
      this.#ageTimer = undefined;
      waiting.age();
      this.schedule();
    }, settings.maxBatchAgeMs).unref();
  }

  #look(): void {
    this.#isScheduled = false;
    this.#setup.turns.begin();
    this.#setup.looking();
    this.#work();
  }

  /** Starts one batch; the next is another turn's, since sending takes processor time as well. */
  #work(): void {
    const { gate, waiting, backoff } = this.#setup;
    if (this.#isStopped || this.#isFilling || !gate.hasRoom) return;
    const now = steadyNow();
    const readyAt = Math.max(backoff.until, waiting.readyAt(now));
    if (readyAt > now) return this.#wakeAt(readyAt, now);
    void this.#sendBatch();
  }

  #wakeAt(at: number, now: number): void {
    clearTimeout(this.#wakeTimer);
    if (at === Number.POSITIVE_INFINITY) return;
    // A millisecond more: timers may fire a little early.
    this.#wakeTimer = setTimeout(() => this.schedule(), Math.min(at - now + 1, MAX_WAKE_MS)).unref();
  }

  async #sendBatch(): Promise<void> {
    const { transport, gate, faults, sent } = this.#setup;
    try {
      await gate.hold(async () => {
        const batch = await this.#filled();
        if (batch.length > 0 && !this.#isStopped) await this.#send(batch);
      });
    } catch (error) {
      // Not a transport's doing, which is caught: tell it rather than hide it.
      faults.report(asTracelightError(error, "SINK_FAILED", `${transport.name} could not deliver`));
    }
    sent();
  }

  async #filled(): Promise<readonly Ready<P>[]> {
    this.#isFilling = true;
    try {
      return await this.#setup.batches.fill();
    } finally {
      this.#isFilling = false;
      this.schedule();
    }
  }

  /** Puts the request together while others are under way. It stands at the gate from the first, so none overtakes it. */
  async #send(batch: readonly Ready<P>[]): Promise<void> {
    const { transport, gate, outcomes } = this.#setup;
    const parcels = batch.map(({ parcel }) => parcel);
    const entries = batch.map(({ entry }) => entry);
    const preparing = prepared(transport, parcels);
    await gate.pass(async () => {
      const send = await preparing;
      if (this.#isHeldBack(batch)) return;
      const sentAt = steadyNow();
      outcomes.conclude(entries, await this.#outcomesOf(send, batch.length), sentAt);
    });
  }

  /** What the server refused for now is not asked again by those who stood behind it at the gate. */
  #isHeldBack(batch: readonly Ready<P>[]): boolean {
    const { backoff, waiting } = this.#setup;
    if (!this.#isStopped && backoff.until <= steadyNow()) return false;
    waiting.again(
      batch.map(({ entry }) => entry),
      Number.NEGATIVE_INFINITY,
    );
    return true;
  }

  async #outcomesOf(send: Send, count: number): Promise<readonly Outcome[]> {
    try {
      const outcomes: unknown = await send();
      if (isOutcomes(outcomes, count)) return outcomes;
      throw new TypeError("send must resolve with one outcome a parcel");
    } catch (error) {
      const what = `${this.#setup.transport.name} could not be sent spans`;
      const fault = asTracelightError(error, "SINK_FAILED", what);
      return Array.from({ length: count }, () => ({ kind: "retry", error: fault }));
    }
  }
}

type Send = () => Promise<readonly Outcome[]>;

/** What sends the parcels. What cannot be put together fails where it is sent, as any other request. */
async function prepared<P>(transport: Transport<P>, parcels: readonly P[]): Promise<Send> {
  if (transport.prepare === undefined) return () => transport.send(parcels);
  try {
    return await transport.prepare(parcels);
  } catch (error) {
    return () => Promise.reject(error);
  }
}

function isOutcomes(given: unknown, count: number): given is readonly Outcome[] {
  return Array.isArray(given) && given.length >= count;
}

const MAX_WAKE_MS = 2 ** 31 - 1;
