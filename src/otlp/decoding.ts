// A request from outside, decoded in slices: whatever it holds, the event loop has its turns.
import type { Turns } from "../model/turns.ts";
import type { OtlpEncoding } from "./codec.ts";
import type { DecodedRequest, DecodeLimits } from "./decoded.ts";
import { JsonLogsDecoder } from "./json-logs.ts";
import { Rounded } from "./json-numbers.ts";
import { parseInPieces } from "./json-pieces.ts";
import { JsonRequestDecoder } from "./json-request.ts";
import type { CollectedLogs } from "./logs.ts";
import { ProtobufLogsDecoder } from "./protobuf-logs.ts";
import { ProtobufRequestDecoder } from "./protobuf-request.ts";

/** How a body is decoded. */
export interface DecodingOptions extends DecodeLimits {
  readonly encoding: OtlpEncoding;
  readonly maxValues: number;
  readonly turns: Turns;
}

/** Reads a body. Rejects with TracelightError `INVALID_RECORD` where it is malformed. */
export function decodeInSlices(body: Uint8Array, options: DecodingOptions): Promise<DecodedRequest> {
  return inSlices(body, options, {
    protobuf: () => new ProtobufRequestDecoder(body, options, VALUES_IN_A_STEP),
    json: () => new JsonRequestDecoder(options, VALUES_IN_A_STEP),
  });
}

/** The same of log records. */
export function decodeLogsInSlices(body: Uint8Array, options: DecodingOptions): Promise<CollectedLogs> {
  return inSlices(body, options, {
    protobuf: () => new ProtobufLogsDecoder(body, options, VALUES_IN_A_STEP),
    json: () => new JsonLogsDecoder(options, VALUES_IN_A_STEP),
  });
}

/** The decoders of a signal. */
interface Decoders<T> {
  protobuf(): { request(): Generator<void, void>; readonly collected: T };
  json(): { request(json: unknown): Generator<void, void>; readonly collected: T };
}

async function inSlices<T>(body: Uint8Array, options: DecodingOptions, decoders: Decoders<T>): Promise<T> {
  const steps =
    options.encoding === "json" ? jsonSteps(body, options, decoders) : protobufSteps(decoders.protobuf());
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    if (options.turns.over) await options.turns.next();
  }
}

function* protobufSteps<T>(decoder: ReturnType<Decoders<T>["protobuf"]>): Generator<void, T> {
  yield* decoder.request();
  return decoder.collected;
}

function* jsonSteps<T>(
  body: Uint8Array,
  options: DecodingOptions,
  decoders: Decoders<T>,
): Generator<void, T> {
  try {
    return yield* jsonOnce(body, options, { decoder: decoders.json(), integersAsText: false });
  } catch (error) {
    if (!(error instanceof Rounded)) throw error;
    return yield* jsonOnce(body, options, { decoder: decoders.json(), integersAsText: true });
  }
}

function* jsonOnce<T>(
  body: Uint8Array,
  { maxValues }: DecodingOptions,
  {
    decoder,
    integersAsText,
  }: { readonly decoder: ReturnType<Decoders<T>["json"]>; readonly integersAsText: boolean },
): Generator<void, T> {
  const json = yield* parseInPieces(body, { maxTokens: maxValues * TOKENS_A_VALUE, integersAsText });
  yield* decoder.request(json);
  return decoder.collected;
}

/** A thousand take about half a millisecond. */
const VALUES_IN_A_STEP = 1000;
/** `{"key":…,"value":{…}},` and what there is around it. */
const TOKENS_A_VALUE = 5;
