// The figures of the page's server: `npm run bench -- viewer`. The store of a million spans is that of `tally`; each figure is taken from a
// `tracelight view` that was started for it, so that nothing is warm. CONVERSATIONS, ROUNDS, SPANS and SECONDS make it smaller,
// PARTS=ingest,million takes some of them, STORE=million.db a store of a million spans that was made before.
import { fork, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { OtlpTracer } from "tracelight/otlp";
import { SqliteTracer } from "tracelight/sqlite";
import { makeStore } from "./tally-store.mjs";

const CONVERSATIONS = Number(process.env.CONVERSATIONS ?? 50_000);
const ROUNDS = Number(process.env.ROUNDS ?? 3);
const SPANS = Number(process.env.SPANS ?? 100_000);
const SECONDS = Number(process.env.SECONDS ?? 10);
const COMMAND = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
const self = fileURLToPath(import.meta.url);
const [role, ...rest] = process.argv.slice(2);

const DAY = `since=${encodeURIComponent(new Date(Date.now() - 24 * 3600 * 1000).toISOString())}`;
const MONTH = `since=${encodeURIComponent(new Date(Date.now() - 30 * 24 * 3600 * 1000).toISOString())}`;
const FILTER = `where=${encodeURIComponent('ai.tool.name = "tool_3"')}`;

/** What is asked for, and the most milliseconds that are good enough; `first` is asked for before, and not measured. */
const BARS = [
  { what: "first list", path: "api/rows?limit=25", bar: 1000 },
  {
    what: "next page",
    first: "api/rows?limit=25",
    path: (page) => `api/rows?limit=25&cursor=${page.cursor}`,
    bar: 150,
  },
  { what: "filter on an attribute within a day", path: `api/rows?limit=25&${DAY}&${FILTER}`, bar: 300 },
  { what: "overview of a day", path: `api/overview?${DAY}`, bar: 1000 },
  { what: "numbers of 30 days", path: `api/numbers?${MONTH}&buckets=42`, bar: 1500 },
];

if (role === "make") process.send(await makeStore(rest[0], Number(rest[1])));
else if (role === "send") process.send(await send(rest[0], Number(rest[1])));
else await main();
process.disconnect?.();

async function main() {
  const folder = mkdtempSync(join(tmpdir(), "tracelight-bench-"));
  try {
    console.log(`Node ${process.version}, ${ROUNDS} rounds, medians:`);
    const parts = {
      list: () => listBytes(join(folder, "prompts.db")),
      trace: () => largeTrace(join(folder, "trace.db")),
      value: () => largeValue(join(folder, "value.db")),
      ingest: () => ingest(folder),
      million: () => million(process.env.STORE ?? join(folder, "million.db")),
    };
    for (const name of process.env.PARTS?.split(",") ?? Object.keys(parts)) await parts[name]();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function listBytes(path) {
  const tracer = new SqliteTracer({ path });
  for (let i = 0; i < 25; i++) {
    tracer.trace("converse", (turn) => {
      turn.addAttribute("ai.conversation.id", `trip-${1000 + i}`);
      turn.addAttributes({
        "ai.trace.type": "converse",
        "ai.user.input": `${i} ${"Plan a rainy day. ".repeat(1138)}`,
      });
    });
  }
  await tracer.close();
  await viewing(path, async (url) => {
    const plain = await (
      await fetch(`${url}api/rows?limit=25`, { headers: { "accept-encoding": "identity" } })
    ).arrayBuffer();
    show(
      "bytes of a list page of 25 rows with prompts of 20 KB",
      plain.byteLength,
      8192,
      "bytes, not packed",
    );
  });
}

async function largeTrace(path) {
  const tracer = new SqliteTracer({ path });
  let trace = "";
  await tracer.trace("converse", async (turn) => {
    trace = turn.traceId;
    turn.addAttribute("ai.conversation.id", "large", { inheritable: true });
    for (let i = 1; i < SPANS; i++) {
      tracer.trace(`tool ${i % 40}`, (span) =>
        span.addAttributes({ "ai.trace.type": "tool-invocation", "ai.tool.input": { i } }),
      );
      if (i % 500 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  });
  await tracer.close();
  const times = await samples(path, (url) => timed(`${url}api/traces/${trace}`));
  show(`a trace of ${SPANS.toLocaleString("en")} spans, cold`, middle(times), 1500);
}

async function largeValue(path) {
  const tracer = new SqliteTracer({ path });
  const ids = {};
  for (const [name, size] of [
    ["with", 50e6],
    ["without", 10],
  ]) {
    tracer.trace("converse", (span) => {
      span.addAttribute("my.value", "word ".repeat(size / 5));
      ids[name] = [span.traceId, span.spanId];
    });
  }
  await tracer.close();
  // The first answer of a server is no trace's doing.
  const opened = (name) =>
    viewing(path, async (url) => {
      const times = [];
      for (let i = 0; i < 20; i++) times.push(await timed(`${url}api/traces/${ids[name][0]}`));
      return middle(times);
    });
  show(
    "a trace with a value of 50 MB, against one without",
    (await opened("with")) / (await opened("without")),
    1.5,
    "times",
  );
  const [trace, span] = ids.with;
  const value = `api/traces/${trace}/spans/${span}/value?path=/record/attributes/my.value`;
  show("the first view of the value, cold", middle(await samples(path, (url) => timed(url + value))), 1000);
}

async function ingest(folder) {
  const rates = { watched: [], alone: [] };
  for (let round = 0; round < ROUNDS; round++) {
    for (const how of ["alone", "watched"]) {
      await viewing(join(folder, `ingest-${how}-${round}.db`), async (url) => {
        const stop = new AbortController();
        const watch = how === "watched" ? watching(url, stop.signal) : undefined;
        const { written, ms } = await inProcess("send", url, String(SECONDS * 1000));
        rates[how].push((written / ms) * 1000);
        stop.abort();
        const seen = await watch;
        if (watch !== undefined) console.log(`  ${written} spans sent, events: ${JSON.stringify(seen)}`);
        const { total } = await (await fetch(`${url}api/numbers?buckets=1`)).json();
        if (total.spans !== written) throw new Error(`${written - total.spans} spans are lost`);
      });
    }
  }
  const [watched, alone] = [middle(rates.watched), middle(rates.alone)];
  const isMet = watched >= 20_000 || watched >= 0.8 * alone;
  console.log(
    `| ingest while a page watches | ${watched.toFixed(0)} spans/s | at least 20,000, or 0.8 of ${alone.toFixed(0)} alone | ${isMet ? "met" : "missed"} |`,
  );
}

/** Reads events as a page does, and the list with each of them. */
async function watching(url, signal) {
  const seen = { changes: 0, reload: 0 };
  try {
    const { body } = await fetch(`${url}api/live`, { signal });
    for await (const text of body.pipeThrough(new TextDecoderStream())) {
      for (const [, event] of text.matchAll(/^event: (\w+)$/gm)) if (event in seen) seen[event]++;
      await (await fetch(`${url}api/rows?limit=50`, { signal })).arrayBuffer();
    }
  } catch {
    // Told to stop.
  }
  return seen;
}

async function send(url, ms) {
  const tracer = new OtlpTracer({ url: `${url}v1/traces`, maxQueuedSpans: 100_000 });
  const began = performance.now();
  let i = 0;
  while (performance.now() - began < ms) {
    for (let k = 0; k < 2000; k++)
      tracer.trace("call", (span) =>
        span.addAttributes({
          "ai.conversation.id": `c ${i++ % 500}`,
          "ai.trace.type": "tool-invocation",
          "ai.tool.input": { i },
        }),
      );
    await tracer.flush();
  }
  const { written } = await tracer.close();
  return { written, ms: performance.now() - began };
}

async function million(path) {
  if (process.env.STORE === undefined) {
    const spans = await inProcess("make", path, String(CONVERSATIONS));
    console.log(
      `${spans.toLocaleString("en")} spans in ${CONVERSATIONS.toLocaleString("en")} conversations:`,
    );
  }
  await viewing(path, (url) => counted(`${url}api/numbers?${MONTH}&buckets=1`)).then((ms) =>
    console.log(`  the first count, which makes the digest: ${ms.toFixed(0)} ms`),
  );
  for (const { what, first, path: asked, bar } of BARS) {
    const times = await samples(path, async (url) => {
      const page = first === undefined ? undefined : await (await fetch(url + first)).json();
      return timed(url + (typeof asked === "string" ? asked : asked(page)));
    });
    show(what, middle(times), bar);
  }
}

async function samples(path, measure) {
  const times = [];
  for (let round = 0; round < ROUNDS; round++) times.push(await viewing(path, measure));
  return times;
}

/** A server of its own. */
async function viewing(path, work) {
  const child = spawn(process.execPath, [COMMAND, "view", path, "--port", "0"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const [line] = await once(child.stdout, "data");
  try {
    return await work(String(line).trim());
  } finally {
    child.kill("SIGINT");
    await once(child, "exit");
  }
}

/** A count that takes long says how far it is, and goes on. */
async function counted(url) {
  const began = performance.now();
  for (;;) {
    const { status } = await fetch(url);
    if (status !== 503) break;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return performance.now() - began;
}

async function timed(url) {
  const began = performance.now();
  const response = await fetch(url, { headers: { "accept-encoding": "gzip" } });
  const bytes = await response.arrayBuffer();
  if (!response.ok) throw new Error(`${response.status} ${Buffer.from(bytes).toString()}`);
  return performance.now() - began;
}

async function inProcess(...args) {
  const child = fork(self, args);
  const [result] = await once(child, "message");
  await once(child, "exit");
  return result;
}

function middle(list) {
  return [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
}

function show(what, figure, bar, unit = "ms") {
  const shown = figure < 10 ? figure.toFixed(2) : figure.toFixed(0);
  console.log(`| ${what} | ${shown} ${unit} | at most ${bar} | ${figure <= bar ? "met" : "missed"} |`);
}
