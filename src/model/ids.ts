// Span and trace ids as W3C Trace Context has them: lower-case hex, random, never all zero.

/** Where a span is. */
export interface SpanPlace {
  readonly traceId: string;
  readonly spanId: string;
}

/** Ids are cut from a pool of hex digits: 64 units of work, each a trace and two spans. */
const POOL_WORDS = 512;

const POOLS_A_SEED = 16;

const state = new Int32Array(4);
/** The hex digits of a pool, two in each; and those of every byte. */
const digits = new Uint16Array(POOL_WORDS * 4);
const text = Buffer.from(digits.buffer);
const digitsOf = new Uint16Array(256);
let hex = "";
let next = 0;
let pools = 0;

/** Of each number of random bits, one half here and the other behind all first ones. */
const DRAWS = 512;
const words = new Uint32Array(2 * DRAWS);
let draws = 0;

/** A new span id: 16 hex digits. */
export function newSpanId(): string {
  if (next + 16 > hex.length) refill();
  next += 16;
  return hex.slice(next - 16, next);
}

/** A new trace id: 32 hex digits. */
export function newTraceId(): string {
  if (next + 32 > hex.length) refill();
  next += 32;
  return hex.slice(next - 32, next);
}

/**
 * A new number of 52 random bits: what a trace is kept or not by, before it needs an id. It takes a twentieth of the time of an id, which
 * most traces then never need.
 */
export function newRandomness(): number {
  if (draws === 0) process.getBuiltinModule("node:crypto").randomFillSync(words);
  draws = (draws + 1) % DRAWS;
  return ((words[draws] ?? 0) >>> 6) * 2 ** 26 + ((words[draws + DRAWS] ?? 0) >>> 6);
}

/** A new trace id of that randomness: as W3C Trace Context has it, at its end. */
export function traceIdOf(randomness: number): string {
  const id = newTraceId();
  return `${id.slice(0, 18)}${randomness.toString(16).padStart(13, "0")}${id.slice(31)}`;
}

/**
 * Fills the pool by xoshiro128**, seeded anew from the system's generator with every 16th pool, so that processes that
 * were forked or thawed from one image soon part ways. The digits are looked up, which takes a third of the time of `toString("hex")`.
 * Source: https://prng.di.unimi.it/xoshiro128starstar.c
 */
function refill(): void {
  // Loaded when the first id is made: a program that only imports the package does not pay for it.
  if (pools === 0) nameBytes();
  if (pools++ % POOLS_A_SEED === 0) process.getBuiltinModule("node:crypto").randomFillSync(state);
  // As 32-bit integers throughout: four times as fast as where the compiler has to guess.
  let [a, b, c, d] = [at(state, 0), at(state, 1), at(state, 2), at(state, 3)];
  for (let i = 0; i < digits.length; i += 4) {
    const product = Math.imul(b, 5);
    // Two zero words in a row could be a whole id.
    const word = Math.imul((product << 7) | (product >>> 25), 9) || 1;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = (d << 11) | (d >>> 21);
    digits[i] = at(digitsOf, word & 255);
    digits[i + 1] = at(digitsOf, (word >>> 8) & 255);
    digits[i + 2] = at(digitsOf, (word >>> 16) & 255);
    digits[i + 3] = at(digitsOf, word >>> 24);
  }
  state.set([a, b, c, d]);
  hex = text.toString("latin1");
  next = 0;
}

function nameBytes(): void {
  for (let byte = 0; byte < 256; byte++) {
    const hex = byte.toString(16).padStart(2, "0");
    digitsOf[byte] = hex.charCodeAt(0) | (hex.charCodeAt(1) << 8);
  }
}

function at(numbers: Int32Array | Uint16Array, index: number): number {
  return (numbers[index] ?? 0) | 0;
}

/** True for 32 lower-case hex digits that are not all zero. */
export function isTraceId(id: unknown): id is string {
  return isId(id, 32);
}

/** True for 16 lower-case hex digits that are not all zero. */
export function isSpanId(id: unknown): id is string {
  return isId(id, 16);
}

/** A third of the time that a pattern takes, since nothing is decided at a digit. */
function isId(id: unknown, length: number): id is string {
  if (typeof id !== "string" || id.length !== length) return false;
  let all = DIGIT;
  let any = 0;
  for (let i = 0; i < length; i++) {
    const code = id.charCodeAt(i);
    const kind = code < kinds.length ? (kinds[code] ?? 0) : 0;
    all &= kind;
    any |= kind;
  }
  return all === DIGIT && any === (DIGIT | NOT_ZERO);
}

const DIGIT = 1;
const NOT_ZERO = 2;
/** What a character is, by its code. */
const kinds = new Uint8Array(128);
for (const digit of "0123456789abcdef") kinds[digit.charCodeAt(0)] = digit === "0" ? DIGIT : DIGIT | NOT_ZERO;

/** Both ids in lower case; undefined where one of them is none. */
export function idsOf(traceId: unknown, spanId: unknown): { traceId: string; spanId: string } | undefined {
  const [trace, span] = [traceId, spanId].map((id) => (typeof id === "string" ? id.toLowerCase() : id));
  return isTraceId(trace) && isSpanId(span) ? { traceId: trace, spanId: span } : undefined;
}
