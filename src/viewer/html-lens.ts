// The context lens in an exported file: all calls, each of them opened, and why each tool was called. Spans are looked at one by one, twice.
import {
  type CallMeasures,
  type CallSections,
  compareSections,
  measuresOf,
} from "../conventions/compare/calls.ts";
import type { PieceKind } from "../conventions/context/content.ts";
import { wantedTool } from "../conventions/context/tool-asks.ts";
import { ContextLens, type OpenedCall } from "../conventions/context.ts";
import type { PriceTable } from "../conventions/cost.ts";
import { readSpan } from "../conventions/reading.ts";
import { RecentMap } from "../model/recent-map.ts";
import type { SpanFields } from "../model/span-fields.ts";
import { comparedCallsJson } from "../render/compare-json.ts";
import { contextJson, toolStoryJson } from "../render/context-json.ts";
import type { StoreReader } from "../tracing/readable.ts";
import type { OutlineQuery } from "../tracing/store.ts";
import {
  API,
  type ContextAnswerJson,
  comparedInFile,
  type OpenedCallJson,
  type SegmentJson,
  type WhyJson,
} from "./api.ts";
import { openedCallJson } from "./context.ts";

/** Whose lens, and where its answer lies. */
export interface LensOf {
  readonly of: Pick<OutlineQuery, "conversation" | "traceId">;
  readonly path: string;
}

/** What the lens may hold. */
export interface LensBounds {
  readonly prices?: PriceTable | undefined;
  /** About so many bytes of prompts, each piece once; of more there is no lens. Default 16 MB. */
  readonly mostBytes?: number | undefined;
}

type Answer = readonly [path: string, json: object];

/** What the page may ask the lens for, answer by answer. */
export async function* lensAnswers(
  reader: StoreReader,
  { of, path }: LensOf,
  { prices, mostBytes = MOST_BYTES }: LensBounds,
): AsyncGenerator<Answer> {
  const opened: OpenedCall[] = [];
  const comparing = new Comparing(prices);
  let bytes = 0;
  const lens = new ContextLens(await reader.outlines(of), { prices, onOpened: (one) => opened.push(one) });
  const openedAnswers = function* () {
    for (const one of opened.splice(0)) {
      bytes += newBytes(one);
      yield [`${path}/${one.call.spanId}`, smaller(openedCallJson(one))] as const;
      yield* comparing.withTheOneBefore(one);
    }
  };
  for await (const span of reader.iterate(of)) {
    comparing.add(span);
    lens.add(span);
    yield* openedAnswers();
    if (bytes > mostBytes) {
      yield [path, noLens(reader)];
      return;
    }
  }
  const answer: ContextAnswerJson = { ...contextJson(lens.report()), opened: null, notes: reader.notes };
  yield* openedAnswers();
  yield [path, answer];
  yield* toolAnswers(reader, of, lens);
}

/** Each call beside the one before it: of calls that are further apart there is no comparison in a file. */
class Comparing {
  readonly #prices: PriceTable | undefined;
  readonly #measures = new Map<string, CallMeasures>();
  readonly #sections = new RecentMap<string, CallSections>(REMEMBERED);

  constructor(prices: PriceTable | undefined) {
    this.#prices = prices;
  }

  add(span: SpanFields): void {
    if (readSpan(span).kind === "model-call") this.#measures.set(span.spanId, measuresOf(span, this.#prices));
  }

  *withTheOneBefore(opened: OpenedCall): Generator<Answer> {
    const { spanId, before } = opened.call;
    const own = sectionsOf(opened);
    this.#sections.set(spanId, own);
    const other = before && this.#sections.get(before.spanId);
    const [a, b] = [before && this.#measures.get(before.spanId), this.#measures.get(spanId)];
    if (other === undefined || a === undefined || b === undefined) return;
    const compared = comparedCallsJson({ a, b, rows: compareSections(other, own) });
    yield [comparedInFile(compared.a, compared.b), compared];
  }
}

/** So many calls are kept for those that are compared with them. */
const REMEMBERED = 64;

function sectionsOf({ segments, answer }: OpenedCall): CallSections {
  const placed = segments.map(({ piece, message = 0 }) => ({ piece, message }));
  const of = (...kinds: readonly PieceKind[]) => placed.filter(({ piece }) => kinds.includes(piece.kind));
  return {
    ...{ tools: of("tool"), system: of("system"), messages: of("message", "result") },
    answer: answer.map((piece, message) => ({ piece, message })),
  };
}

/** The lens holds what it has seen: of a very long conversation that is more than a file may cost. */
function noLens(reader: StoreReader): ContextAnswerJson {
  const notes = [...reader.notes, "The prompts are too large for the context lens to be in this file."];
  return { calls: [], findings: [], results: [], opened: null, notes };
}

function newBytes({ segments }: OpenedCall): number {
  const fresh = segments.filter(({ share }) => share === "fresh");
  return fresh.reduce((sum, { piece }) => sum + piece.weight * BYTES_A_TOKEN, 0);
}

const MOST_BYTES = 16 * 1024 * 1024;
const BYTES_A_TOKEN = 4;

async function* toolAnswers(
  reader: StoreReader,
  of: LensOf["of"],
  lens: ContextLens,
): AsyncGenerator<Answer> {
  for await (const span of reader.iterate(of)) {
    const tool = wantedTool(span);
    if (tool === undefined) continue;
    const story = lens.storyOf(tool);
    const answer: WhyJson = { story: story === undefined ? null : toolStoryJson(story), notes: reader.notes };
    yield [API.why(span.traceId, span.spanId), answer];
  }
}

/**
 * Long histories lie in the file once a call: of what the call before had, pieces beside each other that are too thin to be seen are one. Those of the message
 * at which the new begins stay: the page counts them.
 */
function smaller(opened: OpenedCallJson): OpenedCallJson {
  const { segments } = opened;
  const all = segments.reduce((sum, { tokens }) => sum + tokens, 0);
  const firstNew = segments.find(({ part }) => part === "new")?.message;
  const merged: SegmentJson[] = [];
  for (const segment of segments) {
    const last = merged.at(-1);
    const isOld = segment.part !== "new" && segment.part === last?.part && segment.message !== firstNew;
    if (last !== undefined && isOld && last.tokens + segment.tokens < all * THINNEST)
      merged[merged.length - 1] = { ...last, tokens: last.tokens + segment.tokens, message: segment.message };
    else merged.push(segment);
  }
  return { ...opened, segments: merged };
}

/** A bar has about so many pixels. */
const THINNEST = 1 / 200;
