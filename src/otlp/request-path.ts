// Where in a request a decoder is, so that what it refuses can be found: resourceSpans[0].scopeSpans[2].spans[7].

/** A way down into a request. To keep it takes a few numbers; it is put into words only where something is wrong. */
export class RequestPath {
  readonly #before: string;
  readonly #fields: string[] = [];
  readonly #items: number[] = [];
  #depth = 0;

  /** `before` is the way to where this one begins. */
  constructor(before = "") {
    this.#before = before;
  }

  get depth(): number {
    return this.#depth;
  }

  /** Steps into a field; `next` steps to the first item of its list. */
  enter(field: string): void {
    this.#fields[this.#depth] = field;
    this.#items[this.#depth++] = -1;
  }

  /** The next item of the list. */
  next(): void {
    const last = this.#depth - 1;
    this.#items[last] = (this.#items[last] ?? -1) + 1;
  }

  leave(): void {
    this.#depth--;
  }

  /** Back to where it was, from wherever something was wrong. */
  backTo(depth: number): void {
    this.#depth = depth;
  }

  /** The way to a field from here, or to here. */
  to(field = ""): string {
    let way = this.#before;
    for (let i = 0; i < this.#depth; i++) {
      const item = this.#items[i] ?? -1;
      way = joined(way, this.#fields[i] ?? "") + (item < 0 ? "" : `[${item}]`);
    }
    return joined(way, field);
  }
}

function joined(way: string, field: string): string {
  return way === "" || field === "" ? way + field : `${way}.${field}`;
}
