// Two model calls side by side: prompt and answer piece by piece, runs of what is the same folded.
import type { SpanFields } from "../../model/span-fields.ts";
import { type Piece, textOfPiece } from "../context/content.ts";
import { type PlacedPiece, PromptReader } from "../context/prompts.ts";
import { costOfCall, type PriceTable } from "../cost.ts";
import { factsOf } from "../facts.ts";
import type { Usage } from "../messages.ts";
import { readSpan } from "../reading.ts";
import { align } from "./alignment.ts";
import { type WordPiece, wordDiff } from "./words.ts";

/** Parts of a call, in the order in which they are shown. */
type CallSection = "tools" | "system" | "messages" | "answer";

/** What is compared of a call beside its words. */
export interface CallMeasures {
  readonly traceId: string;
  readonly spanId: string;
  readonly model: string | undefined;
  readonly agent: string | undefined;
  readonly startedAtMicros: number;
  /** Undefined while it runs. */
  readonly durationMs: number | undefined;
  readonly firstTokenMs: number | undefined;
  readonly usage: Usage | undefined;
  readonly costUsd: number | undefined;
}

/** A run of pieces that are the same, or one that is not. */
export type CallRow =
  | {
      readonly state: "same";
      readonly section: CallSection;
      /** Those of the first. */
      readonly pieces: readonly PlacedPiece[];
      readonly tokens: number;
    }
  | ChangedRow
  | { readonly state: "only-a" | "only-b"; readonly section: CallSection; readonly piece: PlacedPiece };

/** A piece that changed. */
export interface ChangedRow {
  readonly state: "changed";
  readonly section: CallSection;
  readonly a: PlacedPiece;
  readonly b: PlacedPiece;
}

/** Two calls. */
export interface ComparedCalls {
  readonly a: CallMeasures;
  readonly b: CallMeasures;
  readonly rows: readonly CallRow[];
}

/** Compares two spans of model calls. */
export function compareCalls(a: SpanFields, b: SpanFields, prices?: PriceTable): ComparedCalls {
  const reader = new PromptReader();
  const rows = compareSections(sectionsOf(a, reader), sectionsOf(b, reader));
  return { a: measuresOf(a, prices), b: measuresOf(b, prices), rows };
}

/** Compares what two calls are made of; the same pieces are the same objects. */
export function compareSections(a: CallSections, b: CallSections): readonly CallRow[] {
  return SECTIONS.flatMap((section) => rowsOf(section, a[section], b[section]));
}

const SECTIONS = ["tools", "system", "messages", "answer"] as const;

/** What changed in a piece, by words. */
export function changedWords({ a, b }: ChangedRow): WordPiece[] {
  return wordDiff(textOfPiece(a.piece), textOfPiece(b.piece));
}

/** What a call is made of. */
export type CallSections = Readonly<Record<CallSection, readonly PlacedPiece[]>>;

function sectionsOf(span: SpanFields, reader: PromptReader): CallSections {
  const { tools, system, messages } = reader.read(span);
  const answer = reader.answer(readSpan(span));
  const placed = (pieces: readonly Piece[]): PlacedPiece[] =>
    pieces.map((piece, message) => ({ piece, message }));
  return {
    tools: placed(tools),
    system: placed(system === undefined ? [] : [system]),
    messages,
    answer: placed(answer),
  };
}

/** What is measured of a call. */
export function measuresOf(span: SpanFields, prices: PriceTable | undefined): CallMeasures {
  const { traceId, spanId, startedAtMicros, endedAtMicros: end } = span;
  const { model, agent, usage, timeToFirstTokenMs: firstTokenMs } = readSpan(span);
  const durationMs = end === undefined ? undefined : (end - startedAtMicros) / 1000;
  const costUsd = costOfCall({ facts: factsOf(span), span }, prices);
  return { traceId, spanId, model, agent, startedAtMicros, durationMs, firstTokenMs, usage, costUsd };
}

function rowsOf(section: CallSection, a: readonly PlacedPiece[], b: readonly PlacedPiece[]): CallRow[] {
  const pieces = (list: readonly PlacedPiece[]): Piece[] => list.map(({ piece }) => piece);
  return align(pieces(a), pieces(b)).flatMap(({ isSame, a: [aFrom, aTo], b: [bFrom, bTo] }): CallRow[] => {
    const [left, right] = [a.slice(aFrom, aTo), b.slice(bFrom, bTo)];
    if (!isSame) return changedRows(section, left, right);
    const tokens = left.reduce((sum, { piece }) => sum + piece.weight, 0);
    return [{ state: "same", section, pieces: left, tokens: Math.round(tokens) }];
  });
}

/** Where pieces are not the same, those of the same speaker or tool stand beside each other. */
function changedRows(section: CallSection, a: readonly PlacedPiece[], b: readonly PlacedPiece[]): CallRow[] {
  const [left, right] = [a.map(labelOf), b.map(labelOf)];
  return align(left, right).flatMap(({ isSame, a: [aFrom, aTo], b: [bFrom, bTo] }): CallRow[] => {
    const [some, others] = [a.slice(aFrom, aTo), b.slice(bFrom, bTo)];
    if (!isSame) {
      return [
        ...some.map((piece) => ({ state: "only-a", section, piece }) as const),
        ...others.map((piece) => ({ state: "only-b", section, piece }) as const),
      ];
    }
    return some.flatMap((one, i) => {
      const other = others[i];
      return other === undefined ? [] : [{ state: "changed", section, a: one, b: other } as const];
    });
  });
}

function labelOf({ piece: { kind, role, name = "" } }: PlacedPiece): string {
  return `${kind} ${role} ${name}`;
}
