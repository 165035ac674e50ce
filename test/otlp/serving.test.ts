// serveOtlp and who reaches it: both addresses of this machine, connections that wait, and the pages that may send.
import { Agent, request as httpRequest } from "node:http";
import { createServer, Server as NetServer, type Server } from "node:net";
import fc from "fast-check";
import { InMemoryTracer } from "tracelight";
import { type OtlpServer, otlpReceiver, type ServeOptions, serveOtlp } from "tracelight/otlp";
import { afterEach, describe, expect, it, onTestFinished, test, vi } from "vitest";
import { nativeSpan, otlpJsonOf } from "./spans.ts";

afterEach(() => void vi.restoreAllMocks());

async function served(
  options: ServeOptions = {},
  origins?: readonly string[],
): Promise<{ tracer: InMemoryTracer; server: OtlpServer }> {
  const tracer = new InMemoryTracer();
  const receive = otlpReceiver(tracer, origins === undefined ? {} : { origins });
  const server = await serveOtlp(receive, { port: 0, ...options });
  onTestFinished(() => server.close());
  return { tracer, server };
}

const BODY = JSON.stringify({
  resourceSpans: fc.sample(nativeSpan, { numRuns: 1, seed: 1 }).map(otlpJsonOf),
});
const JSON_TYPE = { "content-type": "application/json" };

function send(url: string, headers: Record<string, string> = JSON_TYPE, method = "POST"): Promise<Response> {
  return fetch(`${url}/v1/traces`, { method, headers, ...(method === "POST" ? { body: BODY } : {}) });
}

async function listening(host: string): Promise<{ server: Server; port: number }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  return { server, port: typeof address === "object" && address !== null ? address.port : 0 };
}

const hasIpv6 = await listening6();

/** Whether this machine has IPv6. */
function listening6(): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer().on("error", () => resolve(false));
    server.listen(0, "::1", () => server.close(() => resolve(true)));
  });
}

/** A machine where an address is not. */
function without(missing: string, code: string): void {
  const listen = NetServer.prototype.listen;
  vi.spyOn(NetServer.prototype, "listen").mockImplementation(function (this: NetServer, ...args: unknown[]) {
    if (args[1] !== missing) return Reflect.apply(listen, this, args);
    const error = Object.assign(new Error(`listen ${code}: ${missing}`), { code });
    setImmediate(() => this.emit("error", error));
    return this;
  });
}

describe("by itself it listens at this machine only", () => {
  it.skipIf(!hasIpv6)("by IPv4 and IPv6, at one port", async () => {
    const { tracer, server } = await served();
    expect(server.url).toBe(`http://127.0.0.1:${server.port}`);
    for (const host of ["127.0.0.1", "[::1]", "localhost"])
      expect((await send(`http://${host}:${server.port}`)).status).toBe(200);
    expect(tracer.getTraces()).toHaveLength(3);
    await server.close();
    for (const host of ["127.0.0.1", "[::1]"])
      await expect(send(`http://${host}:${server.port}`)).rejects.toThrow();
  });

  it.each(["EADDRNOTAVAIL", "EAFNOSUPPORT"])("by IPv4 alone where there is no IPv6: %s", async (code) => {
    without("::1", code);
    const { server } = await served({ host: "localhost" });
    expect(server.url).toBe(`http://127.0.0.1:${server.port}`);
    expect((await send(server.url)).status).toBe(200);
  });

  it.skipIf(!hasIpv6)("by IPv6 alone where there is no IPv4", async () => {
    without("127.0.0.1", "EADDRNOTAVAIL");
    const { server } = await served();
    expect(server.url).toBe(`http://[::1]:${server.port}`);
    expect((await send(server.url)).status).toBe(200);
  });

  it.skipIf(!hasIpv6)("and says so where one of the two is taken, holding on to neither", async () => {
    const { port } = await listening("::1");
    await expect(serveOtlp(otlpReceiver(new InMemoryTracer()), { port })).rejects.toMatchObject({
      code: "LISTEN_FAILED",
      message: expect.stringContaining(`Port ${port} of ::1 is taken`),
    });
    const { server } = await served({ port, host: "127.0.0.1" });
    expect(server.port).toBe(port);
  });

  it.skipIf(!hasIpv6)("at another port, where any is wanted and the first is taken by IPv6", async () => {
    let refused = 0;
    const listen = NetServer.prototype.listen;
    vi.spyOn(NetServer.prototype, "listen").mockImplementation(function (
      this: NetServer,
      ...args: unknown[]
    ) {
      if (args[1] !== "::1" || refused++ > 0) return Reflect.apply(listen, this, args);
      setImmediate(() => this.emit("error", Object.assign(new Error("taken"), { code: "EADDRINUSE" })));
      return this;
    });
    const { server } = await served();
    expect(refused).toBe(2);
    expect((await send(`http://[::1]:${server.port}`)).status).toBe(200);
  });

  it("at one address where that is given", async () => {
    const { server } = await served({ host: "127.0.0.1" });
    expect((await send(server.url)).status).toBe(200);
    if (hasIpv6) await expect(send(`http://[::1]:${server.port}`)).rejects.toThrow();
  });
});

