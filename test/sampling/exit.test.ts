// The end of the process decides what waits, and hands it on in time; and OpenTelemetry's libraries see what is not recorded.
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { context, propagation, trace } from "@opentelemetry/api";
import { InMemoryTracer } from "tracelight";
import { inject, registerTracer } from "tracelight/otel";
import { sample } from "tracelight/sampling";
import { SqliteTracer } from "tracelight/sqlite";
import { afterAll, describe, expect, it } from "vitest";
import { programOf } from "../program.ts";

const run = promisify(execFile);
const files = mkdtempSync(join(tmpdir(), "tracelight-sampling-"));
afterAll(() => rmSync(files, { recursive: true, force: true }));

describe("what waits when the process ends is decided, and there", () => {
  it.each(["end", "exit"])("%s", async (finish) => {
    const path = join(files, `${finish}.db`);
    await run(process.execPath, [programOf("samplingExit"), path, finish]);
    const reader = new SqliteTracer({ path });
    const names = (await reader.getTraces()).map(({ spanName }) => spanName);
    await reader.close();
    // Those that have not ended are there as SQLite saw them begin; of the trace that was dropped nothing is.
    expect(names.sort()).toEqual(["faulty", "first", "never ends", "open", "outer"]);
  });
});

it("through OpenTelemetry's API a trace that is not recorded says so, both ways", () => {
  const tracer = new InMemoryTracer({ sample: sample({ rules: [{ name: "no *", ratio: 0 }] }) });
  const undo = registerTracer(tracer);
  try {
    const theirs = trace.getTracer("theirs");
    const headers: Record<string, string> = {};
    theirs.startActiveSpan("no request", (span) => {
      expect(span.isRecording()).toBe(false);
      expect(span.spanContext().traceFlags).toBe(2);
      span.setAttribute("a", 1).addEvent("b").setStatus({ code: 2 }).end();
      tracer.trace("ours", () =>
        theirs.startActiveSpan("theirs", () => propagation.inject(context.active(), headers)),
      );
      expect(inject({})).toEqual(headers);
    });
    expect(headers["traceparent"]).toMatch(/-02$/);
    const remote = propagation.extract(context.active(), headers);
    context.with(remote, () => {
      tracer.trace("ours", () => undefined);
      theirs.startSpan("theirs").end();
    });
    expect(tracer.getTraces()).toEqual([]);
    tracer.trace("no turn", () => theirs.startSpan("below").end());
    expect(tracer.getTraces()).toEqual([]);
    theirs.startSpan("yes").end();
    expect(tracer.getTraces().map(({ spanName }) => spanName)).toEqual(["yes"]);
  } finally {
    undo();
  }
});
