// An option that is undefined is one that is not given, in types (this file compiles) and in effect.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type AttributeOptions,
  type ContextUpdate,
  HumanReadableTracer,
  type HumanReadableTracerOptions,
  type InMemoryOptions,
  InMemoryTracer,
  type IterableOptions,
  IterableTracer,
  type StructuredLogsOptions,
  StructuredLogsTracer,
  type SummaryQuery,
  type TracedOptions,
  type TraceOptions,
  type TraceQuery,
  traced,
} from "tracelight";
import { DynamoDbTracer, type DynamoDbTracerOptions } from "tracelight/dynamodb";
import {
  extract,
  type OtelExporterOptions,
  OtelExporterTracer,
  type OtelSpanExporter,
} from "tracelight/otel";
import { OtlpTracer, type OtlpTracerOptions } from "tracelight/otlp";
import { SqliteTracer, type SqliteTracerOptions } from "tracelight/sqlite";
import { afterAll, describe, expect, it } from "vitest";
import { StubServer } from "../otlp/support.ts";

/** Options that are all undefined: those by which the compiler sees that every option may be. */
type Undefined<Options> = { readonly [Name in keyof Options]?: undefined };

const TRACER = { onError: undefined, process: undefined, classifyError: undefined } as const;
const DELIVERY = {
  ...{ maxBatchSpans: undefined, maxBatchBytes: undefined, maxBatchAgeMs: undefined },
  ...{ maxQueuedSpans: undefined, maxQueuedBytes: undefined },
  ...{ baseRetryDelayMs: undefined, maxRetryDelayMs: undefined },
  ...{ journal: undefined, maxJournalBytes: undefined },
} as const;
const IN_MEMORY: Undefined<InMemoryOptions> = {
  ...TRACER,
  memorySize: undefined,
  maxSpans: undefined,
  maxBytes: undefined,
};
const LOGS: Undefined<StructuredLogsOptions> = { ...TRACER, stream: undefined };
const ITERABLE: Undefined<IterableOptions> = { ...TRACER, maxQueuedSpans: undefined };
const TEXT: Undefined<HumanReadableTracerOptions> = {
  ...{ ...TRACER, stream: undefined, color: undefined, maxLength: undefined },
  ...{ maxLines: undefined, snapshotEveryMs: undefined },
};
const SQLITE: Undefined<SqliteTracerOptions> = {
  ...{ ...TRACER, path: undefined, identifier: undefined, retention: undefined, durability: undefined },
  ...{ recordStarts: undefined, maxQueuedSpans: undefined, maxQueuedBytes: undefined },
};
const OTLP: Undefined<OtlpTracerOptions> = {
  ...{
    ...TRACER,
    ...DELIVERY,
    maxConcurrency: undefined,
    url: undefined,
    headers: undefined,
    compression: undefined,
  },
  ...{ timeoutMs: undefined, tls: undefined, agent: undefined },
  ...{ encoding: undefined, values: undefined, translate: undefined },
};
const EXPORTER: Undefined<OtelExporterOptions> = {
  ...{ ...TRACER, ...DELIVERY, name: undefined, timeoutMs: undefined },
};
const DYNAMODB: Undefined<Omit<DynamoDbTracerOptions, "tableName">> = {
  ...{
    ...TRACER,
    ...DELIVERY,
    maxConcurrency: undefined,
    client: undefined,
    endpoint: undefined,
    region: undefined,
  },
  ...{ identifier: undefined, conversationIdGsiName: undefined, ttlSeconds: undefined },
  ...{ keyLayout: undefined, recentIndex: undefined, dedupe: undefined },
};
const TRACE: Undefined<TraceOptions> = {
  ...{ spanKind: undefined, parentSpan: undefined, scope: undefined, startedAt: undefined },
  ...{ resourceAttributes: undefined, attributes: undefined, links: undefined, signal: undefined },
};
const TRACED: Undefined<TracedOptions> = { spanKind: undefined, scope: undefined, tracer: undefined };
const CONTEXT: Undefined<ContextUpdate> = {
  ...{ resourceAttributes: undefined, spanAttributes: undefined, scope: undefined },
};
const INHERITABLE: Undefined<AttributeOptions> = { inheritable: undefined };
/** A conversation that is undefined is refused: it would find those of all. */
const QUERY: Undefined<Omit<TraceQuery, "conversation">> = {
  ...{ traceId: undefined, attributeFilter: undefined, identifier: undefined, spanName: undefined },
  ...{ spanStatus: undefined, where: undefined, since: undefined, until: undefined },
  ...{ order: undefined, limit: undefined },
};
const SUMMARIES: Undefined<SummaryQuery> = {
  ...{ attributeFilter: undefined, identifier: undefined, spanName: undefined, spanStatus: undefined },
  ...{ where: undefined, since: undefined, until: undefined },
  ...{ by: undefined, limit: undefined, cursor: undefined },
};

