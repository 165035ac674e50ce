// The figures of reading a million spans: `npm run bench -- tally`. The store is made by a script in a temporary folder, once a run; each
// figure is taken in a process of its own, so that nothing is warm, with the SQLite library that this Node has (libsql before 22.13).
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { rounds } from "./effort.mjs";
import { makeStore } from "./tally-store.mjs";

const CONVERSATIONS = Number(process.env.CONVERSATIONS ?? 50_000);
const ROUNDS = rounds(1, 3);
const DAY_MS = 24 * 3600 * 1000;
/** Spans of one digest. */
const CHUNK_SPANS = 4096;
const self = fileURLToPath(import.meta.url);
const [role, path] = process.argv.slice(2);

/** Days, models and tools of the last 30 days. */
const tally = (file) =>
  file.tally({ by: ["day", "model", "tool"], since: new Date(Date.now() - 30 * DAY_MS) });
const yesterday = () => new Date(Date.now() - DAY_MS);
const roles = {
  "first tally": tally,
  "first tally of who went on": tally,
  "tally of 30 days": tally,
  "tally of all": (file) => file.tally(),
  "tally of a day": (file) => file.tally({ since: yesterday() }),
  "failures of a day": (file) => file.tally({ since: yesterday(), failed: true }),
  "first page": (file) => file.summaries({ by: "conversation" }),
  "next page": async (file, measured) => {
    const { cursor } = await file.summaries({ by: "conversation" });
    return measured(() => file.summaries({ by: "conversation", cursor }));
  },
  "attribute within a day": (file) =>
    file.summaries({ by: "conversation", since: yesterday(), where: 'ai.tool.name = "tool_3"' }),
};

/** What is measured, and the most milliseconds that are good enough. */
const BARS = [
  [
    "first tally",
    "the first tally of what was written in half a minute, of 30 days by day, model and tool",
    1500,
  ],
  ["first tally of who went on", "the same where who wrote it went on, as over a month", 1500],
  ["tally of 30 days", "tally of 30 days by day, model and tool", 1500],
  ["tally of all", "tally of all by model, tool, agent, user and day", 2000],
  ["tally of a day", "tally of a day", 300],
  ["failures of a day", "tally of a day's failures", 300],
  ["first page", "the first page of conversations", 1000],
  ["next page", "the next page", 150],
  ["attribute within a day", "the first page with an attribute, within a day", 300],
];

if (role === "make") process.send(await makeStore(path, CONVERSATIONS));
else if (role === "run on") process.send(await runOn(path));
else if (role in roles) process.send(await figuresOf(roles[role]));
else await main();
process.disconnect?.();

async function main() {
  const folder = mkdtempSync(join(tmpdir(), "tracelight-bench-"));
  const file = join(folder, "traces.db");
  try {
    const spans = await inProcess("make", file);
    const made = { "first tally": chunksIn(file) };
    console.log(
      `Node ${process.version}, ${spans.toLocaleString("en")} spans, ${ROUNDS} rounds, medians; ms:`,
    );
    for (const [name, what, bar] of BARS) {
      if (name === "first tally of who went on") {
        keepOnly(file, made["first tally"]);
        await inProcess("run on", file);
        made[name] = chunksIn(file);
      }
      const samples = [];
      for (let round = 0; round < ROUNDS; round++) {
        // Each is the first one again.
        if (name in made) keepOnly(file, made[name]);
        samples.push(await inProcess(name, file));
      }
      const [middle] = samples.sort((a, b) => a.wall - b.wall).slice(Math.floor(ROUNDS / 2));
      const verdict = middle.wall <= bar ? "met" : "missed";
      console.log(`| ${what} | ${middle.wall.toFixed(0)} | at most ${bar} | ${verdict} | ${shown(middle)} |`);
      if (name in made)
        console.log(`its writer had made ${made[name].length} digests of ${Math.ceil(spans / CHUNK_SPANS)}`);
    }
    keepOnly(file, []);
    console.log(
      `a tally that finds no digest, and makes all: ${shown(await inProcess("first tally", file))}`,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** An agent that goes on: between its spans there is time for digests, as there is in a month. */
async function runOn(file) {
  const { SqliteTracer } = await import("tracelight/sqlite");
  const tracer = new SqliteTracer({ path: file, retention: false });
  for (let before = -1; before < chunksIn(file).length; ) {
    before = chunksIn(file).length;
    for (let second = 0; second < 3; second++) {
      tracer.trace("tick", () => undefined);
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }
  await tracer.close();
  return true;
}

/** The chunks of which there is a digest. */
function chunksIn(file) {
  return withTable(file, (database) => {
    const rows = database.prepare("SELECT chunk FROM tallied WHERE identifier IS NULL").all();
    return rows.map(({ chunk }) => chunk);
  });
}

function keepOnly(file, chunks) {
  withTable(file, (database) =>
    database.exec(`DELETE FROM tallied WHERE chunk NOT IN (${chunks.join(", ")})`),
  );
}

/** Does it where there is the table of digests. */
function withTable(file, work) {
  const { DatabaseSync = createRequire(import.meta.url)("libsql") } =
    process.getBuiltinModule("node:sqlite") ?? {};
  const database = new DatabaseSync(file);
  try {
    const tables = database.prepare("SELECT name FROM sqlite_master WHERE name = 'tallied'").all();
    return tables.length === 0 ? [] : work(database);
  } finally {
    database.close();
  }
}

async function inProcess(name, file) {
  const child = fork(self, [name, file]);
  const [figures] = await once(child, "message");
  await once(child, "exit");
  return figures;
}

/** Of the reading alone, in a process that has opened the file. */
async function figuresOf(read) {
  const { openSqliteFile } = await import("tracelight/sqlite");
  const file = await openSqliteFile(path);
  let figures;
  const measured = async (work) => {
    const loop = monitorEventLoopDelay({ resolution: 1 });
    loop.enable();
    const cpu = process.cpuUsage();
    const began = performance.now();
    await work();
    const wall = performance.now() - began;
    const { user, system } = process.cpuUsage(cpu);
    loop.disable();
    figures ??= { wall, cpu: (user + system) / 1000, held: loop.max / 1e6 };
  };
  if (read.length > 1) await read(file, measured);
  else await measured(() => read(file));
  await file.close();
  return figures;
}

function shown({ wall, cpu, held }) {
  return `${wall.toFixed(0)} ms, ${cpu.toFixed(0)} of the processor, the event loop held for ${held.toFixed(0)} at most`;
}
