// The colours of the page in both themes: WCAG 2.2 AA (text 4.5, large text and graphics 3), kinds and parts of a context told apart
// under four kinds of sight, and the style sheet that was made from them: node .ci/contrast.mjs [-v]
import { readFileSync } from "node:fs";
import { contrast, cvdKinds, distance } from "../web/colors/color.mjs";
import { tokensCss } from "../web/colors/css.mjs";
import { dark, light } from "../web/colors/tokens.mjs";

const TEXT = 4.5;
const GRAPHICS = 3;
const GROUNDS = ["bg", "bg-1", "bg-2", "accent-bg", "pop"];
const KINDS = ["k-turn", "k-agent", "k-model", "k-tool", "k-retrieval", "k-other"];
const PARTS = ["c-tools", "c-system", "c-history", "c-results", "c-new"];
/** Parts of a context that may lie beside one another. */
const NEIGHBOURS = [
  ["c-tools", "c-system"],
  ["c-system", "c-history"],
  ["c-history", "c-results"],
  ["c-results", "c-new"],
  ["c-history", "c-new"],
  ["c-tools", "c-results"],
];
const isVerbose = process.argv.includes("-v");
let checks = 0;
let failed = 0;

for (const [name, theme] of Object.entries({ light, dark })) {
  for (const [front, ground, least] of pairs()) {
    check(`${name}: ${front} on ${ground}`, contrast(theme[front], theme[ground]), least);
  }
  for (const sight of cvdKinds) {
    for (const [a, b] of NEIGHBOURS) {
      check(`${name}: ${a} beside ${b}, ${sight}`, distance(theme[a], theme[b], sight), 6);
    }
    const [nearest, one, other] = nearestOf(theme, [...KINDS, "error"], sight);
    check(`${name}: ${one} and ${other}, ${sight}`, nearest, sight === "normal" ? 10 : 6);
  }
}
if (readFileSync("web/style/tokens.css", "utf8") !== tokensCss()) {
  failed++;
  console.error("web/style/tokens.css is not what web/colors says: run node web/colors/write.mjs");
}
console.log(`${checks} checks of colours, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;

function* pairs() {
  const fronts = ["text", "text-2", "text-3", "accent", "error", "warn", "syn-str", "syn-num"];
  for (const front of fronts) for (const ground of GROUNDS) yield [front, ground, TEXT];
  for (const state of ["error", "warn"]) {
    for (const front of ["text", "text-2", state]) yield [front, `${state}-bg`, TEXT];
  }
  yield ["on-accent", "accent", TEXT];
  for (const ground of ["add-bg", "add-word", "del-bg", "del-word", "mark"]) yield ["text", ground, TEXT];
  for (const front of ["add", "del"]) for (const ground of [`${front}-bg`, "bg"]) yield [front, ground, TEXT];
  yield ["text-2", "bg-3", TEXT];
  for (const kind of KINDS) for (const ground of ["bg", "bg-1"]) yield [kind, ground, GRAPHICS];
  for (const part of PARTS) yield [part, "bg", GRAPHICS];
  for (const ground of ["bg", "bg-1"]) yield ["line-3", ground, GRAPHICS];
}

function nearestOf(theme, names, sight) {
  const found = names.flatMap((a, i) =>
    names.slice(i + 1).map((b) => [distance(theme[a], theme[b], sight), a, b]),
  );
  return found.sort(([a], [b]) => a - b)[0];
}

function check(what, is, least) {
  checks++;
  const holds = is >= least;
  if (!holds) failed++;
  if (!holds || isVerbose)
    console.log(`${holds ? "ok  " : "FAIL"} ${what}: ${is.toFixed(2)} (needs ${least})`);
}
