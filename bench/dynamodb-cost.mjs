// What spans cost in DynamoDB: `node bench/dynamodb-cost.mjs`. Counts the units of all that a typical agent writes.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { DynamoDbTracer } from "tracelight/dynamodb";

process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = "true";

// On-demand, Standard table class, us-east-1, since November 2024: https://aws.amazon.com/dynamodb/pricing/on-demand/.
// Prices differ between regions and change: look before you rely on them.
const DOLLARS_PER_MILLION_WRITE_UNITS = 0.625;
const DOLLARS_PER_MILLION_READ_UNITS = 0.125;
const DOLLARS_PER_GB_MONTH = 0.25;

const CONVERSATIONS = 100;
const TURNS = 10;
const SPANS_PER_TURN = 5;
const MESSAGE_CHARACTERS = 1000;
const MONTH_SECONDS = 30 * 24 * 60 * 60;
const GB = 1024 ** 3;
/** What DynamoDB's storage adds to each item, and to each entry of an index. */
const OVERHEAD_BYTES = 100;

let random;
const words = readFileSync(new URL("../LICENSE", import.meta.url), "utf8").split(/\s+/);

async function measure() {
  const rows = [
    ["as given", await run({ dedupe: false })],
    ["`dedupe`", await run({ dedupe: true })],
    ["`dedupe`, each turn in a new process", await run({ dedupe: true, newProcessEachTurn: true })],
  ];
  console.log(`${CONVERSATIONS} conversations of ${TURNS} turns, scaled to a million spans:\n`);
  console.log("| | write units | read units | stored | writes and reads | storage |");
  console.log("| --- | --- | --- | --- | --- | --- |");
  for (const [name, totals] of rows) console.log(rowOf(name, totals));
}

function rowOf(name, { writes, reads, bytes, byteMonths, spans }) {
  const scale = 1_000_000 / spans;
  const dollars =
    writes * scale * DOLLARS_PER_MILLION_WRITE_UNITS + reads * scale * DOLLARS_PER_MILLION_READ_UNITS;
  const cells = [
    name,
    `${millions(writes * scale)} million`,
    `${millions(reads * scale)} million`,
    `${((bytes * scale) / GB).toFixed(1)} GB`,
    `$${(dollars / 1_000_000).toFixed(2)}`,
    `$${(((byteMonths * scale) / GB) * DOLLARS_PER_GB_MONTH).toFixed(2)}`,
  ];
  return `| ${cells.join(" | ")} |`;
}

function millions(units) {
  return (units / 1_000_000).toFixed(2);
}

async function run({ dedupe, newProcessEachTurn = false }) {
  random = randomFrom(1);
  const table = new CountingTable();
  const endpoint = await table.listen();
  const options = { tableName: "Cost", endpoint, identifier: "MyAgent", recentIndex: true, dedupe };
  let tracer = new DynamoDbTracer(options);
  for (let i = 0; i < CONVERSATIONS; i++) {
    const history = [];
    for (let turn = 0; turn < TURNS; turn++) {
      if (newProcessEachTurn) {
        await closed(tracer);
        tracer = new DynamoDbTracer(options);
      }
      traceTurn(tracer, `conversation-${String(i).padStart(6, "0")}`, history);
      await tracer.flush();
    }
  }
  await closed(tracer);
  table.close();
  return { ...table.totals, spans: CONVERSATIONS * TURNS * SPANS_PER_TURN };
}

async function closed(tracer) {
  const { pending, dropped, failed, errors } = await tracer.close();
  if (pending + dropped + failed > 0) throw new Error("Not all spans were written.", { cause: errors[0] });
}

/** A turn: the model asks for two tools, their results go to the model, which answers. Each call gives the whole history. */
function traceTurn(tracer, conversation, history) {
  tracer.trace("converse", { spanKind: "SERVER" }, (turn) => {
    turn.addAttribute("ai.conversation.id", conversation, { inheritable: true });
    turn.addAttribute("ai.auth.context", "user123", { inheritable: true });
    const question = text();
    turn.addAttributes({ "ai.trace.type": "converse", "ai.user.input": question });
    history.push({ role: "user", content: [{ text: question }] });
    callModel(tracer, history);
    callTool(tracer, history);
    callTool(tracer, history);
    turn.addAttribute("ai.agent.response", callModel(tracer, history));
  });
}

function callModel(tracer, history) {
  return tracer.trace("converse-model", { spanKind: "CLIENT" }, (call) => {
    const answer = text();
    const message = { role: "assistant", content: [{ text: answer }] };
    call.addAttributes({
      "ai.trace.type": "llm-invocation",
      "ai.llm.request.model.id": "a-model",
      "ai.llm.request.messages": history,
      "ai.llm.response.output": { message },
      "ai.llm.response.usage": { inputTokens: 250 * history.length, outputTokens: 250 },
    });
    history.push(message);
    return answer;
  });
}

