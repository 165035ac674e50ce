// The DynamoDB figures: `npm run bench -- dynamodb`. The emulator runs in a process of its own; ratios in one run.
import { fork } from "node:child_process";
import { createServer } from "node:http";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import {
  BatchWriteItemCommand,
  DynamoDBClient,
  PutItemCommand,
  QueryCommand,
} from "@aws-sdk/client-dynamodb";
import { BatchWriteCommand, DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { InMemoryTracer } from "tracelight";
import { DynamoDbTracer, ensureTable, startLocalDynamoDb } from "tracelight/dynamodb";
import { isFull, rounds } from "./effort.mjs";

process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = "true";
const ROUNDS = rounds(3, 5);
const TEXT = "It will be sunny, with a light wind from the west. ".repeat(14);
const self = fileURLToPath(import.meta.url);
const role = process.argv[2];

if (role === "emulator") {
  const { endpoint } = await startLocalDynamoDb();
  process.send(endpoint);
} else if (role === "sponge") {
  // Takes every batch at once: what is left is the sender's own work.
  const server = createServer((request, response) => {
    request.resume().on("end", () => {
      response
        .writeHead(200, { "content-type": "application/x-amz-json-1.0" })
        .end('{"UnprocessedItems":{}}');
    });
  });
  server.listen(0, "127.0.0.1", () => process.send(`http://127.0.0.1:${server.address().port}`));
} else {
  await measureAll();
}

async function measureAll() {
  const emulator = await start("emulator");
  const sponge = await start("sponge");
  const rows = [
    await writeRate(emulator.endpoint),
    await processorTime(sponge.endpoint),
    await timeInCalls(sponge.endpoint),
    await queryTime(emulator.endpoint),
  ].flat();
  console.log(`Node ${process.version}, medians of ${ROUNDS} rounds\n`);
  console.log("| what | Tracelight | against | ratio | bar | |\n| --- | --- | --- | --- | --- | --- |");
  for (const { what, ours, theirs, ratio, bar, atLeast } of rows) {
    const met = atLeast ? ratio >= bar : ratio <= bar;
    console.log(
      `| ${[what, ours, theirs, ratio.toFixed(2), `${atLeast ? ">=" : "<="} ${bar}`, met ? "met" : "missed"].join(" | ")} |`,
    );
  }
  emulator.stop();
  sponge.stop();
}

function start(what) {
  const child = fork(self, [what]);
  return new Promise((resolve) => {
    child.once("message", (endpoint) => resolve({ endpoint, stop: () => child.kill() }));
  });
}

function clientOf(endpoint) {
  const credentials = { accessKeyId: "local", secretAccessKey: "local" };
  return new DynamoDBClient({ endpoint, region: "us-east-1", credentials });
}

/** Spans of about 1 KB as an agent makes them. */
function writeSpan(tracer, i) {
  tracer.trace("get_weather", (span) => {
    span
      .addAttribute("ai.trace.type", "tool-invocation")
      .addAttribute("ai.conversation.id", `conversation-${i % 100}`);
    span.addAttribute("ai.auth.context", "user123").addAttribute("ai.tool.name", "get_weather");
    span
      .addAttribute("ai.tool.input", { city: "Amsterdam", days: 2 })
      .addAttribute("ai.tool.output", `${i} ${TEXT}`);
  });
}

/** The same spans as plain objects and as attribute values, for the SDK's own ways of writing. */
function plainItem(span) {
  const { attributes, traceId, spanId, spanName } = span;
  return {
    ...{
      pk: `TRACE#${traceId}`,
      sk: `SPAN#_#${span.startedAtMicros}#${spanId}`,
      identifier: "_",
      expire_at: 1797935764,
    },
    ...{
      conversation_id: attributes["ai.conversation.id"],
      trace_id: traceId,
      span_id: spanId,
      parent_span_id: null,
    },
    ...{
      span_name: spanName,
      span_kind: span.spanKind,
      span_status: span.spanStatus,
      scope_name: "x",
      scope_version: "1",
    },
    ...{ started_at: span.startedAt.toISOString(), ended_at: span.endedAt.toISOString(), duration_ms: 1 },
    ...{ resource_attributes: { "service.name": "MyAgent" }, attributes: { ...attributes } },
  };
}

function toAttributeValue(value) {
  if (value === null) return { NULL: true };
  if (typeof value === "string") return { S: value };
  if (typeof value === "number") return { N: String(value) };
  return { M: toItem(value) };
}

function toItem(value) {
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, toAttributeValue(inner)]));
}

