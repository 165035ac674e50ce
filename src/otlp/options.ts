// The options of the OTLP tracer: where spans go, and how they get there.
import { X509Certificate } from "node:crypto";
import type { Agent } from "node:http";
import { createSecureContext } from "node:tls";
import type { TargetVocabulary } from "../conventions/translate.ts";
import type { DeliveryOptions } from "../delivery/options.ts";
import { defined } from "../model/defined.ts";
import { messageOf, TracelightError } from "../model/errors.ts";
import { is, type OptionRules } from "../model/options.ts";
import type { TracerOptions } from "../tracing/tracer-options.ts";
import type { OtlpEncoding, OtlpValues } from "./codec.ts";

/** How the bodies of requests are compressed. */
export type OtlpCompression = "gzip" | "none";

/** Certificates and keys in PEM, as texts or bytes. */
export interface OtlpTlsOptions {
  /** Trusted instead of the well-known authorities. */
  readonly ca?: string | Uint8Array | undefined;
  /** The client's own certificate chain. */
  readonly cert?: string | Uint8Array | undefined;
  /** The client's own private key. */
  readonly key?: string | Uint8Array | undefined;
}

/** Where requests go, and how. */
export interface OtlpConnectionOptions {
  /** The whole URL, path included. Default `http://localhost:4318/v1/traces`. */
  readonly url?: string | undefined;
  /** Sent with each request, such as keys and tenants. Never part of an error. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Default `"none"`. */
  readonly compression?: OtlpCompression | undefined;
  /** How long one request may take, in milliseconds. Default 10,000. */
  readonly timeoutMs?: number | undefined;
  /** For `https:` URLs. */
  readonly tls?: OtlpTlsOptions | undefined;
  /** An `Agent` of `node:http` or `node:https` of your own, such as one for a proxy; it is not closed with the tracer. */
  readonly agent?: Agent | undefined;
}

/** Options of `OtlpTracer`. */
export interface OtlpTracerOptions extends TracerOptions, DeliveryOptions, OtlpConnectionOptions {
  /** Default `"protobuf"`. */
  readonly encoding?: OtlpEncoding | undefined;
  /**
   * `"rich"` sends nested values as OTLP's arrays and maps; `"json"` as JSON text, for back ends that refuse nested ones.
   * Default `"rich"`.
   */
  readonly values?: OtlpValues | undefined;
  /**
   * Sends attributes in the words of OpenTelemetry (`"gen_ai"`) or OpenInference, whichever vocabulary a span is in. Names, kinds
   * and events stay. Default: they are sent as they are.
   */
  readonly translate?: TargetVocabulary | undefined;
  /** Spans in one request, at most. Default 2048. */
  readonly maxBatchSpans?: number | undefined;
  /** Bytes in one request before compression, at most, unless one span has more. Default 1,000,000, which all proxies take. */
  readonly maxBatchBytes?: number | undefined;
  /** Requests at once. Default 1: what is sent again after a crash is one batch at most. */
  readonly maxConcurrency?: number | undefined;
}

/** Where OTLP goes unless told. */
export const DEFAULT_URL = "http://localhost:4318/v1/traces";

/**
 * A URL to send to.
 * @throws TracelightError `INVALID_OPTION`; the text is not shown, since it may hold a password.
 */
export function parseUrl(url: unknown, name: string): URL {
  const parsed = typeof url === "string" && URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol === "http:" || parsed?.protocol === "https:") return parsed;
  const what = `${typeof url === "string" ? "" : "a text, "}an http: or https: URL, such as "${DEFAULT_URL}"`;
  throw new TracelightError("INVALID_OPTION", `${name} must be ${what}.`);
}

/** The URL without what may be secret: user, password, query. */
export function shownUrl({ origin, pathname }: URL): string {
  return `${origin}${pathname}`;
}

/** What the transport sets itself. */
const OWN_HEADERS: ReadonlySet<string> = new Set([
  ...["content-type", "content-encoding", "content-length"],
  ...["transfer-encoding", "connection", "expect"],
]);

/** Says what headers should have been. Their values are not shown. */
export function headersFault(headers: unknown): string | undefined {
  if (typeof headers !== "object" || headers === null || Array.isArray(headers)) return "an object of texts";
  for (const [name, value] of Object.entries(headers)) {
    if (!HEADER_NAME.test(name)) return "an object whose keys are header names";
    if (OWN_HEADERS.has(name.toLowerCase())) return `an object without "${name}", which is set by itself`;
    if (typeof value !== "string" || !HEADER_VALUE.test(value)) {
      return `an object of texts that headers may hold (not so: "${name}")`;
    }
  }
  return undefined;
}

/** Says what certificates and keys should have been. What they hold is not shown. */
export function tlsFault(tls: unknown): string | undefined {
  if (!isTls(tls)) return "an object of ca, cert and key, each in PEM";
  try {
    createSecureContext(pemsOf(tls));
    // A bad one would be passed over there, and each server be distrusted.
    if (tls.ca !== undefined) void new X509Certificate(tls.ca);
    return undefined;
  } catch (error) {
    return `in PEM, a certificate and its own key (${messageOf(error)})`;
  }
}

function isTls(tls: unknown): tls is OtlpTlsOptions {
  if (typeof tls !== "object" || tls === null) return false;
  return ["ca", "cert", "key"].every((name) => {
    const pem: unknown = Reflect.get(tls, name);
    return pem === undefined || typeof pem === "string" || pem instanceof Uint8Array;
  });
}

/** Node's own types want a Buffer where any bytes will do. */
export function pemsOf({ ca, cert, key }: OtlpTlsOptions = {}): { ca?: Pem; cert?: Pem; key?: Pem } {
  return defined({ ca: ca && pem(ca), cert: cert && pem(cert), key: key && pem(key) });
}

type Pem = string | Buffer;

function pem(given: string | Uint8Array): Pem {
  return typeof given === "string" ? given : Buffer.from(given);
}

const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** The checks of `OtlpConnectionOptions`. The URL has one of its own: `parseUrl`. */
export const CONNECTION_CHECKS: OptionRules["checks"] = {
  url: () => undefined,
  headers: headersFault,
  compression: is.oneOf("gzip", "none"),
  timeoutMs: is.amount(1),
  tls: tlsFault,
  agent: is.having("addRequest", "an Agent of node:http or node:https"),
};
