// A file of an older release: what listings need is made anew from its spans when it is met.
import { chmodSync } from "node:fs";
import type { Summary } from "tracelight";
import { expect, test } from "vitest";
import { openSqliteFile } from "../../src/sqlite/file.ts";
import { eventually, freshPath, hold, sql, tracerOver } from "./support.ts";

const USAGE = {
  "ai.trace.type": "llm-invocation",
  "ai.llm.request.model.id": "claude",
  "ai.llm.response.usage": { input_tokens: 20, output_tokens: 5, cache_read_input_tokens: 80 },
};
/** As the release before facts had a version wrote them. */
const OLD = '{"kind":"model-call","model":"claude","inputTokens":100,"outputTokens":5}';

async function fileOf(spans: number, facts: string): Promise<string> {
  const path = freshPath();
  const { tracer } = tracerOver(path);
  for (let i = 0; i < spans; i++) {
    const attributes = { ...USAGE, "ai.conversation.id": `c${i % 3}` };
    tracer.startSpan(`call ${i}`, { attributes }).end();
  }
  await tracer.close();
  sql(path, "UPDATE spans SET facts = ?", [facts]);
  return path;
}

async function rowsOf(path: string): Promise<readonly Summary[]> {
  const file = await openSqliteFile(path);
  try {
    const traces = await file.summaries({ limit: 1000 });
    return [...traces.rows, ...(await file.summaries({ by: "conversation" })).rows];
  } finally {
    await file.close();
  }
}

test.each([
  ["of the release before", OLD],
  ["that are none", "{}"],
  ["that are no JSON", "{"],
  ["of a version that is none", `{"v":"two",${OLD.slice(1)}`],
])("facts %s", async (_, facts) => {
  const rows = await rowsOf(await fileOf(6, facts));
  expect(rows.map(({ cachedReadTokens }) => cachedReadTokens)).toEqual([
    80, 80, 80, 80, 80, 80, 160, 160, 160,
  ]);
  expect(rows.map(({ inputTokens }) => inputTokens)).toEqual([100, 100, 100, 100, 100, 100, 200, 200, 200]);
  expect(new Set(rows.map(({ modelCalls }) => modelCalls))).toEqual(new Set([1, 2]));
});

test("facts of this release, and of a newer one, are taken as they are", async () => {
  const path = await fileOf(1, OLD);
  for (const version of [2, 3, 4]) {
    sql(path, "UPDATE spans SET facts = ?", [`{"v":${version},"kind":"model-call","inputTokens":7}`]);
    expect((await rowsOf(path)).map(({ inputTokens }) => inputTokens)).toEqual([7, 7]);
  }
});

test("of the third version only calls are read again whose tokens it may not have known", async () => {
  const gemini = {
    "ai.trace.type": "llm-invocation",
    "ai.llm.request.model.id": "gemini-3-pro",
    "ai.llm.response.usage": {
      promptTokenCount: 90,
      cachedContentTokenCount: 60,
      candidatesTokenCount: 5,
      thoughtsTokenCount: 7,
    },
  };
  const path = freshPath();
  const { tracer } = tracerOver(path);
  tracer.startSpan("call", { attributes: gemini }).end();
  await tracer.close();
  const tokensWith = async (facts: object): Promise<readonly number[]> => {
    sql(path, "UPDATE spans SET facts = ?", [JSON.stringify({ v: 3, kind: "model-call", ...facts })]);
    const [row] = await rowsOf(path);
    return [
      row?.inputTokens ?? 0,
      row?.cachedReadTokens ?? 0,
      row?.outputTokens ?? 0,
      row?.reasoningTokens ?? 0,
    ];
  };
  expect(await tokensWith({ model: "gemini-3-pro" })).toEqual([90, 60, 12, 7]);
  expect(await tokensWith({ model: "deepseek-chat", inputTokens: 1 })).toEqual([90, 60, 12, 7]);
  expect(await tokensWith({ model: "claude", inputTokens: 1, outputTokens: 2 })).toEqual([1, 0, 2, 0]);
  expect(await tokensWith({ kind: "tool-call", tool: "x" })).toEqual([0, 0, 0, 0]);
});

test("a span that cannot be read keeps the facts that it has", async () => {
  const path = await fileOf(1, OLD);
  sql(path, "UPDATE spans SET span_kind = 'INTERNAL', attributes = '{'");
  const [trace] = await rowsOf(path);
  expect(trace).toMatchObject({ spans: 1 });
});

test("more of them than are read at a time", async () => {
  const rows = await rowsOf(await fileOf(1200, OLD));
  expect(rows.slice(0, 1000).every(({ cachedReadTokens }) => cachedReadTokens === 80)).toBe(true);
  expect(rows.slice(1000).map(({ cachedReadTokens }) => cachedReadTokens)).toEqual(
    [400, 400, 400].map((n) => n * 80),
  );
});

test("what was made anew is kept for the next time, but for spans that run, and not in a file that is read only", async () => {
  const path = await fileOf(250, OLD);
  const { tracer } = tracerOver(path);
  const running = tracer.startSpan("call 1000", { attributes: USAGE });
  await tracer.flush();
  sql(path, "UPDATE spans SET facts = ?", [OLD]);
  const oldOnes = (): unknown =>
    sql(path, "SELECT count(*) AS n FROM spans WHERE facts = ?", [OLD])[0]?.["n"];
  chmodSync(path, 0o444);
  const first = await rowsOf(path);
  expect(oldOnes()).toBe(251);
  chmodSync(path, 0o644);
  expect(await rowsOf(path)).toEqual(first);
  expect(oldOnes()).toBe(1);
  expect(await rowsOf(path)).toEqual(first);
  running.end();
});

test("it is kept by a tracer too, which waits for nobody", async () => {
  const path = await fileOf(20, OLD);
  const { tracer } = tracerOver(path);
  const free = hold(path);
  const { rows } = await tracer.summaries();
  expect(rows.every(({ cachedReadTokens }) => cachedReadTokens === 80)).toBe(true);
  free();
  await eventually(() => sql(path, "SELECT 1 FROM spans WHERE facts = ?", [OLD]).length === 0);
});
