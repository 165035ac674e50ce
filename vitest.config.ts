import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { transform } from "esbuild";
import { defineConfig, type Plugin } from "vitest/config";
import manifest from "./package.json" with { type: "json" };
import { embedded } from "./scripts/embedded.mjs";
import { asLowered } from "./test/sources.ts";

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
 * modules of Node, share with one another; those that cannot undo what they do to a process, or replace a source, have one each.
 */
const ALL = ["{test,examples}/**/*"];
const OTEL = ["test/otel/**/*"];
const ALONE = [
  "test/otel/{beside-sdk,clients/*}",
  "test/delivery/{lifecycle,ownership}",
  "test/sqlite/retention",
];
const GROUPS = [
  { group: "together", paths: ALL, others: [...OTEL, ...ALONE], shared: { isolate: false } },
  { group: "otel", paths: OTEL, others: ALONE, shared: { isolate: false } },
  { group: "alone", paths: ALONE, others: [], shared: {} },
];

/** What is slow by nature says so in its name: `npm test` leaves it to `npm run test:slow`. */
const SLOW = ".slow.test.ts";
const filesOf = (paths: readonly string[], ending: string): string[] => paths.map((path) => path + ending);
const faces: Readonly<Record<string, string | { default: string }>> = manifest.exports;

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
    projects: GROUPS.flatMap(({ group, paths, others, shared }) =>
      [".test.ts", SLOW].map((ending) => ({
        extends: true as const,
        plugins: group === "alone" ? [] : [asLowered],
        test: {
          ...shared,
          name: ending === SLOW ? `slow-${group}` : group,
          include: filesOf(paths, ending),
          exclude: [...filesOf(others, ending), ...(ending === SLOW ? [] : filesOf(ALL, SLOW))],
        },
      })),
    ),
  },
});
