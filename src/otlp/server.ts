// A small HTTP server around a handler of Request and Response, for receivers that run by themselves.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { UnderlyingSource } from "node:stream/web";
import { errorCode } from "../model/errors.ts";
import { checkOptions, is } from "../model/options.ts";
import { clearTimeout, setTimeout } from "../model/timers.ts";
import { listenAt } from "./listening.ts";

/** Options of `serveOtlp`. */
export interface ServeOptions {
  /** Default 4318, where OpenTelemetry's senders look. 0 takes any that is free. */
  readonly port?: number | undefined;
  /** Default `localhost`: this machine only, by IPv4 (`127.0.0.1`) and, where it has that, IPv6 (`::1`). */
  readonly host?: string | undefined;
  /**
   * Told of each connection that brings no HTTP/1.1, such as one of gRPC or TLS: what it is, and how to mend it. These never
   * reach the handler. Default: nobody is.
   */
  readonly onStranger?: ((what: string) => void) | undefined;
}

/** A server that runs. */
export interface OtlpServer extends AsyncDisposable {
  /** `http://host:port`; for `localhost` that of IPv4, which is everywhere. */
  readonly url: string;
  /** Where it listens. */
  readonly port: number;
  /** Takes no more, lets requests under way come to their end for a second, and stops. */
  close(): Promise<void>;
}

/**
 * Serves a handler, such as an `otlpReceiver`, over HTTP: on this machine only, unless told.
 *
 * @example
 * ```ts
 * const server = await serveOtlp(otlpReceiver(new HumanReadableTracer()), { port: 0 });
 * await server.close();
 * ```
 *
 * @throws (rejects) TracelightError `INVALID_OPTION`; `LISTEN_FAILED` where the port is taken.
 */
export async function serveOtlp(
  handler: (request: Request) => Promise<Response>,
  options: ServeOptions = {},
): Promise<OtlpServer> {
  checkOptions(options, { owner: "serveOtlp", checks: { port: isPort, host: is.text, onStranger: is.fn } });
  const { port = 4318, host = "localhost", onStranger = () => undefined } = options;
  const make = (): Server => {
    const server = createServer(
      SERVER_OPTIONS,
      (incoming, outgoing) => void serve(handler, incoming, outgoing),
    );
    server.on("clientError", (error, socket) => turnAway(error, socket, onStranger));
    return server;
  };
  const { servers, url, port: taken } = await listenAt(host, port, make);
  const close = async (): Promise<void> => void (await Promise.all(servers.map(closed)));
  return { url, port: taken, close, [Symbol.asyncDispose]: close };
}

