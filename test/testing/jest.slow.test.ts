// The matchers with jest's own `expect`, and golden traces as its flag says.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { programOf } from "../program.ts";

const folder = mkdtempSync(join(tmpdir(), "jest-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(updates: string, city: string): string[] {
  const args = [programOf("jestApp"), join(folder, "agent.test.ts"), updates, city];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" }));
}

it("asserts in jest, and writes golden traces when jest does", () => {
  const first = run("none", "Amsterdam");
  expect(first.slice(0, 2)).toEqual(["holds", "holds"]);
  expect(first[2]).toMatch(/^Expected no call of the tool "get_weather"\.\nThere is one\./);
  expect(first[3]).toMatch(/There is no .*weather\.json yet\.[\s\S]*Write it anew: npx jest -u/);
  expect(run("new", "Amsterdam")[3]).toBe("holds");
  expect(run("none", "Amsterdam")[3]).toBe("holds");
  expect(run("new", "Utrecht")[3]).toContain('{"city":"[-Amsterdam-]{+Utrecht+}"}');
  expect(run("all", "Utrecht")[3]).toBe("holds");
  expect(run("none", "Utrecht")[3]).toBe("holds");
});
