// Real processes and a real server for the tests that kill them.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { build } from "esbuild";
import { onTestFinished } from "vitest";
import type { Task } from "./child.ts";

const SOURCE = fileURLToPath(new URL("../../src/index.ts", import.meta.url));

/** The child program, bundled once: Node 20 does not run TypeScript. */
export class Children {
  readonly #folder = mkdtempSync(join(tmpdir(), "tracelight-child-"));
  readonly #program = join(this.#folder, "child.mjs");

  async build(): Promise<this> {
    await build({
      entryPoints: [fileURLToPath(new URL("./child.ts", import.meta.url))],
      outfile: this.#program,
      bundle: true,
      platform: "node",
      format: "esm",
      target: "node20",
      alias: { tracelight: SOURCE },
      logLevel: "error",
    });
    return this;
  }

  /** Runs the program in another thread of this process; resolves when it ends. */
  async runThread(task: Task): Promise<void> {
    const worker = new Worker(this.#program, { argv: [JSON.stringify(task)], stdout: true });
    onTestFinished(async () => void (await worker.terminate()));
    await once(worker, "exit");
  }

  /** Starts a process; it is killed at the end of the test. */
  start(task: Task): Child {
    const child = new Child(
      spawn(process.execPath, [this.#program, JSON.stringify(task)], {
        stdio: ["ignore", "pipe", "inherit"],
      }),
    );
    onTestFinished(() => child.kill());
    return child;
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

class Child {
  /** How it ended: its exit code or the signal. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
  /** It has done what it was to do first. */
  readonly ready: Promise<void>;
  /** It has heard the signal. */
  readonly closing: Promise<void>;
  readonly #process: ChildProcess;

  constructor(child: ChildProcess) {
    this.#process = child;
    this.ended = new Promise((resolve) => child.on("exit", (code, signal) => resolve(code ?? signal)));
    this.ready = this.#said("ready");
    this.closing = this.#said("closing");
  }

  #said(word: string): Promise<void> {
    return new Promise((resolve) => {
      this.#process.stdout?.on("data", (said) => String(said).includes(word) && resolve());
    });
  }

  kill(signal: NodeJS.Signals = "SIGKILL"): void {
    this.#process.kill(signal);
  }
}

/** An HTTP server that takes lists of names; it is closed at the end of the test. */
export async function nameServer(): Promise<{ url: string; received: string[] }> {
  const received: string[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += chunk));
    request.on("end", () => {
      const names: string[] = JSON.parse(body);
      received.push(...names);
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${portOf(server.address())}/`, received };
}

function portOf(address: AddressInfo | string | null): number {
  return typeof address === "object" && address !== null ? address.port : 0;
}
