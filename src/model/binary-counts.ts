// Counts in the binary form: seven bits a byte, the lowest first.
import { broken } from "./binary-frames.ts";

/** Writes a count. Returns where the next byte goes. */
export function writeCount(target: Uint8Array, at: number, count: number): number {
  let rest = count;
  let next = at;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) target[next++] = (rest % 0x80) | 0x80;
  target[next++] = rest;
  return next;
}

/** Reads what `writeCount` wrote. Throws RangeError beyond the bytes or beyond what a number holds exactly. */
export function readCount(bytes: Uint8Array, at: number): { readonly count: number; readonly next: number } {
  let count = 0;
  let scale = 1;
  for (let next = at; ; scale *= 0x80) {
    const byte = bytes[next++];
    if (byte === undefined) throw broken();
    count += (byte & 0x7f) * scale;
    if (!Number.isSafeInteger(count)) throw broken();
    if (byte < 0x80) return { count, next };
  }
}
