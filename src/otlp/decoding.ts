// A request from outside, decoded in slices: whatever it holds, the event loop has its turns.
import type { Turns } from "../delivery/turns.ts";
import type { OtlpEncoding } from "./codec.ts";
import type { DecodedRequest, DecodeLimits } from "./decoded.ts";
import { Rounded } from "./json-numbers.ts";
import { parseInPieces } from "./json-pieces.ts";
import { JsonRequestDecoder } from "./json-request.ts";
import { ProtobufRequestDecoder } from "./protobuf-request.ts";

/** How a body is decoded. */
export interface DecodingOptions extends DecodeLimits {
  readonly encoding: OtlpEncoding;
  readonly maxValues: number;
  readonly turns: Turns;
}

/** Reads a body. Rejects with TracelightError `INVALID_RECORD` where it is malformed. */
export async function decodeInSlices(body: Uint8Array, options: DecodingOptions): Promise<DecodedRequest> {
  const steps = options.encoding === "json" ? jsonSteps(body, options) : protobufSteps(body, options);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    if (options.turns.over) await options.turns.next();
  }
}

function* protobufSteps(body: Uint8Array, limits: DecodeLimits): Generator<void, DecodedRequest> {
  const decoder = new ProtobufRequestDecoder(body, limits, VALUES_IN_A_STEP);
  yield* decoder.request();
  return decoder.collected;
}

function* jsonSteps(body: Uint8Array, options: DecodingOptions): Generator<void, DecodedRequest> {
  try {
    return yield* jsonOnce(body, options, false);
  } catch (error) {
    if (!(error instanceof Rounded)) throw error;
    return yield* jsonOnce(body, options, true);
  }
}

function* jsonOnce(
  body: Uint8Array,
  limits: DecodingOptions,
  integersAsText: boolean,
): Generator<void, DecodedRequest> {
  const maxTokens = limits.maxValues * TOKENS_A_VALUE;
  const json = yield* parseInPieces(body, { maxTokens, integersAsText });
  const decoder = new JsonRequestDecoder(limits, VALUES_IN_A_STEP);
  yield* decoder.request(json);
  return decoder.collected;
}

/** A thousand take about half a millisecond. */
const VALUES_IN_A_STEP = 1000;
/** `{"key":…,"value":{…}},` and what there is around it. */
const TOKENS_A_VALUE = 5;
