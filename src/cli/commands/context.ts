// `tracelight context`: what filled the window in each model call of a conversation, and what was read again.

import type { ResultCost } from "../../conventions/context/tool-results.ts";
import type { ContextCall, ContextReport } from "../../conventions/context.ts";
import type { Color } from "../../render/color.ts";
import { contextJson } from "../../render/context-json.ts";
import { callInWords, type Finding, findingsOf } from "../../render/context-words.ts";
import { wrapped } from "../../render/wrap.ts";
import { conversationContext } from "../../tracing/conversation-context.ts";
import { queryOf } from "../../tracing/found.ts";
import type { Context } from "../context.ts";
import { compact, count, dollars, share, words } from "../format.ts";
import { type Column, table } from "../table.ts";
import { foundFor, nothing, type Wanted, wantedIn } from "../wanted.ts";
import { EXIT, type ExitCode } from "../world.ts";
import { contextOfTool, lastCallOf, placeIn, placeOfSpan } from "./context-tool.ts";
import { jsonLine } from "./filter.ts";

/** Options of `context`. */
export interface ContextCommandOptions {
  readonly json?: boolean;
  readonly prices?: string;
  readonly tool?: string;
}

const MAX_FINDINGS = 20;
const MAX_RESULTS = 10;

/** Shows the windows of the calls of a conversation or trace; without an id, of the latest. Of a tool call, why it was called. */
export async function context(
  running: Context,
  args: readonly string[],
  options: ContextCommandOptions,
): Promise<ExitCode> {
  const { store, id } = await wantedIn(args, running);
  const place = id === undefined ? undefined : await placeIn(id, store);
  if (place !== undefined) return contextOfTool(running, place, { store, options });
  const found = await foundFor(id, store);
  if (found === undefined) return nothingBut(running, { store, id }, options);
  if (options.tool !== undefined)
    return contextOfTool(running, await lastCallOf(options.tool, found, store), { store, options });
  const prices = await running.prices(options);
  const { signal } = running.world;
  const report = await conversationContext(store, { of: queryOf(found), prices, signal });
  if (report.calls.length === 0) return noCalls(running);
  for (const line of options.json ? jsonLines(report) : textLines(report, running))
    await running.output.line(line);
  return EXIT.ok;
}

/** What is no trace or conversation may be a span. */
async function nothingBut(
  running: Context,
  { store, id }: Wanted,
  options: ContextCommandOptions,
): Promise<ExitCode> {
  const place = id === undefined ? undefined : await placeOfSpan(id, store);
  return place === undefined
    ? nothing(id, store, running)
    : contextOfTool(running, place, { store, options });
}

async function noCalls({ output }: Context): Promise<ExitCode> {
  await output.say("No model was called in it.");
  return EXIT.nothingFound;
}

function* jsonLines(report: ContextReport): Iterable<string> {
  const { calls, findings, results } = contextJson(report);
  for (const call of calls) yield jsonLine({ by: "call", ...call });
  for (const finding of findings) yield jsonLine({ by: "finding", ...finding });
  for (const result of results) yield jsonLine({ by: "result", ...result });
}

function* textLines({ calls, results }: ContextReport, { output }: Context): Iterable<string> {
  const { width, paint } = output;
  yield* table(calls, columnsOf(calls), { width, paint });
  yield paint("grey", "Parts are estimated from their length and scaled to the tokens that were reported.");
  const findings = findingsOf(calls);
  if (findings.length > 0) yield "";
  for (const finding of findings.slice(0, MAX_FINDINGS)) yield* findingLines(finding, output);
  if (findings.length > MAX_FINDINGS)
    yield paint("grey", `… and ${count(findings.length - MAX_FINDINGS)} more: --json has them all`);
  const kept = results.filter((result) => result.calls > 1).slice(0, MAX_RESULTS);
  if (kept.length === 0) return;
  yield "";
  yield* table(kept, resultColumns(kept), { width, paint });
}

function findingLines({ text, wastedUsd, cause }: Finding, { width, paint }: Context["output"]): string[] {
  const color: Color = wastedUsd !== undefined || cause === "tools" ? "yellow" : "grey";
  const lines = wrapped(text, { width: width - 2, maxLines: 4 });
  return lines.map((line, i) => paint(color, `${i === 0 ? "- " : "  "}${line}`));
}

