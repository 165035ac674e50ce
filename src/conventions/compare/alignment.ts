// Two sequences side by side: which items of one are those of the other, in order. Bounded, however long and different they are.

/** A stretch of both: the same items, or others in place of them. */
export interface Stretch {
  readonly isSame: boolean;
  /** From and to (exclusive) in the first, and in the second. */
  readonly a: readonly [from: number, to: number];
  readonly b: readonly [from: number, to: number];
}

/** Edits that are looked for exactly; with more, items that are there once in both are the fixed points. */
const MAX_EDITS = 256;
/** Where there is none either, so many edits are looked for before one stretch stands for the other as a whole. */
const MOST_EDITS = 1000;

/** Pairs of places in the first and the second. */
type Pairs = [a: number, b: number][];

interface Range {
  readonly aFrom: number;
  readonly aTo: number;
  readonly bFrom: number;
  readonly bTo: number;
}

/** Aligns sequences of whatever stands for their items; places rise in both. */
export function align<T>(a: readonly T[], b: readonly T[]): Stretch[] {
  const numbers = new Map<T, number>();
  const numbered = (items: readonly T[]): Int32Array =>
    Int32Array.from(items, (item) => {
      const known = numbers.get(item) ?? numbers.size;
      numbers.set(item, known);
      return known;
    });
  const [left, right] = [numbered(a), numbered(b)];
  const pairs = alignedPairs(left, right, new Int32Array(numbers.size));
  return stretches(pairs, a.length, b.length);
}

function stretches(pairs: Pairs, aLength: number, bLength: number): Stretch[] {
  const found: Stretch[] = [];
  let [aAt, bAt] = [0, 0];
  for (let i = 0; i < pairs.length; ) {
    const [aFrom = 0, bFrom = 0] = pairs[i] ?? [];
    if (aFrom > aAt || bFrom > bAt) found.push({ isSame: false, a: [aAt, aFrom], b: [bAt, bFrom] });
    let length = 0;
    while (pairs[i]?.[0] === aFrom + length && pairs[i]?.[1] === bFrom + length) {
      length++;
      i++;
    }
    [aAt, bAt] = [aFrom + length, bFrom + length];
    found.push({ isSame: true, a: [aFrom, aAt], b: [bFrom, bAt] });
  }
  if (aAt < aLength || bAt < bLength) found.push({ isSame: false, a: [aAt, aLength], b: [bAt, bLength] });
  return found;
}

/** Without recursion: hostile input could split as often as it is long. */
function alignedPairs(a: Int32Array, b: Int32Array, counts: Int32Array): Pairs {
  const pairs: Pairs = [];
  const waiting: Range[] = [{ aFrom: 0, aTo: a.length, bFrom: 0, bTo: b.length }];
  for (let range = waiting.pop(); range !== undefined; range = waiting.pop()) {
    const inner = withoutEnds(a, b, range, pairs);
    if (inner.aFrom === inner.aTo || inner.bFrom === inner.bTo) continue;
    const fewest = fewestEdits(a, b, inner, counts);
    if (fewest <= MAX_EDITS && exactly(a, b, { range: inner, most: MAX_EDITS, pairs })) continue;
    const fixed = fixedPoints(a, b, inner);
    if (fixed.length > 0) waiting.push(...between(fixed, inner, pairs));
    else if (fewest <= MOST_EDITS) exactly(a, b, { range: inner, most: MOST_EDITS, pairs });
  }
  return pairs.sort((one, other) => one[0] - other[0]);
}

/** Notes what both begin and end with; gives what is left. */
function withoutEnds(a: Int32Array, b: Int32Array, range: Range, pairs: Pairs): Range {
  let { aFrom, aTo, bFrom, bTo } = range;
  while (aFrom < aTo && bFrom < bTo && a[aFrom] === b[bFrom]) pairs.push([aFrom++, bFrom++]);
  while (aFrom < aTo && bFrom < bTo && a[aTo - 1] === b[bTo - 1]) pairs.push([--aTo, --bTo]);
  return { aFrom, aTo, bFrom, bTo };
}

/** With fewer it cannot be done: each item that the other does not have is one. `counts` is zeros, and is so again. */
function fewestEdits(a: Int32Array, b: Int32Array, range: Range, counts: Int32Array): number {
  const { aFrom, aTo, bFrom, bTo } = range;
  let edits = aTo - aFrom + bTo - bFrom;
  for (let at = aFrom; at < aTo; at++) add(counts, a[at], 1);
  for (let at = bFrom; at < bTo; at++) if (add(counts, b[at], -1) >= 0) edits -= 2;
  for (let at = aFrom; at < aTo; at++) counts[a[at] ?? 0] = 0;
  for (let at = bFrom; at < bTo; at++) counts[b[at] ?? 0] = 0;
  return edits;
}

