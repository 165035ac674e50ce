// A span of another process, as far as a header or message can name it.

/** A span that runs in another process, as a header or message names it. */
export interface RemoteParent {
  /** 32 lower-case hex digits, not all zero. */
  readonly traceId: string;
  /** 16 lower-case hex digits, not all zero. */
  readonly spanId: string;
  /** W3C trace flags. */
  readonly traceFlags?: number | undefined;
  /** W3C trace state, which is passed on. */
  readonly traceState?: string | undefined;
}
