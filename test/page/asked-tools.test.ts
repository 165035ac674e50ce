// Which calls of tools a model's call asked for, as the tree of a trace tells it.
import { expect, it } from "vitest";
import type { TraceJson, WorkKind } from "../../src/viewer/api.ts";
import { askedTools } from "../../web/trace/asked-tools.ts";
import { layOut } from "../../web/trace/layout.ts";
import { indexOfId } from "../../web/trace/model.ts";
import { idOf, START, traceOf } from "./trace-json.ts";

type Given = readonly [parent: number, kind: WorkKind, tool?: string];

/** A trace of these spans, each a second long and begun a second after the one before. */
function trace(given: readonly Given[], marks: Partial<TraceJson> = {}) {
  const texts = [
    ...new Set(given.flatMap(([, kind, tool]) => [kind, ...(tool === undefined ? [] : [tool])])),
  ];
  const tools = given.flatMap(([, , tool], i) =>
    tool === undefined ? [] : [{ i, text: texts.indexOf(tool) }],
  );
  const whole = traceOf({ spans: given.length });
  const json = {
    ...whole,
    texts,
    spans: {
      ...whole.spans,
      parent: given.map(([parent]) => parent),
      kind: given.map(([, kind]) => texts.indexOf(kind)),
    },
    tools: { span: tools.map(({ i }) => i), text: tools.map(({ text }) => text) },
    ...marks,
  };
  const model = layOut(json, Date.parse(START) + 60_000);
  return (span: number): string[] => {
    return askedTools(model, indexOfId(model, idOf(span))).map(
      ({ name, state, hasFailed }) => `${name} ${state}${hasFailed ? " failed" : ""}`,
    );
  };
}

it("are those beside it, up to the next call of a model, with how they went", () => {
  const asked = trace(
    [
      [-1, "turn"],
      [0, "cycle"],
      [1, "model-call"],
      [1, "tool-call", "weather"],
      [1, "tool-call", "events"],
      [4, "agent"],
      [5, "model-call"],
      [5, "tool-call", "hours"],
      [1, "retrieval", "venues"],
      [0, "cycle"],
      [9, "model-call"],
      [9, "tool-call", "hotel"],
    ],
    { failed: [3], running: [11], interrupted: [8] },
  );
  expect(asked(2)).toEqual(["weather ended failed", "events ended", "venues interrupted"]);
  // Of a sub-agent, its own.
  expect(asked(6)).toEqual(["hours ended"]);
  expect(asked(10)).toEqual(["hotel running"]);
});

it("are found however the call is wrapped, and none where none were", () => {
  const asked = trace([
    [-1, "turn"],
    [0, "chain"],
    [1, "model-call"],
    [0, "chain"],
    [3, "tool-call", "a"],
    [0, "tool-call", "b"],
    [0, "chain"],
    [6, "model-call"],
    [0, "model-call"],
    [8, "tool-call", "c"],
  ]);
  expect(asked(2)).toEqual(["a ended", "b ended"]);
  expect(asked(7)).toEqual([]);
  expect(asked(8)).toEqual(["c ended"]);
});
