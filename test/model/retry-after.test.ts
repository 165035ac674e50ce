// What a server says of when to come again.
import { expect, test } from "vitest";
import { retryAfterMs } from "../../src/model/retry-after.ts";

test.each([
  ["0", 0],
  ["2", 2000],
  ["1.5", 1500],
  ["", undefined],
  ["-1", undefined],
  ["soon", undefined],
  ["1e3", undefined],
  ["Wed, 21 Oct 2015 07:28:00 GMT", undefined],
])("%j", (told, ms) => expect(retryAfterMs(told)).toBe(ms));

test("a date is as far away as it is by this machine's clock", () => {
  const ms = retryAfterMs(new Date(Date.now() + 3_600_000).toUTCString());
  expect(ms).toBeGreaterThan(3_000_000);
  expect(ms).toBeLessThanOrEqual(3_600_000);
});
