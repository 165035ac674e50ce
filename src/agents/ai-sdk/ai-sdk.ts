// `aiSdk`: what the Vercel AI SDK is told, in whichever of its versions.
import { is } from "../../model/options.ts";
import type { Tracer } from "../../tracing/tracer.ts";
import { checkAdapter, STREAM_CHECKS } from "../capture.ts";
import type { AiSdkOptions } from "./options.ts";
import { type AiSdkTracer, otelShapeOf } from "./otel-shape.ts";
import { type AiSdkTelemetry, telemetryOf } from "./telemetry.ts";
import { Work } from "./work.ts";

/** What all three versions take: settings of a call for 5 and 6, an integration for 7. */
export interface AiSdkSettings extends AiSdkTelemetry {
  /** The SDK is to tell of its work. */
  readonly isEnabled: true;
  /** Whom `ai` 5 and 6 tell. */
  readonly tracer: AiSdkTracer;
}

/**
 * What lets the Vercel AI SDK tell a tracer what it does: a turn for each `generateText`, `streamText`, `generateObject` and
 * `streamObject`, and in it each call of a model and of a tool. Embeddings and rerankings have a span for each call.
 *
 * - `ai` 5 and 6, for each call: `experimental_telemetry: aiSdk(tracer, { conversation })`.
 * - `ai` 7, once: `registerTelemetry(aiSdk(tracer))`, or for one call `telemetry: { integrations: aiSdk(tracer) }`.
 *
 * @throws TracelightError `INVALID_OPTION` where the tracer is missing, or an option is unknown or not what it should be.
 * @example
 * ```ts
 * const tracer = new InMemoryTracer();
 * const { isEnabled } = aiSdk(tracer, { conversation: "c1", user: "ada" });
 * console.log(isEnabled); // true
 * ```
 */
export function aiSdk(tracer: Tracer, options: AiSdkOptions = {}): AiSdkSettings {
  const { text } = is;
  checkAdapter(
    "aiSdk",
    { tracer, options },
    { conversation: text, user: text, agent: text, ...STREAM_CHECKS },
  );
  const work = new Work(tracer, options);
  return { ...telemetryOf(work), isEnabled: true, tracer: otelShapeOf(work) };
}
