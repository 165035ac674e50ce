// Long work, done in parts that leave the event loop its turns.
import { steadyNow, turn } from "./timers.ts";

/** What one turn of the event loop may take, in milliseconds. */
const SLICE_MS = 8;

/** Does the work slice by slice; the event loop has a turn where they have taken some milliseconds. */
export async function inSlices<T>(work: Generator<void, T>, signal?: AbortSignal): Promise<T> {
  for (let since = steadyNow(); ; ) {
    const { done, value } = work.next();
    if (done === true) return value;
    if (steadyNow() - since < SLICE_MS) continue;
    await turn();
    signal?.throwIfAborted();
    since = steadyNow();
  }
}
