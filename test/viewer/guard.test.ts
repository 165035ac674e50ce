// Who may ask: Host, Origin, the token, and what answers say to browsers.
import { InMemoryTracer } from "tracelight";
import { createViewer, serveViewer } from "tracelight/viewer";
import { describe, expect, test } from "vitest";
import { converse, json, memory, raw, served } from "./support.ts";

const TOKEN = "correct-horse-battery";
const OTLP = { method: "POST", body: JSON.stringify({ resourceSpans: [] }) };
const JSON_TYPE = { "content-type": "application/json" };

test.each([
  ["localhost", 200],
  ["127.0.0.1", 200],
  ["[::1]", 200],
  ["agent.localhost", 200],
  ["evil.example", 403],
  ["127.0.0.1.evil.example", 403],
  ["localhost.evil.example", 403],
  ["169.254.169.254", 403],
])("a request by the name %s is answered %i", async (host, status) => {
  const { url, port } = await served(memory());
  const answer = await raw(`${url}api/store`, { host: `${host}:${port}` });
  expect(answer.status).toBe(status);
});

test("a name that was allowed is answered, and another not", async () => {
  const { url } = await served(memory(), { hosts: ["traces.example.com"] });
  expect((await raw(`${url}api/store`, { host: "traces.example.com" })).status).toBe(200);
  expect((await raw(`${url}api/store`, { host: "other.example.com" })).status).toBe(403);
});

test.each([
  [{ origin: "https://evil.example" }],
  [{ origin: "null" }],
  [{ origin: "http://localhost:1" }],
  [{ "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" }],
  [{ "sec-fetch-site": "same-site", "sec-fetch-mode": "cors" }],
])("pages of other sites get nothing: %j", async (headers) => {
  const { url } = await served(memory());
  for (const path of ["api/store", "api/rows", "api/live", "api/export"])
    expect((await raw(url + path, headers)).status).toBe(403);
});

