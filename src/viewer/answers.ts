// JSON as an answer: packed where the reader takes that, and with an ETag, so that what has not changed is not sent again.
import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { gzip } from "node:zlib";

const pack = promisify(gzip);

/** The answer to a request for JSON. */
export async function jsonAnswer(json: object, request: Request): Promise<Response> {
  const body = Buffer.from(JSON.stringify(json));
  const etag = etagOf(body);
  const headers = new Headers({
    etag,
    vary: "accept-encoding, cookie",
    "cache-control": "private, no-cache",
  });
  if (isKnown(request, etag)) return new Response(null, { status: 304, headers });
  headers.set("content-type", "application/json; charset=utf-8");
  return new Response(await packed(body, request, headers), { headers });
}

/** A weak one: the same for the packed text. */
export function etagOf(body: Uint8Array): string {
  return `W/"${createHash("sha1").update(body).digest("base64url")}"`;
}

/** True where the reader has it already. */
export function isKnown(request: Request, etag: string): boolean {
  const known = request.headers.get("if-none-match") ?? "";
  return known.split(",").some((one) => one.trim() === etag || one.trim() === "*");
}

/** Off the event loop; the quickest level: it is mostly for the same machine. */
async function packed(body: Buffer, request: Request, headers: Headers): Promise<Uint8Array<ArrayBuffer>> {
  if (body.byteLength < MIN_PACKED || !takesGzip(request)) return new Uint8Array(body);
  headers.set("content-encoding", "gzip");
  return new Uint8Array(await pack(body, { level: 1 }));
}

/** True where the reader unpacks gzip. */
export function takesGzip(request: Request): boolean {
  return /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/i.test(request.headers.get("accept-encoding") ?? "");
}

const MIN_PACKED = 1000;
