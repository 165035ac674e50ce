// A span with all that it holds, nothing cut.
import { factsOf } from "../conventions/facts.ts";
import { isoMicros } from "../model/clock.ts";
import { hasFailed } from "../model/failure.ts";
import { encodeEvent } from "../model/record.ts";
import type { SpanFields } from "../model/span-fields.ts";
import type { Paint } from "../render/color.ts";
import { oneLine } from "../render/text.ts";
import { padToWidth } from "../render/width.ts";
import { wrapped } from "../render/wrap.ts";
import { duration } from "./format.ts";
import { timeOf } from "./tree.ts";

/** How the details are shown. */
export interface DetailOptions {
  readonly width: number;
  readonly paint: Paint;
}

const INDENT = "  ";
const KEY_WIDTH = 28;
const MAX_KEY = 10_000;

/** A span's fields and attributes, as lines. */
export function spanDetails(span: SpanFields, { width, paint }: DetailOptions): string[] {
  const name = oneLine(span.spanName, MAX_KEY);
  const title = `${paint(hasFailed(span) ? "red" : "cyan", name)} ${paint("grey", `${span.spanKind} ${timeOf(span)}`)}`;
  const rows = fieldsOf(span).filter(([, value]) => value !== undefined && value !== "");
  return [title, ...rows.flatMap(([key, value]) => rowLines(key, value, { width, paint }))];
}

function fieldsOf(span: SpanFields): (readonly [key: string, value: unknown])[] {
  const { name, version } = span.scope;
  return [
    ["trace_id", span.traceId],
    ["span_id", span.spanId],
    ["parent_span_id", span.parentSpanId],
    ["started_at", isoMicros(span.startedAtMicros)],
    ["ended_at", span.endedAtMicros === undefined ? undefined : isoMicros(span.endedAtMicros)],
    ...saidOf(span),
    ["span_status", span.spanStatus === "UNSET" ? undefined : span.spanStatus],
    ["status_message", span.statusMessage],
    ["scope", version === undefined ? name : `${name} ${version}`],
    ...Object.entries(span.resourceAttributes).map(([key, value]) => [`resource.${key}`, value] as const),
    ...Object.entries(span.attributes),
    ...span.events.map(
      (event) => [`event ${event.name}`, { at: encodeEvent(event).at, ...event.attributes }] as const,
    ),
    ...span.links.map((link) => ["link", link] as const),
  ];
}

/** What a model call says in one vocabulary or another. */
function saidOf(span: SpanFields): (readonly [key: string, value: unknown])[] {
  const { timeToFirstTokenMs, finishReason } = factsOf(span);
  return [
    ["first_token_after", timeToFirstTokenMs === undefined ? undefined : duration(timeToFirstTokenMs)],
    ["finish_reason", finishReason],
  ];
}

function rowLines(key: string, value: unknown, { width, paint }: DetailOptions): string[] {
  const shownKey = oneLine(key, MAX_KEY);
  const isBeside = shownKey.length < KEY_WIDTH;
  const left = isBeside ? INDENT.length + KEY_WIDTH : INDENT.length * 2;
  const lines = wrapped(value, { width: Math.max(20, width - left), maxLines: Number.POSITIVE_INFINITY });
  const indent = " ".repeat(left);
  const head = INDENT + paint("grey", isBeside ? padToWidth(shownKey, KEY_WIDTH) : shownKey);
  return isBeside
    ? lines.map((line, i) => (i === 0 ? head : indent) + line)
    : [head, ...lines.map((line) => indent + line)];
}
