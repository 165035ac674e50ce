// TLS that fails is told as it is, with the mend: real servers whose certificates are wrong in one way each.
import { createServer as createHttpServer, type Server } from "node:http";
import { createServer as createTlsServer, type ServerOptions } from "node:https";
import { createServer as createTcpServer, type Server as TcpServer } from "node:net";
import type { OtlpTracerOptions } from "tracelight/otlp";
import { describe, expect, onTestFinished, test } from "vitest";
import { CERTIFICATE, KEY } from "./certificate.ts";
import { AUTHORITY, ELSEWHERE, EXPIRED, NOT_YET, SIGNED } from "./certificates.ts";
import { endSpans, tracerTo } from "./support.ts";

async function portOf(server: Server | TcpServer): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    if ("closeAllConnections" in server) server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

function tlsServer(options: ServerOptions): Promise<number> {
  return portOf(createTlsServer(options, (_, outgoing) => outgoing.end()));
}

/** What is told of spans sent there. */
async function toldOf(url: string, options: OtlpTracerOptions = {}): Promise<string> {
  const { tracer, told } = tracerTo(`${url}/v1/traces`, options);
  const isTold = new Promise<void>((resolve) => {
    const push = told.push.bind(told);
    told.push = (...errors) => {
      resolve();
      return push(...errors);
    };
  });
  endSpans(tracer, 1);
  void tracer.flush();
  await isTold;
  return told[0]?.message ?? "";
}

const SELF = { cert: CERTIFICATE, key: KEY };
const TRUST =
  "give the certificate to trust as tls.ca (OTEL_EXPORTER_OTLP_CERTIFICATE), or name its file in NODE_EXTRA_CA_CERTS.";

describe("a certificate", () => {
  test.each<[string, ServerOptions, OtlpTracerOptions, string, string]>([
    [
      "that signs itself",
      SELF,
      {},
      "DEPTH_ZERO_SELF_SIGNED_CERT",
      `its certificate is signed by itself, and not trusted here: ${TRUST}`,
    ],
    [
      "of an unknown authority, without it",
      SIGNED,
      {},
      "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
      "its certificate is of an authority that is not trusted here, or the server leaves out",
    ],
    [
      "of an unknown authority, with it",
      { ...SIGNED, cert: SIGNED.cert + AUTHORITY },
      {},
      "SELF_SIGNED_CERT_IN_CHAIN",
      `its certificate is of an authority that is not trusted here: ${TRUST}`,
    ],
    [
      "of another authority than that of tls.ca",
      SIGNED,
      { tls: { ca: CERTIFICATE } },
      "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
      TRUST,
    ],
    [
      "that has expired",
      EXPIRED,
      { tls: { ca: EXPIRED.cert } },
      "CERT_HAS_EXPIRED",
      "its certificate has expired: renew it there, or set the clock",
    ],
    [
      "that is not valid yet",
      NOT_YET,
      { tls: { ca: NOT_YET.cert } },
      "CERT_NOT_YET_VALID",
      "its certificate is not valid yet: set the clock",
    ],
    [
      "of another host",
      ELSEWHERE,
      { tls: { ca: ELSEWHERE.cert } },
      "ERR_TLS_CERT_ALTNAME_INVALID",
      "its certificate is not for that host (DNS:elsewhere.example, DNS:*.elsewhere.example): use a name that the certificate has.",
    ],
  ])("%s", async (_what, server, options, code, mend) => {
    const message = await toldOf(`https://localhost:${await tlsServer(server)}`, options);
    expect(message).toContain(`could not be reached (${code}); `);
    expect(message).toContain(mend);
  });

  test("of an authority that is given is trusted", async () => {
    const url = `https://localhost:${await tlsServer(SIGNED)}/v1/traces`;
    const { tracer, told } = tracerTo(url, { tls: { ca: AUTHORITY } });
    endSpans(tracer, 1);
    expect(await tracer.flush()).toMatchObject({ written: 1, failed: 0 });
    expect(told).toEqual([]);
  });

  test.each(["TLSv1.2", "TLSv1.3"] as const)("of its own is wanted of the client, %s", async (version) => {
    const server = { ...SELF, ca: CERTIFICATE, requestCert: true, minVersion: version, maxVersion: version };
    const message = await toldOf(`https://localhost:${await tlsServer(server)}`, {
      tls: { ca: CERTIFICATE },
    });
    expect(message).toMatch(
      /could not be reached \(.*\); it .* as? ?tls\.cert and tls\.key|want tls\.cert and tls\.key/,
    );
  });
});

describe("the wrong scheme", () => {
  test("https: to plain HTTP", async () => {
    const port = await portOf(createHttpServer((_, outgoing) => outgoing.end()));
    expect(await toldOf(`https://localhost:${port}`)).toMatch(
      /; it does not speak TLS: url may have to begin with http:\/\/\.$/,
    );
  });

  test("https: to a port that ends connections", async () => {
    const port = await portOf(createTcpServer((socket) => socket.end().destroy()));
    expect(await toldOf(`https://localhost:${port}`)).toMatch(/\(ECONNRESET\); .* it may not speak TLS/);
  });

  test("http: to Node's TLS, which says nothing", async () => {
    const message = await toldOf(`http://localhost:${await tlsServer(SELF)}`);
    expect(message).toMatch(
      /; it (ends connections: where it )?speaks TLS[,:] url has to begin with https:\/\/\.$/,
    );
  });

  test("http: to OpenSSL's TLS, which says so in TLS", async () => {
    const alert = Uint8Array.of(0x15, 3, 1, 0, 2, 2, 70);
    const port = await portOf(
      createTcpServer(
        (socket) => void socket.on("error", () => undefined).once("data", () => socket.end(alert)),
      ),
    );
    expect(await toldOf(`http://localhost:${port}`)).toMatch(
      /; it speaks TLS: url has to begin with https:\/\/\.$/,
    );
  });

  test.each([
    [
      "nginx",
      "<html><head><title>400 The plain HTTP request was sent to HTTPS port</title></head></html>",
      "text/html",
    ],
    ["Go", "Client sent an HTTP request to an HTTPS server.\n", "text/plain; charset=utf-8"],
  ])("http: to the TLS of %s, which says so in HTTP", async (_who, body, type) => {
    const port = await portOf(
      createHttpServer((_, outgoing) => outgoing.writeHead(400, { "content-type": type }).end(body)),
    );
    expect(await toldOf(`http://localhost:${port}`)).toMatch(
      /answered 400.*; it speaks TLS: url has to begin with https:\/\/\.$/,
    );
  });
});
