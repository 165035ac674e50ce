// What stays in memory: contexts of OpenTelemetry's API that outlive their spans. A process with the garbage collector at hand.
import { execFile } from "node:child_process";
import { mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, it } from "vitest";

const run = promisify(execFile);
const folder = realpathSync(mkdtempSync(join(tmpdir(), "tracelight-otel-memory-")));

beforeAll(async () => {
  const source = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
  symlinkSync(source("node_modules"), join(folder, "node_modules"));
  const contents = 'export * from "./index.ts"; export * from "./otel/index.ts";';
  await build({
    stdin: { contents, resolveDir: source("src") },
    ...{ bundle: true, packages: "external", platform: "node", format: "esm", logLevel: "error" },
    outfile: join(folder, "tracelight.mjs"),
  });
  writeFileSync(join(folder, "app.mjs"), SCRIPT);
  const { stdout } = await run(process.execPath, ["--expose-gc", join(folder, "app.mjs")], { cwd: folder });
  all = JSON.parse(stdout);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Spans of each way, and the bytes that each carries. */
const SPANS = 250;
const BYTES = 100_000;

/** How libraries keep the context of a span: each expression, run within the span, gives what runs a function there later. */
const WAYS: Readonly<Record<string, string>> = {
  "context.active()": "(active) => (fn) => context.with(active, fn)",
  "a context with a value of its own": "(active) => (fn) => context.with(active.setValue(KEY, 1), fn)",
  "a context made from the span": `(_, span) => {
    const made = trace.setSpan(ROOT_CONTEXT, span);
    return (fn) => context.with(made, fn);
  }`,
  "a bound callback": "(active) => context.bind(active, (fn) => fn())",
  "a bound emitter": `(active) => {
    const emitter = context.bind(active, new EventEmitter()).on("later", (fn) => fn());
    return (fn) => emitter.emit("later", fn);
  }`,
  "a timer or socket": `() => {
    const resource = new AsyncResource("socket");
    return (fn) => resource.runInAsyncScope(fn);
  }`,
  "the span itself": "(_, span) => (fn) => context.with(trace.setSpan(context.active(), span), fn)",
  "a timer within a span of ours": `() => tracer.trace("ours", (ours) => {
    ours.addAttribute("payload", payload());
    const resource = new AsyncResource("timer");
    const [{ spanId }, active] = [ours, context.active()];
    return Object.assign((fn) => resource.runInAsyncScope(() => context.with(active, fn)), { below: spanId });
  })`,
};

/** What a script finds of each way, one after the other: bytes that are kept while the spans run, and after. */
interface Found {
  readonly running: number;
  readonly ended: number;
  readonly isRight: boolean;
  readonly later: number;
}

const SCRIPT = `
  import { AsyncResource } from "node:async_hooks";
  import { EventEmitter } from "node:events";
  import { context, createContextKey, ROOT_CONTEXT, trace } from "@opentelemetry/api";
  import { registerTracer, Tracer } from "./tracelight.mjs";

  const KEY = createContextKey("key");
  let parents = [];
  const write = ({ spanName, parentSpanId }) => void (spanName === "later" && parents.push(parentSpanId));
  const tracer = new Tracer({ name: "drop", write });
  registerTracer(tracer);
  const library = trace.getTracer("library");
  let count = 0;
  const payload = () => Buffer.alloc(${BYTES}, String(count++)).toString("latin1");
  async function heap() {
    for (let i = 0; i < 4; i++) { await new Promise((resolve) => setImmediate(resolve)); globalThis.gc(); }
    return process.memoryUsage().heapUsed;
  }
  async function found(keep) {
    parents = [];
    const kept = [];
    let open = [];
    const empty = await heap();
    for (let i = 0; i < ${SPANS}; i++) {
      library.startActiveSpan("request", (span) => {
        span.setAttribute("payload", payload());
        const later = keep(context.active(), span);
        kept.push({ later, below: later.below ?? span.spanContext().spanId });
        open.push(span);
      });
    }
    const running = (await heap()) - empty;
    for (const span of open) span.end();
    open = [];
    const ended = (await heap()) - empty;
    for (const { later } of kept) later(() => library.startSpan("later").end());
    const isRight = kept.every(({ below }, i) => parents[i] === below);
    return { running, ended, isRight, later: parents.length };
  }
  const all = {};
  for (const [way, keep] of Object.entries({ ${Object.entries(WAYS)
    .map(([way, keep]) => `${JSON.stringify(way)}: ${keep}`)
    .join(", ")} })) all[way] = await found(keep);
  console.log(JSON.stringify(all));`;

let all: Readonly<Record<string, Found>>;

it.each(Object.keys(WAYS))("an ended span's payload is not kept by %s, which still is its place", (way) => {
  const { running = 0, ended, ...rest } = all[way] ?? {};
  expect(rest).toEqual({ isRight: true, later: SPANS });
  // What the ways before it left may go meanwhile.
  expect(running).toBeGreaterThan((SPANS * BYTES) / 2);
  expect(ended).toBeLessThan((SPANS * BYTES) / 20);
});
