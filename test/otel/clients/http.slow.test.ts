// OpenTelemetry's instrumentation of Node's `http`, through `registerTracer` and inside its own SDK.
import type { RequestListener } from "node:http";
import { createRequire } from "node:module";
import { context, SpanKind, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { HttpInstrumentation } from "@opentelemetry/instrumentation-http";
import { BasicTracerProvider } from "@opentelemetry/sdk-trace-base";
import { InMemoryTracer, type Span } from "tracelight";
import {
  OtelExporterTracer,
  type OtelReadableSpan,
  type OtelSpanExporter,
  registerTracer,
  TracelightSpanProcessor,
} from "tracelight/otel";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { disableAll } from "../support.ts";
import { until, withServer } from "./support.ts";

/** Asked for after the instrumentation is there, which changes what is required from then on. */
let http: typeof import("node:http");
let tracer: InMemoryTracer;
let undo: () => void;

beforeAll(() => {
  new HttpInstrumentation().enable();
  http = createRequire(import.meta.url)("http");
});
beforeEach(() => {
  tracer = new InMemoryTracer();
  undo = registerTracer(tracer);
});
afterEach(() => {
  undo();
  disableAll();
});

const named = (name: string): Span =>
  tracer.getTraces().find((span) => span.spanName === name) ?? expect.fail(`no span ${name}`);

describe("@opentelemetry/instrumentation-http", () => {
  it("a client below our span, its server below it, our span below that: one tree by traceparent", async () => {
    const handle: RequestListener = (_request, response) =>
      response.end(tracer.trace("handle", () => "done"));
    await withServer(http.createServer(handle), (url) =>
      tracer.trace("turn", async () => {
        expect(await get(url)).toBe("done");
        tracer.trace("after", () => undefined);
      }),
    );
    const client = tracer.getTraces().find(({ spanKind }) => spanKind === "CLIENT");
    const server = tracer.getTraces().find(({ spanKind }) => spanKind === "SERVER");
    expect(client?.parentSpanId).toBe(named("turn").spanId);
    expect(server?.parentSpanId).toBe(client?.spanId);
    expect(named("handle").parentSpanId).toBe(server?.spanId);
    expect(named("after").parentSpanId).toBe(named("turn").spanId);
    expect(new Set(tracer.getTraces().map(({ traceId }) => traceId)).size).toBe(1);
    expect(client?.scope.name).toBe("@opentelemetry/instrumentation-http");
  });

  it.each([
    ["of a registered tracer", (to: OtelExporterTracer) => registerTracer(to)],
    ["inside somebody's SDK", inSdk],
  ])("makes no spans of the requests that deliver spans, %s", async (_name, install) => {
    undo();
    const delivered: string[] = [];
    await withServer(
      http.createServer((_request, response) => response.end("taken")),
      async (url) => {
        const exporter = posting(url, delivered);
        const to = new OtelExporterTracer(exporter, { maxBatchAgeMs: 0 });
        undo = install(to);
        const before = delivered.length;
        await get(`${url}/app`);
        await until(() => delivered.length >= before + 2);
        for (let i = 0; i < 5; i++) await to.flush();
        expect(delivered).toContain("GET SERVER");
        expect(delivered.filter((name) => name === "GET CLIENT")).toHaveLength(1);
      },
    );
  });
});

/** An exporter that sends each batch by a request of the instrumented client. */
function posting(url: string, delivered: string[]): OtelSpanExporter {
  return {
    export: (spans, done) => {
      // The server is no other process here: its own spans of deliveries would be delivered in turn.
      const mine = spans.filter((span) => span.kind === SpanKind.CLIENT || !isDelivery(span));
      for (const { name, kind } of mine)
        delivered.push(`${name} ${kind === SpanKind.CLIENT ? "CLIENT" : "SERVER"}`);
      if (mine.length === 0) return done({ code: 0 });
      get(`${url}/deliver`).then(() => done({ code: 0 }));
    },
    shutdown: async () => undefined,
  };
}

function isDelivery({ attributes }: OtelReadableSpan): boolean {
  return [attributes["http.target"], attributes["url.path"]].includes("/deliver");
}

function inSdk(to: OtelExporterTracer): () => void {
  const spanProcessors = [new TracelightSpanProcessor(to)];
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors }));
  return disableAll;
}

function get(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = http.get(url, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text) => (body += text));
      response.on("end", () => resolve(body));
    });
    request.on("error", reject);
  });
}
