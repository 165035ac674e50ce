// The attributes of a span for those who write them: without a frozen copy; and one by one where they are very many, since one
// object of those takes V8 long to make.
import { type Attributes, mergedAttributes } from "../model/attributes.ts";
import { reveal } from "../model/history.ts";
import { MANY_KEYS } from "../model/many-keys.ts";
import type { SpanFields } from "../model/span-fields.ts";
import { INHERITED, OWN } from "./readable-span.ts";
import type { Span } from "./span.ts";

/** True for a span of which `attributes` takes long to make: 40 ms for 150,000. */
export function hasManyAttributes(span: Span): boolean {
  return hasLists(span) && span[OWN]().length > 2 * MANY_KEYS;
}

/** The attributes of a span, to be read and let go of: they are not frozen. */
export function attributesOf(span: SpanFields): Attributes {
  return hasLists(span) ? mergedAttributes(span[OWN](), span[INHERITED]()) : span.attributes;
}

/** Not so for fields, and for a span of another copy of the package, of another version. */
function hasLists(span: SpanFields): span is Span {
  return OWN in span && INHERITED in span;
}

/** The attributes of a span one by one: those of spans above before its own, the nearest value of each. */
export function* attributesIn(span: Span): Generator<readonly [string, unknown]> {
  const own = span[OWN]();
  for (const [key, value] of fromAbove(span)) yield [key, reveal(value)];
  for (let i = 0; i < own.length; i += 2) yield [String(own[i]), reveal(own[i + 1])];
}

function fromAbove(span: Span): ReadonlyMap<string, unknown> {
  const above = new Map<string, unknown>();
  for (let entry = span[INHERITED](); entry !== undefined; entry = entry.next) {
    if (!above.has(entry.key)) above.set(entry.key, entry.value);
  }
  const own = span[OWN]();
  for (let i = 0; i < own.length && above.size > 0; i += 2) above.delete(String(own[i]));
  return above;
}
