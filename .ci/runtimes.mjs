// Runs an app with the packed tarball on Bun, on Deno, and on Node without the globals that jsdom takes away:
// node .ci/runtimes.mjs TARBALL TOOLS. TOOLS is a folder where .ci/tools is installed.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const [tarball, tools] = process.argv.slice(2).map((path) => resolve(path));
const tool = (path) => join(tools, "node_modules", path);
const RUNTIMES = {
  Bun: [tool(".bin/bun"), "app.mjs"],
  Deno: [tool(".bin/deno"), "run", "--allow-all", "--no-prompt", "app.mjs"],
  "Deno without any rights": [tool(".bin/deno"), "run", "--no-prompt", "app.mjs", "--without-rights"],
  "Node without setImmediate, as jsdom has it": [tool("node24/bin/node"), "app.mjs", "--like-jsdom"],
};

for (const [name, command] of Object.entries(RUNTIMES)) {
  const folder = mkdtempSync(join(tmpdir(), "tracelight-runtimes-"));
  try {
    prepare(folder);
    console.log(`${name}: ${run(folder, command)}`);
  } catch (error) {
    console.error(`${name}: ${error.message}`);
    process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function prepare(folder) {
  const installed = join(folder, "node_modules/tracelight");
  mkdirSync(installed, { recursive: true });
  execFileSync("tar", ["xzf", tarball, "-C", installed, "--strip-components=1"]);
  writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }\n');
  cpSync(join(import.meta.dirname, "runtime-app.mjs"), join(folder, "app.mjs"));
}

/** What the app printed; a runtime that does not end by itself is at fault too. */
function run(cwd, [command, ...args]) {
  const env = { ...process.env, DENO_NO_UPDATE_CHECK: "1" };
  return execFileSync(command, args, { cwd, env, encoding: "utf8", stdio: "pipe", timeout: 120_000 }).trim();
}
