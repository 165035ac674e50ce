// A conversation or a trace as one file: the page, read-only, over what the API would answer. It opens without a server and asks nobody.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { PriceTable } from "../conventions/cost.ts";
import { idKey } from "../model/conversation.ts";
import { TracelightError } from "../model/errors.ts";
import { urlPart } from "../model/url-part.ts";
import type { StoreReader } from "../tracing/readable.ts";
import type { FoundId } from "../tracing/store.ts";
import { API, type StoreJson, spanIdsIn } from "./api.ts";
import { Asked } from "./asked.ts";
import { conversation } from "./conversation.ts";
import { Counting } from "./counting.ts";
import { glances } from "./glances.ts";
import { heldFor } from "./held.ts";
import { type LensOf, lensAnswers } from "./html-lens.ts";
import { Pieces } from "./html-pieces.ts";
import { span } from "./span.ts";
import { store } from "./store.ts";
import { turnTalk } from "./talk.ts";
import { calls, trace } from "./trace.ts";

/** What the file is made from. */
export interface HtmlFileOptions {
  /** Of what may be seen. */
  readonly reader: StoreReader;
  readonly prices?: PriceTable | undefined;
  /** Whose spans the reader is scoped to, where it is. */
  readonly principal?: string | undefined;
}

/**
 * The text of the file, bit by bit. No more is held than a trace without its values, and one span.
 * @throws (rejects) TracelightError `STORE_UNREADABLE` where the page was not built into the package, and what the store says
 */
export async function* htmlFile(subject: FoundId, options: HtmlFileOptions): AsyncGenerator<string> {
  const { script, style, theme } = builtPage();
  const key = idKey(subject.id);
  const start = subject.by === "trace" ? `t/${String(subject.id)}` : `c/${urlPart(key)}`;
  const reader = await heldFor(subject, options.reader);
  const pieces = new Pieces();
  const answers = new Answers(pieces, { ...options, reader }).of(subject);
  // What is not there is said before anything is written.
  await answers.next();
  yield headOf({ script, style, theme, start });
  for await (const _ of answers) yield* pieces.elements();
  yield* pieces.elements(true);
  yield `<script type="module">${script}</script>\n</head>\n<body>\n<noscript>${NO_SCRIPT}</noscript>\n</body>\n</html>\n`;
}

/** Asks for all that the page may ask for. */
class Answers {
  readonly #pieces: Pieces;
  readonly #options: HtmlFileOptions;
  readonly #counting: Counting;

  constructor(pieces: Pieces, options: HtmlFileOptions) {
    this.#pieces = pieces;
    this.#options = options;
    this.#counting = new Counting(options.reader, COUNTING_MS);
  }

  /** Yields when something was added. */
  async *of(subject: FoundId): AsyncGenerator<void> {
    if (subject.by === "trace") yield* this.#onlyTrace(String(subject.id));
    else yield* this.#conversation(subject);
    yield this.#add(API.store, await this.#store());
  }

  async *#conversation(subject: FoundId): AsyncGenerator<void> {
    const key = idKey(subject.id);
    const found = await conversation(this.#asked({ key }));
    yield this.#add(API.conversation(key), found);
    for (const { number } of found.turns)
      yield this.#add(API.turn(key, number), await turnTalk(this.#asked({ key, number: String(number) })));
    yield* this.#lens({ of: { conversation: subject.id }, path: API.context(key) });
    for (const traceId of new Set(found.turns.map(({ trace_id }) => trace_id))) yield* this.#trace(traceId);
  }

