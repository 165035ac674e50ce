// One POST over HTTP or HTTPS, on connections that stay open: bounded in time and in what it reads.
import { type Agent, Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { type OtlpTlsOptions, pemsOf } from "./options.ts";

/** What a server said. */
export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly retryAfter: string | undefined;
  readonly location: string | undefined;
  /** At most 1 MB; what came after that is left out. */
  readonly body: Uint8Array;
}

/** Where to post to. */
export interface PosterOptions {
  readonly url: URL;
  readonly timeoutMs: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: OtlpTlsOptions | undefined;
  readonly agent: Agent | undefined;
}

/** Posts to one URL. Redirects are not followed. */
export class Poster {
  readonly #options: PosterOptions;
  readonly #request: typeof httpRequest;
  readonly #agent: Agent;

  constructor(options: PosterOptions) {
    const isTls = options.url.protocol === "https:";
    this.#options = options;
    this.#request = isTls ? httpsRequest : httpRequest;
    // Node's agent lets go of idle connections as far as the end of the process is concerned.
    this.#agent =
      options.agent ??
      (isTls
        ? new HttpsAgent({ keepAlive: true, ...pemsOf(options.tls) })
        : new HttpAgent({ keepAlive: true }));
  }

  /** Rejects where no answer came within the time. */
  post(body: Uint8Array, headers: Readonly<Record<string, string>>): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const { url, timeoutMs } = this.#options;
      const all = { ...this.#options.headers, ...headers, "content-length": String(body.byteLength) };
      const call = this.#request(url, { method: "POST", agent: this.#agent, headers: all });
      const timer = setTimeout(
        () => call.destroy(new Error(`no answer within ${timeoutMs} ms`)),
        Math.min(timeoutMs, MAX_TIMER_MS),
      );
      call.on("response", (message) => resolve(read(message)));
      call.on("error", reject);
      call.on("close", () => clearTimeout(timer));
      call.end(body);
    });
  }

  close(): void {
    if (this.#options.agent === undefined) this.#agent.destroy();
  }
}

/** With its status a server has answered: a body that breaks off is no reason to send spans again. */
async function read(message: IncomingMessage): Promise<Answer> {
  const chunks: Uint8Array[] = [];
  await collect(message, chunks).catch(() => undefined);
  const { "content-type": contentType = "", "retry-after": retryAfter, location } = message.headers;
  const body = Buffer.concat(chunks).subarray(0, MAX_ANSWER_BYTES);
  return { status: message.statusCode ?? 0, contentType, retryAfter, location, body };
}

async function collect(message: AsyncIterable<Uint8Array>, chunks: Uint8Array[]): Promise<void> {
  let bytes = 0;
  for await (const chunk of message) {
    chunks.push(chunk);
    bytes += chunk.byteLength;
    // Leaving the loop ends the connection, and with it what the server still has to say.
    if (bytes > MAX_ANSWER_BYTES) return;
  }
}

const MAX_ANSWER_BYTES = 1 << 20;
/** Node's timers take no more. */
const MAX_TIMER_MS = 2 ** 31 - 1;
