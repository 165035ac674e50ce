// A text without what the rules find in it.
import { drained, Pace, type Steps } from "../model/steps.ts";
import { steadyNow } from "../model/timers.ts";
import { mayBeDisguised, type Plain, plainTexts } from "./disguise.ts";
import { type Replace, replacedIn } from "./replacement.ts";
import { BEFORE, type Found, type Rule } from "./rule.ts";
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
  /** How far a step goes, in characters. */
  readonly pace: Pace;
  /** Told of a rule that threw or took too long. */
  readonly onFault: (rule: Rule, cause: unknown) => void;
}

/** Where in a text a rule looks: in `part`, which begins at `base`, for what begins from `from` up to `until`. */
interface Window {
  readonly part: string;
  readonly base: number;
  readonly from: number;
  readonly until: number;
}

/** Longer texts are gone through in parts of so many characters: a rule takes a millisecond or two over one. */
export const PART = 8192;
const REACH = 1024;
/** Names are no longer: to look one up takes a tenth of the time that the rules take. */
const NAME = 48;
const MOST_CLEAN = 4096;
/** So far behind where a piece begins it shows which rule may find it. */
const SHOWS = 512;
/** What a rule over a part counts, and a piece that is replaced: as so many characters. */
const RULE_UNITS = PART / 8;
const PIECE_UNITS = 64;
/** Of a short text all is done in one step. */
const ENDLESS = new Pace(Number.POSITIVE_INFINITY);

/** Redacts texts. */
export class TextRedactor {
  readonly #options: TextOptions;
  readonly #whole: readonly Rule[];
  readonly #near: readonly Rule[];
  /** Short texts in which nothing was found: names, roles and the like come again with each span. */
  readonly #clean = new Set<string>();

  constructor(options: TextOptions) {
    this.#options = options;
    this.#whole = options.rules.filter(isWhole);
    this.#near = options.rules.filter((rule) => !isWhole(rule));
  }

