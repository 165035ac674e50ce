// OTLP on the command line: collect in front of a store, and files of OTLP/JSON out and in.
import type { ChildProcess } from "node:child_process";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { connect as connectHttp2 } from "node:http2";
import { createServer } from "node:net";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { ROOT_CONTEXT, SpanKind, trace } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BasicTracerProvider, BatchSpanProcessor } from "@opentelemetry/sdk-trace-base";
import fc from "fast-check";
import { readSpan, translate } from "tracelight/conventions";
import { ensureTable } from "tracelight/dynamodb";
import { OtlpTracer } from "tracelight/otlp";
import { beforeAll, describe, expect, test } from "vitest";
import { encodeRecord } from "../../src/model/record.ts";
import type { SpanFields } from "../../src/model/span-fields.ts";
import { decodeJsonRequest, otlpEncoder } from "../../src/otlp/codec.ts";
import { dynamoDb, useEmulator } from "../dynamodb/emulator.ts";
import { spanFields } from "../model/arbitraries.ts";
import { nativeSpan, otlpJsonOf } from "../otlp/spans.ts";
import { sized } from "../sizes.ts";
import { folder, jsonOf, type Outcome, outcomeOf, start, tracelight, useFolder } from "./command.ts";
import { recordLines, SPANS, TRACES } from "./spans.ts";

useEmulator();
useFolder();

const SPANS_OF_ANY_KIND = sized(300, 60);
const MANY = sized(250_000, 130_000);
const OVER = SPANS.filter(({ state }) => state !== "running");
const ENDED = SPANS.filter(({ state }) => state === "ended");

beforeAll(() => {
  writeFileSync(join(folder, "all.jsonl"), recordLines(SPANS));
  writeFileSync(join(folder, "ended.jsonl"), recordLines(ENDED));
  writeFileSync(join(folder, "otlp.jsonl"), requestLines(ENDED));
});

/** One request a line, each of one span. */
function requestLines(spans: readonly SpanFields[]): string {
  return spans.map((span) => `${JSON.stringify({ resourceSpans: [otlpJsonOf(span)] })}\n`).join("");
}

/** Records as objects, by their ids: no order of lines is promised. */
function recordsOf(spans: readonly SpanFields[]): unknown[] {
  return sorted(spans.map((span): Record<string, unknown> => JSON.parse(JSON.stringify(encodeRecord(span)))));
}

function sorted(records: readonly Record<string, unknown>[]): unknown[] {
  const keyOf = (record: Record<string, unknown>) => `${record["trace_id"]}${record["span_id"]}`;
  return [...records].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

interface Collector {
  readonly url: string;
  readonly child: ChildProcess;
  /** Ends it as Ctrl-C does. */
  stop(): Promise<Outcome>;
}

/** Starts `tracelight collect`, on a free port unless told. */
async function collect(...args: string[]): Promise<Collector> {
  const child = start(["collect", ...(args.includes("--port") ? [] : ["--port", "0"]), ...args]);
  const outcome = outcomeOf(child);
  const url = await Promise.race([announced(child), outcome]);
  if (typeof url !== "string") throw new Error(url.stderr);
  const stop = (): Promise<Outcome> => {
    child.kill("SIGINT");
    return outcome;
  };
  return { url, child, stop };
}

/** The address that it prints: on standard output, or beside it where records take that. */
function announced(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    let seen = "";
    const look = (text: string): void => {
      seen += text;
      const [, url] = /^(http:\S+)\n/m.exec(seen) ?? [];
      if (url !== undefined && seen.includes("Ctrl-C")) resolve(url);
    };
    child.stdout?.on("data", look);
    child.stderr?.on("data", look);
  });
}

function tracerTo({ url }: Collector): OtlpTracer {
  return new OtlpTracer({ url: `${url}/v1/traces`, onError: () => undefined });
}

