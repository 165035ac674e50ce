// No part of a header's value or of a URL's credentials reaches an error, a warning or a report, whatever a server makes of it.

import { createServer } from "node:net";
import { inspect } from "node:util";
import type { DeliveryReport, TracelightError } from "tracelight";
import { OtlpTracer, type OtlpTracerOptions } from "tracelight/otlp";
import { describe, expect, it, onTestFinished, test } from "vitest";
import { encodeResponse } from "../../src/otlp/codec.ts";
import { Secrets } from "../../src/otlp/secrets.ts";
import { encodeStatus } from "../../src/otlp/status.ts";
import { flushedUntil } from "../patience.ts";
import { leastOf, processorMsOf } from "../processor.ts";
import { endSpans, StubServer, tracerTo } from "./support.ts";

const KEY = "sk-proj-Zk3uQ9+/vXw7LmN2";
const PASSWORD = "hunter2";
const PAIR = Buffer.from(`alice:${PASSWORD}`).toString("base64");

/** What a user may see of it all. */
function shown(told: readonly TracelightError[], report: DeliveryReport): string {
  return told
    .concat(report.errors as TracelightError[])
    .map((error) => `${error.stack} ${inspect(error, { depth: 9 })}`)
    .join("\n");
}

/** What is told where the server's answer repeats something. */
async function toldBy(said: string, headers: Record<string, string>, status = 401): Promise<string> {
  const server = await new StubServer().start();
  const body =
    status < 300
      ? encodeResponse("protobuf", { rejectedSpans: 1, errorMessage: said })
      : encodeStatus("protobuf", { code: 16, message: said });
  server.reply = () => ({ status, headers: { "content-type": "application/x-protobuf" }, body });
  const { tracer, told } = tracerTo(server.url, { headers });
  endSpans(tracer, 2);
  const report = await tracer.flush();
  expect(told).toHaveLength(1);
  return shown(told, report);
}

const spaced = (text: string): string => [...text].join(" ");
const escaped = (text: string): string =>
  [...text].map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`).join("");
const base64 = (text: string): string => Buffer.from(text).toString("base64");
const percent = (text: string): string => [...text].map((c) => `%${c.charCodeAt(0).toString(16)}`).join("");

/** A server's ways to say a secret: what is said, and what may not be seen of it. */
const WAYS: readonly [string, (secret: string) => string, (secret: string) => string][] = [
  ["as it is", (s) => s, (s) => s],
  ["without its scheme", (s) => `no such token: ${s.replace(/^\w+ /, "")}!`, (s) => s.slice(-12)],
  ["its first half", (s) => `it begins with ${s.slice(0, s.length / 2)}…`, (s) => s.slice(8, s.length / 2)],
  ["its last characters", (s) => `it ends with …${s.slice(-5)}`, (s) => s.slice(-5)],
  ["in capitals", (s) => s.toUpperCase(), (s) => s.toUpperCase().slice(8)],
  ["within a word", (s) => `token${s.slice(7)}token`, (s) => s.slice(8, 16)],
  ["percent-encoded", encodeURIComponent, (s) => encodeURIComponent(s).slice(-12)],
  ["percent-encoded wholly", percent, (s) => percent(s).slice(-12)],
  [
    "percent-encoded twice",
    (s) => encodeURIComponent(percent(s)),
    (s) => encodeURIComponent(percent(s)).slice(-12),
  ],
  ["as base64", base64, (s) => base64(s).slice(0, 12)],
  ["as base64 of more", (s) => base64(`x=${s}`), (s) => base64(`x=${s}`).slice(4, 16)],
  ["as base64 over lines", (s) => base64(s).replace(/(.{6})/g, "$1\n"), (s) => base64(s).slice(8, 12)],
  ["as base64url", (s) => Buffer.from(s).toString("base64url"), (s) => base64(s).slice(0, 12)],
  ["escaped as in JSON", escaped, (s) => escaped(s).slice(-24)],
  ["with escaped slashes", (s) => s.replaceAll("/", "\\/"), (s) => s.slice(8, 14)],
  [
    "as entities",
    (s) => [...s].map((c) => `&#${c.charCodeAt(0)};`).join(""),
    (s) => `&#${s.charCodeAt(s.length - 1)};`,
  ],
  ["in hex", (s) => Buffer.from(s).toString("hex"), (s) => Buffer.from(s).toString("hex").slice(-12)],
  [
    "in hex with colons",
    (s) => (Buffer.from(s).toString("hex").match(/../g) ?? []).join(":"),
    (s) => (Buffer.from(s.slice(-4)).toString("hex").match(/../g) ?? []).join(":"),
  ],
  ["with a blank after each character", spaced, (s) => spaced(s).slice(-12)],
  ["over two lines", (s) => `${s.slice(0, 12)}\n${s.slice(12)}`, (s) => s.slice(-8)],
  ["with other words between", (s) => `${s.slice(0, 14)} and then ${s.slice(14)}`, (s) => s.slice(-8)],
  ["at the end of a long text", (s) => `${"x ".repeat(140)}${s}`, (s) => s.slice(8, 14)],
];

describe.each(WAYS)("a server that repeats what it was sent %s", (_what, said, unseen) => {
  test.each<[string, Record<string, string>, string]>([
    ["a bearer token", { Authorization: `Bearer ${KEY}` }, `Bearer ${KEY}`],
    ["a key of its own header", { "x-api-key": KEY }, KEY],
    ["several", { Authorization: "Bearer other-token-1234567", "api-key": KEY }, KEY],
  ])("%s", async (_header, headers, secret) => {
    const text = await toldBy(said(secret), headers);
    expect(text).not.toContain(unseen(secret));
    expect(text).toContain("answered 401");
  });
});

