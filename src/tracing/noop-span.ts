// The span that records nothing.
import { OWN_SCOPE } from "../model/span-fields.ts";
import { EMPTY } from "./payload.ts";
import { frozenSpan, type Span } from "./span.ts";
import { UNATTACHED } from "./span-node.ts";

/** The one span of all tracers that record nothing: it takes everything and keeps nothing. Its ids are passed on to nobody. */
export const NOOP_SPAN: Span = frozenSpan(
  {
    traceId: "f".repeat(32),
    spanId: "f".repeat(16),
    parentSpanId: undefined,
    kind: "INTERNAL",
    scope: { name: OWN_SCOPE },
    resourceAttributes: Object.freeze({}),
    startedAtMicros: 0,
    name: "noop",
    status: "UNSET",
    endedAtMicros: 0,
    ...UNATTACHED,
  },
  EMPTY,
);
