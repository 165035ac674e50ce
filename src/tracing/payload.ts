// What a span carries besides its node.
import type { Attributes, Inheritable } from "../model/attributes.ts";
import { keysOf } from "../model/many-keys.ts";
import type { OtlpDetails } from "../model/otlp-details.ts";
import type { SpanEvent, SpanFields, SpanLink } from "../model/span-fields.ts";
import type { SpanNode } from "./span-node.ts";

/** What is said of a span besides its attributes. */
export interface Said {
  readonly events: readonly SpanEvent[];
  readonly links: readonly SpanLink[];
  readonly statusMessage: string | undefined;
  readonly interrupted?: boolean;
  readonly otlp?: OtlpDetails | undefined;
}

/** What a span carries besides its node; a frozen copy, of the type `S`, is made from one. */
export interface Payload<S> extends Said {
  readonly own: unknown[];
  readonly inherited: Inheritable | undefined;
  readonly parentSpan?: S | undefined;
  readonly parentNode?: SpanNode | undefined;
  /** For a copy that stands in for a running span: makes the next copy. */
  readonly again?: () => S;
}

/** The payload of a span that carries nothing. */
export const EMPTY: Payload<never> = {
  own: [],
  inherited: undefined,
  events: [],
  links: [],
  statusMessage: undefined,
};

/** What a span of these fields carries. `own` has its attributes as key, value, key, value …, where they are there like that. */
export function payloadOf<S>(
  fields: SpanFields,
  parentSpan: S | undefined,
  own: unknown[] = keysAndValues(fields.attributes),
): Payload<S> {
  return {
    own,
    inherited: undefined,
    events: copyOf(fields.events),
    links: copyOf(fields.links),
    statusMessage: fields.statusMessage,
    interrupted: fields.state === "interrupted",
    otlp: fields.otlp,
    parentSpan,
  };
}

/** A frozen copy of a list. */
export function copyOf<T>(list: readonly T[] | undefined): readonly T[] {
  return list === undefined || list.length === 0 ? [] : Object.freeze([...list]);
}

function keysAndValues(attributes: Attributes): unknown[] {
  const own: unknown[] = [];
  for (const key of keysOf(attributes)) own.push(key, attributes[key]);
  return own;
}
