// `tracelight export`: spans as JSONL, to standard output or to a file that is whole or not there.
import { resolve } from "node:path";
import type { TraceQuery } from "../../model/query.ts";
import { encodeLogTrace, encodeRecord, type SpanFields } from "../../model/record.ts";
import type { Span } from "../../tracing/span.ts";
import type { Context } from "../context.ts";
import { UsageError } from "../failures.ts";
import { counted, idText } from "../format.ts";
import { resolveId } from "../ids.ts";
import type { OpenStore } from "../store.ts";
import { WholeFile } from "../whole-file.ts";
import { EXIT, type ExitCode } from "../world.ts";
import { type FilterOptions, filterOf, jsonLine, nothingFound } from "./filter.ts";

/** Options of `export`. */
export interface ExportOptions extends FilterOptions {
  readonly trace?: readonly string[];
  readonly logLines?: boolean;
  readonly out?: string;
  readonly force?: boolean;
}

/** Writes the spans of a store. */
export async function exportSpans(
  context: Context,
  name: string | undefined,
  options: ExportOptions,
): Promise<ExitCode> {
  const store = await context.open(name);
  const { output } = context;
  const spans = exported(store, context, options);
  if (options.out === undefined) {
    const done = await write(spans, options, (line) => output.line(line));
    return done === 0 ? nothingFound(context, store, options) : EXIT.ok;
  }
  const file = await WholeFile.begin(resolve(context.world.cwd, options.out), options.force === true);
  context.atEnd(() => file.discard());
  const done = await write(spans, options, (line) => file.line(line));
  if (done === 0) return nothingFound(context, store, options);
  await file.finish();
  await output.say(`${counted(done, "span")} written to ${options.out}`);
  return EXIT.ok;
}

async function write(
  spans: AsyncIterable<Span>,
  { logLines }: ExportOptions,
  line: (text: string) => Promise<void>,
): Promise<number> {
  let done = 0;
  for await (const span of spans) {
    await line(jsonLine(logLines ? logLine(span) : encodeRecord(span)));
    done++;
  }
  return done;
}

async function* exported(store: OpenStore, context: Context, options: ExportOptions): AsyncGenerator<Span> {
  let done = 0;
  for (const query of await queriesOf(store, options)) {
    for await (const span of context.untilStopped(store.iterate(query))) {
      yield span;
      done++;
      context.output.progress(() => `${counted(done, "span")} written`);
    }
  }
}

async function queriesOf(store: OpenStore, options: ExportOptions): Promise<TraceQuery[]> {
  const filter = filterOf(options);
  if (options.trace === undefined) return [filter];
  const ids = new Set<string>();
  for (const text of options.trace) ids.add(await traceId(text, store));
  return [...ids].map((traceId) => ({ ...filter, traceId }));
}

async function traceId(text: string, store: OpenStore): Promise<string> {
  if (/^[0-9a-f]{32}$/.test(text)) return text;
  const found = await resolveId(text, store);
  if (found?.by === "trace") return idText(found.id);
  throw new UsageError(`--trace takes the id of a trace; "${text}" is none in ${store.name}`);
}

function logLine(span: SpanFields): object {
  return { logger: "TraceLogger", level: "INFO", message: "Trace", trace: encodeLogTrace(span) };
}
