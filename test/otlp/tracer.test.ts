// OtlpTracer on the wire: what it sends, what it makes of each answer, and that it keeps secrets to itself.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { Agent } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OtlpTracer, type OtlpTracerOptions } from "tracelight/otlp";
import { describe, expect, it, onTestFinished, test } from "vitest";
import { encodeResponse } from "../../src/otlp/codec.ts";
import { encodeStatus } from "../../src/otlp/status.ts";
import { flushedUntil } from "../patience.ts";
import { CERTIFICATE, KEY } from "./certificate.ts";
import { decodeProtobuf, normalJson, spansIn } from "./independent-decoder.ts";
import { endSpans, namesIn, type Reply, StubServer, tracerTo } from "./support.ts";

const ALL = { written: 0, pending: 0, dropped: 0, failed: 0 };

function partial(rejectedSpans: number, errorMessage: string): Reply {
  const body = encodeResponse("protobuf", { rejectedSpans, errorMessage });
  return { status: 200, headers: { "content-type": "application/x-protobuf" }, body };
}

function refusal(status: number, message: string): Reply {
  const headers = { "content-type": "application/x-protobuf" };
  return { status, headers, body: encodeStatus("protobuf", { code: 3, message }) };
}

describe("a request", () => {
  it("is a POST of protobuf with the headers given, to the URL given", async () => {
    const server = await new StubServer().start();
    const { tracer } = tracerTo(`${server.url}?tenant=1`, { headers: { Authorization: "Bearer 123" } });
    endSpans(tracer, 1);
    expect(await tracer.flush()).toMatchObject({ ...ALL, written: 1 });
    const [request] = server.requests;
    expect(request?.path).toBe("/v1/traces?tenant=1");
    expect(request?.headers).toMatchObject({
      "content-type": "application/x-protobuf",
      "content-length": String(request?.body.length),
      authorization: "Bearer 123",
    });
    expect(request?.headers["user-agent"]).toMatch(/^tracelight\/\d/);
    expect(server.names()).toEqual(["span-0"]);
  });

  it("is JSON where asked for", async () => {
    const server = await new StubServer().start();
    const { tracer } = tracerTo(server.url, { encoding: "json" });
    endSpans(tracer, 2);
    await tracer.flush();
    const [request] = server.requests;
    expect(request?.headers["content-type"]).toBe("application/json");
    const { resourceSpans } = JSON.parse(String(request?.body));
    expect(resourceSpans[0].scopeSpans[0].spans.map(({ name }: { name: string }) => name)).toEqual([
      "span-0",
      "span-1",
    ]);
  });

  it.each([1, 1000])("is packed by gzip where asked for: %d spans", async (count) => {
    const server = await new StubServer().start();
    const { tracer } = tracerTo(server.url, { compression: "gzip" });
    const names = endSpans(tracer, count);
    await tracer.flush();
    for (const { headers } of server.requests) expect(headers["content-encoding"]).toBe("gzip");
    expect(server.names().sort()).toEqual(names.sort());
  });

  it("holds 2048 spans and a million bytes, unless told", async () => {
    const server = await new StubServer().start();
    const { tracer } = tracerTo(server.url);
    endSpans(tracer, 5000);
    await tracer.flush();
    const counts = server.requests.map(({ body }) => namesIn(body).length);
    expect(Math.max(...counts)).toBe(2048);

    for (let i = 0; i < 30; i++) tracer.startSpan("big").addAttribute("text", "x".repeat(300_000)).end();
    await tracer.flush();
    for (const { body } of server.requests) expect(body.length).toBeLessThan(1_000_000);

    const { tracer: other } = tracerTo(server.url, { maxBatchSpans: 10 });
    endSpans(other, 100, "more");
    await other.flush();
    expect(server.requests.slice(-10).map(({ body }) => namesIn(body).length)).toEqual(Array(10).fill(10));
  });

  it("waits for the one before, unless told how many may be sent at once", async () => {
    for (const maxConcurrency of [1, 3]) {
      const server = await new StubServer().start();
      server.delayMs = 5;
      const { tracer } = tracerTo(server.url, { maxBatchSpans: 100, maxConcurrency });
      endSpans(tracer, 2000);
      expect(await tracer.flush()).toMatchObject({ ...ALL, written: 2000 });
      expect(server.mostAtOnce).toBe(maxConcurrency);
    }
  });

  it("goes over connections that stay open", async () => {
    const server = await new StubServer().start();
    const agent = new Agent({ keepAlive: true });
    onTestFinished(() => agent.destroy());
    const { tracer } = tracerTo(server.url, { agent, maxConcurrency: 1 });
    for (let i = 0; i < 5; i++) {
      endSpans(tracer, 1);
      await tracer.flush();
    }
    expect(Object.values(agent.freeSockets).flat()).toHaveLength(1);
    await tracer.close();
    expect(Object.values(agent.freeSockets).flat()).toHaveLength(1);
  });

  it("goes over TLS, trusting whom it is told to trust", async () => {
    const names: string[] = [];
    const server = createTlsServer(
      { cert: CERTIFICATE, key: KEY, ca: CERTIFICATE, requestCert: true },
      (incoming, outgoing) => {
        incoming.on("data", (chunk) => names.push(...namesIn(chunk)));
        incoming.on("end", () => outgoing.end());
      },
    );
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const address = server.address();
    const url = `https://localhost:${typeof address === "object" ? address?.port : 0}/v1/traces`;
    const tls = { ca: CERTIFICATE, cert: CERTIFICATE, key: Buffer.from(KEY) };
    const { tracer } = tracerTo(url, { tls });
    endSpans(tracer, 1);
    expect(await tracer.flush()).toMatchObject({ ...ALL, written: 1 });
    expect(names).toEqual(["span-0"]);

    const { tracer: trusting, told: refused } = tracerTo(url);
    endSpans(trusting, 1);
    const report = await flushedUntil(trusting, () => refused.length > 0);
    expect(report).toMatchObject({ ...ALL, pending: 1 });
    expect(report.errors[0]?.message).toContain("DEPTH_ZERO_SELF_SIGNED_CERT");
  });
});

