// A trace of many spans is read once for its row, however many windows of the listing it reaches through.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSqliteFile, SqliteTracer } from "tracelight/sqlite";
import { expect, onTestFinished, test } from "vitest";
import { leastOf, processorMsOf } from "../processor.ts";
import { sized } from "../sizes.ts";

const SPANS = sized(20_000, 6000);

test("its row costs about what its outlines cost", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tracelight-long-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "traces.db");
  const tracer = new SqliteTracer({ path, maxQueuedSpans: 2 * SPANS });
  const traceId = tracer.trace("converse", (head) => {
    for (let i = 1; i < SPANS; i++) tracer.trace("step", (span) => span.addAttribute("i", i));
    return head.traceId;
  });
  await tracer.close();
  const file = await openSqliteFile(path);
  onTestFinished(() => file.close());
  await file.outlines({ traceId });
  const times = async () => {
    const outlines = await processorMsOf(() => file.outlines({ traceId }));
    const row = await processorMsOf(async () => {
      const { rows } = await file.summaries({ by: "trace", limit: 1 });
      expect(rows).toMatchObject([{ id: traceId, spans: SPANS }]);
    });
    return row / outlines;
  };
  expect(await leastOf(5, times)).toBeLessThan(5);
});
