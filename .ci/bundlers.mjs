// Bundles a program with each bundler, with the optional peers and without, and runs what comes out in an empty folder:
// node .ci/bundlers.mjs TARBALL TOOLS. TOOLS is a folder where .ci/tools is installed.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [tarball, tools] = process.argv.slice(2).map((path) => resolve(path));
const repository = resolve(import.meta.dirname, "..");
const tool = createRequire(join(tools, "package.json"));
const folder = mkdtempSync(join(tmpdir(), "tracelight-bundlers-"));

/** What the program itself imports, and the peers that are installed where it is bundled. */
const PROGRAMS = {
  with: {
    code: 'import * as api from "@opentelemetry/api";\nimport { tryAll } from "./app.mjs";\ntryAll(api);\n',
    peers: ["@opentelemetry/api", "@aws-sdk/client-dynamodb"],
  },
  without: { code: 'import { tryAll } from "./app.mjs";\ntryAll();\n', peers: [] },
};

/** Each makes a bundle of `entry` in the folder `out`, and gives the name of the file to run. None may fail for a peer that is absent. */
const BUNDLERS = {
  "esbuild, cjs": (entry, out) => esbuild(entry, out, "main.cjs", { format: "cjs" }),
  // As the CDK does it: the SDK is Lambda's own, which only `require` finds.
  "esbuild, cjs, with Lambda's SDK": async (entry, out) => {
    const main = await esbuild(entry, out, "main.cjs", { format: "cjs", external: ["@aws-sdk/*"] });
    if (existsSync(join(dirname(entry), "node_modules/@aws-sdk"))) link(join(out, LAMBDA), "@aws-sdk");
    return main;
  },
  // The AWS SDK's files of CommonJS want a `require`, whoever uses them.
  "esbuild, esm": (entry, out) => esbuild(entry, out, "main.mjs", { format: "esm", banner: { js: REQUIRE } }),
  "Rollup, es": (entry, out) => rollup(entry, out, "main.mjs", "es"),
  "Rollup, cjs": (entry, out) => rollup(entry, out, "main.cjs", "cjs"),
  ncc: async (entry, out) => {
    const cli = tool.resolve("@vercel/ncc/dist/ncc/cli.js");
    execFileSync(process.execPath, [cli, "build", entry, "-o", out], { cwd: dirname(entry), stdio: "pipe" });
    return existsSync(join(out, "index.mjs")) ? "index.mjs" : "index.js";
  },
  "Vite, SSR": async (entry, out) => {
    const { build } = await import(pathToFileURL(join(tools, "node_modules/vite/dist/node/index.js")));
    await build({
      ...{ root: dirname(entry), configFile: false, logLevel: "error", ssr: { noExternal: true } },
      build: { ssr: entry, outDir: out, rollupOptions: { output: { entryFileNames: "main.mjs" } } },
    });
    return "main.mjs";
  },
  "webpack, cjs": (entry, out) => webpack(entry, { path: out, filename: "main.cjs" }),
  "webpack, esm": (entry, out) =>
    webpack(entry, {
      ...{ path: out, filename: "main.mjs", module: true, chunkFormat: "module" },
      library: { type: "module" },
    }),
};

const REQUIRE =
  'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);';

/** Where Lambda has its own SDK: `require` looks there by NODE_PATH. */
const LAMBDA = "runtime/modules";

const NODES = { 20: process.execPath, 24: join(tools, "node_modules/node24/bin/node") };

try {
  for (const [name, program] of Object.entries(PROGRAMS)) prepare(name, program);
  const bundles = [];
  for (const [bundler, bundle] of Object.entries(BUNDLERS)) {
    for (const program of Object.keys(PROGRAMS)) {
      const out = join(folder, "bundles", `${bundles.length}`);
      const main = await bundle(join(folder, program, "main.mjs"), out);
      bundles.push({ bundler, program, out, main });
    }
  }
  // What was bundled may not look for anything where it was bundled.
  for (const name of Object.keys(PROGRAMS)) rmSync(join(folder, name), { recursive: true });
  for (const bundle of bundles) check(bundle);
} catch (error) {
  console.error(error.stderr ? error.message : error);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** A project with the package and the program's peers. */
function prepare(name, { code, peers }) {
  const project = join(folder, name);
  const installed = join(project, "node_modules/tracelight");
  mkdirSync(installed, { recursive: true });
  execFileSync("tar", ["xzf", tarball, "-C", installed, "--strip-components=1"]);
  for (const peer of peers) link(join(project, "node_modules"), peer);
  writeFileSync(join(project, "package.json"), '{ "private": true, "type": "module" }\n');
  writeFileSync(join(project, "main.mjs"), code);
  cpSync(join(repository, ".ci/bundled-app.mjs"), join(project, "app.mjs"));
}

function link(modules, name) {
  mkdirSync(dirname(join(modules, name)), { recursive: true });
  symlinkSync(join(repository, "node_modules", name), join(modules, name));
}

async function esbuild(entry, out, main, options) {
  await tool("esbuild").build({
    ...{ entryPoints: [entry], outfile: join(out, main), bundle: true, platform: "node", target: "node20" },
    ...{ logLevel: "error", ...options },
  });
  return main;
}

async function rollup(entry, out, main, format) {
  const [commonjs, json, nodeResolve] = ["commonjs", "json", "node-resolve"].map((name) => {
    const plugin = tool(`@rollup/plugin-${name}`);
    return plugin.default ?? plugin;
  });
  const plugins = [nodeResolve({ preferBuiltins: true }), commonjs(), json()];
  const bundle = await tool("rollup").rollup({ input: entry, plugins, logLevel: "silent" });
  const chunkFileNames = `[name]-[hash]${main.slice(-4)}`;
  await bundle.write({ dir: out, format, entryFileNames: main, chunkFileNames });
  return main;
}

function webpack(entry, output) {
  const options = {
    ...{ entry, output, context: dirname(entry), target: "node20", mode: "production" },
    ...{ optimization: { minimize: false }, experiments: { outputModule: output.module === true } },
  };
  return new Promise((resolve, reject) => {
    tool("webpack")(options, (error, stats) => {
      if (error || stats.hasErrors()) reject(error ?? new Error(stats.toString("errors-only")));
      else resolve(output.filename);
    });
  });
}

/** Runs a bundle on each Node, and on the oldest also with libsql at its side. */
function check({ bundler, program, out, main }) {
  for (const [major, node] of Object.entries(NODES)) {
    const said = run(node, join(out, main));
    assert.deepEqual([said.core, said.otlp], ["ok", "ok"], `${bundler} ${program}`);
    isThere(said.otel, program === "with" || "npm install @opentelemetry/api");
    isThere(said.dynamodb, program === "with" || "npm install @aws-sdk/client-dynamodb");
    isThere(said.sqlite, major !== "20" || "npm install libsql");
  }
  link(join(out, "node_modules"), "libsql");
  assert.equal(run(NODES[20], join(out, main)).sqlite, "ok", `${bundler} ${program}, libsql at its side`);
  console.log(`${bundler}, ${program} peers: works on Node ${Object.keys(NODES).join(" and ")}`);
}

function isThere(said, expected) {
  if (expected === true) return assert.equal(said, "ok");
  assert.match(said, /^MISSING_DEPENDENCY: /);
  assert.ok(said.includes(expected), said);
}

function run(node, file) {
  const cwd = dirname(file);
  const env = { ...process.env, NODE_PATH: join(cwd, LAMBDA) };
  return JSON.parse(execFileSync(node, ["--no-warnings", file], { cwd, env, encoding: "utf8" }));
}
