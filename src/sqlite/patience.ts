// Waiting for the lock of others.
import { delay, steadyNow } from "../model/timers.ts";
import { isBusy } from "./driver.ts";

/** How long a write waits for the lock of others, in milliseconds. */
const WRITE_PATIENCE_MS = 10_000;
const WRITE_RETRY_MS = 5;

/** Tries again while others hold the file. */
export async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (const since = steadyNow(); ; ) {
    try {
      return await work();
    } catch (error) {
      if (!isBusy(error) || steadyNow() - since > WRITE_PATIENCE_MS) throw error;
    }
    await delay(WRITE_RETRY_MS);
  }
}
