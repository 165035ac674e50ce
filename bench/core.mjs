// What a span costs: each case in processes of its own, round-robin, medians and ratios.
// `npm run bench -- core --rounds 7 --json FILE --readme` (which puts the table into the README).
import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { rounds as roundsOf } from "./effort.mjs";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: `${roundsOf(3, 7)}` },
    json: { type: "string" },
    readme: { type: "boolean", default: false },
  },
});
const rounds = Number(values.rounds);
const run = promisify(execFile);
const caseFile = fileURLToPath(new URL("case.mjs", import.meta.url));

/** The cases, and the bars: a figure, what it is measured against, and the largest ratio that is good enough. */
const cases = [
  ...["w1:floor", "w1:drop", "w1:otel-drop", "w1:memory", "w1:otel-memory", "w1:noop"],
  ...["w1a:floor", "w1a:drop", "w1a:otel-drop", "w1:otel-bridge", "w1a:otel-bridge"],
  ...[
    "heap:drop",
    "heap:otel-drop",
    "history:share",
    "history:copy",
    "import:tracelight",
    "import:empty",
    "import:nothing",
  ],
];
const bars = [
  ["W1 drop, against OpenTelemetry", "w1:drop", "w1:otel-drop", 0.25],
  ["W1 drop, against the floor", "w1:drop", "w1:floor", 2],
  ["W1a drop, against OpenTelemetry", "w1a:drop", "w1a:otel-drop", 0.5],
  ["W1 in memory (ring of 1000), against OpenTelemetry", "w1:memory", "w1:otel-memory", 0.12],
  ["W1 noop, against OpenTelemetry's drop", "w1:noop", "w1:otel-drop", 0.03],
  ["W1 drop, through OpenTelemetry's API, against OpenTelemetry", "w1:otel-bridge", "w1:otel-drop", 0.5],
  ["W1a drop, through OpenTelemetry's API, against OpenTelemetry", "w1a:otel-bridge", "w1a:otel-drop", 0.5],
  ["heap bytes a unit, drop, against OpenTelemetry", "heap:drop", "heap:otel-drop", 0.5],
  [
    "a 1000-turn history at each call: time, against a deep copy",
    "history:share",
    "history:copy",
    0.4,
    "time",
  ],
  [
    "a 1000-turn history at each call: memory, against a deep copy",
    "history:share",
    "history:copy",
    0.4,
    "memory",
  ],
];
const importBarMs = 15;

const samples = new Map(cases.map((name) => [name, []]));
for (let round = 0; round < rounds; round++) {
  // A different order each round, so that no case is always first or behind the same one.
  for (let i = 0; i < cases.length; i++) {
    const name = cases[(i * 7 + round) % cases.length];
    const { stdout } = await run(process.execPath, ["--expose-gc", caseFile, name], {
      env: cleanEnvironment(),
    });
    samples.get(name).push(JSON.parse(stdout));
    process.stderr.write(".");
  }
}
process.stderr.write("\n");

const figures = Object.fromEntries(cases.map((name) => [name, medians(samples.get(name))]));
const rows = bars.map(([what, ours, theirs, bar, measure = "value"]) => {
  const [a, b] = [figures[ours][measure], figures[theirs][measure]];
  return { what, ours: show(a, ours, measure), theirs: show(b, theirs, measure), ratio: a / b, bar };
});
const [extraMs, emptyMs] = ["import:tracelight", "import:empty"].map(
  (name) => figures[name].value - figures["import:nothing"].value,
);

const table = [
  `Node ${process.version}, ${rounds} rounds, medians:`,
  "",
  "| what | Tracelight | against | ratio | bar | |",
  "| --- | --- | --- | --- | --- | --- |",
  ...rows.map(({ what, ours, theirs, ratio, bar }) =>
    row(what, ours, theirs, ratio.toFixed(3), bar, ratio <= bar ? "met" : "missed"),
  ),
  row(
    'import "tracelight", over bare node',
    `${extraMs.toFixed(1)} ms`,
    ...[`${emptyMs.toFixed(1)} ms, an empty package`, "", `${importBarMs} ms`],
    extraMs <= importBarMs ? "met" : "missed",
  ),
].join("\n");
console.log(table);

if (values.json !== undefined)
  writeFileSync(values.json, `${JSON.stringify({ figures, rows, extraMs, emptyMs }, null, 2)}\n`);

if (values.readme) {
  const readme = new URL("../README.md", import.meta.url);
  const marked = /(<!-- bench -->\n)[\s\S]*(<!-- \/bench -->)/;
  writeFileSync(readme, readFileSync(readme, "utf8").replace(marked, `$1${table}\n$2`));
}

function row(...cells) {
  return `| ${cells.join(" | ")} |`;
}

function medians(list) {
  const keys = Object.keys(list[0]).filter((key) => key !== "unit");
  return Object.fromEntries(keys.map((key) => [key, median(list.map((sample) => sample[key]))]));
}

function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

function show(value, name, measure) {
  if (name.startsWith("heap") || measure === "memory") return `${Math.round(value).toLocaleString("en")} B`;
  if (measure === "time") return `${value.toFixed(0)} ms`;
  return value < 0.1 ? `${(value * 1000).toFixed(0)} ns` : `${value.toFixed(2)} µs`;
}

/** What would make Node or the libraries behave otherwise. */
function cleanEnvironment() {
  const { NODE_OPTIONS, NODE_EXTRA_CA_CERTS, OTEL_SDK_DISABLED, ...rest } = process.env;
  return rest;
}
