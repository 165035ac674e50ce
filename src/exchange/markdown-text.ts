// The one place where Markdown is made of what people, models and tools said: as code, in which nothing is a tag, a link or a mention.
import { cutTo } from "../model/cut.ts";
import { escapeText } from "../model/escape.ts";
import { count } from "../render/figures.ts";
import { boundedJson } from "../render/text.ts";
import { laidOutJson, wrapped } from "../render/wrap.ts";

/** A text within a line: in as many backticks as it takes. */
export function inlineCode(text: string, maxLength: number = MAX_INLINE): string {
  const cut = text.length > maxLength ? `${cutTo(text, maxLength)}…` : text;
  const line = escapeText(cut).trim();
  if (line === "") return "` `";
  const ticks = "`".repeat(longestRun(line, "`") + 1);
  // A space goes again where there is one at both ends.
  const space = ticks.length > 1 ? " " : "";
  return ticks + space + line + space + ticks;
}

/** A value as lines of Markdown. */
export interface Block {
  readonly lines: readonly string[];
  readonly isCut: boolean;
}

/** What is shown of a value. */
export interface BlockOptions {
  /** Characters that are shown; Infinity cuts nothing. */
  readonly maxLength: number;
  /** True for what people and models say: long lines are broken at a space. */
  readonly isProse?: boolean;
}

/** A value as a block of code that nothing in it can end. */
export function codeBlock(value: unknown, { maxLength, isProse = false }: BlockOptions): Block {
  const isText = typeof value === "string";
  const { text, note } = isText ? cutText(value, maxLength) : cutJson(value, maxLength);
  const width = isProse && isText ? PROSE_WIDTH : Number.POSITIVE_INFINITY;
  const lines = wrapped(text, { width, maxLines: Number.POSITIVE_INFINITY });
  const fence = fenceFor(lines);
  const block = [fence + (isText ? "text" : "json"), ...lines, fence];
  return { lines: note === undefined ? block : [...block, "", `*${note}*`], isCut: note !== undefined };
}

interface CutText {
  readonly text: string;
  readonly note?: string;
}

function cutText(text: string, maxLength: number): CutText {
  if (text.length <= maxLength) return { text };
  const note = `The first ${count(maxLength)} of ${count(text.length)} characters.`;
  return { text: cutTo(text, maxLength), note };
}

function cutJson(value: unknown, maxLength: number): CutText {
  if (maxLength === Number.POSITIVE_INFINITY) return { text: laidOutJson(value) };
  const bounded = boundedJson(value, maxLength + 1);
  if (bounded.length <= maxLength) return { text: laidOutJson(value) };
  return {
    text: cutTo(bounded, maxLength),
    note: `The first ${count(maxLength)} characters of a longer value.`,
  };
}

/** Longer than any that is inside; of the sign of which there are fewer. */
function fenceFor(lines: readonly string[]): string {
  const runs = FENCES.map((sign) => {
    const longest = lines.reduce((most, line) => Math.max(most, longestRun(line, sign)), 0);
    return { sign, length: Math.max(3, longest + 1) };
  });
  const [first, second] = runs;
  if (first === undefined || second === undefined) return "```";
  const { sign, length } = second.length < first.length ? second : first;
  return sign.repeat(length);
}

const FENCES = ["`", "~"] as const;

function longestRun(text: string, sign: string): number {
  let [longest, run] = [0, 0];
  for (const character of text) {
    run = character === sign ? run + 1 : 0;
    longest = Math.max(longest, run);
  }
  return longest;
}

const PROSE_WIDTH = 100;
const MAX_INLINE = 200;
