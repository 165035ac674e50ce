// The spans of a tracer that have started and not ended.
import type { SpanNode } from "./context.ts";
import { type Span, spanOf } from "./span.ts";

/** Some instrumentations never end the span of a call that fails: of more than these, the oldest live as long as others hold them. */
const MAX_HELD = 10_000;

/** A list through the spans' nodes: a few pointer writes a span, where a Set takes a tenth of a microsecond. */
export class OpenSpans {
  #first: SpanNode | undefined;
  #last: SpanNode | undefined;
  #size = 0;
  /** The oldest, which have left the list. */
  #loose: WeakRef<SpanNode>[] = [];
  #tidyAt: number = MAX_HELD;

  add(node: SpanNode): void {
    if (this.#last === undefined) this.#first = node;
    else this.#last.after = node;
    node.before = this.#last;
    this.#last = node;
    if (++this.#size > MAX_HELD && this.#first !== undefined) this.#letGo(this.#first);
  }

  remove(node: SpanNode): void {
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

  #letGo(node: SpanNode): void {
    this.remove(node);
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
