// What a span needs of the tracer that started it.
import type { TracelightError } from "../model/errors.ts";
import type { Limits } from "./limits.ts";
import type { FollowOptions, GuardOptions } from "./streams/options.ts";
import type { StreamGuard } from "./streams/stream-guard.ts";

/** The tracer of a span, as the span, of the type `S`, sees it. */
export interface SpanOwner<S> {
  ended(span: S): void;
  snapshot(span: S): void;
  report(error: TracelightError): void;
  /** What the app says that a failure means; undefined where it says nothing. */
  classify(error: unknown): "error" | "aborted" | "none" | undefined;
  /** Reports what is no news the second time. */
  notice(error: TracelightError): void;
  /** Lets a span end with a stream. */
  follow(span: S, stream: object, options: FollowOptions<never>): void;
  /** Lets a span end with what a guard is told of. */
  guard(span: S, options: GuardOptions<never>): StreamGuard;
  /** True while a span waits for the end of a stream. */
  isFollowing(span: S): boolean;
  /** True where the sink looks at running spans. */
  readonly isObserved: boolean;
  readonly limits: Limits | undefined;
}
