// The command `tracelight view`, as users have it, on a store of the test's own.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

/** What ends with the file of tests, or with all of them. */
const endings: (() => unknown)[] = [];

/** Ends what was begun, the newest first. */
export async function endAll(): Promise<void> {
  for (const end of endings.splice(0).reverse()) await end();
}

/** A name of somebody else's that leads to this machine, in the browser of the tests. */
export const REBOUND = "evil.example";

/** Done when the tests of the file are over. */
export function atEnd(end: () => unknown): void {
  endings.push(end);
}

/** The package: `dist/` of this repository, or of the project that `.ci/page.mjs` installed the tarball in. */
export const PACKAGE = process.env["TRACELIGHT_PACKAGE"] ?? join(import.meta.dirname, "../../..");
const COMMAND = join(PACKAGE, "dist/cli/main.js");

/** A travel agent's conversations of one day: `trip-1042` with four turns, of which the last runs; and some forty others. */
function travel(now: number = Date.now()): string {
  const text = gunzipSync(
    readFileSync(join(import.meta.dirname, "../../../src/viewer/travel.jsonl.gz")),
  ).toString();
  const shift = now - RECORDED;
  return text.replace(TIME, (_, at: string) => `"${new Date(Date.parse(`${at}Z`) + shift).toISOString()}"`);
}

/** When the spans were recorded. */
const RECORDED = Date.parse("2026-11-25T22:41:19.600Z");
const TIME = /"(2026-11-2\d{1}T\d\d:\d\d:\d\d\.\d{3})000Z"/g;

/** A folder that goes with the tests of the file. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "tracelight-page-"));
  atEnd(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** The travel agent's spans as a file of JSON lines. */
export function travelFile(): string {
  const path = join(folder(), "travel.jsonl");
  writeFileSync(path, travel());
  return path;
}

/** The same as an SQLite file. */
export async function travelStore(): Promise<string> {
  const file = travelFile();
  const path = file.replace(/jsonl$/, "db");
  await command("import", file, path);
  return path;
}

/** Runs the command to its end. */
export async function command(...args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, [COMMAND, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const [said, status] = await ended(child);
  if (status !== 0) throw new Error(`tracelight ${args.join(" ")} ended with ${status}: ${said}`);
  return said;
}

/** A server that runs. */
export interface Served {
  /** Where the page is, with a slash at its end. */
  readonly url: string;
  readonly said: () => string;
  readonly stop: (signal?: NodeJS.Signals) => Promise<void>;
}

/** Starts `tracelight view` on any free port, unless one is given. It ends with the tests of the file. */
export async function view(...args: readonly string[]): Promise<Served> {
  const ported = args.includes("--port") ? args : [...args, "--port", "0"];
  const child = spawn(process.execPath, [COMMAND, "view", ...ported], { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  const url = await new Promise<string>((resolve, reject) => {
    const heard = (chunk: Buffer): void => {
      said += chunk;
      const [found] = said.match(/https?:\/\/[\w.[\]:-]+\/(?=\s|$)/) ?? [];
      if (found !== undefined) resolve(found);
    };
    child.stdout?.on("data", heard);
    child.stderr?.on("data", heard);
    child.on("exit", (status) => reject(new Error(`tracelight view ended with ${status}: ${said}`)));
  });
  const stop = async (signal: NodeJS.Signals = "SIGTERM"): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.on("exit", resolve));
    child.kill(signal);
    await gone;
  };
  atEnd(() => stop("SIGKILL"));
  return { url, said: () => said, stop };
}

/** A free port that the system gives to nobody who asks for any: a server that ended has it again. */
export async function keptPort(): Promise<string> {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 20_000);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => resolve(true));
    });
    await new Promise((resolve) => server.close(resolve));
    if (isFree) return String(port);
  }
}

async function ended(child: ChildProcess): Promise<[said: string, status: number | null]> {
  let said = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    said += chunk;
  });
  child.stderr?.on("data", (chunk: Buffer) => {
    said += chunk;
  });
  const status = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return [said, status];
}
