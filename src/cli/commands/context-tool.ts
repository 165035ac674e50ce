// `tracelight context` of a tool call: why it was called, and what its result cost.
import type { ToolStory } from "../../conventions/context/tool-asks.ts";
import type { SpanOutline } from "../../conventions/facts.ts";
import { readSpan } from "../../conventions/reading.ts";
import type { SpanPlace } from "../../model/ids.ts";
import { toolStoryJson } from "../../render/context-json.ts";
import { callInWords } from "../../render/context-words.ts";
import { wrapped } from "../../render/wrap.ts";
import { findSpan, queryOf } from "../../tracing/found.ts";
import type { StoreReader } from "../../tracing/readable.ts";
import type { FoundId } from "../../tracing/store.ts";
import { toolStory } from "../../tracing/tool-story.ts";
import type { Context } from "../context.ts";
import { UsageError } from "../failures.ts";
import { count, counted, dollars, words } from "../format.ts";
import { resolveId, shownId } from "../ids.ts";
import { EXIT, type ExitCode } from "../world.ts";
import { jsonLine } from "./filter.ts";

interface ToolOptions {
  readonly json?: boolean;
  readonly prices?: string;
}

const NAME_WIDTH = 60;
const INDENT = 9;
const MAX_LINES = 12;

/** `TRACE/SPAN`, the trace's id or how it begins; undefined for a text of another form, and where the store has no such trace. */
export async function placeIn(text: string, store: StoreReader): Promise<SpanPlace | undefined> {
  const [, trace = "", spanId = ""] = /^([0-9a-f]{4,32})\/([0-9a-f]{16})$/i.exec(text) ?? [];
  if (spanId === "") return undefined;
  const found = await resolveId(trace, store);
  return found?.by === "trace" ? { traceId: String(found.id), spanId: spanId.toLowerCase() } : undefined;
}

/** The span of that id, wherever it is; undefined for a text of another form. */
export async function placeOfSpan(text: string, store: StoreReader): Promise<SpanPlace | undefined> {
  if (!/^[0-9a-f]{16}$/i.test(text)) return undefined;
  const [span] = await store.find({ where: `span_id = "${text.toLowerCase()}"`, limit: 1 });
  return span && { traceId: span.traceId, spanId: span.spanId };
}

/**
 * The last call of the tool in a conversation or trace: by the tool's name, or by the id of the call or of its span.
 * @throws (rejects) UsageError where there is none, with the tools that were called
 */
export async function lastCallOf(tool: string, found: FoundId, store: StoreReader): Promise<SpanPlace> {
  const outlines = await store.outlines(queryOf(found));
  const calls = outlines.filter(({ facts }) => facts.kind === "tool-call");
  const named = calls.filter((one) => one.spanId === tool.toLowerCase() || one.facts.tool === tool).at(-1);
  const place = named ?? (await callOfId(tool, calls, store));
  if (place === undefined) throw noSuchTool(tool, calls);
  return place;
}

/** Only the spans have the ids of calls: they are looked at from the last on. */
async function callOfId(
  id: string,
  calls: readonly SpanOutline[],
  store: StoreReader,
): Promise<SpanPlace | undefined> {
  for (const place of calls.toReversed()) {
    const span = await findSpan(store, place);
    if (span !== undefined && readSpan(span).tool?.callId === id) return place;
  }
  return undefined;
}

function noSuchTool(tool: string, calls: readonly SpanOutline[]): UsageError {
  const names = [...new Set(calls.map(({ facts }) => words(facts.tool ?? "", NAME_WIDTH)))];
  const called =
    names.length === 0 ? "No tool was called in it" : `Called were ${names.slice(0, 20).join(", ")}`;
  return new UsageError(`No tool call there is known as "${shownId(tool)}". ${called}`);
}

/** Tells why the tool was called. */
export async function contextOfTool(
  running: Context,
  place: SpanPlace,
  { store, options }: { readonly store: StoreReader; readonly options: ToolOptions },
): Promise<ExitCode> {
  const { output, world } = running;
  const prices = await running.prices(options);
  const found = await toolStory(store, place, { prices, signal: world.signal });
  if (found.kind === "missing") {
    await output.say(`No span in ${store.name} is ${place.traceId}/${place.spanId}.`);
    return EXIT.nothingFound;
  }
  if (found.kind === "no tool")
    throw new UsageError(
      `The span ${place.spanId} is no tool call: tracelight context ${place.traceId} has the model calls`,
    );
  if (found.kind === "unasked") {
    await output.say(`No model is known to have asked for ${words(found.tool.name ?? "it", NAME_WIDTH)}.`);
    return EXIT.nothingFound;
  }
  const lines = options.json
    ? [jsonLine({ by: "tool", ...toolStoryJson(found.story) })]
    : storyLines(found.story, running);
  for (const line of lines) await output.line(line);
  return EXIT.ok;
}

function* storyLines(story: ToolStory, { output: { width, paint } }: Context): Iterable<string> {
  const { asked, name = "the tool" } = story;
  const model = asked.model === undefined ? "" : `, ${words(asked.model, NAME_WIDTH)}`;
  yield `${paint("cyan", words(name, NAME_WIDTH))}, asked for by ${callInWords(asked)} (turn ${asked.turn}${model})`;
  const rows: readonly (readonly [title: string, value: string | undefined])[] = [
    ["offered", listed(story.offered)],
    ["beside", listed(story.beside)],
    ["thought", story.reasoning],
    ["said", story.words],
    ["result", resultInWords(story.result)],
  ];
  for (const [title, value] of rows) {
    if (value === undefined) continue;
    const lines = wrapped(value, { width: Math.max(20, width - INDENT), maxLines: MAX_LINES });
    yield* lines.map(
      (line, i) => (i === 0 ? paint("grey", title.padEnd(INDENT)) : " ".repeat(INDENT)) + line,
    );
  }
}

function listed(names: readonly string[]): string | undefined {
  return names.length === 0 ? undefined : names.map((name) => words(name, NAME_WIDTH)).join(", ");
}

/** `372 tokens, in 10 calls from call 3 on: 4,120 tokens in all, $0.0044`. */
function resultInWords(result: ToolStory["result"]): string {
  if (result === undefined) return "no call had it";
  const { tokens, calls, allTokens, costUsd, first } = result;
  const cost = costUsd === undefined ? "" : `, ${dollars(costUsd)}`;
  const since =
    first.number === undefined
      ? ""
      : calls === 1
        ? `: call ${first.number}`
        : ` from call ${first.number} on`;
  const all = calls === 1 ? "" : `: ${counted(allTokens, "token")} in all`;
  return `${counted(tokens, "token")}, in ${count(calls)} ${calls === 1 ? "call" : "calls"}${since}${all}${cost}`;
}
