// The spans of a small agent, always the same: what the command's tests read.
import { encodeLogTrace, encodeRecord } from "../../src/model/record.ts";
import type { SpanFields } from "../../src/model/span-fields.ts";
import { spanFields } from "../model/arbitraries.ts";

const START = Date.UTC(2025, 2, 1, 10) * 1000;
const SECOND = 1_000_000;

/** Trace ids that differ in their first digit. */
export const TRACES = {
  weather: `a1${"0".repeat(30)}`,
  hotel: `b2${"0".repeat(30)}`,
  open: `c3${"0".repeat(30)}`,
  killed: `d4${"0".repeat(30)}`,
  job: `e5${"0".repeat(30)}`,
} as const;

let ids = 0;

interface Work {
  readonly trace: keyof typeof TRACES;
  readonly name: string;
  readonly parent?: SpanFields;
  /** Seconds after the first span of all. */
  readonly from: number;
  readonly to?: number;
  readonly attributes?: SpanFields["attributes"];
  readonly fields?: Partial<SpanFields>;
}

function work({ trace, name, parent, from, to, attributes = {}, fields = {} }: Work): SpanFields {
  return spanFields({
    traceId: TRACES[trace],
    spanId: (++ids).toString(16).padStart(16, "0"),
    parentSpanId: parent?.spanId,
    spanKind: parent === undefined ? "SERVER" : "CLIENT",
    spanName: name,
    startedAtMicros: START + from * SECOND,
    endedAtMicros: to === undefined ? undefined : START + to * SECOND,
    state: to === undefined ? "running" : "ended",
    attributes,
    resourceAttributes: { "service.name": "WeatherAgent" },
    ...fields,
  });
}

function turn(conversation: unknown, input: string, answer?: string): SpanFields["attributes"] {
  return {
    "ai.trace.type": "converse",
    "ai.conversation.id": conversation,
    "ai.auth.context": { principal_id: "alice" },
    "ai.user.input": input,
    ...(answer === undefined ? {} : { "ai.agent.response": answer }),
  };
}

function call(
  conversation: unknown,
  text: string,
  tokens: readonly [number, number],
): SpanFields["attributes"] {
  return {
    "ai.trace.type": "llm-invocation",
    "ai.conversation.id": conversation,
    "ai.llm.request.model.id": "claude-sonnet",
    "ai.llm.request.messages": [{ role: "user", content: [{ text: "What is the weather in Amsterdam?" }] }],
    "ai.llm.response.output": {
      message: { role: "assistant", content: [{ text }, { toolUse: { name: "x" } }] },
    },
    "ai.llm.response.usage": { inputTokens: tokens[0], outputTokens: tokens[1] },
  };
}

const weather = work({
  ...{ trace: "weather", name: "converse", from: 0, to: 4 },
  attributes: turn("weather-1", "What is the weather in Amsterdam?", "It is 20 degrees and sunny."),
});
const hotel = work({
  ...{ trace: "hotel", name: "converse", from: 60, to: 62 },
  attributes: turn("weather-1", "Then book a hotel.", "There is no room."),
});

/** In no particular order of time, as logs have them: what ends first comes first. */
export const SPANS: readonly SpanFields[] = [
  work({
    ...{ trace: "weather", name: "llm-invocation", parent: weather, from: 0.5, to: 2 },
    attributes: call("weather-1", "Let me look.", [300, 40]),
  }),
  work({
    ...{ trace: "weather", name: "weather_tool", parent: weather, from: 2, to: 2.25 },
    attributes: {
      "ai.trace.type": "tool-invocation",
      "ai.conversation.id": "weather-1",
      "ai.tool.name": "get_weather",
      "ai.tool.input": { city: "Amsterdam" },
      "ai.tool.output": { temperature: 20 },
    },
  }),
  weather,
  work({
    ...{ trace: "hotel", name: "book_hotel", parent: hotel, from: 60.5, to: 61 },
    attributes: {
      "ai.trace.type": "tool-invocation",
      "ai.conversation.id": "weather-1",
      "ai.tool.name": "book_hotel",
      "ai.tool.error": "No rooms are left",
    },
  }),
  hotel,
  work({ trace: "open", name: "converse", from: 3600, attributes: turn(42, "Are you there?") }),
  work({
    ...{ trace: "killed", name: "converse", from: 7200, attributes: turn("killed-1", "Hello?") },
    fields: { state: "interrupted" },
  }),
  work({ trace: "job", name: "nightly job", from: 10_800, to: 10_801.5 }),
];

/** Spans as a file of records. */
export function recordLines(spans: readonly SpanFields[]): string {
  return spans.map((span) => `${JSON.stringify(encodeRecord(span))}\n`).join("");
}

/** Spans as the lines of a log. */
export function logLines(spans: readonly SpanFields[]): string {
  return spans.map((span) => `${JSON.stringify({ level: "INFO", trace: encodeLogTrace(span) })}\n`).join("");
}
