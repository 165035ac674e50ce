// Processes that bring the index of a file up to date, for the tests that kill them.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { onTestFinished } from "vitest";
import { embedded } from "../../scripts/embedded.mjs";
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

/** The child program, bundled once: Node 20 does not run TypeScript. */
export class SearchChildren {
  readonly #folder = mkdtempSync(join(tmpdir(), "tracelight-search-child-"));
  readonly #program = join(this.#folder, "child.mjs");

  async build(): Promise<this> {
    // The bundle looks for libsql beside itself.
    symlinkSync(
      fileURLToPath(new URL("../../node_modules", import.meta.url)),
      join(this.#folder, "node_modules"),
    );
    await build({
      entryPoints: [fileURLToPath(new URL("./search-child.ts", import.meta.url))],
      outfile: this.#program,
      bundle: true,
      platform: "node",
      format: "esm",
      target: "node20",
      logLevel: "error",
      define: await embedded(),
    });
    return this;
  }

  /** Starts a process; it is killed at the end of the test. */
  start(task: SearchTask): SearchChild {
    const child = spawn(process.execPath, [this.#program, JSON.stringify(task)], {
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

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
