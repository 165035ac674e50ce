// The grammar of W3C Trace Context and Baggage: headers to data and back. Whatever a header says, nothing here throws.

import { defined } from "../../model/defined.ts";
import { isSpanId, isTraceId } from "../../model/ids.ts";
import { urlPart } from "../../model/url-part.ts";
import type { RemoteParent } from "../remote-parent.ts";

/** One entry of a baggage. */
export interface BaggageItem {
  readonly key: string;
  readonly value: string;
  /** The properties behind the value, as they stand in the header. */
  readonly metadata: string | undefined;
}

/**
 * Reads `traceparent` and `tracestate`; undefined where the former is not valid. A bad `tracestate` is left out alone.
 */
export function parseTrace(
  traceparent: string | undefined,
  tracestate: string | undefined,
): RemoteParent | undefined {
  if (traceparent === undefined || traceparent.length > MAX_TRACEPARENT) return undefined;
  const [, version = "", traceId, spanId, flags = "", rest = ""] = TRACEPARENT.exec(traceparent) ?? [];
  if (!isTraceId(traceId) || !isSpanId(spanId) || version === "ff") return undefined;
  // Later versions may say more, this one does not.
  if (version === "00" && rest !== "") return undefined;
  const traceState = tracestate === undefined ? undefined : parseTraceState(tracestate);
  return defined({ traceId, spanId, traceFlags: Number.parseInt(flags, 16), traceState });
}

/** What of a span goes into headers. */
export interface TraceParts {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceFlags?: number | undefined;
  readonly traceState?: string | undefined;
}

/** The header `traceparent`. Spans are sampled unless flags say otherwise. */
export function formatTraceparent({ traceId, spanId, traceFlags = SAMPLED }: TraceParts): string {
  return `00-${traceId}-${spanId}-${(traceFlags & 0xff).toString(16).padStart(2, "0")}`;
}

/** A `tracestate` without its empty members; undefined where it is empty, or not what W3C allows. */
export function parseTraceState(header: string): string | undefined {
  if (header.length > MAX_TRACESTATE) return undefined;
  const members = header.split(",").map(trimmed).filter(Boolean);
  if (members.length === 0 || members.length > MAX_MEMBERS) return undefined;
  return members.every((member) => MEMBER.test(member)) ? members.join(",") : undefined;
}

/** Reads `baggage`; what is no entry is left out, and so is what is beyond W3C's sizes. */
export function parseBaggage(header: string): readonly BaggageItem[] {
  const items = new Map<string, BaggageItem>();
  for (const member of header.slice(0, MAX_BAGGAGE).split(",", MAX_ITEMS)) {
    const item = parseItem(member);
    if (item !== undefined) items.set(item.key, item);
  }
  return [...items.values()];
}

/** The header `baggage`; undefined where there is nothing to say. Entries that would make it too long are left out. */
export function formatBaggage(items: Iterable<BaggageItem>): string | undefined {
  const members: string[] = [];
  let length = 0;
  for (const item of items) {
    const member = formatItem(item);
    if (member === undefined || members.length >= MAX_ITEMS) continue;
    if (length + member.length + 1 > MAX_BAGGAGE) continue;
    length += member.length + 1;
    members.push(member);
  }
  return members.length === 0 ? undefined : members.join(",");
}

function parseItem(member: string): BaggageItem | undefined {
  const [pair = "", ...properties] = member.split(";");
  const at = pair.indexOf("=");
  if (at <= 0) return undefined;
  const key = decoded(trimmed(pair.slice(0, at)));
  const value = decoded(trimmed(pair.slice(at + 1)));
  if (key === "") return undefined;
  const metadata = properties.map(trimmed).filter(Boolean).join(";");
  return { key, value, metadata: metadata === "" ? undefined : metadata };
}

function formatItem({ key, value, metadata }: BaggageItem): string | undefined {
  if (key === "") return undefined;
  const safe = metadata !== undefined && PROPERTIES.test(metadata) ? `;${metadata}` : "";
  const member = `${urlPart(key)}=${urlPart(value)}${safe}`;
  return member.length > MAX_ITEM ? undefined : member;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Without the spaces and tabs that headers allow around values. */
function trimmed(text: string): string {
  return text.replace(OUTER_SPACE, "");
}

const SAMPLED = 1;
const TRACEPARENT = /^[ \t]*([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?[ \t]*$/s;
const MEMBER =
  /^[a-z0-9][a-z0-9_*/-]{0,255}(?:@[a-z][a-z0-9_*/-]{0,13})?=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{1,256}$/;
const PROPERTIES = /^[\x20-\x2b\x2d-\x7e]*$/;
const OUTER_SPACE = /^[ \t]+|[ \t]+$/g;
const MAX_TRACEPARENT = 512;
const MAX_MEMBERS = 32;
/** 32 members of the longest keys and values, and what is between them. */
const MAX_TRACESTATE = 17_000;
const MAX_BAGGAGE = 8192;
const MAX_ITEMS = 180;
const MAX_ITEM = 4096;
