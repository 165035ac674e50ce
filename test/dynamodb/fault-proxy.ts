// A proxy that puts between the AWS SDK and the emulator what a real DynamoDB does now and then.
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** How often each fault happens, from 0 to 1. */
export interface Faults {
  /** ProvisionedThroughputExceededException for the whole request. */
  throttled?: number;
  /** About half of a BatchWriteItem comes back as UnprocessedItems. */
  unprocessed?: number;
  /** The connection breaks before the request is served. */
  reset?: number;
  /** The connection breaks after the request was served: the client cannot know. */
  resetAfter?: number;
  /** InternalServerError. */
  failing?: number;
  /** Half of an answer, then the end. */
  torn?: number;
  /** ExpiredTokenException. */
  expired?: number;
  /** The request is never answered. */
  hang?: number;
  /** Milliseconds before each answer. */
  slowMs?: number;
  /** Nothing is answered. */
  down?: boolean;
  /** What becomes of each request that has this text in it. */
  poison?: { readonly text: string; readonly with: "reset" | readonly [status: number, type: string] };
}

/** A running proxy. `faults` may be changed at any time. */
export interface FaultProxy {
  readonly endpoint: string;
  faults: Faults;
  /** Requests seen, by operation. */
  readonly requests: Map<string, number>;
  close(): Promise<void>;
}

/** Starts a proxy in front of an emulator. The same seed gives the same faults. */
export async function startFaultProxy(target: string, faults: Faults, seed = 1): Promise<FaultProxy> {
  const random = generator(seed);
  const requests = new Map<string, number>();
  const server = createServer((incoming, response) => void serve(incoming, response));
  const proxy: FaultProxy = {
    endpoint: "",
    faults,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };

  async function serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const operation = String(incoming.headers["x-amz-target"]).split(".")[1] ?? "";
    requests.set(operation, (requests.get(operation) ?? 0) + 1);
    const body = await textOf(incoming);
    const happens = (chance = 0): boolean => random() < chance;
    const { slowMs = 0, down, poison, ...chances } = proxy.faults;
    if (slowMs > 0) await new Promise((resolve) => setTimeout(resolve, slowMs));
    if (down === true || happens(chances.reset)) return void incoming.socket.destroy();
    if (poison !== undefined && body.includes(poison.text)) {
      if (poison.with === "reset") return void incoming.socket.destroy();
      return fault(response, ...poison.with);
    }
    if (happens(chances.hang)) return;
    if (happens(chances.throttled)) return fault(response, 400, "ProvisionedThroughputExceededException");
    if (happens(chances.expired)) return fault(response, 400, "ExpiredTokenException");
    if (happens(chances.failing)) return fault(response, 500, "InternalServerError");
    const isPartial = operation === "BatchWriteItem" && happens(chances.unprocessed);
    const [forwarded, kept] = isPartial ? split(body) : [body, undefined];
    const answer = forwarded === "" ? emptyAnswer : await forward(target, incoming, forwarded);
    if (happens(chances.resetAfter)) return void incoming.socket.destroy();
    const text = kept === undefined ? answer.text : withUnprocessed(answer.text, kept);
    send(response, answer.status, text, happens(chances.torn));
  }

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return Object.assign(proxy, { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

const emptyAnswer: Answer = { status: 200, text: "{}" };

type Requests = Record<string, unknown[]>;

/** The half of a batch that is served, and the half that is not. */
function split(body: string): [string, Requests] {
  const json = JSON.parse(body) as { RequestItems: Requests };
  const served: Requests = {};
  const kept: Requests = {};
  for (const [table, items] of Object.entries(json.RequestItems)) {
    const middle = Math.floor(items.length / 2);
    if (middle > 0) served[table] = items.slice(0, middle);
    kept[table] = items.slice(middle);
  }
  return [Object.keys(served).length === 0 ? "" : JSON.stringify({ ...json, RequestItems: served }), kept];
}

function withUnprocessed(text: string, kept: Requests): string {
  return JSON.stringify({ ...JSON.parse(text), UnprocessedItems: kept });
}

function forward(target: string, incoming: IncomingMessage, body: string): Promise<Answer> {
  return new Promise((resolve) => {
    const headers = { ...incoming.headers, "content-length": String(Buffer.byteLength(body)) };
    const outgoing = request(target, { method: "POST", headers }, async (answer) => {
      resolve({ status: answer.statusCode ?? 500, text: await textOf(answer) });
    });
    outgoing.on("error", (error) =>
      resolve({ status: 500, text: JSON.stringify({ message: error.message }) }),
    );
    outgoing.end(body);
  });
}

function fault(response: ServerResponse, status: number, type: string): void {
  send(
    response,
    status,
    JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${type}`, message: type }),
    false,
  );
}

function send(response: ServerResponse, status: number, text: string, isTorn: boolean): void {
  response.writeHead(status, {
    "content-type": "application/x-amz-json-1.0",
    "content-length": Buffer.byteLength(text),
  });
  if (!isTorn) return void response.end(text);
  response.write(text.slice(0, text.length / 2));
  setTimeout(() => response.destroy(), 5);
}

async function textOf(stream: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

/** mulberry32 */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
