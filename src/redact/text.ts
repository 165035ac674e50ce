// A text without what the rules find in it.
import { steadyNow } from "../model/timers.ts";
import { type Replace, replacedIn } from "./replacement.ts";
import type { Found, Rule } from "./rule.ts";
import { survey } from "./survey.ts";

/** What stands in the place of a text that a rule failed at. */
export const FAILED = "[REDACTED: a rule failed]";

/** A rule took too long over a text. */
export class TooSlow extends Error {}

/** A piece that a rule found. */
interface Piece {
  readonly start: number;
  readonly end: number;
  readonly rule: Rule;
}

/** What a text is redacted by. */
export interface TextOptions {
  readonly rules: readonly Rule[];
  /** Those of the rules whose pattern is not known to take linear time. */
  readonly unproven: ReadonlySet<Rule>;
  readonly replace: Replace;
  /** How long such a rule may take over one text, in milliseconds. */
  readonly maxRuleMs: number;
  /** Told of a rule that threw or took too long. */
  readonly onFault: (rule: Rule, cause: unknown) => void;
}

/** Redacts texts. */
export class TextRedactor {
  readonly #options: TextOptions;

  constructor(options: TextOptions) {
    this.#options = options;
  }

  /** The same text where nothing is found; `FAILED` where a rule threw or took too long. */
  redact(text: string): string {
    const pieces = this.#piecesIn(text);
    if (pieces === undefined) return FAILED;
    if (pieces.length === 0) return text;
    const sorted = pieces.sort((a, b) => a.start - b.start || b.end - a.end);
    const fresh = withoutReplaced(sorted, replacedIn(text));
    return fresh.length === 0 ? text : this.#without(text, fresh);
  }

  #piecesIn(text: string): Piece[] | undefined {
    const { rules, onFault } = this.#options;
    const seen = survey(text);
    const pieces: Piece[] = [];
    for (const rule of rules) {
      if (rule.hints !== 0 && (rule.hints & seen) === 0) continue;
      try {
        this.#apply(rule, text, (start, end) => void pieces.push({ start, end, rule }));
      } catch (error) {
        onFault(rule, error);
        return undefined;
      }
    }
    return pieces;
  }

  #apply(rule: Rule, text: string, found: Found): void {
    const { unproven, maxRuleMs } = this.#options;
    if (!unproven.has(rule)) return rule.find(text, found);
    const began = steadyNow();
    rule.find(text, found);
    if (steadyNow() - began > maxRuleMs)
      throw new TooSlow(`it took longer than ${maxRuleMs} ms over one text.`);
  }

  /** Pieces that overlap become one, which the first rule of the list names: nothing of either is left. */
  #without(text: string, sorted: readonly Piece[]): string {
    let out = "";
    let at = 0;
    for (let i = 0; i < sorted.length; ) {
      const first = sorted[i];
      if (first === undefined) break;
      let { end, rule } = first;
      for (i++; i < sorted.length; i++) {
        const next = sorted[i];
        if (next === undefined || next.start >= end) break;
        if (this.#rank(next.rule) < this.#rank(rule)) rule = next.rule;
        end = Math.max(end, next.end);
      }
      out += text.slice(at, first.start) + this.#options.replace(text.slice(first.start, end), rule);
      at = end;
    }
    return out + text.slice(at);
  }

  #rank(rule: Rule): number {
    return this.#options.rules.indexOf(rule);
  }
}

/** Pieces in order, but for those that lie in what a redaction has made; that is in order as well. */
function withoutReplaced(pieces: readonly Piece[], made: ReturnType<typeof replacedIn>): readonly Piece[] {
  if (made.length === 0) return pieces;
  let at = 0;
  return pieces.filter(({ start, end }) => {
    while (at < made.length && (made[at]?.[1] ?? 0) <= start) at++;
    const [from, to] = made[at] ?? [end, end];
    return !(from <= start && end <= to);
  });
}
