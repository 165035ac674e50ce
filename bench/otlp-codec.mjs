// The figures of the OTLP codec: `node bench/otlp-codec.mjs` after a build. Each case in processes of its own, round-robin,
// so that none pays for collecting what another left behind; medians.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { fromBinary } from "@bufbuild/protobuf";
import { context, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { JsonTraceSerializer, ProtobufTraceSerializer } from "@opentelemetry/otlp-transformer";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { buildSync } from "esbuild";
import { InMemoryTracer } from "tracelight";
import { rounds } from "./effort.mjs";

const BUNDLE = { bundle: true, packages: "external", platform: "node", format: "esm", target: "node20.19" };
const { decodeJsonRequest, decodeProtobufRequest, otlpEncoder } = await bundled("../src/otlp/codec.ts");
const { REQUEST } = await bundled("../test/otlp/independent-decoder.ts");

const ROUNDS = rounds(3, 7);
const RUNS = 101;
const WARM_UP = 60;
const UNITS = 256;

const ourSpans = tracelightSpans();
const theirSpans = openTelemetrySpans();
const [protobuf, json] = [otlpEncoder("protobuf"), otlpEncoder("json")];
const body = kilobyteSpans();
const protobufBody = joined(protobuf, body);
const jsonBody = joined(json, body);
const jsonText = jsonBody.toString();

const cases = {
  "encode protobuf": () => joined(protobuf, ourSpans),
  "encode protobuf, OpenTelemetry": () => ProtobufTraceSerializer.serializeRequest(theirSpans),
  "encode JSON": () => joined(json, ourSpans),
  "encode JSON, OpenTelemetry": () => JsonTraceSerializer.serializeRequest(theirSpans),
  "decode protobuf": () => decodeProtobufRequest(protobufBody),
  "decode protobuf, @bufbuild/protobuf": () => fromBinary(REQUEST, protobufBody),
  "decode JSON": () => decodeJsonRequest(jsonText),
  "decode JSON, JSON.parse": () => JSON.parse(jsonText),
};
const bars = [
  // Our children have the parents' two attributes too, so a fifth more bytes are written. The bars are on whole exports.
  ["512 spans of W1 as protobuf", "encode protobuf", "encode protobuf, OpenTelemetry", undefined],
  ["512 spans of W1 as JSON", "encode JSON", "encode JSON, OpenTelemetry", undefined],
  ["1000 spans of 1 KB from protobuf", "decode protobuf", "decode protobuf, @bufbuild/protobuf", 0.5],
  ["1000 spans of 1 KB from JSON", "decode JSON", "decode JSON, JSON.parse", 1.5],
];

const [, self, name] = process.argv;
// Imported by the benchmark of all of OTLP, it is not the program.
const isCase = self === fileURLToPath(import.meta.url) && name !== undefined;
if (isCase) console.log(JSON.stringify(timeOf(cases[name])));
else measureAll();

function measureAll() {
  const names = Object.keys(cases);
  const times = new Map(names.map((name) => [name, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (let i = 0; i < names.length; i++) {
      const name = names[(i * 3 + round) % names.length];
      const printed = execFileSync(process.execPath, [fileURLToPath(import.meta.url), name]);
      times.get(name).push(JSON.parse(printed));
      process.stderr.write(".");
    }
  }
  process.stderr.write("\n");
  const bytes = (protobufBody.length / 1000).toFixed(0);
  console.log(`Node ${process.version}, medians of ${ROUNDS} rounds; a span to decode is ${bytes} bytes\n`);
  console.log("| what | Tracelight | against | ratio | bar | |\n| --- | --- | --- | --- | --- | --- |");
  for (const [what, ours, theirs, bar] of bars) {
    const [a, b] = [median(times.get(ours)), median(times.get(theirs))];
    const met = bar === undefined ? "" : a / b <= bar ? "met" : "missed";
    console.log(
      `| ${what} | ${a.toFixed(2)} ms | ${b.toFixed(2)} ms | ${(a / b).toFixed(2)} | ${bar ?? ""} | ${met} |`,
    );
  }
}

/** Milliseconds of a run: the median of many. The last result stays alive, as in a receiver, or shapes of objects would go. */
function timeOf(run) {
  const times = [];
  let kept;
  for (let i = -WARM_UP; i < RUNS; i++) {
    const start = performance.now();
    kept = run();
    if (i >= 0) times.push(performance.now() - start);
  }
  if (kept === undefined) throw new Error("the case gave nothing");
  return median(times);
}

function joined(encoder, spans) {
  return encoder.join(spans.map((span) => encoder.encode(span)));
}

function tracelightSpans() {
  const tracer = new InMemoryTracer();
  tracer.setContext({ resourceAttributes: { "service.name": "bench" } });
  for (let i = 0; i < UNITS; i++) {
    tracer.trace("parent", { spanKind: "SERVER" }, (parent) => {
      parent.addAttribute("ai.conversation.id", "conversation-1", { inheritable: true });
      parent.addAttribute("ai.auth.context", "user123", { inheritable: true });
      tracer.trace("child", (child) => {
        child.addAttribute("ai.trace.type", "tool-invocation");
        child.addAttribute("ai.tool.input", "Hello, world!");
        child.addAttribute("ai.tool.output", "World, hello!");
      });
    });
  }
  return tracer.getTraces();
}

/** The same unit; attributes are not inherited there. */
function openTelemetrySpans() {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  const tracer = provider.getTracer("bench");
  for (let i = 0; i < UNITS; i++) {
    const parent = tracer.startSpan("parent", { kind: 1 });
    parent.setAttribute("ai.conversation.id", "conversation-1").setAttribute("ai.auth.context", "user123");
    context.with(trace.setSpan(context.active(), parent), () => {
      const child = tracer.startSpan("child");
      child.setAttribute("ai.trace.type", "tool-invocation");
      child
        .setAttribute("ai.tool.input", "Hello, world!")
        .setAttribute("ai.tool.output", "World, hello!")
        .end();
    });
    parent.end();
  }
  return exporter.getFinishedSpans();
}

/** As instrumentation of a model call writes them: fifteen attributes, one of them a text, and an event. */
function kilobyteSpans() {
  const tracer = new InMemoryTracer();
  tracer.setContext({ resourceAttributes: { "service.name": "bench", "host.name": "localhost" } });
  for (let i = 0; i < 1000; i++) {
    const span = tracer.startSpan(`chat model-${i % 3}`, { spanKind: "CLIENT" });
    span.addAttributes({
      "gen_ai.operation.name": "chat",
      "gen_ai.system": "aws.bedrock",
      "gen_ai.request.model": "anthropic.claude-sonnet",
      "gen_ai.request.temperature": 0.7,
      "gen_ai.request.max_tokens": 4096,
      "gen_ai.response.id": `msg_${i}_${(i * 7919) % 10007}`,
      "gen_ai.response.finish_reasons": ["end_turn"],
      "gen_ai.usage.input_tokens": 1000 + i,
      "gen_ai.usage.output_tokens": 200 + i,
      "gen_ai.conversation.id": `conversation-${i % 50}`,
      "server.address": "bedrock.eu-central-1.amazonaws.com",
      "server.port": 443,
      "http.response.status_code": 200,
      "ai.streamed": true,
      "ai.agent.response": `It will be sunny in city ${i}, with a light wind from the west. `.repeat(3),
    });
    span.addEvent("first token", { "ai.delay_ms": 312.5 }).end();
  }
  return tracer.getTraces();
}

/** What the package does not export, compiled as the build does. */
async function bundled(source) {
  const [name] = source.split("/").at(-1).split(".");
  const outfile = fileURLToPath(new URL(`../node_modules/.cache/bench/${name}.mjs`, import.meta.url));
  const entryPoints = [fileURLToPath(new URL(source, import.meta.url))];
  buildSync({ entryPoints, outfile, ...BUNDLE });
  return import(outfile);
}

function median(numbers) {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
}
