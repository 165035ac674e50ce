// Checks that the lock files are whole, so that `npm ci` works on every platform: node .ci/lock.mjs. npm leaves out the optional
// packages of other platforms where there is a node_modules; `--write` has it write them anew where there is none.
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const FOLDERS = [".", ".ci/tools"];
const FILES = ["package.json", "package-lock.json"];

process.chdir(join(import.meta.dirname, ".."));
for (const folder of FOLDERS) {
  if (process.argv.includes("--write")) write(folder);
  const missing = missingIn(folder);
  for (const name of missing) console.error(`${folder}: the lock file lacks ${name}`);
  if (missing.length > 0) {
    console.error("Mend it with: node .ci/lock.mjs --write");
    process.exitCode = 1;
  } else {
    // That npm agrees, and the lock file with package.json.
    elsewhere(folder, ["ci", "--dry-run"]);
    console.log(`${folder}: the lock file is whole`);
  }
}

function write(folder) {
  elsewhere(folder, ["install", "--package-lock-only", "--omit-lockfile-registry-resolved"], (copy) => {
    cpSync(join(copy, "package-lock.json"), join(folder, "package-lock.json"));
  });
}

/** Runs npm on a copy of the folder's files alone. */
function elsewhere(folder, args, after = () => undefined) {
  const copy = mkdtempSync(join(tmpdir(), "tracelight-lock-"));
  try {
    for (const file of FILES) cpSync(join(folder, file), join(copy, file));
    execFileSync("npm", [...args, "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], {
      ...{ cwd: copy, stdio: ["ignore", "ignore", "inherit"] },
    });
    after(copy);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

/** What some package in the lock file depends upon and the lock file does not have. */
function missingIn(folder) {
  const { packages } = JSON.parse(readFileSync(join(folder, "package-lock.json"), "utf8"));
  return Object.entries(packages).flatMap(([path, { dependencies, devDependencies, optionalDependencies }]) =>
    Object.keys({ ...dependencies, ...devDependencies, ...optionalDependencies })
      .filter((name) => !placesFrom(path).some((place) => `${place}node_modules/${name}` in packages))
      .map((name) => `${name}, of ${path || "package.json"}`),
  );
}

/** Where Node looks from a package: beside it and beside each that it lies in. */
function placesFrom(path) {
  const steps = path === "" ? [] : path.split("/node_modules/");
  return ["", ...steps.map((_, i) => `${steps.slice(0, i + 1).join("/node_modules/")}/`)];
}
