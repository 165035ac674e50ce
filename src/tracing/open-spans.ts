// The spans of a tracer that have started and not ended.

import { INTERRUPT, type Span, spanOf } from "./span.ts";
import type { SpanNode } from "./span-node.ts";
import { NODE } from "./span-node.ts";

/** Some instrumentations never end the span of a call that fails: of more than these, the oldest live as long as others hold them. */
const MAX_HELD = 10_000;

/** A list through the spans' nodes: a few pointer writes a span, where a Set takes a tenth of a microsecond. */
export class OpenSpans {
  #first: SpanNode | undefined;
  #last: SpanNode | undefined;
  /** Those in the list. */
  #size = 0;
  /** All that have started and not ended. */
  #count = 0;
  /** The oldest, which have left the list. */
  #loose: WeakRef<SpanNode>[] = [];
  #tidyAt: number = MAX_HELD;

  add(node: SpanNode): void {
    this.#count++;
    if (this.#last === undefined) this.#first = node;
    else this.#last.after = node;
    node.before = this.#last;
    this.#last = node;
    if (++this.#size > MAX_HELD && this.#first !== undefined) this.#letGo(this.#first);
  }

  remove(node: SpanNode): void {
    this.#count--;
    this.#unlink(node);
  }

  #unlink(node: SpanNode): void {
    const { before, after } = node;
    // One that has left.
    if (before === undefined && this.#first !== node) return;
    if (before === undefined) this.#first = after;
    else before.after = after;
    if (after === undefined) this.#last = before;
    else after.before = before;
    node.before = undefined;
    node.after = undefined;
    this.#size--;
  }

  /** The oldest first. */
  all(): Span[] {
    const spans = this.#looseNodes().map(spanOf);
    for (let at = this.#first; at !== undefined; at = at.after) spans.push(spanOf(at));
    return spans;
  }

  /** Makes all of them interrupted, the oldest first; `lost` counts those that had left and that nobody held any more. */
  interrupt(): { readonly spans: readonly Span[]; readonly lost: number } {
    const spans = this.all().filter((span) => span[INTERRUPT]());
    const lost = this.#count - spans.length;
    for (const span of spans) this.#unlink(span[NODE]);
    this.#loose = [];
    this.#count = 0;
    return { spans, lost };
  }

  #letGo(node: SpanNode): void {
    this.#unlink(node);
    this.#loose.push(new WeakRef(node));
    if (this.#loose.length < this.#tidyAt) return;
    this.#loose = this.#looseNodes().map((open) => new WeakRef(open));
    this.#tidyAt = Math.max(MAX_HELD, 2 * this.#loose.length);
  }

  #looseNodes(): SpanNode[] {
    return this.#loose.flatMap((reference) => {
      const node = reference.deref();
      return node === undefined || node.endedAtMicros !== undefined ? [] : [node];
    });
  }
}
