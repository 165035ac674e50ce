// `replay`: a recording, which answers the calls of models and tools that were recorded.
import { TracelightError } from "../../model/errors.ts";
import { checkOptions, is } from "../../model/options.ts";
import type { SpanFields } from "../../model/span-fields.ts";
import { type RedactOptions, redact } from "../../redact/redact.ts";
import type { NoiseRules } from "../golden/noise.ts";
import { isRedact } from "./cassette.ts";
import { Matching } from "./matching.ts";
import { missOf } from "./miss.ts";
import { toolOutcome } from "./outcome.ts";
import { Questions, toolSpan } from "./question.ts";
import { type RecordedCall, recordedIn } from "./recorded.ts";
import { Recorder } from "./recorder.ts";
import { type ReplaySource, spansOf } from "./source.ts";
import { ToolMatching } from "./tool-matching.ts";

/** What is done with a request that was not recorded. */
export type ReplayMode =
  /** It is a `REPLAY_MISS`. */
  | "strict"
  /** The recorded call that is most like it answers. */
  | "lenient"
  /** It goes to the network, and what comes back is added to the cassette. */
  | "record";

/** How a recording is replayed. */
export interface ReplayOptions extends NoiseRules {
  /** What is done with what was not recorded. Default `"strict"`. */
  readonly mode?: ReplayMode | undefined;
  /**
   * So many model calls are answered from the recording, counted from its first; all that come after go to the real model and the real
   * tools. Default: none do.
   */
  readonly until?: number | undefined;
  /** The cassette that is recorded to. Default: the file that is replayed. */
  readonly cassette?: string | undefined;
  /** What is taken out of cassettes, and of both sides before they are compared. Default: all rules of `redact`. */
  readonly redact?: RedactOptions | false | undefined;
}

/** Recorded calls of models and tools, ready to be answered: see `replay`. */
export class Recording {
  /** All spans that were read. */
  readonly spans: readonly SpanFields[];
  /** What was asked and had no answer in the recording, in order: each is a `REPLAY_MISS`. */
  readonly misses: readonly TracelightError[];
  readonly #mode: ReplayMode;
  /** Takes what goes to the network; undefined where misses are not recorded. @internal */
  readonly recorder: Recorder | undefined;
  readonly #matching: Matching;
  readonly #tools: ToolMatching;
  readonly #misses: TracelightError[];
  /** Undefined where nothing goes to the real model behind some calls. */
  readonly #until: number | undefined;
  #answered = 0;

  /** @internal */
  constructor(spans: readonly SpanFields[], options: ReplayOptions, file: string | undefined) {
    const { mode = "strict", until = Number.POSITIVE_INFINITY, redact: wanted = {} } = options;
    const { calls, tools } = recordedIn(spans, until);
    this.spans = spans;
    this.#mode = mode;
    const cassette = options.cassette ?? file;
    if (mode === "record" && cassette === undefined)
      throw new TracelightError(
        "INVALID_OPTION",
        'replay with mode "record" needs a file to record to: replay a file, or give the option "cassette".',
      );
    this.recorder =
      mode === "record" && cassette !== undefined ? new Recorder(cassette, { redact: wanted }) : undefined;
    this.#until = options.until === undefined ? undefined : Math.min(until, calls.length);
    this.#misses = [];
    this.misses = this.#misses;
    const rules = { ignore: options.ignore, normalize: options.normalize };
    const questions = new Questions(rules, wanted === false ? undefined : redact(wanted));
    this.#matching = new Matching(calls, questions);
    this.#tools = new ToolMatching(tools, questions);
  }

  /** How many recorded model calls nobody asked for yet. */
  get left(): number {
    return this.#matching.left.size;
  }

  /** True where all that follows is for the real model: behind a fork. @internal */
  get isOver(): boolean {
    return this.#until !== undefined && this.#answered >= this.#until;
  }

  /** True where what is asked and not recorded goes to the network. @internal */
  get asksNetwork(): boolean {
    return this.isOver || this.recorder !== undefined;
  }

