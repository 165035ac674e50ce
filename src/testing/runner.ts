// The test runner that asserts: which file the test is in, and whether what is golden may be written anew.

/** What a golden trace needs to know of a test runner. */
export interface Runner {
  /** The file of the test that runs. */
  testFile(): string | undefined;
  /** `all`: what differs is written anew. `new`: what is not there yet is written. `none`: nothing is. */
  updates(): "all" | "new" | "none";
  /** How one writes anew, as a command. */
  readonly command: string;
}

/** Node's own runner, and any other: a golden trace is written where the flag of Node's snapshots says so. */
const plain: Runner = {
  testFile: () => undefined,
  updates: () => (process.execArgv.includes("--test-update-snapshots") ? "all" : "none"),
  command:
    "node --test --test-update-snapshots (from Node 22.3 on), or toMatchTrace(name, { update: true }) once",
};

let current = plain;

/** The runner. */
export function runner(): Runner {
  return current;
}

/** Says which runner it is: what `tracelight/vitest` and `tracelight/jest` do. */
export function useRunner(one: Runner): void {
  current = one;
}

/** What vitest and jest tell of a test in `expect.getState()`. */
export function stateRunner(state: () => object, command: string): Runner {
  const snapshots = (): unknown => Reflect.get(state(), "snapshotState");
  return {
    testFile: () => {
      const path: unknown = Reflect.get(state(), "testPath");
      return typeof path === "string" ? path : undefined;
    },
    updates: () => {
      const of = snapshots();
      const updates: unknown =
        typeof of === "object" && of !== null ? Reflect.get(of, "_updateSnapshot") : undefined;
      return updates === "all" || updates === "new" ? updates : "none";
    },
    command,
  };
}
