// What the OTLP tests share: servers that take spans and answer as they are told, and tracers that go away.
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import type { TracelightError } from "tracelight";
import { OtlpTracer, type OtlpTracerOptions } from "tracelight/otlp";
import { onTestFinished } from "vitest";
import { decodeProtobuf } from "./independent-decoder.ts";

/** What a server answers. A number is a status without a body; "cut" ends the connection, "hang" never answers. */
export type Reply =
  | number
  | "cut"
  | "hang"
  | {
      readonly status: number;
      readonly headers?: Record<string, string>;
      readonly body?: string | Uint8Array;
    };

/** A request as it came, its body unpacked. */
export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** An OTLP server that keeps what it took. */
export class StubServer {
  /** All requests, those refused too. */
  readonly requests: Received[] = [];
  /** Those that were answered with a 2xx. */
  readonly taken: Received[] = [];
  /** What becomes of a request. Default: 200. */
  reply: (request: Received, index: number) => Reply = () => 200;
  /** How long it thinks about each answer. */
  delayMs = 0;
  mostAtOnce = 0;
  #underWay = 0;
  readonly #server: Server = createServer((incoming, outgoing) => {
    bodyOf(incoming).then(
      (body) => {
        const packed = incoming.headers["content-encoding"] === "gzip";
        const { headers, url: path = "" } = incoming;
        const request = { path, headers, body: packed ? gunzipSync(body) : body };
        const reply = this.reply(request, this.requests.length);
        this.requests.push(request);
        if (reply === "hang") return;
        outgoing.on("close", () => this.#underWay--);
        this.mostAtOnce = Math.max(this.mostAtOnce, ++this.#underWay);
        if (reply === "cut") return void incoming.socket.destroy();
        const answer = typeof reply === "number" ? { status: reply } : reply;
        if (answer.status < 300) this.taken.push(request);
        setTimeout(() => outgoing.writeHead(answer.status, answer.headers).end(answer.body), this.delayMs);
      },
      () => undefined,
    );
  });

  get url(): string {
    return `http://127.0.0.1:${portOf(this.#server.address())}/v1/traces`;
  }

  async start(port = 0): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(port, "127.0.0.1", resolve));
    onTestFinished(() => this.stop());
    return this;
  }

  /** Answers what it has begun to take, and is away. */
  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    while (this.#underWay > 0) await new Promise((resolve) => setTimeout(resolve, 1));
    this.#server.closeAllConnections();
    await closed;
  }

  /** The names of the spans that were taken, in the order in which they came. */
  names(): string[] {
    return this.taken.flatMap(({ body }) => namesIn(body));
  }

  /** Their ids, in the same order. */
  ids(): string[] {
    return this.taken.flatMap(({ body }) =>
      decodeProtobuf(body).map(({ span }) => `${span["traceId"]}${span["spanId"]}`),
    );
  }
}

/** The names of a protobuf request's spans. */
export function namesIn(body: Uint8Array): string[] {
  return decodeProtobuf(body).map(({ name }) => name);
}

async function bodyOf(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function portOf(address: AddressInfo | string | null): number {
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** A tracer that does not wait long and is closed after the test, and the faults it told. */
export function tracerTo(
  url: string,
  options: OtlpTracerOptions = {},
): { tracer: OtlpTracer; told: TracelightError[] } {
  const told: TracelightError[] = [];
  const tracer = new OtlpTracer({
    ...{
      url,
      baseRetryDelayMs: 1,
      maxRetryDelayMs: 20,
      onError: (error: TracelightError) => told.push(error),
    },
    ...options,
  });
  // Not awaited: what waits for a server that is not there would be waited for.
  onTestFinished(() => void tracer.close({ timeoutMs: 0 }));
  return { tracer, told };
}

/** Ends so many spans named `name-0`, `name-1`, …, in one go. */
export function endSpans(tracer: OtlpTracer, count: number, name = "span"): string[] {
  const names = Array.from({ length: count }, (_, i) => `${name}-${i}`);
  for (const one of names) tracer.startSpan(one).end();
  return names;
}
