// What a server may do with a request: each way settles it, and only an answer of OTLP is a success.
import { type Agent, Agent as HttpAgent } from "node:http";
import { createServer, type Socket } from "node:net";
import { gzipSync } from "node:zlib";
import type { DeliveryReport, TracelightError } from "tracelight";
import type { OtlpTracerOptions } from "tracelight/otlp";
import { describe, expect, it, onTestFinished, test } from "vitest";
import { encodeResponse } from "../../src/otlp/codec.ts";
import { encodeStatus } from "../../src/otlp/status.ts";
import { flushedUntil } from "../patience.ts";
import { endSpans, type Reply, StubServer, tracerTo } from "./support.ts";

/** A server that says to each request what it is told to; how many came. */
async function serverThat(
  answers: (socket: Socket, index: number) => void,
): Promise<{ url: string; requests: () => number }> {
  let requests = 0;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let seen = "";
    socket.on("error", () => undefined);
    socket.setEncoding("latin1").on("data", (text) => {
      seen += text;
      // The spans of these tests are small: their request comes whole, its end is where its length says.
      const [head = "", body] = seen.split("\r\n\r\n", 2);
      const [, length] = /content-length: (\d+)/i.exec(head) ?? [];
      if (body === undefined || seen.length < head.length + 4 + Number(length)) return;
      seen = "";
      answers(socket, requests++);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  const port = typeof address === "object" ? address?.port : 0;
  return { url: `http://127.0.0.1:${port}/v1/traces`, requests: () => requests };
}

async function sent(
  url: string,
  options: OtlpTracerOptions = {},
): Promise<DeliveryReport & { told: readonly TracelightError[] }> {
  const { tracer, told } = tracerTo(url, { timeoutMs: 30_000, ...options });
  endSpans(tracer, 3);
  return { ...(await tracer.flush({ timeoutMs: 60_000 })), told };
}

const OK = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

describe("a request is settled, and the spans are sent again, where the server", () => {
  const never = (): void => undefined;

  test.each<[string, (socket: Socket) => void]>([
    ["accepts and never answers", never],
    ["ends the connection", (socket) => socket.end()],
    ["resets the connection", (socket) => socket.resetAndDestroy()],
    ["breaks off within the headers", (socket) => socket.end("HTTP/1.1 200 OK\r\ncontent-le")],
    ["is silent within the headers", (socket) => socket.write("HTTP/1.1 200 OK\r\ncontent-le")],
    ["says 100 and no more", (socket) => socket.write("HTTP/1.1 100 Continue\r\n\r\n")],
    ["says 102 and 103 and ends", (socket) => socket.end(`${INFORMATION}${INFORMATION}`)],
    ["says 103 for ever", (socket) => void flood(socket, INFORMATION)],
    ["speaks HTTP/2", (socket) => socket.write(Uint8Array.of(0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 100))],
    ["sends what is no HTTP", (socket) => socket.end("hello\r\n\r\n")],
    ["sends a TLS alert", (socket) => socket.end(Uint8Array.of(0x15, 3, 3, 0, 2, 2, 70))],
    ["sends TLS garbage", (socket) => socket.end(Uint8Array.from({ length: 500 }, (_, i) => (i * 7) % 256))],
    ["has headers that do not end", (socket) => void flood(socket, "x-more: yes\r\n", "HTTP/1.1 200 OK\r\n")],
    [
      "has two lengths",
      (socket) => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n{}"),
    ],
    ["has an impossible status", (socket) => socket.end("HTTP/1.1 99999 OK\r\n\r\n")],
  ])("%s", async (_what, misbehave) => {
    const server = await serverThat((socket, index) => {
      if (index < 2) misbehave(socket);
      else socket.write(OK);
    });
    const report = await sent(server.url, { timeoutMs: 300 });
    expect(report).toMatchObject({ written: 3, pending: 0, failed: 0, dropped: 0 });
    expect(server.requests()).toBeGreaterThanOrEqual(3);
  });

  test.each<[string, () => Agent]>([
    ["an agent that never connects", () => agentOf(() => undefined)],
    ["an agent all of whose sockets are taken", () => new HttpAgent({ maxSockets: 1 })],
  ])("is behind %s", async (_what, agentFor) => {
    const server = await serverThat(never);
    const agent = agentFor();
    onTestFinished(() => agent.destroy());
    const others = [
      tracerTo(server.url, { agent, timeoutMs: 60_000 }),
      tracerTo(server.url, { agent, timeoutMs: 20 }),
    ];
    for (const { tracer } of others) endSpans(tracer, 1);
    const [, late] = others;
    if (late !== undefined) await flushedUntil(late.tracer, () => late.told.length > 0);
    expect(late?.told[0]?.message).toContain("could not be reached (no answer within 20 ms)");
  });
});

const INFORMATION = "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n";

/** Sends the same for as long as the connection is there. */
async function flood(socket: Socket, text: string, before = ""): Promise<void> {
  socket.write(before);
  while (!socket.destroyed) {
    socket.write(text);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function agentOf(connect: () => undefined): Agent {
  return Object.assign(new HttpAgent(), { createConnection: connect });
}

describe("what is answered for good fails, and is told", () => {
  test.each<[string, string, RegExp]>([
    [
      "101",
      "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
      /answered 101; it wants another protocol/,
    ],
    [
      "a redirect to itself",
      "HTTP/1.1 302 Found\r\nlocation: /v1/traces\r\ncontent-length: 0\r\n\r\n",
      /answered 302; set url to where/,
    ],
    ["a redirect to nowhere", "HTTP/1.1 301 Moved\r\ncontent-length: 0\r\n\r\n", /answered 301\.$/],
    [
      "404 whose body breaks off",
      "HTTP/1.1 404 Not Found\r\ncontent-length: 99\r\n\r\nno",
      /answered 404; check the path/,
    ],
  ])("%s", async (_what, answer, message) => {
    const server = await serverThat((socket) => socket.end(answer));
    const { told, ...report } = await sent(server.url);
    expect(report).toMatchObject({ written: 0, pending: 0, failed: 3 });
    expect(told.map(({ code }) => code)).toEqual(["OTLP_REFUSED"]);
    expect(told[0]?.message).toMatch(message);
    expect(server.requests()).toBe(1);
  });

  it("and what comes later is sent nevertheless", async () => {
    const upgrade = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n";
    const server = await serverThat((socket, index) => socket.write(index === 0 ? upgrade : OK));
    const { tracer } = tracerTo(server.url);
    endSpans(tracer, 1);
    expect(await tracer.flush()).toMatchObject({ written: 0, failed: 1 });
    endSpans(tracer, 2);
    expect(await tracer.flush()).toMatchObject({ written: 2, failed: 1, pending: 0 });
  });
});

describe("an answer of OTLP that breaks off is one: nothing is sent twice", () => {
  const head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";

  test.each<[string, (socket: Socket) => void]>([
    ["headers, then silence", (socket) => socket.write(`${head}content-length: 2\r\n\r\n`)],
    ["a body that trickles", (socket) => void flood(socket, " ", `${head}content-length: 9999\r\n\r\n`)],
    ["a body that is shorter than it says", (socket) => socket.end(`${head}content-length: 99\r\n\r\n{`)],
    [
      "a body that is longer than it says",
      (socket) => socket.end(`${head}content-length: 2\r\n\r\n{}{}{}{}`),
    ],
    [
      "a connection that is reset in the body",
      (socket) => socket.write(`${head}content-length: 99\r\n\r\n{`, () => socket.resetAndDestroy()),
    ],
    ["a chunk that is none", (socket) => socket.end(`${head}transfer-encoding: chunked\r\n\r\nzz\r\n`)],
    [
      "chunks that do not end",
      (socket) => socket.end(`${head}transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n`),
    ],
  ])("%s", async (_what, answer) => {
    const requests: number[] = [];
    // On a busy machine the head of the answer, too, may take longer than a short time-out.
    for (const timeoutMs of [300, 3000, 30_000]) {
      const server = await serverThat((socket) => answer(socket));
      const { written, pending, failed } = await sent(server.url, { timeoutMs });
      expect({ written, pending, failed }).toEqual({ written: 3, pending: 0, failed: 0 });
      requests.push(server.requests());
      if (requests.includes(1)) break;
    }
    expect(requests).toContain(1);
  });
});

const JSON_TYPE = "application/json; charset=utf-8";
const PROTOBUF_TYPE = "application/x-protobuf";
const REJECTED = { rejectedSpans: 1, errorMessage: "too old" };

function ok(
  type: string | undefined,
  body: string | Uint8Array,
  headers: Record<string, string> = {},
): Reply {
  return {
    status: 200,
    headers: { ...(type === undefined ? {} : { "content-type": type }), ...headers },
    body,
  };
}

describe("a 2xx that is an answer of OTLP", () => {
  test.each<[string, Reply]>([
    ["with nothing", 200],
    ["202 with nothing", 202],
    ["204", 204],
    ["with nothing that says it is HTML", ok("text/html", "")],
    ["with an empty object", ok(JSON_TYPE, "{}")],
    ["with null", ok(JSON_TYPE, "null")],
    ["with an empty object of no type", ok(undefined, " {}".trim())],
    ["with a field that nobody knows", ok(JSON_TYPE, '{"status":"success"}')],
    ["with a partial success that is null", ok(JSON_TYPE, '{"partialSuccess":null}')],
    ["with an empty partial success", ok(JSON_TYPE, '{"partialSuccess":{}}')],
    ["with an empty partial success, protobuf", ok(PROTOBUF_TYPE, Uint8Array.of(0x0a, 0))],
    ["with a field that nobody knows, protobuf", ok(PROTOBUF_TYPE, Uint8Array.of(0x7a, 1, 65))],
    ["that a proxy has packed", ok(JSON_TYPE, gzipSync("{}"), { "content-encoding": "gzip" })],
  ])("%s: all are written", async (_what, reply) => {
    const server = await new StubServer().start();
    server.reply = () => reply;
    expect(await sent(server.url)).toMatchObject({ written: 3, failed: 0, pending: 0, told: [] });
    expect(server.requests).toHaveLength(1);
  });

  test.each<[string, Reply]>([
    ["protobuf", ok(PROTOBUF_TYPE, encodeResponse("protobuf", REJECTED))],
    ["protobuf of no type", ok(undefined, encodeResponse("protobuf", REJECTED))],
    ["JSON", ok(JSON_TYPE, encodeResponse("json", REJECTED))],
    ["JSON with a number", ok(JSON_TYPE, '{"partialSuccess":{"rejectedSpans":1,"errorMessage":"too old"}}')],
    ["snake_case", ok(JSON_TYPE, '{"partial_success":{"rejected_spans":"1","error_message":"too old"}}')],
    [
      "packed JSON",
      ok(JSON_TYPE, gzipSync(encodeResponse("json", REJECTED)), { "content-encoding": "gzip" }),
    ],
  ])("with a partial success in %s: those are not", async (_what, reply) => {
    const server = await new StubServer().start();
    server.reply = () => reply;
    const { told, ...report } = await sent(server.url);
    expect(report).toMatchObject({ written: 2, failed: 1, pending: 0 });
    expect(told[0]?.message).toContain("refused 1 of 3 spans: too old");
  });
});

describe("a 2xx that is none of OTLP is sent again twice, then failed and told once", () => {
  test.each<[string, Reply]>([
    ["a web page", ok("text/html; charset=utf-8", "<!doctype html><title>Sign in</title>")],
    ["a web page of no type", ok(undefined, "<html></html>")],
    ["a text", ok("text/plain", "OK")],
    ["XML", ok("application/xml", "<ok/>")],
    ["JSON that is broken", ok(JSON_TYPE, "{")],
    ["a list", ok(JSON_TYPE, "[]")],
    ["an error", ok(JSON_TYPE, '{"error":"no such tenant"}')],
    ["a partial success that is none", ok(JSON_TYPE, '{"partialSuccess":7}')],
    ["a page that says it is JSON", ok(JSON_TYPE, "<html></html>")],
    ["a page that says it is protobuf", ok(PROTOBUF_TYPE, "<html></html>")],
    [
      "a status in the place of a response",
      ok(PROTOBUF_TYPE, encodeStatus("protobuf", { code: 16, message: "no" }).fill(0xff, 1)),
    ],
    ["3 MB of it", ok(JSON_TYPE, `{"a":"${"x".repeat(3_000_000)}"}`)],
    ["what is not packed as it says", ok(JSON_TYPE, "{}", { "content-encoding": "gzip" })],
  ])("%s", async (_what, reply) => {
    const server = await new StubServer().start();
    server.reply = () => reply;
    const { told, ...report } = await sent(server.url);
    expect(report).toMatchObject({ written: 0, failed: 3, pending: 0 });
    expect(told.map(({ code }) => code)).toEqual(["OTLP_REFUSED"]);
    expect(told[0]?.message).toMatch(/answered 200 with .*, which is no answer of OTLP: check url/);
    expect(server.requests).toHaveLength(3);
  });

  it("and what it was is forgotten once a page has gone away", async () => {
    const page = ok("text/html", "<title>Maintenance</title>");
    const server = await new StubServer().start();
    server.reply = (_, index) => (index % 3 === 2 ? 200 : page);
    const { tracer, told } = tracerTo(server.url);
    for (let i = 0; i < 3; i++) {
      endSpans(tracer, 2);
      expect(await tracer.flush()).toMatchObject({ written: 2 * (i + 1), failed: 0, pending: 0 });
    }
    expect(told).toEqual([]);
  });
});