  async *#onlyTrace(traceId: string): AsyncGenerator<void> {
    yield* this.#trace(traceId, "alone");
    yield* this.#lens({ of: { traceId }, path: API.traceContext(traceId) });
  }

  async *#lens(of: LensOf): AsyncGenerator<void> {
    const { reader, prices } = this.#options;
    for await (const [path, json] of lensAnswers(reader, of, { prices })) yield this.#add(path, json);
  }

  /** A file never changes, and takes nothing. */
  async #store(): Promise<StoreJson> {
    const { principal, prices } = this.#options;
    const facts = { kind: "file", principal, prices, isReadOnly: true, isLive: false };
    return store(this.#asked({}), facts);
  }

  async *#trace(
    traceId: string,
    where: "in its conversation" | "alone" = "in its conversation",
  ): AsyncGenerator<void> {
    const found = await trace(this.#asked({ trace: traceId }));
    // What is not in the file is led to by nothing.
    yield this.#add(API.trace(traceId), where === "alone" ? { ...found, conversation: null } : found);
    yield this.#add(API.calls(traceId), await calls(this.#asked({ trace: traceId })));
    const ids = spanIdsIn(found);
    const all: Record<string, unknown> = {};
    for (let at = 0; at < ids.length; at += MOST_GLANCES) {
      const some = ids.slice(at, at + MOST_GLANCES);
      const asked = this.#asked({ trace: traceId }, `?spans=${some.join(",")}`);
      Object.assign(all, (await glances(asked)).glances);
    }
    yield this.#add(API.glances(traceId, []).split("?", 1)[0] ?? "", { glances: all });
    for (const spanId of ids) {
      const asked = this.#asked({ trace: traceId, span: spanId });
      yield this.#add(API.span(traceId, spanId), await span(asked));
    }
  }

  #asked(path: Readonly<Record<string, string>>, search: string = ""): Asked {
    const { reader, prices } = this.#options;
    const { signal } = new AbortController();
    const request = new Request(BASE + search);
    return new Asked({ reader, counting: this.#counting, prices, signal, kept: this.#pieces }, request, path);
  }

  /** Under the path as the page's URL has it. */
  #add(path: string, json: object): void {
    this.#pieces.answer(new URL(path, BASE).pathname.slice(1), json);
  }
}

interface BuiltPage {
  readonly script: string;
  readonly style: string;
  readonly theme: string;
}

function headOf({ script, style, theme, start }: BuiltPage & { readonly start: string }): string {
  const policy = [
    "default-src 'none'",
    `script-src ${hashOf(script)} ${hashOf(theme)}`,
    `style-src ${hashOf(style)}`,
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="content-security-policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta name="tracelight-start" content="${start}">
<meta name="tracelight-made" content="${new Date().toISOString()}">
<title>Tracelight</title>
<link rel="icon" href="data:,">
<script>${theme}</script>
<style>${style}</style>
`;
}

/** As a policy names what may stand in the document itself. */
function hashOf(text: string): string {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}

/** Beside the bundled code, or, from the sources, in what was built of them. */
function builtPage(): BuiltPage {
  for (const folder of ["../viewer/", "../../dist/viewer/"]) {
    const path = fileURLToPath(new URL(folder, import.meta.url));
    try {
      const read = (name: string): string => readFileSync(join(path, name), "utf8");
      const script = inert(read("exported/page.js"));
      return { script, style: stylesIn(join(path, "page/assets")), theme: inert(read("page/theme.js")) };
    } catch {}
  }
  throw new TracelightError(
    "STORE_UNREADABLE",
    "The page was not built into this package; export --markdown needs none.",
  );
}

/** The style sheets of the served page, first the one that it always has. */
function stylesIn(folder: string): string {
  const names = readdirSync(folder).filter((name) => name.endsWith(".css"));
  const isFirst = (name: string): boolean => name.startsWith("index-");
  const inOrder = [...names.filter(isFirst), ...names.filter((name) => !isFirst(name))];
  return inOrder.map((name) => readFileSync(join(folder, name), "utf8")).join("");
}

/** Nothing in a script ends its element. */
function inert(script: string): string {
  return script.replace(/<(?=\/script|script|!--)/gi, "\\x3c");
}

const BASE = "http://exported.invalid/";
const MOST_GLANCES = 200;
const COUNTING_MS = 30_000;
const NO_SCRIPT = "This page needs JavaScript.";