  /** The call that a request is; undefined where it is for the network. Throws `REPLAY_MISS`. @internal */
  answer(asked: SpanFields): RecordedCall | undefined {
    if (this.isOver) return undefined;
    const found = this.#matching.take(asked) ?? this.#otherwise(asked);
    if (found !== undefined) this.#answered++;
    return found;
  }

  /** The tools that were recorded. @internal */
  get toolNames(): readonly string[] {
    return this.#tools.names;
  }

  /** What a recorded tool gave; `real` is called where it is no recorded one's turn. Rejects with `REPLAY_MISS`. @internal */
  async callTool(name: string, input: unknown, real: (() => unknown) | undefined): Promise<unknown> {
    const found = this.#tools.take(name, input) ?? this.#toolOtherwise(name);
    if (found !== undefined) return toolOutcome(found);
    if (real === undefined || !this.asksNetwork) throw this.missed(this.#tools.miss(name, input));
    return this.recorder === undefined ? real() : this.recorder.tool(toolSpan(name, input), real);
  }

  #toolOtherwise(name: string): SpanFields | undefined {
    return this.#mode === "lenient" && !this.isOver ? this.#tools.takeNearest(name) : undefined;
  }

  /** Takes note of a miss. @internal */
  missed(miss: TracelightError): TracelightError {
    this.#misses.push(miss);
    return miss;
  }

  #otherwise(asked: SpanFields): RecordedCall | undefined {
    if (this.recorder !== undefined) return undefined;
    const nearest = this.#mode === "lenient" ? this.#matching.takeNearest(asked) : undefined;
    if (nearest === undefined) throw this.missed(missOf(asked, this.#matching));
    return nearest;
  }
}

/**
 * Reads a recording: spans, a store with a query, or a file of records, log lines or OTLP, such as `tracelight export` writes.
 * `replayFetch`, `replayBedrock` and `replayTools` answer from it, each recorded call once and in order. A request is the recorded one where
 * model, system prompt, messages, tools and settings are the same; ids, dates, blanks and the order of keys do not matter.
 *
 * @throws (rejects) TracelightError `INVALID_OPTION`; `STORE_NOT_FOUND`, `INVALID_RECORD`; `NOTHING_RECORDED` where the spans have no call.
 * @example
 * ```ts
 * const tracer = new InMemoryTracer();
 * const answer = { choices: [{ message: { role: "assistant", content: "Sunny." }, finish_reason: "stop" }] };
 * const body = JSON.stringify({ model: "gpt-5", messages: [{ role: "user", content: "Weather?" }] });
 * const ask = (send: typeof fetch) => send("https://api.openai.com/v1/chat/completions", { method: "POST", body });
 * await ask(tracedFetch(tracer, { fetch: async () => Response.json(answer) })).then((response) => response.json());
 *
 * const recording = await replay(tracer.getTraces());
 * const response = await ask(replayFetch(recording));
 * console.log((await response.text()).includes("Sunny.")); // true
 * ```
 */
export async function replay(source: ReplaySource, options: ReplayOptions = {}): Promise<Recording> {
  checkOptions(options, { owner: "replay", checks: CHECKS });
  const isRecorded = options.mode === "record";
  const { spans, file } = await spansOf(source, isRecorded);
  const recording = new Recording(spans, options, file);
  if (recording.left === 0 && recording.toolNames.length === 0 && !isRecorded && options.until !== 0)
    throw new TracelightError(
      "NOTHING_RECORDED",
      `There is no call of a model or a tool among ${spans.length} spans: nothing could be replayed. Give the spans of a whole trace, recorded with their content.`,
    );
  return recording;
}

/** What a recording must be. */
export function isRecording(value: unknown): string | undefined {
  return value instanceof Recording ? undefined : "what replay() resolves with";
}

const CHECKS = {
  ...{ mode: is.oneOf("strict", "lenient", "record"), until: is.count(0), cassette: is.text },
  ...{ redact: isRedact, normalize: is.fn },
  ignore: (value: unknown) => (Array.isArray(value) ? undefined : "a list of names, paths and RegExps"),
};