function columnsOf(calls: readonly ContextCall[]): Column<ContextCall>[] {
  const tokens = (n: number | undefined): string => (n === undefined || n === 0 ? "" : compact(n));
  const right = { align: "right" } as const;
  const part = (title: string, of: (call: ContextCall) => number, goes: number): Column<ContextCall> => ({
    ...{ title, goes, ...right },
    cell: (call) => tokens(of(call)),
  });
  return [
    { title: "call", cell: ({ number }) => (number === undefined ? "·" : String(number)), ...right },
    { title: "turn", cell: ({ turn }) => String(turn), goes: 3, ...right },
    { title: "agent", cell: ({ agent = "" }) => words(agent, 20), color: () => "cyan", max: 20, goes: 1 },
    { title: "model", cell: ({ model = "" }) => words(model, 40), max: 28, goes: 2 },
    { title: "in", cell: ({ usage }) => tokens(usage?.input), ...right },
    ...(calls.some(({ windowTokens }) => windowTokens !== undefined)
      ? [{ title: "window", cell: windowText, goes: 7, ...right }]
      : []),
    { title: "cached", cell: ({ usage }) => tokens(usage?.cachedRead), goes: 9, ...right },
    part("tools", ({ shares }) => shares.tools, 5),
    part("system", ({ shares }) => shares.system, 4),
    part("earlier", ({ shares }) => shares.history, 6),
    part("results", ({ shares }) => shares.results, 7),
    part("new", ({ shares }) => shares.fresh, 8),
    {
      title: "again",
      cell: ({ cache }) => tokens(cache.wastedTokens),
      goes: 9,
      color: () => "yellow",
      ...right,
    },
    part("unrecorded", ({ shares }) => shares.unrecorded, 4),
    ...(calls.some(({ costUsd }) => costUsd !== undefined)
      ? [
          {
            title: "cost",
            cell: ({ costUsd }: ContextCall) => (costUsd === undefined ? "" : dollars(costUsd)),
            goes: 8,
            ...right,
          },
        ]
      : []),
    { title: "cache", cell: cacheText, color: cacheColor, flexible: true },
  ];
}

/** How much of the model's window is filled. */
function windowText({ usage, windowTokens }: ContextCall): string {
  return usage?.input === undefined || windowTokens === undefined ? "" : share(usage.input / windowTokens);
}

function cacheText({ cache, change }: ContextCall): string {
  const { state, cause } = cache;
  if (change?.compaction !== undefined && cause === "compaction")
    return `history ${change.compaction.how === "cut" ? "cut" : "summarised"}`;
  switch (state) {
    case "broken":
      return `broken: ${cause}`;
    case "changed":
      return `changed: ${cause ?? ""}`;
    case "unused":
      return `unused: ${cause}`;
    case "cold":
      return "cold";
    case "kept":
    case "unknown":
      return "";
  }
}

function cacheColor({ cache }: ContextCall): Color {
  return cache.state === "broken" ? "yellow" : "grey";
}

function resultColumns(results: readonly ResultCost[]): Column<ResultCost>[] {
  const right = { align: "right" } as const;
  return [
    { title: "results that stayed", cell: ({ name }) => words(name ?? "a tool", 40), max: 40 },
    {
      title: "since",
      cell: ({ first }) => callInWords({ ...first, agent: undefined, turn: 0 }).replace(/^a call.*/, "·"),
    },
    { title: "tokens", cell: ({ tokens }) => compact(tokens), ...right },
    { title: "calls", cell: ({ calls }) => count(calls), ...right },
    { title: "in all", cell: ({ allTokens }) => compact(allTokens), ...right },
    ...(results.some(({ costUsd }) => costUsd !== undefined)
      ? [
          {
            title: "cost",
            cell: ({ costUsd }: ResultCost) => (costUsd === undefined ? "" : dollars(costUsd)),
            ...right,
          },
        ]
      : []),
    { title: "", cell: () => "", flexible: true },
  ];
}
