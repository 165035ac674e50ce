// A DynamoDB table as a store of the command: `dynamodb:Table?region=…&endpoint=…`.

import { type KeyLayout, LAYOUTS } from "../../dynamodb/layout.ts";
import { SCAN_MEND } from "../../dynamodb/listing.ts";
import { DynamoDbTracer, type DynamoDbTracerOptions } from "../../dynamodb/tracer.ts";
import { messageOf, TracelightError } from "../../model/errors.ts";
import type { TraceQuery } from "../../model/query.ts";
import { closest } from "../../model/spelling.ts";
import type { Span } from "../../tracing/span.ts";
import type { SummaryPage, SummaryQuery } from "../../tracing/store.ts";
import { OUTLET } from "../../tracing/tracer.ts";
import { UsageError } from "../failures.ts";
import { idText } from "../format.ts";
import type { FoundId, Imported, OpenStore } from "../store.ts";
import { createTableLine, inShell } from "./table-faults.ts";

const PARAMETERS = ["region", "endpoint", "identifier", "index", "recentIndex", "keyLayout"] as const;
/** A full id is read by its key; for the beginning of one only the newest can be looked at. */
const NEWEST_FOR_PREFIX = 100;
/** Written before the next are taken, well within what the queue holds. */
const IMPORT_BATCH = 200;

/** Opens the table; nothing is sent before the first read. */
export function openDynamoDb(location: string): OpenStore {
  return new DynamoDbTable(location);
}

/** A tracer that writes into a table, and what it rejects with as the shell says it. */
export interface TableTracer {
  readonly tracer: DynamoDbTracer;
  readonly explain: (error: unknown) => unknown;
}

/** Writes into the table. Throws UsageError where the location cannot be one. */
export function dynamoDbTracer(location: string, onError: (error: TracelightError) => void): TableTracer {
  const options = parseLocation(location);
  const explain = (error: unknown): unknown => inShell(error, options);
  const told = (error: TracelightError): void => {
    const explained = explain(error);
    onError(explained instanceof TracelightError ? explained : error);
  };
  return { tracer: new DynamoDbTracer({ ...options, onError: told }), explain };
}

class DynamoDbTable implements OpenStore {
  readonly name: string;
  readonly #notes = new Set<string>();
  #leftOut = 0;
  readonly #options: TableOptions;
  readonly #tracer: DynamoDbTracer;

  constructor(location: string) {
    this.#options = parseLocation(location);
    this.name = `dynamodb:${this.#options.tableName}`;
    this.#tracer = new DynamoDbTracer({ ...this.#options, onError: (error) => this.#note(error) });
  }

  /** A listing has what is said of its scan. */
  #note(error: TracelightError): void {
    if (error.code === "INVALID_RECORD") this.#leftOut++;
    if (error.code !== "TABLE_SCAN") this.#notes.add(messageOf(inShell(error, this.#options)));
  }

  /** Rejects as the shell says it. */
  #told<T>(work: Promise<T>): Promise<T> {
    return work.catch((error: unknown) => {
      throw inShell(error, this.#options);
    });
  }

  get notes(): readonly string[] {
    return [...this.#notes];
  }

  get leftOut(): number {
    return this.#leftOut;
  }

  find(query: TraceQuery): Promise<readonly Span[]> {
    return this.#told(this.#tracer.getTraces(query));
  }

  async *iterate(query: TraceQuery): AsyncGenerator<Span> {
    try {
      yield* this.#tracer.iterateTraces(query);
    } catch (error) {
      throw inShell(error, this.#options);
    }
  }

  /** The recent index is used only where it is asked for: one that not all writers fill would hide the others' traces. */
  async summaries(query: SummaryQuery): Promise<SummaryPage> {
    const page = await this.#told(this.#tracer.summaries(query));
    return { ...page, notes: page.notes.map((note) => note.replace(SCAN_MEND, () => this.#scanMend())) };
  }

  #scanMend(): string {
    const { tableName } = this.#options;
    return `dynamodb:${tableName}?recentIndex=true uses one that all tracers fill, and ${createTableLine(this.#options)} --recent-index makes it`;
  }

  async idsByPrefix(prefix: string, limit: number): Promise<readonly FoundId[]> {
    const exact = await this.#exact(prefix);
    if (exact.length > 0) return exact.slice(0, limit);
    const found: FoundId[] = [];
    for (const by of ["trace", "conversation"] as const) {
      const { rows, cursor } = await this.summaries({ by, limit: NEWEST_FOR_PREFIX });
      for (const { id } of rows) if (idText(id).startsWith(prefix)) found.push({ by, id });
      if (cursor !== undefined) {
        this.#notes.add(
          `Only the newest ${NEWEST_FOR_PREFIX} traces and conversations are found by the beginning of their id; others by the whole id.`,
        );
      }
    }
    return found.slice(0, limit);
  }

  async #exact(text: string): Promise<FoundId[]> {
    const candidates: FoundId[] = [
      ...(/^[0-9a-f]{32}$/.test(text) ? [{ by: "trace", id: text } as const] : []),
      ...(text === "" ? [] : [{ by: "conversation", id: text } as const]),
      ...(/^-?\d{1,15}$/.test(text) ? [{ by: "conversation", id: Number(text) } as const] : []),
      ...(/^-?\d{16,1000}$/.test(text) ? [{ by: "conversation", id: BigInt(text) } as const] : []),
    ];
    const found = await Promise.all(candidates.map(async (one) => ((await this.#has(one)) ? [one] : [])));
    return found.flat();
  }

  async #has({ by, id }: FoundId): Promise<boolean> {
    const query = by === "trace" ? { traceId: idText(id) } : { conversation: id };
    return (await this.find({ ...query, limit: 1 })).length > 0;
  }

  /** A span has one key in the table: writing it again changes nothing, so known ones are not counted apart. */
  async importSpans(spans: AsyncIterable<Span>, progress: (done: number) => void): Promise<Imported> {
    let added = 0;
    for await (const span of spans) {
      this.#tracer[OUTLET].accept(span);
      if (++added % IMPORT_BATCH === 0) {
        await this.#deliver();
        progress(added);
      }
    }
    await this.#deliver();
    return { added, known: 0 };
  }

  async #deliver(): Promise<void> {
    const { pending, dropped, failed, errors } = await this.#tracer.flush();
    if (pending + dropped + failed === 0) return;
    const lost = `${pending + dropped + failed} spans could not be written to ${this.name}`;
    this.#notes.clear();
    throw inShell(errors[0], this.#options) ?? new TracelightError("DYNAMODB_FAILED", lost);
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
  return {
    tableName: table,
    ...optional("region", given.get("region")),
    ...optional("endpoint", given.get("endpoint")),
    ...optional("identifier", given.get("identifier")),
    ...optional("conversationIdGsiName", index),
    ...optional("recentIndex", recent === "true" ? true : recent === "false" ? false : recent),
    ...(layout === undefined ? {} : { keyLayout: keyLayoutOf(layout) }),
  };
}

function optional<K extends string, T>(key: K, value: T | undefined): { [P in K]?: T } {
  const given: { [P in K]?: T } = {};
  if (value !== undefined) given[key] = value;
  return given;
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
