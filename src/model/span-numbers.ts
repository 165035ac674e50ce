// Numbers for spans: 0, 1, 2 and so on, in the order in which they are first asked for. For what has to know millions of them.

/** Spans that there is room for at first. */
const FIRST_SIZE = 32;

/** Numbers spans by their ids, which are those of records: hex. 20 bytes are kept of a span, and 40 at most while there is room left. */
export class SpanNumbers {
  readonly #traces = new Map<string, number>();
  #size = 0;
  /** Three for each span: its trace's number, and its id in two halves. */
  #keys: Uint32Array = new Uint32Array(3 * FIRST_SIZE);
  /** Where each span is, plus one, by the hash of its key; 0 where there is none. */
  #places: Uint32Array = new Uint32Array(2 * FIRST_SIZE);
  /** Ids are made by others: nobody can choose those that collide. */
  readonly #seed: number = Math.floor(Math.random() * 2 ** 32);

  /** How many spans have a number. */
  get size(): number {
    return this.#size;
  }

  /** How many traces have one. */
  get traces(): number {
    return this.#traces.size;
  }

  /** A trace's number. */
  ofTrace(traceId: string): number {
    const known = this.#traces.get(traceId) ?? this.#traces.size;
    if (known === this.#traces.size) this.#traces.set(traceId, known);
    return known;
  }

  /** The number of a span of the trace of that number; `size` grows where it is new. */
  ofSpan(trace: number, spanId: string): number {
    const high = Number.parseInt(spanId.slice(0, 8), 16) >>> 0;
    const low = Number.parseInt(spanId.slice(8), 16) >>> 0;
    const place = this.#placeOf(trace, high, low);
    const known = this.#places[place] ?? 0;
    if (known !== 0) return known - 1;
    const number = this.#size++;
    this.#keys[3 * number] = trace;
    this.#keys[3 * number + 1] = high;
    this.#keys[3 * number + 2] = low;
    this.#places[place] = number + 1;
    if (2 * this.#size === this.#places.length) this.#grow();
    return number;
  }

  /** Where in `#places` the span is, or can be put. */
  #placeOf(trace: number, high: number, low: number): number {
    const mask = this.#places.length - 1;
    for (let place = hash(trace, high, low ^ this.#seed) & mask; ; place = (place + 1) & mask) {
      const at = 3 * ((this.#places[place] ?? 0) - 1);
      if (at < 0) return place;
      const keys = this.#keys;
      if (keys[at + 2] === low && keys[at + 1] === high && keys[at] === trace) return place;
    }
  }

  #grow(): void {
    const keys = new Uint32Array(6 * this.#size);
    keys.set(this.#keys);
    this.#keys = keys;
    this.#places = new Uint32Array(4 * this.#size);
    for (let number = 0; number < this.#size; number++) {
      const [trace = 0, high = 0, low = 0] = keys.subarray(3 * number, 3 * number + 3);
      this.#places[this.#placeOf(trace, high, low)] = number + 1;
    }
  }
}

function hash(trace: number, high: number, low: number): number {
  const sum = Math.imul(low, 0x9e3779b1) ^ Math.imul(high, 0x85ebca6b) ^ Math.imul(trace, 0xc2b2ae35);
  const mixed = Math.imul(sum ^ (sum >>> 15), 0x2c1b3c6d);
  return mixed ^ (mixed >>> 13);
}
