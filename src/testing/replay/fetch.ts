// `replayFetch`: a `fetch` that answers recorded calls of models, in each vendor's own words.
import {
  bodyOf,
  type FetchInput,
  type FetchLike,
  headerOf,
  methodOf,
  signalOf,
  urlOf,
} from "../../agents/fetch/request.ts";
import { TracelightError } from "../../model/errors.ts";
import { checkOptions, is } from "../../model/options.ts";
import { unknownRequest } from "./miss.ts";
import { failureIn, paceOf } from "./outcome.ts";
import { askedSpan } from "./question.ts";
import type { RecordedCall } from "./recorded.ts";
import { isRecording, type Recording } from "./recording.ts";
import { isTiming, pause, type ReplayTiming, streamed } from "./streamed.ts";
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
  const real: FetchLike = (input, init) => (options.fetch ?? fetch)(input, init);
  const recorded = recording.recorder?.fetch(real) ?? real;
  return async (input, init) => {
    const signal = signalOf(input, init);
    signal?.throwIfAborted();
    const request = await requestOf(input, init);
    if (request === undefined) {
      if (recording.asksNetwork) return real(input, init);
      throw recording.missed(unknownRequest(methodOf(input, init), urlOf(input)));
    }
    try {
      const asked = askedSpan(request.dialect, request.asked);
      const call = recording.answer(asked);
      if (call !== undefined) return await answered(call, request, { ...options, signal });
      return request.wire.name === "embeddings" && recording.recorder !== undefined
        ? await recording.recorder.embedding(asked, urlOf(input), () => real(input, init))
        : await recorded(input, init);
    } catch (error) {
      if (!(error instanceof TracelightError) || !triesAgain(input, init)) throw error;
      return Response.json(missBody(request, error), { status: 400, headers: NO_MORE });
    }
  };
}

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