function callTool(tracer, history) {
  tracer.trace("search", { spanKind: "CLIENT" }, (call) => {
    const result = text();
    call.addAttributes({ "ai.trace.type": "tool-invocation", "ai.tool.name": "search" });
    call.addAttributes({ "ai.tool.input": { query: "What is the weather?" }, "ai.tool.output": result });
    history.push({ role: "user", content: [{ toolResult: { content: [{ text: result }] } }] });
  });
}

/** A text of words, each as frequent as in a real one, so that it compresses as such do. */
function text() {
  let result = "";
  while (result.length < MESSAGE_CHARACTERS) result += `${words[Math.floor(random() * words.length)]} `;
  return result.slice(0, MESSAGE_CHARACTERS);
}

/** The same numbers in each run. */
function randomFrom(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** The requests that writing needs, on the loopback address: it holds what is written and counts what DynamoDB would bill. */
class CountingTable {
  totals = { writes: 0, reads: 0, bytes: 0, byteMonths: 0 };
  #items = new Map();
  #server = createServer((request, response) => {
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      const [, action] = request.headers["x-amz-target"].split(".");
      const answer = this.#answer(action, JSON.parse(Buffer.concat(chunks)).RequestItems);
      response.writeHead(200, { "content-type": "application/x-amz-json-1.0" }).end(JSON.stringify(answer));
    });
  });

  listen() {
    return new Promise((resolve) => {
      this.#server.listen(0, "127.0.0.1", () => resolve(`http://127.0.0.1:${this.#server.address().port}`));
    });
  }

  close() {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #answer(action, { Cost }) {
    if (action === "BatchWriteItem") {
      for (const { PutRequest } of Cost) this.#put(PutRequest.Item);
      return { UnprocessedItems: {} };
    }
    if (action !== "BatchGetItem") throw new Error(`Writing is not expected to ask for ${action}.`);
    const found = Cost.Keys.map((key) => this.#get(key, Cost.ConsistentRead));
    return { Responses: { Cost: found.filter((item) => item !== undefined) }, UnprocessedKeys: {} };
  }

  /** A unit for each started KB: of the item, again of its copy in the index by conversation, and one for the recent index. */
  #put(item) {
    const key = keyOf(item);
    const units = Math.ceil(bytesOfMap(item) / 1024);
    this.totals.writes += units + ("conversation_id" in item ? units : 0) + ("recent" in item ? 1 : 0);
    if (!this.#items.has(key)) this.#store(item);
    this.#items.set(key, item);
  }

  #store(item) {
    const bytes = bytesOfMap(item) + OVERHEAD_BYTES;
    const recent = ["pk", "sk", "recent", "conversation_id"].filter((name) => name in item);
    const recentBytes =
      bytesOfMap(Object.fromEntries(recent.map((name) => [name, item[name]]))) + OVERHEAD_BYTES;
    const stored = bytes + ("conversation_id" in item ? bytes : 0) + ("recent" in item ? recentBytes : 0);
    const months = (Number(item.expire_at.N) - Date.now() / 1000) / MONTH_SECONDS;
    this.totals.bytes += stored;
    this.totals.byteMonths += stored * months;
  }

  /** A unit for each started 4 KB of what is there, and one for what is not; half of it where eventually consistent. */
  #get(key, isConsistent) {
    const item = this.#items.get(keyOf(key));
    const units = item === undefined ? 1 : Math.ceil(bytesOfMap(item) / 4096);
    this.totals.reads += isConsistent ? units : units / 2;
    return item;
  }
}

function keyOf({ pk, sk }) {
  return `${pk.S}\n${sk.S}`;
}

/** DynamoDB's own count of an item's bytes; its documentation: "DynamoDB item sizes and formats". */
function bytesOfMap(map) {
  return Object.entries(map).reduce(
    (sum, [name, value]) => sum + Buffer.byteLength(name) + bytesOf(value),
    0,
  );
}

function bytesOf(value) {
  if (value.S !== undefined) return Buffer.byteLength(value.S);
  if (value.N !== undefined) return Math.ceil(value.N.replace(/[-.]/g, "").length / 2) + 1;
  if (value.B !== undefined) return Buffer.byteLength(value.B, "base64");
  if (value.M !== undefined) return 3 + Object.keys(value.M).length + bytesOfMap(value.M);
  if (value.L !== undefined) return value.L.reduce((sum, inner) => sum + 1 + bytesOf(inner), 3);
  return 1;
}

await measure();