function sendSome(tracer: OtlpTracer, name: string, count: number): void {
  for (let i = 0; i < count; i++) tracer.trace(`${name} ${i}`, (span) => span.addAttribute("i", i));
}

describe("collect", () => {
  test("takes what OpenTelemetry's exporter sends; show shows it", async () => {
    const collector = await collect("sdk.db");
    const exporter = new OTLPTraceExporter({ url: `${collector.url}/v1/traces` });
    const provider = new BasicTracerProvider({
      resource: resourceFromAttributes({ "service.name": "their agent" }),
      spanProcessors: [new BatchSpanProcessor(exporter)],
    });
    const tracer = provider.getTracer("their.library");
    const turn = tracer.startSpan("converse", {
      kind: SpanKind.SERVER,
      attributes: { "ai.trace.type": "converse", "ai.conversation.id": "c1", "ai.user.input": "Hello?" },
    });
    const attributes = { "gen_ai.conversation.id": "c1" };
    tracer.startSpan("get_weather", { attributes }, trace.setSpan(ROOT_CONTEXT, turn)).end();
    turn.end();
    await provider.shutdown();

    const { stdout } = await tracelight(["show", turn.spanContext().traceId.slice(0, 8), "sdk.db"]);
    expect(stdout).toContain("their agent");
    expect(stdout).toMatch(/^converse .*\n└─ get_weather /m);
    expect((await tracelight(["show", "c1", "sdk.db"])).stdout).toMatch(/user +Hello\?/);
    expect(jsonOf(await tracelight(["ls", "--json", "sdk.db"]))).toMatchObject([{ id: "c1", spans: 2 }]);
    const { code, stdout: url, stderr } = await collector.stop();
    expect({ code, url }).toEqual({ code: 0, url: `${collector.url}\n` });
    expect(collector.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(stderr).toMatch(/ go to sdk\.db; Ctrl-C ends it\.\n2 spans taken into sdk\.db\.\n$/);
  });

  test("takes what OtlpTracer sends, nested values included, into a table", async () => {
    const { endpoint } = dynamoDb;
    await ensureTable({ tableName: "Collected", endpoint });
    const store = `dynamodb:Collected?endpoint=${endpoint}`;
    const collector = await collect(store);
    const tracer = tracerTo(collector);
    const attributes = {
      "ai.tool.input": { city: "Amsterdam", days: [1, 2.5, null] },
      bytes: new Uint8Array(3),
    };
    const { traceId } = tracer.trace("get_weather", { attributes }, (span) => span);
    expect(await tracer.close()).toMatchObject({ written: 1, failed: 0 });
    expect(await collector.stop()).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/\n1 span taken into dynamodb:Collected\.\n$/),
    });
    const [record] = jsonOf(await tracelight(["show", traceId, "--json", store]));
    expect(record?.["attributes"]).toMatchObject({ "ai.tool.input": attributes["ai.tool.input"] });
  });

  test("with - writes records on standard output, and the address beside it", async () => {
    const collector = await collect("-");
    const tracer = tracerTo(collector);
    sendSome(tracer, "\u001b[2J", 3);
    await tracer.close();
    const outcome = await collector.stop();
    expect(jsonOf(outcome).map(({ span_name }) => span_name)).toEqual([0, 1, 2].map((i) => `\u001b[2J ${i}`));
    expect(outcome.stdout).not.toContain("\u001b");
    expect(outcome.stderr).toMatch(/^http:\S+\n/);
    expect(outcome.stderr).toMatch(/\n3 spans taken into standard output\.\n$/);
  });

  test("a reader of standard output that goes ends it", async () => {
    const collector = await collect("-");
    const outcome = outcomeOf(collector.child);
    collector.child.stdout?.destroy();
    const tracer = tracerTo(collector);
    sendSome(tracer, "span", 3);
    void tracer.flush();
    expect((await outcome).code).toBe(0);
  });

  test("what was answered outlives a kill; the sender brings the rest once it runs again", async () => {
    const first = await collect("killed.db");
    const tracer = tracerTo(first);
    sendSome(tracer, "before", 100);
    expect(await tracer.flush()).toMatchObject({ written: 100, pending: 0 });
    const killed = outcomeOf(first.child);
    first.child.kill("SIGKILL");
    await killed;
    sendSome(tracer, "after", 100);
    expect(await tracer.flush({ timeoutMs: 1 })).toMatchObject({ written: 100, pending: 100 });
    const second = await collect("killed.db", "--port", new URL(first.url).port);
    expect(await tracer.close()).toMatchObject({ written: 200, pending: 0, dropped: 0, failed: 0 });
    expect((await second.stop()).stderr).toContain("\n100 spans taken into killed.db.\n");
    const names = jsonOf(await tracelight(["export", "killed.db"])).map(({ span_name }) => span_name);
    expect(names).toHaveLength(200);
    expect(new Set(names).size).toBe(200);
  });

  test("a request that comes again after a restart, as where its answer was lost, is stored once", async () => {
    const spans = ENDED.map(asOfToday);
    const body = JSON.stringify({ resourceSpans: spans.map(otlpJsonOf) });
    for (let i = 0; i < 2; i++) {
      const collector = await collect("repeated.db");
      const headers = { "content-type": "application/json" };
      for (let j = 0; j < 2; j++) {
        const { status } = await fetch(`${collector.url}/v1/traces`, { method: "POST", headers, body });
        expect(status).toBe(200);
      }
      expect((await collector.stop()).code).toBe(0);
    }
    expect(sorted(jsonOf(await tracelight(["export", "repeated.db"])))).toEqual(recordsOf(spans));
  });

  test("Ctrl-C while spans pour in: all that was answered is there", async () => {
    const collector = await collect("poured.db");
    const tracer = tracerTo(collector);
    sendSome(tracer, "span", 5000);
    const flushed = tracer.flush({ timeoutMs: 2000 });
    const outcome = await collector.stop();
    await flushed;
    const { written } = await tracer.flush({ timeoutMs: 1 });
    const [, taken = ""] = /\n([\d,]+) spans? taken/.exec(outcome.stderr) ?? [];
    expect(outcome.code).toBe(0);
    const there = jsonOf(await tracelight(["export", "poured.db"])).length;
    expect(there).toBe(Number(taken.replace(",", "")));
    expect(there).toBeGreaterThanOrEqual(written);
  });

  test("a port that is taken is told with the mend; no file is made", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" && address !== null ? String(address.port) : "";
    const { code, stdout, stderr } = await tracelight(["collect", "taken.db", "--port", port]);
    server.close();
    expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
    expect(stderr).toMatch(
      new RegExp(`^tracelight: Port ${port} of 127.0.0.1 is taken, .* --port 0 .*\\[LISTEN_FAILED\\]\\n$`),
    );
    expect(existsSync(join(folder, "taken.db"))).toBe(false);
  });

  test("a store that cannot be used is told before an address is", async () => {
    writeFileSync(join(folder, "damaged.db"), `SQLite format 3\0${"x".repeat(500)}`);
    const { endpoint } = dynamoDb;
    for (const store of ["damaged.db", `dynamodb:None?endpoint=${endpoint}`]) {
      const { code, stdout, stderr } = await tracelight(["collect", store, "--port", "0"]);
      expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
      expect(stderr).toMatch(/^tracelight: .*\[(STORE_CORRUPT|NOT_A_DATABASE|TABLE_NOT_FOUND)\]\n$/m);
    }
  });

  // Root may write to any file.
  test.skipIf(process.getuid?.() === 0)(
    "a file that may only be read is told before an address is",
    async () => {
      const taken = await collect("readonly.db");
      await taken.stop();
      chmodSync(join(folder, "readonly.db"), 0o444);
      const { code, stdout, stderr } = await tracelight(["collect", "readonly.db", "--port", "0"]);
      expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
      expect(stderr).toBe(
        "tracelight: readonly.db may not be written to; check its rights [STORE_READ_ONLY]\n",
      );
    },
  );

  test("an address that others reach is warned of", async () => {
    const collector = await collect("open.db", "--host", "0.0.0.0");
    expect((await collector.stop()).stderr).toMatch(/^Other machines may reach 0\.0\.0\.0: /);
  });

  test("what is refused is told, once, and cannot reach the terminal", async () => {
    const collector = await collect("refused.db");
    for (let i = 0; i < 3; i++) {
      const headers = { "content-type": "application/json" };
      await fetch(`${collector.url}/v1/profiles`, { method: "POST", headers, body: "{}" });
    }
    await fetch(`${collector.url}/v1/traces`, { method: "POST", body: "{}" });
    const { code, stderr } = await collector.stop();
    expect(code).toBe(0);
    expect(stderr.match(/^Refused POST .*$/gm)).toEqual([
      "Refused POST /v1/profiles: 404 There is only /v1/traces here.",
      expect.stringMatching(/^Refused POST \/v1\/traces: 415 Content-Type must be/),
    ]);
    expect(stderr).toContain("\n0 spans taken into refused.db.\n");
  });
});

