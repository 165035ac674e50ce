// `tracedFetch`: a `fetch` that traces calls of models, and nothing else.
import { is } from "../../model/options.ts";
import { activeFrame } from "../../tracing/context.ts";
import type { Tracer } from "../../tracing/tracer.ts";
import { checkAdapter, patienceOf, STREAM_CHECKS, type StreamOptions, sharesHistories } from "../capture.ts";
import type { Asked, Dialect } from "../dialects/dialect.ts";
import { isFields } from "../dialects/values.ts";
import { harmlessly, ModelSpans } from "../model-span.ts";
import { Bodies } from "./bodies.ts";
import { ModelCall } from "./call.ts";
import {
  bodyOf,
  type FetchInput,
  type FetchLike,
  headerOf,
  methodOf,
  secretsOf,
  signalOf,
  urlOf,
} from "./request.ts";
import { type CallKey, Resending } from "./resending.ts";
import { addressOf, dialectAt } from "./routes.ts";

/** For `tracedFetch`. */
export interface FetchOptions extends StreamOptions {
  /** The `fetch` that is called. Default: the global one, as it is at each call. */
  readonly fetch?: FetchLike | undefined;
  /** Who serves the models, where their address does not say: of a gateway, or a server of your own. Prices go by it. */
  readonly provider?: string | undefined;
}

/**
 * A `fetch` for the `fetch` option of a model client, of whichever provider: each call of a model becomes a span below the active one, with
 * messages, tools, answer, tokens and failure. Known by path and body: OpenAI's chat completions, responses and embeddings, and what is compatible
 * (Mistral, Groq, DeepSeek, …), Anthropic's messages, Gemini's `generateContent`, Ollama's own API. Attempts of one call are one span. All other
 * requests pass through untraced.
 *
 * The app gets the `Response` itself, untouched and unread: what it reads of it is seen on its way, a stream never ahead of the app. The
 * span lasts until the answer was read, failed or was left. Headers, keys and the query of URLs are never recorded.
 *
 * @throws TracelightError `INVALID_OPTION` where the tracer or an option cannot be used.
 * @example
 * ```ts
 * const tracer = new InMemoryTracer();
 * const answer = { choices: [{ message: { role: "assistant", content: "Sunny." }, finish_reason: "stop" }] };
 * // Of a model client: `new OpenAI({ fetch: tracedFetch(tracer) })`. Here the service is a stub.
 * const ask = tracedFetch(tracer, { fetch: async () => Response.json(answer) });
 * const body = JSON.stringify({ model: "gpt-5", messages: [{ role: "user", content: "Weather?" }] });
 * const response = await ask("https://api.openai.com/v1/chat/completions", { method: "POST", body });
 * await response.json();
 * console.log(tracer.getTraces()[0]?.spanName); // chat gpt-5
 * ```
 */
export function tracedFetch(tracer: Tracer, options: FetchOptions = {}): FetchLike {
  checkAdapter("tracedFetch", { tracer, options }, { fetch: is.fn, provider: is.text, ...STREAM_CHECKS });
  const calls = new Calls(tracer, options);
  return (input, init) => {
    const send = () => (options.fetch ?? fetch)(input, init);
    const dialect = dialectOf(input, init);
    return dialect === undefined ? send() : calls.ask(dialect, input, init, send);
  };
}

function dialectOf(input: FetchInput, init: RequestInit | undefined): Dialect | undefined {
  try {
    const dialect = dialectAt(urlOf(input));
    return dialect === undefined || methodOf(input, init) !== "POST" ? undefined : dialect;
  } catch {
    // The real fetch will say what is wrong.
    return undefined;
  }
}

/** The calls of models that go through one `fetch`. */
class Calls {
  readonly #tracer: Tracer;
  readonly #provider: string | undefined;
  readonly #spans: ModelSpans;
  readonly #patience: ReturnType<typeof patienceOf>;
  readonly #resending: Resending<ModelCall> = new Resending();
  /** Undefined where who changes what is kept gets values of their own. */
  readonly #bodies: Bodies | undefined;

  constructor(tracer: Tracer, options: FetchOptions) {
    this.#tracer = tracer;
    this.#provider = options.provider;
    this.#spans = new ModelSpans(options);
    this.#patience = patienceOf(options);
    this.#bodies = sharesHistories(tracer, options) ? new Bodies() : undefined;
  }

  ask(
    dialect: Dialect,
    input: FetchInput,
    init: RequestInit | undefined,
    send: () => Promise<Response>,
  ): Promise<Response> {
    const body = safeBodyOf(input, init);
    const sendWith = (text: string | undefined) =>
      this.#send(text === undefined ? undefined : this.#callOf(dialect, text, input, init), send);
    return typeof body === "object" ? body.then(sendWith, () => send()) : sendWith(body);
  }

  /** With one promise more than without tracing: each costs more the more is followed through it. */
  #send(call: ModelCall | undefined, send: () => Promise<Response>): Promise<Response> {
    if (call === undefined) return send();
    const failed = (error: unknown): never => {
      call.failed(error);
      throw error;
    };
    const answered = (response: Response): Response => {
      harmlessly(call.span, () => call.answered(response));
      return response;
    };
    try {
      return Promise.resolve(this.#tracer.run(call.span, send)).then(answered, failed);
    } catch (error) {
      return failed(error);
    }
  }

  #callOf(
    dialect: Dialect,
    body: string,
    input: FetchInput,
    init: RequestInit | undefined,
  ): ModelCall | undefined {
    try {
      return this.#call(dialect, body, input, init);
    } catch {
      // It is none that can be read.
      return undefined;
    }
  }

  #call(
    dialect: Dialect,
    body: string,
    input: FetchInput,
    init: RequestInit | undefined,
  ): ModelCall | undefined {
    const attempt = {
      nr: numberIn(headerOf("x-stainless-retry-count", input, init)),
      signal: signalOf(input, init),
      secrets: () => secretsOf(input, init),
    };
    const url = urlOf(input);
    const key: CallKey = { parent: parentId(), url, body, attempt: attempt.nr };
    const known = this.#resending.take(key);
    if (known !== undefined) {
      known.resend(attempt);
      return known;
    }
    const { hostname, pathname, provider } = addressOf(url);
    const asked = this.#asked(body, dialect, pathname);
    if (asked === undefined) return undefined;
    const span = this.#tracer.startSpan(ModelSpans.nameOf(dialect, asked), { spanKind: "CLIENT" });
    this.#spans.asked(span, dialect, asked, this.#provider ?? provider ?? dialect.provider);
    span.addAttribute("server.address", hostname);
    return new ModelCall(span, {
      ...{ dialect, attempt, spans: this.#spans, patience: this.#patience },
      onFailure: (call) => this.#resending.add(call, key),
      onEnd: (call) => this.#resending.remove(call),
    });
  }

  #asked(body: string, dialect: Dialect, path: string): Asked | undefined {
    if (this.#bodies !== undefined) return this.#bodies.asked(body, dialect, path);
    const parsed: unknown = JSON.parse(body);
    return isFields(parsed) ? dialect.asked(parsed, path) : undefined;
  }
}

/** The text of the body, at once where it is there; undefined where it cannot be read. */
function safeBodyOf(input: FetchInput, init: RequestInit | undefined): ReturnType<typeof bodyOf> {
  try {
    return bodyOf(input, init);
  } catch {
    return undefined;
  }
}

function parentId(): string | undefined {
  const frame = activeFrame();
  return (frame?.span ?? frame?.remote)?.spanId;
}

function numberIn(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}
