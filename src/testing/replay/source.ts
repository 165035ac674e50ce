// Where a recording comes from: spans, a store, or a file of records, log lines or OTLP.
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { isAtif } from "../../exchange/atif.ts";
import { errorCode, TracelightError } from "../../model/errors.ts";
import { parsePythonJson } from "../../model/python-json.ts";
import type { TraceQuery } from "../../model/query.ts";
import { inStartOrder } from "../../model/query.ts";
import { decodeRecord } from "../../model/record-decoder.ts";
import type { SpanFields } from "../../model/span-fields.ts";
import { decodeJsonRequest } from "../../otlp/json-request.ts";
import { readable } from "../../tracing/readable.ts";
import type { TracerReads } from "../../tracing/reads.ts";
import type { ReadableStore } from "../../tracing/store.ts";

/** A store, and which of its spans are the recording: `{ store: tracer, traceId: "…" }`. */
export interface StoredRecording extends TraceQuery {
  /** A tracer that can be read, or its store. */
  readonly store: ReadableStore | TracerReads;
}

/** What can be replayed: spans, a store with a query, or the path of a file. */
export type ReplaySource = string | URL | readonly SpanFields[] | StoredRecording;

/** The spans, each once and in start order, and the file that they come from. `mayLack`: the file need not be there. */
export async function spansOf(
  source: ReplaySource,
  mayLack: boolean,
): Promise<{ readonly spans: readonly SpanFields[]; readonly file: string | undefined }> {
  if (typeof source === "string" || source instanceof URL) {
    const file = source instanceof URL || source.startsWith("file:") ? fileURLToPath(source) : source;
    return { spans: eachOnce(spansIn(await textOf(file, mayLack), file)), file };
  }
  if (!("store" in source)) return { spans: eachOnce(source), file: undefined };
  const { store, ...query } = source;
  return { spans: eachOnce(await readable(store).find(query)), file: undefined };
}

/** Cassettes that were merged may have a record twice. */
function eachOnce(spans: readonly SpanFields[]): readonly SpanFields[] {
  return inStartOrder([...new Map(spans.map((span) => [span.traceId + span.spanId, span])).values()]);
}

async function textOf(file: string, mayLack: boolean): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    const isMissing = errorCode(error) === "ENOENT";
    if (isMissing && mayLack) return "";
    throw new TracelightError(
      isMissing ? "STORE_NOT_FOUND" : "STORE_UNREADABLE",
      isMissing ? `There is no file ${file} to replay.` : `${file} cannot be read.`,
      { cause: error },
    );
  }
}

/** One JSON text, or one a line. */
function spansIn(text: string, file: string): readonly SpanFields[] {
  if (text.startsWith("SQLite format 3"))
    throw invalid(file, 1, 'it is a SQLite file: give { store: new SqliteTracer({ path }), traceId: "…" }');
  const whole = parsedOr(text);
  if (whole !== undefined) return spansInJson(whole, { text, file, line: 1 });
  return text.split("\n").flatMap((line, i) => {
    if (line.trim() === "") return [];
    const json = parsedOr(line);
    if (json === undefined) throw invalid(file, i + 1, "it is no JSON");
    return spansInJson(json, { text: line, file, line: i + 1 });
  });
}

interface JsonSource {
  readonly text: string;
  readonly file: string;
  readonly line: number;
}

function spansInJson(json: unknown, place: JsonSource): readonly SpanFields[] {
  if (Array.isArray(json)) return json.flatMap((one) => spansInJson(one, { ...place, text: "" }));
  if (typeof json !== "object" || json === null) throw invalid(place.file, place.line, "it is no record");
  if ("resourceSpans" in json) return decodeJsonRequest(place.text || JSON.stringify(json)).spans;
  if (isAtif(json))
    throw invalid(place.file, place.line, "a trajectory of ATIF does not say what each model call was asked");
  try {
    return [decodeRecord("trace" in json ? json.trace : json)];
  } catch (error) {
    throw invalid(place.file, place.line, "it is no record", error);
  }
}

/** Numbers of our own records are doubles; elsewhere they may be Python's. Undefined where it is no JSON. */
function parsedOr(text: string): unknown {
  try {
    return text.includes('"record_version"') ? JSON.parse(text) : parsePythonJson(text);
  } catch {
    return undefined;
  }
}

function invalid(file: string, line: number, why: string, cause?: unknown): TracelightError {
  return new TracelightError("INVALID_RECORD", `Line ${line} of ${file} cannot be replayed: ${why}.`, {
    cause,
  });
}
