// Sends spans by OTLP over HTTP: a batch is one request, and what the server says is an outcome for each span.
import { promisify } from "node:util";
import { gzip, gzipSync } from "node:zlib";
import type { Outcome, Transport } from "../delivery/transport.ts";
import { messageOf, TracelightError } from "../model/errors.ts";
import { VERSION } from "../model/version.ts";
import { oneLine } from "../render/text.ts";
import type { Span } from "../tracing/span.ts";
import {
  decodeResponse,
  type OtlpEncoder,
  type OtlpEncoding,
  type OtlpParcel,
  type OtlpResponse,
} from "./codec.ts";
import { type OtlpCompression, shownUrl } from "./options.ts";
import { type Answer, Poster, type PosterOptions } from "./post.ts";
import { decodeStatus } from "./status.ts";

/** What the transport needs to know. */
export interface OtlpTransportOptions extends PosterOptions {
  readonly encoder: OtlpEncoder;
  readonly compression: OtlpCompression;
  readonly maxConcurrency: number;
  readonly maxBatchSpans: number;
  readonly maxBatchBytes: number;
  /** Told what a server says about spans that it took nevertheless. */
  readonly warn: (error: TracelightError) => void;
}

/** The delivery layer's door to one OTLP endpoint. */
export class OtlpTransport implements Transport<OtlpParcel> {
  readonly name = "otlp";
  readonly maxBatchSpans: number;
  readonly maxBatchBytes: number;
  readonly #options: OtlpTransportOptions;
  readonly #poster: Poster;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #waiting: ((before: Outcome | undefined) => void)[] = [];
  #underWay = 0;
  #hasTaken = false;
  #refusedAlone = 0;

  constructor(options: OtlpTransportOptions) {
    const { encoder, compression } = options;
    this.maxBatchSpans = options.maxBatchSpans;
    this.maxBatchBytes = options.maxBatchBytes;
    this.#options = options;
    this.#poster = new Poster({
      ...options,
      headers: { "user-agent": `tracelight/${VERSION}`, ...lowerCased(options.headers) },
    });
    this.#headers = {
      "content-type": encoder.contentType,
      ...(compression === "gzip" ? { "content-encoding": "gzip" } : {}),
    };
  }

  encode(span: Span): OtlpParcel {
    return this.#options.encoder.encode(span);
  }

  size({ size }: OtlpParcel): number {
    return size;
  }

  /** Packs while others are under way; posts when it is this batch's turn. */
  async send(batch: readonly OtlpParcel[]): Promise<readonly Outcome[]> {
    const body = await this.#pack(batch);
    const before = this.#underWay < this.#options.maxConcurrency ? undefined : await this.#turn();
    // What was refused for now is not asked again by those who stood behind it.
    if (before?.kind === "retry") return this.#leave(all(batch, before));
    this.#underWay++;
    const outcomes = await this.#post(batch, body);
    this.#underWay--;
    return this.#leave(outcomes);
  }

  /** Resolves with what became of the batch whose place is free now. */
  #turn(): Promise<Outcome | undefined> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #leave(outcomes: readonly Outcome[]): readonly Outcome[] {
    this.#waiting.shift()?.(outcomes[0]);
    return outcomes;
  }

  async #post(batch: readonly OtlpParcel[], body: Uint8Array): Promise<readonly Outcome[]> {
    let answer: Answer;
    try {
      answer = await this.#poster.post(body, this.#headers);
    } catch (error) {
      return all(batch, { kind: "retry", error: this.#unreachable(error) });
    }
    if (answer.status >= 200 && answer.status < 300) return this.#taken(batch, answer);
    const error = this.#refusal(answer);
    if (FOR_NOW.has(answer.status)) return all(batch, { kind: "retry", error, ...afterMs(answer) });
    if (OF_ONE_SPAN.has(answer.status)) return this.#sendHalves(batch, error);
    return all(batch, { kind: "failed", error });
  }

  close(): void {
    this.#poster.close();
  }

  async #pack(batch: readonly OtlpParcel[]): Promise<Uint8Array> {
    const body = this.#options.encoder.join(batch);
    if (this.#options.compression === "none") return body;
    return body.byteLength <= MAX_SYNC_BYTES ? gzipSync(body, FAST) : gzipped(body, FAST);
  }

  /**
   * The server refuses a whole request where one span is bad or all together are too large: halves of it show which. A
   * server that never took anything is asked about a few spans only, since it is rather the URL that is wrong.
   */
  async #sendHalves(batch: readonly OtlpParcel[], error: TracelightError): Promise<readonly Outcome[]> {
    if (batch.length === 1) this.#refusedAlone++;
    if (batch.length === 1 || (!this.#hasTaken && this.#refusedAlone >= MAX_REFUSED)) {
      return all(batch, { kind: "failed", error });
    }
    const middle = Math.ceil(batch.length / 2);
    const [first, second] = [batch.slice(0, middle), batch.slice(middle)];
    const outcomes = await this.#post(first, await this.#pack(first));
    return [...outcomes, ...(await this.#post(second, await this.#pack(second)))];
  }

  /** Which spans a server refused it does not say, only how many. */
  #taken(batch: readonly OtlpParcel[], answer: Answer): readonly Outcome[] {
    this.#hasTaken = true;
    const { rejectedSpans, errorMessage } = responseOf(answer);
    const rejected = Math.min(Math.max(0, rejectedSpans), batch.length);
    if (rejected === 0 && errorMessage === "") return all(batch, { kind: "delivered" });
    const said = errorMessage === "" ? "" : `: ${this.#shown(errorMessage)}`;
    if (rejected === 0) {
      this.#options.warn(this.#error("OTLP_FAILED", `took spans, but says${said}`));
      return all(batch, { kind: "delivered" });
    }
    const error = this.#error("OTLP_REFUSED", `refused ${rejected} of ${batch.length} spans${said}`);
    return batch.map((_, i) =>
      i < batch.length - rejected ? { kind: "delivered" } : { kind: "failed", error },
    );
  }

  #refusal(answer: Answer): TracelightError {
    const { status, location } = answer;
    const said = this.#shown(messageIn(answer));
    const mend = MENDS.get(status) ?? (location === undefined ? "" : `; set url to where it redirects to`);
    return this.#error(
      FOR_NOW.has(status) ? "OTLP_FAILED" : "OTLP_REFUSED",
      `answered ${status}${said === "" ? "" : ` (${said})`}${mend}`,
    );
  }

  #unreachable(error: unknown): TracelightError {
    const why = codeOf(error) ?? messageOf(error);
    return this.#error("OTLP_FAILED", `could not be reached (${this.#shown(why)})${mendOf(error)}`, error);
  }

  #error(code: string, what: string, cause?: unknown): TracelightError {
    const message = `The OTLP server at ${shownUrl(this.#options.url)} ${what}.`;
    return new TracelightError(code, message, cause === undefined ? {} : { cause });
  }

  /** What a server says, fit to print. It may repeat the headers it got, which are nobody's business. */
  #shown(text: string): string {
    const secrets = Object.values(this.#options.headers).filter((value) => value.length >= MIN_SECRET);
    const safe = secrets.reduce((left, secret) => left.replaceAll(secret, "***"), text.slice(0, MAX_READ));
    return oneLine(safe, MAX_SHOWN).replace(/\.$/, "");
  }
}

