// The command, bundled once for all test files that start it as a process.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { TestProject } from "vitest/node";
import { embedded } from "../scripts/embedded.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const CACHE = join(ROOT, "node_modules/.cache");

declare module "vitest" {
  export interface ProvidedContext {
    /** The command's bundle: a script for Node. */
    command: string;
  }
}

/** Runs before all tests; what it gives runs after them. */
export default async function setup(project: TestProject): Promise<() => void> {
  mkdirSync(CACHE, { recursive: true });
  // Within node_modules, so that it finds the packages that it is to find.
  const bundle = mkdtempSync(join(CACHE, "cli-"));
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
    define: await embedded(),
  });
  project.provide("command", join(bundle, "main.js"));
  return () => rmSync(bundle, { recursive: true, force: true });
}
