// What changed from one prompt to the next: where they part, and whether the history was made shorter.
import type { Piece } from "./content.ts";
import type { PlacedPiece, Prompt } from "./prompts.ts";

/** Where prompts part: in the order in which providers put them together. */
export type ChangePlace = "tools" | "system" | "messages";

/** What became of the first piece that differs. */
type ChangeHow = "added" | "removed" | "changed" | "shortened" | "lengthened" | "reordered";

/** The first place that differs. */
export interface Change {
  readonly place: ChangePlace;
  readonly how: ChangeHow;
  /** What stood there, and what stands there now; undefined where nothing does. */
  readonly before: PlacedPiece | undefined;
  readonly after: PlacedPiece | undefined;
  /** Of the tools: those that are new, gone or different, by name; at most 20. */
  readonly names: readonly string[];
  /** All places that differ. */
  readonly places: readonly ChangePlace[];
}

/** A history that was made shorter. */
interface Compaction {
  /** `summary`: what was left out is said in short; `cut`: it is left out. */
  readonly how: "summary" | "cut";
  /** Messages before and after. */
  readonly messagesBefore: number;
  readonly messagesAfter: number;
  /** What stands for those that were left out; undefined where nothing tells. */
  readonly summary: PlacedPiece | undefined;
}

/** A prompt beside the one before. */
export interface PromptChange {
  /** So many pieces of the messages are the same from the start. */
  readonly same: number;
  /** From this piece of the messages on all is new. */
  readonly newFrom: number;
  /** Undefined where the prompt goes on where the other ended. */
  readonly change: Change | undefined;
  readonly compaction: Compaction | undefined;
  /** True where no message is shared: another history has begun. */
  readonly isFresh: boolean;
}

/** What changed. */
export function promptChange(before: Prompt, after: Prompt): PromptChange {
  const same = samePrefix(before.messages, after.messages);
  const goesOn = same === before.messages.length;
  const lastOld = goesOn ? same - 1 : lastOf(before, after);
  const isFresh = !goesOn && lastOld < 0 && isBeginning(after);
  return {
    same,
    newFrom: Math.max(same, lastOld + 1),
    change: firstChange(before, after, same),
    compaction: goesOn || isFresh ? undefined : compactionOf(before, after, same),
    isFresh,
  };
}

function lastOf(before: Prompt, after: Prompt): number {
  const old = new Set(before.messages.map(({ piece }) => piece));
  return after.messages.findLastIndex(({ piece }) => old.has(piece));
}

function samePrefix(a: readonly PlacedPiece[], b: readonly PlacedPiece[]): number {
  const end = Math.min(a.length, b.length);
  let at = 0;
  while (at < end && a[at]?.piece === b[at]?.piece) at++;
  return at;
}

function firstChange(before: Prompt, after: Prompt, same: number): Change | undefined {
  const places: ChangePlace[] = [];
  if (!isSameList(before.tools, after.tools)) places.push("tools");
  if (before.system !== after.system) places.push("system");
  if (same < before.messages.length) places.push("messages");
  const [place] = places;
  if (place === "tools") return { ...toolChange(before.tools, after.tools), places };
  if (place === "system")
    return { ...pieceChange("system", placed(before.system), placed(after.system)), places };
  return place === undefined ? undefined : { ...messageChange(before, after, same), places };
}

type FirstChange = Omit<Change, "places">;

function placed(piece: Piece | undefined): PlacedPiece | undefined {
  return piece === undefined ? undefined : { piece, message: 0 };
}

function isSameList(a: readonly Piece[], b: readonly Piece[]): boolean {
  return a === b || (a.length === b.length && a.every((piece, i) => piece === b[i]));
}

