// Code that runs on threads of its own and so is part of the package as text: the package may be bundled into anything, and of a file at
// its side a bundler may know nothing. What bundles src/ gives this to esbuild as `define`.
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { shorten } from "./shorten.mjs";

/** The texts by the names that the sources have for them, as JSON. */
export async function embedded() {
  return { SQLITE_THREAD: JSON.stringify(await threadCode("src/sqlite/thread.ts")) };
}

async function threadCode(path) {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(`../${path}`, import.meta.url))],
    write: false,
    bundle: true,
    platform: "node",
    format: "cjs",
    target: "node20.19",
    logLevel: "warning",
    // In a block of its own: Bun and Deno have names of a module around it, such as `module`.
    banner: { js: "{" },
    footer: { js: "}" },
  });
  return shorten(outputFiles[0].text, `${path}.cjs`);
}