test("a link from elsewhere opens the page, and the page's own requests are answered", async () => {
  const { url } = await served(memory());
  const link = await raw(url, { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" });
  expect(link.status).not.toBe(403);
  const own = { origin: new URL(url).origin, "sec-fetch-site": "same-origin" };
  expect((await raw(`${url}api/store`, own)).status).toBe(200);
});

test("a page of another site sends no spans, by whatever name it calls; a program in a container does", async () => {
  const { url } = await served(memory());
  const evil = { ...JSON_TYPE, host: "evil.example", origin: "http://evil.example" };
  expect((await raw(`${url}v1/traces`, evil, OTLP)).status).toBe(403);
  const other = { ...JSON_TYPE, host: "host.docker.internal:4318" };
  expect((await raw(`${url}v1/traces`, other, OTLP)).status).toBe(200);
});

test("every answer says what a browser may do with it", async () => {
  const { url } = await served(memory());
  for (const path of ["", "c/x", "api/store", "api/nothing", "sign-in.css", "nothing.js"]) {
    const { headers } = await raw(url + path, {});
    expect(headers["content-security-policy"]).toContain("default-src 'none'");
    expect(headers["content-security-policy"]).not.toMatch(/unsafe|https?:|\*/);
    expect(headers).toMatchObject({ "x-content-type-options": "nosniff", "referrer-policy": "same-origin" });
    expect(headers["content-security-policy"]).toContain("frame-ancestors 'none'");
  }
});

describe("with a token", () => {
  test("nothing is answered without it but the page that asks for it", async () => {
    const { url } = await served(memory(), { token: TOKEN });
    for (const path of ["api/store", "api/live", "api/export", "api/traces/0"])
      expect((await raw(url + path, {})).status).toBe(401);
    expect((await raw(`${url}v1/traces`, JSON_TYPE, OTLP)).status).toBe(401);
    const page = await raw(`${url}c/trip?call=7`, {});
    expect(page.status).toBe(401);
    expect(page.text).toContain('value="/c/trip?call=7"');
    expect(page.text).not.toMatch(/<script|style=/);
  });

  test("a program sends it with each request", async () => {
    const { url } = await served(memory(), { token: TOKEN });
    const bearer = { ...JSON_TYPE, authorization: `Bearer ${TOKEN}` };
    expect((await raw(`${url}api/store`, bearer)).status).toBe(200);
    expect((await raw(`${url}v1/traces`, bearer, OTLP)).status).toBe(200);
    expect((await raw(`${url}api/store`, { authorization: `Bearer ${TOKEN}x` })).status).toBe(401);
  });

  test("a browser signs in, has a cookie that scripts and other sites cannot use, and no token in an address", async () => {
    const { url } = await served(memory(), { token: TOKEN });
    const form = { "content-type": "application/x-www-form-urlencoded", origin: new URL(url).origin };
    const send = (body: string) =>
      raw(`${url}sign-in`, { ...form, "content-length": String(body.length) }, { method: "POST", body });
    expect((await send("token=wrong-horse-battery")).status).toBe(401);
    const answer = await send(`token=${TOKEN}&next=${encodeURIComponent("/c/trip")}`);
    expect(answer.status).toBe(303);
    expect(answer.headers.location).toBe("/c/trip");
    const [cookie = ""] = answer.headers["set-cookie"] ?? [];
    expect(cookie).toMatch(/HttpOnly; SameSite=Strict/);
    expect(cookie).not.toContain(TOKEN);
    const [pair = ""] = cookie.split(";");
    expect((await raw(`${url}api/store`, { cookie: pair })).status).toBe(200);
    expect((await raw(`${url}api/store`, { cookie: `${pair}x` })).status).toBe(401);
  });

  test.each(["//evil.example/", "https://evil.example/", "/\\evil.example", "/a\nb", ""])(
    "signing in leads nowhere else: %j",
    async (next) => {
      const { url } = await served(memory(), { token: TOKEN });
      const body = `token=${TOKEN}&next=${encodeURIComponent(next)}`;
      const headers = {
        "content-type": "application/x-www-form-urlencoded",
        "content-length": String(body.length),
      };
      const answer = await raw(`${url}sign-in`, headers, { method: "POST", body });
      expect(answer.headers.location).toBe("/");
    },
  );

  test("a page of another site cannot sign in, and a form of any size is not read", async () => {
    const { url } = await served(memory(), { token: TOKEN });
    const evil = { origin: "https://evil.example", "content-type": "application/x-www-form-urlencoded" };
    expect((await raw(`${url}sign-in`, evil, { method: "POST", body: `token=${TOKEN}` })).status).toBe(403);
    expect((await raw(`${url}sign-in`, {}, { method: "POST", body: "x".repeat(100_000) })).status).toBe(413);
  });
});

test("other machines are let in with a token only", async () => {
  await expect(serveViewer(new InMemoryTracer(), { port: 0, host: "0.0.0.0" })).rejects.toMatchObject({
    code: "INVALID_OPTION",
  });
  expect(() => createViewer(new InMemoryTracer(), { token: "short" })).toThrow("at least 16 characters");
});

test("where the store is only read, no spans are taken", async () => {
  const { url } = await served(memory(), { readOnly: true });
  expect((await raw(`${url}v1/traces`, JSON_TYPE, OTLP)).status).toBe(403);
  expect(await json(`${url}api/store`)).toMatchObject({ read_only: true, otlp_url: null });
});

test("mounted under a path, it answers there and nowhere else", async () => {
  const tracer = memory();
  converse(tracer);
  const viewer = createViewer(tracer, { path: "/traces" });
  const statusOf = async (path: string): Promise<number> =>
    (await viewer(new Request(`http://localhost${path}`))).status;
  expect(await statusOf("/traces/api/rows")).toBe(200);
  expect(await statusOf("/api/rows")).toBe(404);
  expect(await statusOf("/tracesapi/rows")).toBe(404);
});
