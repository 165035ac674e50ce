// What a trace costs that is not recorded: `npm run bench -- keep`. W1 in processes of their own, in turn; the least of ROUNDS.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { rounds, row } from "./effort.mjs";

const ROUNDS = rounds(2, 7);
const CASE = fileURLToPath(new URL("case.mjs", import.meta.url));
const NAMES = ["noop", "noop-run", "unsampled", "drop"];
const least = new Map();
for (let round = 0; round < ROUNDS; round++) {
  for (const name of NAMES) {
    const { value } = JSON.parse(execFileSync(process.execPath, ["--expose-gc", CASE, `w1:${name}`]));
    least.set(name, Math.min(least.get(name) ?? Number.POSITIVE_INFINITY, value));
  }
}
const ns = (name) => (least.get(name) * 1000).toFixed(0);
const against = (name, other) => (least.get(name) / least.get(other)).toFixed(2);
row("W1 noop, ns", ns("noop"));
row("W1 noop, and one AsyncLocalStorage.run, without which nothing below can know, ns", ns("noop-run"));
row("W1 of a trace that is not recorded, ns", ns("unsampled"));
row("the same, against noop", against("unsampled", "noop"), 2);
row("the same, against noop and one run", against("unsampled", "noop-run"));
row("the same, against recording", against("unsampled", "drop"));
