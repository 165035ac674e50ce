// A DynamoDB table as a store of the command: `dynamodb:Table?region=…&endpoint=…`.

import { type KeyLayout, LAYOUTS } from "../../dynamodb/layout.ts";
import { SCAN_MEND } from "../../dynamodb/listing.ts";
import { DynamoDbTracer, type DynamoDbTracerOptions } from "../../dynamodb/tracer.ts";
import { defined } from "../../model/defined.ts";
import { messageOf, TracelightError } from "../../model/errors.ts";
import type { TraceQuery } from "../../model/query.ts";
import { closest } from "../../model/spelling.ts";
import { readable, StoreReader } from "../../tracing/readable.ts";
import type { Span } from "../../tracing/span.ts";
import type {
  FoundId,
  Imported,
  ImportProgress,
  ReadableStore,
  SummaryPage,
  SummaryQuery,
} from "../../tracing/store.ts";
import { UsageError } from "../failures.ts";
import type { NamedStores, WriteOptions, Written } from "./named.ts";
import { createTableLine, inShell } from "./table-faults.ts";

const PARAMETERS = ["region", "endpoint", "identifier", "index", "recentIndex", "keyLayout"] as const;

/** DynamoDB's tables. */
export const dynamoDbTables: NamedStores = { open: openTable, write: writeTable };

function openTable(location: string): StoreReader {
  const options = parseLocation(location);
  return new StoreReader(new DynamoDbTable(options), { explain: (error) => inShell(error, options) });
}

function writeTable(location: string, { onError, process }: WriteOptions): Written {
  const options = parseLocation(location);
  const explain = (error: unknown): unknown => inShell(error, options);
  const told = (error: TracelightError): void => {
    const explained = explain(error);
    onError(explained instanceof TracelightError ? explained : error);
  };
  const tracer = new DynamoDbTracer({ ...options, onError: told, process });
  return { tracer, explain, label: `dynamodb:${options.tableName}` };
}

/** What a tracer reads of its table, said as the shell says it. */
class DynamoDbTable implements ReadableStore {
  readonly name: string;
  readonly #notes = new Set<string>();
  #leftOut = 0;
  readonly #options: TableOptions;
  readonly #tracer: DynamoDbTracer;

  constructor(options: TableOptions) {
    this.#options = options;
    this.name = `dynamodb:${options.tableName}`;
    this.#tracer = new DynamoDbTracer({ ...options, onError: (error) => this.#note(error) });
  }

  /** A listing has what is said of its scan. */
  #note(error: TracelightError): void {
    if (error.code === "INVALID_RECORD") this.#leftOut++;
    if (error.code !== "TABLE_SCAN") this.#notes.add(messageOf(inShell(error, this.#options)));
  }

  get notes(): readonly string[] {
    return [...this.#notes, ...readable(this.#tracer).notes];
  }

  get leftOut(): number {
    return this.#leftOut;
  }

  find(query: TraceQuery): Promise<readonly Span[]> {
    return this.#tracer.getTraces(query);
  }

  iterate(query: TraceQuery): AsyncGenerator<Span> {
    return this.#tracer.iterateTraces(query);
  }

  /** The recent index is used only where it is asked for: one that not all writers fill would hide the others' traces. */
  async summaries(query: SummaryQuery): Promise<SummaryPage> {
    const page = await this.#tracer.summaries(query);
    return { ...page, notes: page.notes.map((note) => note.replace(SCAN_MEND, () => this.#scanMend())) };
  }

  #scanMend(): string {
    const { tableName } = this.#options;
    return `dynamodb:${tableName}?recentIndex=true uses one that all tracers fill, and ${createTableLine(this.#options)} --recent-index makes it`;
  }

  idsByPrefix(prefix: string, limit: number): Promise<readonly FoundId[]> {
    return this.#tracer.idsByPrefix(prefix, limit);
  }

  async importSpans(spans: AsyncIterable<Span>, progress?: ImportProgress): Promise<Imported> {
    const { importSpans } = readable(this.#tracer);
    if (importSpans === undefined) return { added: 0, known: 0 };
    try {
      return await importSpans(spans, progress);
    } catch (error) {
      // What ends the import is said once.
      this.#notes.clear();
      throw inShell(error, this.#options);
    }
  }

  async close(): Promise<void> {
    await this.#tracer.close();
  }
}

type TableOptions = Omit<DynamoDbTracerOptions, "onError">;

function parseLocation(location: string): TableOptions {
  const [table = "", parameters = ""] = splitOnce(location.slice("dynamodb:".length), "?");
  const given = new Map(new URLSearchParams(parameters));
  const unknown = [...given.keys()].find((key) => !PARAMETERS.some((known) => known === key));
  if (table === "" || unknown !== undefined) throw badLocation(location, unknown);
  const [index, recent, layout] = [given.get("index"), given.get("recentIndex"), given.get("keyLayout")];
  return defined({
    tableName: table,
    region: given.get("region"),
    endpoint: given.get("endpoint"),
    identifier: given.get("identifier"),
    conversationIdGsiName: index,
    recentIndex: recent === "true" ? true : recent === "false" ? false : recent,
    keyLayout: layout === undefined ? undefined : keyLayoutOf(layout),
  });
}

function keyLayoutOf(text: string): KeyLayout {
  if (isLayout(text)) return text;
  throw new UsageError(`"${text}" is no keyLayout; there are ${Object.keys(LAYOUTS).join(", ")}`);
}

function isLayout(text: string): text is KeyLayout {
  return Object.hasOwn(LAYOUTS, text);
}

function badLocation(location: string, unknown: string | undefined): UsageError {
  if (unknown === undefined) return new UsageError(`${location} names no table; write dynamodb:MyTable`);
  const near = closest(unknown, PARAMETERS);
  const mend = near === undefined ? `it takes ${PARAMETERS.join(", ")}` : `did you mean ${near}?`;
  return new UsageError(`${location}: unknown parameter "${unknown}"; ${mend}`);
}

function splitOnce(text: string, separator: string): string[] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + separator.length)];
}