function sampleSpans(count) {
  const tracer = new InMemoryTracer({ memorySize: count });
  for (let i = 0; i < count; i++) writeSpan(tracer, i);
  return tracer.getTraces();
}

async function writeRate(endpoint) {
  const count = 2000;
  const spans = sampleSpans(count);
  const client = clientOf(endpoint);
  const rates = { ours: [], theirs: [] };
  // A table of its own for each round, since the emulator slows down as a table grows. The first round warms both up.
  for (let round = 0; round <= ROUNDS; round++) {
    const [tableName, other] = [`Ours${round}`, `Theirs${round}`];
    await ensureTable({ tableName, endpoint });
    await ensureTable({ tableName: other, endpoint });
    const tracer = new DynamoDbTracer({ tableName, endpoint });
    tracer.trace("connects", () => undefined);
    await tracer.flush();
    const ours = await rate(count, async () => {
      for (let i = 0; i < count; i++) writeSpan(tracer, i);
      const { written } = await tracer.flush();
      if (written !== count + 1) throw new Error(`only ${written - 1} of ${count} written`);
    });
    await tracer.close();
    const theirs = await rate(count, async () => {
      for (const span of spans) {
        await client.send(new PutItemCommand({ TableName: other, Item: toItem(plainItem(span)) }));
      }
    });
    if (round > 0) rates.ours.push(ours) && rates.theirs.push(theirs);
  }
  const [ours, theirs] = [median(rates.ours), median(rates.theirs)];
  const what = "spans of 1 KB a second to the emulator, against one awaited PutItem a span";
  return {
    ...{ what, ours: `${ours.toFixed(0)}/s`, theirs: `${theirs.toFixed(0)}/s` },
    ...{ ratio: ours / theirs, bar: 6, atLeast: true },
  };
}

/** From the app's calls to the answer: both sides make the same spans; what comes after is what differs. */
async function processorTime(endpoint) {
  const count = 5000;
  const document = DynamoDBDocumentClient.from(clientOf(endpoint));
  const tracer = new DynamoDbTracer({ tableName: "Sponge", endpoint });
  const times = { ours: [], theirs: [] };
  for (let round = 0; round <= ROUNDS; round++) {
    const ours = await processorMicros(async () => {
      for (let i = 0; i < count; i++) writeSpan(tracer, i);
      await tracer.flush();
    });
    const theirs = await processorMicros(async () => {
      const spans = sampleSpans(count);
      for (let i = 0; i < count; i += 100)
        await Promise.all([0, 25, 50, 75].map((j) => writeBatch(document, spans, i + j)));
    });
    if (round > 0) times.ours.push(ours / count) && times.theirs.push(theirs / count);
  }
  await tracer.close();
  const [ours, theirs] = [median(times.ours), median(times.theirs)];
  const what = "processor time a delivered span, against the SDK's document client and BatchWrite";
  return {
    what,
    ours: `${ours.toFixed(1)} µs`,
    theirs: `${theirs.toFixed(1)} µs`,
    ratio: ours / theirs,
    bar: 0.7,
  };
}

function writeBatch(document, spans, from) {
  const requests = spans.slice(from, from + 25).map((span) => ({ PutRequest: { Item: plainItem(span) } }));
  return document.send(new BatchWriteCommand({ RequestItems: { Sponge: requests } }));
}

