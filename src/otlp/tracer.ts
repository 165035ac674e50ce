// The tracer that sends spans to any OpenTelemetry back end.
import { Delivery } from "../delivery/delivery.ts";
import { DELIVERY_CHECKS } from "../delivery/options.ts";
import { checkOptions, givenOf, is } from "../model/options.ts";
import { SinkFaults } from "../tracing/faults.ts";
import type { DeliveryReport, FaultReporter, FlushOptions, Sink } from "../tracing/sink.ts";
import type { Span } from "../tracing/span.ts";
import { Tracer } from "../tracing/tracer.ts";
import { everyTracers, TRACER_OPTION_CHECKS } from "../tracing/tracer-options.ts";
import { type OtlpParcel, otlpEncoder } from "./codec.ts";
import { type Environment, isDisabled, readEnvironment } from "./environment.ts";
import { CONNECTION_CHECKS, DEFAULT_URL, type OtlpTracerOptions, parseUrl, shownUrl } from "./options.ts";
import { OtlpTransport } from "./transport.ts";

/**
 * Sends spans by OTLP over HTTP to any OpenTelemetry back end: in batches, in the background, again where that helps. gRPC
 * is not spoken; whoever speaks it speaks HTTP too, mostly on port 4318.
 *
 * @example
 * ```ts
 * const headers = { "api-key": process.env["OTLP_API_KEY"] ?? "" };
 * const tracer = new OtlpTracer({ url: "https://otlp.example.com/v1/traces", headers });
 * ```
 *
 * @throws TracelightError `INVALID_OPTION`
 */
export class OtlpTracer extends Tracer {
  constructor(options: OtlpTracerOptions = {}) {
    checkOptions(options, {
      owner: "OtlpTracer",
      secret: ["headers", "tls"],
      checks: {
        ...{ ...TRACER_OPTION_CHECKS, ...DELIVERY_CHECKS, ...CONNECTION_CHECKS },
        encoding: is.oneOf("protobuf", "json"),
        values: is.oneOf("rich", "json"),
        translate: is.oneOf("gen_ai", "openinference"),
      },
    });
    super(new OtlpSink(options), everyTracers(options));
  }

  /**
   * A tracer as OpenTelemetry's environment variables say: `OTEL_EXPORTER_OTLP_*`, those for traces first,
   * `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES`. `options` win over them. Where `OTEL_SDK_DISABLED` is true, all
   * spans are dropped, and counted nowhere. See docs/otlp.md for the list.
   *
   * @throws TracelightError `INVALID_OPTION` that names the variable.
   */
  static fromEnv(env: Environment = process.env, options: OtlpTracerOptions = {}): OtlpTracer {
    return fromEnvironment(env, options);
  }
}

/** Outside of the class, which would be renamed in the build if it named itself. */
function fromEnvironment(env: Environment, options: OtlpTracerOptions): OtlpTracer {
  if (isDisabled(env)) return new OtlpTracer({ process: () => false });
  const { options: found, resourceAttributes } = readEnvironment(env);
  const tracer = new OtlpTracer({ ...found, ...givenOf(options) });
  if (Object.keys(resourceAttributes).length > 0) tracer.setContext({ resourceAttributes });
  return tracer;
}

/** The sink behind `OtlpTracer`. */
export class OtlpSink implements Sink {
  readonly name = "otlp";
  readonly #faults: SinkFaults = new SinkFaults();
  readonly #delivery: Delivery<OtlpParcel>;

  constructor(options: OtlpTracerOptions) {
    const { encoding = "protobuf", values, translate, tls, agent } = options;
    const { headers = {}, compression = "none", timeoutMs = 10_000 } = options;
    const { maxBatchSpans = 2048, maxBatchBytes = 1_000_000, maxConcurrency = 1 } = options;
    const url = parseUrl(options.url ?? DEFAULT_URL, 'Option "url" of OtlpTracer');
    const transport = new OtlpTransport({
      encoder: otlpEncoder(encoding, { values, translate }),
      warn: (error) => this.#faults.reportRarely(error),
      ...{ url, headers, compression, timeoutMs, tls, agent, maxBatchSpans, maxBatchBytes },
    });
    const destination = JSON.stringify(["otlp", shownUrl(url)]);
    this.#delivery = new Delivery({
      ...{ transport, faults: this.#faults, destination },
      options: { ...options, maxConcurrency },
    });
  }

  attach(to: FaultReporter): void {
    this.#faults.attach(to);
  }

  write(span: Span): void {
    this.#delivery.add(span);
  }

  flush({ timeoutMs }: FlushOptions): Promise<DeliveryReport> {
    return this.#delivery.flush(timeoutMs);
  }

  close({ timeoutMs }: FlushOptions): Promise<DeliveryReport> {
    return this.#delivery.close(timeoutMs);
  }

  report(): DeliveryReport {
    return this.#delivery.report();
  }
}
