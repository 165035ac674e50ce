// What the tests of instrumented clients share: stub servers, and programs that run on Tracelight and on OpenTelemetry's own SDK.
import { createServer, type ServerResponse } from "node:http";
import type { Server, Socket } from "node:net";
import { trace } from "@opentelemetry/api";
import type { SpanProcessor } from "@opentelemetry/sdk-trace-base";
import type { Span } from "tracelight";
import { readSpan } from "tracelight/conventions";
import { expect } from "vitest";
import { said } from "../../conventions/vocabularies.ts";
import { onOpenTelemetry, onTracelight, type Tree, treeOf } from "../support.ts";

/** Runs `use` with the URL of a server on the loopback. */
export async function withServer<T>(server: Server, use: (url: string) => Promise<T>): Promise<T> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  try {
    return await use(`http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`);
  } finally {
    server.close();
    for (const socket of sockets) socket.destroy();
  }
}

/** What a client asked for. */
export type Body = Readonly<Record<string, unknown>>;

/** A server of JSON requests. */
export function stub(answer: (body: Body, response: ServerResponse) => unknown): Server {
  return createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    const body: Body = JSON.parse(text);
    await answer(body, response);
  });
}

/** Answers with JSON. */
export function sendJson(response: ServerResponse, value: object, status: number = 200): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
}

/** Answers with server-sent events; all but the first once the client has used that. */
export async function sendEvents(
  response: ServerResponse,
  [first, ...others]: readonly string[],
  used: Promise<void>,
): Promise<void> {
  response.writeHead(200, { "content-type": "text/event-stream" }).write(first);
  await used;
  response.end(others.join(""));
}

/** What a program can do on either OpenTelemetry. */
export interface Work {
  /** Runs in a span of the program's own. */
  span<T>(name: string, fn: () => Promise<T>): Promise<T>;
  /** The first part of a stream was read: uses it in a span, while the server waits. */
  useFirstPart(): Promise<void>;
  /** For the server: the first part was used. */
  readonly used: Promise<void>;
}

type Program = (work: Work) => Promise<unknown>;

/** The name of the span in which the first part of a stream is used. */
export const FIRST_PART = "use the first part";

/** What a program left behind. */
export interface Outcome {
  readonly tree: Tree;
  readonly spans: readonly Span[];
  /** The names of the spans that ran while the first part of a stream was used. */
  readonly meanwhile: readonly string[];
  /** The row of its trace. */
  readonly row: object | undefined;
  /** What the spans of that name say, in the order in which they began. */
  readings(name: string): readonly object[];
}

/** Runs a program with Tracelight as OpenTelemetry, then on OpenTelemetry's own SDK: both must have the same spans, open as long. */
export async function onBoth(program: Program): Promise<Outcome> {
  const { spans, row, ...ours } = await onOurs(program);
  expect(ours).toEqual(await onTheirs(program));
  const named = (name: string) => spans.filter(({ spanName }) => spanName === name);
  return { ...ours, spans, row, readings: (name) => named(name).map((span) => said(readSpan(span))) };
}

/** The last call of that name was open while its stream was read, and ended later. */
export function expectAsLongAsItsStream({ meanwhile, spans }: Outcome, call: string): void {
  expect(meanwhile).toContain(call);
  const endOf = (name: string) =>
    spans.findLast(({ spanName }) => spanName === name)?.endedAtMicros ?? Number.NaN;
  expect(endOf(call)).toBeGreaterThan(endOf(FIRST_PART));
}

async function onOurs(program: Program) {
  const meanwhile: string[] = [];
  let row: object | undefined;
  const spans = await onTracelight(async (tracer) => {
    const open = () => tracer.openSpans().map(({ spanName }) => spanName);
    await program(
      workWith(
        (name, fn) => tracer.trace(name, fn),
        () => meanwhile.push(...open()),
      ),
    );
    await until(() => open().length === 0);
    [row] = tracer.summaries().rows;
  });
  return { tree: treeOf(spans), meanwhile: meanwhile.sort(), spans, row };
}

async function onTheirs(program: Program) {
  const meanwhile: string[] = [];
  const running = new Running();
  const tree = await onOpenTelemetry(async () => {
    await program(workWith(inSpan, () => meanwhile.push(...running.names.values())));
    await until(() => running.names.size === 0);
  }, [running]);
  return { tree, meanwhile: meanwhile.sort() };
}

function workWith(span: Work["span"], onFirstPart: () => void): Work {
  let release = (): void => undefined;
  const used = new Promise<void>((resolve) => {
    release = resolve;
  });
  const useFirstPart = async (): Promise<void> => {
    onFirstPart();
    await span(FIRST_PART, async () => undefined);
    release();
  };
  return { span, used, useFirstPart };
}

function inSpan<T>(name: string, fn: () => Promise<T>): Promise<T> {
  return trace.getTracer("app").startActiveSpan(name, (span) => fn().finally(() => span.end()));
}

/** Knows the spans that run. */
class Running implements SpanProcessor {
  readonly names = new Map<string, string>();

  onStart: SpanProcessor["onStart"] = (span) => {
    this.names.set(span.spanContext().spanId, span.name);
  };

  onEnd: SpanProcessor["onEnd"] = (span) => {
    this.names.delete(span.spanContext().spanId);
  };

  async forceFlush(): Promise<void> {}

  async shutdown(): Promise<void> {}
}

/** Waits for what comes with a later turn of the event loop. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}
