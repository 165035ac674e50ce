// What is kept of a share stands for more: every store keeps that, and every count says so.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InMemoryTracer, loadPrices, type Span, type TallyReport, Tracer } from "tracelight";
import { DynamoDbTracer, ensureTable } from "tracelight/dynamodb";
import { OtlpTracer, otlpReceiver, serveOtlp } from "tracelight/otlp";
import { tailSampling } from "tracelight/sampling";
import { SqliteTracer } from "tracelight/sqlite";
import { serveViewer } from "tracelight/viewer";
import { afterAll, describe, expect, it } from "vitest";
import { EventMaker } from "../../src/conventions/event-maker.ts";
import { factsOf } from "../../src/conventions/facts.ts";
import { decodeEvents, encodeEvents } from "../../src/conventions/stored-events.ts";
import { decodeFacts, encodeFacts } from "../../src/conventions/stored-facts.ts";
import { folder as cliFolder, tracelight, useFolder } from "../cli/command.ts";
import { client, useEmulator } from "../dynamodb/emulator.ts";
import { json } from "../viewer/support.ts";

useFolder();
useEmulator();
const files = mkdtempSync(join(tmpdir(), "tracelight-sampling-"));
afterAll(() => rmSync(files, { recursive: true, force: true }));

const prices = loadPrices({ models: { m: { input: 1_000_000, output: 0 } } });
/** Of a trace that every share keeps. */
const KEPT = "f".repeat(18);
let made = 0;

/** A turn with a call of a model and one of a tool that failed, as a process that kept so much of it sent it. */
function turn(tracer: Tracer, th: string | undefined): void {
  const traceId = `${String(++made).padStart(14, "0")}${KEPT}`;
  const traceState = th === undefined ? undefined : `vendor=x,ot=th:${th}`;
  const parentSpan = { traceId, spanId: "00f067aa0ba902b7", traceFlags: 1, traceState };
  tracer.trace("turn", { parentSpan, attributes: { "ai.trace.type": "converse" } }, () => {
    tracer.trace(
      "pay",
      { attributes: { "ai.trace.type": "tool-invocation", "ai.tool.name": "pay" } },
      (span) => span.setStatus("ERROR", "declined"),
    );
    tracer.trace(
      "chat",
      {
        attributes: {
          "gen_ai.operation.name": "chat",
          "gen_ai.request.model": "m",
          "gen_ai.usage.input_tokens": 3,
          "gen_ai.usage.output_tokens": 1,
        },
      },
      () => undefined,
    );
  });
}

/** Two of four, one of two, and one of all: for ten turns. */
function turns(tracer: Tracer): void {
  for (const th of ["c", "c", "8", undefined]) turn(tracer, th);
}

const TOTAL = {
  ...{ spans: 33, traces: 11, modelCalls: 11, toolCalls: 11, turns: 11, errors: 11 },
  ...{ inputTokens: 33, outputTokens: 11, costUsd: 33, unpricedCalls: 0 },
  kept: { spans: 12, traces: 4 },
};

function expectScaled({ total, rows }: TallyReport): void {
  expect(total).toMatchObject(TOTAL);
  const pay = rows.find(({ by, name }) => by === "tool" && name === "pay");
  expect(pay).toMatchObject({ calls: 11, kept: 4, errors: 11, topError: { words: "declined", count: 11 } });
  const model = rows.find(({ by, name }) => by === "model" && name === "m");
  expect(model).toMatchObject({ calls: 11, kept: 4, inputTokens: 33, costUsd: 33 });
}