/** As Node does by itself: a bare answer, unless one is under way. */
function turnAway(error: Error, socket: Duplex, onStranger: (what: string) => void): void {
  const what = strangerOf(error);
  if (what !== undefined) onStranger(what);
  const isAnswered = "bytesWritten" in socket && socket.bytesWritten !== 0;
  if (!socket.writable || isAnswered) return void socket.destroy();
  const status = BARE_ANSWERS.get(errorCode(error) ?? "") ?? "400 Bad Request";
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`, () => socket.destroy());
}

/** Undefined where it is only slow, or gone. */
function strangerOf(error: Error): string | undefined {
  const code = errorCode(error) ?? "";
  if (!code.startsWith("HPE_") || code === "HPE_INVALID_EOF_STATE") return undefined;
  if (code === "HPE_PAUSED_H2_UPGRADE") {
    return "a gRPC or HTTP/2 client: this port speaks HTTP/1.1; use OTLP over HTTP (http/protobuf)";
  }
  const packet = "rawPacket" in error ? error.rawPacket : undefined;
  if (packet instanceof Uint8Array && packet[0] === TLS_HANDSHAKE) {
    return "a TLS client: this port speaks plain HTTP; use http:// and not https://";
  }
  return `what is no HTTP/1.1 request (${code})`;
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), CLOSE_MS);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    server.closeIdleConnections();
  });
}

async function serve(
  handler: (request: Request) => Promise<Response>,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  // A sender that is gone is no fault.
  outgoing.on("error", () => undefined);
  try {
    await respond(await handler(requestOf(incoming)), outgoing);
  } catch {
    if (!outgoing.headersSent) outgoing.writeHead(400);
    outgoing.end();
  } finally {
    // Else what was not read would stand before the connection's next request.
    drain(incoming);
  }
}

/** Whole, with its length; or piece by piece where there may be no end to it. */
async function respond(response: Response, outgoing: ServerResponse): Promise<void> {
  const { status, body } = response;
  const headers = Object.fromEntries(response.headers);
  if (body !== null && STREAMED.test(headers["content-type"] ?? "")) {
    outgoing.writeHead(status, headers).flushHeaders();
    return pour(body, outgoing);
  }
  const whole = Buffer.from(await response.arrayBuffer());
  const length = status === 204 || status === 304 ? {} : { "content-length": whole.byteLength };
  outgoing.writeHead(status, { ...headers, ...length }).end(whole);
}

/** No faster than it is read; who does not read any more ends it. */
async function pour(body: ReadableStream<Uint8Array>, outgoing: ServerResponse): Promise<void> {
  const reader = body.getReader();
  outgoing.on("close", () => void reader.cancel().catch(() => undefined));
  for (;;) {
    const { value, done } = await reader.read();
    if (done || outgoing.destroyed) break;
    if (!outgoing.write(value)) await drained(outgoing);
  }
  outgoing.end();
}

function drained(outgoing: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      outgoing.off("drain", done).off("close", done);
      resolve();
    };
    outgoing.on("drain", done).on("close", done);
    if (outgoing.destroyed) done();
  });
}

/** Throws where it cannot be one: a method or a URL that no client of ours sends. */
function requestOf(incoming: IncomingMessage): Request {
  const { method = "GET", headers: raw } = incoming;
  const headers = new Headers();
  for (const name of PASSED) {
    const value = raw[name];
    if (typeof value === "string") headers.set(name, value);
  }
  const target = incoming.url ?? "/";
  // Put together by hand: in a target such as "//v1/traces", v1 would be taken for a host.
  const url = target.startsWith("/")
    ? new URL(`http://localhost${target}`)
    : new URL(target, "http://localhost");
  if (method === "GET" || method === "HEAD") return new Request(url, { method, headers });
  return new Request(url, { method, headers, body: bodyOf(incoming), duplex: "half" });
}

/** The body as it comes. Node's own adapter ends the connection where a body is not read to its end, answer and all. */
function bodyOf(incoming: IncomingMessage): ReadableStream<Uint8Array> {
  const source: UnderlyingSource<Uint8Array> = {
    start(controller) {
      incoming.on("data", (chunk: Uint8Array) => {
        controller.enqueue(chunk);
        if ((controller.desiredSize ?? 0) <= 0) incoming.pause();
      });
      incoming.on("end", () => controller.close());
      incoming.on("error", (error) => controller.error(error));
    },
    pull: () => void incoming.resume(),
    cancel: () => drain(incoming),
  };
  return new ReadableStream(source, new ByteLengthQueuingStrategy({ highWaterMark: MAX_AHEAD_BYTES }));
}

function drain(incoming: IncomingMessage): void {
  incoming.removeAllListeners("data").removeAllListeners("end");
  incoming.resume();
}

function isPort(value: unknown): string | undefined {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 65_535
    ? undefined
    : "a whole number from 0 to 65535";
}

/** Senders that never come to an end are cut off; one that waits for its next spans is not, or it would meet a closed connection. */
const SERVER_OPTIONS = { headersTimeout: 10_000, requestTimeout: 60_000, keepAliveTimeout: 300_000 };
const CLOSE_MS = 1000;
const BARE_ANSWERS: ReadonlyMap<string, string> = new Map([
  ["HPE_HEADER_OVERFLOW", "431 Request Header Fields Too Large"],
  ["HPE_CHUNK_EXTENSIONS_OVERFLOW", "413 Payload Too Large"],
  ["ERR_HTTP_REQUEST_TIMEOUT", "408 Request Timeout"],
]);
/** The first byte of what a TLS client sends. */
const TLS_HANDSHAKE = 0x16;
const MAX_AHEAD_BYTES = 256 * 1024;
/** What comes as it happens. */
const STREAMED = /^(?:text\/event-stream|application\/x-ndjson)\b/;
const PASSED = [
  ...(["host", "authorization", "cookie", "accept-encoding", "if-none-match", "last-event-id"] as const),
  ...(["sec-fetch-site", "sec-fetch-mode"] as const),
  ...(["content-type", "content-encoding", "content-length", "origin"] as const),
  ...(["access-control-request-headers", "access-control-request-private-network"] as const),
];
