// What it costs to choose what is kept: `npm run bench -- keep`. Processor time, the least of ROUNDS, each with and without in turn.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InMemoryTracer, Tracer } from "tracelight";
import { redact } from "tracelight/redact";
import { SqliteTracer } from "tracelight/sqlite";
import { row } from "./effort.mjs";

const ROUNDS = Number(process.env.ROUNDS ?? 15);
const TURNS = Number(process.env.TURNS ?? 1000);
const rows = [];
const folder = mkdtempSync(join(tmpdir(), "tracelight-bench-"));
let files = 0;

const sentence = "The quick brown fox jumps over the lazy dog and then it goes home to sleep for a while. ";
const nothing = sentence.repeat(12).slice(0, 1024);
const some =
  `Mail ada@example.org or call +1 415 555 2671; the card is 4111 1111 1111 1111, the host 203.0.113.42. ${nothing}`.slice(
    0,
    1024,
  );
const rules = redact();
for (const [name, text, bar] of [
  ["all built-in rules on 1 KB, no candidate, µs", nothing, 10],
  ["all built-in rules on 1 KB, four to find, µs", some, 60],
  ["1 MB, no candidate, ms", nothing.repeat(1024), 20],
  ["1 MB, 4,000 to find, all of it, ms", some.repeat(1024), undefined],
]) {
  const isLarge = text.length > 2000;
  const times = isLarge ? 1 : 2000;
  const work = () => {
    for (let i = 0; i < times; i++) rules(draft(text));
  };
  const [took] = await least([work]);
  rows.push([name, (isLarge ? took : (took / times) * 1000).toFixed(1), bar]);
}

for (const [name, text] of [
  ["4,000 to find", some.repeat(1024)],
  ["mail addresses alone", "ada@example.org ".repeat(65_536)],
]) {
  const longest = Math.min(...Array.from({ length: ROUNDS }, () => longestStep(rules.steps(draft(text)))));
  rows.push([`1 MB in slices, ${name}: the longest step, ms`, longest.toFixed(1), 20]);
}

const sink = { name: "drop", write: (span) => void span.attributes };
const kinds = {
  "a sink that drops": (process) => new Tracer(sink, { process }),
  memory: (process) => new InMemoryTracer({ process, memorySize: TURNS }),
  SQLite: (process) => new SqliteTracer({ process, path: join(folder, `${files++}.db`) }),
};
for (const [name, make] of Object.entries(kinds)) {
  const [without, withRules] = await least([() => talk(make(undefined)), () => talk(make(redact()))]);
  rows.push([`a history of ${TURNS} turns, ${name}, against none`, (withRules / without).toFixed(2), 1.3]);
}
rmSync(folder, { recursive: true });

console.log("what | figure | bar");
for (const each of rows) row(...each);

/** An agent that sends all of its history with each call, one in ten messages with something to hide. */
async function talk(tracer) {
  const messages = [];
  for (let turn = 0; turn < TURNS; turn++) {
    const said = turn % 10 === 0 ? some : nothing;
    messages.push({ role: turn % 2 === 0 ? "user" : "assistant", content: [{ text: `${turn} ${said}` }] });
    tracer.trace("invoke_model", (span) => span.addAttribute("ai.llm.request.messages", messages));
    if (turn % 20 === 19) await tracer.flush();
  }
  await tracer.close();
}

/** The longest step, in milliseconds of processor time. */
function longestStep(steps) {
  for (let longest = 0; ; ) {
    const began = process.cpuUsage();
    const { done } = steps.next();
    const { user, system } = process.cpuUsage(began);
    longest = Math.max(longest, (user + system) / 1000);
    if (done) return longest;
  }
}

function draft(text) {
  return {
    spanName: "work",
    attributes: { text },
    resourceAttributes: {},
    scope: { name: "bench" },
    events: [],
    links: [],
  };
}

/** The least processor time of each, in milliseconds. */
async function least(works) {
  for (const work of works) await work();
  const times = works.map(() => []);
  for (let i = 0; i < ROUNDS; i++) {
    for (const [j, work] of works.entries()) {
      const began = process.cpuUsage();
      await work();
      const { user, system } = process.cpuUsage(began);
      times[j].push((user + system) / 1000);
    }
  }
  return times.map((each) => Math.min(...each));
}
