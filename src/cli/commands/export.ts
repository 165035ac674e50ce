// `tracelight export`: spans as JSONL, to standard output or to a file that is whole or not there.

import { resolve } from "node:path";
import type { TargetVocabulary } from "../../conventions/translate.ts";
import { missingIn } from "../../delivery/missing.ts";
import { idKey } from "../../model/conversation.ts";
import { asciiJson } from "../../model/escape.ts";
import { wellFormedJson } from "../../model/json-strings.ts";
import type { TraceQuery } from "../../model/query.ts";
import { encodeLogTrace, encodeRecord } from "../../model/record.ts";
import type { SpanFields } from "../../model/span-fields.ts";
import type { StoreReader } from "../../tracing/readable.ts";
import type { Span } from "../../tracing/span.ts";
import { scopedTo } from "../../viewer/scope.ts";
import type { Context } from "../context.ts";
import { UsageError } from "../failures.ts";
import { counted, idText } from "../format.ts";
import { resolveId, shownId } from "../ids.ts";
import { redactedBy } from "../redaction.ts";
import { WholeFile } from "../whole-file.ts";
import { EXIT, type ExitCode } from "../world.ts";
import { type DocumentOptions, exportDocument, wantedDocument } from "./export-document.ts";
import { type FilterOptions, filterOf, jsonLine, nothingFound } from "./filter.ts";

/** Options of `export`. */
export interface ExportOptions extends FilterOptions, DocumentOptions {
  readonly trace?: readonly string[];
  readonly conversation?: readonly string[];
  readonly logLines?: boolean;
  readonly otlp?: boolean;
  readonly translate?: TargetVocabulary;
}

/** Writes the spans of a store. */
export async function exportSpans(
  context: Context,
  name: string | undefined,
  options: ExportOptions,
): Promise<ExitCode> {
  const wanted = wantedDocument(options);
  if (wanted !== undefined) return exportDocument(context, name, { ...options, ...wanted });
  const again = (options.trace ?? options.conversation) !== undefined;
  const opened = await context.open(name, { again });
  const own = options.principal === undefined ? opened : scopedTo(options.principal, opened);
  const store = await redactedBy(context, options, own);
  const spans = exported(store, context, options);
  if (options.out === undefined) {
    const written = await write(spans, options, (line) => context.output.line(line));
    return ended(context, store, options, written);
  }
  const file = await WholeFile.begin(resolve(context.world.cwd, options.out), options.force === true);
  context.atEnd(() => file.discard());
  const written = await write(spans, options, (line) => file.line(line));
  if (written.done > 0) await file.finish();
  return ended(context, store, options, written);
}

interface Written {
  readonly done: number;
  /** Spans that the form cannot carry. */
  readonly leftOut: number;
  /** Spans of which the store has lost something. */
  readonly lacking: number;
}

/** What is written is whatever could be read: a backup must not pass for a whole one. */
async function notWhole({ output }: Context, lacking: number, unread: number): Promise<ExitCode> {
  const parts = [
    ...(unread === 0 ? [] : [`up to ${counted(unread, "span")} could not be read`]),
    ...(lacking === 0
      ? []
      : [`${counted(lacking, "span lacks", "spans lack")} values, see tracelight.missing in the attributes`]),
  ];
  await output.say(`This is not all that the store had: ${parts.join(", and ")}.`, "yellow");
  return EXIT.store;
}

async function ended(
  context: Context,
  store: StoreReader,
  options: ExportOptions,
  { done, leftOut, lacking }: Written,
): Promise<ExitCode> {
  const { output } = context;
  if (leftOut > 0) {
    const left = leftOut === 1 ? "still runs and was left out" : "still run and were left out";
    await output.say(`${counted(leftOut, "span")} ${left}: OTLP carries spans that ended.`, "yellow");
  }
  if (done > 0 && options.out !== undefined)
    await output.say(`${counted(done, "span")} written to ${options.out}`);
  const unread = store.leftOut;
  if (lacking + unread > 0) return notWhole(context, lacking, unread);
  if (done > 0) return EXIT.ok;
  return leftOut > 0 ? EXIT.nothingFound : nothingFound(context, store, options);
}

type WriteLine = (text: string) => Promise<void>;

async function write(
  spans: AsyncIterable<Span>,
  { logLines, otlp, translate }: ExportOptions,
  line: WriteLine,
): Promise<Written> {
  if (otlp) return writeOtlp(spans, line, translate);
  let [done, lacking] = [0, 0];
  for await (const span of spans) {
    await line(
      logLines ? asciiJson(wellFormedJson(JSON.stringify(logLine(span)))) : jsonLine(encodeRecord(span)),
    );
    lacking += isLacking(span);
    done++;
  }
  return { done, leftOut: 0, lacking };
}

async function writeOtlp(
  spans: AsyncIterable<Span>,
  line: WriteLine,
  translate: TargetVocabulary | undefined,
): Promise<Written> {
  const { OtlpLines } = await import("../../otlp/lines.ts");
  const lines = new OtlpLines(line, translate);
  let [done, lacking] = [0, 0];
  for await (const span of spans) {
    if (!(await lines.add(span))) continue;
    lacking += isLacking(span);
    done++;
  }
  await lines.end();
  return { done, leftOut: lines.leftOut, lacking };
}

function isLacking({ attributes }: Span): number {
  return missingIn(attributes).length > 0 ? 1 : 0;
}

async function* exported(store: StoreReader, context: Context, options: ExportOptions): AsyncGenerator<Span> {
  let done = 0;
  const known = new Set<string>();
  for (const query of await queriesOf(store, options)) {
    for await (const span of context.untilStopped(store.iterate(query))) {
      // What is of a trace and a conversation that are both asked for is written once.
      if (query.traceId === undefined && known.has(span.traceId)) continue;
      yield span;
      done++;
      context.output.progress(() => `${counted(done, "span")} written`);
    }
    if (query.traceId !== undefined) known.add(query.traceId);
  }
}

/** Traces come before conversations. */
async function queriesOf(store: StoreReader, options: ExportOptions): Promise<TraceQuery[]> {
  const filter = filterOf(options);
  const { trace, conversation } = options;
  if (trace === undefined && conversation === undefined) return [filter];
  const traces = new Set<string>();
  for (const text of trace ?? []) traces.add(await traceId(text, store));
  const conversations = new Map<string, unknown>();
  for (const text of conversation ?? []) {
    const id = await conversationId(text, store);
    conversations.set(idKey(id), id);
  }
  return [
    ...[...traces].map((id) => ({ ...filter, traceId: id })),
    ...[...conversations.values()].map((id) => ({ ...filter, conversation: id })),
  ];
}

async function traceId(text: string, store: StoreReader): Promise<string> {
  if (/^[0-9a-f]{32}$/.test(text)) return text;
  const found = await resolveId(text, store);
  if (found?.by === "trace") return idText(found.id);
  throw noneOf("trace", text, store);
}

async function conversationId(text: string, store: StoreReader): Promise<unknown> {
  const found = await resolveId(text, store);
  if (found?.by === "conversation") return found.id;
  throw noneOf("conversation", text, store);
}

function noneOf(what: "trace" | "conversation", text: string, store: StoreReader): UsageError {
  return new UsageError(`--${what} takes the id of a ${what}; "${shownId(text)}" is none in ${store.name}`);
}

function logLine(span: SpanFields): object {
  return { logger: "TraceLogger", level: "INFO", message: "Trace", trace: encodeLogTrace(span) };
}