const LINK = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" } as const;
const EXPORTS: OtelSpanExporter = {
  export: (_spans, done) => done({ code: 0, error: undefined }),
  shutdown: async () => undefined,
};

const folder = mkdtempSync(join(tmpdir(), "tracelight-options-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("an option that is undefined is not given", () => {
  it.each([
    ["InMemoryTracer", () => new InMemoryTracer(IN_MEMORY)],
    ["StructuredLogsTracer", () => new StructuredLogsTracer(LOGS)],
    ["IterableTracer", () => new IterableTracer(ITERABLE)],
    ["HumanReadableTracer", () => new HumanReadableTracer(TEXT)],
    ["SqliteTracer", () => new SqliteTracer({ ...SQLITE, path: join(folder, "options.db") })],
    ["OtlpTracer", () => new OtlpTracer(OTLP)],
    ["OtelExporterTracer", () => new OtelExporterTracer(EXPORTS, EXPORTER)],
    ["DynamoDbTracer", () => new DynamoDbTracer({ ...DYNAMODB, tableName: "MyTracesTable" })],
  ] as const)("to %s", async (_name, make) => {
    const { pending } = await make().close();
    expect(pending).toBe(0);
  });

  it("to a span, a context, a query, a traced function", async () => {
    const tracer = new InMemoryTracer();
    tracer.setContext({ scope: { name: "mine", version: undefined }, spanAttributes: { kept: 1 } });
    tracer.setContext(CONTEXT);
    tracer.trace("outer", () => {
      tracer.trace("inner", { ...TRACE, parentSpan: extract({}) }, (span) => {
        span
          .addAttribute("own", 1, INHERITABLE)
          .addLink({ ...LINK, attributes: undefined })
          .addEvent("seen", undefined);
      });
      tracer.run(
        tracer.currentSpan ?? null,
        traced("tool", { ...TRACED, tracer })(() => undefined),
      );
    });
    const [outer, ...below] = tracer.getTraces(QUERY);
    expect(below.map(({ spanName }) => spanName)).toEqual(["inner", "tool"]);
    for (const span of below) {
      expect(span).toMatchObject({
        parentSpanId: outer?.spanId,
        spanKind: "INTERNAL",
        attributes: { kept: 1 },
      });
      expect(span.scope).toEqual({ name: "mine" });
    }
    expect(below[0]?.links).toEqual([LINK]);
  });

  it("to a listing", async () => {
    const tracer = new SqliteTracer({ path: join(folder, "listing.db") });
    tracer.trace("listed", () => undefined);
    expect((await tracer.summaries(SUMMARIES)).rows).toHaveLength(1);
    await tracer.close();
  });

  it("to what is spread over what was found elsewhere", async () => {
    const server = await new StubServer().start();
    const tracer = OtlpTracer.fromEnv(
      { OTEL_EXPORTER_OTLP_ENDPOINT: server.url.replace("/v1/traces", "") },
      OTLP,
    );
    tracer.trace("sent", () => undefined);
    await tracer.close();
    expect(server.names()).toEqual(["sent"]);
  });
});
