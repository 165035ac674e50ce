// What tests import of the sources and what they start as processes, built once for all test files: Node 20 does not run TypeScript.
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type BuildOptions, build } from "esbuild";
import type { TestProject } from "vitest/node";
import manifest from "../package.json" with { type: "json" };
import { embedded } from "../scripts/embedded.mjs";
import { lowerSources } from "./sources.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const CACHE = join(ROOT, "node_modules/.cache");

/** The scripts by the names under which tests ask for them. */
const PROGRAMS = {
  command: "test/cli/program.ts",
  sqliteChild: "test/sqlite/child.ts",
  searchChild: "test/sqlite/search-child.ts",
  deliveryChild: "test/delivery/child.ts",
  otlpChild: "test/otlp/child.ts",
  jestApp: "test/testing/jest-app.ts",
  hostileServer: "test/otlp/hostile-server.ts",
  samplingExit: "test/sampling/exit.ts",
} as const;

export type ProgramName = keyof typeof PROGRAMS;

declare module "vitest" {
  export interface ProvidedContext {
    /** The folder of the scripts, and of the package. */
    programs: string;
  }
}

/** Runs before all tests; what it gives runs after them. Each project has what is provided by the root, which is always there. */
export default async function setup(project: TestProject): Promise<(() => void) | undefined> {
  if (!project.isRootProject()) return undefined;
  mkdirSync(CACHE, { recursive: true });
  // Within node_modules, so that they find the packages that they are to find.
  forgetKilled();
  const folder = mkdtempSync(join(CACHE, `programs-${process.pid}-`));
  const options = { ...OPTIONS, define: await embedded() };
  const entryPoints = Object.entries(PROGRAMS).map(([out, path]) => ({ out, in: join(ROOT, path) }));
  await Promise.all([
    lowerSources(),
    build({
      ...options,
      entryPoints,
      outdir: folder,
      packages: "external",
      alias: aliases(),
    }),
    build({
      ...options,
      entryPoints: [join(ROOT, "src/index.ts")],
      outdir: join(folder, "package"),
      outExtension: {},
    }),
  ]);
  project.provide("programs", folder);
  return () => rmSync(folder, { recursive: true, force: true });
}

/** What runs left that were killed: their folders have the ids of their processes. */
function forgetKilled(): void {
  for (const name of readdirSync(CACHE)) {
    const [, pid] = /^programs-(\d+)-/.exec(name) ?? [];
    if (pid !== undefined && !isAlive(Number(pid)))
      rmSync(join(CACHE, name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** The package's own names, as its sources. */
function aliases(): Record<string, string> {
  const faces: readonly (readonly [string, string | { default: string }])[] = Object.entries(
    manifest.exports,
  );
  const sources = faces.flatMap(([subpath, face]) =>
    typeof face === "string" ? [] : [[`tracelight${subpath.slice(1)}`, sourceOf(face.default)] as const],
  );
  return Object.fromEntries(sources);
}

function sourceOf(built: string): string {
  return join(ROOT, built.replace(/^\.\/dist\/(.*)\.js$/, "src/$1.ts"));
}

const OPTIONS = {
  bundle: true,
  splitting: true,
  platform: "node",
  format: "esm",
  target: "node20.19",
  outExtension: { ".js": ".mjs" },
  logLevel: "warning",
} satisfies BuildOptions;
