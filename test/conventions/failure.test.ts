// What failed: one meaning for readings, rows, queries, filters, blocks of text and assertions.
import { matches } from "tracelight";
import { failureOf, readSpan } from "tracelight/conventions";
import { expectTraces } from "tracelight/testing";
import { describe, expect, it } from "vitest";
import { factsOf } from "../../src/conventions/facts.ts";
import { summarize } from "../../src/conventions/summary.ts";
import type { SpanFields } from "../../src/model/span-fields.ts";
import { humanReadable } from "../../src/render/human-readable.ts";
import { spanFields } from "../model/arbitraries.ts";

const exception = { name: "exception", at: new Date(0), attributes: { "exception.message": "boom" } };

const SPANS: readonly [what: string, fields: Partial<SpanFields>, failure: string | undefined][] = [
  ["a status", { spanStatus: "ERROR" }, "failed"],
  ["an empty message", { spanStatus: "ERROR", statusMessage: "" }, "failed"],
  ["a message", { spanStatus: "ERROR", statusMessage: "400" }, "400"],
  ["an exception's event", { spanStatus: "ERROR", events: [exception] }, "boom"],
  ["an exception that it came over", { events: [exception] }, undefined],
  ["a message without the status", { spanStatus: "OK", statusMessage: "all well" }, undefined],
  ["a tool's error", { attributes: { "ai.tool.error": "no such city" } }, "no such city"],
  ["a tool's error that says nothing", { attributes: { "ai.tool.error": "" } }, "failed"],
  ["a tool's error of another kind", { attributes: { "ai.tool.error": { code: 5 } } }, "failed"],
  ["a tool that says it has no error", { attributes: { "ai.tool.error": null } }, undefined],
  ["a tool that says false", { attributes: { "ai.tool.error": false } }, undefined],
  ["a model's error", { attributes: { "ai.llm.response.error": "throttled" } }, "throttled"],
  ["an exception", { attributes: { "exception.message": "boom" } }, "boom"],
  ["an empty exception", { attributes: { "exception.message": "" } }, undefined],
  ["gen_ai's error", { attributes: { "gen_ai.operation.name": "chat", "error.type": "timeout" } }, "timeout"],
  ["mcp's error", { attributes: { "error.message": "gone", "mcp.method.name": "tools/call" } }, "gone"],
  ["an answer of HTTP", { attributes: { "error.type": "404" } }, undefined],
  ["work that was given up", { attributes: { "ai.conversation.aborted": true } }, undefined],
];

describe.each(SPANS)("a span with %s", (_what, fields, failure) => {
  const span = spanFields(fields);
  const failed = failure !== undefined;

  it(`${failed ? "failed" : "did not fail"}, whoever is asked`, () => {
    expect(failureOf(span)).toBe(failure);
    expect(readSpan(span).error).toBe(failure);
    expect(factsOf(span).failed).toBe(failed ? true : undefined);
    expect(summarize([span], "trace")?.errors).toBe(failed ? 1 : 0);
    expect(matches(span, { failed: true })).toBe(failed);
    for (const where of [
      "failed",
      "failed = true",
      "not failed = false",
      "failed != false",
      "failed in (true)",
    ])
      expect(matches(span, { where }), where).toBe(failed);
    expect(humanReadable(span).includes("Error:")).toBe(failed);
    const hope = () => expectTraces([span]).toHaveNoErrors();
    if (failed) expect(hope).toThrow(`ERROR ${failure}`);
    else hope();
  });
});
