// What the app gives for a span, as a frozen copy that is safe to keep: attributes, names, links and scopes.
import type { Attributes } from "../model/attributes.ts";
import { capture } from "../model/capture.ts";
import { messageOf } from "../model/errors.ts";
import { idsOf } from "../model/ids.ts";
import { MANY_KEYS, rememberKeys } from "../model/many-keys.ts";
import { readProperty } from "../model/own-property.ts";
import { linkExtras, type Scope, type SpanLink } from "../model/span-fields.ts";

/** Attributes as an event or link has them: a frozen copy, or none. */
export function captured(attributes: Attributes | undefined): { attributes?: Attributes } {
  return attributes === undefined ? {} : { attributes: captureAttributes(attributes) };
}

/** A frozen copy of attributes given by the app; empty where they cannot be read. */
export function captureAttributes(attributes: Attributes): Attributes {
  const entries = entriesOf(attributes);
  const captured = Object.freeze(Object.fromEntries(entries.map(([key, value]) => [key, capture(value)])));
  if (entries.length >= MANY_KEYS) rememberKeys(captured, Object.keys(captured));
  return captured;
}

/** Own properties that are not undefined; none where the object cannot be read, a marker for what cannot be. */
export function entriesOf(attributes: Attributes): [string, unknown][] {
  try {
    return Object.entries(attributes).filter(([, value]) => value !== undefined);
  } catch {
    return readableEntriesOf(attributes).filter(([, value]) => value !== undefined);
  }
}

/** One property at a time, so that what one is does not take another with it. */
function readableEntriesOf(attributes: Attributes): [string, unknown][] {
  try {
    return Object.keys(attributes).map((key) => [key, readProperty(attributes, key)]);
  } catch {
    return [];
  }
}

/** Any name as text; the types ask for a string, JavaScript does not. */
export function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  try {
    return String(value);
  } catch (error) {
    return `[Unreadable: ${messageOf(error)}]`;
  }
}

/** A frozen copy of a link given by the app; undefined where it is none. */
export function linkOf(link: SpanLink): SpanLink | undefined {
  try {
    const ids = idsOf(link.traceId, link.spanId);
    return ids && Object.freeze({ ...ids, ...captured(link.attributes), ...linkExtras(link) });
  } catch {
    return undefined;
  }
}

/** A frozen copy of a scope; what is frozen already is used as it is. Throws where it is none. */
export function captureScope(scope: Scope): Scope {
  const { name, version } = scope;
  if (typeof name !== "string") throw new TypeError("a scope needs a name");
  if (Object.isFrozen(scope)) return scope;
  return Object.freeze(typeof version === "string" ? { name, version } : { name });
}
