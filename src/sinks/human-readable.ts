// Prints spans for people, as they end; running model and tool calls in grey.
import { NAMES } from "../conventions/names.ts";
import { defined } from "../model/defined.ts";
import { checkOptions, is } from "../model/options.ts";
import { steadyNow } from "../model/timers.ts";
import { wantsColor } from "../render/color.ts";
import { humanReadable } from "../render/human-readable.ts";
import { DEFAULT_LENGTH, LABEL_WIDTH } from "../render/text.ts";
import type { DeliveryReport, FaultReporter, FlushOptions, Sink } from "../tracing/sink.ts";
import type { Span } from "../tracing/span.ts";
import { Tracer } from "../tracing/tracer.ts";
import { TRACER_OPTION_CHECKS, type TracerOptions } from "../tracing/tracer-options.ts";
import { STREAM_CHECK, TextStream, type TextTarget } from "./text-stream.ts";

/** Options of `HumanReadableTracer`. */
export interface HumanReadableTracerOptions extends TracerOptions {
  /** Default process.stdout. */
  readonly stream?: TextTarget | undefined;
  /** Default: as the environment says (`FORCE_COLOR`, else `NO_COLOR`), else whether the stream is a terminal, and `TERM` not `dumb`. */
  readonly color?: boolean | undefined;
  /** Characters a line of a value. Default: what fits the terminal's width, else 160. */
  readonly maxLength?: number | undefined;
  /** Lines a value. Default 10. */
  readonly maxLines?: number | undefined;
  /** A running span is shown at most once in so many milliseconds. Default 300. */
  readonly snapshotEveryMs?: number | undefined;
}

/**
 * Prints a block of text for each span as it ends, so children come before their parents. `span.emitSnapshot()` shows
 * a running model or tool call (`ai.trace.type` `llm-invocation` or `tool-invocation`) in grey.
 *
 * @throws TracelightError `INVALID_OPTION`
 */
export class HumanReadableTracer extends Tracer {
  constructor(options: HumanReadableTracerOptions = {}) {
    checkOptions(options, {
      owner: "HumanReadableTracer",
      checks: {
        ...{ ...TRACER_OPTION_CHECKS, ...STREAM_CHECK, color: is.flag },
        ...{ maxLength: is.count(10), maxLines: is.count(1), snapshotEveryMs: is.amount(0) },
      },
    });
    const { stream, color, maxLength, maxLines, snapshotEveryMs, ...rest } = options;
    super(new HumanReadableSink(options), rest);
  }
}

const DEFAULT_SNAPSHOT_MS = 300;
const MIN_LENGTH = 40;
/** So many running spans are remembered with the time they were last shown. */
const MAX_REMEMBERED = 1000;
const SHOWN_WHILE_RUNNING: ReadonlySet<unknown> = new Set(["llm-invocation", "tool-invocation"]);

class HumanReadableSink implements Sink {
  readonly name = "human-readable";
  readonly #options: HumanReadableTracerOptions;
  readonly #target: TextTarget;
  readonly #stream: TextStream;
  readonly #color: boolean;
  readonly #shownAt = new Map<string, number>();

  constructor(options: HumanReadableTracerOptions) {
    this.#options = options;
    this.#target = options.stream ?? process.stdout;
    this.#stream = new TextStream(this.#target);
    this.#color = options.color ?? wantsColor(process.env, this.#target);
  }

  attach(to: FaultReporter): void {
    this.#stream.attach(to);
  }

  write(span: Span): void {
    this.#shownAt.delete(span.spanId);
    this.#stream.write(this.#block(span));
  }

  observe(span: Span, what: "start" | "snapshot"): void {
    if (
      what === "snapshot" &&
      SHOWN_WHILE_RUNNING.has(span.attributes[NAMES.traceType]) &&
      this.#isDue(span.spanId)
    ) {
      this.#stream.show(this.#block(span));
    }
  }

  flush({ timeoutMs }: FlushOptions): Promise<DeliveryReport> {
    return this.#stream.flush(timeoutMs);
  }

  report(): DeliveryReport {
    return this.#stream.report();
  }

  #block(span: Span): string {
    const { maxLength = this.#fittingLength(), maxLines } = this.#options;
    const options = defined({ color: this.#color, maxLength, maxLines });
    return `${humanReadable(span, options)}\n\n`;
  }

  /** A terminal may be resized at any time. */
  #fittingLength(): number {
    const { isTTY, columns } = this.#target;
    return isTTY && columns !== undefined ? Math.max(MIN_LENGTH, columns - LABEL_WIDTH) : DEFAULT_LENGTH;
  }

  #isDue(spanId: string): boolean {
    const now = steadyNow();
    const before = this.#shownAt.get(spanId);
    if (before !== undefined && now - before < (this.#options.snapshotEveryMs ?? DEFAULT_SNAPSHOT_MS))
      return false;
    if (this.#shownAt.size >= MAX_REMEMBERED) this.#shownAt.delete(this.#shownAt.keys().next().value ?? "");
    this.#shownAt.set(spanId, now);
    return true;
  }
}
