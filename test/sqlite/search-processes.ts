// Processes that bring the index of a file up to date, for the tests that kill them.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { onTestFinished } from "vitest";
import { programOf } from "../program.ts";
import type { SearchTask } from "./search-child.ts";

/** A process that indexes. */
interface SearchChild {
  /** It has come to where it was to stop. */
  readonly ready: Promise<void>;
  /** How many spans it indexed. */
  readonly indexed: Promise<number>;
  /** The signal that ended it. */
  readonly ended: Promise<NodeJS.Signals | null>;
  kill(): void;
}

/** Starts a process; it is killed at the end of the test. */
export function startSearchChild(task: SearchTask): SearchChild {
  const child = spawn(process.execPath, [programOf("searchChild"), JSON.stringify(task)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const said = once(child.stdout, "data").then(([text]) => String(text));
  return {
    ready: said.then(() => undefined),
    indexed: said.then(Number),
    ended: once(child, "exit").then(([, signal]) => signal),
    kill: () => void child.kill("SIGKILL"),
  };
}
