// Which recorded call a request is: the first of those that mean the same and were not answered yet.
import { textOfPiece } from "../../conventions/context/content.ts";
import { LEVELS, type Level, type Question, type Questions } from "./question.ts";
import type { RecordedCall } from "./recorded.ts";

/** The recorded calls, and which of them were answered. */
export class Matching {
  readonly questions: Questions;
  readonly calls: readonly RecordedCall[];
  readonly #left: Set<RecordedCall>;
  readonly #read = new Map<RecordedCall, (Question | undefined)[]>();

  constructor(calls: readonly RecordedCall[], questions: Questions) {
    this.calls = calls;
    this.questions = questions;
    this.#left = new Set(calls);
  }

  /** Those that nobody asked for yet. */
  get left(): ReadonlySet<RecordedCall> {
    return this.#left;
  }

  questionOf(call: RecordedCall, level: Level): Question {
    const known = this.#read.get(call) ?? [];
    this.#read.set(call, known);
    const question = known[level] ?? this.questions.read(call.span, level);
    known[level] = question;
    return question;
  }

  /** The call that is asked for; undefined where there is none. A failure may be asked for again: clients try again. */
  take(asked: RecordedCall["span"]): RecordedCall | undefined {
    for (const level of LEVELS) {
      const question = this.questions.read(asked, level);
      const same = this.calls.filter((call) => isSame(this.questionOf(call, level), question));
      const found = same.find((call) => this.#left.has(call)) ?? same.findLast(({ hasFailed }) => hasFailed);
      if (found === undefined) continue;
      this.#left.delete(found);
      return found;
    }
    return undefined;
  }

  /** How often the very same was recorded. */
  timesRecorded(asked: RecordedCall["span"]): number {
    const question = this.questions.read(asked, 1);
    return this.calls.filter((call) => isSame(this.questionOf(call, 1), question)).length;
  }

  /** The call that is most like what is asked; one that was not asked for yet goes before one that was. */
  nearest(asked: RecordedCall["span"]): RecordedCall | undefined {
    const question = this.questions.read(asked, 1);
    const words = wordsOf(question);
    let nearest: RecordedCall | undefined;
    let most = -1;
    for (const call of this.calls) {
      const other = this.questionOf(call, 1);
      if (other.isEmbedding !== question.isEmbedding) continue;
      const score = likeness(words, wordsOf(other)) + (this.#left.has(call) ? 0.001 : 0);
      if (score <= most) continue;
      [nearest, most] = [call, score];
    }
    return nearest;
  }

  /** Answers it though it is not what was asked. */
  takeNearest(asked: RecordedCall["span"]): RecordedCall | undefined {
    const nearest = this.nearest(asked);
    if (nearest !== undefined) this.#left.delete(nearest);
    return nearest;
  }
}

function isSame(recorded: Question, asked: Question): boolean {
  return (
    recorded.isEmbedding === asked.isEmbedding &&
    recorded.key === asked.key &&
    (!recorded.hasTools || recorded.toolsKey === asked.toolsKey) &&
    (recorded.model === undefined || recorded.model === asked.model) &&
    changedSettings(recorded, asked).length === 0
  );
}

/** The names of settings that differ, where they were recorded. */
export function changedSettings({ settings: recorded }: Question, { settings: asked }: Question): string[] {
  if (recorded === undefined || asked === undefined) return [];
  const names = new Set([...recorded.keys(), ...asked.keys()]);
  return [...names].filter((name) => recorded.get(name) !== asked.get(name));
}

type Words = ReadonlyMap<string, number>;

function wordsOf({ sections: { system, messages } }: Question): Words {
  const words = new Map<string, number>();
  for (const { piece } of [...system, ...messages])
    for (const word of textOfPiece(piece).split(/\W+/)) words.set(word, (words.get(word) ?? 0) + 1);
  return words;
}

/** The share of words that are in both, from 0 to 1. */
function likeness(a: Words, b: Words): number {
  let [shared, all] = [0, 0];
  for (const [word, count] of a) {
    shared += Math.min(count, b.get(word) ?? 0);
    all += count;
  }
  for (const count of b.values()) all += count;
  return all === 0 ? 1 : (2 * shared) / all;
}
