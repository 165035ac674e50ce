// A trace that grows by what is told of it, against the same trace read at once.
import { describe, expect, it } from "vitest";
import type { ChangedSpanJson, TraceJson } from "../../src/viewer/api.ts";
import { GrowingTrace } from "../../web/trace/growing.ts";
import { layOut } from "../../web/trace/layout.ts";
import { FAILED, idAt, labelAt, RUNNING } from "../../web/trace/model.ts";
import { idOf as id, START, traceOf } from "./trace-json.ts";

const NOW = Date.parse(START) + 5000;

describe("a trace that grows", () => {
  it("has a span below its parent as soon as it is told of", () => {
    const growing = new GrowingTrace(running());
    expect(
      growing.take([changed({ span_id: id(1), started_at: at(1), tool: "search", kind: "tool-call" })]),
    ).toBe(true);
    const model = layOut(growing.trace, NOW);
    expect(model.spans).toBe(2);
    expect(idAt(model, 1)).toBe(id(1));
    expect(labelAt(model, 1)).toBe("search");
    expect([...model.parent]).toEqual([-1, 0]);
    expect([...model.start]).toEqual([0, 1]);
    expect([...model.flags]).toEqual([RUNNING, RUNNING]);
  });

  it("has what a span came to be: its end, its tokens once, that it failed", () => {
    const growing = new GrowingTrace(running());
    const call = {
      ...changed({ span_id: id(1), started_at: at(1) }),
      kind: "model-call" as const,
      model: "m",
    };
    growing.take([{ ...call, input_tokens: 10 }]);
    growing.take([
      { ...call, input_tokens: 10, output_tokens: 3, state: "ended", failed: true, ended_at: at(4) },
    ]);
    const model = layOut(growing.trace, NOW);
    expect([model.start[1], model.end[1]]).toEqual([1, 4]);
    expect([model.inputTokens[0], model.outputTokens[0]]).toEqual([10, 3]);
    expect([...model.flags]).toEqual([RUNNING, FAILED]);
    expect(model.errorsBelow[0]).toBe(1);
  });

  it("is not set back by older news: what has ended does not run again", () => {
    const growing = new GrowingTrace(running());
    const span = changed({ span_id: id(1), started_at: at(1) });
    growing.take([{ ...span, state: "ended", ended_at: at(2) }]);
    growing.take([span]);
    expect(layOut(growing.trace, NOW).flags[1]).toBe(0);
  });

  it("puts spans that are told of together in the order of their starts", () => {
    const growing = new GrowingTrace(running());
    growing.take([2, 1].map((n) => changed({ span_id: id(n), started_at: at(n) })));
    expect(growing.trace.ids).toBe([id(0), id(1), id(2)].join(""));
  });

  it("leaves the trace that was read as it was", () => {
    const read = running();
    new GrowingTrace(read).take([changed({ span_id: id(1), started_at: at(1) })]);
    expect(read).toEqual(running());
  });

  it("asks for a new reading where a span began before others, or came before its parent", () => {
    const growing = new GrowingTrace(running());
    growing.take([changed({ span_id: id(2), started_at: at(2) })]);
    expect(growing.take([changed({ span_id: id(1), started_at: at(1) })])).toBe(false);
    const orphan = new GrowingTrace(running());
    orphan.take([changed({ span_id: id(2), parent_span_id: id(1), started_at: at(1) })]);
    expect(orphan.take([changed({ span_id: id(1), started_at: at(1) })])).toBe(false);
  });
});

function at(ms: number): string {
  return START.replace("600000", `60${ms}000`);
}

function changed(span: Partial<ChangedSpanJson>): ChangedSpanJson {
  return {
    ...{ trace_id: "t", span_id: id(1), parent_span_id: id(0), conversation_key: null, name: "work" },
    ...{ kind: "other", started_at: START, ended_at: null, state: "running", failed: false, aborted: false },
    ...{ agent: null, tool: null, model: null, input_tokens: 0, output_tokens: 0 },
    ...{ first_token_ms: null, cost_usd: null },
    ...span,
  };
}

/** A turn that runs. */
function running(): TraceJson {
  const one = traceOf({ spans: 1 });
  return { ...one, spans: { ...one.spans, duration_us: [null] }, running: [0] };
}
