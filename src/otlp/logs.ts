// Log records of OTLP, as both decoders read them.
import type { Attributes } from "../model/attributes.ts";
import { messageText } from "../model/escape.ts";
import type { Scope } from "../model/span-fields.ts";

/** A log record: what was not there is empty, 0 or undefined. */
export interface ReceivedLog {
  readonly traceId: string;
  readonly spanId: string;
  /** When it happened, else when it was seen; microseconds since the epoch. */
  readonly micros: number;
  readonly eventName: string;
  readonly severity: string;
  readonly body: unknown;
  readonly attributes: Attributes;
  readonly resourceAttributes: Attributes;
  readonly scope: Scope;
}

/** The records of a request, and how many of it were none. */
export class CollectedLogs {
  readonly logs: ReceivedLog[] = [];
  readonly rejected: { count: number; readonly messages: string[] } = { count: 0, messages: [] };

  /** Counts a record that is none, and says why of the first few. */
  reject(why: string): void {
    if (++this.rejected.count <= MAX_MESSAGES) this.rejected.messages.push(messageText(`log record: ${why}`));
  }
}

const MAX_MESSAGES = 10;