describe("a Basic pair", () => {
  const headers = { authorization: `Basic ${PAIR}` };

  test.each([
    [
      `user alice with the password ${PASSWORD} is unknown`,
      /user \*\*\* with the password \*\*\* is unknown/,
    ],
    [`alice:${PASSWORD}`, /\(\*\*\*\)/],
    [`no such pair: ${PAIR}`, /no such pair: \*\*\*/],
    ["alice%3Ahunter2", /\(\*\*\*%3A\*\*\*\)/],
    [base64(`{"user":"alice","password":"${PASSWORD}"}`), /which is not shown/],
  ])("is not seen in %j", async (said, seen) => {
    const text = await toldBy(said, headers);
    expect(text).toMatch(seen);
    for (const secret of ["alice", PASSWORD, PAIR]) expect(text).not.toContain(secret);
  });

  it("of the URL is not seen either, nor what its query holds", async () => {
    const server = await new StubServer().start();
    const said = `Basic ${base64("bob:s3cr%t")} bob s3cr%t key qu3ry`;
    server.reply = () => ({ status: 403, headers: { "content-type": "text/plain" }, body: said });
    const { tracer, told } = tracerTo(`${server.url.replace("//", "//bob:s3cr%25t@")}?key=qu3ry`);
    endSpans(tracer, 1);
    const text = shown(told, await tracer.flush());
    expect(server.requests[0]?.headers.authorization).toBe(`Basic ${base64("bob:s3cr%t")}`);
    expect(text).toContain("answered 403 (Basic *** *** *** key ***)");
    for (const secret of ["bob", "s3cr", "qu3ry", base64("bob:s3cr%t")]) expect(text).not.toContain(secret);
  });
});

describe("short values", () => {
  it("are hidden where they stand by themselves, and words that have them are not", async () => {
    const text = await toldBy("tenant 7 of eu is unknown; 17 others of europe are known", {
      "x-tenant": "7",
      "x-place": "eu",
    });
    expect(text).toContain("tenant *** of *** is unknown; 17 others of europe are known");
  });
});

test("what names the scheme and the header may be said", async () => {
  const text = await toldBy("a Bearer token is wanted in Authorization", { authorization: `Bearer ${KEY}` });
  expect(text).toContain("(a Bearer token is wanted in Authorization)");
});

test("what a server says of spans that it refused is kept to as well", async () => {
  const text = await toldBy(`refused for ${KEY}`, { "api-key": KEY }, 200);
  expect(text).toContain("refused 1 of 2 spans: refused for ***");
  expect(text).not.toContain(KEY.slice(8));
});

test("an answer that is no HTTP but repeats the request is in no error, its cause included", async () => {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", (data) => socket.end(data));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/v1/traces`;
  const { tracer, told } = tracerTo(url, { headers: { a: KEY } });
  endSpans(tracer, 1);
  const text = shown(told, await flushedUntil(tracer, () => told.length > 0));
  expect(text).toContain("OTLP_FAILED");
  expect(text).not.toContain("rawPacket");
  expect(text).not.toContain(KEY.slice(8));
});

test("the errors of a constructor and of the environment show no value", () => {
  const pem = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMG\n";
  const wrong: OtlpTracerOptions[] = [
    { headers: { "api-key": `${KEY}\n` } },
    JSON.parse(JSON.stringify({ headers: `api-key=${KEY}` })),
    JSON.parse(JSON.stringify({ headers: [KEY] })),
    JSON.parse(JSON.stringify({ tls: pem + KEY })),
    { tls: { key: pem + KEY } },
    { url: `htp://user:${KEY}@host` },
  ];
  const variables = [
    "HEADERS",
    "ENDPOINT",
    "TIMEOUT",
    "COMPRESSION",
    "PROTOCOL",
    "CERTIFICATE",
    "CLIENT_CERTIFICATE",
    "CLIENT_KEY",
  ];
  const attempts = [
    ...wrong.map((options) => () => new OtlpTracer(options)),
    ...variables.map((name) => () => OtlpTracer.fromEnv({ [`OTEL_EXPORTER_OTLP_${name}`]: `${KEY}%` })),
    () => OtlpTracer.fromEnv({ OTEL_EXPORTER_OTLP_CLIENT_KEY: pem + KEY }),
  ];
  for (const attempt of attempts) {
    let thrown: unknown;
    try {
      attempt();
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code: "INVALID_OPTION" });
    expect(inspect(thrown)).not.toContain(KEY.slice(8));
    expect(inspect(thrown)).not.toContain("MIGHAgEA");
  }
});

test("hiding takes a few milliseconds, whatever a server says", async () => {
  const headers = Object.fromEntries(
    Array.from({ length: 20 }, (_, i) => [`h${i}`, `${KEY}-${i}`.repeat(40)]),
  );
  const secrets = new Secrets(new URL("http://a/"), headers);
  for (const text of ["A".repeat(300), "%41".repeat(100), "\\u0041".repeat(50), "4141".repeat(75)]) {
    const tookMs = () => processorMsOf(() => void secrets.hide(text));
    expect(await leastOf(100, tookMs)).toBeLessThan(100);
  }
});
