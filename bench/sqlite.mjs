// The SQLite figures: `npm run bench -- sqlite`. Ratios in one run, each case in a process of its own, with the SQLite library
// that this Node has (libsql before 22.13).
import { execFile, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { isFull, rounds } from "./effort.mjs";

const ROUNDS = rounds(3, 5);
const SPANS = Number(process.env.SPANS ?? (isFull ? 200_000 : 60_000));
const PER_TRACE = 4;
const BATCH = 500;
const self = fileURLToPath(import.meta.url);
const [role, path] = process.argv.slice(2);

/** Answers that make rows of about 1 KB: words as in a language, a few of them often and most of them seldom. */
const TEXTS = Array.from({ length: 500 }, (_, i) => answer(i));
const TEXT = TEXTS[0];

function answer(seed) {
  let state = seed + 1;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const words = ["sunny"];
  for (let length = 0; length < 630; length += words.at(-1).length + 1) {
    words.push(
      `${"wafeltorenbrug".slice(0, 1 + Math.floor(next() * 5))}${Math.floor(20_000 ** next()).toString(36)}`,
    );
  }
  return words.join(" ");
}

const roles = {
  "write:tracelight": writeTracelight,
  "write:driver": writeDriver,
  "open:tracelight": openTracelight,
  "index:tracelight": indexTracelight,
  "index:driver": indexDriver,
  agent: agentWhileIndexed,
  "read:million": readMillion,
  history: historySize,
};

if (role in roles) {
  const figures = await roles[role](path);
  process.send?.(figures);
  process.disconnect?.();
} else {
  await main();
}

async function main() {
  console.log(
    `Node ${process.version}, ${driverName()}, ${ROUNDS} rounds, ${SPANS.toLocaleString("en")} spans, medians:`,
  );
  const samples = await roundRobin(["write:tracelight", "write:driver", "open:tracelight"]);
  const rate = (name) => median(samples[name].map(({ perSecond }) => perSecond));
  const bare = rate("write:driver");
  const rates = (name) => `${thousands(rate(name))} against ${thousands(bare)} a second`;
  atLeast(
    "1 KB spans within a commit, x the bare driver",
    rate("write:tracelight") / bare,
    0.6,
    rates("write:tracelight"),
  );
  atLeast(
    "1 KB spans open across commits, x the bare driver",
    rate("open:tracelight") / bare,
    0.35,
    rates("open:tracelight"),
  );

  const indexed = await inFolder(async (file) => {
    await inProcess("write:tracelight", file);
    const runs = { ours: [], bare: [] };
    for (let round = 0; round < Math.min(3, ROUNDS); round++) {
      runs.bare.push((await inProcess("index:driver", file)).perSecond);
      runs.ours.push((await inProcess("index:tracelight", file)).perSecond);
    }
    return runs;
  });
  const [ours, theirs] = [median(indexed.ours), median(indexed.bare)];
  atLeast(
    "bringing the index up to date, x the bare driver filling FTS5",
    ours / theirs,
    0.6,
    `${thousands(ours)} against ${thousands(theirs)} a second`,
  );
  const { p99, spans } = await inFolder(async (file) => {
    await inProcess("write:tracelight", file);
    const agent = inProcess("agent", file);
    await inProcess("index:tracelight", file);
    return agent;
  });
  atMost("event loop delay p99 of an agent that writes meanwhile, ms", p99, 20, `${spans} spans written`);

  const sizes = await inFolder((file) => inProcess("history", file));
  atMost(
    "100-turn conversation with 1 KB messages, x the plain form",
    sizes.shared / sizes.plain,
    1 / 8,
    `${kilobytes(sizes.shared)} against ${kilobytes(sizes.plain)}`,
  );

  const reads = isFull ? await inFolder((file) => inProcess("read:million", file)) : [];
  for (const { what, p95, bare } of reads) {
    atMost(`a million spans: ${what}, p95 in ms`, p95, 100);
    atMost(
      `a million spans: ${what}, x the bare SQL`,
      p95 / bare,
      5,
      `${p95.toFixed(1)} against ${bare.toFixed(1)} ms`,
    );
  }
  await commandStart();
}

async function roundRobin(cases) {
  const samples = Object.fromEntries(cases.map((name) => [name, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (let i = 0; i < cases.length; i++) {
      const name = cases[(i + round) % cases.length];
      samples[name].push(await inFolder((file) => inProcess(name, file)));
    }
  }
  return samples;
}

async function inFolder(work) {
  const folder = mkdtempSync(join(tmpdir(), "tracelight-bench-"));
  try {
    return await work(join(folder, "traces.db"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function inProcess(name, file) {
  const child = fork(self, [name, file], { env: { ...process.env, SPANS: String(SPANS) } });
  const [figures] = await once(child, "message");
  await once(child, "exit");
  return figures;
}

/** Spans that begin and end within one tick, a whole trace each; the event loop has a turn after each batch. */
async function writeTracelight(file) {
  const { SqliteTracer } = await import("tracelight/sqlite");
  const tracer = new SqliteTracer({ path: file, retention: false });
  const began = performance.now();
  for (let i = 0; i < SPANS; i += PER_TRACE) {
    tracer.trace("converse", { spanKind: "SERVER" }, (turn) => {
      turn.addAttribute("ai.conversation.id", `conversation ${i % 20_000}`, { inheritable: true });
      turn.addAttribute("ai.trace.type", "converse").addAttribute("ai.agent.response", TEXTS[i % 500]);
      for (let k = 1; k < PER_TRACE; k++) tracer.trace("get_weather", (call) => fill(call, i + k));
    });
    if (i % BATCH === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  const { written } = await tracer.flush();
  const seconds = (performance.now() - began) / 1000;
  if (written !== SPANS) throw new Error(`${written} of ${SPANS} written`);
  await tracer.close();
  return { perSecond: SPANS / seconds };
}

/** The same, but each span is open while a commit is made: first a row for its start, then the rest. */
async function openTracelight(file) {
  const { SqliteTracer } = await import("tracelight/sqlite");
  const tracer = new SqliteTracer({ path: file, retention: false });
  const began = performance.now();
  for (let i = 0; i < SPANS; i += BATCH) {
    const open = [];
    for (let k = 0; k < BATCH; k += PER_TRACE) {
      const turn = tracer.startSpan("converse", { spanKind: "SERVER", parentSpan: null });
      turn.addAttribute("ai.conversation.id", `conversation ${(i + k) % 20_000}`, { inheritable: true });
      turn.addAttribute("ai.trace.type", "converse");
      open.push(turn);
      for (let n = 1; n < PER_TRACE; n++) open.push(tracer.startSpan("get_weather", { parentSpan: turn }));
    }
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    for (const [k, span] of open.entries()) {
      if (k % PER_TRACE === 0) span.addAttribute("ai.agent.response", TEXTS[(i + k) % 500]);
      else fill(span, i + k);
      span.end();
    }
  }
  const { written } = await tracer.flush();
  const seconds = (performance.now() - began) / 1000;
  if (written !== SPANS) throw new Error(`${written} of ${SPANS} written`);
  await tracer.close();
  return { perSecond: SPANS / seconds };
}

function fill(call, i) {
  call.addAttribute("ai.trace.type", "tool-invocation").addAttribute("ai.tool.name", "get_weather");
  call
    .addAttribute("ai.tool.input", { city: "Amsterdam", days: i })
    .addAttribute("ai.tool.output", TEXTS[i % 500]);
}

/** The bare driver with its own defaults for a log file, two indexes, and rows that are made already. */
async function writeDriver(file) {
  const rows = readyRows();
  const connection = openDriver(file);
  connection.exec("PRAGMA journal_mode = WAL");
  connection.exec("PRAGMA synchronous = NORMAL");
  connection.exec(`CREATE TABLE spans (id INTEGER PRIMARY KEY, trace_id TEXT, span_id TEXT, parent_span_id TEXT, span_name TEXT,
    span_kind TEXT, span_status TEXT, started_at INTEGER, ended_at INTEGER, writer INTEGER, identifier TEXT, conversation TEXT,
    facts TEXT, origin TEXT, details TEXT, stored TEXT, attributes TEXT)`);
  connection.exec("CREATE INDEX by_trace ON spans (trace_id)");
  connection.exec("CREATE INDEX by_start ON spans (started_at)");
  const insert = connection.prepare(
    `INSERT INTO spans (trace_id, span_id, parent_span_id, span_name, span_kind, span_status, started_at, ended_at, writer,
     identifier, conversation, facts, origin, details, stored, attributes) VALUES (${Array(16).fill("?").join(", ")})`,
  );
  const begin = connection.prepare("BEGIN IMMEDIATE");
  const commit = connection.prepare("COMMIT");
  const began = performance.now();
  for (let i = 0; i < SPANS; i += BATCH) {
    begin.run();
    for (let k = i; k < i + BATCH; k++) insert.run(...rows[k]);
    commit.run();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const seconds = (performance.now() - began) / 1000;
  connection.close();
  return { perSecond: SPANS / seconds };
}

/** The rows that Tracelight makes of its spans. */
function readyRows() {
  const hex = (n, digits) =>
    ((n * 2654435761) % 2 ** 32)
      .toString(16)
      .padStart(8, "0")
      .repeat(digits / 8);
  const origin = '{"resource_attributes":{},"scope":{"name":"tracelight","version":"0.1.0"}}';
  return Array.from({ length: SPANS }, (_, i) => {
    const isTurn = i % PER_TRACE === 0;
    const trace = i - (i % PER_TRACE);
    const conversation = `conversation ${trace % 20_000}`;
    const start = 1_763_800_000_000_000 + i * 10;
    const attributes = isTurn
      ? {
          "ai.conversation.id": conversation,
          "ai.trace.type": "converse",
          "ai.agent.response": TEXTS[i % 500],
        }
      : {
          "ai.conversation.id": conversation,
          "ai.trace.type": "tool-invocation",
          "ai.tool.name": "get_weather",
          "ai.tool.input": { city: "Amsterdam", days: i },
          "ai.tool.output": TEXTS[i % 500],
        };
    const facts = isTurn ? '{"v":2,"kind":"turn"}' : '{"v":2,"kind":"tool-call","tool":"get_weather"}';
    return [
      ...[
        hex(trace + 1, 32),
        hex(i + 1, 16),
        isTurn ? null : hex(trace + 1, 16),
        isTurn ? "converse" : "get_weather",
      ],
      ...[isTurn ? "SERVER" : "INTERNAL", "UNSET", start, start + 5, null, "_", JSON.stringify(conversation)],
      ...[facts, origin, null, null, JSON.stringify(attributes)],
    ];
  });
}

function openDriver(file) {
  const require = createRequire(import.meta.url);
  if (driverName() === "libsql") return new (require("libsql"))(file);
  const { DatabaseSync } = require("node:sqlite");
  return new DatabaseSync(file);
}

function driverName() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  return major > 22 || (major === 22 && minor >= 13) ? "node:sqlite" : "libsql";
}

/** A thousand spans a second while somebody else indexes, and how late timers come. */
async function agentWhileIndexed(file) {
  const { SqliteTracer } = await import("tracelight/sqlite");
  const tracer = new SqliteTracer({ path: file, retention: false });
  const delay = monitorEventLoopDelay({ resolution: 1 });
  for (let i = 0; i < 100; i++) tracer.trace("warm up", (call) => fill(call, i));
  await tracer.flush();
  delay.enable();
  for (const until = performance.now() + 4000; performance.now() < until; ) {
    for (let i = 0; i < 10; i++) tracer.trace("get_weather", (call) => fill(call, i));
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  delay.disable();
  const { written, pending, dropped, failed } = await tracer.close();
  if (pending + dropped + failed > 0) throw new Error("spans were lost");
  // What the histogram shows of an idle loop is its own resolution.
  return { p99: delay.percentile(99) / 1e6 - 1, spans: written };
}

async function indexTracelight(file) {
  const connection = openDriver(file);
  for (const name of ["search", "search_state", "search_waiting"])
    connection.exec(`DROP TABLE IF EXISTS ${name}`);
  connection.exec("DROP TRIGGER IF EXISTS search_forgets");
  connection.close();
  const { openSqliteFile } = await import("tracelight/sqlite");
  const opened = await openSqliteFile(file);
  const began = performance.now();
  await opened.search("sunny", { limit: 1 });
  const seconds = (performance.now() - began) / 1000;
  await opened.close();
  return { perSecond: SPANS / seconds };
}

/** Text of the same words, ready made; batches as the bare writer has them. */
async function indexDriver(file) {
  const source = openDriver(file);
  const texts = source
    .prepare("SELECT span_name, attributes FROM spans ORDER BY id")
    .all()
    .map(({ span_name, attributes }) => {
      const {
        "ai.tool.name": tool = "",
        "ai.tool.input": input,
        "ai.tool.output": output = "",
        "ai.agent.response": said = "",
      } = JSON.parse(attributes);
      return [span_name, tool, ...Object.values(input ?? {}), output, said].join(" ");
    });
  source.close();
  const connection = openDriver(`${file}-bare`);
  connection.exec("PRAGMA journal_mode = WAL");
  connection.exec("PRAGMA synchronous = NORMAL");
  connection.exec("DROP TABLE IF EXISTS search");
  connection.exec("CREATE VIRTUAL TABLE search USING fts5 (text, content = '', contentless_delete = 1)");
  const insert = connection.prepare("INSERT INTO search (rowid, text) VALUES (?, ?)");
  const began = performance.now();
  for (let i = 0; i < texts.length; i += BATCH) {
    connection.exec("BEGIN");
    for (let k = i; k < Math.min(texts.length, i + BATCH); k++) insert.run(k + 1, texts[k]);
    connection.exec("COMMIT");
  }
  const seconds = (performance.now() - began) / 1000;
  connection.close();
  return { perSecond: texts.length / seconds };
}

/** The 100-turn conversation: each model call gives all messages so far. Plain: under a name that is no message list's. */
async function historySize(file) {
  const { SqliteTracer } = await import("tracelight/sqlite");
  const sizes = {};
  for (const [form, key] of [
    ["shared", "ai.llm.request.messages"],
    ["plain", "messages"],
  ]) {
    const tracer = new SqliteTracer({ path: `${file}-${form}`, retention: false });
    let messages = [];
    for (let turn = 0; turn < 100; turn++) {
      messages = [
        ...messages,
        { role: "user", content: [{ text: `${turn} ${TEXT} ${TEXT.slice(0, 300)}` }] },
      ];
      tracer.trace("llm", (span) =>
        span.addAttribute("ai.conversation.id", "c1").addAttribute(key, messages),
      );
      messages = [
        ...messages,
        { role: "assistant", content: [{ text: `${turn} answer ${TEXT} ${TEXT.slice(0, 300)}` }] },
      ];
      await new Promise((resolve) => setImmediate(resolve));
    }
    await tracer.close();
    sizes[form] = statSync(`${file}-${form}`).size;
  }
  return sizes;
}

/** A million spans in 50,000 conversations over 30 days: 20 spans a conversation; one in a thousand has a trace of 50. */
async function readMillion(file) {
  const { SqliteTracer, openSqliteFile } = await import("tracelight/sqlite");
  const conversations = Number(process.env.CONVERSATIONS ?? 50_000);
  const now = Date.now();
  const month = 30 * 24 * 3600 * 1000;
  const large = [];
  const tracer = new SqliteTracer({ path: file, retention: false, recordStarts: false });
  for (let i = 0; i < conversations; i++) {
    const at = new Date(now - month + (month * i) / conversations);
    const isLarge = i % 1000 === 999;
    const turn = tracer.startSpan("converse", { spanKind: "SERVER", startedAt: at, parentSpan: null });
    turn.addAttribute("ai.conversation.id", `conversation ${i}`, { inheritable: true });
    turn.addAttributes({
      "ai.trace.type": "converse",
      "ai.user.input": `Question ${i}`,
      "ai.agent.response": TEXT.slice(0, 300),
    });
    for (let k = 1; k < (isLarge ? 50 : 20); k++) {
      const call = tracer.startSpan("get_weather", {
        parentSpan: turn,
        startedAt: new Date(at.getTime() + k),
      });
      call.addAttributes({
        "ai.trace.type": "tool-invocation",
        "ai.tool.name": k === 7 && i % (conversations / 125) === 0 ? "rare_tool" : "get_weather",
      });
      call.addAttributes({
        "ai.tool.input": { city: "Amsterdam", days: k },
        "ai.tool.output": `${TEXT.slice(0, 400)} ${i % (conversations / 10) === 0 && k === 3 ? "zwartewoud" : ""}`,
      });
      call.end(new Date(at.getTime() + k + 10));
    }
    turn.end(new Date(at.getTime() + 80));
    if (isLarge) large.push(turn.traceId);
    if (i % 25 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await tracer.close();
  const opened = await openSqliteFile(file);
  await opened.search("zwartewoud");
  const bare = openDriver(file);
  const day = { since: new Date(now - 24 * 3600 * 1000), until: new Date(now) };
  const where = 'ai.tool.name = "rare_tool"';
  const range = [day.since.getTime() * 1000, day.until.getTime() * 1000];
  const all = (sql, ...values) => bare.prepare(sql).all(...values);
  const cases = [
    [
      "a page of ls",
      async () => (await opened.summaries({ by: "conversation", limit: 50 })).rows.length === 50,
      () =>
        all(`SELECT conversation, count(*), min(started_at), max(started_at), max(ended_at) FROM spans WHERE conversation IN
          (SELECT DISTINCT conversation FROM (SELECT conversation FROM spans ORDER BY started_at DESC LIMIT 2000) LIMIT 50)
          GROUP BY conversation`),
    ],
    [
      "show a trace of 50 spans",
      async (i) => (await opened.find({ traceId: large[i % large.length] })).length === 50,
      (i) => all("SELECT * FROM spans WHERE trace_id = ? ORDER BY started_at", large[i % large.length]),
    ],
    [
      "search a rare word",
      async () => (await opened.search("zwartewoud", { limit: 20 })).spans.length === 10,
      () =>
        all(
          "SELECT spans.* FROM search JOIN spans ON spans.id = search.rowid WHERE search MATCH 'zwartewoud' ORDER BY search.rowid DESC LIMIT 20",
        ),
    ],
    [
      "where on one attribute within a day",
      async () => (await opened.find({ ...day, where })).length > 0,
      () =>
        all(
          `SELECT * FROM spans WHERE started_at >= ? AND started_at < ? AND attributes ->> '$."ai.tool.name"' = 'rare_tool'`,
          ...range,
        ),
    ],
    [
      "ls with where on one attribute within a day",
      async () => (await opened.summaries({ ...day, where, by: "conversation" })).rows.length > 0,
      () =>
        all(
          `SELECT conversation, count(*), min(started_at), max(ended_at) FROM spans WHERE conversation IN
          (SELECT conversation FROM spans WHERE started_at >= ? AND started_at < ? AND attributes ->> '$."ai.tool.name"' = 'rare_tool')
          GROUP BY conversation`,
          ...range,
        ),
    ],
  ];
  const figures = [];
  for (const [what, ours, theirs] of cases) {
    const times = { ours: [], bare: [] };
    // The first ten warm both up: a process that reads once is what the last figure is about.
    for (let i = -10; i < 100; i++) {
      let began = performance.now();
      theirs(i + 10);
      if (i >= 0) times.bare.push(performance.now() - began);
      began = performance.now();
      if (!(await ours(i + 10))) throw new Error(`${what} found something else`);
      if (i >= 0) times.ours.push(performance.now() - began);
    }
    figures.push({ what, p95: p95(times.ours), bare: p95(times.bare) });
  }
  return figures;
}

/** The whole process, over bare node. */
async function commandStart() {
  const command = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
  const run = promisify(execFile);
  await inFolder(async (file) => {
    const { SqliteTracer } = await import("tracelight/sqlite");
    const tracer = new SqliteTracer({ path: file });
    for (let i = 0; i < 20; i++)
      tracer.trace("converse", (span) => span.addAttribute("ai.conversation.id", `c${i}`));
    await tracer.close();
    const times = { ls: [], node: [] };
    for (let i = 0; i < 15; i++) {
      for (const [name, args] of [
        ["ls", [command, "ls", file]],
        ["node", ["-e", ""]],
      ]) {
        const began = performance.now();
        await run(process.execPath, args);
        times[name].push(performance.now() - began);
      }
    }
    const extra = median(times.ls) - median(times.node);
    atMost("tracelight ls on a small store, ms over bare node", extra, 120);
  });
}

function atLeast(what, figure, bar, details = "") {
  console.log(
    `| ${what} | ${figure.toFixed(2)} | at least ${bar} | ${figure >= bar ? "met" : "missed"} | ${details} |`,
  );
}

function atMost(what, figure, bar, details = "") {
  console.log(
    `| ${what} | ${figure.toFixed(figure < 1 ? 3 : 1)} | at most ${bar} | ${figure <= bar ? "met" : "missed"} | ${details} |`,
  );
}

function p95(numbers) {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length * 0.95)];
}

function kilobytes(bytes) {
  return `${(bytes / 1000).toFixed(0)} KB`;
}

function thousands(perSecond) {
  return `${(perSecond / 1000).toFixed(1)}k`;
}

function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
