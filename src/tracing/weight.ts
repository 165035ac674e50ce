// About how many bytes a span that waits takes in memory, found in a microsecond or so: long lists are sampled.
import { sharedItems } from "../model/history.ts";
import { keysOf } from "../model/many-keys.ts";
import { OWN } from "./readable-span.ts";
import type { Span } from "./span.ts";

const SPAN_BYTES = 1024;
const VALUE_BYTES = 16;
/** Parts of one list or object that are looked at; the rest is taken to be like them. */
const SAMPLE = 32;
/** Levels that are looked at; what is below counts as little. */
const LEVELS = 8;
/** Parts of one value that are looked at: a few lists in lists would else have a billion. */
const LOOKS = 5000;

/** How many more parts are looked at. */
interface Looks {
  left: number;
}

interface Within {
  readonly levels: number;
  readonly looks: Looks;
}

/** The bytes of a span's own values in memory, about. */
export function weigh(span: Span): number {
  // A span of another copy of the package, of another version, may not have it.
  const own = OWN in span ? span[OWN]() : [];
  const { events } = span;
  let bytes = SPAN_BYTES;
  for (let i = 1; i < own.length; i += 2) bytes += VALUE_BYTES + weighValue(own[i]);
  return events.length === 0 ? bytes : bytes + weighValue(events);
}

/** A value of a span that grows from span to span: what its items are in, which is one for all of them, and the bytes of this span's. */
export interface History {
  readonly items: object;
  readonly bytes: number;
}

/** Those of the span: most have none. */
export function historiesOf(span: Span): readonly History[] {
  const own = OWN in span ? span[OWN]() : [];
  let found: History[] | undefined;
  for (let i = 1; i < own.length; i += 2) {
    const value = own[i];
    if (typeof value !== "object") continue;
    const list = sharedItems(value);
    if (list === undefined) continue;
    found ??= [];
    found.push({ items: list.items, bytes: weighValue(value) });
  }
  return found ?? NONE;
}

const NONE: readonly History[] = [];

/** The bytes of a value in memory, about. */
export function weighValue(value: unknown, levels: number = LEVELS, looks: Looks = { left: LOOKS }): number {
  if (typeof value === "string") return VALUE_BYTES + value.length;
  if (typeof value !== "object" || value === null) return VALUE_BYTES;
  if (value instanceof Uint8Array) return VALUE_BYTES + value.byteLength;
  if (levels === 0 || looks.left <= 0) return VALUE_BYTES;
  const list = sharedItems(value);
  if (list !== undefined) return weighSample(list.items, list.length, { levels, looks });
  if (Array.isArray(value)) return weighSample(value, value.length, { levels, looks });
  if (value instanceof Map) return weighSample(value.entries(), value.size, { levels, looks });
  if (value instanceof Set) return weighSample(value, value.size, { levels, looks });
  return weighProperties(value, { levels, looks });
}

function weighProperties(value: object, { levels, looks }: Within): number {
  const keys = keysOf(value);
  const seen = Math.min(keys.length, SAMPLE);
  let bytes = 0;
  for (let i = 0; i < seen; i++) {
    bytes += VALUE_BYTES + weighValue(Reflect.get(value, keys[i] ?? ""), levels - 1, looks);
    looks.left--;
  }
  return VALUE_BYTES + (seen === 0 ? 0 : (bytes * keys.length) / seen);
}

function weighSample(parts: Iterable<unknown>, count: number, { levels, looks }: Within): number {
  let bytes = 0;
  let seen = 0;
  for (const part of parts) {
    bytes += VALUE_BYTES + weighValue(part, levels - 1, looks);
    looks.left--;
    if (++seen === SAMPLE) break;
  }
  return VALUE_BYTES + (seen === 0 ? 0 : (bytes * count) / seen);
}
