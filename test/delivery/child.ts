// A process that traces into a journal and ends as it is told: run by the journal's tests.
import { request } from "node:http";
import { syncBuiltinESMExports } from "node:module";
import os from "node:os";
import { closeOnSignals, type Span, Tracer } from "tracelight";
import { Delivery } from "../../src/delivery/delivery.ts";
import type { Outcome } from "../../src/delivery/transport.ts";
import { steadyClock } from "../../src/model/timers.ts";
import { Faults } from "../../src/tracing/faults.ts";
import { endsWithParent } from "../ends-with-parent.ts";

endsWithParent();

/** What the process does: adds spans in one tick, then ends in one of these ways. */
export interface Task {
  readonly journal?: string;
  /** The server to send to. Without one, every send fails. */
  readonly url?: string;
  readonly name: string;
  readonly spans: number;
  readonly text?: number;
  /** Attributes of each span besides. */
  readonly attributes?: number;
  readonly finish: "kill" | "exit" | "end" | "stay" | "flush" | "signal";
  /** How far its clock is ahead of the others'. */
  readonly aheadMs?: number;
  /** The name of the host that it takes itself to run on. */
  readonly host?: string;
  /** Ends for good after so many looks around its journal, 15 s each by its own steady clock; for `flush`. */
  readonly looks?: number;
}

const task: Task = JSON.parse(process.argv[2] ?? "{}");
const { url } = task;
if (task.aheadMs !== undefined) setClock(task.aheadMs);
if (task.host !== undefined) setHost(task.host);

const delivery = new Delivery<string>({
  transport: {
    name: "server",
    maxBatchSpans: 25,
    encode: (span) => span.spanName,
    size: (name) => name.length,
    send: (names) => (url === undefined ? Promise.reject(new Error("no server")) : post(url, names)),
  },
  faults: new Faults(undefined),
  options: {
    baseRetryDelayMs: 5,
    maxRetryDelayMs: 50,
    ...(task.journal === undefined ? {} : { journal: task.journal }),
  },
});
const tracer = new Tracer({
  name: "child",
  write: (span: Span) => delivery.add(span),
  flush: ({ timeoutMs }) => delivery.flush(timeoutMs),
  close: () => {
    process.stdout.write("closing\n");
    return delivery.close();
  },
});

const text = "x".repeat(task.text ?? 10);
for (let i = 0; i < task.spans; i++) {
  const span = tracer.startSpan(`${task.name}-${i}`).addAttribute("text", text);
  for (let n = 0; n < (task.attributes ?? 0); n++) span.addAttribute(`key ${n}`, n);
  span.end();
}

if (task.finish === "kill") process.kill(process.pid, "SIGKILL");
if (task.finish === "exit") process.exit(3);
if (task.finish === "stay") setInterval(() => undefined, 1000);
if (task.finish === "flush") await flushOften(task.looks ?? 1);
if (task.finish === "signal") {
  closeOnSignals(tracer);
  setInterval(() => undefined, 1000);
}
process.stdout.write("ready\n");

/** Time passes quickly here. */
async function flushOften(looks: number): Promise<void> {
  const { now } = steadyClock;
  for (let look = 0; look < looks; look++) {
    steadyClock.now = () => now() + look * 15_000;
    await tracer.flush();
  }
}

function setClock(aheadMs: number): void {
  const now = Date.now.bind(Date);
  Date.now = () => now() + aheadMs;
  globalThis.Date = new Proxy(Date, {
    construct: (target, given, to) =>
      Reflect.construct(target, given.length === 0 ? [target.now()] : given, to),
  });
}

function setHost(name: string): void {
  os.hostname = () => name;
  syncBuiltinESMExports();
}

function post(to: string, names: readonly string[]): Promise<readonly Outcome[]> {
  return new Promise((resolve, reject) => {
    const call = request(to, { method: "POST" }, (answer) => {
      answer.resume();
      answer.on("end", () => resolve(names.map(() => ({ kind: "delivered" }))));
      answer.on("error", reject);
    });
    call.on("error", reject);
    call.end(JSON.stringify(names));
  });
}
