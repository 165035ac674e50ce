// `tracelight search`: spans by their words, each hit in its context.
import { matchesSearch, parseSearch, type SearchQuery, searchTexts } from "../../conventions/search.ts";
import { type Snippet, snippets } from "../../conventions/snippets.ts";
import { isoMicros } from "../../model/clock.ts";
import { conversationOf } from "../../model/conversation.ts";
import { escapeText } from "../../model/escape.ts";
import { hasFailed } from "../../model/failure.ts";
import { encodeValue } from "../../model/values.ts";
import type { Paint } from "../../render/color.ts";
import { oneLine } from "../../render/text.ts";
import { cutToWidth, displayWidth, padToWidth } from "../../render/width.ts";
import type { Span } from "../../tracing/span.ts";
import type { Context } from "../context.ts";
import { age, count, counted } from "../format.ts";
import { nameOf } from "../glance.ts";
import { type OpenStore, type SearchPage, storeLast } from "../store.ts";
import { EXIT, type ExitCode } from "../world.ts";
import { type FilterOptions, filterOf, jsonLine, nothingFound } from "./filter.ts";

/** Options of `search`. */
export interface SearchCommandOptions extends FilterOptions {
  readonly limit?: number;
  readonly json?: boolean;
}

const DEFAULT_LIMIT = 20;
const LABEL_WIDTH = 9;
const SNIPPETS_A_SPAN = 3;
const SHORT_ID = 8;
const MAX_NAME = 100;
/** Of the longest age, and the gaps. */
const AGE_WIDTH = 16;

/** Shows the spans that have the words. */
export async function search(
  context: Context,
  args: readonly string[],
  options: SearchCommandOptions,
): Promise<ExitCode> {
  const [text = "", name] = await storeLast(args, context.world);
  const query = parseSearch(text);
  const store = await context.open(name);
  const limit = options.limit ?? DEFAULT_LIMIT;
  const asked = { ...filterOf(options), limit };
  const page = await found(text, query, { store, asked, context });
  if (page.spans.length === 0) return nothingFound(context, store, options, `No spans with ${text}`);
  for (const span of page.spans) {
    const lines = options.json ? [jsonLine(hitJson(span, query))] : hitLines(span, query, context);
    for (const line of lines) await context.output.line(line);
  }
  if (page.more)
    await context.output.say(`The newest ${counted(limit, "span")}; --limit shows more.`, "grey");
  return EXIT.ok;
}

interface Search {
  readonly store: OpenStore;
  readonly asked: FilterOptions & { readonly limit: number };
  readonly context: Context;
}

/** By the store's index of words where it has one. */
function found(text: string, query: SearchQuery, { store, asked, context }: Search): Promise<SearchPage> {
  if (store.search === undefined) return scan(store, query, asked, context);
  const onProgress = ({ indexed, left }: { readonly indexed: number; readonly left: number }): void =>
    context.output.progress(() => `${counted(indexed, "span")} indexed, about ${count(left)} left`);
  return store.search(text, { ...asked, onProgress });
}

/** Looks at every span; holds only the newest that have the words. */
async function scan(
  store: OpenStore,
  query: SearchQuery,
  { limit, ...filter }: FilterOptions & { readonly limit: number },
  context: Context,
): Promise<SearchPage> {
  let newest: Span[] = [];
  let found = 0;
  for await (const span of context.untilStopped(store.iterate(filter))) {
    if (!matchesSearch(searchTexts(span), query)) continue;
    found++;
    newest.push(span);
    if (newest.length >= limit * 2) newest = newestOf(newest, limit);
    context.output.progress(() => `${counted(found, "span")} found`);
  }
  return { spans: newestOf(newest, limit), more: found > limit };
}

function newestOf(spans: readonly Span[], limit: number): Span[] {
  return [...spans].sort((a, b) => b.startedAtMicros - a.startedAtMicros).slice(0, limit);
}

function hitLines(span: Span, query: SearchQuery, { output: { paint, width } }: Context): string[] {
  const when = age(span.startedAt, new Date());
  const name = cutToWidth(oneLine(nameOf(span), MAX_NAME), width - SHORT_ID - AGE_WIDTH);
  const shownName = hasFailed(span) ? paint("red", name) : name;
  const head = `${paint("blue", span.traceId.slice(0, SHORT_ID))}  ${shownName}  ${paint("grey", when)}`;
  const room = width - SHORT_ID - 2 - LABEL_WIDTH;
  const found = snippets(searchTexts(span), query, { width: room, count: SNIPPETS_A_SPAN });
  return [head, ...found.map((snippet) => snippetLine(snippet, room, paint))];
}

function snippetLine({ label, parts }: Snippet, room: number, paint: Paint): string {
  let line = " ".repeat(SHORT_ID + 2) + paint("grey", padToWidth(label, LABEL_WIDTH));
  let left = room;
  for (const { text, isHit } of parts) {
    const shown = cutToWidth(escapeText(text), left);
    left -= displayWidth(shown);
    line += isHit ? paint("yellow", shown) : shown;
  }
  return line;
}

function hitJson(span: Span, query: SearchQuery): object {
  return {
    trace_id: span.traceId,
    span_id: span.spanId,
    span_name: span.spanName,
    started_at: isoMicros(span.startedAtMicros),
    conversation_id: encodeValue(conversationOf(span.attributes) ?? null),
    snippets: snippets(searchTexts(span), query, { count: SNIPPETS_A_SPAN }).map(({ label, parts }) => ({
      label,
      text: parts.map(({ text }) => text).join(""),
      hits: parts.flatMap(({ text, isHit }) => (isHit ? [text] : [])),
    })),
  };
}