function all(batch: readonly OtlpParcel[], outcome: Outcome): readonly Outcome[] {
  return batch.map(() => outcome);
}

function lowerCased(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

/** What a 2xx says. Whatever its body is, the spans were taken. */
function responseOf(answer: Answer): OtlpResponse {
  const encoding = encodingOf(answer);
  try {
    if (encoding !== undefined && answer.body.byteLength > 0) return decodeResponse(encoding, answer.body);
  } catch {
    // Not what the protocol says, and nothing that another try would mend.
  }
  return { rejectedSpans: 0, errorMessage: "" };
}

/** What an error's body says: a google.rpc.Status, or a text. */
function messageIn(answer: Answer): string {
  const encoding = encodingOf(answer);
  const message = encoding === undefined ? undefined : decodeStatus(encoding, answer.body)?.message;
  if (message !== undefined) return message;
  return answer.contentType.startsWith("text/plain")
    ? Buffer.from(answer.body).toString("utf8", 0, MAX_READ)
    : "";
}

function encodingOf({ contentType }: Answer): OtlpEncoding | undefined {
  if (/^application\/json\b/i.test(contentType)) return "json";
  return /^application\/x-protobuf\b/i.test(contentType) ? "protobuf" : undefined;
}

/** How long the server wishes to be left alone: seconds or a date. */
function afterMs({ retryAfter }: Answer): { afterMs?: number } {
  if (retryAfter === undefined) return {};
  const ms = /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1000 : Date.parse(retryAfter) - Date.now();
  return ms > 0 ? { afterMs: Math.min(ms, MAX_RETRY_AFTER_MS) } : {};
}

function codeOf(error: unknown): string | undefined {
  const code: unknown = error instanceof Error ? Reflect.get(error, "code") : undefined;
  return typeof code === "string" ? code : undefined;
}

/** Most often it is the wrong port. */
function mendOf(error: unknown): string {
  const code = codeOf(error) ?? "";
  if (NO_HTTP.has(code)) return OTHER_PROTOCOL;
  const isOfTls = code === "EPROTO" || code.startsWith("ERR_SSL_");
  return isOfTls && NO_TLS.test(messageOf(error))
    ? "; it does not speak TLS: url may have to begin with http://"
    : "";
}

const gzipped = promisify(gzip);
/** Takes half the time of the usual level, for some per cent of size. */
const FAST = { level: 3 };
/** Up to so many bytes packing takes less than handing over to a thread. */
const MAX_SYNC_BYTES = 16 * 1024;
/** Refusals that OTLP wants to see again; all others are for good. */
const FOR_NOW: ReadonlySet<number> = new Set([429, 502, 503, 504]);
const OF_ONE_SPAN: ReadonlySet<number> = new Set([400, 413, 422]);
const MAX_REFUSED = 8;
/** A server that wants to be left alone for longer is asked once an hour. */
const MAX_RETRY_AFTER_MS = 60 * 60 * 1000;
const MAX_READ = 2048;
const MAX_SHOWN = 300;
/** Shorter header values are words, not secrets. */
const MIN_SECRET = 8;
/** What Node says of an answer that does not begin as one of HTTP/1.1. */
const NO_HTTP: ReadonlySet<string> = new Set(["HPE_INVALID_CONSTANT", "HPE_INVALID_VERSION"]);
const OTHER_PROTOCOL =
  "; it answers in another protocol than HTTP/1.1: OTLP over HTTP is mostly at port 4318, gRPC at 4317";
/** What OpenSSL says of bytes that are no TLS. Its other errors are of certificates and versions. */
const NO_TLS = /wrong[ _]version[ _]number|packet[ _]length[ _]too[ _]long|http[ _]request/i;
const MENDS: ReadonlyMap<number, string> = new Map([
  [401, "; check the headers that hold its key"],
  [403, "; check the headers that hold its key"],
  [404, "; check the path of url, most often /v1/traces"],
  [405, "; check the path of url, most often /v1/traces"],
  [415, '; it may want the other encoding, "json" or "protobuf"'],
]);
