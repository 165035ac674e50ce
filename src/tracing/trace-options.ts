// What may be said of a span when it starts, and what becomes of options that cannot be used.
import * as types from "node:util/types";
import type { Attributes } from "../model/attributes.ts";
import { isSpanKind, type Scope, type SpanKind, type SpanLink } from "../model/span-fields.ts";
import { TIME_RANGE, timeOfDate } from "../model/times.ts";
import type { RemoteParent } from "./remote-parent.ts";
import type { Span } from "./span.ts";
import { NODE } from "./span-node.ts";

/** What may be said of a span when it starts. */
export interface TraceOptions {
  /** INTERNAL unless told. */
  readonly spanKind?: SpanKind | undefined;
  /** The span above; the active one unless told. Null starts a new trace. */
  readonly parentSpan?: Span | RemoteParent | null | undefined;
  /** Who makes the span. Unless told: the context's, else tracelight's own; never that of a span above, which others may have made. */
  readonly scope?: Scope | undefined;
  /** Now unless told; never before the parent's start. */
  readonly startedAt?: Date | undefined;
  /** In place of the context's. */
  readonly resourceAttributes?: Attributes | undefined;
  /** Attributes that the span starts with. None unless told. */
  readonly attributes?: Attributes | undefined;
  /** Spans elsewhere that it has to do with. None unless told. */
  readonly links?: readonly SpanLink[] | undefined;
  /** What the work can be called off by. Where it has been aborted, a failure of the work is no error, whatever was thrown. */
  readonly signal?: AbortSignal | undefined;
}

/** Microseconds of a given start. Throws for what is no Date that a span can have. */
export function givenStart(startedAt: Date): number {
  const micros = timeOfDate(startedAt);
  if (micros === undefined) throw new TypeError(`startedAt is no Date ${TIME_RANGE}`);
  return micros;
}

/** A given kind. Throws for what is none. */
export function givenKind(kind: SpanKind): SpanKind {
  if (!isSpanKind(kind)) throw new TypeError("spanKind is none of the five kinds");
  return kind;
}

/** The options that can be used, and the names of the others. */
export function usableOptions(options: unknown): [TraceOptions, string[]] {
  const usable: Record<string, unknown> = {};
  const faulty: string[] = [];
  for (const [name, isUsable] of Object.entries(USABLE)) {
    try {
      const value: unknown = Reflect.get(Object(options), name);
      if (value === undefined) continue;
      if (isUsable(value)) usable[name] = value;
      else faulty.push(name);
    } catch {
      faulty.push(name);
    }
  }
  return [usable, faulty];
}

/** True for null and for objects whose ids can be asked for; throws for a hostile one. */
function isReadableParent(value: unknown): boolean {
  if (value === null) return true;
  if (typeof value !== "object" || Reflect.has(value, NODE)) return typeof value === "object";
  return ["traceId", "spanId"].every((name) => typeof Reflect.get(value, name) === "string");
}

const isObject = (value: unknown): boolean => typeof value === "object" && value !== null;

const USABLE: Readonly<Record<keyof TraceOptions, (value: unknown) => boolean>> = {
  spanKind: isSpanKind,
  parentSpan: isReadableParent,
  scope: (value) => isObject(value) && typeof Reflect.get(Object(value), "name") === "string",
  startedAt: (value) => types.isDate(value) && timeOfDate(value) !== undefined,
  resourceAttributes: isObject,
  attributes: isObject,
  links: Array.isArray,
  signal: (value) => isObject(value) && typeof Reflect.get(Object(value), "aborted") === "boolean",
};
