// One POST over HTTP or HTTPS, on connections that stay open: bounded in time and in what it reads, and it always comes to an end.
import { type Agent, Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import type { Duplex } from "node:stream";
import { clearTimeout, setTimeout } from "../model/timers.ts";
import { type OtlpTlsOptions, pemsOf } from "./options.ts";

/** What a server said. */
export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly contentEncoding: string;
  readonly retryAfter: string | undefined;
  readonly location: string | undefined;
  /** At most 1 MB; what came after that is left out. */
  readonly body: Uint8Array;
  /** False where the body broke off, or was longer than what is read of it. */
  readonly isWhole: boolean;
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
        () => {
          const late = new Error(`no answer within ${timeoutMs} ms`);
          // By itself: a call that waits for its agent to give it a socket tells nobody that it was destroyed.
          reject(late);
          call.destroy(late);
        },
        Math.min(timeoutMs, MAX_TIMER_MS),
      );
      call.on("response", (message) => resolve(read(message)));
      call.on("upgrade", (message, socket: Duplex) => {
        socket.destroy();
        resolve(answerOf(message, [], true));
      });
      call.on("error", reject);
      call.on("close", () => {
        clearTimeout(timer);
        // Whatever else an HTTP client may do with a call, no call is left open.
        reject(new Error("the connection was closed without an answer"));
      });
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
  return answerOf(message, chunks, message.complete);
}

function answerOf(message: IncomingMessage, chunks: readonly Uint8Array[], isComplete: boolean): Answer {
  const { "content-type": contentType = "", "retry-after": retryAfter, location } = message.headers;
  const { "content-encoding": contentEncoding = "" } = message.headers;
  const all = Buffer.concat(chunks);
  const body = all.subarray(0, MAX_ANSWER_BYTES);
  const isWhole = isComplete && body.length === all.length;
  return {
    ...{ status: message.statusCode ?? 0, contentType, contentEncoding, retryAfter, location },
    ...{ body, isWhole },
  };
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
