// Installs the packed tarball into an empty project and uses it there, on each Node: node .ci/smoke.mjs TARBALL TOOLS
// TOOLS is a folder where .ci/tools is installed.
import { execFileSync, spawnSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

const NODES = ["20", "22", "24"];
/** All that an installation brings. */
const DEPENDENCIES = ["commander", "hono", "tracelight"];
/** Subpaths whose types need an optional peer. */
const PEERS = {
  "tracelight/dynamodb": ["@aws-sdk/client-dynamodb"],
  "tracelight/otel": ["@opentelemetry/api"],
};
/** What is for test runners is imported within one alone: see test/testing. */
const RUNNERS = ["tracelight/jest", "tracelight/vitest"];
const [tarball, tools] = process.argv.slice(2).map((path) => resolve(path));
const repository = resolve(import.meta.dirname, "..");
const folder = mkdtempSync(join(tmpdir(), "tracelight-smoke-"));
const project = join(folder, "project");

try {
  installPackage();
  for (const major of NODES) useOn(nodeBinary(major));
  checkTypes();
} catch (error) {
  console.error(error.stdout ? `${error.stdout}${error.stderr}` : error);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function installPackage() {
  mkdirSync(project, { recursive: true });
  writeFileSync(join(project, "package.json"), '{ "name": "empty", "private": true, "type": "module" }\n');
  npmInstall(project, tarball);
  const installed = readdirSync(join(project, "node_modules")).filter((name) => !name.startsWith("."));
  if (installed.join() !== DEPENDENCIES.join()) throw new Error(`installing it brought: ${installed}`);
  console.log(`the tarball installs ${installed.join(", ")} and nothing else`);
}

/** Uses every subpath as an app does, on one Node. */
function useOn(node) {
  cpSync(join(repository, ".ci/smoke-app.mjs"), join(project, "app.mjs"));
  console.log(run(node, ["app.mjs", ...subpaths()]).trim());
  useCommand(node);
}

/** The command lists what the app's tracer wrote; without an SQLite library it says what to install. */
function useCommand(node) {
  const command = ["node_modules/tracelight/dist/cli/main.js"];
  const { version } = JSON.parse(readFileSync(join(repository, "package.json"), "utf8"));
  if (run(node, [...command, "--version"]).trim() !== version)
    throw new Error("--version says something else");
  const hasSqlite = !run(node, ["--version"]).startsWith("v20.");
  const { status, stdout, stderr } = spawnSync(node, [...command, "ls", "app.db", "--json"], {
    cwd: project,
    encoding: "utf8",
  });
  const isRight = hasSqlite
    ? status === 0 && stdout.includes("smoke") && stderr === ""
    : status === 3 && stderr.includes("npm install libsql");
  if (!isRight) throw new Error(`tracelight ls gave ${status}: ${stdout}${stderr}`);
  console.log(hasSqlite ? "tracelight ls lists what was written" : "tracelight ls says what to install");
}

/** A strict consumer, which does not skip our declarations: at first without the optional peers. */
function checkTypes() {
  cpSync(join(repository, ".ci/smoke-types.ts"), join(project, "types.ts"));
  compile(subpaths().filter((path) => !(path in PEERS)));
  for (const peer of Object.values(PEERS).flat()) {
    const link = join(project, "node_modules", peer);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(repository, "node_modules", peer), link);
  }
  compile(subpaths());
  console.log("a strict consumer compiles against the declarations");
}

function compile(paths) {
  const imports = paths.map((path, index) => `export * as path${index} from "${path}";\n`);
  writeFileSync(join(project, "subpaths.ts"), imports.join(""));
  const compilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    module: "nodenext",
    target: "es2022",
    lib: ["es2022", "esnext.disposable"],
    noEmit: true,
    typeRoots: [join(repository, "node_modules/@types")],
    types: ["node"],
  };
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts"] }));
  run(process.execPath, [join(repository, "node_modules/typescript/bin/tsc"), "-p", "."]);
}

function subpaths() {
  const { exports } = JSON.parse(readFileSync(join(project, "node_modules/tracelight/package.json"), "utf8"));
  return Object.keys(exports)
    .filter((path) => !path.endsWith(".json"))
    .map((path) => `tracelight${path.slice(1)}`)
    .filter((path) => !RUNNERS.includes(path));
}

/** The Node that runs this where it fits, else the one of the tools. */
function nodeBinary(major) {
  if (process.versions.node.startsWith(`${major}.`)) return process.execPath;
  return join(tools, `node_modules/node${major}/bin/node`);
}

function npmInstall(prefix, what) {
  run("npm", ["install", "--prefix", prefix, "--no-audit", "--no-fund", "--loglevel=error", what]);
}

function run(command, args) {
  return execFileSync(command, args, { cwd: project, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}
