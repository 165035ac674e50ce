// The order of a trace's tree: each span behind its parent, with all that is below it, children by start.

/** Spans by their place in the tree, and by their index in the answer. */
export interface Order {
  /** Of each place in the tree, the index in the answer. */
  readonly order: Int32Array;
  readonly depth: Uint16Array;
  readonly parent: Int32Array;
  readonly last: Int32Array;
  /** The other way round. */
  readonly place: Int32Array;
}

/** The spans come by start, so children by start are in the order of their indexes. A circle of parents is cut. */
export function orderOf(parents: readonly number[]): Order {
  return asTheyCome(parents) ?? sorted(parents);
}

/** Work that is done step by step comes in the order of its tree, in one pass; undefined where another stands in between. */
function asTheyCome(parents: readonly number[]): Order | undefined {
  const n = parents.length;
  const order = new Int32Array(n);
  const parent = new Int32Array(n);
  const depth = new Uint16Array(n);
  const last = new Int32Array(n);
  for (let i = 0; i < n; i++) {
    const up = Math.max(-1, parents[i] ?? -1);
    let at = i - 1;
    for (; at > up; at = parent[at] ?? -1) last[at] = i;
    if (at !== up) return undefined;
    order[i] = i;
    parent[i] = up;
    depth[i] = up < 0 ? 0 : Math.min(MAX_DEPTH, (depth[up] ?? 0) + 1);
  }
  for (let at = n - 1; at >= 0; at = parent[at] ?? -1) last[at] = n;
  return { order, depth, parent, last, place: order };
}

function sorted(parents: readonly number[]): Order {
  const n = parents.length;
  const above = new Int32Array(n);
  for (let i = 0; i < n; i++) above[i] = parents[i] === i ? -1 : Math.max(-1, parents[i] ?? -1);
  const walk = parentsFirst(above);
  const sizes = new Int32Array(n).fill(1);
  for (let k = n - 1; k >= 0; k--) {
    const i = walk[k] ?? 0;
    const up = above[i] ?? -1;
    if (up >= 0) sizes[up] = (sizes[up] ?? 0) + (sizes[i] ?? 0);
  }
  const place = placesAmongSiblings(above, sizes);
  const order = new Int32Array(n);
  const depth = new Uint16Array(n);
  const parent = new Int32Array(n);
  const last = new Int32Array(n);
  for (let k = 0; k < n; k++) {
    const i = walk[k] ?? 0;
    const up = above[i] ?? -1;
    const top = up < 0 ? -1 : (place[up] ?? 0);
    const at = top + 1 + (place[i] ?? 0);
    place[i] = at;
    order[at] = i;
    parent[at] = top;
    depth[at] = top < 0 ? 0 : Math.min(MAX_DEPTH, (depth[top] ?? 0) + 1);
    last[at] = at + (sizes[i] ?? 0);
  }
  return { order, depth, parent, last, place };
}

/** All spans, each behind its parent: mostly they come so. Where spans are below each other, one of them is a root from here on. */
function parentsFirst(above: Int32Array): Int32Array {
  const walk = new Int32Array(above.length);
  const met = new Uint8Array(above.length);
  const way: number[] = [];
  let made = 0;
  for (let i = 0; i < above.length; i++) {
    let at = i;
    for (; at >= 0 && met[at] === UNMET; at = above[at] ?? -1) {
      met[at] = ON_THE_WAY;
      way.push(at);
    }
    if (at >= 0 && met[at] === ON_THE_WAY) above[way.at(-1) ?? 0] = -1;
    for (let one = way.pop(); one !== undefined; one = way.pop()) {
      met[one] = DONE;
      walk[made++] = one;
    }
  }
  return walk;
}

/** How far behind its parent's first child each stands; roots behind the first root. */
function placesAmongSiblings(above: Int32Array, sizes: Int32Array): Int32Array {
  const n = above.length;
  const place = new Int32Array(n);
  const next = new Int32Array(n + 1);
  for (let i = 0; i < n; i++) {
    const list = above[i] === -1 ? n : (above[i] ?? n);
    place[i] = next[list] ?? 0;
    next[list] = (next[list] ?? 0) + (sizes[i] ?? 0);
  }
  return place;
}

const MAX_DEPTH = 65_535;
const UNMET = 0;
const ON_THE_WAY = 1;
const DONE = 2;