describe("collect beside traces", () => {
  test("takes metrics and forgets them, and says so at its start; takes log records, and tells of those it does not keep", async () => {
    const collector = await collect("signals.db");
    const post = (signal: string, type: string, body: string): Promise<Response> =>
      fetch(`${collector.url}/v1/${signal}`, { method: "POST", headers: { "content-type": type }, body });
    expect((await post("metrics", "application/x-protobuf", "x")).status).toBe(200);
    const logRecords = ["claude_code.user_prompt", "GET /"].map((stringValue) => ({
      ...{ timeUnixNano: "1795168800000000000", body: { stringValue } },
      attributes: [{ key: "session.id", value: { stringValue: "session-1" } }],
    }));
    const logs = JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] });
    expect(await (await post("logs", "application/json", logs)).json()).toMatchObject({
      partialSuccess: { rejectedLogRecords: "1" },
    });
    const { code, stderr } = await collector.stop();
    expect(code).toBe(0);
    expect(stderr).toMatch(/^Metrics that are sent there are taken and forgotten\.\nSpans /);
    expect(stderr).toContain("1 log record names no span");
    expect(stderr).toContain("1 span taken into signals.db.");
  });

  test("takes spans of the pages that --origin names, and tells whom it turns away", async () => {
    const collector = await collect(
      "pages.db",
      "--origin",
      "http://localhost:5173/",
      "--origin",
      "https://a.example",
    );
    const ask = (origin: string): Promise<Response> =>
      fetch(`${collector.url}/v1/traces`, { method: "OPTIONS", headers: { origin } });
    for (const origin of ["http://localhost:5173", "https://a.example"]) {
      const { status, headers } = await ask(origin);
      expect({ status, allowed: headers.get("access-control-allow-origin") }).toEqual({
        status: 204,
        allowed: origin,
      });
    }
    expect((await ask("https://b.example")).status).toBe(403);
    const { code, stderr } = await collector.stop();
    expect(code).toBe(0);
    expect(stderr.match(/^Refused .*$/gm)).toEqual([
      "Refused OPTIONS /v1/traces: 403 Pages of https://b.example may not send here; allow them by origins (collect --origin).",
    ]);
  });

  test.each(["a.example", "https://a.example/page", "ftp://a.example"])(
    "--origin %s is refused",
    async (origin) => {
      const { code, stderr } = await tracelight(["collect", "--port", "0", "--origin", origin]);
      expect(code).toBe(2);
      expect(stderr).toContain(`--origin: "${origin}" is no origin; write https://app.example.com`);
    },
  );
});