/** The app's own calls while spans are being sent: an agent that does one unit each 2 ms or so. */
async function timeInCalls(endpoint) {
  const otel = await otelUnit();
  const tracer = new DynamoDbTracer({ tableName: "Sponge", endpoint });
  const ourUnit = (i) => {
    tracer.trace("parent", { spanKind: "SERVER" }, (parent) => {
      parent.addAttribute("ai.conversation.id", `c${i % 50}`, { inheritable: true });
      parent.addAttribute("ai.auth.context", "user123", { inheritable: true });
      tracer.trace("child", (child) => {
        child.addAttribute("ai.trace.type", "tool-invocation").addAttribute("ai.tool.input", "Hello, world!");
        child.addAttribute("ai.tool.output", "World, hello!");
      });
    });
  };
  const calls = { ours: [], theirs: [] };
  const delays = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const ours = await unitTime(ourUnit);
    delay.disable();
    await tracer.flush();
    const theirs = await unitTime(otel.unit);
    await otel.flush();
    if (round > 0)
      calls.ours.push(ours) && calls.theirs.push(theirs) && delays.push(delay.percentile(99) / 1e6 - 1);
  }
  await tracer.close();
  const [ours, theirs] = [median(calls.ours), median(calls.theirs)];
  return [
    {
      what: "time in the app's own calls under load, W1, against OpenTelemetry's batch processor",
      ours: `${ours.toFixed(2)} µs`,
      theirs: `${theirs.toFixed(2)} µs`,
      ratio: ours / theirs,
      bar: 0.5,
    },
    {
      what: "event loop delay under that load, p99, ms",
      ours: `${median(delays).toFixed(1)} ms`,
      theirs: "",
      ratio: median(delays),
      bar: 10,
    },
  ];
}

/** 20 units a turn of the event loop, 500 turns: the calls alone are timed, the sending goes on in between. */
async function unitTime(unit) {
  let time = 0;
  for (let turn = 0; turn < 500; turn++) {
    const start = performance.now();
    for (let i = 0; i < 20; i++) unit(turn * 20 + i);
    time += performance.now() - start;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return (time * 1000) / 10_000;
}

async function otelUnit() {
  const api = await import("@opentelemetry/api");
  const sdk = await import("@opentelemetry/sdk-trace-base");
  const { AsyncLocalStorageContextManager } = await import("@opentelemetry/context-async-hooks");
  api.context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const exporter = {
    export: (_spans, done) => setImmediate(() => done({ code: 0 })),
    shutdown: async () => {},
    forceFlush: async () => {},
  };
  const provider = new sdk.BasicTracerProvider({ spanProcessors: [new sdk.BatchSpanProcessor(exporter)] });
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

/** A 50-span trace among many spans, against the bare query of the same items. */
async function queryTime(endpoint) {
  const tableName = "Query";
  await ensureTable({ tableName, endpoint });
  const client = clientOf(endpoint);
  const spans = sampleSpans(Number(process.env.BENCH_SPANS ?? (isFull ? 100_000 : 30_000)));
  const traces = spans.length / 50;
  const traceIdOf = (i) => `${"0".repeat(24)}${String(i % traces).padStart(8, "0")}`;
  const items = spans.map((span, i) => toItem({ ...plainItem(span), pk: `TRACE#${traceIdOf(i)}` }));
  for (let i = 0; i < items.length; i += 500) {
    const batches = Array.from({ length: 20 }, (_, k) => items.slice(i + k * 25, i + k * 25 + 25)).filter(
      (batch) => batch.length > 0,
    );
    await Promise.all(
      batches.map((batch) => {
        const RequestItems = {
          [tableName]: batch.map((Item) => ({
            PutRequest: { Item: { ...Item, trace_id: { S: Item.pk.S.slice(6) } } },
          })),
        };
        return client.send(new BatchWriteItemCommand({ RequestItems }));
      }),
    );
  }
  const tracer = new DynamoDbTracer({ tableName, endpoint });
  const times = { ours: [], theirs: [] };
  for (let round = 0; round < 80; round++) {
    const traceId = traceIdOf(round * 7 + 1);
    const input = {
      TableName: tableName,
      KeyConditionExpression: "pk = :pk",
      ExpressionAttributeValues: { ":pk": { S: `TRACE#${traceId}` } },
      ConsistentRead: true,
    };
    if (round === 20) times.ours.length = times.theirs.length = 0; // warm by now
    times.ours.push(await millis(() => tracer.getTraces({ traceId })));
    times.theirs.push(await millis(() => client.send(new QueryCommand(input))));
  }
  await tracer.close();
  const [ours, theirs] = [median(times.ours), median(times.theirs)];
  const what = `a 50-span trace among ${spans.length.toLocaleString("en")} spans, against the bare query`;
  return {
    what,
    ours: `${ours.toFixed(1)} ms`,
    theirs: `${theirs.toFixed(1)} ms`,
    ratio: ours / theirs,
    bar: 1.3,
  };
}

async function rate(count, work) {
  return (count * 1000) / (await millis(work));
}

async function millis(work) {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

async function processorMicros(work) {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

function median(numbers) {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
}
