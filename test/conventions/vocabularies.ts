// The recorded spans of each vocabulary, and readings as plain objects.
import { readdirSync, readFileSync } from "node:fs";
import type { Reading } from "tracelight/conventions";
import { capture } from "../../src/model/capture.ts";
import { isSpanKind, isSpanStatus, type SpanEvent, type SpanFields } from "../../src/model/span-fields.ts";
import { spanFields } from "../model/arbitraries.ts";

const FOLDER = new URL("../fixtures/vocabularies/", import.meta.url);

/** Spans that an instrumentation wrote, and who it is. */
export interface Recording {
  readonly name: string;
  readonly source: object;
  readonly spans: readonly SpanFields[];
}

/** All recordings, by the name of their file. */
export const recordings: readonly Recording[] = readdirSync(FOLDER)
  .filter((file) => file.endsWith(".json"))
  .sort()
  .map((file) => recordingIn(file.slice(0, -".json".length)));

function recordingIn(name: string): Recording {
  const { recorded_by, written_after, spans } = jsonIn(new URL(`${name}.json`, FOLDER));
  if (!Array.isArray(spans)) throw new Error(`${name} has no spans`);
  return { name, source: recorded_by ?? written_after, spans: spans.map(spanIn) };
}

/** The readings that somebody reviewed: of each recording, one for each span. */
export function expectedReadings(): Record<string, readonly object[]> {
  return jsonIn(new URL("../fixtures/readings.json", import.meta.url));
}

function jsonIn(url: URL) {
  return JSON.parse(readFileSync(url, "utf8"));
}

type Json = Record<string, unknown>;

function spanIn(span: Json): SpanFields {
  const { span_name, span_kind, span_status, status_message, span_id, parent_span_id, events } = span;
  return spanFields({
    spanName: String(span_name),
    spanKind: isSpanKind(span_kind) ? span_kind : "INTERNAL",
    spanStatus: isSpanStatus(span_status) ? span_status : "UNSET",
    statusMessage: typeof status_message === "string" ? status_message : undefined,
    spanId: String(span_id),
    parentSpanId: typeof parent_span_id === "string" ? parent_span_id : undefined,
    attributes: attributesIn(span["attributes"]),
    resourceAttributes: attributesIn(span["resource_attributes"]),
    scope: { name: String(attributesIn(span["scope"])["name"]) },
    events: Array.isArray(events) ? events.map(eventIn) : [],
  });
}

function eventIn({ name, attributes }: Json): SpanEvent {
  return { name: String(name), at: new Date(0), attributes: attributesIn(attributes) };
}

function attributesIn(attributes: unknown): Json {
  const captured = capture(attributes ?? {});
  return typeof captured === "object" && captured !== null
    ? Object.fromEntries(Object.entries(captured))
    : {};
}

/** What a reading says, as a plain object; what it does not say is left out. */
export function said(reading: Reading): Record<string, unknown> {
  const { tool } = reading;
  const all = {
    ...Object.fromEntries(FIELDS.map((field) => [field, reading[field]])),
    tool:
      tool && says({ name: tool.name, callId: tool.callId, arguments: tool.arguments, result: tool.result }),
  };
  return says(all);
}

function says(all: Json): Json {
  const isSaid = (value: unknown) =>
    value !== undefined && value !== false && !(Array.isArray(value) && value.length === 0);
  return Object.fromEntries(Object.entries(all).filter(([, value]) => isSaid(value)));
}

const FIELDS = [
  ...(["vocabulary", "kind", "title", "agent", "user", "conversation", "model", "provider"] as const),
  ...(["systemPrompt", "inputMessages", "outputMessages", "input", "output", "tools"] as const),
  ...(["finishReason", "usage", "timeToFirstTokenMs", "cycle", "error", "aborted"] as const),
] as const;