describe("senders that collect cannot serve", () => {
  test("clients of gRPC and TLS are told, each kind once", async () => {
    const collector = await collect("strangers.db");
    const { hostname, port } = new URL(collector.url);
    for (let i = 0; i < 2; i++) {
      const grpc = connectHttp2(collector.url);
      await new Promise((resolve) => grpc.on("error", resolve));
      const tls = connectTls({ host: hostname, port: Number(port) });
      await new Promise((resolve) => tls.on("error", resolve));
    }
    const { code, stderr } = await collector.stop();
    expect(code).toBe(0);
    expect(stderr.match(/^Refused .*$/gm)).toEqual([
      "Refused a gRPC or HTTP/2 client: this port speaks HTTP/1.1; use OTLP over HTTP (http/protobuf).",
      "Refused a TLS client: this port speaks plain HTTP; use http:// and not https://.",
    ]);
  });

  test.each(["application/json", "application/x-protobuf"])(
    "bad spans of a good request in %s are told, once, and counted",
    async (type) => {
      const store = `bad-${type.slice(-4)}.db`;
      const collector = await collect(store);
      const bad = [1, 2].map(() => ({ ...spanFields({}), spanName: "\u001b[2J", spanId: "0".repeat(16) }));
      const spans = [...ENDED.map(asOfToday), ...bad];
      const encoder = otlpEncoder("protobuf");
      const body =
        type === "application/json"
          ? JSON.stringify({ resourceSpans: spans.map(otlpJsonOf) })
          : Buffer.from(encoder.join(spans.map((span) => encoder.encode(span))));
      for (let i = 0; i < 2; i++) {
        const headers = { "content-type": type };
        expect((await fetch(`${collector.url}//v1/traces`, { method: "POST", headers, body })).status).toBe(
          200,
        );
      }
      const { code, stderr } = await collector.stop();
      expect(code).toBe(0);
      expect(stderr.match(/^Refused .*$/gm)).toEqual([
        expect.stringMatching(/^Refused 2 spans: span "\\u001b\[2J": its span id is not 8 bytes/),
      ]);
      expect(stderr).toMatch(/\n\d+ spans taken into .*\.\n4 spans refused; the sender was told\.\n$/);
      expect(jsonOf(await tracelight(["export", store]))).toHaveLength(ENDED.length);
    },
  );
});