  /** The same text where nothing is found; `FAILED` where a rule threw or took too long. Of a long text, the steps to it. */
  redact(text: string): string | Steps<string> {
    if (text.length > PART) return this.#redacted(text, this.#options.pace);
    if (text.length > NAME) return this.#atOnce(text);
    if (this.#clean.has(text)) return text;
    const made = this.#atOnce(text);
    if (made === text) this.#remember(text);
    return made;
  }

  #remember(text: string): void {
    if (this.#clean.size >= MOST_CLEAN) this.#clean.clear();
    this.#clean.add(text);
  }

  #atOnce(text: string): string {
    return mayBeDisguised(text) ? drained(this.#redacted(text, ENDLESS)) : this.#asIsAtOnce(text);
  }

  /** The same for what nobody reads in another way than it is written. */
  redactAsIs(text: string): string | Steps<string> {
    return text.length > PART ? this.#redacted(text, this.#options.pace, true) : this.#asIsAtOnce(text);
  }

  #asIsAtOnce(text: string): string {
    const pieces: Piece[] = [];
    if (!this.#find(text, pieces)) return FAILED;
    return pieces.length === 0 ? text : drained(this.#without(text, pieces, ENDLESS));
  }

  /** What is found in the text, and in what a reader may make of it. */
  *#redacted(text: string, pace: Pace, isAsIs = false): Steps<string> {
    const pieces: Piece[] = [];
    if (!(yield* this.#findInSteps(text, pieces))) return FAILED;
    for (const plain of isAsIs ? [] : yield* plainTexts(text, pace)) {
      const found: Piece[] = [];
      if (!(yield* this.#findInSteps(plain.text, found))) return FAILED;
      for (const piece of found) pieces.push(inWriting(piece, plain));
    }
    return pieces.length === 0 ? text : yield* this.#without(text, pieces, pace);
  }

  *#findInSteps(text: string, pieces: Piece[]): Steps<boolean> {
    if (text.length <= PART) return this.#find(text, pieces);
    for (const rule of this.#whole) {
      const window: Window = { part: text, base: 0, from: 0, until: text.length };
      if (this.#look(rule, window, pieces) === undefined) return false;
      if (this.#options.pace.isOver(text.length / 8)) yield;
    }
    const ends = new Map<Rule, number>();
    for (let at = 0; at < text.length; at += PART)
      if (!(yield* this.#part({ text, at, ends, pieces }))) return false;
    return true;
  }

  /** False where a rule failed. */
  #find(text: string, pieces: Piece[]): boolean {
    const window: Window = { part: text, base: 0, from: 0, until: text.length };
    const seen = survey(text);
    return this.#options.rules.every(
      (rule) => !mayFind(rule, seen) || this.#look(rule, window, pieces) !== undefined,
    );
  }

  /**
   * What begins in one part of a long text, the same as would be found in all of it: each rule goes on from where it was, and sees as
   * much before and behind as it looks at. False where one failed.
   */
  *#part({ text, at, ends, pieces }: Part): Steps<boolean> {
    const base = Math.max(0, at - BEFORE);
    const end = Math.min(at + PART, text.length);
    const { pace } = this.#options;
    const seen = survey(text.slice(base, end + SHOWS));
    if (pace.isOver(PART)) yield;
    for (const rule of this.#near) {
      if (!mayFind(rule, seen)) continue;
      const part = text.slice(base, end + (rule.reach ?? REACH));
      const from = Math.max(at, ends.get(rule) ?? 0) - base;
      const next = this.#look(rule, { part, base, from, until: end - base }, pieces);
      if (next === undefined) return false;
      ends.set(rule, base + next);
      if (pace.isOver(RULE_UNITS)) yield;
    }
    return true;
  }

  /** Where the rule would go on from; undefined where it threw or took too long. */
  #look(rule: Rule, { part, base, from, until }: Window, pieces: Piece[]): number | undefined {
    const { unproven, maxRuleMs, onFault } = this.#options;
    const found: Found = (start, end) => void pieces.push({ start: base + start, end: base + end, rule });
    try {
      if (!unproven.has(rule)) return rule.find(part, found, from, until);
      const began = steadyNow();
      const next = rule.find(part, found, from, until);
      if (steadyNow() - began <= maxRuleMs) return next;
      throw new TooSlow(`it took longer than ${maxRuleMs} ms over one text.`);
    } catch (error) {
      onFault(rule, error);
      return undefined;
    }
  }

  /** Pieces that overlap become one, which the first rule of the list names: nothing of either is left. */
  *#without(text: string, found: Piece[], pace: Pace): Steps<string> {
    const pieces = yield* withoutReplaced(found.sort(inOrder), text, pace);
    let out = "";
    let at = 0;
    for (let i = 0; i < pieces.length; ) {
      const first = pieces[i];
      if (first === undefined) break;
      let { end, rule } = first;
      for (i++; i < pieces.length; i++) {
        const next = pieces[i];
        if (next === undefined || next.start >= end) break;
        if (this.#rank(next.rule) < this.#rank(rule)) rule = next.rule;
        end = Math.max(end, next.end);
      }
      out += text.slice(at, first.start) + this.#options.replace(said(text.slice(first.start, end)), rule);
      at = end;
      if (pace.isOver(PIECE_UNITS)) yield;
    }
    return out + text.slice(at);
  }

  #rank(rule: Rule): number {
    return this.#options.rules.indexOf(rule);
  }
}

/** What was to be had at once, or is at the end of the steps. */
export function* whole(made: string | Steps<string>): Steps<string> {
  return typeof made === "string" ? made : yield* made;
}

/** A part of a long text: where it begins, where each rule has been, and what was found. */
interface Part {
  readonly text: string;
  readonly at: number;
  readonly ends: Map<Rule, number>;
  readonly pieces: Piece[];
}

function isWhole({ reach }: Rule): boolean {
  return reach === Number.POSITIVE_INFINITY;
}

function mayFind({ hints }: Rule, seen: number): boolean {
  return hints === 0 || (hints & seen) !== 0;
}

/** The piece where it stands in the text that the plain one was made of. */
function inWriting({ start, end, rule }: Piece, plain: Plain): Piece {
  return { start: plain.start(start), end: plain.end(end), rule };
}

/** A piece as a reader has it: a pseudonym is the same however it was written. */
function said(piece: string): string {
  return drained(plainTexts(piece, ENDLESS)).find(({ text }) => text !== "")?.text ?? piece;
}

function inOrder(a: Piece, b: Piece): number {
  return a.start - b.start || b.end - a.end;
}

/** Pieces in order, but for those that lie in what a redaction has made; that is in order as well. */
function* withoutReplaced(pieces: readonly Piece[], text: string, pace: Pace): Steps<readonly Piece[]> {
  if (!text.includes("[")) return pieces;
  const made = replacedIn(text);
  let [from, to] = made.next().value ?? NOWHERE;
  const fresh: Piece[] = [];
  for (const piece of pieces) {
    while (to <= piece.start) {
      [from, to] = made.next().value ?? NOWHERE;
      if (pace.isOver(PIECE_UNITS)) yield;
    }
    if (!(from <= piece.start && piece.end <= to)) fresh.push(piece);
    if (pace.isOver(PIECE_UNITS)) yield;
  }
  return fresh;
}

const NOWHERE: readonly [start: number, end: number] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
