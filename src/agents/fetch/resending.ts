// Attempts of one call: which failures are tried again, how long that may take, and which request is a further attempt.
import { retryAfterMs } from "../../model/retry-after.ts";

/** A call that failed. */
interface Failed {
  /** No attempt follows. */
  giveUp(): void;
}

/** What tells one call from another. */
export interface CallKey {
  /** The span that it is made in; undefined for none. */
  readonly parent: string | undefined;
  readonly url: string;
  readonly body: string;
  /** The attempt by the client's own count, from 0; undefined where it does not say. */
  readonly attempt: number | undefined;
}

/** Calls that failed and may be tried again. */
export class Resending<Call extends Failed> {
  readonly #waiting = new Map<Call, CallKey>();

  add(call: Call, key: CallKey): void {
    this.#waiting.set(call, key);
  }

  remove(call: Call): void {
    this.#waiting.delete(call);
  }

  /** The call that a request tries again. One that its client counts as a first attempt is none: the call before has been given up. */
  take(key: CallKey): Call | undefined {
    for (const [call, { parent, url, body }] of this.#waiting) {
      if (parent !== key.parent || url !== key.url || body !== key.body) continue;
      this.#waiting.delete(call);
      if (key.attempt !== 0) return call;
      call.giveUp();
      return undefined;
    }
    return undefined;
  }
}

/** True for a status behind which clients try again. */
export function mayBeResent({ status, headers }: Response): boolean {
  const said = headers.get("x-should-retry");
  if (said === "true" || said === "false") return said === "true";
  return status === 408 || status === 409 || status === 429 || status >= 500;
}

/**
 * Milliseconds within which the next attempt comes: what the service says, else what clients wait by themselves. Those of OpenAI, Anthropic and Groq
 * say which attempt it is and wait half a second, doubled each time; the AI SDK and LangChain two seconds.
 */
export function resentWithin(
  attempt: number | undefined,
  resends: number,
  headers: Headers | undefined,
): number {
  const told = retryAfter(headers);
  const [first, most] = attempt === undefined ? [2000, 16_000] : [500, 8000];
  return Math.max(told ?? 0, Math.min(first * 2 ** resends, most)) + GRACE_MS;
}

function retryAfter(headers: Headers | undefined): number | undefined {
  const ms = Number.parseFloat(headers?.get("retry-after-ms") ?? "");
  if (ms >= 0) return Math.min(ms, MAX_MS);
  const until = retryAfterMs(headers?.get("retry-after") ?? "");
  return until === undefined ? undefined : Math.min(until, MAX_MS);
}

/** For the time that a client needs besides. */
const GRACE_MS = 1000;
/** No client waits longer. */
const MAX_MS = 60_000;
