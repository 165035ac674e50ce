// The OTLP receiver: what it takes, what it refuses and how, and that 200 means stored.
import { connect, type Socket } from "node:net";
import { deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { type DeliveryReport, InMemoryTracer, type Sink, type Span, Tracer } from "tracelight";
import { type OtlpReceiverOptions, otlpReceiver, serveOtlp } from "tracelight/otlp";
import { describe, expect, it, onTestFinished, test } from "vitest";
import { decodeResponse, type OtlpEncoding, otlpEncoder } from "../../src/otlp/codec.ts";
import { decodeStatus } from "../../src/otlp/status.ts";
import { StubServer, tracerTo } from "./support.ts";

const TYPES = { protobuf: "application/x-protobuf", json: "application/json" };

/** Spans that have ended. */
function spansOf(count: number, text = ""): Span[] {
  const spans: Span[] = [];
  const tracer = new Tracer({ name: "collect", write: (span) => void spans.push(span) });
  for (let i = 0; i < count; i++) tracer.startSpan(`span-${i}`).addAttribute("text", text).end();
  return spans;
}

function bodyOf(spans: readonly Span[], encoding: OtlpEncoding = "protobuf"): Uint8Array {
  const encoder = otlpEncoder(encoding);
  return encoder.join(spans.map((span) => encoder.encode(span)));
}

interface RequestParts {
  readonly method?: string;
  readonly path?: string;
  readonly type?: string;
  readonly coding?: string;
  readonly body?: Uint8Array | ReadableStream<Uint8Array>;
}

function requestOf({
  method = "POST",
  path = "/v1/traces",
  type = TYPES.protobuf,
  coding,
  body,
}: RequestParts): Request {
  const headers = { "content-type": type, ...(coding === undefined ? {} : { "content-encoding": coding }) };
  const init: RequestInit = { method, headers };
  if (body instanceof ReadableStream) Object.assign(init, { body, duplex: "half" });
  else if (body !== undefined) init.body = new Uint8Array(body);
  return new Request(`http://localhost:4318${path}`, init);
}

async function read(response: Response) {
  const bytes = new Uint8Array(await response.arrayBuffer());
  const encoding: OtlpEncoding = response.headers.get("content-type") === TYPES.json ? "json" : "protobuf";
  const { status } = response;
  return status === 200
    ? { status, encoding, ...decodeResponse(encoding, bytes) }
    : { status, encoding, ...decodeStatus(encoding, bytes) };
}

describe.each(["protobuf", "json"] as const)("a request in %s", (encoding) => {
  const type = TYPES[encoding];

  it.each<[string, (body: Uint8Array) => Pick<RequestParts, "body" | "coding">]>([
    ["none", (body) => ({ body })],
    ["gzip", (body) => ({ body: gzipSync(body), coding: "gzip" })],
    ["x-gzip", (body) => ({ body: gzipSync(body), coding: "X-GZIP" })],
    ["deflate", (body) => ({ body: deflateSync(body), coding: "deflate" })],
    ["deflate without zlib's header", (body) => ({ body: deflateRawSync(body), coding: "deflate" })],
    [
      "deflate that packs nothing",
      (body) => ({ body: deflateRawSync(body, { level: 0 }), coding: "deflate" }),
    ],
  ])("is stored and answered in kind: %s", async (_what, pack) => {
    const tracer = new InMemoryTracer();
    const body = bodyOf(spansOf(20), encoding);
    const answer = await otlpReceiver(tracer)(requestOf({ type, ...pack(body) }));
    expect(await read(answer)).toEqual({ status: 200, encoding, rejectedSpans: 0, errorMessage: "" });
    const spans = tracer.getTraces();
    expect(spans.map(({ spanName }) => spanName)).toEqual(spansOf(20).map(({ spanName }) => spanName));
    for (const span of spans) {
      expect(span.state).toBe("ended");
      expect(span.addAttribute("late", 1).attributes).not.toHaveProperty("late");
    }
  });

  it("that is empty is answered 200", async () => {
    const answer = await otlpReceiver(new InMemoryTracer())(requestOf({ type, body: bodyOf([], encoding) }));
    expect(await read(answer)).toMatchObject({ status: 200, rejectedSpans: 0 });
  });

  it("that is broken is answered 400, in kind, and nothing of it is stored", async () => {
    const tracer = new InMemoryTracer();
    const receive = otlpReceiver(tracer);
    const whole = bodyOf(spansOf(20), encoding);
    for (const body of [whole.subarray(0, -3), Buffer.from("\u0000{broken"), Buffer.alloc(100, 0xff)]) {
      expect(await read(await receive(requestOf({ type, body })))).toMatchObject({
        status: 400,
        encoding,
        code: 3,
      });
    }
    expect(tracer.getTraces()).toEqual([]);
  });

  it("of which some spans are bad is taken in part", async () => {
    const tracer = new InMemoryTracer();
    const good = bodyOf(spansOf(3), "json");
    const json = JSON.parse(String(Buffer.from(good)));
    const { spans } = json.resourceSpans[0].scopeSpans[0];
    spans[1].spanId = "";
    const body = encoding === "json" ? Buffer.from(JSON.stringify(json)) : withoutSpanId(bodyOf(spansOf(3)));
    const answer = await read(await otlpReceiver(tracer)(requestOf({ type, body })));
    expect(answer).toMatchObject({ status: 200, encoding, rejectedSpans: 1 });
    expect(answer).toHaveProperty("errorMessage", expect.stringMatching(/id/i));
    expect(tracer.getTraces()).toHaveLength(2);
  });
});

/** The first span's id made all zero. */
function withoutSpanId(body: Uint8Array): Uint8Array {
  // Field 2 of a span, 8 bytes, right behind field 1, 16 bytes.
  const at = Buffer.from(body.buffer, body.byteOffset, body.byteLength).indexOf(Buffer.from([0x0a, 0x10]));
  const copy = Uint8Array.from(body);
  expect([...copy.subarray(at + 18, at + 20)]).toEqual([0x12, 0x08]);
  return copy.fill(0, at + 20, at + 28);
}

describe("what is not for it", () => {
  test.each<[string, RequestParts, number]>([
    ["another path", { path: "/v1/profiles", body: new Uint8Array() }, 404],
    ["what is beside another path", { path: "/other/v1/metrics", body: new Uint8Array() }, 404],
    ["another method", { method: "GET" }, 405],
    ["another type", { type: "text/plain", body: Buffer.from("{}") }, 415],
    ["another packing", { coding: "zstd", body: new Uint8Array() }, 415],
    ["no gzip where it says so", { coding: "gzip", body: Buffer.from("plain") }, 400],
    ["no deflate where it says so", { coding: "deflate", body: Buffer.from("plain") }, 400],
    [
      "deflate that is cut",
      { coding: "deflate", body: deflateSync(bodyOf(spansOf(20))).subarray(0, -9) },
      400,
    ],
    ["a packing within another", { coding: "gzip, gzip", body: gzipSync(gzipSync(bodyOf(spansOf(1)))) }, 415],
    ["gzip that is cut", { coding: "gzip", body: gzipSync(bodyOf(spansOf(20))).subarray(0, -9) }, 400],
  ])("%s", async (_what, parts, status) => {
    const tracer = new InMemoryTracer();
    const answer = await read(await otlpReceiver(tracer)(requestOf(parts)));
    expect(answer).toMatchObject({ status, code: expect.any(Number), message: expect.any(String) });
    expect(tracer.getTraces()).toEqual([]);
  });

  test("says which method and packing it would be", async () => {
    const receive = otlpReceiver(new InMemoryTracer());
    expect((await receive(requestOf({ method: "GET" }))).headers.get("allow")).toBe("POST");
    const packed = await receive(requestOf({ coding: "br", body: new Uint8Array() }));
    expect(packed.headers.get("accept-encoding")).toBe("gzip, deflate");
  });

  test("parameters of the type do not matter, nor do capitals", async () => {
    const body = bodyOf(spansOf(1), "json");
    const receive = otlpReceiver(new InMemoryTracer());
    expect((await receive(requestOf({ type: "Application/JSON; charset=utf-8", body }))).status).toBe(200);
  });

  test("the path is what it is told to be", async () => {
    const receive = otlpReceiver(new InMemoryTracer(), { path: "/otel/v1/traces" });
    const body = bodyOf(spansOf(1));
    expect((await receive(requestOf({ path: "/otel/v1/traces", body }))).status).toBe(200);
    expect((await receive(requestOf({ body }))).status).toBe(404);
    // As where the base URL ends in a slash.
    expect((await receive(requestOf({ path: "//otel//v1/traces", body }))).status).toBe(200);
  });
});

describe("its bounds", () => {
  const body = bodyOf(spansOf(10, "x".repeat(1000)));

  test.each<[string, OtlpReceiverOptions, RequestParts]>([
    ["as it comes", { maxPackedBytes: 5000 }, { body }],
    ["as it comes, in a stream of unknown length", { maxPackedBytes: 5000 }, { body: streamOf(body) }],
    ["once unpacked", { maxUnpackedBytes: 5000 }, { body: gzipSync(body), coding: "gzip" }],
    ["once unpacked, deflate", { maxUnpackedBytes: 5000 }, { body: deflateSync(body), coding: "deflate" }],
    [
      "once unpacked, raw deflate",
      { maxUnpackedBytes: 5000 },
      { body: deflateRawSync(body), coding: "deflate" },
    ],
    ["of what never was packed", { maxUnpackedBytes: 5000 }, { body }],
  ])("the size %s: 413", async (_what, options, parts) => {
    const tracer = new InMemoryTracer();
    expect(await read(await otlpReceiver(tracer, options)(requestOf(parts)))).toMatchObject({ status: 413 });
    expect(tracer.getTraces()).toEqual([]);
  });

  test("the values of a request: 400", async () => {
    const receive = otlpReceiver(new InMemoryTracer(), { maxValues: 5 });
    expect(await read(await receive(requestOf({ body })))).toMatchObject({ status: 400 });
  });

  test("the bytes of all requests under way: 503, and room again once they are done", async () => {
    const receive = otlpReceiver(new InMemoryTracer(), { maxConcurrentBytes: body.length + 100 });
    const answers = await Promise.all([1, 2].map(() => receive(requestOf({ body }))));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 503]);
    expect(answers.find(({ status }) => status === 503)?.headers.get("retry-after")).toBe("1");
    expect((await receive(requestOf({ body }))).status).toBe(200);
  });

  test("the requests under way: 503", async () => {
    const receive = otlpReceiver(new InMemoryTracer(), { maxConcurrency: 3 });
    const answers = await Promise.all([1, 2, 3, 4, 5].map(() => receive(requestOf({ body }))));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, 503, 503]);
  });

  test("the time a body may take: 408", async () => {
    const never = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(body.slice(0, 9)),
    });
    const receive = otlpReceiver(new InMemoryTracer(), { bodyTimeoutMs: 20 });
    expect(await read(await receive(requestOf({ body: never })))).toMatchObject({ status: 408, code: 4 });
  });

  test("a body that breaks off: 400", async () => {
    const broken = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.error(new Error("gone")),
    });
    const receive = otlpReceiver(new InMemoryTracer());
    expect(await read(await receive(requestOf({ body: broken })))).toMatchObject({ status: 400 });
  });
});

