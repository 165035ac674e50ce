// OtlpTracer.fromEnv: OpenTelemetry's environment variables mean what they mean elsewhere.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Environment, OtlpTracer, type OtlpTracerOptions } from "tracelight/otlp";
import { describe, expect, it, onTestFinished, test } from "vitest";
import { readEnvironment } from "../../src/otlp/environment.ts";
import { CERTIFICATE, KEY } from "./certificate.ts";
import { endSpans, StubServer } from "./support.ts";

test.each<[Environment, OtlpTracerOptions]>([
  [{}, {}],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: "" }, {}],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: "http://a:4318" }, { url: "http://a:4318/v1/traces" }],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: "https://a/otlp/" }, { url: "https://a/otlp/v1/traces" }],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: "https://a/otlp?k=1" }, { url: "https://a/otlp/v1/traces?k=1" }],
  [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://a/mine" }, { url: "http://a/mine" }],
  [
    { OTEL_EXPORTER_OTLP_ENDPOINT: "http://a", OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://b" },
    { url: "http://b/" },
  ],
  [
    { OTEL_EXPORTER_OTLP_HEADERS: "api-key=a%2Cb%3D, x-tenant = t=1," },
    { headers: { "api-key": "a,b=", "x-tenant": "t=1" } },
  ],
  [{ OTEL_EXPORTER_OTLP_HEADERS: "a=1", OTEL_EXPORTER_OTLP_TRACES_HEADERS: "b=2" }, { headers: { b: "2" } }],
  [{ OTEL_EXPORTER_OTLP_TIMEOUT: "2500" }, { timeoutMs: 2500 }],
  [{ OTEL_EXPORTER_OTLP_TIMEOUT: "1", OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: "2" }, { timeoutMs: 2 }],
  [{ OTEL_EXPORTER_OTLP_COMPRESSION: "gzip" }, { compression: "gzip" }],
  [{ OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf" }, { encoding: "protobuf" }],
  [{ OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: "http/json" }, { encoding: "json" }],
])("%j", (env, options) => {
  expect(readEnvironment(env).options).toEqual(options);
});

test("certificates are read from their files", () => {
  const folder = mkdtempSync(join(tmpdir(), "tracelight-env-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const [ca, key] = [join(folder, "ca.pem"), join(folder, "key.pem")];
  writeFileSync(ca, CERTIFICATE);
  writeFileSync(key, KEY);
  const env = { OTEL_EXPORTER_OTLP_CERTIFICATE: ca, OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY: key };
  expect(readEnvironment(env).options).toEqual({ tls: { ca: CERTIFICATE, key: KEY } });
});

test.each([
  "OTEL_EXPORTER_OTLP_CERTIFICATE",
  "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE",
  "OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY",
])("%s that names a file of something else is refused at construction", (variable) => {
  const env = { [variable]: fileURLToPath(import.meta.url) };
  expect(() => OtlpTracer.fromEnv(env)).toThrow(expect.objectContaining({ code: "INVALID_OPTION" }));
  expect(() => OtlpTracer.fromEnv(env)).toThrow(`${variable} must be the path of a file in PEM`);
});

test.each<[Environment, string]>([
  [
    { OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" },
    'set it to "http/protobuf" or "http/json", and the endpoint to the port for HTTP (4318, not 4317)',
  ],
  [{ OTEL_EXPORTER_OTLP_PROTOCOL: "carrier pigeon" }, "OTEL_EXPORTER_OTLP_PROTOCOL must be"],
  [
    { OTEL_EXPORTER_OTLP_ENDPOINT: "localhost:4318" },
    "OTEL_EXPORTER_OTLP_ENDPOINT must be an http: or https: URL",
  ],
  [
    { OTEL_EXPORTER_OTLP_HEADERS: "secret-without-a-name" },
    "OTEL_EXPORTER_OTLP_HEADERS must be key=value pairs",
  ],
  [{ OTEL_EXPORTER_OTLP_HEADERS: "key=secret%" }, "OTEL_EXPORTER_OTLP_HEADERS must be percent-encoded"],
  [{ OTEL_EXPORTER_OTLP_HEADERS: "key=secret%0a" }, "OTEL_EXPORTER_OTLP_HEADERS must be an object of texts"],
  [{ OTEL_EXPORTER_OTLP_TIMEOUT: "soon" }, "OTEL_EXPORTER_OTLP_TIMEOUT must be a number"],
  [{ OTEL_EXPORTER_OTLP_TRACES_COMPRESSION: "zstd" }, 'OTEL_EXPORTER_OTLP_TRACES_COMPRESSION must be "gzip"'],
  [
    { OTEL_EXPORTER_OTLP_CLIENT_KEY: "/no/such.pem" },
    "OTEL_EXPORTER_OTLP_CLIENT_KEY names a file that cannot be read",
  ],
])("%j is refused at construction", (env, message) => {
  expect(() => OtlpTracer.fromEnv(env)).toThrow(expect.objectContaining({ code: "INVALID_OPTION" }));
  expect(() => OtlpTracer.fromEnv(env)).toThrow(message);
  expect(() => OtlpTracer.fromEnv(env)).not.toThrow(/secret%|secret-/);
});

describe("a tracer of the environment", () => {
  it("sends where the variables say, with the resource that they say", async () => {
    const server = await new StubServer().start();
    const tracer = OtlpTracer.fromEnv({
      OTEL_EXPORTER_OTLP_ENDPOINT: server.url.replace("/v1/traces", ""),
      OTEL_EXPORTER_OTLP_HEADERS: "x-tenant=mine",
      OTEL_RESOURCE_ATTRIBUTES: "service.name=other,deployment.environment.name=a%20b",
      OTEL_SERVICE_NAME: "MyAgent",
    });
    tracer.trace("turn", (span) => {
      expect(span.resourceAttributes).toEqual({
        "service.name": "MyAgent",
        "deployment.environment.name": "a b",
      });
    });
    await tracer.close();
    expect(server.requests[0]?.headers["x-tenant"]).toBe("mine");
    expect(server.names()).toEqual(["turn"]);
  });

  it("takes options, which win over the variables", async () => {
    const server = await new StubServer().start();
    const tracer = OtlpTracer.fromEnv(
      { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1" },
      { url: server.url },
    );
    endSpans(tracer, 1);
    await tracer.close();
    expect(server.names()).toEqual(["span-0"]);
  });

  it("drops all where the SDK is disabled, whatever else is wrong", async () => {
    const server = await new StubServer().start();
    const env = { OTEL_SDK_DISABLED: "True", OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" };
    const tracer = OtlpTracer.fromEnv(env, { url: server.url });
    expect(tracer.trace("turn", () => 42)).toBe(42);
    expect(await tracer.close()).toMatchObject({ written: 0, pending: 0, dropped: 0, failed: 0 });
    expect(server.requests).toEqual([]);
  });
});