describe("every field arrives, as a decoder that is not ours reads it", () => {
  const cases = (["protobuf", "json"] as const).flatMap((encoding) =>
    (["none", "gzip"] as const).map((compression) => [encoding, compression] as const),
  );

  it.each(cases)("%s, %s", async (encoding, compression) => {
    const server = await new StubServer().start();
    const { tracer } = tracerTo(server.url, { encoding, compression });
    tracer.setContext({
      resourceAttributes: { "service.name": "MyAgent", "host.name": "h" },
      scope: { name: "my-library", version: "1.2.3" },
    });
    const link = { traceId: "c".repeat(32), spanId: "d".repeat(16), attributes: { why: "related" } };
    const remote = { traceId: "a".repeat(32), spanId: "b".repeat(16), traceState: "vendor=1" };
    const options = {
      spanKind: "CLIENT",
      parentSpan: remote,
      startedAt: new Date(1_700_000_000_000),
    } as const;
    const span = tracer.startSpan("chat \u{1f600}", { ...options, links: [link] });
    span.addAttributes(VALUES).addEvent("asked", { n: 1 }, new Date(1_700_000_000_500));
    span.setStatus("ERROR", "it broke").end(new Date(1_700_000_001_000));
    expect(await tracer.flush()).toMatchObject({ ...ALL, written: 1 });

    const { body = Buffer.alloc(0) } = server.requests[0] ?? {};
    const [sent] =
      encoding === "protobuf" ? decodeProtobuf(body) : spansIn(normalJson(JSON.parse(String(body))));
    expect(sent?.resourceSpans).toEqual({
      resource: { attributes: [keyValue("service.name", text("MyAgent")), keyValue("host.name", text("h"))] },
    });
    expect(sent?.scopeSpans).toEqual({ scope: { name: "my-library", version: "1.2.3" } });
    expect(sent?.span).toEqual({
      ...{
        traceId: remote.traceId,
        spanId: span.spanId,
        parentSpanId: remote.spanId,
        traceState: "vendor=1",
      },
      ...{ name: "chat \u{1f600}", kind: 3 },
      ...{ startTimeUnixNano: "1700000000000000000", endTimeUnixNano: "1700000001000000000" },
      attributes: Object.keys(VALUES).map((key) => keyValue(key, VALUES_ON_THE_WIRE[key])),
      events: [
        {
          timeUnixNano: "1700000000500000000",
          name: "asked",
          attributes: [keyValue("n", { intValue: "1" })],
        },
      ],
      links: [{ traceId: link.traceId, spanId: link.spanId, attributes: [keyValue("why", text("related"))] }],
      status: { code: 2, message: "it broke" },
    });
  });
});

