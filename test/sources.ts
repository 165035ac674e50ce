// The sources as Node itself loads them: lowered once for all tests, they run as fast as in an app. The module runner of vitest would put
// each name that a module imports behind a getter.
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { type Plugin as BuildPlugin, build } from "esbuild";
import type { Plugin } from "vitest/config";
import { embedded } from "../scripts/embedded.mjs";

const SOURCES = fileURLToPath(new URL("../src", import.meta.url));
/** Below node_modules, where vitest leaves modules to Node; always the same, as what it caches of test files names it. */
const LOWERED = fileURLToPath(new URL("../node_modules/.cache/sources", import.meta.url));

/** Test files that import sources get them lowered. */
export const asLowered: Plugin = {
  name: "lowered sources",
  enforce: "pre",
  resolveId(id, importer) {
    const path = relative(SOURCES, resolve(importer === undefined ? "." : dirname(importer), id));
    return path.startsWith("..") || !path.endsWith(".ts") ? undefined : join(LOWERED, outputOf(path));
  },
};

/** Writes those that are not there as they are now. */
export async function lowerSources(): Promise<void> {
  const { outputFiles } = await build({
    entryPoints: filesOf(SOURCES, ".ts"),
    outbase: SOURCES,
    outdir: LOWERED,
    outExtension: { ".js": ".mjs" },
    write: false,
    bundle: true,
    plugins: [eachAlone],
    packages: "external",
    platform: "node",
    format: "esm",
    target: "es2022",
    sourcemap: "inline",
    sourcesContent: false,
    define: { ...(await embedded()), "import.meta.url": SOURCE_URL },
    logLevel: "warning",
  });
  for (const { path, text } of outputFiles) write(path, text);
  const written = new Set(outputFiles.map(({ path }) => path));
  for (const path of filesOf(LOWERED, ".mjs")) if (!written.has(path)) rmSync(path, { force: true });
}

function filesOf(folder: string, ending: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(ending))
    .map((name) => join(folder, name));
}

function outputOf(path: string): string {
  return path.replace(/\.ts$/, ".mjs");
}

/** What `import.meta.url` is called there; in a text it stays as it is. */
const SOURCE_URL = "sourceUrlOfThisFile";

/** A file of each, which imports the others, and for which `import.meta.url` is that of its source. */
const eachAlone: BuildPlugin = {
  name: "each alone",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^\..*\.ts$/ }, ({ path }) => ({ path: outputOf(path), external: true }));
    onLoad({ filter: /\.ts$/ }, ({ path }) => {
      const url = JSON.stringify(pathToFileURL(path).href);
      const text = readFileSync(path, "utf8").replace(/^#!/, "//");
      return { contents: `const ${SOURCE_URL} = ${url}; ${text}`, loader: "ts" };
    });
  },
};

/** At once: another run may be reading. */
function write(path: string, text: string): void {
  if (textOf(path) === text) return;
  mkdirSync(dirname(path), { recursive: true });
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, text);
  renameSync(draft, path);
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
