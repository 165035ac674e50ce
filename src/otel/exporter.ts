// Any OpenTelemetry exporter as a back end of Tracelight.
import { Delivery } from "../delivery/delivery.ts";
import { DELIVERY_CHECKS, type DeliveryOptions } from "../delivery/options.ts";
import type { Outcome, Transport } from "../delivery/transport.ts";
import { defined } from "../model/defined.ts";
import { asTracelightError, messageOf, TracelightError } from "../model/errors.ts";
import { checkOptions, is } from "../model/options.ts";
import { clearTimeout, setTimeout } from "../model/timers.ts";
import { SinkFaults } from "../tracing/faults.ts";
import type { DeliveryReport, FaultReporter, FlushOptions, Sink } from "../tracing/sink.ts";
import type { Span } from "../tracing/span.ts";
import { Tracer } from "../tracing/tracer.ts";
import { everyTracers, TRACER_OPTION_CHECKS, type TracerOptions } from "../tracing/tracer-options.ts";
import { weigh } from "../tracing/weight.ts";
import type { OtelExportedSpan, OtelExportResult, OtelSpanExporter } from "./sdk.ts";
import { readableOf } from "./writing.ts";

/** Options of `OtelExporterTracer`. There is never more than one export at once: exporters are promised that. */
export interface OtelExporterOptions extends TracerOptions, Omit<DeliveryOptions, "maxConcurrency"> {
  /** Names the exporter in errors, and its spans in a journal. Default: the name of its class. */
  readonly name?: string | undefined;
  /** Spans in one export, at most. Default 512. */
  readonly maxBatchSpans?: number | undefined;
  /** How long one export may take, in milliseconds; its spans count as failed then. Default 30,000. */
  readonly timeoutMs?: number | undefined;
}

/**
 * Gives spans to any `SpanExporter` of OpenTelemetry, 2.x or 1.x, in batches and in the background. What the exporter
 * says failed is failed: exporters try again by themselves where that helps. Closing the tracer shuts the exporter down.
 *
 * @example
 * ```ts
 * import { ConsoleSpanExporter } from "@opentelemetry/sdk-trace-base";
 *
 * const tracer = new OtelExporterTracer(new ConsoleSpanExporter());
 * ```
 *
 * @throws TracelightError `INVALID_OPTION`
 */
export class OtelExporterTracer extends Tracer {
  constructor(exporter: OtelSpanExporter, options: OtelExporterOptions = {}) {
    const owner = "OtelExporterTracer";
    const isExporter = is.having("export", "a SpanExporter of OpenTelemetry");
    checkOptions({ exporter }, { owner, checks: { exporter: isExporter }, required: ["exporter"] });
    checkOptions(options, { owner, checks: CHECKS });
    super(new ExporterSink(exporter, options), everyTracers(options));
  }
}

class ExporterSink implements Sink {
  readonly name: string;
  readonly #faults: SinkFaults = new SinkFaults();
  readonly #exporter: OtelSpanExporter;
  readonly #delivery: Delivery<Parcel>;

  constructor(exporter: OtelSpanExporter, options: OtelExporterOptions) {
    const { name = classOf(exporter), timeoutMs = 30_000, maxBatchSpans = 512 } = options;
    this.name = name;
    this.#exporter = exporter;
    this.#delivery = new Delivery({
      transport: new ExporterTransport(exporter, { name, timeoutMs: Math.min(timeoutMs, MAX_TIMER_MS) }),
      faults: this.#faults,
      options: { ...options, maxBatchSpans, maxConcurrency: 1 },
      destination: JSON.stringify(["otel", name]),
    });
  }

  attach(to: FaultReporter): void {
    this.#faults.attach(to);
  }

  write(span: Span): void {
    this.#delivery.add(span);
  }

  async flush({ timeoutMs }: FlushOptions): Promise<DeliveryReport> {
    const report = await this.#delivery.flush(timeoutMs);
    try {
      await this.#exporter.forceFlush?.();
    } catch (error) {
      const fault = asTracelightError(error, "SINK_FAILED", `The exporter ${this.name} could not flush`);
      return { ...report, errors: [...report.errors, fault] };
    }
    return report;
  }

  close({ timeoutMs }: FlushOptions): Promise<DeliveryReport> {
    return this.#delivery.close(timeoutMs);
  }

  report(): DeliveryReport {
    return this.#delivery.report();
  }
}

function classOf(exporter: OtelSpanExporter): string {
  const name = exporter.constructor?.name;
  return name && name !== "Object" ? name : "otel-exporter";
}

interface Parcel {
  readonly span: OtelExportedSpan;
  readonly bytes: number;
}

interface ExporterSetup {
  readonly name: string;
  readonly timeoutMs: number;
}

class ExporterTransport implements Transport<Parcel> {
  readonly name: string;
  readonly maxBatchSpans: number = Number.MAX_SAFE_INTEGER;
  readonly #exporter: OtelSpanExporter;
  readonly #timeoutMs: number;

  constructor(exporter: OtelSpanExporter, { name, timeoutMs }: ExporterSetup) {
    this.name = name;
    this.#exporter = exporter;
    this.#timeoutMs = timeoutMs;
  }

  encode(span: Span): Parcel {
    return { span: readableOf(span), bytes: weigh(span) };
  }

  size({ bytes }: Parcel): number {
    return bytes;
  }

  async send(batch: readonly Parcel[]): Promise<readonly Outcome[]> {
    const outcome = await this.#export(batch.map(({ span }) => span));
    return batch.map(() => outcome);
  }

  async close(): Promise<void> {
    await this.#exporter.shutdown();
  }

  #export(spans: OtelExportedSpan[]): Promise<Outcome> {
    return new Promise((resolve) => {
      const timer = setTimeout(
        () => resolve(this.#failed(`did not answer within ${this.#timeoutMs} ms`)),
        this.#timeoutMs,
      );
      const settle = (outcome: Outcome): void => {
        clearTimeout(timer);
        resolve(outcome);
      };
      try {
        this.#exporter.export(spans, (result) => settle(this.#outcomeOf(result)));
      } catch (error) {
        settle(this.#failed("threw", error));
      }
    });
  }

  #outcomeOf(result: OtelExportResult): Outcome {
    return result?.code === SUCCESS ? { kind: "delivered" } : this.#failed("could not export", result?.error);
  }

  #failed(what: string, cause?: unknown): Outcome {
    const why = cause === undefined ? "" : `: ${messageOf(cause)}`;
    const message = `The exporter ${this.name} ${what}${why}`;
    const options = defined({ cause });
    return { kind: "failed", error: new TracelightError("SINK_FAILED", message, options) };
  }
}

const { maxConcurrency: _, ...OWN_DELIVERY_CHECKS } = DELIVERY_CHECKS;
const CHECKS = {
  ...{ ...TRACER_OPTION_CHECKS, ...OWN_DELIVERY_CHECKS },
  name: is.text,
  timeoutMs: is.amount(1),
};
const SUCCESS = 0;
const MAX_TIMER_MS = 2 ** 31 - 1;
