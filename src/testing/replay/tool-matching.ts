// Which recorded call of a tool another one is: the first with that name and input that was not answered yet.
import { wordDiff } from "../../conventions/compare/words.ts";
import { toolName } from "../../conventions/facts.ts";
import { readSpan } from "../../conventions/reading.ts";
import type { SpanFields } from "../../model/span-fields.ts";
import { oneLine } from "../../render/text.ts";
import { inWords } from "../golden/word-marks.ts";
import { toolMiss } from "./miss.ts";
import { LEVELS, type Questions, toolSpan } from "./question.ts";

/** The recorded calls of tools, and which of them were answered. */
export class ToolMatching {
  readonly #questions: Questions;
  readonly #spans: readonly SpanFields[];
  readonly #left: Set<SpanFields>;

  constructor(spans: readonly SpanFields[], questions: Questions) {
    this.#questions = questions;
    this.#spans = spans;
    this.#left = new Set(spans);
  }

  get names(): readonly string[] {
    return [...new Set(this.#spans.map(nameIn))];
  }

  /** Undefined where there is none. */
  take(name: string, input: unknown): SpanFields | undefined {
    const asked = toolSpan(name, input);
    for (const level of LEVELS) {
      const wanted = this.#questions.toolInput(asked, level);
      const found = this.#of(name).find(
        (span) => this.#left.has(span) && this.#questions.toolInput(span, level) === wanted,
      );
      if (found === undefined) continue;
      this.#left.delete(found);
      return found;
    }
    return undefined;
  }

  /** The first of that name that was not answered, else the last. */
  takeNearest(name: string): SpanFields | undefined {
    const nearest = this.#of(name).find((span) => this.#left.has(span)) ?? this.#of(name).at(-1);
    if (nearest !== undefined) this.#left.delete(nearest);
    return nearest;
  }

  miss(name: string, input: unknown): ReturnType<typeof toolMiss> {
    const all = this.#of(name);
    if (all.length === 0) return toolMiss(name, [`Recorded tools: ${this.names.join(", ") || "none"}.`]);
    const wanted = this.#questions.toolInput(toolSpan(name, input), 1);
    const shown = all.map((span) => ({ span, text: this.#questions.toolInput(span, 1) }));
    const same = shown.filter(({ text }) => text === wanted);
    if (same.length > 0)
      return toolMiss(name, [`It was recorded ${same.length} times with it, and is called once more.`]);
    const [nearest] = shown.toSorted((a, b) => differing(a.text, wanted) - differing(b.text, wanted));
    return toolMiss(name, [
      `The nearest has ${oneLine(inWords(wordDiff(nearest?.text ?? "", wanted)), MAX_TEXT)}`,
      "What stands in [-…-] was recorded, what stands in {+…+} was given.",
      `Recorded calls of ${oneLine(name, MAX_NAME)}:`,
      ...shown.slice(0, MAX_CALLS).map(({ span, text }) => {
        return `  ${oneLine(text, MAX_NAME)}${this.#left.has(span) ? "" : " (answered)"}`;
      }),
      ...(shown.length > MAX_CALLS ? [`  … ${shown.length - MAX_CALLS} more`] : []),
    ]);
  }

  #of(name: string): readonly SpanFields[] {
    return this.#spans.filter((span) => nameIn(span) === name);
  }
}

function nameIn(span: SpanFields): string {
  return toolName(readSpan(span), span);
}

function differing(a: string, b: string): number {
  return wordDiff(a, b).reduce((sum, { in: side, text }) => sum + (side === "both" ? 0 : text.length), 0);
}

const MAX_NAME = 100;
const MAX_TEXT = 400;
const MAX_CALLS = 12;
