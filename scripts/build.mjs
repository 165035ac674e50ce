// Builds dist/ (the package) and build/ (the examples, which import the package as users do).
import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

process.chdir(fileURLToPath(new URL("..", import.meta.url)));

rmSync("dist", { recursive: true, force: true });
rmSync("build", { recursive: true, force: true });
// Declarations file by file, by the compiler. Code in one file for each subpath and shared chunks: Node takes half a
// millisecond for each module it loads, and a tracer must not slow a program's start.
compile("tsconfig.build.json");
await build({
  entryPoints: [
    "src/index.ts",
    "src/dynamodb/index.ts",
    "src/sqlite/index.ts",
    "src/testing/index.ts",
    "src/cli/main.ts",
  ],
  outdir: "dist",
  chunkNames: "chunks/[name]-[hash]",
  bundle: true,
  splitting: true,
  packages: "external",
  platform: "node",
  format: "esm",
  target: "node20.19",
  sourcemap: true,
  logLevel: "warning",
});
compile("tsconfig.examples.json");

function compile(project) {
  try {
    execFileSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", project], {
      stdio: ["ignore", 2, 2],
    });
  } catch {
    process.exit(1);
  }
}
