// An agent that is watched: writes spans at an even rate into an SQLite file, in one trace or one for each ten, and says when each began.
import { once } from "node:events";
import { setTimeout } from "node:timers/promises";
import { SqliteTracer } from "tracelight/sqlite";

const [path, options] = process.argv.slice(2);
const { rate, seconds, isMany = false } = JSON.parse(options);
const TURN_MS = 50;
const OF_A_TURN = 10;

const tracer = new SqliteTracer({ path, retention: false });
let turn = begin();
const first = turn;
await tracer.flush();
process.send({ traceId: turn.traceId });
await once(process, "message");

const starts = [];
const began = performance.now();
let open = [];
while (starts.length < rate * seconds) {
  const due = Math.min(rate * seconds, ((performance.now() - began) / 1000) * rate);
  while (starts.length < due) open.push(step());
  await setTimeout(TURN_MS);
  for (const span of open) span.end();
  open = [];
}
turn.end();
await tracer.close();
// A list of 45,000 starts takes a while on its way: what is cut off before is never heard.
process.send({ starts, traceId: first.traceId }, () => process.disconnect());

function step() {
  if (isMany && starts.length % OF_A_TURN === 0) {
    turn.end();
    turn = begin();
  }
  const span = tracer.startSpan("tool", { parentSpan: turn });
  span.addAttributes({ "ai.trace.type": "tool-invocation", "ai.tool.name": `tool_${starts.length % 12}` });
  starts.push(Date.now());
  return span;
}

function begin() {
  const span = tracer.startSpan("converse", { parentSpan: null, spanKind: "SERVER" });
  return span.addAttributes({
    "ai.trace.type": "converse",
    "ai.user.input": "Watch me",
    "ai.conversation.id": span.traceId,
  });
}
