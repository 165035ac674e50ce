// The `limits` option: values of a span that are larger than somebody chose are cut where they are given.

import { isPrimitive } from "../model/capture.ts";
import { checkOptions, is, type OptionRules } from "../model/options.ts";
import { hasParts } from "../model/scalars.ts";
import { sealed } from "../model/sealed.ts";
import { mapProperties } from "../model/values.ts";
import { boundedJson } from "../render/text.ts";

/** How many bytes a span's values may have: of text as UTF-8, and of bytes. What is more is cut, with a marker that says how much. */
export interface Limits {
  /** Bytes of one attribute. No limit unless told. */
  readonly maxAttributeBytes?: number | undefined;
  /** Bytes of all attributes, events and links that a span is given, together. No limit unless told. */
  readonly maxSpanBytes?: number | undefined;
}

/** Less would leave no room for a marker. */
const LEAST_BYTES = 100;

/** The same of one text of a nested value. */
const LEAST_SHARE = 40;

/** Check of the `limits` option. */
export const LIMITS_CHECK: OptionRules["checks"] = {
  limits: (value) => {
    const checks = { maxAttributeBytes: is.count(LEAST_BYTES), maxSpanBytes: is.count(LEAST_BYTES) };
    checkOptions(value, { owner: "limits", checks });
    return undefined;
  },
};

/** What one span may still take. */
export class Allowance {
  readonly #maxAttributeBytes: number;
  #left: number;

  constructor({ maxAttributeBytes, maxSpanBytes }: Limits) {
    this.#maxAttributeBytes = maxAttributeBytes ?? Number.POSITIVE_INFINITY;
    this.#left = maxSpanBytes ?? Number.POSITIVE_INFINITY;
  }

  /** A captured value, or as much of it as fits. */
  take(captured: unknown): unknown {
    const { value, bytes } = cut(captured, Math.min(this.#maxAttributeBytes, this.#left));
    this.#left = Math.max(0, this.#left - bytes);
    return value;
  }

  /** Another value stands in the place of this one. */
  giveBack(captured: unknown): void {
    if (Number.isFinite(this.#left)) this.#left += sizesOf(captured).total;
  }
}

interface Cut {
  readonly value: unknown;
  readonly bytes: number;
}

/** Texts and bytes are cut, the largest first; where that is not enough, the beginning of the value's text is kept. */
function cut(captured: unknown, most: number): Cut {
  if (typeof captured === "string" && captured.length * 3 <= most) {
    return { value: captured, bytes: Buffer.byteLength(captured) };
  }
  // Numbers and the like are always kept.
  if (typeof captured !== "string" && isPrimitive(captured)) return { value: captured, bytes: NUMBER_BYTES };
  const { total, leaves } = sizesOf(captured);
  if (total <= most) return { value: captured, bytes: total };
  const largest = largestThatFits(leaves, most - (total - sum(leaves)));
  const value = largest === undefined ? undefined : withCutLeaves(captured, largest);
  // Names are not cut, so there may still be too much.
  if (value !== undefined && sizesOf(value).total <= most) return { value, bytes: most };
  return { value: beginning(captured, total, most), bytes: most };
}

interface Sizes {
  readonly total: number;
  /** Of texts and bytes. */
  readonly leaves: readonly number[];
}

/** Captured values have no cycles. */
function sizesOf(captured: unknown): Sizes {
  const leaves: number[] = [];
  let rest = 0;
  const waiting: unknown[] = [captured];
  while (waiting.length > 0) {
    const value = waiting.pop();
    if (typeof value === "string") leaves.push(Buffer.byteLength(value));
    else if (value instanceof Uint8Array) leaves.push(value.byteLength);
    else if (!hasParts(value)) rest += NUMBER_BYTES;
    else for (const part of partsOf(value)) waiting.push(part);
  }
  return { total: rest + sum(leaves), leaves };
}

const NUMBER_BYTES = 8;

function partsOf(value: object): Iterable<unknown> {
  if (Array.isArray(value) || value instanceof Set) return value;
  return (value instanceof Map ? [...value] : Object.entries(value)).flat();
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** The size to which the largest leaves are cut so that all are within `most`; undefined where hardly anything would be left. */
function largestThatFits(leaves: readonly number[], most: number): number | undefined {
  const ordered = [...leaves].sort((a, b) => a - b);
  let left = most;
  for (const [i, size] of ordered.entries()) {
    const share = Math.floor(left / (ordered.length - i));
    if (size > share) return share >= LEAST_SHARE ? share : undefined;
    left -= size;
  }
  return undefined;
}

/** The value as it is, but for texts and bytes that are larger than that. Names of properties stay. */
function withCutLeaves(value: unknown, most: number): unknown {
  if (typeof value === "string") return cutText(value, most);
  if (value instanceof Uint8Array) return value.byteLength <= most ? value : cutBytes(value, most);
  if (!hasParts(value)) return value;
  const inner = (part: unknown): unknown => withCutLeaves(part, most);
  if (Array.isArray(value)) return Object.freeze(value.map(inner));
  if (value instanceof Map) return sealed(new Map([...value].map(([key, part]) => [key, inner(part)])));
  if (value instanceof Set) return sealed(new Set([...value].map(inner)));
  return Object.freeze(mapProperties(value, inner));
}

function cutText(text: string, most: number): string {
  const bytes = text.length * 3 <= most ? 0 : Buffer.byteLength(text);
  if (bytes <= most) return text;
  return marked(text, bytes, most);
}

/** Bytes have no room for a marker: their beginning is shown as base64. */
function cutBytes(bytes: Uint8Array, most: number): string {
  const shown = Buffer.from(bytes.subarray(0, Math.min(most, SHOWN_BYTES))).toString("base64");
  return marked(shown, bytes.byteLength, most);
}

const SHOWN_BYTES = 48;

/** More leaves than there is room for. */
function beginning(captured: unknown, total: number, most: number): string {
  return marked(typeof captured === "string" ? captured : boundedJson(captured, most), total, most);
}

/** As much of a text as leaves room for the marker, which says how much there was. */
function marked(text: string, bytes: number, most: number): string {
  const marker = `… [Cut: ${bytes} bytes]`;
  const room = Math.max(0, most - Buffer.byteLength(marker));
  // Of a character that does not fit nothing is left.
  const kept = Buffer.from(text.slice(0, room))
    .subarray(0, room)
    .toString()
    .replace(/\ufffd+$/, "");
  return `${kept}${marker}`;
}