const VALUES = {
  ...{ text: "Sunny", yes: true, whole: 42, fraction: 0.5, huge: 2n ** 60n, nothing: null },
  ...{ bytes: Uint8Array.of(1, 2, 255), list: ["a", 1, [true]], at: new Date(0) },
  messages: [{ role: "user", content: [{ text: "Hi", tokens: 3 }] }],
};

const VALUES_ON_THE_WIRE: Readonly<Record<string, unknown>> = {
  text: text("Sunny"),
  yes: { boolValue: true },
  whole: { intValue: "42" },
  fraction: { doubleValue: 0.5 },
  huge: { intValue: String(2n ** 60n) },
  nothing: {},
  bytes: { bytesValue: Buffer.of(1, 2, 255).toString("base64") },
  list: array(text("a"), { intValue: "1" }, array({ boolValue: true })),
  at: text("1970-01-01T00:00:00.000Z"),
  messages: array(
    map(
      keyValue("role", text("user")),
      keyValue("content", array(map(keyValue("text", text("Hi")), keyValue("tokens", { intValue: "3" })))),
    ),
  ),
};

function keyValue(key: string, value: unknown): object {
  return { key, value };
}

function text(stringValue: string): object {
  return { stringValue };
}

function array(...values: readonly object[]): object {
  return { arrayValue: { values } };
}

function map(...values: readonly object[]): object {
  return { kvlistValue: { values } };
}

