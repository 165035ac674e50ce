// The stores of the figures: a trace of 100,000 spans, one with a value of 50 MB, conversations with long prompts.
import { SqliteTracer } from "tracelight/sqlite";

const WORDS = "What will the weather be on the way from Rotterdam to Utrecht, and is there a train? ";

/** A trace of so many spans: a turn, cycles in it, calls and tools in those. Its id. */
export async function makeTrace(path, spans, large = 0) {
  const tracer = new SqliteTracer({ path, retention: false, recordStarts: false });
  const began = Date.now() - spans * 10;
  const at = (i) => new Date(began + i * 10);
  const turn = start(tracer, "converse", { parentSpan: null, startedAt: at(0), spanKind: "SERVER" });
  turn.addAttributes({ "ai.trace.type": "converse", "ai.user.input": WORDS, "ai.conversation.id": "long" });
  let made = 1;
  while (made < spans) {
    const cycle = start(tracer, "cycle", { parentSpan: turn, startedAt: at(made) });
    cycle.addAttribute("ai.trace.type", "cycle");
    const first = made++;
    for (; made < spans && made - first < CYCLE; made++) step(tracer, cycle, { i: made, began: at(made) });
    cycle.end(at(made));
    if (made % 2000 < CYCLE) await tracer.flush();
  }
  if (large > 0) turn.addAttribute("report", WORDS.repeat(Math.ceil(large / WORDS.length)).slice(0, large));
  turn.end(at(made));
  await tracer.flush();
  await tracer.close();
  return { traceId: turn.traceId, spanId: turn.spanId };
}

const CYCLE = 25;

function step(tracer, parent, { i, began }) {
  const isModel = i % 2 === 0;
  const span = start(tracer, isModel ? "llm" : "tool", { parentSpan: parent, startedAt: began });
  if (isModel) {
    span.addAttributes({
      "ai.trace.type": "llm-invocation",
      "ai.llm.request.model.id": `claude-${i % 3}`,
      "ai.llm.response.usage": { input_tokens: 500 + (i % 1000), output_tokens: 20 + (i % 300) },
    });
  } else {
    span.addAttributes({
      "ai.trace.type": "tool-invocation",
      "ai.tool.name": `tool_${i % 12}`,
      "ai.tool.input": { city: "Rotterdam", days: i % 7 },
    });
    if (i % 501 === 0) span.setStatus("ERROR", "no such city");
  }
  span.end(new Date(began.getTime() + 3 + (i % 6)));
}

function start(tracer, name, options) {
  return tracer.startSpan(name, options);
}

/** Conversations whose prompts are so many characters long. */
export async function makePrompts(path, { conversations, length }) {
  const tracer = new SqliteTracer({ path, retention: false });
  for (let i = 0; i < conversations; i++) {
    const turn = start(tracer, "converse", { parentSpan: null, startedAt: new Date(Date.now() - i * 1000) });
    const prompt = `Question ${i}: ${WORDS.repeat(Math.ceil(length / WORDS.length))}`.slice(0, length);
    turn.addAttributes({
      ...{ "ai.trace.type": "converse", "ai.agent.name": "Travel", "ai.user.input": prompt },
      "ai.conversation.id": `trip ${i}`,
    });
    turn.end();
  }
  await tracer.close();
}
