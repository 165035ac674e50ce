// One stream of events: at most one waits for its reader, of so many spans; more than that is a word that there was more.
import { costOfCall, type PriceTable } from "../conventions/cost.ts";
import { outlineOf, type SpanOutline } from "../conventions/facts.ts";
import { isoMicros } from "../model/clock.ts";
import { conversationKey, idKey } from "../model/conversation.ts";
import { clearInterval, setInterval } from "../model/timers.ts";
import type { Changes } from "../tracing/store.ts";
import type { ChangedSpanJson, ChangesJson, LiveEvents } from "./api.ts";

/** For one reader. */
export class LiveStream {
  readonly #prices: PriceTable | undefined;
  readonly #onEnd: () => void;
  readonly #heart: NodeJS.Timeout;
  readonly #body: ReadableStream<Uint8Array>;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  /** What waits, by span: each as it is now. */
  readonly #waiting = new Map<string, ChangedSpanJson>();
  #cursor = "";
  #reload: LiveEvents["reload"]["reason"] | undefined;
  /** What was sent of spans that run: it is not sent again where nothing changed. */
  readonly #running = new Map<string, string>();

  constructor(prices: PriceTable | undefined, onEnd: () => void) {
    this.#prices = prices;
    this.#onEnd = onEnd;
    this.#body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller;
      },
      pull: () => this.#send(),
      cancel: () => this.end(),
    });
    this.#heart = setInterval(() => this.#beat(), HEARTBEAT_MS).unref();
  }

  /** The answer to who listens. */
  response(): Response {
    return new Response(this.#body, {
      headers: {
        "content-type": "text/event-stream",
        "cache-control": "no-store",
        "x-accel-buffering": "no",
      },
    });
  }

  /** The first event, with its place. */
  ready(cursor: string): void {
    this.#enqueue("ready", { now: new Date().toISOString() }, cursor);
  }

  /** Says that the store cannot be asked what changed; a word to reload follows where it can be again. */
  unreadable(detail: string): void {
    this.#enqueue("unreadable", { detail }, "");
  }

  /** Says that there was more than is told. */
  reload(reason: LiveEvents["reload"]["reason"], cursor: string): void {
    this.#waiting.clear();
    this.#running.clear();
    this.#reload ??= reason;
    this.#cursor = cursor;
    this.#send();
  }

  /** Takes note of changes; sends them where the reader is ready. */
  changed({ spans, cursor }: Changes): void {
    this.#cursor = cursor;
    if (this.#reload !== undefined) return;
    for (const span of spans) this.#note(outlineOf(span));
    if (this.#waiting.size > MAX_WAITING) this.reload("behind", cursor);
    else this.#send();
  }

  /** Lets go of it. */
  end(): void {
    clearInterval(this.#heart);
    this.#controller = undefined;
    this.#waiting.clear();
    this.#onEnd();
  }

  #note(outline: SpanOutline): void {
    const key = outline.traceId + outline.spanId;
    const json = changedJson(outline, this.#prices);
    const text = outline.state === "running" ? JSON.stringify(json) : "";
    if (text !== "" && this.#running.get(key) === text) return;
    if (text === "") this.#running.delete(key);
    else if (this.#running.size < MAX_WAITING) this.#running.set(key, text);
    this.#waiting.set(key, json);
  }

  /** Only where the reader has taken what was sent before. */
  #send(): void {
    if ((this.#controller?.desiredSize ?? 0) <= 0) return;
    if (this.#reload !== undefined) {
      const reason = this.#reload;
      this.#reload = undefined;
      return this.#enqueue("reload", { reason }, this.#cursor);
    }
    if (this.#waiting.size === 0) return;
    const spans = [...this.#waiting.values()];
    this.#waiting.clear();
    this.#enqueue("changes", changesJson(spans), this.#cursor);
  }

  #beat(): void {
    if ((this.#controller?.desiredSize ?? 0) > 0) this.#controller?.enqueue(Buffer.from(": still here\n\n"));
  }

  #enqueue<Name extends keyof LiveEvents>(name: Name, event: LiveEvents[Name], cursor: string): void {
    const id = cursor === "" ? "" : `id: ${cursor}\n`;
    this.#controller?.enqueue(Buffer.from(`${id}event: ${name}\ndata: ${JSON.stringify(event)}\n\n`));
  }
}

function changesJson(spans: readonly ChangedSpanJson[]): ChangesJson {
  const keys = spans.flatMap(({ conversation_key: key }) => key ?? []);
  return {
    spans,
    conversations: [...new Set(keys)],
    traces: [...new Set(spans.map(({ trace_id }) => trace_id))],
    now: new Date().toISOString(),
  };
}

function changedJson(outline: SpanOutline, prices: PriceTable | undefined): ChangedSpanJson {
  const { facts, conversationId, startedAtMicros, endedAtMicros } = outline;
  return {
    trace_id: outline.traceId,
    span_id: outline.spanId,
    parent_span_id: outline.parentSpanId ?? null,
    conversation_key: conversationKey(conversationId) === undefined ? null : idKey(conversationId),
    name: outline.spanName,
    kind: facts.kind,
    started_at: isoMicros(startedAtMicros),
    ended_at: endedAtMicros === undefined ? null : isoMicros(endedAtMicros),
    state: outline.state,
    failed: facts.failed ?? false,
    aborted: facts.aborted ?? false,
    agent: facts.agent ?? null,
    tool: facts.tool ?? null,
    model: facts.model ?? null,
    input_tokens: facts.inputTokens ?? 0,
    output_tokens: facts.outputTokens ?? 0,
    first_token_ms: facts.timeToFirstTokenMs ?? null,
    cost_usd: costOfCall({ span: outline, facts }, prices) ?? null,
  };
}

const HEARTBEAT_MS = 15_000;
const MAX_WAITING = 2000;
