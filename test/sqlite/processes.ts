// Real processes for the tests that kill, stop and lock them.
import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { onTestFinished } from "vitest";
import { embedded } from "../../scripts/embedded.mjs";
import type { Acts, ChildOptions } from "./child.ts";

const source = (path: string): string => fileURLToPath(new URL(`../../src/${path}`, import.meta.url));

/** The child program, bundled once: Node 20 does not run TypeScript. */
export class Children {
  readonly #folder = mkdtempSync(join(tmpdir(), "tracelight-sqlite-child-"));
  readonly #program = join(this.#folder, "child.mjs");

  async build(): Promise<this> {
    // The bundle looks for libsql beside itself.
    symlinkSync(source("../node_modules"), join(this.#folder, "node_modules"));
    await build({
      entryPoints: [fileURLToPath(new URL("./child.ts", import.meta.url))],
      outfile: this.#program,
      bundle: true,
      platform: "node",
      format: "esm",
      target: "node20",
      alias: { "tracelight/sqlite": source("sqlite/index.ts"), tracelight: source("index.ts") },
      logLevel: "error",
      define: await embedded(),
    });
    return this;
  }

  /** Starts a process; it is killed at the end of the test. */
  async start(options: ChildOptions): Promise<Child> {
    const child = new Child(
      fork(this.#program, [JSON.stringify(options)], {
        stdio: ["ignore", "pipe", "pipe", "ipc"],
        execArgv: ["--expose-gc"],
        env: {
          ...(process.env["LD_PRELOAD"] === undefined ? {} : { LD_PRELOAD: process.env["LD_PRELOAD"] }),
        },
      }),
    );
    onTestFinished(() => child.kill());
    await child.ready;
    return child;
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
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
