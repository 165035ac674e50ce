// The benchmarks: `npm run bench` runs all of them in some minutes, `npm run bench -- sqlite otlp` some, FULL=1 with all rounds and the
// rows that take long. What each prints is shown as it comes; the bars of all stand together at the end.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const SUITES = {
  core: ["core.mjs"],
  sqlite: ["sqlite.mjs"],
  otlp: ["otlp-codec.mjs", "otlp.mjs"],
  dynamodb: ["dynamodb.mjs"],
  journal: ["journal.mjs"],
  tally: ["tally.mjs"],
  prices: ["prices.mjs"],
  context: ["context-labels.mjs", "context.mjs"],
  keep: ["keep.mjs", "unsampled.mjs", "tail.mjs"],
  viewer: ["viewer.mjs", "viewer-page.mjs"],
  agents: ["agents.mjs"],
  replay: ["replay.mjs"],
};
/** Without a name: the others take long, or a browser. */
const BY_DEFAULT = ["core", "sqlite", "otlp", "dynamodb", "journal", "tally", "prices", "keep"];
/** A line says whether its bar is met. */
const VERDICT = /(?:^|[|:]\s*)(met|missed)\b/i;

const words = process.argv.slice(2);
const options = words.findIndex((word) => word.startsWith("--"));
const names = options < 0 ? words : words.slice(0, options);
const rest = options < 0 ? [] : words.slice(options);
const unknown = names.find((name) => !(name in SUITES));
if (unknown !== undefined) {
  console.error(`There is no benchmark "${unknown}"; there are ${Object.keys(SUITES).join(", ")}.`);
  process.exit(2);
}

const results = [];
for (const name of names.length > 0 ? names : BY_DEFAULT) results.push(await suite(name));
console.log(["", "| suite | bars met | bars missed | seconds |", "| --- | --- | --- | --- |"].join("\n"));
for (const { name, met, missed, seconds, failed } of results)
  console.log(`| ${name}${failed ? ", which failed" : ""} | ${met.length} | ${missed.length} | ${seconds} |`);
const missed = results.flatMap((one) => one.missed);
if (missed.length > 0) console.log(`\nMissed:\n${missed.join("\n")}`);
process.exitCode = results.some(({ failed }) => failed) ? 1 : 0;

/** Runs the files of one suite, each in a process of its own. */
async function suite(name) {
  const result = { name, met: [], missed: [], seconds: 0, failed: false };
  const began = performance.now();
  console.log(`\n## ${name}\n`);
  for (const file of SUITES[name]) if (!(await runs(file, result))) result.failed = true;
  result.seconds = Math.round((performance.now() - began) / 1000);
  return result;
}

async function runs(file, result) {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const child = spawn(process.execPath, [path, ...rest], { stdio: ["ignore", "pipe", "inherit"] });
  const closed = once(child, "close");
  for await (const line of createInterface({ input: child.stdout })) {
    console.log(line);
    const [, verdict] = VERDICT.exec(line) ?? [];
    if (verdict !== undefined) result[verdict.toLowerCase()].push(line);
  }
  const [code] = await closed;
  return code === 0;
}
