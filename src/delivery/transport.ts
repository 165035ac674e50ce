// What a networked back end gives to the delivery layer: how a span is encoded, and how a batch is sent.
import type { TracelightError } from "../model/errors.ts";
import type { Span } from "../tracing/span.ts";

/**
 * What a failure may be due to. `server`: it would have refused anything, since it is throttled or credentials have expired.
 * `spans`: it answered, and one span may be what it cannot take. `network`: there was no answer, for whatever reason.
 */
export type Blame = "server" | "spans" | "network";

/** What became of one parcel of a batch. */
export type Outcome =
  | { readonly kind: "delivered" }
  /** To be sent again, not before `afterMs` where the server said so. `blame` says what it may be due to. Default "network". */
  | {
      readonly kind: "retry";
      readonly error: TracelightError;
      readonly afterMs?: number;
      readonly blame?: Blame;
    }
  /** Refused for good. */
  | { readonly kind: "failed"; readonly error: TracelightError };

/** One back end's side of delivery. `P` is a span as it is sent: an item, a message. */
export interface Transport<P> {
  /** Names the back end in errors. */
  readonly name: string;
  /** The most spans that a request takes, and the default of the option of that name. Default 100. */
  readonly maxBatchSpans?: number;
  /** The most bytes that a request takes, and the default of the option of that name. Default 4 MiB. */
  readonly maxBatchBytes?: number;
  /** Encodes one span. Throws, or rejects, where the span can never be sent. Called shortly before sending, in slices. */
  encode(span: Span): P | Promise<P>;
  /** Bytes of an encoded span in a request. */
  size(parcel: P): number;
  /**
   * Sends a batch: one outcome for each parcel, in order. Called where `prepare` is not there, and only while fewer than
   * `maxConcurrency` requests are under way: a transport need not count its own. What is refused for good it says by an outcome: where it rejects, the
   * batch is sent again.
   */
  send(batch: readonly P[]): Promise<readonly Outcome[]>;
  /**
   * Puts a request together where that takes time: it is done while others are under way, one request ahead. What it gives
   * sends the batch, as `send` does, when fewer than `maxConcurrency` requests are under way.
   */
  prepare?(batch: readonly P[]): Promise<() => Promise<readonly Outcome[]>>;
  /** Lets go of connections. */
  close?(): Promise<void> | void;
}
