import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { transform } from "esbuild";
import { defineConfig, type Plugin } from "vitest/config";

const source = (path: string): string => fileURLToPath(new URL(`./src/${path}`, import.meta.url));

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

export default defineConfig({
  oxc: false,
  plugins: [lowered],
  resolve: {
    alias: [
      { find: /^tracelight$/, replacement: source("index.ts") },
      {
        find: /^tracelight\/(conventions|dynamodb|otel|otlp|sqlite|testing)$/,
        replacement: source("$1/index.ts"),
      },
    ],
  },
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 30_000,
    // Many tests wait for processes and servers: one at a time would leave a small machine idle.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // No test may look for credentials on the network.
    env: { AWS_EC2_METADATA_DISABLED: "true", NO_COLOR: "", FORCE_COLOR: "" },
  },
});
