// The OTLP receiver: takes the spans of any OpenTelemetry sender over HTTP and hands them to a sink.

import { asTracelightError, TracelightError } from "../model/errors.ts";
import { checkOptions, is } from "../model/options.ts";
import { Turns } from "../model/turns.ts";
import { Faults } from "../tracing/faults.ts";
import type { Sink } from "../tracing/sink.ts";
import type { Tracer } from "../tracing/tracer.ts";
import type { TracerOptions } from "../tracing/tracer-options.ts";
import { type BodyLimits, Budget, codingOf, readBody, Share } from "./body.ts";
import { type DecodedRequest, encodeResponse, type OtlpEncoding } from "./codec.ts";
import { decodeInSlices, decodeLogsInSlices } from "./decoding.ts";
import { Intake } from "./intake.ts";
import { requestOfLogs } from "./log-spans.ts";
import { Origins, originsFault } from "./origins.ts";
import { answer, busy, Refusal, refusalResponse } from "./refusal.ts";

/** Options of `otlpReceiver`. */
export interface OtlpReceiverOptions extends Pick<TracerOptions, "onError"> {
  /**
   * Default `/v1/traces`. Beside it, `…/logs` takes log records: those that name a span, and the events of Claude Code and Codex. `…/metrics` is
   * answered 200 as well: what comes there is forgotten.
   */
  readonly path?: string | undefined;
  /** Origins of web pages that may send, such as `https://app.example.com`, or `*` for any. Default: none. */
  readonly origins?: readonly string[] | undefined;
  /** Bytes of a body as it comes; more is answered 413. Default 16 MiB. */
  readonly maxPackedBytes?: number | undefined;
  /** Bytes of a body once it is unpacked; more is answered 413. Default 64 MiB. */
  readonly maxUnpackedBytes?: number | undefined;
  /** Bytes of all bodies under way; more is answered 503. Default 192 MiB. */
  readonly maxConcurrentBytes?: number | undefined;
  /** Requests under way; more are answered 503. Default 64. */
  readonly maxConcurrency?: number | undefined;
  /** Attributes, list items, events, links, spans, scopes and resources of one request, all told; more is answered 400. Default 2,000,000. */
  readonly maxValues?: number | undefined;
  /** How long a body may take to come, in milliseconds; answered 408. Default 30,000. */
  readonly bodyTimeoutMs?: number | undefined;
  /** How long the sink may take to write a request's spans, in milliseconds; answered 503. Default 5000. */
  readonly flushTimeoutMs?: number | undefined;
}

/**
 * A handler of `POST /v1/traces` for any server that speaks `Request` and `Response`: protobuf and JSON, plain, gzip and
 * deflate. It hands the spans to a sink, or to a tracer's sink through its `process`, and answers 200 when they are written. It never
 * rejects, and needs no more memory than its options say.
 *
 * @example
 * ```ts
 * const receive = otlpReceiver(new InMemoryTracer());
 * const body = JSON.stringify({ resourceSpans: [] });
 * const headers = { "content-type": "application/json" };
 * const response = await receive(new Request("http://localhost/v1/traces", { method: "POST", headers, body }));
 * console.log(response.status); // 200
 * ```
 *
 * @throws TracelightError `INVALID_OPTION`
 */
export function otlpReceiver(
  to: Sink | Tracer,
  options: OtlpReceiverOptions = {},
): (request: Request) => Promise<Response> {
  checkOptions(options, { owner: "otlpReceiver", checks: CHECKS });
  const receiver = new Receiver(to, options);
  return (request) => receiver.handle(request);
}

class Receiver {
  readonly #intake: Intake;
  readonly #turns: Turns = new Turns();
  readonly #faults: Faults;
  readonly #path: string;
  /** Where log records are taken; undefined where the path does not say. */
  readonly #logsPath: string | undefined;
  /** Of metrics. */
  readonly #forgottenPath: string | undefined;
  readonly #origins: Origins;
  readonly #limits: BodyLimits;
  readonly #budget: Budget;
  readonly #maxConcurrency: number;
  readonly #maxValues: number;
  readonly #flushTimeoutMs: number;
  #requests = 0;

  constructor(to: Sink | Tracer, options: OtlpReceiverOptions) {
    const { onError, path = "/v1/traces", maxConcurrentBytes = 192 * MIB, maxConcurrency = 64 } = options;
    const { maxPackedBytes = 16 * MIB, maxUnpackedBytes = 64 * MIB, bodyTimeoutMs = 30_000 } = options;
    this.#intake = new Intake(to, { onError });
    this.#faults = new Faults(onError);
    this.#path = path;
    const isNamed = path.endsWith("traces");
    this.#logsPath = isNamed ? path.replace(/traces$/, "logs") : undefined;
    this.#forgottenPath = isNamed ? path.replace(/traces$/, "metrics") : undefined;
    this.#origins = new Origins(options.origins ?? []);
    this.#limits = { maxPackedBytes, maxUnpackedBytes, bodyTimeoutMs: Math.min(bodyTimeoutMs, MAX_TIMER_MS) };
    this.#budget = new Budget(maxConcurrentBytes);
    this.#maxConcurrency = maxConcurrency;
    this.#maxValues = options.maxValues ?? 2_000_000;
    this.#flushTimeoutMs = options.flushTimeoutMs ?? 5000;
  }

