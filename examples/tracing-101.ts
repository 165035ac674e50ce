// Tracing 101: a walk through Tracelight's tracers, on embedded defaults. Run it with `npm start`; with
// `npm start -- --aws --table NAME` the DynamoDB steps use a real table and your own AWS credentials.
// The same walk is a notebook, examples/tracing-101.ipynb, which scripts/notebook.mjs makes of this file: `//:` begins its
// text, `//-` ends a line that it leaves out, `//+` begins one that it has instead.

//: # Tracing 101
//:
//: Step through this walk to see what Tracelight records and where it can put it. A **span** is one timed operation; spans
//: nest, and all spans with one trace id are a **trace**. A **tracer** starts spans and hands them to its **sink**.
//:
//: Tracelight comes with these tracers; none needs an account, Docker or a server:
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util"; //-
import {
  HumanReadableTracer,
  InMemoryTracer,
  NoopTracer,
  type Span,
  StructuredLogsTracer,
  TeeTracer,
  type TextTarget,
  type Tracer,
} from "tracelight";
import { DynamoDbTracer, ensureTable, startLocalDynamoDb } from "tracelight/dynamodb";
import { SqliteTracer } from "tracelight/sqlite";

// The AWS SDK tells every program on Node 20 that it will want Node 22: not in the middle of a walk. //-
process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] ??= "true"; //-

const { values: options } = readArguments(); //-
//+ const options: { aws?: boolean; table?: string } = {};

/** A hundred milliseconds of work. */
const work = () => new Promise<void>((resolve) => setTimeout(resolve, 100));

/** A stream that shows what it is given, and keeps it so that each step can check what it claims. */
class Output implements TextTarget {
  readonly isTTY = process.stdout.isTTY;
  readonly columns = process.stdout.columns;
  text = "";
  write(text: string): void {
    this.text += text;
    console.log(text.replace(/\n$/, ""));
  }
}

/** The same small agent for most steps: a turn, and one call of a tool. */
async function converse(tracer: Tracer, conversationId: number, user: string): Promise<void> {
  await tracer.trace("parent", { spanKind: "SERVER" }, async (parent) => {
    // Inheritable attributes are passed on to the spans below.
    parent.addAttribute("ai.conversation.id", conversationId, { inheritable: true });
    parent.addAttribute("ai.auth.context", user, { inheritable: true });
    await work();
    await tracer.trace("child", async (child) => {
      child.addAttribute("ai.trace.type", "tool-invocation");
      child.addAttribute("ai.tool.input", "Hello, world!");
      child.addAttribute("ai.tool.output", "World, hello!");
      await work();
    });
  });
}

function names(spans: readonly Span[]): string[] {
  return spans.map((span) => span.spanName);
}

/** Colours where the walk's own output goes to a terminal. */
function colors(): boolean {
  return process.stdout.isTTY === true && !process.env["NO_COLOR"];
}

