// What is compared, found in a store: two model calls, or two traces or conversations.

import { type ComparedCalls, compareCalls } from "../conventions/compare/calls.ts";
import {
  type ComparedSteps,
  compareSteps,
  type Step,
  type StepInputs,
  stepsOf,
} from "../conventions/compare/steps.ts";
import type { PriceTable } from "../conventions/cost.ts";
import type { SpanOutline } from "../conventions/facts.ts";
import { numberedTurns } from "../conventions/numbered-turns.ts";
import { readSpan } from "../conventions/reading.ts";
import { type Summary, summarizeOutlines } from "../conventions/summary.ts";
import type { SpanPlace } from "../model/ids.ts";
import { canonicalJson } from "../model/values.ts";
import { lineOf } from "../render/line.ts";
import { findSpans, queryOf } from "./found.ts";
import type { StoreReader } from "./readable.ts";
import type { FoundId } from "./store.ts";

/** A trace or a conversation; of it one call, where that is meant: by its number through the conversation, or its span. */
export interface Subject extends FoundId {
  /** Its outlines, where they were read already. */
  readonly outlines?: readonly SpanOutline[] | undefined;
  readonly call?: { readonly number: number } | { readonly spanId: string } | undefined;
}

/** What came of it. */
export type Comparison =
  | { readonly kind: "calls"; readonly compared: ComparedCalls }
  | {
      readonly kind: "steps";
      readonly compared: ComparedSteps;
      readonly a: Summary;
      readonly b: Summary;
      readonly areInputsCompared: boolean;
    }
  /** One of them is not there, or has no such call; or one is a call and the other is not. */
  | { readonly kind: "missing"; readonly side: "a" | "b" }
  | { readonly kind: "unlike" };

/** Steps of which it is looked at what they were called with. */
const MAX_INPUTS = 1000;

/** Compares two of a store. */
export async function compareIn(
  reader: StoreReader,
  { a, b, prices }: { readonly a: Subject; readonly b: Subject; readonly prices?: PriceTable | undefined },
): Promise<Comparison> {
  if ((a.call === undefined) !== (b.call === undefined)) return { kind: "unlike" };
  return a.call === undefined ? whole(reader, { a, b, prices }) : calls(reader, { a, b, prices });
}

type Asked = Parameters<typeof compareIn>[1];

async function calls(reader: StoreReader, { a, b, prices }: Asked): Promise<Comparison> {
  const [one, other] = [await placeOf(reader, a), await placeOf(reader, b)];
  if (one === undefined) return { kind: "missing", side: "a" };
  if (other === undefined) return { kind: "missing", side: "b" };
  const spans = await findSpans(reader, [one, other]);
  const [left, right] = [one, other].map(({ traceId, spanId }) =>
    spans.find((span) => span.traceId === traceId && span.spanId === spanId),
  );
  if (left === undefined) return { kind: "missing", side: "a" };
  if (right === undefined) return { kind: "missing", side: "b" };
  return { kind: "calls", compared: compareCalls(left, right, prices) };
}

async function placeOf(reader: StoreReader, subject: Subject): Promise<SpanPlace | undefined> {
  const { call } = subject;
  if (call === undefined) return undefined;
  if ("spanId" in call) return { traceId: String(subject.id), spanId: call.spanId };
  const turns = numberedTurns(await outlinesOf(reader, subject));
  const turn = turns.find(
    ({ firstCall, calls: own }) => call.number >= firstCall && call.number < firstCall + own.length,
  );
  const spanId = turn?.calls[call.number - turn.firstCall];
  return turn?.outlines.find((outline) => outline.spanId === spanId);
}

async function whole(reader: StoreReader, { a, b, prices }: Asked): Promise<Comparison> {
  const [left, right] = [await outlinesOf(reader, a), await outlinesOf(reader, b)];
  const [one, other] = [summarizeOutlines(left, a.by, prices), summarizeOutlines(right, b.by, prices)];
  if (one === undefined) return { kind: "missing", side: "a" };
  if (other === undefined) return { kind: "missing", side: "b" };
  const areInputsCompared = left.length <= MAX_INPUTS && right.length <= MAX_INPUTS;
  const stepsIn = async (outlines: readonly SpanOutline[], subject: Subject): Promise<Step[]> =>
    stepsOf(outlines, prices, areInputsCompared ? await inputsOf(reader, subject) : undefined);
  const compared = compareSteps(await stepsIn(left, a), await stepsIn(right, b));
  return { kind: "steps", compared, a: one, b: other, areInputsCompared };
}

async function outlinesOf(reader: StoreReader, subject: Subject): Promise<readonly SpanOutline[]> {
  return subject.outlines ?? reader.outlines(queryOf(subject));
}

/** What tools were called with. */
async function inputsOf(reader: StoreReader, subject: Subject): Promise<StepInputs> {
  const inputs = new Map<string, { readonly text: string; readonly glance: string }>();
  for await (const span of reader.iterate(queryOf(subject))) {
    const reading = readSpan(span);
    const given =
      reading.kind === "tool-call"
        ? reading.tool?.arguments
        : reading.kind === "retrieval"
          ? reading.input
          : undefined;
    if (given === undefined) continue;
    const text = typeof given === "string" ? given : canonicalJson(given);
    inputs.set(span.traceId + span.spanId, { text, glance: lineOf(given) });
  }
  return inputs;
}