  async handle(request: Request): Promise<Response> {
    const response = await this.#answer(request);
    this.#origins.admit(request, response);
    return response;
  }

  async #answer(request: Request): Promise<Response> {
    const encoding = encodingOf(request);
    try {
      const path = this.#pathOf(request);
      const preflight = this.#origins.preflight(request);
      if (preflight !== undefined) return preflight;
      if (request.method !== "POST") throw new Refusal(405, "Spans are sent by POST.", { allow: "POST" });
      if (path === this.#forgottenPath)
        return answer(200, encoding ?? "json", nothingRefused(encoding ?? "json"));
      checkCoding(request);
      if (encoding === undefined) throw wrongType();
      const isOfLogs = path === this.#logsPath;
      return await this.#admit(() => this.#receive(request, encoding, isOfLogs));
    } catch (error) {
      return refusalResponse(error instanceof Refusal ? error : this.#broken(error), encoding ?? "json");
    }
  }

  #broken(error: unknown): Refusal {
    this.#faults.reportRarely(asTracelightError(error, "SINK_FAILED", "Received spans could not be stored"));
    return new Refusal(500, "The spans could not be stored.");
  }

  /** A base URL that ends in a slash makes //v1/traces. */
  #pathOf(request: Request): string {
    const { pathname } = new URL(request.url);
    for (const path of [pathname, pathname.replace(/\/{2,}/g, "/")])
      if (path === this.#path || path === this.#logsPath || path === this.#forgottenPath) return path;
    throw new Refusal(404, `There is only ${this.#path} here.`);
  }

  async #admit(work: () => Promise<Response>): Promise<Response> {
    if (this.#requests >= this.#maxConcurrency) throw busy("Too many requests at once.");
    this.#requests++;
    try {
      return await work();
    } finally {
      this.#requests--;
    }
  }

  async #receive(request: Request, encoding: OtlpEncoding, isOfLogs: boolean): Promise<Response> {
    const share = new Share(this.#budget);
    try {
      const body = await readBody(request, this.#limits, share);
      return await this.#store(body, encoding, isOfLogs);
    } finally {
      share.giveBack();
    }
  }

  /** Decodes in the request's turn, so that only one request at a time is in memory as objects. */
  async #store(body: Uint8Array, encoding: OtlpEncoding, isOfLogs: boolean): Promise<Response> {
    let rejected: DecodedRequest["rejected"] = { count: 0, messages: [] };
    const read = async (): Promise<DecodedRequest["spans"]> => {
      const decoded = await this.#decode(body, encoding, isOfLogs);
      rejected = decoded.rejected;
      return decoded.spans;
    };
    const refused = await this.#intake.store(read, this.#flushTimeoutMs);
    const messages = [...rejected.messages, ...(refused > 0 ? [`The store refused ${refused} spans.`] : [])];
    const response = { rejectedSpans: rejected.count + refused, errorMessage: messages.join(" ") };
    return answer(200, encoding, encodeResponse(encoding, response, isOfLogs));
  }

  async #decode(body: Uint8Array, encoding: OtlpEncoding, isOfLogs: boolean): Promise<DecodedRequest> {
    try {
      const options = { encoding, maxValues: this.#maxValues, turns: this.#turns };
      if (!isOfLogs) return await decodeInSlices(body, options);
      return requestOfLogs(await decodeLogsInSlices(body, options));
    } catch (error) {
      if (error instanceof TracelightError) throw new Refusal(400, error.message);
      throw new Refusal(400, "The body could not be read.");
    }
  }
}

function checkCoding(request: Request): void {
  if (codingOf(request) !== undefined) return;
  const message = "Content-Encoding must be gzip, deflate or none.";
  throw new Refusal(415, message, { "accept-encoding": "gzip, deflate" });
}

function nothingRefused(encoding: OtlpEncoding): Uint8Array {
  return encodeResponse(encoding, { rejectedSpans: 0, errorMessage: "" });
}

function encodingOf(request: Request): OtlpEncoding | undefined {
  const [type = ""] = (request.headers.get("content-type") ?? "").split(";");
  return ENCODINGS.get(type.trim().toLowerCase());
}

function wrongType(): Refusal {
  return new Refusal(415, "Content-Type must be application/x-protobuf or application/json.");
}

const ENCODINGS: ReadonlyMap<string, OtlpEncoding> = new Map([
  ["application/x-protobuf", "protobuf"],
  ["application/json", "json"],
]);
const MIB = 1024 * 1024;
/** Node's timers take no more. */
const MAX_TIMER_MS = 2 ** 31 - 1;
const CHECKS = {
  onError: is.fn,
  path: (value: unknown) =>
    typeof value === "string" && value.startsWith("/") ? undefined : "a path that begins with /",
  origins: originsFault,
  maxPackedBytes: is.count(1),
  maxUnpackedBytes: is.count(1),
  maxConcurrentBytes: is.count(1),
  maxConcurrency: is.count(1),
  maxValues: is.count(1),
  bodyTimeoutMs: is.amount(1),
  flushTimeoutMs: is.amount(0),
};
