// What becomes of a log record: an event of a span is kept as a span of no length below it, since a store may have the span already.

import { spanIdFrom } from "../model/derived-ids.ts";
import { isSpanId, isTraceId } from "../model/ids.ts";
import type { SpanFields } from "../model/span-fields.ts";
import { nearestTime } from "../model/times.ts";
import { canonicalJson } from "../model/values.ts";
import { spansOfAgentLog } from "./agent-logs.ts";
import type { DecodedRequest } from "./decoded.ts";
import type { CollectedLogs, ReceivedLog } from "./logs.ts";

/** Log records as a request for their spans: what names no span, and is no event of an agent that is known, is refused. */
export function requestOfLogs({ logs, rejected }: CollectedLogs): DecodedRequest {
  const spans: SpanFields[] = [];
  let others = 0;
  for (const log of logs) {
    const isOfSpan = isTraceId(log.traceId) && isSpanId(log.spanId);
    const found = isOfSpan ? [eventSpan(log)] : spansOfAgentLog(log);
    if (found === undefined) others++;
    else spans.push(...found);
  }
  const messages = others === 0 ? rejected.messages : [...rejected.messages, forgotten(others)];
  return { spans, rejected: { count: rejected.count + others, messages } };
}

function forgotten(count: number): string {
  const records = count === 1 ? "1 log record names" : `${count} log records name`;
  return `${records} no span, and no agent's event that is known: only such are kept.`;
}

/** Sent again, it has the same id. */
function eventSpan(log: ReceivedLog): SpanFields {
  const { traceId, spanId, body, severity, attributes } = log;
  const name = nameOf(log);
  const at = nearestTime(log.micros);
  return {
    spanName: name,
    spanKind: "INTERNAL",
    traceId,
    spanId: spanIdFrom(`log ${traceId} ${spanId} ${at} ${name} ${canonicalJson([attributes, body])}`),
    parentSpanId: spanId,
    startedAtMicros: at,
    endedAtMicros: at,
    state: "ended",
    spanStatus: "UNSET",
    statusMessage: undefined,
    attributes: Object.freeze({
      ...attributes,
      ...(body === undefined || body === name ? {} : { "log.body": body }),
      ...(severity === "" ? {} : { "log.severity": severity }),
    }),
    resourceAttributes: log.resourceAttributes,
    scope: log.scope,
    events: [],
    links: [],
  };
}

/** As events are named now, and were before. */
function nameOf({ eventName, attributes, body }: ReceivedLog): string {
  const name = eventName || attributes["event.name"];
  if (typeof name === "string" && name !== "") return name;
  return typeof body === "string" && /^[\w.-]{1,100}$/.test(body) ? body : "log";
}
