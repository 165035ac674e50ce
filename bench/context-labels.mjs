// What the context lens must be right about, on the data of the tests: causes of the labelled calls, shares of the recorded conversations, and
// trajectories of ATIF there and back. TRAJECTORIES says how many of these are drawn; SEED draws others.

import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { build } from "esbuild";
import fc from "fast-check";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const TRAJECTORIES = Number(process.env.TRAJECTORIES ?? 500);
const SEED = Number(process.env.SEED ?? 14);
const SOURCES = [
  "fixtures/context/judged",
  "fixtures/context/pairs",
  "fixtures/context/stories",
  "fixtures/context/recorded",
  "exchange/trajectories",
  "exchange/there-and-back",
];

const folder = mkdtempSync(join(ROOT, "node_modules/.cache-bench-"));
try {
  const of = await sources();
  causes(of);
  shares(of);
  roundTrips(of);
} finally {
  rmSync(folder, { recursive: true });
}

/** The tests' own sources, for a Node that runs no TypeScript. */
async function sources() {
  const outfile = join(folder, "labels.mjs");
  const contents = SOURCES.map((path) => `export * from "./test/${path}.ts";`).join("\n");
  await build({
    ...{ stdin: { contents, resolveDir: ROOT }, outfile, bundle: true, format: "esm", platform: "node" },
    ...{ packages: "external", target: "es2023", logLevel: "error" },
    define: { "import.meta.dirname": JSON.stringify(join(ROOT, "test/fixtures/context")) },
  });
  return import(pathToFileURL(outfile).href);
}

function causes({ PAIRS, STORIES, judgedPair, judgedStory }) {
  const labelled = [
    ...PAIRS.map(({ expected, ...one }) => ({ expected, judged: judgedPair(one) })),
    ...STORIES.map(({ expected, ...one }) => ({ expected, judged: judgedStory(one) })),
  ];
  const wrong = labelled.filter(({ expected, judged }) => String(judged) !== String(expected));
  const right = (1 - wrong.length / labelled.length) * 100;
  const blamed = wrong.filter(({ judged: [, cause] }) => ["first", "lifetime", "model"].includes(cause));
  say(`causes of ${labelled.length} labelled calls: ${right.toFixed(1)} % right, bar 95 %`, right >= 95);
  say(
    `wrongly blamed on a cold start, a pause or another model: ${blamed.length}, bar none`,
    blamed.length === 0,
  );
}

function shares({ NAMES, COUNTED, callsOf }) {
  const off = NAMES.flatMap((name) =>
    callsOf(name).map(({ shares: parts }, i) => {
      const counted = COUNTED[name][i];
      return Math.abs(Object.values(parts).reduce((sum, part) => sum + part, 0) - counted) / counted;
    }),
  );
  const most = Math.max(...off) * 100;
  const what = `shares of ${off.length} windows of ${NAMES.length} recorded conversations`;
  say(`${what}: at most ${most.toFixed(2)} % from the tokens that were counted, bar 1 %`, most <= 1);
}

function roundTrips({ trajectories, thereAndBack }) {
  const drawn = fc.sample(trajectories(), { numRuns: TRAJECTORIES, seed: SEED });
  const lost = drawn.filter((one) => !isDeepStrictEqual(asJson(thereAndBack(one)), asJson([one])));
  say(
    `ATIF there and back, of ${drawn.length} trajectories: ${lost.length} lost something, bar none`,
    lost.length === 0,
  );
}

function asJson(value) {
  return JSON.parse(JSON.stringify(value));
}

function say(what, isMet) {
  console.log(`${what}: ${isMet ? "met" : "missed"}`);
}
