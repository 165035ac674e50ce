// What the tests import that `tracelight test` wrote here: an agent and a test runner that the test of them holds.
import type { Given } from "../../examples/agent/run.ts";

/** The agent that has the talks. */
export const held: { run: (given: Given) => Promise<unknown> } = {
  run: () => Promise.reject(new Error("no agent")),
};

/** As a written test calls it. */
export function run(given: Given): Promise<unknown> {
  return held.run(given);
}

/** The tests that were declared, in order. */
export const declared: (() => Promise<void>)[] = [];

/** In the place of the test runner. */
export function test(_name: string, work: () => Promise<void>): void {
  declared.push(work);
}
