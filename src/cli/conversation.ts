// A conversation turn by turn: what the user said, which tools were called with what, what was answered.

import type { PriceTable } from "../conventions/cost.ts";
import { factsOf, toolName } from "../conventions/facts.ts";
import { eachOnce, type KnownSpan, type Once } from "../conventions/once.ts";
import { summarize } from "../conventions/summary.ts";
import { answeredIn, askedIn, isSaid, spokenBy, type Turn, turnsIn } from "../conventions/turns.ts";
import { defined } from "../model/defined.ts";
import { failureOf } from "../model/failure.ts";
import type { SpanFields } from "../model/span-fields.ts";
import type { Color, Paint } from "../render/color.ts";
import { oneLine } from "../render/text.ts";
import { cutToWidth, displayWidth, padToWidth } from "../render/width.ts";
import { wrapped } from "../render/wrap.ts";
import { cost, duration, timestamp, tokens } from "./format.ts";
import { timeOf } from "./tree.ts";

/** How a conversation is shown. */
export interface ConversationOptions {
  readonly width: number;
  readonly paint: Paint;
  /** Lines of a text; Infinity cuts nothing. */
  readonly maxLines: number;
  readonly prices?: PriceTable | undefined;
}

/** One turn: its spans and what was said in it. */
export interface ShownTurn {
  readonly turn: Turn;
  readonly spans: readonly SpanFields[];
  readonly entries: readonly Entry[];
}

/** Something that was said or done. */
interface Entry {
  readonly who: "user" | "assistant" | "tool" | "agent" | "error";
  /** Before the text: the name of a tool or of another agent, and its time. */
  readonly title?: readonly [name: string, time: string];
  readonly text: unknown;
  /** What came of it. */
  readonly result?: unknown;
  readonly error?: string;
  readonly isAborted?: true;
}

const LABEL_WIDTH = 11;
const MAX_TOOL_LINES = 4;
const MAX_TITLE = 80;

/** The turns in order. */
export function turnsOf(spans: readonly SpanFields[]): ShownTurn[] {
  return turnsIn(spans).map((turn) => ({
    turn,
    spans: turn.spans.map(({ span }) => span),
    entries: entriesOf(turn),
  }));
}

function entriesOf(turn: Turn): Entry[] {
  const read = turn.spans.map((one) => ({ ...one, facts: factsOf(one.span) }));
  const head = read.find(({ span }) => span === turn.head?.span);
  const once = eachOnce(read);
  const asked = askedIn(turn);
  const answered = answeredIn(turn);
  const between = read.flatMap((one) => (one === head ? [] : entryOf(one, once, answered)));
  return [
    ...(isSaid(asked) ? [{ who: "user", text: asked } as const] : []),
    ...between,
    ...(isSaid(answered) ? [{ who: "assistant", text: answered } as const] : []),
    ...(head === undefined ? [] : errorEntry(head)),
  ];
}

function entryOf(one: KnownSpan, once: Once, answered: unknown): Entry[] {
  const { span, reading } = one;
  if (reading.kind === "tool-call") {
    const call = once.tools.get(one);
    return call === undefined ? [] : [callEntry("tool", toolName(reading, span), one, call)];
  }
  if (reading.kind === "turn") return [callEntry("agent", reading.agent ?? span.spanName, one)];
  if (reading.kind !== "model-call") return errorEntry(one);
  const said = once.spoken.has(one) ? spokenBy(reading) : undefined;
  const isNew = isSaid(said) && !isSame(said, answered);
  return [
    ...(isNew ? [{ who: "assistant", text: said } as const] : []),
    ...(once.failed.has(one) ? errorEntry(one) : []),
  ];
}

/** A call of a tool, or of an agent that works for this one: what its span does not say, others of the same call may. */
function callEntry(
  who: "tool" | "agent",
  name: string,
  one: KnownSpan,
  call: readonly KnownSpan[] = [one],
): Entry {
  const error = failureOf(one.span);
  const firstSaid = (field: "input" | "output") => call.map(({ reading }) => reading[field]).find(isSaid);
  return {
    who,
    title: [oneLine(name, MAX_TITLE), timeOf(one.span)],
    text: firstSaid("input"),
    result: firstSaid("output"),
    ...defined({ error, isAborted: one.reading.aborted ? true : undefined }),
  };
}

function errorEntry(read: KnownSpan): Entry[] {
  const error = failureOf(read.span);
  return error === undefined ? [] : [{ who: "error", text: `${read.span.spanName}: ${error}` }];
}

function isSame(a: unknown, b: unknown): boolean {
  return typeof a === "string" && typeof b === "string" ? a.trim() === b.trim() : a === b;
}

/** The line above a turn. */
export function turnHeading(
  turn: ShownTurn,
  number: number,
  { width, paint, prices }: ConversationOptions,
): string {
  const summary = summarize(turn.spans, "trace", prices);
  if (summary === undefined) return "";
  const { startedAt, durationMs, inputTokens, outputTokens, state } = summary;
  const { head } = turn.turn;
  const time = head === undefined ? duration(durationMs) : timeOf(head.span);
  const facts = [
    `${number}`,
    timestamp(startedAt),
    state === "ended" ? time : state,
    summary.aborted === 0 ? "" : "aborted",
    tokens(inputTokens, outputTokens),
    cost(summary),
    `trace ${String(summary.id).slice(0, 8)}`,
  ];
  const text = `── ${facts.filter((fact) => fact !== "").join(" · ")} `;
  return paint("grey", cutToWidth(text + "─".repeat(Math.max(0, width - displayWidth(text))), width));
}

/** What was said and done in a turn, as lines. */
export function turnLines({ entries }: ShownTurn, options: ConversationOptions): string[] {
  return entries.flatMap((entry) => entryLines(entry, options));
}

function entryLines(entry: Entry, { width, paint, maxLines }: ConversationOptions): string[] {
  const room = { width: Math.max(20, width - LABEL_WIDTH), maxLines };
  const label = paint(LABEL_COLORS[entry.who], padToWidth(entry.who, LABEL_WIDTH));
  const indent = " ".repeat(LABEL_WIDTH);
  if (entry.title === undefined) {
    const color = entry.who === "error" ? "red" : undefined;
    const lines = wrapped(entry.text, room).map((line) => (color === undefined ? line : paint(color, line)));
    return lines.map((line, i) => ((i === 0 ? label : indent) + line).trimEnd());
  }
  const short = {
    width: room.width - 2,
    maxLines: maxLines === Number.POSITIVE_INFINITY ? maxLines : MAX_TOOL_LINES,
  };
  const detail = (mark: string, value: unknown, color: Color): string[] =>
    isSaid(value)
      ? wrapped(value, short).map((line, i) => indent + paint(color, (i === 0 ? mark : "  ") + line))
      : [];
  return [
    label + titleOf(entry.title, room.width),
    ...detail("← ", entry.text, "grey"),
    ...detail("→ ", entry.result, "grey"),
    ...detail("✗ ", entry.error, "red"),
    ...detail("⊘ ", entry.isAborted ? "aborted" : undefined, "yellow"),
  ];
}

function titleOf([name, time]: readonly [string, string], width: number): string {
  return `${cutToWidth(name, width - time.length - 2)}  ${time}`;
}

const LABEL_COLORS: Readonly<Record<Entry["who"], Color>> = {
  user: "green",
  assistant: "blue",
  tool: "cyan",
  agent: "magenta",
  error: "red",
};
