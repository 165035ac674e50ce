import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const source = (path: string): string => fileURLToPath(new URL(`./src/${path}`, import.meta.url));

export default defineConfig({
  // Standard decorators: esbuild lowers them, the default transformer does not parse them yet.
  oxc: false,
  esbuild: { target: "es2022" },
  resolve: {
    alias: [
      { find: /^tracelight$/, replacement: source("index.ts") },
      { find: /^tracelight\/(dynamodb|testing)$/, replacement: source("$1/index.ts") },
    ],
  },
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 30_000,
    // No test may look for credentials on the network.
    env: { AWS_EC2_METADATA_DISABLED: "true", NO_COLOR: "", FORCE_COLOR: "" },
  },
});
