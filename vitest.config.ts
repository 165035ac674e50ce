import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { transform } from "esbuild";
import { defineConfig, type Plugin } from "vitest/config";
import manifest from "./package.json" with { type: "json" };
import { embedded } from "./scripts/embedded.mjs";

/** Tests import the package by its name and get its sources. */
const sourceOf = (file: string): string =>
  fileURLToPath(new URL(file.replace(/^\.\/dist\/(.*)\.js$/, "./src/$1.ts"), import.meta.url));

/** Standard decorators and `using`: esbuild lowers them; the transformer that vite brings does not yet. */
const lowered: Plugin = {
  name: "lowered",
  enforce: "pre",
  async transform(source, id) {
    if (!id.endsWith(".ts")) return undefined;
    const tsconfigRaw = { compilerOptions: { verbatimModuleSyntax: true } };
    const options = { sourcefile: id, sourcemap: true, tsconfigRaw } as const;
    const { code, map } = await transform(source, { loader: "ts", target: "es2022", ...options });
    return { code, map };
  },
};

/**
 * Test files share a process with others, one after the other: what they import is loaded once. Those of OpenTelemetry, which wrap
 * modules of Node, share with one another; those that cannot undo what they do to a process have one each.
 */
const OTEL = ["test/otel/**/*.test.ts"];
const ALONE = [
  "test/otel/{beside-sdk,clients/*}.test.ts",
  "test/delivery/{lifecycle,ownership}.test.ts",
  "test/sqlite/retention.test.ts",
];
const faces: Readonly<Record<string, string | { default: string }>> = manifest.exports;
const ALL = ["test/**/*.test.ts", "examples/**/*.test.ts"];

export default defineConfig({
  oxc: false,
  define: await embedded(),
  plugins: [lowered],
  resolve: {
    alias: Object.entries(faces).flatMap(([subpath, face]) =>
      typeof face === "string"
        ? []
        : [{ find: new RegExp(`^tracelight${subpath.slice(1)}$`), replacement: sourceOf(face.default) }],
    ),
  },
  test: {
    globalSetup: ["test/programs.ts"],
    setupFiles: ["test/seed.ts"],
    // A test that hangs is to end some day; how long one takes on a busy machine is nobody's fault.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    teardownTimeout: 60_000,
    // Many tests wait for processes and servers: one a processor would leave some of them idle.
    maxWorkers: availableParallelism() + 1,
    // Sources are lowered once, not at each run.
    experimental: { fsModuleCache: true },
    // No test may look for credentials on the network.
    env: {
      AWS_EC2_METADATA_DISABLED: "true",
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true",
      NO_COLOR: "",
      FORCE_COLOR: "",
    },
    projects: [
      {
        extends: true,
        test: { name: "together", include: ALL, exclude: [...OTEL, ...ALONE], isolate: false },
      },
      { extends: true, test: { name: "otel", include: OTEL, exclude: ALONE, isolate: false } },
      { extends: true, test: { name: "alone", include: ALONE } },
    ],
  },
});
