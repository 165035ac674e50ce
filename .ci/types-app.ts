// A strict TypeScript program with exact optional properties, compiled by each TypeScript in each way of resolving modules.
import { InMemoryTracer, type Sink, TracelightError, type TraceQuery, Tracer, traced } from "tracelight";
import { readSpan } from "tracelight/conventions";
import { DynamoDbTracer } from "tracelight/dynamodb";
import { extract, inject, registerTracer } from "tracelight/otel";
import { OtlpTracer } from "tracelight/otlp";
import { SqliteTracer } from "tracelight/sqlite";
import { expectTraces } from "tracelight/testing";

const tracer = new InMemoryTracer({
  memorySize: undefined,
  onError: ({ code, message }) => void [code, message],
});
// What a header or the environment may lack is given as it is.
const answer: number = tracer.trace("turn", { parentSpan: extract({}), scope: undefined }, (span) => {
  span.addAttribute("a", 1, { inheritable: undefined }).end(undefined);
  return 42;
});
const otlp = new OtlpTracer({
  url: process.env["OTLP_URL"],
  headers: undefined,
  journal: process.env["JOURNAL"],
});
const sqlite = new SqliteTracer({ path: process.env["TRACES"], retention: { maxAgeDays: undefined } });
const query: TraceQuery = { traceId: process.env["TRACE_ID"], limit: undefined };
const sink: Sink = { name: "mine", write: (span) => void readSpan(span) };
const tool = traced("tool", { tracer: undefined, spanKind: "CLIENT" })((text: string) => text.length);
const error = new TracelightError("MINE", "mine", { cause: new Error("below") });
const carrier: Record<string, string> = inject({}, tracer.currentSpan);
// @ts-expect-error: an option that is unknown
new Tracer(sink, { onFault: undefined });
// @ts-expect-error: an option of another type
new SqliteTracer({ path: 1 });

export { answer, carrier, DynamoDbTracer, error, expectTraces, otlp, query, registerTracer, sqlite, tool };
