// What to do where a server refuses or cannot be reached: the end of the sentence that says so.
import { tlsMend } from "../delivery/tls-errors.ts";
import { errorCode } from "../model/errors.ts";
import type { Answer } from "./post.ts";

/** For an answer that is no success. */
export function mendOfAnswer({ status, location, body }: Answer): string {
  if (status === 400 && SAYS_TLS.test(Buffer.from(body).toString("latin1", 0, MAX_READ))) return SPEAKS_TLS;
  return MENDS.get(status) ?? (location === undefined ? "" : "; set url to where it redirects to");
}

/** For a connection that brought no answer: most often it is the wrong port, or a certificate. */
export function mendOfError(error: unknown, { protocol }: URL): string {
  const code = errorCode(error) ?? "";
  if (NO_HTTP.has(code)) return isTlsAlert(error) ? SPEAKS_TLS : OTHER_PROTOCOL;
  if (code === "ERR_INVALID_PROTOCOL") return "; the agent is for the other protocol, http: or https:";
  if (protocol === "https:") return tlsMend(error, CA) ?? (code === "ECONNRESET" ? BROKE_OFF : "");
  return code === "ECONNRESET" ? MAY_SPEAK_TLS : "";
}

/** What a TLS server answers to plain HTTP, where it answers. */
function isTlsAlert(error: unknown): boolean {
  const packet: unknown =
    typeof error === "object" && error !== null ? Reflect.get(error, "rawPacket") : undefined;
  return packet instanceof Uint8Array && packet[0] === TLS_ALERT;
}

const CA = "the certificate to trust as tls.ca (OTEL_EXPORTER_OTLP_CERTIFICATE)";
/** What Node says of an answer that does not begin as one of HTTP/1.1. */
const NO_HTTP: ReadonlySet<string> = new Set(["HPE_INVALID_CONSTANT", "HPE_INVALID_VERSION"]);
const OTHER_PROTOCOL =
  "; it answers in another protocol than HTTP/1.1: OTLP over HTTP is mostly at port 4318, gRPC at 4317";
const SPEAKS_TLS = "; it speaks TLS: url has to begin with https://";
const MAY_SPEAK_TLS = "; it ends connections: where it speaks TLS, url has to begin with https://";
const BROKE_OFF =
  "; it ends connections before TLS is agreed on: it may not speak TLS, or want tls.cert and tls.key";
const TLS_ALERT = 0x15;
/** What nginx, Go and Apache say to plain HTTP at a port for TLS. */
const SAYS_TLS = /HTTP request .{0,40}HTTPS|plain HTTP|speaking plain HTTP/i;
const MAX_READ = 2048;
const PATH = "; check the path of url, most often /v1/traces";
const KEY = "; check the headers that hold its key";
const MENDS: ReadonlyMap<number, string> = new Map([
  [101, "; it wants another protocol: check url"],
  [401, KEY],
  [403, KEY],
  [404, PATH],
  [405, PATH],
  [415, '; it may want the other encoding, "json" or "protobuf"'],
]);