describe("what is refused for now", () => {
  test.each<[string, Reply]>([
    ["429", 429],
    ["502", 502],
    ["503", 503],
    ["504", 504],
    ["a connection that breaks", "cut"],
  ])("%s is sent again until it is taken", async (_what, reply) => {
    const server = await new StubServer().start();
    server.reply = (_, index) => (index < 3 ? reply : 200);
    const { tracer } = tracerTo(server.url);
    endSpans(tracer, 10);
    expect(await tracer.flush()).toMatchObject({ ...ALL, written: 10 });
    expect(server.requests.length).toBe(4);
    expect(server.names()).toHaveLength(10);
  });

  test("a request that is never answered is given up and sent again", async () => {
    const server = await new StubServer().start();
    server.reply = (_, index) => (index === 0 ? "hang" : 200);
    const { tracer } = tracerTo(server.url, { timeoutMs: 50 });
    endSpans(tracer, 1);
    expect(await tracer.flush()).toMatchObject({ ...ALL, written: 1 });
    // On a busy machine the answer to the second may be late too.
    expect(server.requests.length).toBeGreaterThanOrEqual(2);
  });

  test.each([
    ["seconds", () => "1"],
    ["a date", () => new Date(Date.now() + 2000).toUTCString()],
  ])("Retry-After in %s is waited for", async (_what, retryAfter) => {
    const server = await new StubServer().start();
    const at: number[] = [];
    server.reply = () => {
      at.push(performance.now());
      return at.length === 1 ? { status: 503, headers: { "retry-after": retryAfter() } } : 200;
    };
    const { tracer } = tracerTo(server.url, { maxBatchAgeMs: 0 });
    endSpans(tracer, 1);
    while (server.taken.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect((at[1] ?? 0) - (at[0] ?? 0)).toBeGreaterThan(900);
  });

  test("an outage is told once, with its reason", async () => {
    const { tracer, told } = tracerTo("http://127.0.0.1:1/v1/traces");
    endSpans(tracer, 1);
    const report = await flushedUntil(tracer, () => told.length > 0);
    expect(report).toMatchObject({ ...ALL, pending: 1 });
    expect(told.map(({ code, message }) => `${code} ${message}`)).toEqual([
      "OTLP_FAILED The OTLP server at http://127.0.0.1:1/v1/traces could not be reached (ECONNREFUSED).",
    ]);
  });
});

describe("a peer of another protocol is told, with a hint", () => {
  async function toldBy(answer: Uint8Array | string, scheme: string): Promise<string> {
    const server = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.once("data", () => socket.end(answer));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    const address = server.address();
    const port = typeof address === "object" ? address?.port : 0;
    const { tracer, told } = tracerTo(`${scheme}://127.0.0.1:${port}/v1/traces`);
    endSpans(tracer, 1);
    const report = await flushedUntil(tracer, () => told.length > 0);
    expect(report).toMatchObject({ ...ALL, pending: 1 });
    return told[0]?.message ?? "";
  }

  test("HTTP/2, as gRPC's port speaks it", async () => {
    const settings = Uint8Array.of(0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 100);
    expect(await toldBy(settings, "http")).toMatch(
      /\(HPE_\w+\); it answers in another protocol .* gRPC at 4317\.$/,
    );
  });

  test("plain HTTP where TLS is spoken to it", async () => {
    const answer = "HTTP/1.1 400 Bad Request\r\n\r\n";
    expect(await toldBy(answer, "https")).toMatch(
      /\(\w+\); it does not speak TLS: url may have to begin with http:\/\/\.$/,
    );
  });

  test("TLS that refuses is TLS", async () => {
    const alert = Uint8Array.of(0x15, 3, 3, 0, 2, 2, 40);
    expect(await toldBy(alert, "https")).toMatch(
      /\(\w+\); it refuses this client: .* tls\.cert and tls\.key\.$/,
    );
  });
});

describe("what is refused for good", () => {
  test.each([401, 403, 404, 405, 415, 501])("%d fails, and is not sent again", async (status) => {
    const server = await new StubServer().start();
    server.reply = () => refusal(status, "no \u001b[31mway");
    const { tracer, told } = tracerTo(server.url);
    endSpans(tracer, 3);
    expect(await tracer.flush()).toMatchObject({ ...ALL, failed: 3 });
    expect(server.requests).toHaveLength(1);
    expect(told).toHaveLength(1);
    expect(told[0]?.code).toBe("OTLP_REFUSED");
    expect(told[0]?.message).toContain(`answered ${status} (no \\x1b[31mway)`);
  });

  test("redirects are not followed", async () => {
    const server = await new StubServer().start();
    const other = await new StubServer().start();
    server.reply = () => ({ status: 307, headers: { location: other.url } });
    const { tracer, told } = tracerTo(server.url);
    endSpans(tracer, 1);
    expect(await tracer.flush()).toMatchObject({ ...ALL, failed: 1 });
    expect(other.requests).toEqual([]);
    expect(told[0]?.message).toContain("307");
  });

  test.each([400, 413, 500])(
    "a batch that is refused because of some spans (%d) is split: the others arrive",
    async (status) => {
      const server = await new StubServer().start();
      const isBad = (name: string) => name === "span-7" || name === "span-100" || name === "span-399";
      server.reply = ({ body }) => (namesIn(body).some(isBad) ? status : 200);
      const { tracer } = tracerTo(server.url);
      const names = endSpans(tracer, 400);
      expect(await tracer.flush()).toMatchObject({ ...ALL, written: 397, failed: 3 });
      expect(server.names().sort()).toEqual(names.filter((name) => !isBad(name)).sort());
      expect(server.requests.length).toBeLessThan(70);
    },
  );

  test("a batch that is too large is sent in halves", async () => {
    const server = await new StubServer().start();
    server.reply = ({ body }) => (namesIn(body).length > 100 ? 413 : 200);
    const { tracer } = tracerTo(server.url);
    const names = endSpans(tracer, 400);
    expect(await tracer.flush()).toMatchObject({ ...ALL, written: 400 });
    // Several requests are under way at once.
    expect(server.names().sort()).toEqual(names.sort());
  });

  test.each([
    [400, 0],
    [500, 0],
    [500, 1],
  ])(
    "a server that refuses everything (%d, after %d) is not asked about each span",
    async (status, before) => {
      const server = await new StubServer().start();
      server.reply = (_, index) => (index < before ? 200 : status);
      const { tracer } = tracerTo(server.url);
      if (before > 0) endSpans(tracer, 1);
      await tracer.flush();
      endSpans(tracer, 2048);
      expect(await tracer.flush()).toMatchObject({ ...ALL, written: before, failed: 2048 });
      expect(server.requests.length).toBeLessThan(40);
    },
  );

  test.each([502, "cut" as const])(
    "a span with which a request always fails (%s) holds up no other",
    async (way) => {
      const server = await new StubServer().start();
      server.reply = ({ body }) => (namesIn(body).includes("span-7") ? way : 200);
      const { tracer, told } = tracerTo(server.url, { baseRetryDelayMs: 1, maxRetryDelayMs: 5 });
      const names = endSpans(tracer, 100);
      while (!told.some(({ code }) => code === "SPAN_REFUSED")) {
        // Where there is no answer, it takes others to tell it from an outage.
        names.push(...endSpans(tracer, 1, "later"));
        await tracer.flush({ timeoutMs: 50 });
      }
      expect(await tracer.flush()).toMatchObject({ ...ALL, written: names.length - 1, failed: 1 });
      expect(server.names().filter((name) => name === "span-7")).toEqual([]);
    },
  );
});

describe("what is taken in part", () => {
  it("counts the refused as failed, and tells the server's reason", async () => {
    const server = await new StubServer().start();
    server.reply = () => partial(3, "3 spans are too old");
    const { tracer, told } = tracerTo(server.url);
    endSpans(tracer, 10);
    expect(await tracer.flush()).toMatchObject({ ...ALL, written: 7, failed: 3 });
    expect(server.requests).toHaveLength(1);
    expect(told.map(({ code }) => code)).toEqual(["OTLP_REFUSED"]);
    expect(told[0]?.message).toContain("refused 3 of 10 spans: 3 spans are too old");
  });

  it("tells a warning about what was taken whole", async () => {
    const server = await new StubServer().start();
    server.reply = () => partial(0, "use the new endpoint");
    const { tracer, told } = tracerTo(server.url);
    endSpans(tracer, 2);
    expect(await tracer.flush()).toMatchObject({ ...ALL, written: 2 });
    expect(told[0]?.message).toContain("took spans, but says: use the new endpoint");
  });

  it("believes no server that refuses more than it got, or talks nonsense", async () => {
    const server = await new StubServer().start();
    const headers = { "content-type": "application/json" };
    const replies: Reply[] = [
      partial(99, ""),
      partial(-1, ""),
      { status: 200, headers, body: "{" },
      { status: 200, headers, body: "x".repeat(3_000_000) },
      { status: 204 },
    ];
    server.reply = (_, index) => replies[index] ?? 200;
    const { tracer } = tracerTo(server.url);
    for (let i = 0; i < replies.length; i++) {
      endSpans(tracer, 1);
      await tracer.flush();
    }
    expect(await tracer.flush()).toMatchObject({ ...ALL, written: 4, failed: 1 });
  });
});

test("an answer that breaks off is an answer: nothing is sent twice", async () => {
  const requests: number[] = [];
  // On a busy machine the head of the answer, too, may take longer than a short time-out.
  for (const timeoutMs of [100, 1000, 10_000]) {
    const server = await new StubServer().start();
    server.reply = () => ({ status: 200, headers: { "content-length": "100" }, body: "{" });
    const { tracer } = tracerTo(server.url, { timeoutMs });
    endSpans(tracer, 2);
    expect(await tracer.flush()).toMatchObject({ ...ALL, written: 2 });
    requests.push(server.requests.length);
    if (requests.includes(1)) break;
  }
  expect(requests).toContain(1);
});

describe("secrets", () => {
  const secret = "sk-1234567890abcdef";

  it("are not in errors, whatever the server repeats", async () => {
    const server = await new StubServer().start();
    server.reply = () => refusal(401, `the key ${secret} is not known`);
    const url = server.url.replace("http://", `http://user:${secret}@`);
    const { tracer, told } = tracerTo(`${url}?key=${secret}`, { headers: { "api-key": secret } });
    endSpans(tracer, 1);
    await tracer.flush();
    expect(server.requests[0]?.headers.authorization).toMatch(/^Basic /);
    expect(told[0]?.message).toContain("the key *** is not known");
    for (const error of told) expect(`${error.message} ${String(error.cause)}`).not.toContain(secret);
  });

  it("are not in the journal", async () => {
    const journal = mkdtempSync(join(tmpdir(), "tracelight-otlp-"));
    onTestFinished(() => rmSync(journal, { recursive: true, force: true }));
    const { tracer } = tracerTo(`http://user:${secret}@127.0.0.1:1/v1/traces?key=${secret}`, {
      ...{ journal, headers: { "api-key": secret } },
    });
    endSpans(tracer, 1);
    await tracer.flush({ timeoutMs: 10 });
    const files = readdirSync(journal, { recursive: true, withFileTypes: true }).filter((file) =>
      file.isFile(),
    );
    expect(files.length).toBeGreaterThan(0);
    for (const { parentPath, name } of files)
      expect(readFileSync(join(parentPath, name), "utf8")).not.toContain(secret);
  });

  it("are not in the errors of a constructor", () => {
    const wrong: OtlpTracerOptions[] = [
      { url: `htp://user:${secret}@host` },
      { headers: { "api-key": `${secret}\n` } },
      { headers: { [`${secret}:`]: "x" } },
    ];
    for (const options of wrong) {
      expect(() => new OtlpTracer(options)).toThrow(expect.objectContaining({ code: "INVALID_OPTION" }));
      expect(() => new OtlpTracer(options)).not.toThrow(secret);
    }
  });
});

test.each<[OtlpTracerOptions, string]>([
  [{ url: "localhost:4318" }, 'Option "url" of OtlpTracer must be an http: or https: URL'],
  [{ headers: { "content-type": "text/plain" } }, 'without "content-type"'],
  [{ headers: { "x-id": "a\r\nb" } }, '(not so: "x-id")'],
  [
    JSON.parse('{ "url": 17 }'),
    'Option "url" of OtlpTracer must be a text, an http: or https: URL, such as "http://localhost',
  ],
  [{ tls: { cert: "none" } }, 'Option "tls" of OtlpTracer must be in PEM, a certificate and its own key ('],
  [{ tls: { key: "none" } }, 'Option "tls" of OtlpTracer must be in PEM'],
  [{ tls: { ca: Buffer.from("none") } }, 'Option "tls" of OtlpTracer must be in PEM'],
  [JSON.parse('{ "tls": { "ca": 1 } }'), 'Option "tls" of OtlpTracer must be an object of ca, cert and key'],
  [{ timeoutMs: 0 }, 'Option "timeoutMs" of OtlpTracer must be a number of at least 1'],
])("refuses %j at construction", (options, message) => {
  expect(() => new OtlpTracer(options)).toThrow(message);
});

test("names an option that is none, and the one that was meant", () => {
  const options = JSON.parse('{ "header": {} }');
  expect(() => new OtlpTracer(options)).toThrow('did you mean "headers"?');
});

test("keeps no spans to read back", async () => {
  const { tracer } = tracerTo("http://127.0.0.1:1/v1/traces");
  await expect(tracer.getTraces()).rejects.toMatchObject({ code: "NOT_A_STORE" });
});
