// The body of a request, unpacked: bounded in bytes, in time, and together with those of all requests under way.
import type { Transform } from "node:stream";
import { createGunzip, createInflate, createInflateRaw } from "node:zlib";
import { clearTimeout, setTimeout } from "../model/timers.ts";
import { busy, Refusal } from "./refusal.ts";

/** How much may be read. */
export interface BodyLimits {
  /** Bytes of a body as it comes. */
  readonly maxPackedBytes: number;
  /** Bytes of a body once it is unpacked. */
  readonly maxUnpackedBytes: number;
  /** How long a body may take to come, in milliseconds. */
  readonly bodyTimeoutMs: number;
}

/** Bytes that all requests under way may hold together. */
export class Budget {
  #left: number;

  constructor(bytes: number) {
    this.#left = bytes;
  }

  /** Takes so many bytes; throws where there are not that many. */
  take(bytes: number): void {
    if (bytes > this.#left) throw busy("Too many bytes are being read at once.");
    this.#left -= bytes;
  }

  give(bytes: number): void {
    this.#left += bytes;
  }
}

/** One request's share of the budget. Give it back, whatever happens. */
export class Share {
  readonly #budget: Budget;
  #taken = 0;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  take(bytes: number): void {
    this.#budget.take(bytes);
    this.#taken += bytes;
  }

  giveBack(): void {
    this.#budget.give(this.#taken);
    this.#taken = 0;
  }
}

/** How a body is packed. */
type Coding = "identity" | "gzip" | "deflate";

/** How a body says it is packed; undefined where that is none of the ways that are known. */
export function codingOf(request: Request): Coding | undefined {
  return CODINGS.get(request.headers.get("content-encoding")?.trim().toLowerCase() ?? "");
}

const CODINGS: ReadonlyMap<string, Coding> = new Map([
  ["", "identity"],
  ["identity", "identity"],
  ["gzip", "gzip"],
  ["x-gzip", "gzip"],
  ["deflate", "deflate"],
]);

/** Reads a body. Throws `Refusal`. */
export async function readBody(request: Request, limits: BodyLimits, share: Share): Promise<Buffer> {
  const packed = await receive(request, limits, share);
  const coding = codingOf(request);
  if (coding === "gzip" || coding === "deflate") return unpack(packed, coding, { limits, share });
  if (packed.byteLength > limits.maxUnpackedBytes) throw tooLarge(limits.maxUnpackedBytes, "");
  return packed;
}

async function receive(request: Request, limits: BodyLimits, share: Share): Promise<Buffer> {
  const { maxPackedBytes, bodyTimeoutMs } = limits;
  if (Number(request.headers.get("content-length")) > maxPackedBytes) throw tooLarge(maxPackedBytes, "");
  if (request.body === null) return Buffer.alloc(0);
  const reader = request.body.getReader();
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    reader.cancel().catch(() => undefined);
  }, bodyTimeoutMs);
  try {
    const body = await collect(chunksOf(reader), maxPackedBytes, "", share);
    if (isLate) throw new Refusal(408, `The body did not come within ${bodyTimeoutMs} ms.`);
    return body;
  } finally {
    clearTimeout(timer);
  }
}

/** A body that breaks off is the sender's doing. What is not read to its end is let go of. */
async function* chunksOf(reader: ReadableStreamDefaultReader<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    for (;;) {
      const { value, done } = await reader.read().catch(() => {
        throw new Refusal(400, "The body broke off.");
      });
      if (done) return;
      yield value;
    }
  } finally {
    // Not awaited: who sends for ever would be waited for.
    reader.cancel().catch(() => undefined);
  }
}

/** What unpacking is bounded by. */
interface Bounds {
  readonly limits: BodyLimits;
  readonly share: Share;
}

/** Off the event loop, piece by piece, so that a bomb is found out before it fills the memory. */
async function unpack(
  packed: Buffer,
  coding: "gzip" | "deflate",
  { limits, share }: Bounds,
): Promise<Buffer> {
  const unpacker = coding === "gzip" ? createGunzip(PIECES) : inflater(packed);
  unpacker.end(packed);
  try {
    return await collect(unpacker, limits.maxUnpackedBytes, " unpacked", share);
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw new Refusal(400, `The body is not ${coding}, as its Content-Encoding says.`);
  }
}

/** HTTP means zlib's format by deflate; some clients send it without the two bytes that zlib begins with. */
function inflater([first = 0, second = 0]: Buffer): Transform {
  const isZlib = (first & 0x0f) === DEFLATED && (first * 256 + second) % 31 === 0;
  return isZlib ? createInflate(PIECES) : createInflateRaw(PIECES);
}

const PIECES = { chunkSize: 64 * 1024 };
/** How zlib names the method in its first byte. */
const DEFLATED = 8;

async function collect(
  source: AsyncIterable<Uint8Array>,
  limit: number,
  what: string,
  share: Share,
): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of source) {
    bytes += chunk.byteLength;
    if (bytes > limit) throw tooLarge(limit, what);
    share.take(chunk.byteLength);
    chunks.push(chunk);
  }
  return chunks.length === 1 && Buffer.isBuffer(chunks[0]) ? chunks[0] : Buffer.concat(chunks);
}

function tooLarge(limit: number, what: string): Refusal {
  return new Refusal(413, `The body is larger than ${limit} bytes${what}; send fewer spans at once.`);
}