/** Reads a conversation. A real table's index lags behind its writes for a moment, so it may take a second look. */
async function readBack(tracer: Tracer, attributeFilter: Record<string, unknown>): Promise<readonly Span[]> {
  for (let look = 1; ; look++) {
    const spans = await tracer.getTraces({ attributeFilter });
    if (spans.length === 2 || look === 10) return spans;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

//: ## 1. `InMemoryTracer`
//:
//: Keeps the latest spans in memory: for tests and development. `setContext` gives every later span of a tracer its
//: defaults, here the name of the service.
heading("1. InMemoryTracer: the latest spans, in memory"); //-

const inMemory = new InMemoryTracer({ memorySize: 1000 }); // beyond 1000 spans, older ones go first
inMemory.setContext({ resourceAttributes: { "service.name": "MyAgent" } });

await inMemory.trace("parent", async (parent) => {
  parent.addAttribute("foo", "bar");
  parent.addAttribute("inherited.foo", "bar", { inheritable: true });
  await work();
  await inMemory.trace("child", async (child) => {
    child.addAttribute("bar", "foo");
    await work();
  });
});

for (const span of inMemory.getTraces()) console.log(span, "\n");

const [parent, child] = inMemory.getTraces();
assert.equal(child?.parentSpan, parent, "the child knows its parent");
assert.deepEqual(
  child?.attributes,
  { bar: "foo", "inherited.foo": "bar" },
  "it inherited one attribute, not both",
);
assert.ok((parent?.durationMs ?? 0) >= 195, "the parent's time includes the child's");

//: ## 2. Attributes that Tracelight understands
//:
//: Some attribute names have a meaning: who talks (`ai.conversation.id`, `ai.auth.context`), what kind of work it is
//: (`ai.trace.type`), what went in and came out. `asHumanReadable()` puts these in front. Ids may be numbers.
heading("2. Attributes that Tracelight understands, and a filter"); //-

const conversationId = Math.floor(Math.random() * 1_000_000);
await converse(inMemory, conversationId, "user123");

const turn = inMemory.getTraces({ attributeFilter: { "ai.conversation.id": conversationId } });
for (const span of turn) console.log(`${span.asHumanReadable({ color: colors() })}\n`);

assert.deepEqual(
  names(turn),
  ["parent", "child"],
  "the filter found this conversation and not the spans of step 1",
);
assert.match(turn[1]?.asHumanReadable() ?? "", /Input: Hello, world!\n +Output: World, hello!/);

//: ## 3. `HumanReadableTracer`
//:
//: Prints each span as it ends, for people. A span is written when it ends, so children come before their parents.
heading("3. HumanReadableTracer: printed as spans end"); //-

const terminal = new Output();
const humanReadable = new HumanReadableTracer({ stream: terminal, color: colors() });
humanReadable.setContext({ resourceAttributes: { "service.name": "MyAgent" } });
await converse(humanReadable, conversationId, "user123");

assert.ok(
  terminal.text.indexOf(" child ") < terminal.text.indexOf(" parent "),
  "the child was printed first",
);

//: ## 4. `StructuredLogsTracer`
//:
//: One line of JSON a span: for logs that a machine reads.
heading("4. StructuredLogsTracer: one line of JSON a span"); //-

const log = new Output();
const structuredLogs = new StructuredLogsTracer({ stream: log });
structuredLogs.setContext({ resourceAttributes: { "service.name": "MyAgent" } });
await converse(structuredLogs, conversationId, "user123");

const lines = log.text.trimEnd().split("\n");
assert.deepEqual(
  lines.map((line) => JSON.parse(line).trace.span_name),
  ["child", "parent"],
);

//: ## 5. `DynamoDbTracer`
//:
//: Stores spans in a DynamoDB table, so that many hosts can write and any of them can read. `ensureTable` creates the
//: table: partition key `pk`, sort key `sk`, and an index on `conversation_id` to read a conversation by its id. Here it
//: runs on an emulator in this process; with your own AWS account, leave `endpoint` out.
heading("5. DynamoDbTracer: a table that many hosts share"); //-

const local = options.aws ? undefined : await startLocalDynamoDb();
const table = {
  tableName: options.table ?? "MyTracesTable",
  conversationIdGsiName: "conversation_index",
  ...(local === undefined ? {} : { endpoint: local.endpoint }),
};
const { created } = await ensureTable(table);
console.log(`The table ${table.tableName} ${created ? "was created" : "was there already"}.\n`);

const dynamoDb = new DynamoDbTracer({ ...table, identifier: "MyAgent" });
dynamoDb.setContext({ resourceAttributes: { "service.name": "MyAgent" } });

const storedId = Math.floor(Math.random() * 1_000_000);
await converse(dynamoDb, storedId, "user123");

const stored = await readBack(dynamoDb, { "ai.conversation.id": storedId, "ai.auth.context": "user123" });
for (const span of stored) console.log(`${span.asHumanReadable({ color: colors() })}\n`);

assert.deepEqual(names(stored), ["parent", "child"], "both spans came back, in start order");
assert.equal(stored[1]?.parentSpan, stored[0], "and the child still knows its parent");

//: ## 6. `NoopTracer`
//:
//: For when you want no traces: the code stays as it is, nothing is recorded, and a span costs next to nothing.
heading("6. NoopTracer: nothing is recorded"); //-

const noop = new NoopTracer();
const answer = noop.trace("noop", (span) => {
  span.addAttribute("foo", "bar");
  return 42;
});

console.log(`The function ran and returned ${answer}; the tracer holds ${noop.getTraces().length} spans.`);
assert.equal(answer, 42);
assert.deepEqual(noop.getTraces(), []);

//: ## 7. `TeeTracer`
//:
//: Sends spans to several tracers at once. `addTracer` chains, and `getTraces()` asks the first one, so put one first that
//: can be read.
heading("7. TeeTracer: several tracers at once"); //-

const tee = new TeeTracer()
  .addTracer(dynamoDb) // can be read, so it comes first
  .addTracer(humanReadable)
  .addTracer(noop); // of no use, and no harm
tee.setContext({ resourceAttributes: { "service.name": "MyAgent" } });

const teeId = Math.floor(Math.random() * 1_000_000);
terminal.text = "";
await converse(tee, teeId, "user456");

console.log("\n==== from DynamoDB: ====\n");
const both = await readBack(tee, { "ai.conversation.id": teeId, "ai.auth.context": "user456" });
for (const span of both) console.log(span, "\n");

assert.deepEqual(names(both), ["parent", "child"]);
for (const { spanId } of both) assert.ok(terminal.text.includes(spanId), "the terminal saw the same spans");

//: ## 8. `SqliteTracer`, and a model call
//:
//: Stores spans in an SQLite file: no server, nothing to set up. This turn has a model call too, with its model, messages and
//: tokens (a real one would go to your provider). The command `tracelight` reads the file, in any terminal, while the agent runs
//: and after it.
heading("8. SqliteTracer: a file, which the command reads"); //-

const folder = mkdtempSync(join(tmpdir(), "tracing-101-"));
const sqlite = new SqliteTracer({ path: join(folder, "traces.db") });
sqlite.setContext({ resourceAttributes: { "service.name": "MyAgent" } });

await sqlite.trace("converse", { spanKind: "SERVER" }, async (turn) => {
  turn.addAttribute("ai.conversation.id", "amsterdam", { inheritable: true });
  turn.addAttributes({ "ai.trace.type": "converse", "ai.user.input": "Is it sunny in Amsterdam?" });
  await sqlite.trace("get_weather", async (call) => {
    call.addAttributes({ "ai.trace.type": "tool-invocation", "ai.tool.input": { city: "Amsterdam" } });
    await work();
    call.addAttribute("ai.tool.output", { sky: "clear" });
  });
  const modelCall = await sqlite.trace("invoke_model", { spanKind: "CLIENT" }, async (call) => {
    call.addAttributes({
      "ai.trace.type": "llm-invocation",
      "ai.llm.request.model.id": "claude-sonnet",
      "ai.llm.request.messages": [{ role: "user", content: [{ text: "Is it sunny? The sky is clear." }] }],
    });
    await work();
    call.addAttributes({
      "ai.llm.response.output": { message: { role: "assistant", content: [{ text: "Yes, it is sunny." }] } },
      "ai.llm.response.stop.reason": "end_turn",
      "ai.llm.response.usage": { inputTokens: 21, outputTokens: 6 },
    });
    return call;
  });
  console.log(`${modelCall.asHumanReadable({ color: colors() })}\n`);
  turn.addAttribute("ai.agent.response", "Yes, it is sunny.");
});
await sqlite.close();

const command = resolve("dist/cli/main.js"); //-
//+ const command = resolve("../dist/cli/main.js");
/** As it is typed in the folder of the file, which the command finds there by its name. */
function tracelight(...args: string[]): string {
  console.log(`$ npx tracelight ${args.join(" ")}\n`);
  const shown = execFileSync("node", [command, ...args], { cwd: folder, encoding: "utf8" });
  console.log(shown);
  return shown;
}

const listed = tracelight("ls");
assert.match(listed, /amsterdam +MyAgent +Is it sunny in Amsterdam\?/);
const shown = tracelight("show", "amsterdam");
assert.match(shown, /tool +get_weather/);
assert.match(shown, /21→6/, "the tokens of the model call");
rmSync(folder, { recursive: true });

//: ## What next
//:
//: Closing a tracer delivers what still waits and says what became of it.
heading("Done"); //-

const report = await tee.close();
console.log(
  `Delivered ${report.written} spans to ${3} tracers: ${report.dropped} dropped, ${report.failed} failed.`,
);
await local?.close();
assert.deepEqual([report.pending, report.dropped, report.failed], [0, 0, 0]);

console.log(`
Try next:
  examples/own-back-end.ts        a back end of your own in a few lines
  docs/README.md                  a page for each tracer, the command, and the error codes
  npm start -- --aws --table NAME the same walk on a real DynamoDB table`);

function heading(text: string): void {
  //-
  console.log(`\n${"─".repeat(text.length)}\n${text}\n${"─".repeat(text.length)}\n`); //-
} //-

function readArguments() {
  //-
  try {
    //-
    return parseArgs({ options: { aws: { type: "boolean", default: false }, table: { type: "string" } } }); //-
  } catch (error) {
    //-
    console.error(
      //-
      `${error instanceof Error ? error.message : error}\nUsage: npm start [-- --aws --table NAME]`, //-
    ); //-
    process.exit(2); //-
  } //-
} //-
