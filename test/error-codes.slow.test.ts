// Error codes stand in one table: no source spells one that is not in it, and none stands there for nothing.
import { execFile } from "node:child_process";
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { ERROR_CODES } from "../src/model/error-codes.ts";

const ROOT = new URL("..", import.meta.url).pathname;
/** Inside the repository, where packages are found. */
const COPY = join(ROOT, "build/own-codes");
const ERRORS = join(COPY, "src/model/errors.ts");
/** What lets sinks of others have codes of their own. */
const OTHERS = " | (string & {})";

/** What must not compile; where it does, tsc says that the comment is for nothing. */
const FOREIGN = `import { TracelightError } from "./model/errors.ts";

// @ts-expect-error
export const thrown: TracelightError = new TracelightError("NO_SUCH_CODE", "is in no table");
// @ts-expect-error
export const isFound: boolean = thrown.code === "NO_SUCH_CODE";
`;

it("the sources compile where no other code than those of the table can be given or asked for", async () => {
  rmSync(COPY, { recursive: true, force: true });
  cpSync(join(ROOT, "src"), join(COPY, "src"), { recursive: true });
  const errors = readFileSync(ERRORS, "utf8");
  expect(errors.split(OTHERS)).toHaveLength(3);
  writeFileSync(ERRORS, errors.replaceAll(OTHERS, ""));
  writeFileSync(join(COPY, "src/foreign.ts"), FOREIGN);
  const compilerOptions = { noEmit: true, rootDir: "src" };
  const config = { extends: "../../tsconfig.build.json", compilerOptions, include: ["src"] };
  writeFileSync(join(COPY, "tsconfig.json"), JSON.stringify(config));
  expect(await compile()).toBe("");
  rmSync(COPY, { recursive: true, force: true });
});

it("every code of the table is given somewhere", () => {
  const files = readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" });
  const sources = files.filter((file) => file.endsWith(".ts") && !file.endsWith("error-codes.ts"));
  const text = sources.map((file) => readFileSync(join(ROOT, "src", file), "utf8")).join("\n");
  expect(Object.keys(ERROR_CODES).filter((code) => !text.includes(`"${code}"`))).toEqual([]);
});

it("what each means, and its mend, is one line", () => {
  for (const { means, mend } of Object.values(ERROR_CODES)) {
    expect(means).toMatch(/^[^\n|]{10,}\.$/);
    expect(mend).toMatch(/^[^\n|]{5,}\.$/);
  }
});

/** What tsc complains about. */
async function compile(): Promise<string> {
  const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
  const failed = (error: unknown) =>
    error instanceof Error && "stdout" in error ? { stdout: error.stdout } : { stdout: String(error) };
  const { stdout } = await promisify(execFile)(process.execPath, [tsc, "-p", COPY]).catch(failed);
  return String(stdout);
}
