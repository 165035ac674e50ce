// Why the cache was lost, where other calls stand between.
import { expect, test } from "vitest";
import { contextOf } from "../../src/conventions/context.ts";
import type { SpanFields } from "../../src/model/span-fields.ts";
import { SHAPES } from "../fixtures/context/shapes.ts";
import { STORIES, type Story, type StoryCall } from "../fixtures/context/stories.ts";
import { spanFields } from "../model/arbitraries.ts";

const START = Date.UTC(2026, 10, 22, 12) * 1000;
const TURN = "f".repeat(16);

function spansOf({ calls, shape }: Story): readonly SpanFields[] {
  const end = Math.max(...calls.map(({ to }) => to)) + 1;
  return [
    placed(TURN, { from: 0, to: end }, { "ai.trace.type": "converse", "ai.agent.name": "planner" }),
    ...calls.flatMap((call, i) => callSpans(call, i, shape)),
  ];
}

function callSpans({ call, by, failed, ...time }: StoryCall, i: number, shape: Story["shape"]): SpanFields[] {
  const own = {
    ...SHAPES[shape](call),
    ...(failed === true ? { "ai.llm.response.error": "overloaded" } : {}),
  };
  const status = failed === true ? ("ERROR" as const) : ("UNSET" as const);
  const id = (kind: number): string => `${kind}${i}`.padEnd(16, "0");
  if (by === undefined) return [{ ...placed(id(1), time, own), parentSpanId: TURN, spanStatus: status }];
  return [
    {
      ...placed(id(2), time, { "ai.trace.type": "tool-invocation", "ai.tool.name": by }),
      parentSpanId: TURN,
    },
    { ...placed(id(3), time, { "ai.trace.type": "converse", "ai.agent.name": by }), parentSpanId: id(2) },
    { ...placed(id(1), time, own), parentSpanId: id(3) },
  ];
}

function placed(
  spanId: string,
  { from, to }: Pick<StoryCall, "from" | "to">,
  attributes: object,
): SpanFields {
  return spanFields({
    ...{ spanId, startedAtMicros: START + from * 1e6, endedAtMicros: START + to * 1e6 },
    attributes: { "ai.conversation.id": "story", ...attributes },
  });
}

test.each(STORIES)("$name ($shape)", (story) => {
  const { calls } = contextOf(spansOf(story));
  expect(calls).toHaveLength(story.calls.length);
  const { state, cause } = calls.at(-1)?.cache ?? {};
  expect([state, cause]).toEqual(story.expected);
});
