// Sets of whole numbers as ranges: what a line of a journal acknowledges may be many, in a few characters.

/** The first and the last number. */
export type NumberRange = readonly [first: number, last: number];

/** A set of whole numbers. */
export class NumberRanges {
  /** In order, apart from each other. */
  readonly #ranges: [first: number, last: number][] = [];

  constructor(ranges: Iterable<NumberRange>) {
    const sorted = [...ranges].filter(([first, last]) => first <= last).sort((a, b) => a[0] - b[0]);
    for (const [first, last] of sorted) this.#add(first, last);
  }

  has(number: number): boolean {
    let [from, to] = [0, this.#ranges.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      const [first, last] = this.#ranges[middle] ?? [0, -1];
      if (number < first) to = middle;
      else if (number > last) from = middle + 1;
      else return true;
    }
    return false;
  }

  /** How many numbers are in it. */
  get size(): number {
    return this.#ranges.reduce((size, [first, last]) => size + last - first + 1, 0);
  }

  /** The highest number; 0 where there is none. */
  get highest(): number {
    return this.#ranges.at(-1)?.[1] ?? 0;
  }

  /** The ranges as text: `1-5,7`. */
  toString(): string {
    return this.#ranges.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(",");
  }

  #add(first: number, last: number): void {
    const before = this.#ranges.at(-1);
    if (before !== undefined && first <= before[1] + 1) before[1] = Math.max(before[1], last);
    else this.#ranges.push([first, last]);
  }
}
