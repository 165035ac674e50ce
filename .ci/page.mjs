// Installs the packed tarball into an empty project and tests its page there in a browser: node .ci/page.mjs TARBALL [FILTER…]
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

/** What stores and prices need that an installation does not bring. */
const PEERS = ["libsql", "dynalite", "@aws-sdk/client-dynamodb", "@pydantic/genai-prices"];
const [tarball = "", ...filters] = process.argv.slice(2);
const repository = resolve(import.meta.dirname, "..");
const project = mkdtempSync(join(tmpdir(), "tracelight-page-"));

try {
  installPackage();
  testPage();
} catch (error) {
  console.error(error.stderr ? `${error.stdout}${error.stderr}` : error.message);
  process.exitCode = 1;
} finally {
  rmSync(project, { recursive: true, force: true });
}

function installPackage() {
  writeFileSync(join(project, "package.json"), '{ "name": "empty", "private": true, "type": "module" }\n');
  const quietly = ["--no-audit", "--no-fund", "--loglevel=error"];
  execFileSync("npm", ["install", "--prefix", project, ...quietly, resolve(tarball)], { cwd: project });
  for (const peer of PEERS) {
    const link = join(project, "node_modules", peer);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(repository, "node_modules", peer), link);
  }
}

function testPage() {
  const vitest = join(repository, "node_modules/vitest/vitest.mjs");
  const args = [vitest, "run", "--config", "test/page/e2e/vitest.config.ts", ...filters];
  const env = { ...process.env, TRACELIGHT_PACKAGE: join(project, "node_modules/tracelight") };
  execFileSync(process.execPath, args, { cwd: repository, env, stdio: "inherit" });
}