function streamOf(bytes: Uint8Array): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (let at = 0; at < bytes.length; at += 1000) controller.enqueue(bytes.slice(at, at + 1000));
      controller.close();
    },
  });
}

/** A sink that writes when it is told to. */
class SlowSink implements Sink {
  readonly name = "slow";
  readonly stored: string[] = [];
  readonly waiting: string[] = [];
  isStuck = false;
  refuses: (name: string) => boolean = () => false;
  #failed = 0;

  write({ spanName }: Span): void {
    this.waiting.push(spanName);
  }

  async flush({ timeoutMs }: { timeoutMs: number }): Promise<DeliveryReport> {
    if (this.isStuck && this.waiting.length > 0)
      await new Promise((resolve) => setTimeout(resolve, timeoutMs));
    else {
      for (const name of this.waiting.splice(0)) {
        if (this.refuses(name)) this.#failed++;
        else this.stored.push(name);
      }
    }
    return {
      ...{ written: this.stored.length, pending: this.waiting.length },
      ...{ dropped: 0, failed: this.#failed, errors: [] },
    };
  }
}

describe("200 means stored", () => {
  const spans = spansOf(3);
  const names = spans.map(({ spanName }) => spanName);
  const body = bodyOf(spans);

  it("waits until the sink has written", async () => {
    const sink = new SlowSink();
    expect((await otlpReceiver(sink)(requestOf({ body }))).status).toBe(200);
    expect(sink.stored).toEqual(names);
  });

  it("a sink that does not come to it in time is 503; the repeat is not written twice", async () => {
    const sink = new SlowSink();
    const receive = otlpReceiver(sink, { flushTimeoutMs: 20 });
    sink.isStuck = true;
    const late = await receive(requestOf({ body }));
    expect(late.status).toBe(503);
    expect(late.headers.get("retry-after")).toBe("1");
    const other = bodyOf(spansOf(2));
    expect((await receive(requestOf({ body: other }))).status).toBe(503);
    expect(sink.waiting).toEqual(names);

    sink.isStuck = false;
    expect((await receive(requestOf({ body }))).status).toBe(200);
    expect(sink.stored).toEqual(names);
    expect((await receive(requestOf({ body: other }))).status).toBe(200);
    expect(sink.stored).toHaveLength(5);
  });

  it("spans that the sink refuses for good are rejected; where it refuses all, the sender keeps them", async () => {
    const sink = new SlowSink();
    const receive = otlpReceiver(sink);
    sink.refuses = (name) => name === "span-1";
    expect(await read(await receive(requestOf({ body })))).toMatchObject({ status: 200, rejectedSpans: 1 });
    sink.refuses = () => true;
    expect(await read(await receive(requestOf({ body })))).toMatchObject({ status: 503 });
    sink.refuses = () => false;
    expect(await read(await receive(requestOf({ body })))).toMatchObject({ status: 200, rejectedSpans: 0 });
    expect(sink.stored).toEqual(["span-0", "span-2", ...names]);
  });

  it("a sink that throws is 503, and told", async () => {
    const told: string[] = [];
    const sink: Sink = {
      name: "broken",
      write: () => {
        throw new Error("disk full");
      },
    };
    const receive = otlpReceiver(sink, { onError: ({ message }) => told.push(message) });
    expect((await receive(requestOf({ body }))).status).toBe(503);
    expect(told[0]).toContain("disk full");
  });

  it("a closed tracer is 503", async () => {
    const tracer = new InMemoryTracer({ onError: () => undefined });
    await tracer.close();
    expect((await otlpReceiver(tracer)(requestOf({ body }))).status).toBe(503);
  });

  it("a store that keeps the latest only takes any number", async () => {
    const tracer = new InMemoryTracer({
      memorySize: 2,
      process: (span) => (span.spanName === "span-1" ? false : undefined),
    });
    const receive = otlpReceiver(tracer);
    for (let i = 0; i < 3; i++) expect((await receive(requestOf({ body }))).status).toBe(200);
    expect(tracer.getTraces()).toHaveLength(2);
  });

  it("spans go through the tracer's process, and parents are found", async () => {
    const process = (span: { attributes: Record<string, unknown> }) => {
      span.attributes["secret"] = "***";
    };
    const tracer = new InMemoryTracer({ process });
    const sent: Span[] = [];
    const source = new Tracer({ name: "collect", write: (span) => void sent.push(span) });
    source.trace("parent", () => source.trace("child", (span) => span.addAttribute("secret", 1)));
    await otlpReceiver(tracer)(requestOf({ body: bodyOf(sent) }));
    const [parent, child] = tracer.getTraces();
    expect(child?.parentSpan).toBe(parent);
    expect(child?.attributes).toEqual({ secret: "***" });
  });

  it("passes on to an OtlpTracer: written when that server has them", async () => {
    const server = await new StubServer().start();
    server.reply = (_, index) => (index < 2 ? 503 : 200);
    const { tracer } = tracerTo(server.url);
    expect((await otlpReceiver(tracer)(requestOf({ body }))).status).toBe(200);
    expect(server.names()).toEqual(names);
  });
});

test.each([undefined, null, 7, {}])("%j is no sink", (sink) => {
  const nothing: Sink = JSON.parse(JSON.stringify(sink ?? null));
  expect(() => otlpReceiver(nothing)).toThrow(expect.objectContaining({ code: "INVALID_OPTION" }));
});

test("an option that is none is named", () => {
  const options: OtlpReceiverOptions = JSON.parse('{ "maxConcurency": 1 }');
  expect(() => otlpReceiver(new InMemoryTracer(), options)).toThrow('did you mean "maxConcurrency"?');
});

describe("other signals", () => {
  test("metrics are taken and forgotten, in kind", async () => {
    const signal = "metrics";
    const tracer = new InMemoryTracer();
    const receive = otlpReceiver(tracer);
    for (const type of [TYPES.protobuf, TYPES.json]) {
      const answer = await receive(requestOf({ path: `/v1/${signal}`, type, body: Buffer.from("whatever") }));
      const encoding = type === TYPES.json ? "json" : "protobuf";
      expect(await read(answer)).toEqual({ status: 200, encoding, rejectedSpans: 0, errorMessage: "" });
    }
    expect((await receive(requestOf({ path: `/v1/${signal}`, method: "GET" }))).status).toBe(405);
    expect(tracer.getTraces()).toEqual([]);
  });

  test("are beside the path that is given", async () => {
    const body = new Uint8Array();
    const receive = otlpReceiver(new InMemoryTracer(), { path: "/otel/v1/traces" });
    expect((await receive(requestOf({ path: "/otel//v1/logs", body }))).status).toBe(200);
    expect((await receive(requestOf({ path: "/v1/logs", body }))).status).toBe(404);
    const other = otlpReceiver(new InMemoryTracer(), { path: "/spans" });
    expect((await other(requestOf({ path: "/v1/logs", body }))).status).toBe(404);
  });
});

/** All that comes until the connection ends. */
async function textOf(socket: Socket): Promise<string> {
  let text = "";
  for await (const chunk of socket.setEncoding("latin1")) text += chunk;
  return text;
}

describe("serveOtlp", () => {
  async function served(options: OtlpReceiverOptions = {}) {
    const tracer = new InMemoryTracer();
    const server = await serveOtlp(otlpReceiver(tracer, options), { port: 0 });
    onTestFinished(() => server.close());
    return { tracer, server, url: `${server.url}/v1/traces` };
  }

  it("listens on this machine only, and sends on what an OtlpTracer sends", async () => {
    const { tracer, server, url } = await served();
    expect(server.url).toBe(`http://127.0.0.1:${server.port}`);
    const { tracer: sender } = tracerTo(url, { compression: "gzip" });
    for (let i = 0; i < 900; i++) sender.trace("parent", () => sender.trace("child", () => undefined));
    expect(await sender.flush()).toMatchObject({ written: 1800, failed: 0 });
    expect((await tracer.flush()).written).toBe(1800);
  });

  it("takes a doubled slash as one", async () => {
    const { tracer, server } = await served();
    const { tracer: sender } = tracerTo(`${server.url}//v1/traces`);
    sender.trace("sent", () => undefined);
    expect(await sender.flush()).toMatchObject({ written: 1, failed: 0 });
    expect(tracer.getTraces()).toHaveLength(1);
  });

  it.each([
    [
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
      "a gRPC or HTTP/2 client: this port speaks HTTP/1.1; use OTLP over HTTP",
    ],
    ["\u0016\u0003\u0001\u0002\u0000\u0001", "a TLS client: this port speaks plain HTTP; use http://"],
    ["hello\r\n\r\n", "what is no HTTP/1.1 request (HPE_INVALID_METHOD)"],
  ])("tells who comes with %j, and turns them away", async (sent, expected) => {
    const told: string[] = [];
    const onStranger = (what: string): void => void told.push(what);
    const server = await serveOtlp(otlpReceiver(new InMemoryTracer()), { port: 0, onStranger });
    onTestFinished(() => server.close());
    const socket = connect(server.port, "127.0.0.1", () => socket.write(sent, "latin1"));
    expect(await textOf(socket)).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(told).toEqual([expect.stringContaining(expected)]);
  });

  it("tells nobody of a sender that breaks off, and answers headers that are too large with their status", async () => {
    const told: string[] = [];
    const onStranger = (what: string): void => void told.push(what);
    const server = await serveOtlp(otlpReceiver(new InMemoryTracer()), { port: 0, onStranger });
    onTestFinished(() => server.close());
    const half = connect(server.port, "127.0.0.1", () => half.end("POST /v1/traces HTTP/1.1\r\n"));
    await textOf(half);
    expect(told).toEqual([]);
    const large = connect(server.port, "127.0.0.1", () =>
      large.write(`GET / HTTP/1.1\r\na: ${"x".repeat(20_000)}`),
    );
    expect(await textOf(large)).toMatch(/^HTTP\/1\.1 431 /);
  });

  it("says what to do where the port is taken", async () => {
    const { server } = await served();
    const again = serveOtlp(otlpReceiver(new InMemoryTracer()), { port: server.port });
    await expect(again).rejects.toThrow(`Port ${server.port} of 127.0.0.1 is taken`);
    await expect(again).rejects.toMatchObject({ code: "LISTEN_FAILED" });
    await expect(serveOtlp(otlpReceiver(new InMemoryTracer()), { port: 70_000 })).rejects.toThrow('"port"');
  });

  it("a sender gets its refusal however large its body is, and its connection stays in use", async () => {
    const { tracer, url } = await served({ maxPackedBytes: 300_000 });
    const { tracer: sender } = tracerTo(url);
    const text = "x".repeat(100_000);
    for (let i = 0; i < 30; i++) sender.startSpan(`big-${i}`).addAttribute("text", text).end();
    expect(await sender.flush()).toMatchObject({ written: 30, failed: 0 });
    expect(tracer.getTraces()).toHaveLength(30);
    for (const path of ["/nowhere", "/v1/traces"]) {
      const answer = await fetch(new URL(path, url), { method: "POST", body: Buffer.alloc(2_000_000) });
      expect(answer.status).toBe(path === "/nowhere" ? 404 : 415);
    }
  });

  it("senders that dawdle or break off end well, and others are served meanwhile", async () => {
    const { tracer, server, url } = await served({ bodyTimeoutMs: 50 });
    const head =
      "POST /v1/traces HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{";
    const sockets = Array.from({ length: 20 }, () =>
      connect(server.port, "127.0.0.1").on("error", () => undefined),
    );
    const answers = sockets.map(
      (socket) => new Promise<string>((resolve) => socket.once("data", (data) => resolve(String(data)))),
    );
    for (const socket of sockets) socket.write(head);
    sockets.slice(10).forEach((socket) => void socket.end().destroy());
    const { tracer: sender } = tracerTo(url);
    sender.trace("meanwhile", () => undefined);
    expect((await sender.flush()).written).toBe(1);
    for (const answer of await Promise.all(answers.slice(0, 10))) expect(answer).toMatch(/^HTTP\/1.1 408 /);
    for (const socket of sockets) socket.destroy();
    expect(tracer.getTraces()).toHaveLength(1);
  });

  it("closes with connections still open", async () => {
    const { server } = await served();
    const socket = connect(server.port, "127.0.0.1").on("error", () => undefined);
    await new Promise((resolve) => socket.once("connect", resolve));
    socket.write("POST /v1/traces HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\n{");
    await server.close();
    await expect(fetch(server.url)).rejects.toThrow();
    socket.destroy();
  });
});
