// Sends spans by OTLP over HTTP: a batch is one request, and what the server says is an outcome for each span.
import { promisify } from "node:util";
import { gzip, gzipSync } from "node:zlib";
import type { Blame, Outcome, Transport } from "../delivery/transport.ts";
import { defined } from "../model/defined.ts";
import type { TracelightErrorCode } from "../model/error-codes.ts";
import { errorCode, messageOf, TracelightError } from "../model/errors.ts";
import { Turns } from "../model/turns.ts";
import { VERSION } from "../model/version.ts";
import { oneLine } from "../render/text.ts";
import { hasManyAttributes } from "../tracing/many-attributes.ts";
import type { Span } from "../tracing/span.ts";
import { afterMs, messageIn, responseOf } from "./answer.ts";
import type { OtlpEncoder, OtlpParcel, OtlpResponse } from "./codec.ts";
import { mendOfAnswer, mendOfError } from "./mends.ts";
import { type OtlpCompression, shownUrl } from "./options.ts";
import { type Answer, Poster, type PosterOptions } from "./post.ts";
import { Secrets } from "./secrets.ts";

/** What the transport needs to know. */
export interface OtlpTransportOptions extends PosterOptions {
  readonly encoder: OtlpEncoder;
  readonly compression: OtlpCompression;
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
  readonly #turns: Turns = new Turns();
  readonly #headers: Readonly<Record<string, string>>;
  readonly #secrets: Secrets;
  #hasTaken = false;
  #refusedAlone = 0;
  /** Answers in a row that were none of OTLP. */
  #strange = 0;

