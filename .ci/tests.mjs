// Checks that every test file has run, and in one place: node .ci/tests.mjs <report of vitest as JSON>…
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";

const ran = process.argv.slice(2).flatMap((report) => {
  const { testResults } = JSON.parse(readFileSync(report, "utf8"));
  return testResults.map(({ name }) => relative(".", name).replaceAll("\\", "/"));
});
const files = ["test", "examples"].flatMap((folder) =>
  readdirSync(folder, { recursive: true })
    .map((name) => join(folder, name).replaceAll("\\", "/"))
    .filter((name) => name.endsWith(".test.ts")),
);
const problems = files.flatMap((file) => {
  const times = ran.filter((name) => name === file).length;
  return times === 1 ? [] : [`${file} ran ${times} times`];
});

for (const problem of problems) console.error(problem);
console.log(`${files.length} test files, ${problems.length} problems`);
process.exitCode = problems.length > 0 || files.length === 0 ? 1 : 0;
