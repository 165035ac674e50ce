// What ends is not lost: tight loops, ends without a flush, kills, outages. TRACELIGHT_FULL=1 runs outages of 10 s and 60 s.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OtlpTracer } from "tracelight/otlp";
import { afterAll, describe, expect, onTestFinished, test } from "vitest";
import { programOf } from "../program.ts";
import { IS_FULL, sized } from "../sizes.ts";
import type { Task } from "./child.ts";
import { decodeProtobuf } from "./independent-decoder.ts";
import { endSpans, namesIn, StubServer } from "./support.ts";

const folder = mkdtempSync(join(tmpdir(), "tracelight-otlp-"));
let journals = 0;

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a process to its end: its exit code or signal. */
function run(task: Task): Promise<number | string | null> {
  const child = spawn(process.execPath, [programOf("otlpChild"), JSON.stringify(task)], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  return new Promise((resolve) => child.on("exit", (code, signal) => resolve(code ?? signal)));
}

function namesOf(name: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${name}-${i}`).sort();
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe("at default settings, none is lost and none comes twice:", () => {
  test("10,000 in one tight loop", async () => {
    const server = await new StubServer().start();
    const tracer = new OtlpTracer({ url: server.url });
    const names = endSpans(tracer, 10_000);
    expect(await tracer.close()).toEqual({ written: 10_000, pending: 0, dropped: 0, failed: 0, errors: [] });
    expect(server.names().sort()).toEqual(names.sort());
  });

  test.each([0, 1100])("1000 over %d ms, and the script ends without a flush", async (overMs) => {
    const server = await new StubServer().start();
    const { url } = server;
    expect(await run({ options: { url }, name: "end", spans: 1000, overMs, finish: "end" })).toBe(0);
    expect(server.names().sort()).toEqual(namesOf("end", 1000));
  });

  test.each(IS_FULL ? [10_000, 60_000] : [600])(
    "2200 while the server is down from the start for %d ms",
    async (downMs) => {
      const server = await new StubServer().start();
      const { url } = server;
      await server.stop();
      const tracer = new OtlpTracer({ url, onError: () => undefined });
      const names: string[] = [];
      for (let i = 0; i < 22; i++) {
        names.push(...endSpans(tracer, 100, `turn-${i}`));
        await pause(downMs / 22);
      }
      expect(server.requests).toEqual([]);
      await server.start(Number(new URL(url).port));
      const report = await tracer.close();
      expect(report).toMatchObject({ written: 2200, pending: 0, dropped: 0, failed: 0 });
      expect(server.names().sort()).toEqual(names.sort());
    },
  );

  test("up, then an outage, then up", async () => {
    const outageMs = sized(10_000, 600);
    const server = await new StubServer().start();
    const { url } = server;
    const tracer = new OtlpTracer({ url, onError: () => undefined });
    const names: string[] = [];
    const trace = async (turn: string, ms: number) => {
      for (let i = 0; i < 10; i++) {
        names.push(...endSpans(tracer, 100, `${turn}-${i}`));
        await pause(ms / 10);
      }
    };
    await trace("before", 500);
    await server.stop();
    await trace("during", outageMs);
    await server.start(Number(new URL(url).port));
    await trace("after", 500);
    expect(await tracer.close()).toMatchObject({ written: 3000, pending: 0, dropped: 0, failed: 0 });
    expect(server.names().sort()).toEqual(names.sort());
  });
});

describe("with a journal, what a killed process leaves is sent by the next:", () => {
  test.each<[string, Task["finish"], number, string | number]>([
    ["1000 in one tick, then SIGKILL", "kill", 0, "SIGKILL"],
    ["1000 in one tick, then process.exit", "exit", 0, 3],
    ["1000 over 1.1 s, then SIGKILL", "kill", 1100, "SIGKILL"],
    ["1000 over 1.1 s, then process.exit", "exit", 1100, 3],
  ])("%s", async (_what, finish, overMs, end) => {
    const server = await new StubServer().start();
    const options = { url: server.url, journal: join(folder, `journal-${journals++}`) };
    expect(await run({ options, name: "kill", spans: 1000, overMs, finish })).toBe(end);
    expect(await run({ options, name: "next", spans: 1, finish: "flush" })).toBe(0);
    expectAllOnce(server, [...namesOf("kill", 1000), "next-0"]);
  });

  test("kill after kill, with a server that is slow and away at times", async () => {
    const server = await new StubServer().start();
    server.reply = (_, index) => (index % 3 === 1 ? 503 : 200);
    const options = { url: server.url, journal: join(folder, `journal-${journals++}`) };
    const kills = sized(10, 2);
    for (let i = 0; i < kills; i++) {
      await run({ options, name: `kill${i}`, spans: 1500, overMs: 400, finish: "kill" });
    }
    await run({ options, name: "last", spans: 1, finish: "flush" });
    const names = Array.from({ length: kills }, (_, i) => namesOf(`kill${i}`, 1500)).flat();
    expectAllOnce(server, [...names, "last-0"], kills);
  });

  test("and is translated as if it had been sent at once", async () => {
    const server = await new StubServer().start();
    const journal = join(folder, `journal-${journals++}`);
    const options: Task["options"] = { url: server.url, journal, translate: "gen_ai" };
    const attributes = {
      "ai.trace.type": "tool-invocation",
      "ai.tool.name": "look",
      "ai.tool.input": { a: 1 },
    };
    const task = { options, name: "kill", spans: 5, attributes };
    expect(await run({ ...task, finish: "kill" })).toBe("SIGKILL");
    expect(await run({ ...task, name: "next", finish: "flush" })).toBe(0);
    const sent = server.taken.flatMap(({ body }) => decodeProtobuf(body));
    expect(sent).toHaveLength(10);
    for (const { span } of sent)
      expect(span["attributes"]).toEqual([
        { key: "text", value: { stringValue: "x".repeat(500) } },
        { key: "gen_ai.operation.name", value: { stringValue: "execute_tool" } },
        { key: "gen_ai.tool.name", value: { stringValue: "look" } },
        { key: "gen_ai.tool.call.arguments", value: { stringValue: '{"a":1}' } },
      ]);
  });

  test("an outage of its whole life", async () => {
    const server = await new StubServer().start();
    const { url } = server;
    await server.stop();
    const options = { url, journal: join(folder, `journal-${journals++}`) };
    await run({ options, name: "down", spans: 2000, finish: "kill" });
    await server.start(Number(new URL(url).port));
    await run({ options, name: "up", spans: 1, finish: "flush" });
    expectAllOnce(server, [...namesOf("down", 2000), "up-0"], 0);
  });
});

/** All are there; what came twice, a batch a kill at most, is the same span with the same ids. */
function expectAllOnce(server: StubServer, names: readonly string[], kills = 1): void {
  const came = server.names();
  expect([...new Set(came)].sort()).toEqual([...names].sort());
  const largest = Math.max(...server.taken.map(({ body }) => namesIn(body).length));
  expect(came.length - names.length).toBeLessThanOrEqual(largest * kills);
  expect(new Set(server.ids()).size).toBe(names.length);
}
