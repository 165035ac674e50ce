// Values as compressed bytes and back, off the event loop, whatever their size; unpacking has a bound.
import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  createDeflateRaw,
  createInflateRaw,
  type DeflateRaw,
  deflateRawSync,
  inflateRawSync,
} from "node:zlib";
import { BinaryDecoder } from "../model/binary-decoder.ts";
import { TracelightError } from "../model/errors.ts";
import type { Turns } from "../model/turns.ts";

/** Compressed bytes, as they came. */
export interface Blob {
  readonly chunks: readonly Buffer[];
  /** Bytes of all chunks. */
  readonly stored: number;
  /** Bytes before compression. */
  readonly bytes: number;
  /** Of the compressed bytes: 128 bits of SHA-256, in hex. */
  readonly hash: string;
}

/** What gives bytes step by step: `BinaryEncoder`. */
export interface ByteSource {
  step(): readonly Uint8Array[] | undefined;
}

/** Values that encode to more than this cannot be stored, nor are larger ones unpacked. */
export const MAX_BLOB_BYTES: number = 1 << 30;
/** Deflate never packs tighter; a claim beyond it is a lie. Source: zlib's technical details. */
const MAX_RATIO = 1032;
/** Up to so many bytes packing takes less than handing over to a thread. */
const MAX_SYNC_BYTES = 16 * 1024;
/** Beyond so many bytes speed counts more than a few per cent of size. */
const FAST_FROM_BYTES = 1 << 20;
/** About what is written at once. */
const WRITE_BYTES = 64 * 1024;
const HASH_DIGITS = 32;

/** Compresses what `source` gives, `expectedBytes` at least. About 50 MB a second, in slices and on another thread. Rejects with `ITEM_TOO_LARGE`. */
export async function compress(source: ByteSource, expectedBytes: number, turns: Turns): Promise<Blob> {
  const level = expectedBytes >= FAST_FROM_BYTES ? 1 : 6;
  const packer = createDeflateRaw({ level, chunkSize: 256 * 1024 });
  const chunks: Buffer[] = [];
  const hash = createHash("sha256");
  let stored = 0;
  packer.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    hash.update(chunk);
    stored += chunk.length;
  });
  const ended = once(packer, "end");
  const bytes = await feed(packer, source, turns);
  packer.end();
  await ended;
  return { chunks, stored, bytes, hash: hash.digest("hex").slice(0, HASH_DIGITS) };
}

/** Each write is a way to another thread and back, so small chunks go together. */
async function feed(packer: DeflateRaw, source: ByteSource, turns: Turns): Promise<number> {
  let bytes = 0;
  let gathered = 0;
  let chunks: Uint8Array[] = [];
  const write = async (): Promise<void> => {
    const [only] = chunks;
    const together = chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks, gathered);
    gathered = 0;
    chunks = [];
    if (!packer.write(together)) await once(packer, "drain");
  };
  for (let step = source.step(); step !== undefined; step = source.step()) {
    for (const chunk of step) {
      bytes += chunk.byteLength;
      if (bytes > MAX_BLOB_BYTES) throw tooLarge(packer);
      chunks.push(chunk);
      gathered += chunk.byteLength;
      if (gathered >= WRITE_BYTES) await write();
    }
    if (turns.over) await turns.next();
  }
  if (gathered > 0) await write();
  return bytes;
}

function tooLarge(packer: DeflateRaw): TracelightError {
  packer.destroy();
  return new TracelightError(
    "ITEM_TOO_LARGE",
    "A value of more than a gigabyte cannot be stored; shorten it with the process option.",
  );
}

/** A few bytes, compressed where that makes them fewer. */
export function packSmall(bytes: Buffer): { readonly data: Buffer; readonly isPacked: boolean } {
  const packed = deflateRawSync(bytes);
  return packed.length < bytes.length ? { data: packed, isPacked: true } : { data: bytes, isPacked: false };
}

/** True for so few bytes that `packSmall` is the better way. */
export function isSmall(bytes: number): boolean {
  return bytes <= MAX_SYNC_BYTES;
}

/** The hash by which a blob is known. */
export async function blobHash(chunks: readonly Uint8Array[], turns: Turns): Promise<string> {
  const hash = createHash("sha256");
  for (const chunk of chunks) {
    hash.update(chunk);
    if (turns.over) await turns.next();
  }
  return hash.digest("hex").slice(0, HASH_DIGITS);
}

/**
 * The bytes that were compressed: exactly `bytes` of them.
 * @throws (rejects) Error where the data is broken, or is more or less than it says.
 */
export async function decompress(chunks: readonly Uint8Array[], bytes: number): Promise<Buffer> {
  const stored = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
  if (
    !Number.isSafeInteger(bytes) ||
    bytes < 0 ||
    bytes > Math.min(MAX_BLOB_BYTES, stored * MAX_RATIO + 64)
  ) {
    throw new RangeError(`${stored} stored bytes cannot be ${bytes}.`);
  }
  const [first] = chunks;
  if (chunks.length === 1 && first !== undefined && isSmall(bytes)) {
    return exactly(inflateRawSync(first, { maxOutputLength: Math.max(1, bytes) }), bytes);
  }
  return inflate(chunks, bytes);
}

function exactly(unpacked: Buffer, bytes: number): Buffer {
  if (unpacked.length !== bytes) throw new RangeError(`${unpacked.length} bytes, not ${bytes}.`);
  return unpacked;
}

/** Into one buffer as it comes: joining chunks in the end would hold the event loop. */
async function inflate(chunks: readonly Uint8Array[], bytes: number): Promise<Buffer> {
  const target = Buffer.allocUnsafe(bytes);
  const unpacker = createInflateRaw({ chunkSize: 256 * 1024 });
  let at = 0;
  unpacker.on("data", (chunk: Buffer) => {
    if (at + chunk.length > bytes) unpacker.destroy(new RangeError(`More than ${bytes} bytes.`));
    else at += chunk.copy(target, at);
  });
  const ended = once(unpacker, "end");
  // Whoever fails first is awaited below; the other must not count as unhandled.
  ended.catch(() => undefined);
  for (const chunk of chunks) {
    if (!unpacker.write(chunk)) await Promise.race([once(unpacker, "drain"), ended]);
  }
  unpacker.end();
  await ended;
  return exactly(target.subarray(0, at), bytes);
}

/** The value of bytes that `BinaryEncoder` gave, read in slices. Rejects with RangeError where they are broken. */
export async function decodeInSlices(bytes: Buffer, turns: Turns): Promise<unknown> {
  const decoder = new BinaryDecoder(bytes);
  for (;;) {
    const result = decoder.step();
    if (result !== undefined) return result.value;
    if (turns.over) await turns.next();
  }
}