function add(counts: Int32Array, item: number = 0, by: number): number {
  const count = (counts[item] ?? 0) + by;
  counts[item] = count;
  return count;
}

/**
 * The fewest edits, as Eugene Myers' O(ND) way finds them ("An O(ND) Difference Algorithm and Its Variations", 1986); false where there are
 * more than `most`.
 */
function exactly(
  a: Int32Array,
  b: Int32Array,
  { range, most, pairs }: { readonly range: Range; readonly most: number; readonly pairs: Pairs },
): boolean {
  const { aFrom, bFrom } = range;
  const [n, m] = [range.aTo - aFrom, range.bTo - bFrom];
  const limit = Math.min(most, n + m);
  const furthest = new Int32Array(2 * limit + 3);
  const steps: Int32Array[] = [];
  for (let edits = 0; edits <= limit; edits++) {
    for (let k = -edits; k <= edits; k += 2) {
      const at = k + limit + 1;
      const isDown = k === -edits || (k !== edits && (furthest[at - 1] ?? 0) < (furthest[at + 1] ?? 0));
      let x = isDown ? (furthest[at + 1] ?? 0) : (furthest[at - 1] ?? 0) + 1;
      while (x < n && x - k < m && a[aFrom + x] === b[bFrom + x - k]) x++;
      furthest[at] = x;
      if (x >= n && x - k >= m) {
        steps.push(furthest.slice(limit + 1 - edits, limit + 2 + edits));
        back(steps, { n, m, aFrom, bFrom, pairs });
        return true;
      }
    }
    steps.push(furthest.slice(limit + 1 - edits, limit + 2 + edits));
  }
  return false;
}

/** Goes back along the steps, and notes what is the same. */
function back(
  steps: readonly Int32Array[],
  {
    n,
    m,
    aFrom,
    bFrom,
    pairs,
  }: {
    readonly n: number;
    readonly m: number;
    readonly aFrom: number;
    readonly bFrom: number;
    readonly pairs: Pairs;
  },
): void {
  let [x, y] = [n, m];
  for (let edits = steps.length - 1; edits >= 0; edits--) {
    const before = steps[edits - 1];
    // A step holds the diagonals from -edits to edits.
    const xOf = (k: number): number => before?.[k + edits - 1] ?? -1;
    const k = x - y;
    const isDown = k === -edits || (k !== edits && xOf(k - 1) < xOf(k + 1));
    const startX = edits === 0 ? 0 : isDown ? xOf(k + 1) : xOf(k - 1) + 1;
    while (x > startX && x - k > 0) {
      x--;
      pairs.push([aFrom + x, bFrom + x - k]);
    }
    y = x - k;
    if (edits === 0) return;
    if (isDown) y--;
    else x--;
  }
}

/** Items that are there once in both, as many as are in one order: the longest rising run of their places. */
function fixedPoints(a: Int32Array, b: Int32Array, { aFrom, aTo, bFrom, bTo }: Range): Pairs {
  const once = placesOfOnce(b, bFrom, bTo);
  const shared: Pairs = [];
  for (const [item, at] of placesOfOnce(a, aFrom, aTo)) {
    const other = once.get(item);
    if (other !== undefined) shared.push([at, other]);
  }
  return longestRising(shared.sort((one, other) => one[0] - other[0]));
}

function placesOfOnce(items: Int32Array, from: number, to: number): Map<number, number> {
  const places = new Map<number, number>();
  const many = new Set<number>();
  for (let at = from; at < to; at++) {
    const item = items[at] ?? 0;
    if (many.has(item)) continue;
    if (places.delete(item)) many.add(item);
    else places.set(item, at);
  }
  return places;
}

/** By the second places: the longest that rises. */
function longestRising(pairs: Pairs): Pairs {
  const ends: number[] = [];
  const previous: number[] = [];
  for (const [i, [, place]] of pairs.entries()) {
    let [low, high] = [0, ends.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((pairs[ends[middle] ?? 0]?.[1] ?? 0) < place) low = middle + 1;
      else high = middle;
    }
    previous[i] = low > 0 ? (ends[low - 1] ?? -1) : -1;
    ends[low] = i;
  }
  const rising: Pairs = [];
  for (let i = ends.at(-1) ?? -1; i >= 0; i = previous[i] ?? -1) {
    const pair = pairs[i];
    if (pair !== undefined) rising.push(pair);
  }
  return rising.reverse();
}

function between(fixed: Pairs, range: Range, pairs: Pairs): Range[] {
  const ranges: Range[] = [];
  let { aFrom, bFrom } = range;
  for (const [a, b] of fixed) {
    ranges.push({ aFrom, aTo: a, bFrom, bTo: b });
    pairs.push([a, b]);
    [aFrom, bFrom] = [a + 1, b + 1];
  }
  ranges.push({ aFrom, aTo: range.aTo, bFrom, bTo: range.bTo });
  return ranges;
}
