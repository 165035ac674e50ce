// One call of a model, over all its attempts: what is known of it, and how its span ends.

import { NAMES } from "../../conventions/names.ts";
import { fieldIn, wordsIn } from "../../conventions/values.ts";
import type { Span } from "../../tracing/span.ts";
import type { WorkEnd } from "../../tracing/steps.ts";
import { guardStream } from "../../tracing/streams/guard.ts";
import type { StreamGuard } from "../../tracing/streams/stream-guard.ts";
import { watchStream } from "../../tracing/streams/watch.ts";
import { heedSignal } from "../../tracing/verdict.ts";
import type { patienceOf } from "../capture.ts";
import type { Answered, Dialect } from "../dialects/dialect.ts";
import { failureOf, ProviderFailure, saidIn } from "../dialects/values.ts";
import type { ModelSpans } from "../model-span.ts";
import { withoutSecrets } from "../secrets.ts";
import { type AnswerReader, FailureText, readerOf } from "./lines.ts";
import { mayBeResent, resentWithin } from "./resending.ts";
import { watchWhole } from "./whole.ts";

/** A request of a call. */
export interface Attempt {
  /** Which attempt it is by its client's own count, from 0; undefined where that does not say. */
  readonly nr: number | undefined;
  readonly signal: AbortSignal | undefined;
  /** Keys and the like, asked for where a service may have repeated them. */
  readonly secrets: () => readonly string[];
}

/** What a call is made of. */
export interface CallParts {
  readonly dialect: Dialect;
  readonly spans: ModelSpans;
  readonly attempt: Attempt;
  /** How long nobody may read on. */
  readonly patience: ReturnType<typeof patienceOf>;
  /** It failed, and may be tried again. */
  readonly onFailure: (call: ModelCall) => void;
  readonly onEnd: (call: ModelCall) => void;
}

/** A call and its span, which ends with the answer, or with the failure that no attempt follows. */
export class ModelCall {
  readonly span: Span;
  readonly #parts: CallParts;
  readonly #guard: StreamGuard | undefined;
  #attempt: Attempt;
  #reader: AnswerReader | undefined;
  /** Once all is there. */
  #answer: Answered | undefined;
  #resends: number;
  #failure: Readonly<Record<string, unknown>> = {};

