// Which span it is, for those who are to hear no more of it.
import type { Attributes } from "../model/attributes.ts";
import type { Scope } from "../model/span-fields.ts";
import { EMPTY } from "./payload.ts";
import { frozenSpan, type Span } from "./span.ts";
import { NODE, UNATTACHED } from "./span-node.ts";

/** Which span it is and when, without anything that somebody said of it. */
export function identityOf(span: Span): Span {
  const { traceId, spanId, parentSpanId, kind, startedAtMicros, status, endedAtMicros } = span[NODE];
  const said = { name: "", scope: NO_SCOPE, resourceAttributes: NO_ATTRIBUTES };
  const node = { traceId, spanId, parentSpanId, kind, startedAtMicros, status, endedAtMicros };
  return frozenSpan({ ...node, ...said, ...UNATTACHED }, EMPTY);
}

const NO_SCOPE: Scope = Object.freeze({ name: "" });
const NO_ATTRIBUTES: Attributes = Object.freeze({});
