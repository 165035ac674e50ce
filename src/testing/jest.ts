// tracelight/jest: the matchers of traces in jest, types included, and golden traces that `jest -u` writes anew.
import type {} from "expect";
import { TracelightError } from "../model/errors.ts";
import { type TraceMatchers, traceMatchers } from "./matchers.ts";
import { stateRunner, useRunner } from "./runner.ts";

const { extend, getState } = globalExpect();
extend(traceMatchers);
useRunner(stateRunner(getState, "npx jest -u"));

declare global {
  namespace jest {
    interface Matchers<R, T> extends TraceMatchers<R> {}
  }
}

declare module "expect" {
  interface Matchers<R extends void | Promise<void>, T> extends TraceMatchers<R> {}
}

interface Expect {
  extend(matchers: typeof traceMatchers): void;
  getState(): object;
}

/** Jest puts its `expect` there unless `injectGlobals` is off. */
function globalExpect(): Expect {
  const found: unknown = Reflect.get(globalThis, "expect");
  if (isExpect(found)) return found;
  throw new TracelightError(
    "MISSING_DEPENDENCY",
    'tracelight/jest needs the global expect of jest; where injectGlobals is off: expect.extend(traceMatchers) with the expect of "@jest/globals"',
  );
}

function isExpect(value: unknown): value is Expect {
  return (
    typeof value === "function" &&
    "extend" in value &&
    typeof value.extend === "function" &&
    "getState" in value &&
    typeof value.getState === "function"
  );
}
