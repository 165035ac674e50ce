// What adapters cost over the untraced call: `npm run bench -- agents`, in less than five minutes. Processor time of this process, in which the stubs of the
// services are not, after a warm-up, since an agent runs for long. A pair is five conversations of 20 calls that grow, untraced and traced in turn, so that
// what is left for the collector of garbage counts; of all pairs the least counts, since a busy machine only adds. The bar of a call is 100 µs, or 3 % of the
// untraced call of the same run where that is more.
// `CASE=openai` measures one, `SECONDS=30` gives each figure more.
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Tracer } from "tracelight";
import { CALLS, casesAt } from "./agents/cases.mjs";

/** For each figure. So many pairs are measured, however slow the machine is. */
const SECONDS = Number(process.env.SECONDS ?? 4);
const MIN_PAIRS = 3;
/** Pairs before that: a thousand calls until V8 has compiled what runs often, which takes as long as all that they do. */
const WARM_PAIRS = { calls: 10, pieces: 1 };
const CONVERSATIONS = 5;
const CHUNKS = 1000;
const CALL_BAR = { micros: 100, part: 0.03 };
const PIECE_BAR = 20;
/** Ten times as many pieces take ten times as long, and what a measurement is off by. */
const LINEAR_BAR = 1.5;

const stub = fork(fileURLToPath(new URL("agents/stub.mjs", import.meta.url)));
const [ports] = await once(stub, "message");
const rows = [];
for (const [name, make] of Object.entries(casesAt(ports))) {
  if (process.env.CASE !== undefined && process.env.CASE !== name) continue;
  const plain = await make(undefined);
  const traced = await make(new Tracer({ name: "drop", write: () => {} }));
  rows.push(...(await callRow(name, plain, traced)), ...(await pieceRows(name, plain, traced)));
}
console.log(
  `\nNode ${process.version}, processor time in µs, the least of pairs, untraced and traced in turn\n`,
);
console.log(
  "| adapter | what | untraced | more | part | pairs | bar | |\n| --- | --- | --- | --- | --- | --- | --- | --- |",
);
console.log(rows.join("\n"));
process.exit();

async function callRow(name, plain, traced) {
  const conversation =
    ({ call }) =>
    async () => {
      for (let i = 0; i < CONVERSATIONS * CALLS; i++) await call(i % CALLS);
    };
  const all = [plain, traced].map(conversation);
  const { untraced, more, pairs } = await compared(all, CONVERSATIONS * CALLS, WARM_PAIRS.calls);
  const bar = Math.max(CALL_BAR.micros, CALL_BAR.part * untraced);
  return [row(name, "a call", { untraced, more, pairs, bar, isMet: more <= bar })];
}

async function pieceRows(name, plain, traced) {
  if (plain.stream === undefined) return [];
  const streams = [plain.stream, traced.stream];
  const of = (count) => {
    const reads = streams.map((stream) => () => stream(count));
    return compared(reads, count, WARM_PAIRS.pieces);
  };
  const [some, many] = [await of(CHUNKS), await of(10 * CHUNKS)];
  const ratio = (many.untraced + many.more) / (some.untraced + some.more);
  const linear = `| ${name} | a piece of 10,000 over one of 1,000 | | ${ratio.toFixed(2)} | | ${many.pairs} | ${LINEAR_BAR} | ${verdict(ratio <= LINEAR_BAR)} |`;
  return [row(name, "a piece of 10,000", { ...many, bar: PIECE_BAR, isMet: many.more <= PIECE_BAR }), linear];
}

function row(name, what, { untraced, more, pairs, bar, isMet }) {
  const [a, b] = [untraced, more].map((micros) => micros.toFixed(1));
  console.log(`${name}: ${what}: ${a}, ${b} more`);
  return `| ${name} | ${what} | ${a} | ${b} | ${((100 * more) / untraced).toFixed(1)} % | ${pairs} | ${bar.toFixed(0)} | ${verdict(isMet)} |`;
}

function verdict(isMet) {
  return isMet ? "met" : "missed";
}

/** Microseconds of one, untraced, and what tracing adds. */
async function compared([plain, traced], times, warmPairs) {
  const pair = async () => [await taken(plain, times), await taken(traced, times)];
  for (let i = 0; i < warmPairs; i++) await pair();
  const pairs = [];
  const until = performance.now() + SECONDS * 1000;
  while (pairs.length < MIN_PAIRS || performance.now() < until) pairs.push(await pair());
  const [untraced, having] = [0, 1].map((which) => Math.min(...pairs.map((both) => both[which])));
  return { untraced, more: having - untraced, pairs: pairs.length };
}

async function taken(work, times) {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / times;
}
