// What a search finds is given newest first, by when it began: a file may be written in any order, as an import does.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SqliteTracer } from "tracelight/sqlite";
import { expect, it, onTestFinished } from "vitest";

it("gives spans newest first, in whichever order they were written", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tracelight-search-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const tracer = new SqliteTracer({ path: join(folder, "traces.db"), retention: false });
  onTestFinished(async () => void (await tracer.close()));
  const hours = [3, 7, 1, 9, 4, 7];
  for (const hour of hours) {
    const span = tracer.startSpan("tool", {
      parentSpan: null,
      startedAt: new Date(Date.UTC(2026, 10, 25, hour)),
    });
    span.addAttributes({ "ai.trace.type": "tool-invocation", "ai.tool.output": "It is raining" });
    span.end();
    await tracer.flush();
  }
  const { spans } = await tracer.search("raining");
  expect(spans.map(({ startedAt }) => startedAt.getUTCHours())).toEqual([9, 7, 7, 4, 3, 1]);
});
