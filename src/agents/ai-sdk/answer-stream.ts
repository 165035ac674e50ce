// A model's answer that comes as a stream, whichever version of the SDK reads it: its span ends with it, and so does the turn.
import { textOfParts } from "../../conventions/messages.ts";
import { NAMES } from "../../conventions/names.ts";
import { partsOf } from "../../conventions/parts.ts";
import { fieldIn } from "../../conventions/values.ts";
import type { Span } from "../../tracing/span.ts";
import type { WorkEnd } from "../../tracing/steps.ts";
import { guardStream } from "../../tracing/streams/guard.ts";
import type { StreamGuard } from "../../tracing/streams/stream-guard.ts";
import { watchStream } from "../../tracing/streams/watch.ts";
import { Answer } from "./answer.ts";
import type { Work } from "./work.ts";

/** An operation of which answers are parts, such as `streamText`. */
export interface Turn {
  readonly span: Span;
  readonly guard: StreamGuard | undefined;
  /** What went wrong in its latest answer. */
  failure: unknown;
}

/** What the answer is of. */
interface AnswerOf {
  readonly span: Span;
  readonly turn: Turn | undefined;
  /** True where the SDK itself says what was answered, once it has read all of it. */
  readonly isTold: boolean;
}

/** Puts an answer together as the SDK reads it. It holds nothing of the SDK's: a stream that nobody holds can go. */
export class AnswerStream {
  readonly guard: StreamGuard | undefined;
  readonly answer: Answer = new Answer();
  /** True where the SDK is still to say what was answered. */
  isUntold: boolean;
  #failure: unknown;
  #isFollowed = false;
  readonly #seesReader: boolean;

  constructor(work: Work, { span, turn, isTold }: AnswerOf) {
    this.isUntold = isTold;
    // The SDK reads ahead of the app: a pause of its own is told from the app's only by the app's own limit.
    this.#seesReader = work.patience.idleMs === undefined;
    const put = (): void => {
      if (this.isUntold || !isTold) work.answered(span, this.answer);
    };
    this.guard = guardStream<unknown>(span, {
      ...work.patience,
      onChunk: (part) => this.#add(part),
      onSnapshot: put,
      onEnd: () => {
        put();
        if (turn !== undefined && this.#isFollowed) expectOf(work, turn, this.answer, this.#failure);
      },
    });
    this.guard?.waits(true);
  }

  /** True where the stream itself is watched. */
  get isFollowed(): boolean {
    return this.#isFollowed;
  }

  /** Watches the stream itself; false where that cannot be. */
  follow(stream: object): boolean {
    const { guard } = this;
    if (guard === undefined) return false;
    guard.waits(false);
    const watched = watchStream(stream, {
      frame: guard.frame,
      chunk: (part) => guard.chunk(part),
      waits: (isAwaited) => this.#seesReader && guard.waits(isAwaited),
      end: (end) => this.#over(end),
    });
    this.#isFollowed = watched !== undefined;
    if (watched === undefined) guard.expect(undefined, PATIENCE_MS);
    else guard.heldBy(watched);
    return this.#isFollowed;
  }

  #add(part: unknown): boolean {
    if (fieldIn(part, "type") === "error") this.#failure = fieldIn(part, "error");
    return this.answer.add(part);
  }

  #over(end: WorkEnd): void {
    if (end.how === "failed") this.#failure = end.error;
    if (!this.isUntold || end.how !== "done") return this.guard?.end(end);
    if (this.#failure === undefined) this.guard?.expect(endOf(this.answer), GRACE_MS);
  }
}

/** One more attempt, or the next step. */
export function goesOn(turn: Turn): void {
  turn.failure = undefined;
  turn.guard?.expect(undefined, PATIENCE_MS);
}

/** The SDK tells of an operation's end when the app has read all of it, and never where it does not. */
function expectOf(work: Work, turn: Turn, answer: Answer, failure: unknown): void {
  const { span, guard } = turn;
  const { content, finishReason } = answer;
  turn.failure = failure;
  const asks = content.some((part) => fieldIn(part, "type") === "tool-call");
  if (failure !== undefined) guard?.expect({ how: "failed", error: failure }, GRACE_MS);
  else if (finishReason === undefined) guard?.expect(endOf(answer), LEFT_MS);
  else if (asks) guard?.expect(undefined, PATIENCE_MS);
  else {
    if (span.state === "running") {
      work.put(span, NAMES.agentResponse, textOfParts(partsOf(content)));
      span.addAttribute(NAMES.stopReason, finishReason);
    }
    guard?.expect(endOf(answer), GRACE_MS);
  }
}

/** Each that is whole says why it ends. */
function endOf({ finishReason }: Answer): WorkEnd {
  return { how: finishReason === undefined ? "abandoned" : "done" };
}

/** An operation waits for tools, and for apps that read slowly. */
export const PATIENCE_MS = 3_600_000;
/** Whether there is more to come is told soon after a stream's end. */
const GRACE_MS = 2000;
/** Of one that was left nothing more comes. */
const LEFT_MS = 500;
