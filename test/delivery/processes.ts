// Real processes and a real server for the tests that kill them.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Worker } from "node:worker_threads";
import { onTestFinished } from "vitest";
import { programOf } from "../program.ts";
import type { Task } from "./child.ts";

/** Runs the child program in another thread of this process; resolves when it ends. */
export async function runThread(task: Task): Promise<void> {
  const worker = new Worker(programOf("deliveryChild"), { argv: [JSON.stringify(task)], stdout: true });
  onTestFinished(async () => void (await worker.terminate()));
  await once(worker, "exit");
}

/** Starts it as a process, which is killed at the end of the test. */
export function startChild(task: Task): Child {
  const child = new Child(
    spawn(process.execPath, [programOf("deliveryChild"), JSON.stringify(task)], {
      stdio: ["ignore", "pipe", "inherit"],
    }),
  );
  onTestFinished(() => child.kill());
  return child;
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
