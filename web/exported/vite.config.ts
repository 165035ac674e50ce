// Builds the page that an exported file has in itself: one script and one style sheet, which ask nobody for anything.
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: here(".."),
  publicDir: false,
  base: "./",
  resolve: { alias: [{ find: /^\.{1,2}\/(?:app\/)?source\.ts$/, replacement: here("source.ts") }] },
  build: {
    outDir: here("../../dist/viewer/exported"),
    emptyOutDir: true,
    target: "es2022",
    sourcemap: false,
    modulePreload: false,
    cssCodeSplit: false,
    reportCompressedSize: false,
    rollupOptions: {
      input: here("../main.tsx"),
      output: { codeSplitting: false, entryFileNames: "page.js", assetFileNames: "page[extname]" },
    },
  },
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
});
