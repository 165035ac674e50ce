// Installs and builds what is missing or stale, and nothing else: run by `npm start` and `npm test` on a fresh clone.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
process.chdir(root);

const INSTALLED = "node_modules/.tracelight-ready";
const BUILT = "build/.tracelight-ready";
const SOURCE = /\.(?:tsx?|mjs|js|css|html)$/;

// The lock file has the wishes of package.json too.
ensure(INSTALLED, ["package-lock.json"], () => {
  say("Installing dependencies …");
  // The tools are needed whatever NODE_ENV or the user's npm settings say.
  run("npm", ["ci", "--include=dev", "--include=optional", "--no-audit", "--no-fund", "--loglevel=error"]);
});
ensure(
  BUILT,
  [
    "package.json",
    "scripts/build.mjs",
    "scripts/embedded.mjs",
    "scripts/parts.mjs",
    "scripts/shorten.mjs",
    ...files("src"),
    ...files("web"),
    ...files("examples"),
    ...tsconfigs(),
  ],
  () => {
    say("Building …");
    run(process.execPath, ["scripts/build.mjs"]);
  },
);

/** Does `work` unless the mark holds the fingerprint of the inputs. */
function ensure(mark, inputs, work) {
  const wanted = fingerprint(inputs);
  if (existsSync(mark) && readFileSync(mark, "utf8") === wanted) return;
  work();
  mkdirSync(join(mark, ".."), { recursive: true });
  writeFileSync(mark, wanted);
}

function fingerprint(inputs) {
  const hash = createHash("sha256").update(process.version);
  for (const input of inputs) hash.update(input).update(readFileSync(input));
  return hash.digest("hex");
}

function files(folder) {
  if (!existsSync(folder)) return [];
  const found = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return found
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .filter((f) => SOURCE.test(f))
    .sort();
}

function tsconfigs() {
  return readdirSync(".")
    .filter((name) => /^tsconfig.*\.json$/.test(name))
    .sort();
}

function say(text) {
  process.stderr.write(`${text}\n`);
}

function run(command, args) {
  try {
    // Only talk on stderr: what follows owns stdout.
    execFileSync(command, args, { stdio: ["ignore", 2, 2], shell: process.platform === "win32" });
  } catch (error) {
    say(`\n"${command} ${args.join(" ")}" failed (${error.status ?? error.code}). The lines above say why.`);
    process.exit(1);
  }
}
