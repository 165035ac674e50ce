// Calls that the SDK's channel announced, until their first step shows whether somebody else tells the tracer of them as well.
import { type Carried, carriedValue } from "../../tracing/propagation/carried.ts";
import type { Tracer } from "../../tracing/tracer.ts";

/** A call of the SDK, such as `generateText`. */
export interface AnnouncedCall {
  readonly tracer: Tracer;
  readonly id: string;
  readonly event: unknown;
  readonly at: Date;
  /** True where an integration of the SDK makes its spans. */
  isClaimed: boolean;
}

/** Under what a frame carries the call that it lies in. */
export const CALL: symbol = Symbol.for("tracelight.ai-sdk.call.v1");

const announced = new Set<AnnouncedCall>();
let latest: AnnouncedCall | undefined;

/** Takes note of a call that begins. */
export function announce(call: AnnouncedCall): void {
  announced.add(call);
  latest = call;
  // Integrations are told in the same breath.
  queueMicrotask(() => {
    if (latest === call) latest = undefined;
  });
}

/** Lets go of a call that is over. */
export function forget(call: AnnouncedCall): void {
  announced.delete(call);
}

/** The spans of the call are made by an integration that was given the tracer. */
export function claimById(tracer: Tracer, id: string): void {
  for (const call of announced) if (call.id === id && call.tracer === tracer) call.isClaimed = true;
}

/** The SDK's own OpenTelemetry integration begins a span of the tracer, in the call that lies around, or begins now. */
export function claimHere(tracer: Tracer, carried: Carried | undefined): void {
  const around = carriedValue(carried, CALL);
  for (const call of announced) {
    if (call.tracer === tracer && (call === around || call === latest)) call.isClaimed = true;
  }
}
