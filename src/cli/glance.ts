// A span at a glance: what it was, and behind that what became of it, on one line.

import { factsOf } from "../conventions/facts.ts";
import { type Reading, readSpan } from "../conventions/reading.ts";
import { failureOf } from "../model/failure.ts";
import type { SpanFields } from "../model/span-fields.ts";
import type { Color } from "../render/color.ts";
import { cutToWidth, displayWidth } from "../render/width.ts";
import { brief, tokens, words } from "./format.ts";

/** What became of a span that did not end well. */
export interface Mishap {
  readonly mark: string;
  readonly color: Color;
  readonly says: string;
}

/** Columns that a text may take before it is fitted into a line. */
const MAX_TEXT = 400;
const BETWEEN = "  ";

/** Undefined for a span that ended well, or that runs. */
export function mishapOf(span: SpanFields, reading: Reading = readSpan(span)): Mishap | undefined {
  const error = failureOf(span);
  if (error !== undefined) return { mark: "✗", color: "red", says: words(error, MAX_TEXT) };
  return reading.aborted ? { mark: "⊘", color: "yellow", says: "aborted" } : undefined;
}

/** The model and its tokens; or the tool, where the span's name is another, and what went in. */
export function workOf(span: SpanFields, reading: Reading, arrow: string = ""): string {
  const { tool, model = "" } = factsOf(span);
  if (reading.kind === "model-call") return joined([words(model, MAX_TEXT), usedBy(span)]);
  const isNamed = tool === undefined || tool === span.spanName;
  return joined([isNamed ? "" : words(tool, MAX_TEXT), valueText(reading.input, arrow)]);
}

/** The span's name, and that of the tool where it is another. */
export function nameOf(span: SpanFields): string {
  const { tool = span.spanName } = factsOf(span);
  return tool === span.spanName ? tool : `${span.spanName} ${tool}`;
}

function usedBy(span: SpanFields): string {
  const { inputTokens = 0, outputTokens = 0 } = factsOf(span);
  return tokens(inputTokens, outputTokens);
}

/** A value behind an arrow; empty where there is none. */
export function valueText(value: unknown, arrow: string): string {
  return value === undefined || value === null ? "" : arrow + brief(value, MAX_TEXT);
}

function joined(parts: readonly string[]): string {
  return parts.filter((part) => part !== "").join(" ");
}

/** What it was, then what became of it; where there is no room for both, each has at least half. */
export function glance(work: string, mishap: Mishap | undefined, width: number): string {
  if (mishap === undefined) return cutToWidth(work, width);
  const outcome = `${mishap.mark} ${mishap.says}`;
  if (work === "") return cutToWidth(outcome, width);
  const room = width - BETWEEN.length;
  if (room < 2) return cutToWidth(outcome, width);
  const left = Math.max(Math.floor(room / 2), room - displayWidth(outcome));
  const shown = cutToWidth(work, left);
  return `${shown}${BETWEEN}${cutToWidth(outcome, room - displayWidth(shown))}`;
}
