// Builds dist/ (the package) and build/ (the examples, which import the package as users do).
import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";

process.chdir(fileURLToPath(new URL("..", import.meta.url)));
const tsc = ["node_modules/typescript/bin/tsc"];

rmSync("dist", { recursive: true, force: true });
rmSync("build", { recursive: true, force: true });
compile("tsconfig.build.json");
compile("tsconfig.examples.json");

function compile(project) {
  try {
    execFileSync(process.execPath, [...tsc, "-p", project], { stdio: ["ignore", 2, 2] });
  } catch {
    process.exit(1);
  }
}