  constructor(options: OtlpTransportOptions) {
    const { encoder, compression } = options;
    this.maxBatchSpans = options.maxBatchSpans;
    this.maxBatchBytes = options.maxBatchBytes;
    this.#options = options;
    this.#secrets = new Secrets(options.url, options.headers);
    this.#poster = new Poster({
      ...options,
      headers: { "user-agent": `tracelight/${VERSION}`, ...lowerCased(options.headers) },
    });
    this.#headers = defined({
      "content-type": encoder.contentType,
      "content-encoding": compression === "gzip" ? "gzip" : undefined,
    });
  }

  encode(span: Span): OtlpParcel | Promise<OtlpParcel> {
    const { encoder } = this.#options;
    return hasManyAttributes(span)
      ? encoder.encodeMany(span, this.#turns)
      : encoder.encodeInSlices(span, this.#turns);
  }

  size({ size }: OtlpParcel): number {
    return size;
  }

  async send(batch: readonly OtlpParcel[]): Promise<readonly Outcome[]> {
    const send = await this.prepare(batch);
    return send();
  }

  async prepare(batch: readonly OtlpParcel[]): Promise<() => Promise<readonly Outcome[]>> {
    const body = await this.#pack(batch);
    return () => this.#post(batch, body);
  }

  async #post(batch: readonly OtlpParcel[], body: Uint8Array): Promise<readonly Outcome[]> {
    let answer: Answer;
    try {
      answer = await this.#poster.post(body, this.#headers);
    } catch (error) {
      return all(batch, { kind: "retry", error: this.#unreachable(error) });
    }
    if (answer.status >= 200 && answer.status < 300) return this.#answered(batch, answer);
    const error = this.#refusal(answer);
    const blame = FOR_NOW.get(answer.status);
    if (blame !== undefined) return all(batch, { kind: "retry", error, blame, ...afterMs(answer) });
    if (!OF_ONE_SPAN.has(answer.status)) return all(batch, { kind: "failed", error });
    // A server that fails with everything is another thing than one that refuses.
    return this.#sendHalves(batch, { error, isAnySuspect: !this.#hasTaken || answer.status === 500 });
  }

  close(): void {
    this.#poster.close();
  }

  async #pack(batch: readonly OtlpParcel[]): Promise<Uint8Array> {
    // To copy many bytes takes a slice by itself.
    if (batch.some(({ size }) => size > LARGE_BYTES)) await this.#turns.next();
    const body = this.#options.encoder.join(batch);
    if (this.#options.compression === "none") return body;
    return body.byteLength <= MAX_SYNC_BYTES ? gzipSync(body, FAST) : gzipped(body, FAST);
  }

  /**
   * The server refuses a whole request where one span is bad or all together are too large, or fails with it: halves of it
   * show which. A server that takes nothing is asked about a few spans only, since it is rather the URL that is wrong.
   */
  async #sendHalves(
    batch: readonly OtlpParcel[],
    { error, isAnySuspect }: { readonly error: TracelightError; readonly isAnySuspect: boolean },
  ): Promise<readonly Outcome[]> {
    if (batch.length === 1) this.#refusedAlone++;
    if (batch.length === 1 || (isAnySuspect && this.#refusedAlone >= MAX_REFUSED)) {
      return all(batch, { kind: "failed", error });
    }
    const middle = Math.ceil(batch.length / 2);
    const [first, second] = [batch.slice(0, middle), batch.slice(middle)];
    const outcomes = await this.#post(first, await this.#pack(first));
    return [...outcomes, ...(await this.#post(second, await this.#pack(second)))];
  }

  /** A web page says 200 as well: of a sign-in, say, that goes away, or of a site that is none of OTLP. */
  #answered(batch: readonly OtlpParcel[], answer: Answer): readonly Outcome[] {
    const response = responseOf(answer);
    if (response !== undefined) return this.#taken(batch, response);
    const what = `answered ${answer.status} with ${this.#kindOf(answer)}, which is no answer of OTLP${CHECK_URL}`;
    const error = this.#error("OTLP_REFUSED", what);
    return all(batch, { kind: ++this.#strange <= MAX_STRANGE ? "retry" : "failed", error });
  }

  #kindOf({ contentType }: Answer): string {
    return contentType === "" ? "something else" : this.#shown(contentType);
  }

  /** Which spans a server refused it does not say, only how many. */
  #taken(batch: readonly OtlpParcel[], { rejectedSpans, errorMessage }: OtlpResponse): readonly Outcome[] {
    this.#hasTaken = true;
    this.#refusedAlone = 0;
    this.#strange = 0;
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
    const { status } = answer;
    const said = messageIn(answer);
    const shown = said === "" ? "" : ` (${this.#shown(said)})`;
    return this.#error(
      FOR_NOW.has(status) ? "OTLP_FAILED" : "OTLP_REFUSED",
      `answered ${status}${shown}${mendOfAnswer(answer)}`,
    );
  }

  #unreachable(error: unknown): TracelightError {
    const code = errorCode(error);
    const said = this.#shown(messageOf(error));
    // Not the error itself: it may hold the bytes of an answer, and they what was sent.
    const cause = Object.assign(new Error(said), defined({ code }));
    const mend = mendOfError(error, this.#options.url);
    return this.#error("OTLP_FAILED", `could not be reached (${code ?? said})${mend}`, cause);
  }

  #error(code: TracelightErrorCode, what: string, cause?: unknown): TracelightError {
    const message = `The OTLP server at ${shownUrl(this.#options.url)} ${what}.`;
    return new TracelightError(code, message, defined({ cause }));
  }

  /** What a server says, fit to print. It may repeat the headers it got, which are nobody's business. */
  #shown(text: string): string {
    return this.#secrets.hide(oneLine(text, MAX_SHOWN)).replace(/\.$/, "");
  }
}

function all(batch: readonly OtlpParcel[], outcome: Outcome): readonly Outcome[] {
  return batch.map(() => outcome);
}

function lowerCased(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

const gzipped = promisify(gzip);
/** Takes half the time of the usual level, for some per cent of size. */
const FAST = { level: 3 };
/** Up to so many bytes packing takes less than handing over to a thread. */
const MAX_SYNC_BYTES = 16 * 1024;
/** A span of more. */
const LARGE_BYTES = 1 << 20;
/** Refusals that OTLP wants to see again; all others are for good. */
const FOR_NOW: ReadonlyMap<number, Blame> = new Map([
  [429, "server"],
  [502, "spans"],
  [503, "server"],
  [504, "spans"],
]);
const OF_ONE_SPAN: ReadonlySet<number> = new Set([400, 413, 422, 500]);
const MAX_REFUSED = 8;
/** So often such spans are sent again, for a sign-in or a page about maintenance that goes away. */
const MAX_STRANGE = 2;
const CHECK_URL = ": check url, its path is most often /v1/traces";
const MAX_SHOWN = 300;
