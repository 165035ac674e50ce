// Checks the floors of the house, on the modules as tsc emits them one by one: there type-only imports are gone.
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { cruise } from "dependency-cruiser";
import { circlesIn } from "./circles.mjs";

// An import goes to a lower floor or stays in its folder: folders that share a floor do not know each other.
const FLOORS = [
  ["model"], // 0: plain data, no I/O
  ["conventions"], // 1: one reading of a span, whichever vocabulary wrote it
  ["render"], // 2: span -> text, pure
  ["tracing"], // 3: span, context, sink, tracer
  ["delivery", "redact", "agents"], // 4: queue, retry, journal; what is kept; ways into SDKs
  ["sinks", "sqlite", "dynamodb", "otlp", "otel", "prices", "exchange"], // 5: back ends, what models cost, forms for others
  ["testing", "viewer", "sampling"], // 6: what is built on tracers, stores and prices
  ["cli"], // 7: argv -> command -> exit code
];
/** A file does one thing: none has more lines than this, and nine of ten have no more than that. */
const MAX_LINES = 400;
const MOST_LINES = 250;
const MODULES = "build/modules/";
const FACE = `^${MODULES}index\\.js$`;

const inside = (...folders) => `^${MODULES}(${folders.join("|")})/`;
const below = (floor) => FLOORS.slice(0, floor).flat();

const floorRules = FLOORS.flatMap((folders, floor) =>
  folders.map((folder) => ({
    name: `${folder} imports itself and lower floors only`,
    from: { path: inside(folder) },
    to: { path: `^${MODULES}`, pathNot: inside(folder, ...below(floor)) },
  })),
);

const forbidden = [
  ...floorRules,
  {
    name: "the public face imports no back end with a subpath of its own",
    from: { path: FACE },
    to: { path: `^${MODULES}`, pathNot: inside(...below(5), "sinks", "prices") },
  },
  {
    name: 'import "tracelight" loads Node built-ins only',
    from: { path: FACE },
    to: { path: "node_modules/", reachable: true },
  },
  { name: "no cycles", from: {}, to: { circular: true } },
  {
    name: "every import resolves",
    from: {},
    // Its exports are a pattern with conditions, which the checker does not read; the compiler does.
    to: { couldNotResolve: true, pathNot: "^@modelcontextprotocol/sdk/" },
  },
  {
    name: "no I/O below tracing",
    from: { path: inside(...below(3)) },
    to: { path: "^(fs|net|tls|https?|http2|dgram|child_process|worker_threads|stream)(/|$)" },
  },
  {
    name: "tracing/context has the only AsyncLocalStorage",
    from: { path: `^${MODULES}`, pathNot: `^${MODULES}tracing/context\\.js$` },
    to: { path: "^async_hooks$" },
  },
];

const { output } = await cruise([emitted()], {
  validate: true,
  ruleSet: { forbidden: forbidden.map((rule) => ({ severity: "error", ...rule })) },
  doNotFollow: { path: "node_modules/" },
});
const { modules, summary } = output;

const problems = summary.violations.map(({ rule, from, to, cycle, via }) => {
  const steps = (cycle ?? via)?.map(({ name }) => name) ?? [to];
  return `${rule.name}: ${[from, ...steps].join(" -> ").replaceAll(MODULES, "")}`;
});
const seen = modules.map(({ source }) => source).filter((source) => source.startsWith(MODULES));
const homeless = seen.filter((file) => !new RegExp(`${FACE}|${inside(...FLOORS.flat())}`).test(file));
problems.push(...homeless.map((file) => `each module is on a floor: ${file}`));

problems.push(
  ...circlesIn("src").map((circle) => `no circles, those of types included: ${circle.join(", ")}`),
);

const sources = filesIn("src");
problems.push(...sizeProblems([...sources, ...filesIn("web")]));

// A checker that reads no module is green too.
const written = sources.length;
if (seen.length !== written) problems.push(`saw ${seen.length} modules, but src has ${written}`);

for (const problem of problems) console.error(problem);
console.log(`${seen.length} of ${written} modules, ${forbidden.length} rules, ${problems.length} problems`);
process.exitCode = problems.length > 0 ? 1 : 0;

function filesIn(folder) {
  const all = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return all.filter((file) => /\.tsx?$/.test(file)).map((file) => `${folder}/${file.replaceAll("\\", "/")}`);
}

function sizeProblems(files) {
  const sizes = files.map((file) => ({ file, lines: readFileSync(file, "utf8").split("\n").length - 1 }));
  const long = sizes.filter(({ lines }) => lines > MAX_LINES);
  const p90 = sizes.map(({ lines }) => lines).sort((a, b) => a - b)[Math.floor(sizes.length * 0.9)];
  return [
    ...long.map(({ file, lines }) => `no file has more than ${MAX_LINES} lines: ${file} has ${lines}`),
    ...(p90 > MOST_LINES ? [`nine of ten files have at most ${MOST_LINES} lines, not ${p90}`] : []),
  ];
}

function emitted() {
  const off = [
    "declaration",
    "declarationMap",
    "emitDeclarationOnly",
    "isolatedDeclarations",
    "stripInternal",
  ];
  const options = ["--outDir", MODULES, ...off.flatMap((name) => [`--${name}`, "false"])];
  rmSync(MODULES, { recursive: true, force: true });
  execFileSync("node_modules/typescript/bin/tsc", ["-p", "tsconfig.build.json", ...options], {
    stdio: "inherit",
  });
  return MODULES;
}
