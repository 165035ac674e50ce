// What a turn is: the same for who shows, counts, lists and asserts turns.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { factsOf } from "../../src/conventions/facts.ts";
import { Nesting } from "../../src/conventions/nesting.ts";
import { summarize } from "../../src/conventions/summary.ts";
import { mayBeginTurn, TurnTimes, turnsIn } from "../../src/conventions/turns.ts";
import type { SpanFields } from "../../src/model/span-fields.ts";
import { expectTraces } from "../../src/testing/index.ts";
import { spanFields } from "../model/arbitraries.ts";
import { runs } from "../sizes.ts";

/** The number of a span, of the one above it, and what it is. */
type Planned = readonly [id: number, parent: number | undefined, type: string, more?: Partial<SpanFields>];

const TYPES: Readonly<Record<string, SpanFields["attributes"]>> = {
  turn: { "ai.trace.type": "converse", "ai.user.input": "Go", "ai.agent.response": "Done" },
  agent: { "openinference.span.kind": "AGENT", "input.value": "Find a boat", "output.value": "There is one" },
  model: {
    "ai.trace.type": "llm-invocation",
    "ai.llm.request.messages": [{ role: "user", content: [{ text: "Any mail?" }] }],
    "ai.llm.response.output": { message: { role: "assistant", content: [{ text: "None." }] } },
  },
  tool: { "ai.trace.type": "tool-invocation", "ai.tool.name": "walk" },
  served: { "mcp.method.name": "tools/call", "gen_ai.tool.name": "walk" },
  other: {},
};

function planned([id, parent, type, more]: Planned): SpanFields {
  return spanFields({
    ...{ spanId: hex(id), parentSpanId: parent === undefined ? undefined : hex(parent), spanName: type },
    ...{ spanKind: type === "served" ? "SERVER" : "INTERNAL", attributes: TYPES[type] ?? {} },
    ...{ startedAtMicros: id * 1000, endedAtMicros: id * 1000 + 500, ...more },
  });
}

function hex(n: number): string {
  return n.toString(16).padStart(16, "0");
}

function idsOf(spans: readonly SpanFields[]): number[][] {
  return turnsIn(spans).map((turn) => turn.spans.map(({ span }) => Number.parseInt(span.spanId, 16)));
}

function timesOf(spans: readonly SpanFields[]): number[] {
  const nesting = new Nesting();
  const times = new TurnTimes(nesting);
  for (const span of spans) times.add(span, factsOf(span).kind, nesting.add(span, factsOf(span)));
  return [...times.all()].map(({ start }) => start).sort((a, b) => a - b);
}

describe("a turn", () => {
  const cases: readonly (readonly [what: string, plan: readonly Planned[], turns: number[][]])[] = [
    [
      "with three calls of an MCP server in other processes",
      [
        [1, undefined, "turn"],
        ...[2, 4, 6].flatMap((n): Planned[] => [
          [n, 1, "tool"],
          [n + 1, n, "served"],
        ]),
      ],
      [[1, 2, 3, 4, 5, 6, 7]],
    ],
    [
      "below what served the request",
      [
        [1, undefined, "other"],
        [2, 1, "turn"],
        [3, 2, "tool"],
      ],
      [[1, 2, 3]],
    ],
    [
      "of an agent that has a turn of another below it",
      [
        [1, undefined, "agent"],
        [2, 1, "tool"],
        [3, 2, "turn"],
      ],
      [[1, 2, 3]],
    ],
    [
      "one of two in a trace, with what lies beside them",
      [
        [1, undefined, "other"],
        [2, 1, "turn"],
        [3, 1, "agent"],
        [4, 1, "model"],
      ],
      [
        [1, 2],
        [3, 4],
      ],
    ],
    [
      "that is a trace as a whole",
      [
        [1, undefined, "other"],
        [2, 1, "served"],
        [3, 1, "served"],
      ],
      [[1, 2, 3]],
    ],
    [
      "whose parent is in another process",
      [
        [2, 1, "served"],
        [3, 1, "served"],
      ],
      [[2, 3]],
    ],
    [
      "whose spans are their own ancestors, with another below them",
      [
        [1, 2, "other"],
        [2, 3, "turn"],
        [3, 1, "other"],
        [4, 1, "agent"],
      ],
      [[1, 2, 3, 4]],
    ],
    [
      "whose spans are their own ancestors",
      [
        [1, 2, "other"],
        [2, 1, "other"],
        [3, 3, "turn"],
      ],
      [[1, 2, 3]],
    ],
  ];

  test.each(cases)("%s", (_what, plan, turns) => {
    const spans = plan.map(planned);
    expect(idsOf(spans)).toEqual(turns);
    expect(idsOf([...spans].reverse())).toEqual(turns);
    expect(timesOf(spans)).toHaveLength(turns.length);
    expect(timesOf([...spans].reverse())).toHaveLength(turns.length);
  });

  test("is counted as it is shown, in whatever order its spans come", () => {
    const plan = fc.array(fc.tuple(fc.nat({ max: 12 }), fc.constantFrom(...Object.keys(TYPES)), fc.nat()), {
      minLength: 1,
      maxLength: 30,
    });
    fc.assert(
      fc.property(plan, (parents) => {
        const spans = parents.map(([parent, type], id) =>
          planned([
            id + 1,
            parent === 0 ? undefined : parent,
            type,
            { traceId: String(parent % 2).repeat(32) },
          ]),
        );
        const shuffled = spans
          .map((span, i) => [parents[i]?.[2] ?? 0, span] as const)
          .sort(([a], [b]) => a - b);
        const turns = turnsIn(spans);
        expect(timesOf(shuffled.map(([, span]) => span))).toHaveLength(turns.length);
        expect(turns.flatMap((turn) => turn.spans)).toHaveLength(spans.length);
      }),
      { numRuns: runs(1000) },
    );
  });
});

test("rows are placed by the turn that began last, and such spans are known as they are written", () => {
  const spans = (
    [
      [1, undefined, "other"],
      [2, 1, "turn"],
      [3, 2, "tool"],
      [4, 3, "served"],
    ] satisfies Planned[]
  ).map((one) => planned(one));
  expect(summarize(spans, "trace")?.latestAtMicros).toBe(2000);
  expect(spans.map(mayBeginTurn)).toEqual([true, true, false, true]);
});

test("assertions know the turns of agents and of bare model calls, and no turn below another", () => {
  expectTraces([planned([1, undefined, "agent"])])
    .toHaveUserInput("Find a boat")
    .toHaveAgentResponse(/is one/);
  expectTraces([planned([1, undefined, "model"])])
    .toHaveUserInput("Any mail?")
    .toHaveAgentResponse("None.");
  const below = [planned([1, undefined, "agent"]), planned([2, 1, "turn"])];
  expect(() => expectTraces(below).toHaveUserInput("Go")).toThrow('Expected a turn with the user input "Go"');
});
