// `inject` and `extract`: a trace goes from one process to the next in headers or messages. Needs no OpenTelemetry.
import { asTracelightError } from "../../model/errors.ts";
import { isSpanId, isTraceId } from "../../model/ids.ts";
import { activeFrame, type Frame } from "../context.ts";
import { reportUnowned } from "../faults.ts";
import { NOOP_SPAN } from "../noop-span.ts";
import type { RemoteParent } from "../remote-parent.ts";
import type { Span } from "../span.ts";
import { NODE } from "../span-node.ts";
import { carriedValue } from "./carried.ts";
import { type Carrier, headerOf, objectOf, setHeader } from "./carrier.ts";
import {
  type BaggageItem,
  formatBaggage,
  formatTraceparent,
  parseBaggage,
  parseTrace,
  type TraceParts,
} from "./w3c.ts";

/** What else `inject` writes. */
export interface InjectOptions {
  /**
   * Values for all services that the trace comes to; they travel in plain text. Default: OpenTelemetry's active
   * baggage, where it is registered.
   */
  readonly baggage?: Readonly<Record<string, string>> | undefined;
}

/**
 * Writes `traceparent`, and `tracestate` and `baggage` where there are such, into headers or the `_meta` of an MCP
 * message, and gives them back. The span is the active one unless told; without one, only baggage is written. Never
 * throws: what cannot be written to is given back as it is, with a process warning.
 *
 * @example
 * ```typescript
 * await fetch("https://tools.example.com", { headers: inject({ accept: "application/json" }) });
 * ```
 */
export function inject<C extends Carrier>(
  carrier: C,
  span?: Span | RemoteParent,
  options: InjectOptions = {},
): C {
  try {
    write(carrier, span, options);
  } catch (error) {
    const what = "inject could not write into the carrier it was given";
    reportUnowned(asTracelightError(error, "INVALID_ARGUMENT", what));
  }
  return carrier;
}

/**
 * The span that called, as the headers or the `_meta` of an MCP message name it: give it to `trace` as `parentSpan`.
 * Undefined where there is none, or it is not valid; never throws.
 *
 * @example
 * ```ts
 * const tracer = new InMemoryTracer();
 * const headers = { traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01" };
 * tracer.trace("handle", { parentSpan: extract(headers) }, () => undefined);
 * console.log(tracer.getTraces()[0]?.parentSpanId); // 00f067aa0ba902b7
 * ```
 */
export function extract(carrier: unknown): RemoteParent | undefined {
  return parseTrace(headerOf(carrier, "traceparent"), headerOf(carrier, "tracestate"));
}

/** The values of the header `baggage`; empty where there is none. Never throws. */
export function extractBaggage(carrier: unknown): Readonly<Record<string, string>> {
  const items = parseBaggage(headerOf(carrier, "baggage") ?? "");
  return objectOf(items.map(({ key, value }) => [key, value] as const));
}

function write(carrier: Carrier, span: Span | RemoteParent | undefined, options: InjectOptions): void {
  const frame = activeFrame();
  const parent = span ?? frame?.span ?? frame?.remote;
  if (parent !== undefined && parent !== NOOP_SPAN)
    injectTrace(carrier, NODE in parent ? parent[NODE] : parent);
  const items = options.baggage === undefined ? activeBaggage(frame) : itemsOf(options.baggage);
  const baggage = formatBaggage(items);
  if (baggage !== undefined) setHeader(carrier, "baggage", baggage);
}

function injectTrace(carrier: Carrier, parent: TraceParts): void {
  if (!isTraceId(parent.traceId) || !isSpanId(parent.spanId)) return;
  setHeader(carrier, "traceparent", formatTraceparent(parent));
  if (parent.traceState) setHeader(carrier, "tracestate", parent.traceState);
}

function itemsOf(baggage: Readonly<Record<string, string>>): readonly BaggageItem[] {
  return Object.entries(baggage).map(([key, value]) => ({ key, value: String(value), metadata: undefined }));
}

/** What OpenTelemetry's API has put into the context, if anything. */
function activeBaggage(frame: Frame | undefined): readonly BaggageItem[] {
  return baggageItems(carriedValue(frame?.carried, BAGGAGE_KEY));
}

/** The entries of a baggage of OpenTelemetry's API. */
export function baggageItems(baggage: unknown): readonly BaggageItem[] {
  if (!hasEntries(baggage)) return [];
  return baggage.getAllEntries().map(([key, { value, metadata }]) => ({
    key,
    value: String(value),
    metadata: metadata?.toString(),
  }));
}

interface HasEntries {
  getAllEntries(): [string, { readonly value: unknown; readonly metadata?: { toString(): string } }][];
}

function hasEntries(value: unknown): value is HasEntries {
  return typeof value === "object" && value !== null && "getAllEntries" in value;
}

/** OpenTelemetry's own; a key of it is the same in all its copies. */
const BAGGAGE_KEY = Symbol.for("OpenTelemetry Baggage Key");
