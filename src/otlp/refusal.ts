// Why a request is refused: an HTTP status, a sentence, and the answer made of them.
import { messageText } from "../model/escape.ts";
import type { OtlpEncoding } from "./codec.ts";
import { encodeStatus } from "./status.ts";

/** Thrown wherever a request cannot be served. */
export class Refusal extends Error {
  override readonly name: string = "Refusal";
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(messageText(message));
    this.status = status;
    this.headers = headers;
  }
}

/** A refusal that is over soon: OTLP's senders keep their spans and come again. */
export function busy(message: string): Refusal {
  return new Refusal(503, message, { "retry-after": "1" });
}

/** The answer to what was refused, in kind. */
export function refusalResponse({ status, message, headers }: Refusal, encoding: OtlpEncoding): Response {
  return answer(
    status,
    encoding,
    encodeStatus(encoding, { code: RPC_CODES.get(status) ?? UNKNOWN, message }),
    headers,
  );
}

/** An answer in protobuf or JSON. */
export function answer(
  status: number,
  encoding: OtlpEncoding,
  body: Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): Response {
  const contentType = encoding === "json" ? "application/json" : "application/x-protobuf";
  // Copied, since a small Buffer is a view of memory that others share.
  return new Response(new Uint8Array(body), { status, headers: { "content-type": contentType, ...headers } });
}

const UNKNOWN = 2;
/** What gRPC calls them. Source: google/rpc/code.proto */
const RPC_CODES: ReadonlyMap<number, number> = new Map([
  [400, 3],
  [404, 5],
  [405, 12],
  [408, 4],
  [413, 8],
  [415, 12],
  [500, 13],
  [503, 14],
]);
