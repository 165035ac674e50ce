// The OTLP figures: `npm run bench -- otlp`. Each run is a process of its own, round-robin; the server is another process.
import { execFile, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { rounds } from "./effort.mjs";

const ROUNDS = rounds(3, 7);
const UNITS = 200_000;
/** Units between two turns of the event loop. */
const TURN = 100;
const TEXT = "It will be sunny, with a light wind from the west. ".repeat(14);
const self = fileURLToPath(import.meta.url);
const [, , role, ...rest] = process.argv;

/** What takes ingested spans, by name; a store is added here. */
const sinks = {
  drop: async () => {
    const { Tracer } = await import("tracelight");
    return new Tracer({ name: "drop", write() {} });
  },
  SQLite: async () => {
    const { SqliteTracer } = await import("tracelight/sqlite");
    const folder = mkdtempSync(join(tmpdir(), "tracelight-bench-"));
    process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
    process.on("SIGTERM", () => process.exit());
    return new SqliteTracer({ path: join(folder, "traces.db"), retention: false });
  },
};
/** Spans that are ingested: each is new to the store. */
const INGESTED = 40_960;

if (role === "sponge") await sponge();
else if (role === "collector") await collector(rest[0]);
else if (role === "send") await send(rest[0], rest[1]);
else if (role === "decode") await decodeRate();
else if (role === "ingest") console.log(JSON.stringify(await ingests()));
else await measureAll();

async function measureAll() {
  const table = [...(await exports()), ...(await ingests())];
  console.log(`Node ${process.version}, medians of ${ROUNDS} rounds\n`);
  console.log("| what | Tracelight | against | ratio | bar | |\n| --- | --- | --- | --- | --- | --- |");
  for (const { what, ours, theirs, ratio, bar, atLeast, unit } of table) {
    const met = bar === undefined ? "" : (atLeast ? ratio >= bar : ratio <= bar) ? "met" : "missed";
    const limit = bar === undefined ? "" : `${atLeast ? ">=" : "<="} ${bar}`;
    const shown = [ours, theirs].map((figure) => `${figure.toFixed(unit === "µs" ? 2 : 0)} ${unit}`);
    console.log(`| ${[what, ...shown, ratio.toFixed(2), limit, met].join(" | ")} |`);
  }
}

/** W1 with flush: microseconds a unit, from the first unit to the last answer. */
async function exports() {
  const server = await start("sponge");
  const names = ["protobuf", "otel-protobuf", "json", "otel-json", "protobuf-gzip", "otel-protobuf-gzip"];
  const samples = new Map(names.map((name) => [name, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (let i = 0; i < names.length; i++) {
      const name = names[(i * 5 + round) % names.length];
      samples.get(name).push(await run("send", name, server.url));
      process.stderr.write(".");
    }
  }
  process.stderr.write("\n");
  server.stop();
  const rows = (measure, bars) =>
    ["protobuf", "json", "protobuf-gzip"].map((name) => {
      const figure = (of) => median(samples.get(of).map((sample) => sample[measure]));
      const [ours, theirs] = [figure(name), figure(`otel-${name}`)];
      const what = `${measure} time of a unit exported to a local server, W1 with flush, ${name}, against OpenTelemetry`;
      return { what, ours, theirs, ratio: ours / theirs, bar: bars[name], unit: "µs" };
    });
  // Where others use the machine, the processor's time says more.
  return [...rows("wall", { protobuf: 0.5, json: 0.65 }), ...rows("processor", {})];
}

/** Spans of 1 KB a second over HTTP into a sink, against the bare decoder. */
async function ingests() {
  const rows = [];
  const decoded = [];
  for (let round = 0; round < ROUNDS; round++) decoded.push(await run("decode"));
  const driver = await driverRate();
  for (const name of Object.keys(sinks)) {
    const rates = [];
    for (let round = 0; round < ROUNDS; round++) {
      const server = await start("collector", name);
      rates.push(await ingestRate(server.url));
      server.stop();
    }
    const [ours, theirs] = [median(rates), median(decoded)];
    const what = `spans of 1 KB a second, over HTTP into ${name}, against the bare decoder`;
    if (name === "drop") rows.push({ what, ours, theirs, ratio: ours / theirs, unit: "/s" });
    else {
      const bare = 1 / (1 / theirs + 1 / driver);
      rows.push({
        what: `${what} and the bare driver`,
        ours,
        theirs: bare,
        ratio: ours / bare,
        bar: 0.5,
        atLeast: true,
        unit: "/s",
      });
    }
  }
  return rows;
}

/** Ready rows into the bare driver, as the SQLite figures have it. */
async function driverRate() {
  const rates = [];
  for (let round = 0; round < 3; round++) {
    const folder = mkdtempSync(join(tmpdir(), "tracelight-bench-"));
    const file = fileURLToPath(new URL("sqlite.mjs", import.meta.url));
    const child = fork(file, ["write:driver", join(folder, "bare.db")], {
      env: { ...process.env, SPANS: "40000" },
    });
    const [{ perSecond }] = await once(child, "message");
    await once(child, "exit");
    rmSync(folder, { recursive: true, force: true });
    rates.push(perSecond);
  }
  return median(rates);
}

async function ingestRate(url) {
  const bodies = await sampleBodies();
  const warm = bodies.splice(0, bodies.length / 5);
  const headers = { "content-type": "application/x-protobuf" };
  const { Agent } = await import("node:http");
  const agent = new Agent({ keepAlive: true });
  const post = (body) =>
    new Promise((resolve, reject) => {
      const call = request(`${url}/v1/traces`, { method: "POST", agent, headers }, (answer) => {
        answer.resume().on("end", () => (answer.statusCode === 200 ? resolve() : reject(answer.statusCode)));
      });
      call.on("error", reject).end(body);
    });
  const posts = async (left) => {
    for (let body = left.pop(); body !== undefined; body = left.pop()) await post(body);
  };
  await Promise.all([posts(warm), posts(warm)]);
  const began = performance.now();
  await Promise.all([posts(bodies), posts(bodies)]);
  agent.destroy();
  return (INGESTED * 0.8 * 1000) / (performance.now() - began);
}

/** Spans of about 1 KB in requests, as OtlpTracer sends them. */
async function sampleBodies() {
  const { OtlpTracer } = await import("tracelight/otlp");
  const bodies = [];
  const server = createServer((incoming, outgoing) => {
    const chunks = [];
    incoming.on("data", (chunk) => chunks.push(chunk));
    incoming.on("end", () => {
      bodies.push(Buffer.concat(chunks));
      outgoing.end();
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${server.address().port}/v1/traces`;
  const tracer = new OtlpTracer({ url, maxBatchSpans: 512 });
  for (let i = 0; i < INGESTED; i++) {
    if (i % 5120 === 0) await tracer.flush();
    tracer.trace("get_weather", (span) => {
      span
        .addAttribute("ai.trace.type", "tool-invocation")
        .addAttribute("ai.conversation.id", `c-${i % 100}`);
      span.addAttribute("ai.auth.context", "user123").addAttribute("ai.tool.name", "get_weather");
      span.addAttribute("ai.tool.input", { city: "Amsterdam", days: 2 });
      span.addAttribute("ai.tool.output", `${i} ${TEXT}`);
    });
  }
  await tracer.close();
  server.close();
  return bodies;
}

async function decodeRate() {
  const { InMemoryTracer } = await import("tracelight");
  const { otlpReceiver } = await import("tracelight/otlp");
  // The decoder has no door of its own: a receiver without a server is it, and a little more.
  const receive = otlpReceiver(new InMemoryTracer({ memorySize: 0 }));
  const bodies = await sampleBodies();
  const post = (body) => {
    const headers = { "content-type": "application/x-protobuf" };
    return receive(new Request("http://localhost/v1/traces", { method: "POST", headers, body }));
  };
  for (const body of bodies) await post(body);
  const began = performance.now();
  for (const body of bodies) await post(body);
  console.log(JSON.stringify((INGESTED * 1000) / (performance.now() - began)));
}

async function send(name, url) {
  const { unit, flush } = await (name.startsWith("otel-") ? theirs : ours)(name.replace("otel-", ""), url);
  const [began, usage] = [performance.now(), process.cpuUsage()];
  for (let done = 0; done < UNITS; done += TURN) {
    for (let i = 0; i < TURN; i++) unit(done + i);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await flush();
  const wall = ((performance.now() - began) * 1000) / UNITS;
  const { user, system } = process.cpuUsage(usage);
  const spans = Number(await (await fetch(`${url}/count`)).text());
  if (spans !== UNITS * 2) throw new Error(`${name}: ${spans} of ${UNITS * 2} spans arrived`);
  console.log(JSON.stringify({ wall, processor: (user + system) / UNITS }));
  process.exit(0);
}

async function ours(name, url) {
  const { OtlpTracer } = await import("tracelight/otlp");
  const [encoding, compression = "none"] = name.split("-");
  const room = { maxQueuedSpans: UNITS * 2, maxQueuedBytes: 1 << 30 };
  const tracer = new OtlpTracer({ url: `${url}/v1/traces`, encoding, compression, ...room });
  const unit = (i) => {
    tracer.trace("parent", { spanKind: "SERVER" }, (parent) => {
      parent.addAttribute("ai.conversation.id", `c${i % 50}`, { inheritable: true });
      parent.addAttribute("ai.auth.context", "user123", { inheritable: true });
      tracer.trace("child", (child) => {
        child.addAttribute("ai.trace.type", "tool-invocation").addAttribute("ai.tool.input", "Hello, world!");
        child.addAttribute("ai.tool.output", "World, hello!");
      });
    });
  };
  return { unit, flush: () => tracer.flush() };
}

async function theirs(name, url) {
  const [encoding, compression = "none"] = name.split("-");
  const api = await import("@opentelemetry/api");
  const sdk = await import("@opentelemetry/sdk-trace-base");
  const { AsyncLocalStorageContextManager } = await import("@opentelemetry/context-async-hooks");
  const { OTLPTraceExporter } = await (encoding === "json"
    ? import("@opentelemetry/exporter-trace-otlp-http")
    : import("@opentelemetry/exporter-trace-otlp-proto"));
  api.context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const exporter = new OTLPTraceExporter({ url: `${url}/v1/traces`, compression, concurrencyLimit: 1000 });
  const processor = new sdk.BatchSpanProcessor(exporter, { maxQueueSize: UNITS * 2 });
  const provider = new sdk.BasicTracerProvider({ spanProcessors: [processor] });
  const tracer = provider.getTracer("bench");
  const unit = (i) => {
    tracer.startActiveSpan("parent", { kind: api.SpanKind.SERVER }, (parent) => {
      parent.setAttribute("ai.conversation.id", `c${i % 50}`).setAttribute("ai.auth.context", "user123");
      tracer.startActiveSpan("child", (child) => {
        child.setAttribute("ai.trace.type", "tool-invocation").setAttribute("ai.tool.input", "Hello, world!");
        child.setAttribute("ai.tool.output", "World, hello!");
        child.end();
      });
      parent.end();
    });
  };
  return { unit, flush: () => provider.forceFlush() };
}

/** Takes every batch at once, and counts the spans when it is asked: what is left is the sender's own work. */
async function sponge() {
  const { InMemoryTracer } = await import("tracelight");
  const { otlpReceiver } = await import("tracelight/otlp");
  let requests = [];
  const count = async () => {
    const tracer = new InMemoryTracer({ memorySize: 0 });
    const receive = otlpReceiver(tracer);
    for (const { headers, body } of requests) {
      const copy = new Headers({ "content-type": headers["content-type"] });
      if (headers["content-encoding"]) copy.set("content-encoding", headers["content-encoding"]);
      await receive(new Request("http://localhost/v1/traces", { method: "POST", headers: copy, body }));
    }
    requests = [];
    return (await tracer.flush()).written;
  };
  const server = createServer((incoming, outgoing) => {
    const chunks = [];
    incoming.on("data", (chunk) => chunks.push(chunk));
    incoming.on("end", async () => {
      if (incoming.method === "GET") return outgoing.end(String(await count()));
      requests.push({ headers: incoming.headers, body: Buffer.concat(chunks) });
      outgoing.writeHead(200, { "content-type": incoming.headers["content-type"] });
      return outgoing.end(incoming.headers["content-type"] === "application/json" ? "{}" : "");
    });
  });
  server.listen(0, "127.0.0.1", () => process.send(`http://127.0.0.1:${server.address().port}`));
}

async function collector(name) {
  const { otlpReceiver, serveOtlp } = await import("tracelight/otlp");
  const { url } = await serveOtlp(otlpReceiver(await sinks[name]()), { port: 0 });
  process.send(url);
}

function start(...what) {
  const child = fork(self, what);
  return new Promise((resolve) => {
    child.once("message", (url) => resolve({ url, stop: () => child.kill() }));
  });
}

async function run(...what) {
  const { stdout } = await promisify(execFile)(process.execPath, [self, ...what]);
  return JSON.parse(stdout);
}

function median(numbers) {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
}
