// Builds dist/ (the package) and build/ (the examples, which import the package as users do).
import { execFileSync } from "node:child_process";
import { copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { build as buildPage } from "vite";
import { embedded } from "./embedded.mjs";
import { buildParts, fromParts, partsOf } from "./parts.mjs";
import { shorten } from "./shorten.mjs";

const FACE = "src/index.ts";
const REQUIRED = "src/otel/required.ts";
process.chdir(fileURLToPath(new URL("..", import.meta.url)));

rmSync("dist", { recursive: true, force: true });
rmSync("build", { recursive: true, force: true });
// Declarations file by file, by the compiler. Code in one file for each subpath and shared chunks: Node takes half a
// millisecond for each module it loads, and a tracer must not slow a program's start.
compile("tsconfig.build.json");
nameModules();
dropUnreached();
const shared = {
  bundle: true,
  minifyWhitespace: true,
  packages: "external",
  platform: "node",
  format: "esm",
  target: "node20.19",
  logLevel: "warning",
  define: await embedded(),
};
const parts = await partsOf(FACE, shared);
const face = resolve(FACE);
await build({
  ...shared,
  entryPoints: [
    ...subpaths().map((path) => path.replace(/^.\/dist\/(.*)\.js$/, "src/$1.ts")),
    "src/cli/main.ts",
  ],
  outdir: "dist",
  outbase: "src",
  chunkNames: "chunks/[name]-[hash]",
  splitting: true,
  plugins: [fromParts(parts, (importer) => (importer === face ? "./" : "../"), { face }), fromRequired()],
});
await buildParts(parts, shared);
await buildRequired();
await shortenAll();
await buildPage({ configFile: "web/vite.config.ts", logLevel: "warn" });
await buildPage({ configFile: "web/exported/vite.config.ts", logLevel: "warn" });
// An exported file takes those of the served page.
rmSync("dist/viewer/exported/page.css");
copyFileSync("src/viewer/travel.jsonl.gz", "dist/viewer/travel.jsonl.gz");
compile("tsconfig.examples.json");

/** The files of code that package.json names: a face lies in `src` as it does in `dist`. */
function subpaths() {
  return faces().map((face) => face.default);
}

function faces() {
  const { exports } = JSON.parse(readFileSync("package.json", "utf8"));
  return Object.values(exports).filter((face) => face.types !== undefined);
}

/**
 * What requires a peer is a file of CommonJS: webpack and ncc, Rollup and Vite follow no `require` of an ES module. Where a bundler
 * knows no CommonJS at all, it does nothing.
 */
async function buildRequired() {
  await build({
    ...shared,
    entryPoints: [REQUIRED],
    outfile: "dist/otel/required.cjs",
    format: "cjs",
    banner: { js: 'if (typeof module === "object") {' },
    footer: { js: "}" },
  });
}

/** Its importers lie in `dist/otel` or in another folder at its side. */
function fromRequired() {
  return {
    name: "from required",
    setup({ onResolve }) {
      onResolve({ filter: /\/required\.ts$/ }, () => ({ path: "../otel/required.cjs", external: true }));
    },
  };
}

async function shortenAll() {
  for (const file of readdirSync("dist", { recursive: true })) {
    if (!/\.c?js$/.test(file)) continue;
    const path = join("dist", file);
    writeFileSync(path, await shorten(readFileSync(path, "utf8"), path));
  }
}

/** The compiler leaves the names of the sources in declarations, where compilers before its own version take them for a fault. */
function nameModules() {
  for (const file of readdirSync("dist", { recursive: true })) {
    if (!file.endsWith(".d.ts")) continue;
    const path = join("dist", file);
    const text = readFileSync(path, "utf8");
    writeFileSync(path, text.replace(/(from |import\()"(\.{1,2}\/[^"]*)\.ts"/g, '$1"$2.js"'));
  }
}

/** Declarations that no entry point leads to are nobody's, and would be a sixth of the package. */
function dropUnreached() {
  const reached = new Set();
  const next = faces().map(({ types }) => join(types));
  for (let path = next.pop(); path !== undefined; path = next.pop()) {
    if (reached.has(path)) continue;
    reached.add(path);
    const imports = readFileSync(path, "utf8").matchAll(/(?:from |import\()"(\.[^"]*)\.js"/g);
    for (const [, name] of imports) next.push(join(dirname(path), `${name}.d.ts`));
  }
  for (const file of readdirSync("dist", { recursive: true })) {
    const path = join("dist", file);
    if (path.endsWith(".d.ts") && !reached.has(path)) rmSync(path);
  }
}

function compile(project) {
  try {
    execFileSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", project], {
      stdio: ["ignore", 2, 2],
    });
  } catch {
    process.exit(1);
  }
}
