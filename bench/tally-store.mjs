// Makes the store that the figures of `tally` are taken from: a million spans of 50,000 conversations over 30 days.
import { SqliteTracer } from "tracelight/sqlite";

const CALLS = 9;
const MONTH_MS = 30 * 24 * 3600 * 1000;
const MODELS = ["claude-sonnet-4-5", "claude-haiku-4-5", "gpt-5.2"];
const AGENTS = ["Weather", "Travel", "Support"];
const TEXT = "The forecast for the coming days is mild, with a little rain in the evening. ".repeat(6);

/** Two turns a conversation: each one a head, five calls of models and four of tools. */
export async function makeStore(path, conversations, now = Date.now()) {
  const tracer = new SqliteTracer({ path, retention: false, recordStarts: false });
  for (let i = 0; i < conversations; i++) {
    const at = Math.floor(now - MONTH_MS + (MONTH_MS * i) / conversations);
    for (let turn = 0; turn < 2; turn++) writeTurn(tracer, { i, turn, at: at + turn * 20_000 });
    if (i % 25 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  const { written } = await tracer.flush();
  await tracer.close();
  return written;
}

function writeTurn(tracer, { i, turn, at }) {
  const head = tracer.startSpan("converse", {
    spanKind: "SERVER",
    startedAt: new Date(at),
    parentSpan: null,
  });
  head.addAttributes({
    "ai.trace.type": "converse",
    "ai.agent.name": AGENTS[i % AGENTS.length],
    "ai.user.input": `Question ${i} of turn ${turn}: ${TEXT.slice(0, 60)}`,
    "ai.agent.response": TEXT,
  });
  head.addAttribute("ai.conversation.id", `conversation ${i}`, { inheritable: true });
  head.addAttribute("ai.auth.context", { principal_id: `user-${i % 500}` }, { inheritable: true });
  for (let k = 0; k < CALLS; k++) {
    const begin = at + k * 900;
    const span =
      k % 2 === 0 ? modelCall(tracer, head, { i, k, begin }) : toolCall(tracer, head, { i, k, begin });
    span.end(new Date(begin + 50 + ((i * 7 + k * 131) % 800)));
  }
  head.end(new Date(at + CALLS * 900 + (i % 100)));
}

function modelCall(tracer, head, { i, k, begin }) {
  const call = tracer.startSpan("llm", { spanKind: "CLIENT", startedAt: new Date(begin), parentSpan: head });
  call.addAttributes({
    "ai.trace.type": "llm-invocation",
    "ai.llm.request.model.id": MODELS[(i + k) % MODELS.length],
    "ai.llm.response.output": TEXT,
    "ai.llm.response.stop.reason": k === CALLS - 1 ? "end_turn" : "tool_use",
    "ai.llm.response.usage": {
      input_tokens: 500 + (i % 1000),
      output_tokens: 20 + (i % 300),
      cache_read_input_tokens: k * 400,
    },
    ...(i % 3 === 0 ? { "gen_ai.usage.reasoning.output_tokens": 10 } : {}),
  });
  return call;
}

function toolCall(tracer, head, { i, k, begin }) {
  const call = tracer.startSpan(`tool ${k}`, { startedAt: new Date(begin), parentSpan: head });
  call.addAttributes({
    "ai.trace.type": "tool-invocation",
    "ai.tool.name": `tool_${(i + k) % 12}`,
    "ai.tool.input": { city: "Amsterdam", days: i % 7 },
    "ai.tool.output": TEXT,
  });
  if ((i + k) % 50 === 0) call.setStatus("ERROR", "no such city");
  return call;
}
