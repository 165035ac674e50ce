// `traceBedrock`: calls of models become spans, by the client's own middleware.

import { NAMES } from "../../conventions/names.ts";
import { fieldIn, wordsIn } from "../../conventions/values.ts";
import { checkOptions } from "../../model/options.ts";
import type { Span } from "../../tracing/span.ts";
import { guardStream } from "../../tracing/streams/guard.ts";
import type { StreamGuard } from "../../tracing/streams/stream-guard.ts";
import { watchStream } from "../../tracing/streams/watch.ts";
import type { Tracer } from "../../tracing/tracer.ts";
import { checkAdapter, patienceOf, STREAM_CHECKS, type StreamOptions } from "../capture.ts";
import { converse } from "../dialects/converse.ts";
import type { Answered, Asked, Assembler, Dialect } from "../dialects/dialect.ts";
import { dialectOfBody } from "../dialects/invoke-model.ts";
import { fields, isFields, only, parsed } from "../dialects/values.ts";
import { harmlessly, ModelSpans } from "../model-span.ts";

/** What goes around the calls of a client: whatever they are, it gives on what it is given. */
type Middleware = <
  Args extends { readonly input: object },
  Result extends { readonly output: object; readonly response: unknown },
>(
  next: (args: Args) => Promise<Result>,
  context: { readonly commandName?: string },
) => (args: Args) => Promise<Result>;

/** What the client of `@aws-sdk/client-bedrock-runtime` has, as far as it is used. */
export interface BedrockClient {
  /** Where a client takes what goes around its calls. */
  readonly middlewareStack: {
    /** Adds one. */
    add(
      middleware: Middleware,
      options: { readonly step: "initialize"; readonly name: string; readonly override: boolean },
    ): void;
  };
}

/**
 * Traces the calls of models through a Bedrock client, and gives the client back: `Converse`, `ConverseStream`, `InvokeModel` and
 * `InvokeModelWithResponseStream`. All attempts of a call are one span. A stream stays the client's own object, is read when the app reads
 * it, and ends its span.
 *
 * @throws TracelightError `INVALID_OPTION` where the client, the tracer or an option cannot be used: a client of `aws-sdk` 2 cannot.
 * @example
 * ```typescript
 * import { BedrockRuntimeClient } from "@aws-sdk/client-bedrock-runtime";
 *
 * const client = traceBedrock(new BedrockRuntimeClient({ region: "eu-central-1" }), new InMemoryTracer());
 * ```
 */
export function traceBedrock<Client extends BedrockClient>(
  client: Client,
  tracer: Tracer,
  options: StreamOptions = {},
): Client {
  checkOptions(
    { client },
    { owner: "traceBedrock", checks: { client: isBedrockClient }, required: ["client"] },
  );
  checkAdapter("traceBedrock", { tracer, options }, STREAM_CHECKS);
  const middleware = bedrockTracing(tracer, options);
  client.middlewareStack.add(middleware, { step: "initialize", name: "tracelight", override: true });
  return client;
}

/** The middleware that traces. */
export function bedrockTracing(tracer: Tracer, options: StreamOptions = {}): Middleware {
  const spans = new ModelSpans(options);
  return (next, { commandName }) =>
    async (args) => {
      const call = begun(tracer, { spans, patience: patienceOf(options) }, commandName ?? "", args.input);
      if (call === undefined) return next(args);
      return tracer
        .run(call.span, () => next(args))
        .then(
          (result) => {
            harmlessly(call.span, () => call.answered(result.output, fieldIn(result.response, "headers")));
            return result;
          },
          (error: unknown) => {
            call.failed(error);
            throw error;
          },
        );
    };
}

/** Clients of `aws-sdk` 2 have no such thing. */
export function isBedrockClient(value: unknown): string | undefined {
  const add = fieldIn(fieldIn(value, "middlewareStack"), "add");
  return typeof add === "function"
    ? undefined
    : "a client of @aws-sdk/client-bedrock-runtime 3, with its middlewareStack";
}

const COMMANDS: ReadonlySet<string> = new Set([
  ...["ConverseCommand", "ConverseStreamCommand"],
  ...["InvokeModelCommand", "InvokeModelWithResponseStreamCommand"],
]);

/** A command that calls a model. */
export interface BedrockAsk {
  readonly command: string;
  readonly dialect: Dialect;
  readonly asked: Asked;
  /** Of InvokeModel. */
  readonly body: object | undefined;
}

/** What a command asks a model; undefined where it is no call of a model, or cannot be read. */
export function bedrockAsk(command: string, input: object): BedrockAsk | undefined {
  if (!COMMANDS.has(command)) return undefined;
  try {
    const body = command.startsWith("Invoke") ? bodyOf(fieldIn(input, "body")) : undefined;
    const dialect = body === undefined ? converse : dialectOfBody(body);
    const model = wordsIn(fieldIn(input, "modelId"));
    const said = isFields(body) ? dialect.asked(body, "") : dialect.asked(input, "");
    if (said === undefined) return undefined;
    const asked = { ...said, model, config: { ...said.config, ...guardrailOf(body, input) } };
    return { command, dialect, asked, body: fields(body) };
  } catch {
    return undefined;
  }
}

/** What is the same for all calls of a client. */
interface Settings {
  readonly spans: ModelSpans;
  readonly patience: ReturnType<typeof patienceOf>;
}

