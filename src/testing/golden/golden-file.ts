// The file of a golden trace, and whether it may be written.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { errorCode, TracelightError } from "../../model/errors.ts";
import { runner } from "../runner.ts";
import type { GoldenStep } from "./step.ts";

/** Where the golden trace of that name lies: in `__traces__` beside the test. */
export function goldenPath(name: string, testFile: string | URL | undefined): string {
  const given = testFile instanceof URL || testFile?.startsWith("file:") ? fileURLToPath(testFile) : testFile;
  const file = given ?? runner().testFile();
  if (file === undefined)
    throw new TracelightError(
      "INVALID_ARGUMENT",
      'toMatchTrace does not know which file the test is in: give { testFile: import.meta.url }, or import "tracelight/vitest" or "tracelight/jest"',
    );
  return join(
    dirname(file),
    "__traces__",
    `${name.replace(/[^\p{L}\p{N}._-]+/gu, "-").slice(0, MAX_NAME)}.json`,
  );
}

const MAX_NAME = 120;

/** The steps of a golden trace; undefined where there is no file yet. */
export function readGolden(path: string): GoldenStep[] | undefined {
  const text = textOf(path);
  if (text === undefined) return undefined;
  const steps = parsed(text);
  if (!Array.isArray(steps) || !steps.every(isStep))
    throw new TracelightError(
      "INVALID_ARGUMENT",
      `${path} is no golden trace: remove it, or take it from your repository again`,
    );
  return steps;
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

function parsed(text: string): unknown {
  try {
    const file: unknown = JSON.parse(text);
    return typeof file === "object" && file !== null && "steps" in file ? file.steps : undefined;
  } catch {
    return undefined;
  }
}

function isStep(value: unknown): value is GoldenStep {
  return (
    typeof value === "object" &&
    value !== null &&
    "step" in value &&
    typeof value.step === "string" &&
    "depth" in value &&
    typeof value.depth === "number" &&
    "fields" in value &&
    typeof value.fields === "object" &&
    value.fields !== null
  );
}

/** Writes a golden trace, for people to review. */
export function writeGolden(path: string, steps: readonly GoldenStep[]): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify({ version: 1, steps }, undefined, 2)}\n`);
}