function toolChange(before: readonly Piece[], after: readonly Piece[]): FirstChange {
  const at = before.findIndex((piece, i) => piece !== after[i]);
  const index = at < 0 ? before.length : at;
  const [old, now] = [new Set(before), new Set(after)];
  const gone = before.filter((piece) => !now.has(piece));
  const added = after.filter((piece) => !old.has(piece));
  const isReordered = gone.length === 0 && added.length === 0;
  const names = [...new Set([...gone, ...added].map(({ name = "" }) => name))].slice(0, MAX_NAMES);
  const goneNames = new Set(gone.map(({ name }) => name));
  const isChanged = added.some(({ name }) => goneNames.has(name));
  const how = isReordered ? "reordered" : isChanged ? "changed" : gone.length > 0 ? "removed" : "added";
  const beside = added.find(({ name }) => name === gone[0]?.name);
  const [one, other] = isReordered ? [before[index], after[index]] : [gone[0], isChanged ? beside : added[0]];
  return { place: "tools", how, before: placed(one), after: placed(other), names };
}

const MAX_NAMES = 20;

function messageChange(before: Prompt, after: Prompt, same: number): FirstChange {
  const [one, other] = [before.messages[same], after.messages[same]];
  const isLater = (piece: PlacedPiece | undefined, list: readonly PlacedPiece[]): boolean =>
    piece !== undefined && list.slice(same + 1).some((later) => later.piece === piece.piece);
  const [isMoved, isAhead] = [isLater(one, after.messages), isLater(other, before.messages)];
  const beside = { place: "messages", before: one, after: other, names: [] } as const;
  if (isMoved && isAhead) return { ...beside, how: "reordered" };
  if (isMoved) return { ...beside, how: "added", before: undefined };
  if (isAhead || other === undefined) return { ...beside, how: "removed", after: undefined };
  return pieceChange("messages", one, other);
}

function pieceChange(
  place: ChangePlace,
  before: PlacedPiece | undefined,
  after: PlacedPiece | undefined,
): FirstChange {
  return { place, before, after, names: [], how: howChanged(before?.piece, after?.piece) };
}

function howChanged(before: Piece | undefined, after: Piece | undefined): ChangeHow {
  if (before === undefined) return "added";
  if (after === undefined) return "removed";
  if (after.weight < before.weight * (1 - NOTED)) return "shortened";
  return after.weight > before.weight * (1 + NOTED) ? "lengthened" : "changed";
}

/** A piece is shorter or longer from this share on. */
const NOTED = 0.1;

/** A new part that says so, a marker, or fewer messages than before. What only lost its end was gone back on, such as by a second try. */
function compactionOf(before: Prompt, after: Prompt, same: number): Compaction | undefined {
  const old = new Set(before.messages.map(({ piece }) => piece));
  const added = after.messages.filter(({ piece }) => !old.has(piece));
  const marked = added.find(({ piece }) => piece.isCompaction);
  const isMarked = marked !== undefined || (after.hasBoundary && !before.hasBoundary);
  if (!isMarked && (after.length >= before.length || isGoneBack(before, after, same))) return undefined;
  const summary = marked ?? added.find(({ piece }) => SUMMARY.test(piece.glance ?? ""));
  return {
    how: isMarked || summary !== undefined ? "summary" : "cut",
    ...{ messagesBefore: before.length, messagesAfter: after.length, summary },
  };
}

/** As agents begin a summary of their own. */
const SUMMARY =
  /\bsummar(?:y|ised|ized|ises|izes)\b|continued from a previous|conversation so far|compacted/i;

function isGoneBack(before: Prompt, after: Prompt, same: number): boolean {
  const kept = after.messages[same]?.message ?? after.length;
  const isLeft = kept > 0 && after.length - kept <= 1;
  return (
    isLeft &&
    (kept > 1 || after.length === kept || before.length <= 2) &&
    !SUMMARY.test(after.messages[same]?.piece.glance ?? "")
  );
}

/** One message that is no summary: somebody asks anew. */
function isBeginning({ messages, length, hasBoundary }: Prompt): boolean {
  const [first] = messages;
  return (
    length <= 1 &&
    !hasBoundary &&
    first?.piece.isCompaction !== true &&
    !SUMMARY.test(first?.piece.glance ?? "")
  );
}
