// Where the package of prices is not installed: prices of one's own still count, and nothing else has a figure.
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";

const DIST = fileURLToPath(new URL("../../dist", import.meta.url));
const PROGRAM = `
import { loadPrices } from "./dist/index.js";
const prices = loadPrices({ models: { ours: { input: 1 } } });
const before = prices.isPackageMissing;
const ours = prices.pricesOf("ours", undefined, 0);
const after = prices.isPackageMissing;
const other = prices.pricesOf("gpt-4o", "openai", 0) ?? null;
console.log(JSON.stringify({ before, ours, after, other, missing: prices.isPackageMissing }));
`;

test("it is looked for when a model is asked for that is not one's own, and its absence is told", () => {
  const folder = mkdtempSync(join(tmpdir(), "tracelight-no-prices-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  cpSync(DIST, join(folder, "dist"), { recursive: true });
  writeFileSync(join(folder, "package.json"), '{"type":"module"}');
  writeFileSync(join(folder, "program.js"), PROGRAM);
  const said: unknown = JSON.parse(
    execFileSync(process.execPath, ["program.js"], { cwd: folder, encoding: "utf8" }),
  );
  expect(said).toEqual({ before: false, ours: { input: 1 }, after: false, other: null, missing: true });
});
