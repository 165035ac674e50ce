// The body of an ExportLogsServiceRequest, protobuf. Field numbers: opentelemetry-proto, logs/v1/logs.proto.
import type { Attributes } from "../model/attributes.ts";
import type { Scope } from "../model/span-fields.ts";
import { Budget, type DecodeLimits, malformed, scopeOf } from "./decoded.ts";
import { CollectedLogs, type ReceivedLog } from "./logs.ts";
import type { Builder } from "./many.ts";
import { ProtobufReader, WireFault } from "./protobuf-reader.ts";
import { ProtobufValues } from "./protobuf-values.ts";

/** Reads log records in steps: what is between two `next` of the generator is a short time. */
export class ProtobufLogsDecoder {
  readonly collected: CollectedLogs = new CollectedLogs();
  readonly #in: ProtobufReader;
  readonly #budget: Budget;
  readonly #values: ProtobufValues;

  /** About `most` values are read in one step. */
  constructor(bytes: Uint8Array, limits: DecodeLimits | undefined, most: number) {
    this.#in = new ProtobufReader(bytes);
    this.#budget = new Budget(limits, most);
    this.#values = new ProtobufValues(this.#in, this.#budget, most);
  }

  /** Throws `INVALID_RECORD` where the request is malformed. */
  *request(): Generator<void, void> {
    const read = this.#in;
    try {
      while (read.at < read.end) {
        const tag = read.uint32();
        if (tag === 0x0a) yield* this.#resourceLogs();
        else read.skip(tag, FIELDS.request);
        if (this.#budget.isDue()) yield;
      }
    } catch (error) {
      throw error instanceof WireFault ? malformed(`resourceLogs: ${error.message}`) : error;
    }
  }

  /** The resource may come after the records, so the message is gone through twice. */
  *#resourceLogs(): Generator<void, void> {
    const read = this.#in;
    this.#budget.take();
    const outer = read.enter();
    const start = read.at;
    const resource: Builder = {};
    while (read.at < read.end) {
      const tag = read.uint32();
      if (tag === 0x0a) this.#attributesOf(resource, 0x0a, FIELDS.resource);
      else if (tag === 0x12) read.over();
      else read.skip(tag, FIELDS.resourceLogs);
    }
    yield* this.#values.catchUp();
    read.at = start;
    while (read.at < read.end) {
      const tag = read.uint32();
      if (tag === 0x12) yield* this.#scopeLogs(Object.freeze(resource));
      else read.skip(tag, NONE);
    }
    read.leave(outer);
  }

  #attributesOf(into: Builder, wanted: number, known: readonly number[]): void {
    const read = this.#in;
    const outer = read.enter();
    while (read.at < read.end) {
      const tag = read.uint32();
      if (tag === wanted) this.#values.keyValue(into, 0);
      else read.skip(tag, known);
    }
    read.leave(outer);
  }

  *#scopeLogs(resourceAttributes: Attributes): Generator<void, void> {
    const read = this.#in;
    this.#budget.take();
    const outer = read.enter();
    const start = read.at;
    let scope: Scope = NO_SCOPE;
    while (read.at < read.end) {
      const tag = read.uint32();
      if (tag === 0x0a) scope = this.#scope();
      else if (tag === 0x12) read.over();
      else read.skip(tag, FIELDS.scopeLogs);
    }
    read.at = start;
    while (read.at < read.end) {
      const tag = read.uint32();
      if (tag === 0x12) yield* this.#record({ resourceAttributes, scope });
      else read.skip(tag, NONE);
      if (this.#budget.isDue()) yield;
    }
    read.leave(outer);
  }

  #scope(): Scope {
    const read = this.#in;
    const outer = read.enter();
    let [name, version] = ["", ""];
    while (read.at < read.end) {
      const tag = read.uint32();
      if (tag === 0x0a) name = read.text();
      else if (tag === 0x12) version = read.text();
      else if (tag === 0x1a) read.over();
      else read.skip(tag, FIELDS.scope);
    }
    read.leave(outer);
    return scopeOf(name, version);
  }

  *#record(around: Pick<ReceivedLog, "resourceAttributes" | "scope">): Generator<void, void> {
    const read = this.#in;
    this.#budget.take();
    const outer = read.enter();
    const attributes: Builder = {};
    let [traceId, spanId, eventName, severity, body] = ["", "", "", "", undefined as unknown];
    let [at, seen] = [0, 0];
    while (read.at < read.end) {
      const tag = read.uint32();
      if (tag === 0x09) at = read.micros();
      else if (tag === 0x59) seen = read.micros();
      else if (tag === 0x1a) severity = read.text();
      else if (tag === 0x2a) body = this.#values.anyValue();
      else if (tag === 0x32) this.#values.keyValue(attributes, 0);
      else if (tag === 0x4a) traceId = read.hex();
      else if (tag === 0x52) spanId = read.hex();
      else if (tag === 0x62) eventName = read.text();
      else if (tag === 0x10 || tag === 0x38) read.uint32();
      else if (tag === 0x45) read.fixed32();
      else read.skip(tag, FIELDS.record);
      if (this.#budget.isDue()) yield;
    }
    yield* this.#values.catchUp();
    read.leave(outer);
    const micros = at === 0 ? seen : at;
    const told = {
      traceId,
      spanId,
      micros,
      eventName,
      severity,
      body,
      attributes: Object.freeze(attributes),
    };
    this.collected.logs.push({ ...told, ...around });
  }
}

const NO_SCOPE: Scope = Object.freeze({ name: "" });
/** The fields of each message; in another form than OTLP's they are an error, any others are skipped. */
const FIELDS = {
  request: [1],
  resourceLogs: [1, 2],
  resource: [1],
  scopeLogs: [1, 2],
  scope: [1, 2, 3],
  record: [1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12],
} as const;
const NONE: readonly number[] = [];
