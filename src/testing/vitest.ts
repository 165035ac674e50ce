// tracelight/vitest: the matchers of traces in vitest, types included, and golden traces that `vitest -u` writes anew.
import { expect } from "vitest";
import { type TraceMatchers, traceMatchers } from "./matchers.ts";
import { stateRunner, useRunner } from "./runner.ts";

expect.extend(traceMatchers);
useRunner(stateRunner(() => expect.getState(), "npx vitest run -u"));

declare module "vitest" {
  interface Matchers<T> extends TraceMatchers<T> {}
}