test("a connection that waits for its next spans stays open for five minutes, and none holds up the end", async () => {
  const { server } = await served();
  const agent = new Agent({ keepAlive: true });
  onTestFinished(() => agent.destroy());
  const headers = await new Promise<NodeJS.Dict<unknown>>((resolve) => {
    const call = httpRequest(
      `${server.url}/v1/traces`,
      { agent, method: "POST", headers: JSON_TYPE },
      (answer) => {
        answer.resume().on("end", () => resolve(answer.headers));
      },
    );
    call.end(BODY);
  });
  expect(headers).toMatchObject({ connection: "keep-alive", "keep-alive": "timeout=300" });
  const isClosed = new Promise((resolve) => Object.values(agent.freeSockets)[0]?.[0]?.once("close", resolve));
  await server.close();
  await isClosed;
});

describe("pages", () => {
  const page = "https://app.example.com";
  const asked = {
    origin: page,
    "access-control-request-method": "POST",
    "access-control-request-headers": "content-type,x-tenant",
  };

  it("of an origin that is allowed may send: the browser's question is answered, and the answer may be seen", async () => {
    const { tracer, server } = await served({}, ["http://localhost:5173", page]);
    const preflight = await send(
      server.url,
      { ...asked, "access-control-request-private-network": "true" },
      "OPTIONS",
    );
    expect(preflight.status).toBe(204);
    expect(Object.fromEntries(preflight.headers)).toMatchObject({
      "access-control-allow-origin": page,
      "access-control-allow-methods": "POST",
      "access-control-allow-headers": "content-type,x-tenant",
      "access-control-allow-credentials": "true",
      "access-control-allow-private-network": "true",
      "access-control-max-age": "86400",
      vary: "origin",
    });
    const answer = await send(server.url, { ...JSON_TYPE, origin: page });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("access-control-allow-origin")).toBe(page);
    const refusal = await send(server.url, { "content-type": "text/plain", origin: page });
    expect(refusal.status).toBe(415);
    expect(refusal.headers.get("access-control-allow-origin")).toBe(page);
    expect(tracer.getTraces()).toHaveLength(1);
  });

  it.each([[["https://other.example.com"]], [[]], [undefined]])(
    "of another origin may not: %j",
    async (origins) => {
      const { server } = await served({}, origins);
      const preflight = await send(server.url, asked, "OPTIONS");
      expect(preflight.status).toBe(403);
      expect(await preflight.json()).toMatchObject({
        message: `Pages of ${page} may not send here; allow them by origins (collect --origin).`,
      });
      const answer = await send(server.url, { ...JSON_TYPE, origin: page });
      for (const { headers } of [preflight, answer])
        expect(headers.get("access-control-allow-origin")).toBeNull();
    },
  );

  it("of any origin may where * is given, and also send metrics, which are forgotten", async () => {
    const { server } = await served({}, ["*"]);
    const preflight = await fetch(`${server.url}/v1/metrics`, {
      method: "OPTIONS",
      headers: { ...asked, origin: "null" },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get("access-control-allow-origin")).toBe("null");
  });

  it("are no question where none is asked", async () => {
    const { server } = await served({}, ["*"]);
    expect((await send(server.url, {}, "OPTIONS")).status).toBe(405);
    expect((await fetch(`${server.url}/other`, { method: "OPTIONS", headers: asked })).status).toBe(404);
  });

  test.each([
    ["app.example.com"],
    ["https://app.example.com/"],
    ["https://app.example.com/page"],
    ["https://*.example.com x"],
    [""],
  ])("%j is no origin", (origin) => {
    const make = () => otlpReceiver(new InMemoryTracer(), { origins: [origin] });
    expect(make).toThrow('Option "origins" of otlpReceiver must be a list of origins such as');
  });
});
