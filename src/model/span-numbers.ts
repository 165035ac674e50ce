// Numbers for spans: 0, 1, 2 and so on, in the order in which they are first asked for. For what has to know millions of them.

/** Spans that there is room for at first. */
const FIRST_SIZE = 32;

/** Numbers spans by their ids, which are those of records: hex. 20 bytes are kept of a span, and 40 at most while there is room left. */
export class SpanNumbers {
  readonly #traces = new Map<string, number>();
  #latest: string | undefined;
  #latestNumber = 0;
  #size = 0;
  /** Three for each span: its trace's number, and its id in two halves. */
  #keys: Uint32Array;
  /** Where each span is, plus one, by the hash of its key; 0 where there is none. */
  #places: Uint32Array;
  /** Ids are made by others: nobody can choose those that collide. */
  readonly #seed: number = Math.floor(Math.random() * 2 ** 32);

  /** `spans`: so many are expected, which saves growing. */
  constructor(spans: number = 0) {
    const room = roomFor(spans);
    this.#keys = new Uint32Array(3 * room);
    this.#places = new Uint32Array(2 * room);
  }

  /** How many spans have a number. */
  get size(): number {
    return this.#size;
  }

  /** How many traces have one. */
  get traces(): number {
    return this.#traces.size;
  }

  /** Forgets all spans, and keeps the room. */
  clear(): void {
    this.#traces.clear();
    this.#latest = undefined;
    this.#size = 0;
    this.#places.fill(0);
  }

  /** A trace's number. Spans of one mostly come together. */
  ofTrace(traceId: string): number {
    if (traceId === this.#latest) return this.#latestNumber;
    const number = this.#traces.get(traceId) ?? this.#traces.size;
    if (number === this.#traces.size) this.#traces.set(traceId, number);
    this.#latest = traceId;
    this.#latestNumber = number;
    return number;
  }

  /** The number of a span of the trace of that number; `size` grows where it is new. */
  ofSpan(trace: number, spanId: string): number {
    const high = hexAt(spanId, 0);
    const low = hexAt(spanId, 8);
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

  /** True for a span that has a number. */
  has(trace: number, spanId: string): boolean {
    return (this.#places[this.#placeOf(trace, hexAt(spanId, 0), hexAt(spanId, 8))] ?? 0) !== 0;
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
      const at = 3 * number;
      this.#places[this.#placeOf(keys[at] ?? 0, keys[at + 1] ?? 0, keys[at + 2] ?? 0)] = number + 1;
    }
  }
}

/** A power of two that is more than that: what is full has grown already. */
export function roomFor(spans: number): number {
  let room = FIRST_SIZE;
  while (room <= spans) room *= 2;
  return room;
}

/** Eight hex digits of a text, in a fifth of the time that `parseInt` takes. */
function hexAt(text: string, from: number): number {
  let sum = 0;
  for (let i = from; i < from + 8; i++) {
    const code = text.charCodeAt(i);
    // Letters are 9 below what they stand for, in their last four bits.
    sum = (sum << 4) | ((code & 0xf) + 9 * (code >> 6));
  }
  return sum >>> 0;
}

function hash(trace: number, high: number, low: number): number {
  const sum = Math.imul(low, 0x9e3779b1) ^ Math.imul(high, 0x85ebca6b) ^ Math.imul(trace, 0xc2b2ae35);
  const mixed = Math.imul(sum ^ (sum >>> 15), 0x2c1b3c6d);
  return mixed ^ (mixed >>> 13);
}
