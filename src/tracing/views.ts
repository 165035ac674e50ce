// What sinks see of a running span through `process`: each look at it gives a processed copy of how it is by then.
import type { Steps } from "../model/steps.ts";
import { frozenSpan, type Span } from "./span.ts";
import { NODE } from "./span-node.ts";

/** How views are made. */
export interface ViewSetup {
  /** The steps to a processed copy; undefined where there is to be none. */
  readonly process: (copy: Span) => Steps<Span | undefined>;
  /** Goes on with what is not done in one step. */
  readonly later: (work: Steps<void>) => void;
  /** A look failed; the view stays as it was. */
  readonly failed: (error: unknown) => void;
}

/** The views of one running span. */
export class Views {
  readonly #span: Span;
  readonly #setup: ViewSetup;
  /** How the span was when it was last looked at. */
  #seen: Span | undefined;
  #latest: Span | undefined;
  #isUnderWay = false;

  constructor(span: Span, setup: ViewSetup) {
    this.#span = span;
    this.#setup = setup;
  }

  /** The steps to the next view, whose `snapshot()` is the one after; undefined where there is none to be seen. */
  *next(): Steps<Span | undefined> {
    const copy = this.#span.snapshot();
    const made = yield* this.#setup.process(copy);
    this.#seen = copy;
    if (made === undefined) return this.#latest;
    this.#latest = frozenSpan(made[NODE], { ...made.payload(), again: () => this.#again(made) });
    return this.#latest;
  }

  /** Sinks ask at a time of their own: where it takes long they see what there was, and the next time how it is now. */
  #again(last: Span): Span {
    if (!this.#isUnderWay && this.#hasChanged()) this.#setup.later(this.#looking());
    return this.#latest ?? last;
  }

  #hasChanged(): boolean {
    const [now, before] = [this.#span.snapshot(), this.#seen];
    return before === undefined || now.state !== before.state || hasChanged(now, before);
  }

  *#looking(): Steps<void> {
    this.#isUnderWay = true;
    try {
      yield* this.next();
    } catch (error) {
      this.#setup.failed(error);
    } finally {
      this.#isUnderWay = false;
    }
  }
}

/** True where a span is not as it was. Captured values never change, so a look at which they are is enough. */
export function hasChanged(now: Span, before: Span): boolean {
  if (now.spanName !== before.spanName || now.spanStatus !== before.spanStatus) return true;
  const [a, b] = [now.payload(), before.payload()];
  return (
    a.inherited !== b.inherited ||
    a.statusMessage !== b.statusMessage ||
    a.events.length !== b.events.length ||
    a.links.length !== b.links.length ||
    a.own.length !== b.own.length ||
    a.own.some((value, i) => value !== b.own[i])
  );
}
