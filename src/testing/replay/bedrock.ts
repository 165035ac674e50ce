// `replayBedrock`: a Bedrock client that answers from a recording, by its own middleware.
import { bedrockAsk, bedrockTracing, isBedrockClient } from "../../agents/bedrock/trace.ts";
import { checkOptions } from "../../model/options.ts";
import type { SpanFields } from "../../model/span-fields.ts";
import { errorIn, failureIn, paceOf } from "./outcome.ts";
import { askedSpan } from "./question.ts";
import { isRecording, type Recording } from "./recording.ts";
import { isTiming, paced, pause, type RecordedPace, type ReplayTiming } from "./streamed.ts";
import { converseEvents, converseOf } from "./wires/converse.ts";
import { bodyAnswer } from "./wires/invoke-model.ts";
import { type Failure, type Said, saidIn } from "./wires/wire.ts";

interface Args {
  readonly input: object;
}
interface Result {
  readonly output: object;
  readonly response: unknown;
}
type Handler = (args: Args) => Promise<Result>;

/** What the client of `@aws-sdk/client-bedrock-runtime` has, as far as it is used. */
export interface ReplayedBedrockClient {
  /** Where a client takes what goes around its calls. */
  readonly middlewareStack: {
    /** Adds one. */
    add(
      middleware: (next: Handler, context: { readonly commandName?: string }) => Handler,
      options: {
        readonly step: "initialize";
        readonly name: string;
        readonly override: boolean;
        readonly priority: "low";
      },
    ): void;
  };
}

/** For `replayBedrock`. */
export interface ReplayBedrockOptions {
  /** When answers come. Default `"none"`: at once. */
  readonly timing?: ReplayTiming | undefined;
}

/**
 * Lets a Bedrock client answer from a recording, without network and credentials, and gives it back: `Converse`, `ConverseStream`,
 * `InvokeModel` and `InvokeModelWithResponseStream`. What was not recorded rejects with a `REPLAY_MISS`. `traceBedrock` may be around it.
 *
 * @throws TracelightError `INVALID_OPTION`
 * @example
 * ```typescript
 * import { BedrockRuntimeClient } from "@aws-sdk/client-bedrock-runtime";
 *
 * const client = replayBedrock(new BedrockRuntimeClient({ region: "eu-central-1" }), await replay("weather.jsonl"));
 * ```
 */
export function replayBedrock<Client extends ReplayedBedrockClient>(
  client: Client,
  recording: Recording,
  options: ReplayBedrockOptions = {},
): Client {
  checkOptions(
    { client, recording, ...options },
    {
      owner: "replayBedrock",
      checks: {
        client: isBedrockClient,
        recording: isRecording,
        timing: isTiming,
      },
    },
  );
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const asked = bedrockAsk(context.commandName ?? "", args.input);
      if (asked === undefined) return next(args);
      const call = recording.answer(askedSpan(asked.dialect, asked.asked, "aws.bedrock"));
      if (call !== undefined) return { output: await answered(call.span, asked, options), response: {} };
      const { recorder } = recording;
      return recorder === undefined ? next(args) : bedrockTracing(recorder.tracer)(next, context)(args);
    },
    { step: "initialize", name: "tracelight-replay", override: true, priority: "low" },
  );
  return client;
}

type Asked = NonNullable<ReturnType<typeof bedrockAsk>>;

async function answered(span: SpanFields, asked: Asked, { timing }: ReplayBedrockOptions): Promise<object> {
  const pace = timing === "recorded" ? paceOf(span) : undefined;
  const said = saidIn(span);
  const isStream = asked.command.endsWith("StreamCommand");
  const failure = failureIn(span);
  const error = failure === undefined ? undefined : errorOf(span, failure);
  const isBegun = isStream && said.output !== undefined;
  if (!isStream) await pause(pace?.wholeMs ?? 0, undefined);
  if (error !== undefined && !isBegun) throw error;
  return { ...outputOf(said, asked, { pace, error }), $metadata: { httpStatusCode: 200, attempts: 1 } };
}

interface How {
  readonly pace: RecordedPace | undefined;
  readonly error: Error | undefined;
}

function outputOf(said: Said, { command, dialect, body }: Asked, how: How): object {
  switch (command) {
    case "ConverseCommand":
      return converseOf(said);
    case "ConverseStreamCommand":
      return { stream: stream(converseEvents(said, how.error !== undefined), how) };
    case "InvokeModelCommand":
      return { body: bytesOf(bodyAnswer(said, dialect, body ?? {}).whole), contentType: "application/json" };
    default: {
      const { pieces } = bodyAnswer(said, dialect, body ?? {});
      const chunks = pieces.map((piece) => ({ chunk: { bytes: bytesOf(piece) } }));
      return { body: stream(chunks, how) };
    }
  }
}

/** As the client's own: bytes that know what text they are. */
function bytesOf(value: object): Uint8Array {
  const text = JSON.stringify(value);
  return Object.assign(new TextEncoder().encode(text), { transformToString: () => text });
}

async function* stream(events: readonly object[], { pace, error }: How): AsyncGenerator<object> {
  yield* paced(events, pace);
  if (error !== undefined) throw error;
}

function errorOf(span: SpanFields, { message, status }: Failure): Error {
  return Object.assign(errorIn(span, message), {
    $metadata: { httpStatusCode: status, attempts: 1 },
    $fault: "server",
  });
}
