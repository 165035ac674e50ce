// OpenTelemetry's environment variables as options of the OTLP tracer.
import { readFileSync } from "node:fs";
import type { Attributes } from "../model/attributes.ts";
import { defined } from "../model/defined.ts";
import { errorCode, TracelightError } from "../model/errors.ts";
import {
  headersFault,
  type OtlpCompression,
  type OtlpTlsOptions,
  type OtlpTracerOptions,
  parseUrl,
  tlsFault,
} from "./options.ts";

/** Environment variables, such as `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What the variables say. */
export interface FromEnvironment {
  readonly options: OtlpTracerOptions;
  readonly resourceAttributes: Attributes;
}

/** True where `OTEL_SDK_DISABLED` says so. */
export function isDisabled(env: Environment): boolean {
  return env["OTEL_SDK_DISABLED"]?.trim().toLowerCase() === "true";
}

/**
 * Reads the variables. An empty one is as good as none, as OpenTelemetry has it.
 * @throws TracelightError `INVALID_OPTION` that names the variable; its value is not shown, since it may be secret.
 */
export function readEnvironment(env: Environment): FromEnvironment {
  const read = new Variables(env);
  const tls = tlsOf(read);
  return {
    resourceAttributes: resourceOf(read),
    options: defined({
      url: urlOf(read),
      headers: read.either("HEADERS", headersOf),
      timeoutMs: read.either("TIMEOUT", millisecondsOf),
      compression: read.either("COMPRESSION", compressionOf),
      encoding: read.either("PROTOCOL", encodingOf),
      tls: Object.keys(tls).length === 0 ? undefined : tls,
    }),
  };
}

class Variables {
  readonly #env: Environment;

  constructor(env: Environment) {
    this.#env = env;
  }

  text(name: string): string {
    return this.#env[name]?.trim() ?? "";
  }

  /** The variable for traces, else the one for all signals. */
  either<T>(name: string, parse: (text: string, variable: string) => T): T | undefined {
    for (const variable of [`OTEL_EXPORTER_OTLP_TRACES_${name}`, `OTEL_EXPORTER_OTLP_${name}`]) {
      const text = this.text(variable);
      if (text !== "") return parse(text, variable);
    }
    return undefined;
  }
}

/** The variable for traces is taken as it is; to the one for all signals belongs the path of traces. */
function urlOf(read: Variables): string | undefined {
  const own = read.text(TRACES_ENDPOINT);
  if (own !== "") return parseUrl(own, TRACES_ENDPOINT).href;
  const base = read.text(ENDPOINT);
  if (base === "") return undefined;
  const url = parseUrl(base, ENDPOINT);
  url.pathname = `${url.pathname.replace(/\/$/, "")}/v1/traces`;
  return url.href;
}

function headersOf(text: string, variable: string): Readonly<Record<string, string>> {
  const headers = pairsOf(text, variable);
  const expected = headersFault(headers);
  if (expected !== undefined) throw invalid(variable, expected);
  return headers;
}

function millisecondsOf(text: string, variable: string): number {
  const ms = Number(text);
  if (!Number.isFinite(ms) || ms < 1) throw invalid(variable, "a number of milliseconds of at least 1");
  return ms;
}

function compressionOf(text: string, variable: string): OtlpCompression {
  if (text === "gzip" || text === "none") return text;
  throw invalid(variable, '"gzip" or "none"');
}

function encodingOf(text: string, variable: string): "protobuf" | "json" {
  if (text === "http/protobuf") return "protobuf";
  if (text === "http/json") return "json";
  const mend = `"http/protobuf" or "http/json"`;
  if (text !== "grpc") throw invalid(variable, mend);
  throw new TracelightError(
    "INVALID_OPTION",
    `${variable} is "grpc", which Tracelight does not speak: set it to ${mend}, and the endpoint to the port for HTTP (4318, not 4317).`,
  );
}

function tlsOf(read: Variables): OtlpTlsOptions {
  return defined({
    ca: read.either("CERTIFICATE", pemOf("ca")),
    cert: read.either("CLIENT_CERTIFICATE", pemOf("cert")),
    key: read.either("CLIENT_KEY", pemOf("key")),
  });
}

function pemOf(part: keyof OtlpTlsOptions): (path: string, variable: string) => string {
  return (path, variable) => {
    const text = fileOf(path, variable);
    if (tlsFault({ [part]: text }) === undefined) return text;
    throw invalid(
      variable,
      `the path of a file in PEM that holds a ${part === "key" ? "private key" : "certificate"}`,
    );
  };
}

function fileOf(path: string, variable: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    // Without its path: it may be the key itself, by mistake.
    const why = errorCode(error) ?? "its path is none";
    throw new TracelightError("INVALID_OPTION", `${variable} names a file that cannot be read: ${why}`);
  }
}

function resourceOf(read: Variables): Attributes {
  const name = read.text("OTEL_SERVICE_NAME");
  return {
    ...pairsOf(read.text(RESOURCE_ATTRIBUTES), RESOURCE_ATTRIBUTES),
    ...defined({ "service.name": name === "" ? undefined : name }),
  };
}

/** `key=value,…`, percent-encoded, as W3C Baggage has it. */
function pairsOf(text: string, variable: string): Readonly<Record<string, string>> {
  const pairs = text.split(",").filter((pair) => pair.trim() !== "");
  return Object.fromEntries(
    pairs.map((pair): [string, string] => {
      const at = pair.indexOf("=");
      if (at < 1) throw invalid(variable, "key=value pairs with commas between them");
      return [decoded(pair.slice(0, at), variable), decoded(pair.slice(at + 1), variable)];
    }),
  );
}

function decoded(text: string, variable: string): string {
  try {
    return decodeURIComponent(text.trim());
  } catch {
    throw invalid(variable, "percent-encoded: write % as %25");
  }
}

function invalid(variable: string, expected: string): TracelightError {
  return new TracelightError("INVALID_OPTION", `${variable} must be ${expected}.`);
}

const ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT";
const TRACES_ENDPOINT = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
const RESOURCE_ATTRIBUTES = "OTEL_RESOURCE_ATTRIBUTES";
