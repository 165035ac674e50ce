// The body of an ExportLogsServiceRequest, JSON. Names are read in both spellings.
import type { Attributes } from "../model/attributes.ts";
import { Budget, type DecodeLimits, malformed, scopeOf } from "./decoded.ts";
import { type Keyed, keyed, listOf, optional, textOf, timeOf, WrongField } from "./json-fields.ts";
import { JsonValues } from "./json-values.ts";
import { CollectedLogs, type ReceivedLog } from "./logs.ts";

/** Reads a request that is parsed already, in steps: what is between two `next` of a generator is a short time. */
export class JsonLogsDecoder {
  readonly collected: CollectedLogs = new CollectedLogs();
  readonly #budget: Budget;
  readonly #in: JsonValues;

  /** About `most` values are read in one step. */
  constructor(limits: DecodeLimits | undefined, most: number) {
    this.#budget = new Budget(limits, most);
    this.#in = new JsonValues(this.#budget, most);
  }

  /** Throws `INVALID_RECORD` where the request is malformed. */
  *request(json: unknown): Generator<void, void> {
    try {
      const request = keyed(json);
      for (const item of listOf(request["resourceLogs"] ?? request["resource_logs"], "resourceLogs"))
        yield* this.#resourceLogs(keyed(item));
    } catch (error) {
      if (!(error instanceof WrongField)) throw error;
      throw malformed(`${this.#in.place.to(error.field) || "it"} ${error.message}`);
    }
  }

  *#resourceLogs(item: Keyed): Generator<void, void> {
    this.#budget.take();
    const resource = optional(item["resource"], "resource");
    const resourceAttributes = this.#in.attributes(resource["attributes"]) ?? NO_ATTRIBUTES;
    yield* this.#in.catchUp();
    for (const scopeLogs of listOf(item["scopeLogs"] ?? item["scope_logs"], "scopeLogs")) {
      this.#budget.take();
      const { scope: given, ...rest } = keyed(scopeLogs);
      const part = optional(given, "scope");
      const scope = scopeOf(textOf(part["name"], "scope.name"), textOf(part["version"], "scope.version"));
      for (const record of listOf(rest["logRecords"] ?? rest["log_records"], "logRecords"))
        yield* this.#record(keyed(record), { resourceAttributes, scope });
    }
  }

  *#record(record: Keyed, around: Pick<ReceivedLog, "resourceAttributes" | "scope">): Generator<void, void> {
    const { place } = this.#in;
    const { depth } = place;
    this.#budget.take();
    try {
      const log = { ...this.#draft(record), ...around };
      yield* this.#in.catchUp();
      this.collected.logs.push(log);
    } catch (error) {
      if (!(error instanceof WrongField)) throw error;
      this.collected.reject(`${place.to(error.field)} ${error.message}`);
      this.#in.giveUp(place, depth);
    }
    if (this.#budget.isDue()) yield;
  }

  #draft(record: Keyed): Omit<ReceivedLog, "resourceAttributes" | "scope"> {
    const at = timeOf(record["timeUnixNano"] ?? record["time_unix_nano"], "timeUnixNano");
    const seen = record["observedTimeUnixNano"] ?? record["observed_time_unix_nano"];
    const body = record["body"];
    return {
      traceId: textOf(record["traceId"] ?? record["trace_id"], "traceId").toLowerCase(),
      spanId: textOf(record["spanId"] ?? record["span_id"], "spanId").toLowerCase(),
      micros: at === 0 ? timeOf(seen, "observedTimeUnixNano") : at,
      eventName: textOf(record["eventName"] ?? record["event_name"], "eventName"),
      severity: textOf(record["severityText"] ?? record["severity_text"], "severityText"),
      body: body === undefined ? undefined : this.#in.attributes([{ key: BODY, value: body }])?.[BODY],
      attributes: this.#in.attributes(record["attributes"]) ?? NO_ATTRIBUTES,
    };
  }
}

const BODY = "body";
const NO_ATTRIBUTES: Attributes = Object.freeze({});
