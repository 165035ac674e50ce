// Checks tracked text for what must not be published, and the built declarations for `any`.
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const CHECKS = [
  { what: "a path of one machine", in: /./, is: /(?<![\w.~-])\/(root|home|work|Users)\/\w/ },
  { what: "a path of one machine", in: /\.ipynb$/, is: /file:\/\/\/|\/tmp\// },
  { what: "a download address", in: /(^|\/)package-lock\.json$/, is: /^\s*"resolved":/ },
  // Node itself reads the real one: what another test sets in such an object would not reach it.
  { what: "an object in the place of process.env", in: /\.ts$/, is: /\bprocess\.env = / },
  { what: "a merge conflict", in: /./, is: /^(<{7}|>{7}) / },
];
// Prose may say "any".
const ANY = { what: "`any` in a declaration", in: /\.d\.ts$/, is: /^(?!\s*(\/?\*|\/\/)).*[:<|&,(=]\s*any\b/ };

const tracked = execFileSync("git", ["ls-files", "-z"], { encoding: "utf8" }).split("\0").filter(Boolean);
const declarations = readdirSync("dist", { recursive: true })
  .filter((file) => file.endsWith(".d.ts"))
  .map((file) => join("dist", file));
const problems = [
  ...tracked.filter((file) => existsSync(file)).flatMap((file) => problemsOf(file, CHECKS)),
  ...declarations.flatMap((file) => problemsOf(file, [ANY])),
];
if (declarations.length === 0) problems.push("dist has no declarations: run the build first");

for (const problem of problems) console.error(problem);
console.log(
  `${tracked.length} tracked files, ${declarations.length} declarations, ${problems.length} problems`,
);
process.exitCode = problems.length > 0 ? 1 : 0;

function problemsOf(file, checks) {
  const wanted = checks.filter((check) => check.in.test(file));
  const lines = readFileSync(file, "utf8").split("\n");
  return lines.flatMap((line, index) =>
    wanted
      .filter((check) => check.is.test(line))
      .map((check) => `${file}:${index + 1}: ${check.what}: ${line.trim().slice(0, 100)}`),
  );
}
