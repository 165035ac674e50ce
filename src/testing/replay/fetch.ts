// `replayFetch`: a `fetch` that answers recorded calls of models, in each vendor's own words.
import { fields } from "../../agents/dialects/values.ts";
import {
  bodyOf,
  type FetchInput,
  type FetchLike,
  headerOf,
  methodOf,
  signalOf,
  urlOf,
} from "../../agents/fetch/request.ts";
import { NAMES } from "../../conventions/names.ts";
import { readSpan } from "../../conventions/reading.ts";
import { fieldIn, wordsIn } from "../../conventions/values.ts";
import { TracelightError } from "../../model/errors.ts";
import { checkOptions, is } from "../../model/options.ts";
import type { SpanFields } from "../../model/span-fields.ts";
import { unknownRequest } from "./miss.ts";
import { askedSpan } from "./question.ts";
import type { RecordedCall } from "./recorded.ts";
import { Recording } from "./recording.ts";
import { type Pace, pause, type ReplayTiming, streamed } from "./streamed.ts";
import { type ModelRequest, modelRequestIn } from "./wires/by-request.ts";
import { type Failure, type Said, saidIn } from "./wires/wire.ts";

/** For `replayFetch`. */
export interface ReplayFetchOptions {
  /** The `fetch` for what goes to the network: behind a fork, and where misses are recorded. Default: the global one, as it is at each call. */
  readonly fetch?: FetchLike | undefined;
  /** When answers come. Default `"none"`: at once. */
  readonly timing?: ReplayTiming | undefined;
}

/**
 * A `fetch` for the `fetch` option of a model client, which answers from a recording and asks no network: OpenAI's chat completions,
 * responses and embeddings and what is compatible, Anthropic's messages, Gemini's `generateContent`, Ollama's own API; streams as the vendor's
 * own events. Calls that another adapter recorded are said as the vendor would.
 *
 * What was not recorded is a `REPLAY_MISS`: the promise rejects with it. The clients of OpenAI, Anthropic and Groq, which try again after that and hide
 * why, get an answer of status 400 that says it. A call that failed when it was recorded fails again.
 *
 * @throws TracelightError `INVALID_OPTION`
 */
export function replayFetch(recording: Recording, options: ReplayFetchOptions = {}): FetchLike {
  checkOptions(
    { recording, ...options },
    { owner: "replayFetch", checks: { recording: isRecording, fetch: is.fn, timing: isTiming } },
  );
  return async (input, init) => {
    const signal = signalOf(input, init);
    signal?.throwIfAborted();
    const network = () => (options.fetch ?? fetch)(input, init);
    const request = await requestOf(input, init);
    if (request === undefined) {
      if (recording.isOver || recording.recordsMisses) return network();
      throw recording.missed(unknownRequest(methodOf(input, init), urlOf(input)));
    }
    try {
      const call = recording.answer(askedSpan(request.dialect, request.asked));
      return call === undefined ? await network() : await answered(call, request, { ...options, signal });
    } catch (error) {
      if (!(error instanceof TracelightError) || !triesAgain(input, init)) throw error;
      return Response.json(missBody(request, error), { status: 400, headers: NO_MORE });
    }
  };
}

/** What a recording must be. */
export function isRecording(value: unknown): string | undefined {
  return value instanceof Recording ? undefined : "what replay() resolves with";
}

/** What a timing must be. */
export const isTiming: ReturnType<typeof is.oneOf> = is.oneOf("none", "recorded");

async function requestOf(
  input: FetchInput,
  init: RequestInit | undefined,
): Promise<ModelRequest | undefined> {
  const body = methodOf(input, init) === "POST" ? await bodyOf(input, init) : undefined;
  return body === undefined ? undefined : modelRequestIn(urlOf(input), body);
}

/** The clients that Stainless makes say so. */
function triesAgain(input: FetchInput, init: RequestInit | undefined): boolean {
  return headerOf("x-stainless-lang", input, init) !== undefined;
}

interface How extends Pick<ReplayFetchOptions, "timing"> {
  readonly signal: AbortSignal | undefined;
}

async function answered({ span }: RecordedCall, request: ModelRequest, how: How): Promise<Response> {
  const { wire, ask } = request;
  const { signal } = how;
  const pace = how.timing === "recorded" ? paceOf(span) : undefined;
  const said = saidIn(span);
  const failure = failureIn(span);
  if (wire.isStreamed(ask) && failure?.status === undefined && (failure === undefined || hasSaid(said))) {
    const { begun, ended } = wire.pieces(said, ask);
    const end = failure === undefined ? ended : [wire.errorPiece(failure)];
    return streamed({ pieces: [...begun, ...end], type: wire.streamType, pace, signal });
  }
  await pause(pace?.wholeMs ?? 0, signal);
  if (failure === undefined) return Response.json(wire.whole(said, ask));
  if (failure.status !== undefined) return refusal(request, failure);
  throw new TypeError("fetch failed", { cause: new Error(failure.message) });
}

function refusal({ wire }: ModelRequest, failure: Failure): Response {
  return Response.json(wire.error(failure), { status: failure.status ?? 500, headers: NO_MORE });
}

/** Some clients show a `message` as it is where it stands at the top, and else JSON. */
function missBody({ wire }: ModelRequest, { code, message }: TracelightError): object {
  return { ...wire.error({ status: 400, code, message, type: "replay_miss" }), message };
}

/** A client that is told not to try again need not wait for it. */
const NO_MORE = { "x-should-retry": "false", "retry-after-ms": "1" };

function hasSaid({ output }: Said): boolean {
  return output !== undefined && output !== null;
}

/** How a recorded call failed; undefined where it did not. */
export function failureIn(span: SpanFields): Failure | undefined {
  const { error, errorDetails, aborted } = readSpan(span);
  if (error === undefined || aborted) return undefined;
  const details = fields(errorDetails) ?? {};
  const given = span.attributes["http.response.status_code"] ?? details["status"];
  const status = typeof given === "number" && given >= 400 ? given : undefined;
  const code = details["code"];
  return {
    // Adapters put the status before what was said.
    message: status === undefined ? error : error.replace(new RegExp(`^${status} `), ""),
    status,
    code: typeof code === "string" || typeof code === "number" ? code : undefined,
    type: wordsIn(details["type"]),
  };
}

/** How long a recorded call took. */
export function paceOf(span: SpanFields): Pace {
  const { startedAtMicros: start, endedAtMicros: end = start, attributes } = span;
  const wholeMs = (end - start) / 1000;
  const first = readSpan(span).timeToFirstTokenMs ?? fieldIn(attributes, NAMES.timeToFirstChunk);
  return { wholeMs, firstMs: typeof first === "number" ? Math.min(first, wholeMs) : wholeMs };
}
