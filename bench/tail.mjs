// Tail sampling under load: `npm run bench -- keep`. SECONDS of RATE spans a second in 1,000 open traces, some of 100,000 spans, some
// that never end. It says what waited at most, and whether a trace was split or a count is off.
import { Tracer } from "tracelight";
import { failed, tailSampling } from "tracelight/sampling";
import { isFull, row } from "./effort.mjs";

const SECONDS = Number(process.env.SECONDS ?? (isFull ? 60 : 10));
/** Spans that must get through in a second, and how many come: what is paced by the clock never makes up for all that it was held. */
const BAR = 10_000;
const RATE = Number(process.env.RATE ?? 12_000);
const OPEN = 1000;
const LONG = Number(process.env.LONG ?? 100_000);
const MAX_SPANS = 20_000;
const MAX_BYTES = 64 * 2 ** 20;
/** Of the open traces, so many are long, and so many never end. */
const [LONG_ONES, ENDLESS] = [3, 20];

const kept = new Map();
const sink = {
  name: "count",
  write: ({ traceId }) => void kept.set(traceId, (kept.get(traceId) ?? 0) + 1),
};
const tail = tailSampling(sink, {
  keep: [failed],
  share: 0.05,
  maxSpans: MAX_SPANS,
  maxBytes: MAX_BYTES,
  maxWaitMs: 20_000,
});
const tracer = new Tracer(tail);
const made = new Map();
let [ended, most, heap, longestMs, heldMs, next] = [0, 0, 0, 0, 0, 0];

function begin(number) {
  const kind = number < LONG_ONES ? "long" : number < LONG_ONES + ENDLESS ? "endless" : "plain";
  const root = tracer.startSpan("turn");
  return {
    root,
    left: kind === "long" ? LONG : kind === "endless" ? Number.POSITIVE_INFINITY : 5 + (number % 30),
    spans: 1,
  };
}

const traces = Array.from({ length: OPEN }, (_, i) => begin(i));

/** One more span of a trace; the last ends it, and another begins in its place. */
function step(i) {
  const trace = traces[i];
  if (trace.left-- > 0) {
    tracer.trace("step", { parentSpan: trace.root }, (span) => {
      span.addAttribute("ai.tool.input", "Hello, world!");
      if (next % 2000 === 0) span.setStatus("ERROR");
    });
    trace.spans++;
  } else {
    trace.root.end();
    made.set(trace.root.traceId, trace.spans);
    traces[i] = begin(OPEN + next);
  }
  ended++;
}

globalThis.gc?.();
const before = process.memoryUsage().heapUsed;
const usedBefore = process.cpuUsage();
const began = performance.now();
while (performance.now() - began < SECONDS * 1000) {
  const due = ((performance.now() - began) / 1000) * RATE;
  // To look at the processor's time takes as long as ten spans: only where there are some.
  if (ended >= due) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    continue;
  }
  const [turn, used] = [performance.now(), process.cpuUsage()];
  for (let n = 0; n < 100 && ended < due; n++) {
    // A long one gets every tenth span.
    step(next % 10 === 0 ? next % LONG_ONES : next % OPEN);
    next++;
  }
  most = Math.max(most, tail.pending);
  longestMs = Math.max(longestMs, performance.now() - turn);
  const { user, system } = process.cpuUsage(used);
  heldMs = Math.max(heldMs, (user + system) / 1000);
  if (next % 50_000 < 100) heap = Math.max(heap, process.memoryUsage().heapUsed - before);
  await new Promise((resolve) => setImmediate(resolve));
}
const { user, system } = process.cpuUsage(usedBefore);
const processorMs = (user + system) / 1000;
for (const { root, spans } of traces) made.set(root.traceId, spans);
const report = await tracer.close();
const unsampled = Object.values(report.unsampled ?? {}).reduce((sum, spans) => sum + spans, 0);
const split = [...kept].filter(([traceId, spans]) => made.get(traceId) !== spans).length;
const all = [...made.values()].reduce((sum, spans) => sum + spans, 0);

row(`tail: spans a second, for ${SECONDS} s`, Math.round(ended / SECONDS), BAR, true);
const perSecond = Math.round(ended / (processorMs / 1000));
row("tail: spans a second of processor time, this program's own included", perSecond, BAR, true);
row("tail: traces open; made; kept", `${OPEN}; ${made.size}; ${kept.size}`);
row("tail: spans that waited, at most", most, MAX_SPANS);
row("tail: heap beyond the start, at most, MB", (heap / 2 ** 20).toFixed(0));
row("tail: the loop held, at most, ms of processor time", heldMs.toFixed(1), 20);
row("tail: the same by the clock, in which other programs have their turns", longestMs.toFixed(1));
row("tail: traces split", split, 0);
row("tail: spans made, less written and unsampled", all - report.written - unsampled, 0);
console.log(JSON.stringify(report.unsampled));
