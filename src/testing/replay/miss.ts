// What is said where no recorded call is what was asked: the nearest one, the first message that differs by words, and what there is.
import { type CallRow, changedWords, compareSections } from "../../conventions/compare/calls.ts";
import { textOfPiece } from "../../conventions/context/content.ts";
import type { PlacedPiece } from "../../conventions/context/prompts.ts";
import { TracelightError } from "../../model/errors.ts";
import type { SpanFields } from "../../model/span-fields.ts";
import { oneLine } from "../../render/text.ts";
import { inWords } from "../golden/word-marks.ts";
import { changedSettings, type Matching } from "./matching.ts";
import { nameOf, type Question } from "./question.ts";
import type { RecordedCall } from "./recorded.ts";

/** The error for a request that no recorded call answers. At most 40 lines, the cause in the first three. */
export function missOf(asked: SpanFields, matching: Matching): TracelightError {
  const nearest = matching.nearest(asked);
  if (nearest === undefined)
    return miss(`Nothing like ${nameOf(asked)} was recorded, and it was asked for.`, bodyOf(matching));
  const named = `model call ${nearest.nr} of ${matching.calls.length}, ${nearest.name}`;
  const differences = differencesOf(matching.questionOf(nearest, 1), matching.questions.read(asked, 1));
  const [first, ...others] = differences;
  if (first === undefined)
    return miss(`${capital(named)}, was asked for more often than it was recorded.`, [
      `It was recorded ${times(matching.timesRecorded(asked))}, and all its answers were given.`,
      ...bodyOf(matching, nearest),
    ]);
  return miss(`No recorded call is what ${nameOf(asked)} was asked. The nearest is ${named}.`, [
    `${capital(first)}`,
    "What stands in [-…-] was recorded, what stands in {+…+} was asked.",
    ...others.slice(0, MAX_DIFFERENCES).map((line) => `Also: ${line}`),
    ...(others.length > MAX_DIFFERENCES ? [`… ${others.length - MAX_DIFFERENCES} differences more`] : []),
    ...bodyOf(matching, nearest),
  ]);
}

/** The error for a request that is no call of a model. */
export function unknownRequest(method: string, url: string): TracelightError {
  return miss(
    `${method} ${oneLine(url.replace(/[?#].*$/s, ""), MAX_TEXT)} is no call of a model, and nothing else is replayed.`,
    [],
  );
}

/** The error for a call of a tool that was not recorded. */
export function toolMiss(name: string, lines: readonly string[]): TracelightError {
  return miss(`No recorded call of the tool ${oneLine(name, MAX_NAME)} has this input.`, lines);
}

function miss(message: string, lines: readonly string[]): TracelightError {
  return new TracelightError("REPLAY_MISS", message, { lines: [...lines, MEND] });
}

const MEND =
  'Record it with { mode: "record" }, take the nearest with { mode: "lenient" }, or name what is noise in { ignore, normalize }.';

/** The words first, then tools, model and settings. */
function differencesOf(recorded: Question, asked: Question): string[] {
  const rows = compareSections(recorded.sections, asked.sections).filter(({ state }) => state !== "same");
  const isTool = ({ section }: CallRow): boolean => section === "tools";
  const tools = recorded.hasTools ? rows.filter(isTool) : [];
  const model =
    recorded.model === undefined || recorded.model === asked.model
      ? []
      : [`the model differs: ${changed(recorded.model, asked.model ?? "none")}`];
  const settings = changedSettings(recorded, asked).map(
    (name) =>
      `the setting ${name} differs: ${changed(recorded.settings?.get(name) ?? "none", asked.settings?.get(name) ?? "none")}`,
  );
  return [...rows.filter((row) => !isTool(row)), ...tools].map(lineOf).concat(model, settings);
}

function changed(a: string, b: string): string {
  return `[-${oneLine(a, MAX_TEXT)}-]{+${oneLine(b, MAX_TEXT)}+}`;
}

function lineOf(row: CallRow): string {
  switch (row.state) {
    case "changed":
      return `${placeOf(row.section, row.a)} differs: ${oneLine(inWords(changedWords(row)), MAX_DIFFERENCE)}`;
    case "only-a":
      return `${placeOf(row.section, row.piece)} was recorded, and was not asked: [-${shown(row.piece)}-]`;
    case "only-b":
      return `${placeOf(row.section, row.piece)} is asked, and was not recorded: {+${shown(row.piece)}+}`;
    case "same":
      return "";
  }
}

function shown({ piece }: PlacedPiece): string {
  return oneLine(textOfPiece(piece), MAX_TEXT);
}

function placeOf(section: CallRow["section"], { piece, message }: PlacedPiece): string {
  if (section === "system") return "the system prompt";
  if (section === "tools") return `the tool ${oneLine(piece.name, MAX_NAME)}`;
  return `message ${message + 1} (${piece.role})`;
}

/** What there is, around the nearest. */
function bodyOf({ calls, left }: Matching, nearest?: RecordedCall): string[] {
  if (calls.length === 0) return ["The recording has no model calls."];
  const from = Math.max(0, Math.min((nearest?.nr ?? 1) - 1 - MAX_CALLS / 2, calls.length - MAX_CALLS));
  const some = calls.slice(from, from + MAX_CALLS);
  const more = calls.length - some.length;
  return [
    "Recorded model calls:",
    ...some.map((call) => {
      const mark = call === nearest ? ">" : " ";
      return `${mark} ${call.nr} ${oneLine(call.name, MAX_NAME)}${left.has(call) ? "" : " (answered)"}`;
    }),
    ...(more > 0 ? [`  … ${more} more`] : []),
  ];
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function times(count: number): string {
  return count === 1 ? "once" : `${count} times`;
}

const MAX_DIFFERENCES = 8;
const MAX_CALLS = 12;
const MAX_NAME = 80;
const MAX_TEXT = 160;
const MAX_DIFFERENCE = 600;
