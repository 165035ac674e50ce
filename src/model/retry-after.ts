// What the header Retry-After says, in one reading for what we send and what clients send through us.
import { systemNow } from "./timers.ts";

/** How many milliseconds a server wishes to be left alone, told as seconds or as a date; undefined where it says neither, or a time that is over. */
export function retryAfterMs(told: string): number | undefined {
  const ms = /^\d+(\.\d+)?$/.test(told) ? Number(told) * 1000 : Date.parse(told) - systemNow();
  return ms >= 0 ? ms : undefined;
}
