// `tracelight show`: one trace as a tree, or one conversation turn by turn.

import type { PriceTable } from "../../conventions/cost.ts";
import { type Summary, summarize } from "../../conventions/summary.ts";
import { encodeRecord } from "../../model/record.ts";
import { queryOf } from "../../tracing/found.ts";
import type { Span } from "../../tracing/span.ts";
import type { Context } from "../context.ts";
import { turnHeading, turnLines, turnsOf } from "../conversation.ts";
import { spanDetails } from "../details.ts";
import { type Fact, factLine } from "../facts.ts";
import { costInWords, counted, duration, timestamp, tokensInWords, words } from "../format.ts";
import { idTexts, type ResolvedId, shownId } from "../ids.ts";
import { placedSpans, traceTree } from "../tree.ts";
import { foundFor, nothing, wantedIn } from "../wanted.ts";
import { EXIT, type ExitCode } from "../world.ts";
import { jsonLine } from "./filter.ts";

/** Options of `show`. */
export interface ShowOptions {
  readonly full?: boolean;
  readonly json?: boolean;
  readonly prices?: string;
}

const MAX_SPANS = 500;
const MAX_LINES = 12;

/** Shows what the id names; without one, the latest. */
export async function show(
  context: Context,
  args: readonly string[],
  options: ShowOptions,
): Promise<ExitCode> {
  const { store, id } = await wantedIn(args, context);
  const found = await foundFor(id, store);
  if (found === undefined) return nothing(id, store, context);
  const spans = await store.find(queryOf(found));
  if (spans.length === 0) return nothing(id, store, context);
  await print(found, spans, options, context);
  if (found.double !== undefined) await sayDouble(found, context);
  return EXIT.ok;
}

async function sayDouble({ id, double }: ResolvedId, { output }: Context): Promise<void> {
  const [, other = ""] = idTexts([id, double]);
  const kind = typeof double === "string" ? "a text" : `a ${typeof double}`;
  // JSON in the shell's own quotes, which go.
  const typed = other.startsWith('"') ? `'${other}'` : other;
  await output.say(
    `The conversation ${shownId(other)}, ${kind}, is another one: tracelight show ${shownId(typed)}`,
    "grey",
  );
}

async function print(
  found: ResolvedId,
  spans: readonly Span[],
  options: ShowOptions,
  context: Context,
): Promise<void> {
  const { output } = context;
  if (options.json) {
    for (const span of spans) await output.line(jsonLine(encodeRecord(span)));
    return;
  }
  const prices = await context.prices(options);
  const summary = summarize(spans, found.by, prices);
  if (summary !== undefined) for (const line of heading(found, summary, context)) await output.line(line);
  const lines =
    found.by === "trace"
      ? traceLines(spans, { ...options, prices }, context)
      : talkLines(spans, { ...options, prices }, context);
  for (const line of lines) await output.line(line);
}

function heading(
  { by, id, double }: ResolvedId,
  summary: Summary,
  { output: { paint, width } }: Context,
): string[] {
  const { agent, user, startedAt, durationMs, spans, errors, aborted, state } = summary;
  const facts: Fact[] = [
    ...[words(agent ?? "", 30), words(user ?? "", 30), timestamp(startedAt)],
    ...[duration(durationMs), counted(spans, "span")],
    errors === 0 ? "" : [counted(errors, "error"), "red"],
    aborted === 0 ? "" : ["aborted", "yellow"],
    state === "ended" ? "" : [state, state === "running" ? "green" : "yellow"],
    tokensInWords(summary),
    summary.timeToFirstTokenMs === undefined ? "" : `first token ${duration(summary.timeToFirstTokenMs)}`,
    costInWords(summary),
  ];
  return [
    `${by === "trace" ? "Trace" : "Conversation"} ${paint("blue", words(idTexts([id, double])[0] ?? "", width - 14))}`,
    factLine(facts, { width, paint }),
    "",
  ];
}

interface Priced {
  readonly full?: boolean;
  readonly prices: PriceTable;
}

function* traceLines(
  spans: readonly Span[],
  { full, prices }: Priced,
  { output }: Context,
): Iterable<string> {
  const { width, paint } = output;
  yield* traceTree(spans, { width, paint, prices, maxSpans: full ? Number.POSITIVE_INFINITY : MAX_SPANS });
  if (full) yield* allDetails(spans, { output });
}

function* allDetails(
  spans: readonly Span[],
  { output: { width, paint } }: Pick<Context, "output">,
): Iterable<string> {
  for (const { span } of placedSpans(spans)) {
    yield "";
    yield* spanDetails(span, { width, paint });
  }
}

function* talkLines(spans: readonly Span[], { full, prices }: Priced, { output }: Context): Iterable<string> {
  const { width, paint } = output;
  const room = { width, paint, prices, maxLines: full ? Number.POSITIVE_INFINITY : MAX_LINES };
  let number = 0;
  for (const turn of turnsOf(spans)) {
    if (number > 0) yield "";
    yield turnHeading(turn, ++number, room);
    yield* turnLines(turn, room);
    if (!full) continue;
    for (const { span } of placedSpans(turn.spans)) {
      yield "";
      yield* spanDetails(span, room);
    }
  }
}
