// What adapters cost over the untraced call: `npm run bench -- agents`. Processor time of this process, in which the stubs of the services are not; each
// with and without in turn, the least of all rounds that fit into the time that a figure has: some three minutes for all. `CASE=openai` measures one,
// `SECONDS=30` gives each figure more.
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Tracer } from "tracelight";
import { casesAt } from "./agents/cases.mjs";

/** For each figure. At least MIN_ROUNDS are measured, however slow the machine is. */
const SECONDS = Number(process.env.SECONDS ?? 8);
const MIN_ROUNDS = 4;
const CALLS = 15;
const CHUNKS = 1000;
/** At most so many microseconds, or this part of the untraced call. */
const CALL_BAR = { micros: 100, part: 0.03 };
const CHUNK_BAR = 20;
/** Ten times as many pieces take at most ten times as long, and what a measurement is off by. */
const LINEAR_BAR = 1.5;

const stub = fork(fileURLToPath(new URL("agents/stub.mjs", import.meta.url)));
const [ports] = await once(stub, "message");
console.log(`Node ${process.version}, least of the rounds of ${SECONDS} s, processor time in µs`);
console.log("what | untraced | more | part | rounds | bar | ");
for (const [name, make] of Object.entries(casesAt(ports))) {
  if (process.env.CASE !== undefined && process.env.CASE !== name) continue;
  const [plain, traced] = [await make(undefined), await make(new Tracer({ name: "drop", write: () => {} }))];
  const call = await compared(plain.call, traced.call, CALLS);
  report(`${name}: a call`, call, `${CALL_BAR.micros} or ${CALL_BAR.part * 100} %`, isGood(call));
  if (plain.stream === undefined) continue;
  const [some, many] = [
    await compared(
      () => plain.stream(CHUNKS),
      () => traced.stream(CHUNKS),
      1,
    ),
    await compared(
      () => plain.stream(10 * CHUNKS),
      () => traced.stream(10 * CHUNKS),
      1,
    ),
  ];
  const piece = { ...many, plain: many.plain / 10 / CHUNKS, more: many.more / 10 / CHUNKS };
  report(`${name}: a piece of 10,000`, piece, CHUNK_BAR, piece.more <= CHUNK_BAR);
  const ratio = (some.plain + many.more) / 10 / (some.plain / 10 + some.more);
  const isLinear = ratio <= LINEAR_BAR || piece.more < 1;
  console.log(
    `${name}: 10,000 pieces, over ten times 1,000 | | ${ratio.toFixed(2)} | | | ${LINEAR_BAR} | ${isLinear ? "met" : "missed"}`,
  );
}
process.exit();

function isGood({ plain, more }) {
  return more <= CALL_BAR.micros || more / plain <= CALL_BAR.part;
}

function report(what, { plain, more, rounds }, bar, isMet) {
  const part = `${((100 * more) / plain).toFixed(1)} %`;
  console.log(
    `${what} | ${plain.toFixed(1)} | ${more.toFixed(1)} | ${part} | ${rounds} | ${bar} | ${isMet ? "met" : "missed"}`,
  );
}

/** Microseconds of one, untraced, and what tracing adds. */
async function compared(plain, traced, times) {
  const least = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  const until = performance.now() + SECONDS * 1000;
  let rounds = 0;
  for (; rounds < MIN_ROUNDS || performance.now() < until; rounds++) {
    for (const [i, work] of [plain, traced].entries())
      least[i] = Math.min(least[i], await taken(work, times));
  }
  return { plain: least[0], more: least[1] - least[0], rounds };
}

async function taken(work, times) {
  const before = process.cpuUsage();
  for (let i = 0; i < times; i++) await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / times;
}
