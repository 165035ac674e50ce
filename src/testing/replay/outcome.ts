// How a recorded call went: what failed, and how long it took.
import { fields } from "../../agents/dialects/values.ts";
import { NAMES } from "../../conventions/names.ts";
import { readSpan } from "../../conventions/reading.ts";
import { wordsIn } from "../../conventions/values.ts";
import { failureOf } from "../../model/failure.ts";
import type { SpanFields } from "../../model/span-fields.ts";
import type { RecordedPace } from "./streamed.ts";
import type { Failure } from "./wires/wire.ts";

/** How a recorded call failed; undefined where it did not, or was called off. */
export function failureIn(span: SpanFields): Failure | undefined {
  const { error, errorDetails, aborted } = readSpan(span);
  if (error === undefined || aborted) return undefined;
  const details = fields(errorDetails) ?? {};
  const given = span.attributes["http.response.status_code"] ?? details["status"];
  const status = typeof given === "number" && given >= 400 ? given : undefined;
  const code = details["code"];
  return {
    // Adapters put the status before what was said.
    message: status === undefined ? error : error.replace(new RegExp(`^${status} `), ""),
    status,
    code: typeof code === "string" || typeof code === "number" ? code : undefined,
    type: wordsIn(details["type"]),
  };
}

/** How long a recorded call took. */
export function paceOf(span: SpanFields): RecordedPace {
  const { startedAtMicros: start, endedAtMicros: end = start } = span;
  const wholeMs = (end - start) / 1000;
  return { wholeMs, firstMs: Math.min(readSpan(span).timeToFirstTokenMs ?? wholeMs, wholeMs) };
}

/** What a recorded call of a tool gave; throws what it threw. */
export function toolOutcome(span: SpanFields): unknown {
  const failure = failureOf(span);
  if (failure !== undefined) throw errorIn(span, failure);
  const { vocabulary, tool } = readSpan(span);
  return vocabulary === "tracelight" ? span.attributes[NAMES.toolOutput] : tool?.result;
}

/** The error that a recorded call ended with, of the class that it had by name. */
export function errorIn({ attributes }: SpanFields, message: string): Error {
  const error = new Error(message);
  error.name = wordsIn(attributes[NAMES.exceptionType]) ?? error.name;
  return error;
}
