// Two calls, and two runs, side by side.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type CallRow, changedWords, compareCalls } from "../../src/conventions/compare/calls.ts";
import { compareSteps, type Step, type StepRow, stepsOf } from "../../src/conventions/compare/steps.ts";
import { outlineOf } from "../../src/conventions/facts.ts";
import type { SpanFields } from "../../src/model/span-fields.ts";
import { type Said, SHAPES } from "../fixtures/context/shapes.ts";
import { spanFields } from "../model/arbitraries.ts";

const MS = 1000;

function call(
  messages: readonly Said[],
  more: { system?: string; tools?: readonly string[]; answer?: string } = {},
): SpanFields {
  const { answer = "Done.", ...rest } = more;
  return spanFields({
    attributes: {
      ...SHAPES.converse({ model: "claude-sonnet-4-5", messages, usage: { input: 100 }, ...rest }),
      "ai.llm.response.output": { message: { role: "assistant", content: [{ text: answer }] } },
    },
  });
}

const user = (text: string): Said => ({ role: "user", text });
const result = (name: string, text: string): Said => ({ role: "result", text, answers: { id: name, name } });
const asks = (name: string): Said => ({ role: "assistant", call: { id: name, name, input: {} } });

const told = (rows: readonly CallRow[]): string[] =>
  rows.map((row) => {
    if (row.state === "same") return `= ${row.section} ${row.pieces.length}`;
    const { piece } = row.state === "changed" ? (row.b.piece === undefined ? row.a : row.b) : row.piece;
    return `${row.state} ${row.section} ${piece.name ?? piece.role}`;
  });

describe("two calls", () => {
  const history = [
    user("Flights?"),
    asks("find_flights"),
    result("find_flights", "fare 379.8 EUR"),
    asks("get_weather"),
    result("get_weather", "rain"),
  ];

  test("are compared piece by piece: runs of what is the same are one, what changed is told by its words", () => {
    const a = call(history, { system: "Be brief. Offer three choices.", tools: ["x", "y"] });
    const b = call(
      [
        ...history.slice(0, 2),
        result("find_flights", "fare 412.2 USD"),
        asks("find_trains"),
        result("find_trains", "ICE"),
      ],
      { system: "Be brief. One question at a time.", tools: ["x", "y"], answer: "Done and booked." },
    );
    const { rows } = compareCalls(a, b);
    expect(told(rows)).toEqual([
      "= tools 2",
      "changed system system",
      "= messages 2",
      "changed messages find_flights",
      "changed messages assistant",
      "only-a messages get_weather",
      "only-b messages find_trains",
      "changed answer assistant",
    ]);
    const [, , , fare] = rows;
    expect(fare?.state === "changed" && changedWords(fare)).toEqual([
      { in: "both", text: "fare " },
      { in: "a", text: "379.8 EUR" },
      { in: "b", text: "412.2 USD" },
    ]);
  });

  test("that are equal have no change, whatever was said", () => {
    const said = fc.array(
      fc.record({ role: fc.constantFrom("user" as const, "assistant" as const), text: fc.string() }),
      { maxLength: 20 },
    );
    fc.assert(
      fc.property(said, (messages) => {
        const { rows } = compareCalls(call(messages), call(structuredClone(messages)));
        expect(rows.every(({ state }) => state === "same")).toBe(true);
      }),
      { numRuns: 50 },
    );
  });
});

describe("two runs", () => {
  interface Did {
    readonly tool: string;
    readonly input?: unknown;
    readonly failed?: true;
  }

  function run(does: readonly (string | Did)[]): Step[] {
    const spans = does.map((one, i) => {
      const { tool, input = {}, failed } = typeof one === "string" ? { tool: one } : one;
      return spanFields({
        ...{
          spanId: i.toString(16).padStart(16, "0"),
          startedAtMicros: i * 10 * MS,
          endedAtMicros: (i * 10 + 5) * MS,
          spanStatus: failed ? "ERROR" : "UNSET",
        },
        attributes:
          tool === "model"
            ? { "ai.trace.type": "llm-invocation", "ai.llm.request.model.id": "sonnet" }
            : { "ai.trace.type": "tool-invocation", "ai.tool.name": tool, "ai.tool.input": input },
      });
    });
    const inputs = new Map(
      spans.map((span) => {
        const text = JSON.stringify(span.attributes["ai.tool.input"]);
        return [span.traceId + span.spanId, { text, glance: text }];
      }),
    );
    return stepsOf(spans.map(outlineOf), undefined, inputs);
  }

  const rowsOf = (a: readonly (string | Did)[], b: readonly (string | Did)[]): string[] =>
    compareSteps(run(a), run(b)).rows.map(
      ({ state, a: one, b: other, isRepeat }) =>
        `${state} ${one?.name ?? other?.name}${isRepeat ? " again" : ""}`,
    );

  test("are aligned by kind, name and order, and part at the first step that differs", () => {
    const a = ["model", "get_weather", "search_events", "model", "opening_hours", "model"];
    const b = [
      "model",
      "get_weather",
      { tool: "search_events", input: { indoor: true } },
      "model",
      "plan_route",
      "model",
      "book_table",
    ];
    expect(rowsOf(a, b)).toEqual(
      [
        ...["same test", "same get_weather", "changed search_events", "same test"],
        ...["only-a opening_hours", "only-b plan_route", "same test", "only-b book_table"],
      ].map((text) => text.replace("test", run(["model"])[0]?.name ?? "")),
    );
    expect(compareSteps(run(a), run(b)).divergence).toBe(2);
    expect(compareSteps(run(a), run(a)).divergence).toBeUndefined();
  });

  test("tell what was tried again, what failed in one alone, and what was done in another order", () => {
    expect(rowsOf(["a", "b"], ["a", "a", "a", "b"])).toEqual([
      "same a",
      "only-b a again",
      "only-b a again",
      "same b",
    ]);
    expect(rowsOf(["a", "b"], ["a", { tool: "b", failed: true }])).toEqual(["same a", "changed b"]);
    expect(rowsOf(["a", "b", "c"], ["b", "c", "a"])).toEqual(["same b", "same c", "moved a"]);
  });

  test("every step of both is told once, in its order, whatever they are", () => {
    const runs = fc.array(
      fc.record({ tool: fc.constantFrom("model", "a", "b", "c", "d"), input: fc.nat(2) }),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(runs, runs, (one, other) => {
        const [a, b] = [run(one), run(other)];
        const { rows } = compareSteps(a, b);
        const of = (side: "a" | "b", some: readonly StepRow[]) =>
          some.flatMap((row) => row[side]?.outline.spanId ?? []);
        expect(of("b", rows)).toEqual(b.map(({ outline }) => outline.spanId));
        expect(of("a", rows).sort()).toEqual(a.map(({ outline }) => outline.spanId).sort());
        const unmoved = of(
          "a",
          rows.filter(({ state }) => state !== "moved"),
        );
        expect(unmoved).toEqual([...unmoved].sort());
        for (const { state, a: x, b: y } of rows)
          if (state !== "only-a" && state !== "only-b") expect(x?.name).toBe(y?.name);
      }),
      { numRuns: 150 },
    );
  });
});
