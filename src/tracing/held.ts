// What spans that wait take together: a history that several of them give is in memory once, and counts once.
import type { Span } from "./span.ts";
import { type History, historiesOf } from "./weight.ts";

/** A history that is held: as long as the longest of its spans has it, until the last of them has left. */
interface HeldHistory {
  bytes: number;
  spans: number;
}

/** The bytes that spans take together, about. */
export class Held {
  readonly #histories = new Map<object, HeldHistory>();
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  /** With the weight of the span by itself. */
  add(span: Span, weight: number): void {
    const histories = historiesOf(span);
    // Most spans have none: a loop over nothing takes a tenth of a microsecond.
    if (histories.length === 0) this.#bytes += weight;
    else this.#add(histories, weight);
  }

  #add(histories: readonly History[], weight: number): void {
    let own = weight;
    for (const { items, bytes } of histories) {
      own -= bytes;
      const held = this.#histories.get(items) ?? { bytes: 0, spans: 0 };
      this.#histories.set(items, held);
      this.#bytes += Math.max(0, bytes - held.bytes);
      held.bytes = Math.max(bytes, held.bytes);
      held.spans++;
    }
    this.#bytes += Math.max(0, own);
  }

  /** With the same weight as when it was added. */
  remove(span: Span, weight: number): void {
    // Those of the others are gone with their last span.
    const histories = this.#histories.size === 0 ? [] : historiesOf(span);
    if (histories.length === 0) this.#bytes -= weight;
    else this.#remove(histories, weight);
  }

  #remove(histories: readonly History[], weight: number): void {
    let own = weight;
    for (const { items, bytes } of histories) {
      own -= bytes;
      const held = this.#histories.get(items);
      if (held === undefined || --held.spans > 0) continue;
      this.#histories.delete(items);
      this.#bytes -= held.bytes;
    }
    this.#bytes -= Math.max(0, own);
  }
}
