// What was decided of traces, for spans that come later: the latest are remembered.

/** The latest decisions, by trace. */
export class Decisions<T> {
  readonly #most: number;
  readonly #known = new Map<string, T>();

  constructor(most: number) {
    this.#most = most;
  }

  /** What was decided of the trace; it then counts as one of the latest. */
  of(traceId: string): T | undefined {
    const decision = this.#known.get(traceId);
    if (decision !== undefined) this.set(traceId, decision);
    return decision;
  }

  set(traceId: string, decision: T): void {
    this.#known.delete(traceId);
    if (this.#known.size >= this.#most) this.#known.delete(this.#known.keys().next().value ?? "");
    this.#known.set(traceId, decision);
  }
}
