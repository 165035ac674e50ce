// A text stream as a sink needs it: counted, bounded, and its errors kept from the app.
import type { Writable } from "node:stream";
import { asTracelightError, TracelightError } from "../model/errors.ts";
import type { OptionRules } from "../model/options.ts";
import { is } from "../model/options.ts";
import { clearTimeout, setTimeout } from "../model/timers.ts";
import { SinkFaults } from "../tracing/faults.ts";
import type { DeliveryReport, FaultReporter } from "../tracing/sink.ts";

/** Anything with a `write`: a Node stream, or an object of your own that collects text. */
export interface TextTarget {
  /** Takes text. */
  write(text: string): unknown;
  /** True for a terminal. */
  readonly isTTY?: boolean | undefined;
  /** Columns of the terminal. */
  readonly columns?: number | undefined;
}

/** A stream that takes no more for now holds at most so many bytes for us. */
const MAX_BUFFERED_BYTES = 64 * 1024 * 1024;

/** Check of the `stream` option. */
export const STREAM_CHECK: OptionRules["checks"] = { stream: is.having("write", "a stream to write to") };

const guarded = new WeakSet<Writable>();

/** Writes text to a target and knows what became of it. */
export class TextStream {
  readonly #target: TextTarget;
  /** The target, where it is one of Node's own. */
  readonly #stream: Writable | undefined;
  readonly #faults: SinkFaults = new SinkFaults();
  #written = 0;
  #failed = 0;
  #dropped = 0;
  /** Spans that the stream has taken and not yet said to have written. */
  #unconfirmed = 0;

  constructor(target: TextTarget) {
    this.#target = target;
    this.#stream = isStream(target) ? target : undefined;
    if (this.#stream !== undefined) keepErrorsFromApp(this.#stream);
  }

  /** Says who is told of faults. */
  attach(to: FaultReporter): void {
    this.#faults.attach(to);
  }

  /** Writes one span's text. */
  write(text: string): void {
    if (this.#isClosed()) return this.#fail(this.#stream?.errored ?? new Error("the stream has ended"));
    if (this.#buffered() > MAX_BUFFERED_BYTES) return this.#drop();
    this.#unconfirmed++;
    try {
      this.#send(text, (error) => this.#confirm(error));
    } catch (error) {
      this.#confirm(error);
    }
  }

  /** Shows text that is no span's last word: it is not counted, and left out where there is no room. */
  show(text: string): void {
    if (!this.#isClosed() && this.#buffered() <= MAX_BUFFERED_BYTES) this.#send(text, () => undefined);
  }

  #send(text: string, done: (error?: Error | null) => void): void {
    if (this.#stream !== undefined) this.#stream.write(text, done);
    else {
      this.#target.write(text);
      done();
    }
  }

  #isClosed(): boolean {
    return this.#stream !== undefined && (this.#stream.destroyed || this.#stream.writableEnded);
  }

  #buffered(): number {
    return this.#stream?.writableLength ?? 0;
  }

  /** Resolves when the stream has taken all, or the time is over. */
  async flush(timeoutMs: number): Promise<DeliveryReport> {
    if (this.#stream !== undefined && this.#isWaiting()) await drained(this.#stream, timeoutMs);
    return this.report();
  }

  /** What became of the spans until now. */
  report(): DeliveryReport {
    // Who has put another `write` in place of a stream's own may never confirm.
    const pending = this.#isWaiting() ? this.#unconfirmed : 0;
    const written = this.#written + this.#unconfirmed - pending;
    return { written, pending, dropped: this.#dropped, failed: this.#failed, errors: this.#faults.all };
  }

  #isWaiting(): boolean {
    return !this.#isClosed() && this.#buffered() > 0;
  }

  /** `error` where the stream could not write. */
  #confirm(error: unknown): void {
    this.#unconfirmed--;
    if (error) this.#fail(error);
    else this.#written++;
  }

  #fail(error: unknown): void {
    this.#failed++;
    this.#faults.reportRarely(
      asTracelightError(error, "STREAM_FAILED", "A span could not be written to the stream"),
    );
  }

  #drop(): void {
    this.#dropped++;
    const message = `The stream takes no more: ${MAX_BUFFERED_BYTES} bytes wait, and further spans are dropped.`;
    this.#faults.reportRarely(new TracelightError("QUEUE_FULL", message));
  }
}

/** Loaded when it is asked for: `import "tracelight"` does without. */
function isStream(target: TextTarget): target is Writable {
  return target instanceof process.getBuiltinModule("node:stream").Writable;
}

/** Without a listener, a broken pipe or a full disk would end the process by an `error` event. */
function keepErrorsFromApp(stream: Writable): void {
  if (guarded.has(stream)) return;
  guarded.add(stream);
  stream.on("error", () => undefined);
}

/** Writes are taken in order: when the empty one is done, so are those before it. */
async function drained(stream: Writable, timeoutMs: number): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, timeoutMs);
    stream.write("", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
