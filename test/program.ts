// The scripts that were bundled before all tests.
import { join } from "node:path";
import { inject } from "vitest";
import type { ProgramName } from "./programs.ts";

/** The folder of the package as it is bundled for others: `index.js`, and what that loads later. */
export function packageFolder(): string {
  return join(inject("programs"), "package");
}

/** The path of a script for Node. */
export function programOf(name: ProgramName): string {
  return join(inject("programs"), `${name}.mjs`);
}
