// The calls of models that were read so far.
import type { CallJson } from "../../src/viewer/api.ts";

/** A call that can be looked at. */
export interface KnownCall {
  readonly call: CallJson;
  readonly traceId: string;
  readonly turnStart: number;
}

/** Calls by their spans. */
export type KnownCalls = ReadonlyMap<string, KnownCall>;
