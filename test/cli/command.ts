// The command as users run it, each time in the test file's own folder: in this process where it is given what it asks of the
// world, or as a process of its own where signals, pipes and the end of a process are the point.
import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import { afterAll, beforeAll } from "vitest";
import { run } from "../../src/cli/program.ts";
import { programOf } from "../program.ts";

/** What a pipe gives at once. */
const CHUNK = 64 * 1024;

/** What a run did. */
export interface Outcome {
  /** Undefined where a signal ended it. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a run differs from a plain one. */
export interface RunOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** The folder in which the runs of this file take place. */
export let folder: string;
const started = new Set<ChildProcess>();

/** Makes the folder before the tests of this file, and removes it after them. */
export function useFolder(): void {
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "tracelight-cli-"));
  });
  afterAll(() => {
    for (const child of started) child.kill("SIGKILL");
    chmodSync(folder, 0o700);
    rmSync(folder, { recursive: true, force: true });
  });
}

/** Runs the command to its end, in this process. */
export async function tracelight(
  args: readonly string[],
  { input = "", env }: RunOptions = {},
): Promise<Outcome> {
  const [stdout, stderr] = [new Heard(), new Heard()];
  const stdin = Readable.from(chunksOf(Buffer.from(input)));
  const { signal } = new AbortController();
  const world = { argv: args, env: environment(env), cwd: folder, stdin, stdout, stderr, signal };
  const code = await run(world);
  return { code, stdout: stdout.text, stderr: stderr.text };
}

function* chunksOf(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += CHUNK) yield bytes.subarray(at, at + CHUNK);
}

/** A stream that keeps what is written to it. */
class Heard extends Writable {
  readonly #chunks: Buffer[] = [];

  get text(): string {
    return Buffer.concat(this.#chunks).toString("utf8");
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#chunks.push(chunk);
    done();
  }
}

/** Starts the command as a process; its output goes into a pipe, or to the file that is given. */
export function start(
  args: readonly string[],
  env: RunOptions["env"] = {},
  stdout: "pipe" | number = "pipe",
): ChildProcess {
  const child = spawn(process.execPath, [programOf("command"), ...args], {
    cwd: folder,
    stdio: ["pipe", stdout, "pipe"],
    env: environment(env),
  });
  started.add(child);
  child.on("exit", () => started.delete(child));
  return child;
}

/** Runs the command to its end, as a process. */
export async function launched(
  args: readonly string[],
  { input = "", env }: RunOptions = {},
): Promise<Outcome> {
  const child = start(args, env);
  child.stdin?.on("error", () => undefined);
  child.stdin?.end(input);
  return outcomeOf(child);
}

function environment(more: RunOptions["env"] = {}): Record<string, string> {
  return { PATH: process.env["PATH"] ?? "", HOME: folder, AWS_EC2_METADATA_DISABLED: "true", ...more };
}

/** What a started command did, when it has ended. */
export function outcomeOf(child: ChildProcess): Promise<Outcome> {
  let [stdout, stderr] = ["", ""];
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  return new Promise((resolve) => {
    child.on("close", (code) => resolve({ code: code ?? undefined, stdout, stderr }));
  });
}

/** The objects of a `--json` output. */
export function jsonOf({ stdout }: Outcome): Record<string, unknown>[] {
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
}