function begun(tracer: Tracer, settings: Settings, command: string, input: object): BedrockCall | undefined {
  const ask = bedrockAsk(command, input);
  if (ask === undefined) return undefined;
  const span = tracer.startSpan(ModelSpans.nameOf(ask.dialect, ask.asked), { spanKind: "CLIENT" });
  harmlessly(span, () => settings.spans.asked(span, ask.dialect, ask.asked, "aws.bedrock"));
  return new BedrockCall(span, settings, ask.dialect);
}

/** Of InvokeModel: it stands beside the body. */
function guardrailOf(body: unknown, input: object): object | undefined {
  return body === undefined ? undefined : only(input, "guardrailIdentifier", "guardrailVersion", "trace");
}

function bodyOf(body: unknown): unknown {
  const json = body instanceof Uint8Array ? textOf(body) : body;
  return typeof json === "string" ? JSON.parse(json) : undefined;
}

/** One call and its span. */
class BedrockCall {
  readonly span: Span;
  readonly #spans: ModelSpans;
  readonly #dialect: Dialect;
  readonly #guard: StreamGuard | undefined;
  readonly #assembler: Assembler;
  #whole: unknown;
  #counts: object | undefined;
  #guardrail: unknown;
  #isBlocked = false;

  constructor(span: Span, { spans, patience }: Settings, dialect: Dialect) {
    this.span = span;
    this.#spans = spans;
    this.#dialect = dialect;
    this.#assembler = dialect.assembler();
    this.#guard = guardStream<unknown>(span, {
      onChunk: (event) => this.#add(event),
      onSnapshot: () => spans.said(span, this.#sofar()),
      onEnd: () => this.#over(),
      ...patience,
    });
    this.#guard?.waits(true);
  }

  /** It failed, after all attempts. */
  failed(error: unknown): void {
    this.#attempts(fieldIn(error, "$metadata"));
    this.#guard?.end({ how: "failed", error });
  }

  /** What `send` gives. A stream in it ends the span. */
  answered(output: object, headers: unknown): void {
    this.#guard?.waits(false);
    this.#attempts(fieldIn(output, "$metadata"));
    this.#counts = countsIn(headers);
    const stream = fieldIn(output, "stream") ?? fieldIn(output, "body");
    if (
      this.#guard !== undefined &&
      typeof stream === "object" &&
      stream !== null &&
      Symbol.asyncIterator in stream
    )
      return this.#follow(stream, this.#guard);
    this.#whole = stream instanceof Uint8Array ? parsed(textOf(stream)) : output;
    this.#guarded(this.#whole);
    this.#guard?.end({ how: "done" });
  }

  #follow(stream: object, guard: StreamGuard): void {
    const watched = watchStream(stream, {
      frame: guard.frame,
      chunk: (event) => guard.chunk(event),
      waits: (isAwaited) => guard.waits(isAwaited),
      end: (end) => guard.end(end.how === "done" && !this.#isWhole ? { how: "abandoned" } : end),
    });
    if (watched === undefined) guard.end({ how: "done" });
    else guard.heldBy(watched);
  }

  /** The client's streams just end where they are aborted, or their line is cut. */
  get #isWhole(): boolean {
    return this.#assembler.end !== undefined || this.#sofar().stopReason !== undefined;
  }

  /** Of InvokeModel's, an event is a piece of JSON. */
  #add(event: unknown): boolean {
    const bytes = fieldIn(fieldIn(event, "chunk"), "bytes");
    const said = bytes instanceof Uint8Array ? parsed(textOf(bytes)) : event;
    const counts = fields(fieldIn(said, "amazon-bedrock-invocationMetrics"));
    if (counts !== undefined)
      this.#counts = { inputTokens: counts["inputTokenCount"], outputTokens: counts["outputTokenCount"] };
    this.#guarded(said);
    const isSaying = this.#assembler.add(said);
    const { end } = this.#assembler;
    if (end !== undefined) this.#guard?.expect(end);
    return isSaying;
  }

  /** In InvokeModel's bodies, of whichever family, the service says it beside the model's own words. */
  #guarded(said: unknown): void {
    this.#guardrail = fieldIn(fieldIn(said, "amazon-bedrock-trace"), "guardrail") ?? this.#guardrail;
    if (fieldIn(said, "amazon-bedrock-guardrailAction") === "INTERVENED") this.#isBlocked = true;
  }

  #attempts(metadata: unknown): void {
    const attempts = fieldIn(metadata, "attempts");
    if (typeof attempts === "number" && attempts > 1) this.span.addAttribute(NAMES.resends, attempts - 1);
    this.span.addAttribute(NAMES.responseId, wordsIn(fieldIn(metadata, "requestId")));
  }

  #sofar(): Answered {
    return this.#dialect.answered(this.#whole ?? this.#assembler.answer());
  }

  #over(): void {
    const answered = this.#sofar();
    this.#spans.answered(this.span, {
      ...{ ...answered, usage: answered.usage ?? this.#counts, id: undefined },
      guardrail: answered.guardrail ?? this.#guardrail,
      stopReason: this.#isBlocked ? INTERVENED : answered.stopReason,
    });
  }
}

/** Converse's word for it. */
const INTERVENED = "guardrail_intervened";

/** Llama's and Mistral's tokens, of an answer that comes as a whole. */
function countsIn(headers: unknown): object | undefined {
  const input = Number(fieldIn(headers, "x-amzn-bedrock-input-token-count") ?? Number.NaN);
  const output = Number(fieldIn(headers, "x-amzn-bedrock-output-token-count") ?? Number.NaN);
  return Number.isNaN(input) ? undefined : { inputTokens: input, outputTokens: output };
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