describe("counts are scaled up and say by what", () => {
  it("in memory", async () => {
    const tracer = new InMemoryTracer();
    turns(tracer);
    expectScaled(await tracer.tally({ prices }));
    expect(tracer.getTraces()[0]?.traceState).toBe("vendor=x,ot=th:c");
  });

  it("in SQLite, span by span and by what is kept of a chunk", async () => {
    const tracer = new SqliteTracer({ path: join(files, "a.db") });
    turns(tracer);
    expectScaled(await tracer.tally({ prices }));
    expectScaled(await tracer.tally({ prices, where: "duration >= 0s" }));
    for (let i = 0; i < 4200; i++) tracer.trace("filler", { parentSpan: null }, () => undefined);
    for (let again = 0; again < 2; again++) {
      const { total } = await tracer.tally({ prices });
      expect(total).toMatchObject({
        ...{ ...TOTAL, turns: 4211 },
        spans: 4233,
        traces: 4211,
        kept: { spans: 4212, traces: 4204 },
      });
    }
    await tracer.close();
  });

  it("in DynamoDB", async () => {
    await ensureTable({ client, tableName: "Sampled" });
    const tracer = new DynamoDbTracer({ client, tableName: "Sampled" });
    turns(tracer);
    await tracer.flush();
    expectScaled(await new DynamoDbTracer({ client, tableName: "Sampled" }).tally({ prices }));
    await tracer.close();
  });

  it("of spans that came over OTLP", async () => {
    const store = new InMemoryTracer();
    const server = await serveOtlp(otlpReceiver(store), { port: 0 });
    const tracer = new OtlpTracer({ url: `${server.url}/v1/traces` });
    turns(tracer);
    await tracer.close();
    await server.close();
    expectScaled(await store.tally({ prices }));
  });

  it("by `stats`, in words and as JSON", async () => {
    const tracer = new SqliteTracer({ path: join(cliFolder, "s.db") });
    turns(tracer);
    await tracer.close();
    const { stdout } = await tracelight(["stats", "s.db"]);
    expect(stdout).toMatch(/about 33 spans in 11 traces · from 12 kept at 36 %/);
    const { stdout: lines } = await tracelight(["stats", "s.db", "--json"]);
    const [total, ...rows] = lines
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(total).toMatchObject({ by: "total", spans: 33, kept: { spans: 12, traces: 4 } });
    expect(rows.find(({ name }) => name === "pay")).toMatchObject({ calls: 11, kept: 4 });
  });

  it("by the page's numbers", async () => {
    const tracer = new InMemoryTracer();
    turns(tracer);
    const server = await serveViewer(tracer, { port: 0 });
    const numbers = await json(new URL("/api/numbers?by=tool", server.url).href);
    await server.close();
    expect(numbers.total).toMatchObject({ spans: 33, kept: { spans: 12, traces: 4 } });
    expect(numbers.rows[0]).toMatchObject({ name: "pay", calls: 11, kept: 4 });
  });

  it("times count as often as their calls stand for", async () => {
    const tracer = new InMemoryTracer();
    for (const [th, ms] of [
      [undefined, 10],
      [undefined, 20],
      [undefined, 30],
      ["e", 40],
    ] as const) {
      const traceId = `${String(++made).padStart(14, "0")}${KEPT}`;
      const parentSpan = { traceId, spanId: "00f067aa0ba902b7", traceState: th && `ot=th:${th}` };
      const attributes = { "ai.trace.type": "tool-invocation", "ai.tool.name": "t" };
      const startedAt = new Date(0);
      tracer.startSpan("t", { parentSpan, attributes, startedAt }).end(new Date(ms));
    }
    const [row] = (await tracer.tally({ by: ["tool"] })).rows;
    expect(row).toMatchObject({ calls: 11, kept: 4, p50Ms: 40, p95Ms: 40 });
  });

  it("and where all was kept nothing is said of it", async () => {
    const tracer = new InMemoryTracer({ sample: 1 });
    tracer.trace("turn", () => undefined);
    const { total } = await tracer.tally();
    expect(total.kept).toBeUndefined();
    expect(total.spans).toBe(1);
  });
});

it("a head's and a tail's share are one in the store", async () => {
  const store = new SqliteTracer({ path: join(files, "both.db") });
  const tracer = new Tracer(tailSampling(store, { share: 0.5 }), { sample: 0.5 });
  for (let i = 0; i < 400; i++) tracer.trace("turn", () => undefined);
  const { total } = await tracer.tally();
  expect(total.spans).toBe((total.kept?.spans ?? 0) * 4);
  await tracer.close();
});

it("facts and events keep the share in their stored forms", () => {
  const tracer = new InMemoryTracer();
  turns(tracer);
  const spans: readonly Span[] = tracer.getTraces();
  for (const span of spans)
    expect(decodeFacts(encodeFacts(factsOf(span)))).toEqual({ facts: factsOf(span), isOld: false });
  const maker = new EventMaker();
  for (const span of spans) maker.add(span, factsOf(span));
  const steps = maker.events();
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  const again = decodeEvents(encodeEvents(step.value));
  expect(again?.traces).toEqual(step.value.traces);
  const weights = [...(again?.table.column("weight") ?? [])].slice(0, again?.table.size);
  expect(weights.sort()).toEqual(
    [...step.value.table.column("weight")].slice(0, step.value.table.size).sort(),
  );
});
