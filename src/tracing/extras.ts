// What few spans have besides attributes, so that the others stay small.

import { reveal } from "../model/history.ts";
import type { SpanEvent, SpanLink } from "../model/span-fields.ts";
import { Allowance, type Limits } from "./limits.ts";
import type { Said } from "./payload.ts";

/** Events, links, a message, and how much more the span may take where it has limits. */
export class Extras implements Said {
  readonly events: SpanEvent[] = [];
  readonly links: SpanLink[] = [];
  statusMessage: string | undefined = undefined;
  #allowance: Allowance | undefined = undefined;

  /** As much of a captured value as the limits leave room for, in the place of `replaced`. */
  limited(limits: Limits, captured: unknown, replaced: unknown): unknown {
    this.#allowance ??= new Allowance(limits);
    if (replaced !== undefined) this.#allowance.giveBack(reveal(replaced));
    const plain = reveal(captured);
    const value = this.#allowance.take(plain);
    return value === plain ? captured : value;
  }
}
