// `tracelight search`: spans by their words, each hit in its context.
import { hitJson, SNIPPETS_A_SPAN } from "../../conventions/as-json.ts";
import { parseSearch, type SearchQuery, searchTexts } from "../../conventions/search.ts";
import { type Snippet, snippets } from "../../conventions/snippets.ts";
import { escapeText } from "../../model/escape.ts";
import { hasFailed } from "../../model/failure.ts";
import type { Paint } from "../../render/color.ts";
import { oneLine } from "../../render/text.ts";
import { cutToWidth, displayWidth, padToWidth } from "../../render/width.ts";
import type { Span } from "../../tracing/span.ts";
import type { Context } from "../context.ts";
import { age, counted, howFar } from "../format.ts";
import { nameOf } from "../glance.ts";
import { storeLast } from "../store.ts";
import { EXIT, type ExitCode } from "../world.ts";
import { type FilterOptions, filterOf, jsonLine, nothingFound } from "./filter.ts";

/** Options of `search`. */
export interface SearchCommandOptions extends FilterOptions {
  readonly limit?: number;
  readonly json?: boolean;
}

const DEFAULT_LIMIT = 20;
const LABEL_WIDTH = 9;
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
  const page = await store.search(text, {
    ...{ ...filterOf(options), limit, signal: context.world.signal },
    onProgress: (progress) => context.output.progress(() => howFar(progress, "indexed")),
  });
  if (page.spans.length === 0) return nothingFound(context, store, options, `No spans with ${text}`);
  for (const span of page.spans) {
    const lines = options.json ? [jsonLine(hitJson(span, query))] : hitLines(span, query, context);
    for (const line of lines) await context.output.line(line);
  }
  if (page.more)
    await context.output.say(`The newest ${counted(limit, "span")}; --limit shows more.`, "grey");
  return EXIT.ok;
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