describe("files of OTLP/JSON", () => {
  test("export --otlp | import --otlp gives every span back", async () => {
    // The same spans each time: JSON.parse of Node 24.21 takes a key such as "\u324e" for "\\" where an object before had that one.
    const spans = fc.sample(
      fc.uniqueArray(nativeSpan, {
        minLength: SPANS_OF_ANY_KIND,
        maxLength: SPANS_OF_ANY_KIND,
        selector: idOf,
      }),
      {
        numRuns: 1,
        seed: 7,
      },
    );
    const sent = [...(spans[0] ?? []), ...ENDED];
    const exported = await tracelight(["export", "--otlp", "-"], { input: recordLines(sent) });
    expect(exported).toMatchObject({ code: 0, stderr: "" });
    expect(exported.stdout).toMatch(/^[\n -~]*$/);
    const { code, stderr } = await tracelight(["import", "--otlp", "-", "again.db"], {
      input: exported.stdout,
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: `${sent.length} spans imported into again.db.\n` });
    expect(sorted(jsonOf(await tracelight(["export", "again.db"])))).toEqual(recordsOf(sent));
  });

  test("a line is one request, of a bounded number of spans", async () => {
    const many = Array.from({ length: 2500 }, (_, i) =>
      spanFields({ spanId: (i + 1).toString(16).padStart(16, "0") }),
    );
    const { stdout } = await tracelight(["export", "--otlp", "-"], { input: recordLines(many) });
    const lines = stdout.trimEnd().split("\n");
    expect(lines).toHaveLength(3);
    for (const line of lines) expect(Object.keys(JSON.parse(line))).toEqual(["resourceSpans"]);
  });

  test("spans that still run are counted and left out; interrupted ones come back as such", async () => {
    const { code, stdout, stderr } = await tracelight(["export", "--otlp", "all.jsonl", "-o", "out.jsonl"]);
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: "",
      stderr:
        "1 span still runs and was left out: OTLP carries spans that ended.\n7 spans written to out.jsonl\n",
    });
    const open = await tracelight(["export", "--otlp", "-t", TRACES.open, "all.jsonl"]);
    expect(open).toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringMatching(/^1 span still runs/),
    });
    expect(sorted(jsonOf(await tracelight(["export", "out.jsonl"])))).toEqual(recordsOf(OVER));
  });

  test.each(["gen_ai", "openinference"] as const)(
    "export --translate %s writes them in its words",
    async (to) => {
      const { code, stdout } = await tracelight(["export", "--translate", to, "all.jsonl"]);
      expect(code).toBe(0);
      const { spans } = decodeJsonRequest(stdout);
      const expected = OVER.map((span): [string, unknown] => [span.spanId, translate(span, to)]);
      expect(new Map(spans.map(({ spanId, attributes }) => [spanId, attributes]))).toEqual(new Map(expected));
      expect(spans.some((span) => readSpan(span).vocabulary === to)).toBe(true);
    },
  );

  test("every command reads them as it reads records", async () => {
    for (const args of [
      ["ls"],
      ["ls", "--by", "trace"],
      ["show", "weather-1"],
      ["stats"],
      ["search", "rooms"],
    ]) {
      const [otlp, records] = [
        await tracelight([...args, "otlp.jsonl"]),
        await tracelight([...args, "ended.jsonl"]),
      ];
      expect(otlp).toEqual(records);
      expect(otlp.code).toBe(0);
    }
  });

  test("a document of many lines is read", async () => {
    const document = { resourceSpans: ENDED.map(otlpJsonOf) };
    writeFileSync(join(folder, "document.json"), `\ufeff${JSON.stringify(document, undefined, 2)}\n`);
    expect(await tracelight(["import", "--otlp", "document.json", "document.db"])).toMatchObject({
      code: 0,
      stderr: "6 spans imported into document.db.\n",
    });
    expect(sorted(jsonOf(await tracelight(["export", "document.db"])))).toEqual(recordsOf(ENDED));
    expect(await tracelight(["import", "document.json", "same.db"])).toMatchObject({ code: 0 });
    expect(sorted(jsonOf(await tracelight(["export", "same.db"])))).toEqual(recordsOf(ENDED));
  });

  test("a document in snake_case is read; one of names that OTLP does not know is refused with them", async () => {
    const json = JSON.stringify({ resourceSpans: ENDED.map(otlpJsonOf) });
    const snake = json.replace(
      /"([a-z]+[A-Z]\w*)":/g,
      (_, name: string) => `"${name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}":`,
    );
    expect(snake).toContain('"start_time_unix_nano"');
    expect(await tracelight(["import", "--otlp", "-", "snake.db"], { input: snake })).toMatchObject({
      code: 0,
      stderr: "6 spans imported into snake.db.\n",
    });
    expect(sorted(jsonOf(await tracelight(["export", "snake.db"])))).toEqual(recordsOf(ENDED));

    const other = await tracelight(["import", "--otlp", "-", "other.db"], {
      input: json.replaceAll("resourceSpans", "resourcespans"),
    });
    expect(other).toMatchObject({ code: 3, stdout: "" });
    expect(other.stderr).toContain('it has no spans, but "resourcespans", which OTLP does not know');
    const parts = `${json.slice(0, -2)},{"scopespans":[{}]}]}`;
    expect((await tracelight(["import", "--otlp", "-", "parts.db"], { input: parts })).stderr).toMatch(
      /^6 spans imported .*\n.*: a part of it was left out: resourceSpans\[6\] has no spans, but "scopespans", which/,
    );
  });

  test("a document that is cut short is an error, and a broken first line is one line", async () => {
    const document = JSON.stringify({ resourceSpans: ENDED.map(otlpJsonOf) }, undefined, 2);
    const cut = await tracelight(["import", "--otlp", "-", "cut.db"], { input: document.slice(0, -10) });
    expect(cut).toMatchObject({ code: 3, stdout: "" });
    expect(cut.stderr).toMatch(/^tracelight: standard input has no line that can be read/m);
    expect(cut.stderr).toContain(". Line 1: The JSON that begins here is cut short, broken or too large [");
    expect(cut.stderr).not.toContain("tracelight import");
    const input = `{"resourceSpans":[\n${requestLines(ENDED)}`;
    expect(await tracelight(["import", "--otlp", "-", "mended.db"], { input })).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("6 spans imported into mended.db."),
    });
  });

  test("broken lines and bad spans are counted and told; the others are imported", async () => {
    const [good = ""] = requestLines(ENDED).split("\n");
    const [bad = ""] = requestLines([
      { ...spanFields({}), spanName: "\u001b[2J", traceId: "0".repeat(32) },
    ]).split("\n");
    const lines = [
      good,
      good.slice(0, 200),
      bad,
      `{"resourceSpans": 7}`,
      `{"resourceSpans":[${"[".repeat(10_000)}${"]".repeat(10_000)}]}`,
      `{"resourceSpans":[{"scopeSpans":[{"spans":[{"attributes":${'[{"key":"a","value":{"arrayValue":{"values":'.repeat(10_000)}`,
      `{"resourceSpans":[]}`,
      `{"schemaUrl":1,"resourceSpans":null}`,
    ];
    const { code, stdout, stderr } = await tracelight(["import", "-", "hostile.db"], {
      input: lines.join("\n"),
    });
    expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
    expect(stderr).toContain("1 span imported into hostile.db.");
    expect(stderr).toContain(
      "4 of 8 lines could not be read and were left out (lines 2, 4, 5, 6). The line is not JSON.",
    );
    expect(stderr).toContain('1 span could not be read and was left out: span "\\u001b[2J": its trace id');
    expect(stderr).not.toContain("\u001b");
  });

  test("a line that would fill the memory is left out", async () => {
    writeFileSync(
      join(folder, "bomb.jsonl"),
      `{"resourceSpans":[${"{},".repeat(12_000_000)}{}]}\n${requestLines(ENDED)}`,
    );
    const { code, stderr } = await tracelight(["stats", "bomb.jsonl"]);
    expect(code).toBe(0);
    expect(stderr).toContain(
      "1 of 7 lines could not be read and was left out (line 1). The line holds too many values.",
    );
  });

  // More than a call takes arguments, or a small bound lets through.
  test(`a line of ${MANY} attributes is read`, async () => {
    const [span] = ENDED;
    if (span === undefined) throw new Error("no span");
    const [line = ""] = requestLines([span]).split("\n");
    const attributes = Array.from({ length: MANY }, (_, i) => `{"key":"k${i}","value":{"intValue":"${i}"}}`);
    writeFileSync(
      join(folder, "large.jsonl"),
      line.replace(/"attributes":\[(?=\{"key":"ai)/, `$&${attributes.join()},`),
    );
    expect(readFileSync(join(folder, "large.jsonl")).length).toBeGreaterThan(36 * MANY);
    expect(await tracelight(["stats", "large.jsonl"])).toMatchObject({ code: 0, stderr: "" });
  });
});

/** Retention removes what is old. */
function asOfToday(span: SpanFields): SpanFields {
  const later = Date.now() * 1000 - span.startedAtMicros;
  return {
    ...span,
    startedAtMicros: span.startedAtMicros + later,
    endedAtMicros: (span.endedAtMicros ?? 0) + later,
  };
}

function idOf({ traceId, spanId }: SpanFields): string {
  return traceId + spanId;
}
