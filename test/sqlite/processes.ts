// Real processes for the tests that kill, stop and lock them.
import { type ChildProcess, fork } from "node:child_process";
import { expect, onTestFinished } from "vitest";
import { programOf } from "../program.ts";
import type { Acts, ChildOptions } from "./child.ts";

/** The codes of what was told where several write: nothing but that one waited long for the others, as on a busy machine. */
export const ONLY_WAITS: unknown = expect.toSatisfy((codes: readonly string[]) =>
  codes.every((code) => code === "STORE_LOCKED"),
);

/** Starts the child program; it is killed at the end of the test. */
export async function startChild(options: ChildOptions): Promise<Child> {
  const child = new Child(
    fork(programOf("sqliteChild"), [JSON.stringify(options)], {
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      // Threads that collect garbage wait for a processor as well, and the event loop for them: that is not to be told from a lock.
      execArgv: ["--expose-gc", "--single-threaded-gc"],
      env: {
        ...(process.env["LD_PRELOAD"] === undefined ? {} : { LD_PRELOAD: process.env["LD_PRELOAD"] }),
      },
    }),
  );
  onTestFinished(() => child.kill());
  await child.ready;
  return child;
}

/** A process that does as it is told. */
export class Child {
  readonly ready: Promise<unknown>;
  /** How it ended: its exit code or the signal. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
  readonly #process: ChildProcess;
  readonly #asked = new Map<number, (result: never) => void>();
  #count = 0;
  #printed = "";

  constructor(child: ChildProcess) {
    this.#process = child;
    this.ready = new Promise((resolve) => this.#asked.set(0, resolve));
    this.ended = new Promise((resolve) => child.on("close", (code, signal) => resolve(code ?? signal)));
    for (const stream of [child.stdout, child.stderr]) stream?.on("data", (said) => (this.#printed += said));
    child.on("message", ({ id, result }: { id: number; result: never }) => this.#asked.get(id)?.(result));
  }

  /** All that it printed, warnings among it. */
  get printed(): string {
    return this.#printed;
  }

  /** Resolves when it has done so; rejects where the process ends before. */
  ask<K extends keyof Acts>(act: K, ...[args]: Parameters<Acts[K]>): Promise<ReturnType<Acts[K]>> {
    const id = ++this.#count;
    this.#process.send({ id, act, args: args ?? {} });
    const answer = new Promise<ReturnType<Acts[K]>>((resolve, reject) => {
      this.#asked.set(id, resolve);
      void this.ended.then((how) =>
        reject(new Error(`The process ended with ${how}. It said: ${this.#printed}`)),
      );
    });
    // Those who tell it to end, or kill it, do not wait for an answer.
    answer.catch(() => undefined);
    return answer;
  }

  /** Tells it to do what ends it. */
  async askToEnd<K extends keyof Acts>(
    act: K,
    ...args: Parameters<Acts[K]>
  ): Promise<number | NodeJS.Signals | null> {
    void this.ask(act, ...args);
    return this.ended;
  }

  kill(signal: NodeJS.Signals = "SIGKILL"): void {
    this.#process.kill(signal);
  }
}
