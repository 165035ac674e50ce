// What a server's answer says: whether it is one of OTLP, how many spans it refused, and why.
import { brotliDecompressSync, unzipSync } from "node:zlib";
import { retryAfterMs } from "../model/retry-after.ts";
import { decodeResponse, type OtlpEncoding, type OtlpResponse } from "./codec.ts";
import type { Answer } from "./post.ts";
import { decodeStatus } from "./status.ts";

/**
 * What a 2xx says; undefined where it is no answer of OTLP, such as a web page. An empty body says that all is well, and so does
 * one that broke off: with its status the server has answered.
 */
export function responseOf(answer: Answer): OtlpResponse | undefined {
  const body = unpacked(answer);
  if (body === undefined) return undefined;
  if (body.byteLength === 0) return ALL_WELL;
  const encoding = encodingOf(answer) ?? encodingBy(answer, body);
  if (encoding === undefined) return undefined;
  return !answer.isWhole && body.byteLength < MAX_BYTES ? ALL_WELL : read(encoding, body);
}

function encodingOf(answer: Answer): OtlpEncoding | undefined {
  return ENCODINGS.get(typeOf(answer));
}

/** By its first byte, where it does not say of what type it is. */
function encodingBy(answer: Answer, [first]: Uint8Array): OtlpEncoding | undefined {
  if (typeOf(answer) !== "") return undefined;
  if (first === OPEN_BRACE) return "json";
  return first === PARTIAL_SUCCESS ? "protobuf" : undefined;
}

/** What the body of a refusal says: a google.rpc.Status, or a text. */
export function messageIn(answer: Answer): string {
  const body = unpacked(answer) ?? NOTHING;
  if (typeOf(answer) === "text/plain") return Buffer.from(body).toString("utf8", 0, MAX_READ);
  const encoding = encodingOf(answer);
  return encoding === undefined ? "" : (decodeStatus(encoding, body)?.message ?? "");
}

/** How long the server wishes to be left alone: seconds or a date. */
export function afterMs({ retryAfter }: Answer): { afterMs?: number } {
  const ms = retryAfterMs(retryAfter ?? "") ?? 0;
  return ms > 0 ? { afterMs: Math.min(ms, MAX_RETRY_AFTER_MS) } : {};
}

function read(encoding: OtlpEncoding, body: Uint8Array): OtlpResponse | undefined {
  try {
    return decodeResponse(encoding, body);
  } catch {
    return undefined;
  }
}

function typeOf({ contentType }: Answer): string {
  return (contentType.split(";", 1)[0] ?? "").trim().toLowerCase();
}

/** Nobody asked for a packed answer, but a proxy may pack it. Undefined where it cannot be unpacked. */
function unpacked({ body, contentEncoding }: Answer): Uint8Array | undefined {
  const coding = contentEncoding.trim().toLowerCase();
  if (coding === "" || coding === "identity" || body.byteLength === 0) return body;
  try {
    const options = { maxOutputLength: MAX_BYTES };
    return coding === "br" ? brotliDecompressSync(body, options) : unzipSync(body, options);
  } catch {
    return undefined;
  }
}

const ALL_WELL: OtlpResponse = Object.freeze({ rejectedSpans: 0, errorMessage: "" });
const NOTHING = new Uint8Array();
const ENCODINGS: ReadonlyMap<string, OtlpEncoding> = new Map([
  ["application/json", "json"],
  ["application/x-protobuf", "protobuf"],
  ["application/protobuf", "protobuf"],
]);
const OPEN_BRACE = 0x7b;
/** The tag of the only field that a response has. */
const PARTIAL_SUCCESS = 0x0a;
/** A longer one is none of OTLP. */
const MAX_BYTES = 1 << 20;
const MAX_READ = 2048;
/** A server that wants to be left alone for longer is asked once an hour. */
const MAX_RETRY_AFTER_MS = 60 * 60 * 1000;