  constructor(span: Span, parts: CallParts) {
    this.span = span;
    this.#parts = parts;
    this.#attempt = parts.attempt;
    this.#resends = parts.attempt.nr ?? 0;
    if (this.#resends > 0) span.addAttribute(NAMES.resends, this.#resends);
    this.#guard = guardStream<unknown>(span, {
      onChunk: (given) => this.#reader?.add(given),
      ...parts.patience,
      onSnapshot: () => this.#parts.spans.said(span, this.#sofar()),
      onEnd: () => this.#over(),
    });
    this.#guard?.waits(true);
  }

  /** One more attempt. */
  resend(attempt: Attempt): void {
    this.span.addEvent("ai.llm.resend", this.#failure);
    this.span.addAttribute(NAMES.resends, ++this.#resends);
    this.#attempt = attempt;
    this.#guard?.expect(undefined);
    this.#guard?.waits(true);
  }

  /** No attempt follows: it ends as it failed. */
  giveUp(): void {
    this.#guard?.end({ how: "abandoned" });
  }

  /** The request got no answer. */
  failed(error: unknown): void {
    const { nr, signal } = this.#attempt;
    if (signal?.aborted === true) heedSignal(this.span, signal);
    // Clients that count their attempts call off those that take too long, too.
    if (signal?.aborted === true && nr === undefined) return this.#guard?.end({ how: "failed", error });
    this.#failedSo(
      { how: "failed", error },
      { "exception.message": saidIn(error) ?? "no answer" },
      undefined,
    );
  }

  /** The answer begins: the span ends with it. */
  answered(response: Response): void {
    const guard = this.#guard;
    if (guard === undefined) return;
    guard.waits(false);
    if (!response.ok) return this.#refused(response, guard);
    this.#reader = readerOf(response, this.#parts.dialect);
    const watch = this.#reader.isWhole ? watchWhole : watchStream;
    const watched = watch(response, {
      frame: guard.frame,
      chunk: (given) => this.#chunk(given, guard),
      waits: (isAwaited) => guard.waits(isAwaited),
      end: (end) => guard.isOver || guard.end(this.#settled(end)),
    });
    if (watched === undefined) return guard.end({ how: "done" });
    guard.heldBy(watched);
    if (this.#attempt.signal !== undefined) guard.heed(this.#attempt.signal);
  }

  #chunk(bytes: unknown, guard: StreamGuard): void {
    guard.chunk(bytes);
    const end = this.#reader?.end;
    // Some clients read no further than to the last piece.
    if (end !== undefined) guard.end(this.#harmless(end));
  }

  /** How an answer went, once no more of it will be read. */
  #settled(end: WorkEnd): WorkEnd {
    if (end.how === "failed" && end.error instanceof SyntaxError) return noJson(end.error);
    if (end.how !== "done") return end;
    try {
      this.#answer = this.#parts.dialect.answered(this.#reader?.whole());
      const { error } = this.#answer;
      const told = this.#reader?.end;
      if (told?.how === "failed") return this.#harmless(told);
      return error === undefined ? { how: "done" } : this.#harmless(failureOf(error));
    } catch (error) {
      return noJson(error);
    }
  }

  /** What the app reads of a refusal is the reason. */
  #refused(response: Response, guard: StreamGuard): void {
    const { status, headers } = response;
    this.span.addAttribute(STATUS, status);
    const said = new FailureText();
    const isFinal = !mayBeResent(response);
    const refuse = (body: unknown) => {
      const end = this.#refusal(status, body);
      if (!isFinal) return this.#failedSo(end, { [STATUS]: status, ...messageIn(end) }, headers);
      guard.expect(end, UNREAD_MS);
      if (body !== undefined) guard.end(end);
    };
    let isRead = false;
    refuse(undefined);
    watchWhole(response, {
      frame: guard.frame,
      chunk: (given) => said.add(given),
      end: () => {
        if (!isRead) refuse(said.take() ?? "");
        isRead = true;
      },
    });
  }

  /** It may be tried again, and is over if it is not. */
  #failedSo(end: WorkEnd, failure: Readonly<Record<string, unknown>>, headers: Headers | undefined): void {
    if (this.#guard === undefined || this.#guard.isOver) return;
    this.#failure = failure;
    this.#guard.expect(end, resentWithin(this.#attempt.nr, this.#resends, headers));
    this.#parts.onFailure(this);
  }

  #refusal(status: number, body: unknown): WorkEnd {
    const message = saidIn(body);
    const said = message === undefined ? "" : ` ${message}`;
    const reason = fieldIn(body, "error") ?? body;
    const details = { status, code: fieldIn(reason, "code"), type: wordsIn(fieldIn(reason, "type")) };
    return this.#harmless({ how: "failed", error: new ProviderFailure(`${status}${said}`, details) });
  }

  /** A failure without what a service repeats of the request: keys, and the content where that is not to be kept. */
  #harmless(end: WorkEnd): WorkEnd {
    if (end.how !== "failed" || !(end.error instanceof ProviderFailure)) return end;
    const { message } = end.error;
    const kept = this.#parts.spans.isMetadataOnly
      ? String(fieldIn(end.error, "status") ?? "The model's service failed.")
      : withoutSecrets(message, this.#attempt.secrets());
    return { how: "failed", error: new ProviderFailure(kept, { ...end.error }) };
  }

  #sofar(): Answered {
    return this.#parts.dialect.answered(this.#reader?.sofar());
  }

  #over(): void {
    this.#parts.onEnd(this);
    this.#parts.spans.answered(this.span, this.#answer ?? this.#sofar());
  }
}

function noJson(error: unknown): WorkEnd {
  return { how: "failed", error: new ProviderFailure(`The answer is no JSON: ${saidIn(error)}`, {}) };
}

function messageIn(end: WorkEnd): object {
  const message = end.how === "failed" ? saidIn(end.error) : undefined;
  return message === undefined ? {} : { "exception.message": message };
}

const STATUS = "http.response.status_code";
/** A refusal that nobody reads is over. */
const UNREAD_MS = 1000;
