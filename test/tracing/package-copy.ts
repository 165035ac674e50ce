// A copy of the package in a folder of its own, as an app finds it under node_modules, and scripts that run beside it.
import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packageFolder } from "../program.ts";

/** What a script said and how it ended. */
export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder in which `import "tracelight"` finds a copy made of the sources as they are now. */
export class PackageCopy implements Disposable {
  readonly #folder: string;
  #scripts = 0;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async make(): Promise<PackageCopy> {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), "tracelight-copy-")));
    const home = join(folder, "node_modules", "tracelight");
    cpSync(packageFolder(), home, { recursive: true });
    writeFileSync(join(home, "package.json"), JSON.stringify({ type: "module", exports: "./index.js" }));
    return new PackageCopy(folder);
  }

  /** The module, by `require` from inside the folder. */
  require(): unknown {
    return createRequire(join(this.#folder, "app.cjs"))("tracelight");
  }

  /** Runs an ES module in a process of its own. */
  run(source: string, ...nodeOptions: readonly string[]): Promise<Outcome> {
    const script = join(this.#folder, `script-${this.#scripts++}.mjs`);
    writeFileSync(script, source);
    const { NODE_OPTIONS: _, NO_COLOR: __, FORCE_COLOR: ___, ...env } = process.env;
    const child = spawn(process.execPath, [...nodeOptions, script], { env, cwd: this.#folder });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text) => (stderr += text));
    return new Promise((resolve, reject) => {
      child.on("error", reject).on("close", (code) => resolve({ code, stdout, stderr }));
    });
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
