// The figures of the context lens and of comparing: `npm run bench -- context`. Each is the viewer's own answer, over SQLite and over DynamoDB's
// emulator in a process of its own; the first answer of each is thrown away, and the median of ROUNDS is told. CALLS, SPANS and MEGABYTES make it smaller.
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { InMemoryTracer } from "tracelight";
import { DynamoDbTracer, ensureTable, startLocalDynamoDb } from "tracelight/dynamodb";
import { SqliteTracer } from "tracelight/sqlite";
import { createViewer } from "tracelight/viewer";
import { withBrowser } from "./page/browser.mjs";
import { comparedFrames, exportedFile } from "./page/compared.mjs";

const CALLS = Number(process.env.CALLS ?? 500);
const SPANS = Number(process.env.SPANS ?? 5000);
const ROUNDS = Number(process.env.ROUNDS ?? 5);
const MEGABYTES = Number(process.env.MEGABYTES ?? 100);

process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = "true";
if (process.argv[2] === "emulator") {
  const { endpoint } = await startLocalDynamoDb();
  process.send(endpoint);
  await once(process, "disconnect");
  process.exit();
}

const folder = mkdtempSync(join(tmpdir(), "tracelight-bench-"));
const emulator = fork(fileURLToPath(import.meta.url), ["emulator"]);
const [endpoint] = await once(emulator, "message");
const table = { tableName: "Traces", endpoint };
await ensureTable(table);
const sqlite = new SqliteTracer({ path: join(folder, "traces.db") });
const dynamodb = new DynamoDbTracer(table);
const memory = new InMemoryTracer({ memorySize: 1_000_000 });
const rows = [];
try {
  for (const [name, tracer] of [
    ["SQLite", sqlite],
    ["DynamoDB (emulator)", dynamodb],
  ]) {
    await grow(tracer, "grown", CALLS);
    await tracer.flush();
    await answer(
      `${name}: lens of ${CALLS} calls on 200k tokens`,
      tracer,
      "api/conversations/grown/context",
      300,
    );
  }
  twoCalls(sqlite);
  twoCalls(memory);
  await sqlite.flush();
  for (const [name, tracer] of [
    ["SQLite", sqlite],
    ["memory", memory],
  ])
    await answer(
      `${name}: two calls of 1,000 messages, 1 MB, the tail differs`,
      tracer,
      "api/compare?a=two%231&b=two%232",
      50,
    );
  const traces = [run(sqlite, 0), run(sqlite, 1)];
  await sqlite.flush();
  await answer(
    `SQLite: two traces of ${SPANS} spans`,
    sqlite,
    `api/compare?a=${traces[0]}&b=${traces[1]}`,
    200,
  );
  const others = [run(memory, 0), run(memory, 1)];
  await answer(
    `memory: two traces of ${SPANS} spans`,
    memory,
    `api/compare?a=${others[0]}&b=${others[1]}`,
    200,
  );
  await withBrowser(async (browser) => {
    rows.push(...(await comparedFrames({ browser, path: join(folder, "traces.db"), ids: traces })));
    rows.push(...(await exportedFile({ browser, folder, megabytes: MEGABYTES })));
  });
} finally {
  await Promise.all([sqlite.close(), dynamodb.close()]);
  emulator.disconnect();
  rmSync(folder, { recursive: true, force: true });
}
console.log(
  [
    `Node ${process.version}, ${ROUNDS} rounds, medians, milliseconds of processor and of the clock; met or missed by the processor, where that is known:`,
    "",
    "| what | processor | clock | KB | bar | |",
    "| --- | --- | --- | --- | --- | --- |",
    ...rows.map(({ what, processor, clock, KB = "", bar }) => {
      const ms = Number.isNaN(processor) ? clock : processor;
      const verdict = bar === undefined ? "" : ms <= bar ? "met" : "missed";
      return `| ${what} | ${Number.isNaN(processor) ? "" : processor} | ${clock} | ${KB} | ${bar ?? ""} | ${verdict} |`;
    }),
  ].join("\n"),
);

