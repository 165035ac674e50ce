// Writes each span as one line of JSON, in the Python toolkit's form, so that log queries work on both.

import { asciiJson } from "../model/escape.ts";
import { wellFormedJson } from "../model/json-strings.ts";
import { checkOptions } from "../model/options.ts";
import { encodeLogTrace } from "../model/record.ts";
import { fieldsWith, type SpanFields } from "../model/span-fields.ts";
import { lossyValue } from "../model/values.ts";
import { attributesIn, hasManyAttributes } from "../tracing/many-attributes.ts";
import type { DeliveryReport, FaultReporter, FlushOptions, Sink } from "../tracing/sink.ts";
import type { Span } from "../tracing/span.ts";
import { Tracer } from "../tracing/tracer.ts";
import { TRACER_OPTION_CHECKS, type TracerOptions } from "../tracing/tracer-options.ts";
import { STREAM_CHECK, TextStream, type TextTarget } from "./text-stream.ts";

/** Options of `StructuredLogsTracer`. */
export interface StructuredLogsOptions extends TracerOptions {
  /** Default process.stdout. */
  readonly stream?: TextTarget | undefined;
}

/**
 * Writes one JSON line a span: `{"logger":"TraceLogger","level":"INFO","message":"Trace","trace":{…}}`. Values that JSON
 * lacks become text; the record (`JSON.stringify(span)`) is the lossless form.
 *
 * @throws TracelightError `INVALID_OPTION`
 */
export class StructuredLogsTracer extends Tracer {
  constructor(options: StructuredLogsOptions = {}) {
    checkOptions(options, {
      owner: "StructuredLogsTracer",
      checks: { ...TRACER_OPTION_CHECKS, ...STREAM_CHECK },
    });
    const { stream, ...rest } = options;
    super(new StructuredLogsSink(options), rest);
  }
}

class StructuredLogsSink implements Sink {
  readonly name = "structured-logs";
  readonly #stream: TextStream;

  constructor(options: StructuredLogsOptions) {
    this.#stream = new TextStream(options.stream ?? process.stdout);
  }

  attach(to: FaultReporter): void {
    this.#stream.attach(to);
  }

  write(span: Span): void {
    this.#stream.write(`${logLine(span)}\n`);
  }

  flush({ timeoutMs }: FlushOptions): Promise<DeliveryReport> {
    return this.#stream.flush(timeoutMs);
  }

  report(): DeliveryReport {
    return this.#stream.report();
  }
}

function logLine(span: Span): string {
  return asciiJson(wellFormedJson(hasManyAttributes(span) ? jsonOfMany(span) : jsonOf(span)));
}

function jsonOf(span: SpanFields): string {
  return JSON.stringify({
    logger: "TraceLogger",
    level: "INFO",
    message: "Trace",
    trace: encodeLogTrace(span),
  });
}

/** The same, with the attributes written one by one: two objects of very many take several times as long. */
function jsonOfMany(span: Span): string {
  const members: string[] = [];
  for (const [key, value] of attributesIn(span)) {
    members.push(`${JSON.stringify(key)}:${JSON.stringify(lossyValue(value))}`);
  }
  // Within a text of JSON such quotes would be escaped, so that the first is the right one.
  return jsonOf(fieldsWith({}, span)).replace('"attributes":{}', () => `"attributes":{${members.join(",")}}`);
}
