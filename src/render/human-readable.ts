// A span as a block of text for people, in the layout of the Python toolkit.
import type { Usage } from "../conventions/messages.ts";
import { NAMES } from "../conventions/names.ts";
import { type Reading, readSpan } from "../conventions/reading.ts";
import { isoMicros, nowMicros } from "../model/clock.ts";
import { CONVERSATION_ID } from "../model/conversation.ts";
import { plainFields, type SpanFields, type SpanKind } from "../model/span-fields.ts";
import { allIn, type Color, inColor, type Paint, plain } from "./color.ts";
import { count, duration } from "./figures.ts";
import { DEFAULT_LENGTH, LABEL_WIDTH, oneLine, textLines } from "./text.ts";

/** How a span is shown. */
export interface HumanReadableOptions {
  /** With ANSI colours. Default false. */
  readonly color?: boolean | undefined;
  /** Characters a line of a value. Default 160. */
  readonly maxLength?: number | undefined;
  /** Lines a value. Default 10. */
  readonly maxLines?: number | undefined;
}

const DEFAULT_LINES = 10;
const ATTRIBUTE_LENGTH = 80;
const NAME_LENGTH = 200;

/** A block of lines without a last line break. What models and tools wrote is escaped and cut. */
export function humanReadable(given: SpanFields, options: HumanReadableOptions = {}): string {
  // A span makes its attributes anew each time it is asked for them.
  const span = plainFields(given);
  const paint = painterFor(span, options.color ?? false);
  const reading = readSpan(span);
  const attributes = attributeLine(span, reading);
  return [
    headerLine(span, reading, paint),
    ...(attributes === "" ? [] : [`  ${paint("yellow", attributes)}`]),
    ...bodyLines(reading, options, paint),
  ].join("\n");
}

function painterFor(span: SpanFields, color: boolean): Paint {
  if (!color) return plain;
  return span.state === "running" ? allIn("grey") : inColor;
}

function headerLine(span: SpanFields, reading: Reading, paint: Paint): string {
  const ids = `[${span.traceId}/${span.parentSpanId ?? "root"}/${span.spanId}]`;
  const agent = oneLine(reading.agent ?? "<missing service.name>", NAME_LENGTH);
  const name = oneLine(span.spanName, NAME_LENGTH);
  const kind = paint(kindColor(span, reading), span.spanKind);
  return `${paint("blue", ids)} ${paint("cyan", agent)} ${kind} ${paintRest(span, paint, `${name} - ${times(span)}`)}`;
}

/** The rest of the header has no colour of its own; only a running span's is grey. */
function paintRest(span: SpanFields, paint: Paint, text: string): string {
  return span.state === "running" ? paint("grey", text) : text;
}

function times(span: SpanFields): string {
  const start = shortTime(span.startedAtMicros);
  if (span.state === "interrupted") return `${start} - [INTERRUPTED]`;
  if (span.endedAtMicros === undefined) return `${start} - [SNAPSHOT - ${shortTime(nowMicros())}]`;
  return `${start} - ${shortTime(span.endedAtMicros)} [${duration((span.endedAtMicros - span.startedAtMicros) / 1000)}]`;
}

function shortTime(micros: number): string {
  return `${isoMicros(micros).slice(0, 23)}Z`;
}

function kindColor(span: SpanFields, reading: Reading): Color {
  if (reading.error !== undefined) return "red";
  return KIND_COLORS[span.spanKind];
}

const KIND_COLORS: Readonly<Record<SpanKind, Color>> = {
  INTERNAL: "blue",
  SERVER: "green",
  CLIENT: "magenta",
  PRODUCER: "blue",
  CONSUMER: "blue",
};

function attributeLine({ attributes }: SpanFields, { conversation, user }: Reading): string {
  const shown: readonly (readonly [key: string, value: unknown])[] = [
    [NAMES.traceType, attributes[NAMES.traceType]],
    [NAMES.peerService, attributes[NAMES.peerService]],
    [CONVERSATION_ID, conversation],
    [NAMES.subcontextId, attributes[NAMES.subcontextId]],
    [NAMES.authContext, user],
  ];
  return shown
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([key, value]) => `${key}=${oneLine(value, ATTRIBUTE_LENGTH)}`)
    .join(" ");
}

function bodyLines(reading: Reading, options: HumanReadableOptions, paint: Paint): string[] {
  const cut = { maxLength: options.maxLength ?? DEFAULT_LENGTH, maxLines: options.maxLines ?? DEFAULT_LINES };
  return bodyOf(reading)
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([label, value, color]) => {
      const prefix = `${label}: `.padStart(LABEL_WIDTH);
      const indent = " ".repeat(LABEL_WIDTH);
      return paint(color, prefix + textLines(value, cut).join(`\n${indent}`));
    });
}

type BodyRow = readonly [label: string, value: unknown, color: Color];

function bodyOf(reading: Reading): BodyRow[] {
  const rows: BodyRow[] = [];
  const { input, output } = LABELS[reading.kind];
  if (reading.kind === "cycle") rows.push(["Cycle", reading.cycle, "grey"]);
  rows.push(["Tool", reading.tool?.name, "grey"]);
  if (reading.kind === "model-call") rows.push(["Model", reading.model, "grey"]);
  rows.push([input, reading.input, "grey"], [output, reading.output, "grey"]);
  rows.push(["Stop reason", reading.finishReason, "grey"]);
  if (reading.kind === "model-call") rows.push(["Usage", usageText(reading.usage), "grey"]);
  if (reading.timeToFirstTokenMs !== undefined)
    rows.push(["First token", duration(reading.timeToFirstTokenMs), "grey"]);
  if (reading.aborted) rows.push(["Aborted", "yes", "grey"]);
  rows.push(["Error", reading.error, "red"]);
  if (reading.error !== undefined) rows.push(["Details", reading.errorDetails, "red"]);
  return rows;
}

/** `1,300 in (1,000 read from a cache), 40 out (12 for reasoning)`. */
function usageText({ input, output, cachedRead, cachedWrite, reasoning }: Usage = {}): string | undefined {
  const used = [
    part(input, "in", [part(cachedRead, "read from a cache"), part(cachedWrite, "written to one")]),
    part(output, "out", [part(reasoning, "for reasoning")]),
  ].filter((text) => text !== "");
  return used.length === 0 ? undefined : used.join(", ");
}

/** Empty for what is not said, and for what of a whole is none. */
function part(tokens: number | undefined, what: string, parts?: readonly string[]): string {
  if (tokens === undefined || (tokens === 0 && parts === undefined)) return "";
  const within = (parts ?? []).filter((text) => text !== "").join(", ");
  return `${count(tokens)} ${what}${within === "" ? "" : ` (${within})`}`;
}

const LABELS: Readonly<Record<Reading["kind"], { readonly input: string; readonly output: string }>> = {
  turn: { input: "Input", output: "Response" },
  cycle: { input: "Input", output: "Response" },
  "model-call": { input: "Last message", output: "Response" },
  "tool-call": { input: "Input", output: "Output" },
  agent: { input: "Input", output: "Response" },
  plan: { input: "Input", output: "Output" },
  memory: { input: "Input", output: "Output" },
  retrieval: { input: "Query", output: "Documents" },
  embedding: { input: "Input", output: "Output" },
  chain: { input: "Input", output: "Output" },
  history: { input: "Input", output: "Messages" },
  other: { input: "Input", output: "Output" },
};