async function answer(what, tracer, path, bar) {
  const viewer = createViewer(tracer);
  const [cpu, clock] = [[], []];
  let bytes = 0;
  for (let round = 0; round <= ROUNDS; round++) {
    const [before, start] = [process.cpuUsage(), performance.now()];
    const response = await viewer(new Request(`http://localhost/${path}`));
    bytes = (await response.arrayBuffer()).byteLength;
    if (response.status !== 200) throw new Error(`${what}: ${response.status}`);
    if (round === 0) continue;
    clock.push(performance.now() - start);
    const { user, system } = process.cpuUsage(before);
    cpu.push((user + system) / 1000);
  }
  const [processor, ms] = [median(cpu), median(clock)];
  rows.push({
    what,
    processor: Math.round(processor),
    clock: Math.round(ms),
    bar,
    KB: Math.round(bytes / 1024),
  });
}

function median(numbers) {
  return numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
}

/** A conversation whose last call has 200,000 tokens: 800 KB of messages. */
async function grow(tracer, id, calls) {
  const messages = [];
  const text = "lorem ipsum dolor sit amet ".repeat(Math.ceil(800_000 / calls / 2 / 27));
  const tools = {
    tools: Array.from({ length: 12 }, (_, i) => ({
      toolSpec: {
        name: `tool_${i}`,
        description: "What it does. ".repeat(20),
        inputSchema: { json: { type: "object" } },
      },
    })),
  };
  await tracer.trace("converse", async (turn) => {
    turn.addAttributes({ "ai.conversation.id": id, "ai.agent.name": "supervisor" }, { inheritable: true });
    turn.addAttribute("ai.trace.type", "converse");
    for (let i = 0; i < calls; i++) {
      messages.push({ role: "user", content: [{ text: `Question ${i} ${text}` }] });
      modelCall(
        tracer,
        messages,
        { "ai.llm.request.system": "Be brief. ".repeat(200), "ai.llm.request.tool.config": tools },
        i,
      );
      messages.push({ role: "assistant", content: [{ text: `Answer ${i} ${text}` }] });
      if (i % 20 === 0) await tracer.flush();
    }
  });
}

function modelCall(tracer, messages, attributes, i) {
  const input = 2000 + 400 * i;
  tracer.trace("llm", (call) =>
    call.addAttributes({
      "ai.trace.type": "llm-invocation",
      "ai.llm.request.model.id": "claude-sonnet-4-5",
      "ai.llm.request.messages": messages,
      "ai.llm.response.usage": {
        inputTokens: 0,
        outputTokens: 50,
        cacheReadInputTokens: input - 400,
        cacheWriteInputTokens: 400,
      },
      ...attributes,
    }),
  );
}

function twoCalls(tracer) {
  const text = "lorem ipsum dolor sit amet ".repeat(37);
  const messages = Array.from({ length: 1000 }, (_, i) => ({
    role: i % 2 === 0 ? "user" : "assistant",
    content: [{ text: `Message ${i} ${text}` }],
  }));
  tracer.trace("converse", (turn) => {
    turn.addAttribute("ai.conversation.id", "two", { inheritable: true });
    turn.addAttribute("ai.trace.type", "converse");
    modelCall(tracer, messages, {}, 1);
    const tail = messages
      .slice(0, 990)
      .concat(
        messages.slice(990).map(({ role }, i) => ({ role, content: [{ text: `Other ${i} ${text}` }] })),
      );
    modelCall(tracer, structuredClone(tail), {}, 2);
  });
}

/** A trace of so many spans; every fiftieth tool call is another one in the second. */
function run(tracer, which) {
  let traceId = "";
  tracer.trace("converse", (turn) => {
    traceId = turn.traceId;
    turn.addAttribute("ai.trace.type", "converse");
    for (let i = 1; i < SPANS; i++) {
      tracer.trace("work", (span) =>
        span.addAttributes(
          i % 5 === 0
            ? {
                "ai.trace.type": "llm-invocation",
                "ai.llm.request.model.id": "sonnet",
                "ai.llm.response.usage": { inputTokens: 10, outputTokens: 1 },
              }
            : {
                "ai.trace.type": "tool-invocation",
                "ai.tool.name": `tool_${(i + (which === 1 && i % 50 === 1 ? 1 : 0)) % 7}`,
                "ai.tool.input": { i },
              },
        ),
      );
    }
  });
  return traceId;
}
