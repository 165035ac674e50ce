// The command as users run it: bundled once for a test file, each run a process of its own in a folder of its own.
import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll } from "vitest";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const CACHE = join(ROOT, "node_modules/.cache");

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
let bundle: string;
const started = new Set<ChildProcess>();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "tracelight-cli-"));
  mkdirSync(CACHE, { recursive: true });
  // Within node_modules, so that it finds the packages that it is to find.
  bundle = mkdtempSync(join(CACHE, "cli-"));
  await build({
    entryPoints: [join(ROOT, "src/cli/main.ts")],
    outdir: bundle,
    bundle: true,
    splitting: true,
    packages: "external",
    platform: "node",
    format: "esm",
    target: "node20.19",
    logLevel: "warning",
  });
});

afterAll(() => {
  for (const child of started) child.kill("SIGKILL");
  chmodSync(folder, 0o700);
  rmSync(folder, { recursive: true, force: true });
  rmSync(bundle, { recursive: true, force: true });
});

/** Starts the command; its output goes into a pipe, or to the file that is given. */
export function start(
  args: readonly string[],
  env: RunOptions["env"] = {},
  stdout: "pipe" | number = "pipe",
): ChildProcess {
  const child = spawn(process.execPath, [join(bundle, "main.js"), ...args], {
    cwd: folder,
    stdio: ["pipe", stdout, "pipe"],
    env: { PATH: process.env["PATH"], HOME: folder, AWS_EC2_METADATA_DISABLED: "true", ...env },
  });
  started.add(child);
  child.on("exit", () => started.delete(child));
  return child;
}

/** Runs the command to its end. */
export async function tracelight(
  args: readonly string[],
  { input = "", env }: RunOptions = {},
): Promise<Outcome> {
  const child = start(args, env);
  child.stdin?.on("error", () => undefined);
  child.stdin?.end(input);
  return outcomeOf(child);
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
