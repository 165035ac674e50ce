// The API of the viewer: the list, a conversation, a trace, a span.
import { describe, expect, test } from "vitest";
import { spanIdsIn } from "../../src/viewer/api.ts";
import { converse, json, memory, served, sqlite } from "./support.ts";

describe.each([
  ["SQLite", sqlite],
  ["memory", memory],
])("over %s", (_name, make) => {
  test("the list, the conversation, its trace and a span", async () => {
    const tracer = make();
    converse(tracer);
    const { url } = await served(tracer);
    const store = await json(`${url}api/store`);
    expect(store).toMatchObject({ is_empty: false, read_only: false, otlp_url: url.slice(0, -1) });

    const list = await json(`${url}api/rows`);
    expect(list.rows).toMatchObject({
      key: ["trip-1"],
      title: ["Is it sunny?"],
      name: [null],
      user: ["dana"],
      errors: [1],
    });

    const conversation = await json(`${url}api/conversations/trip-1`);
    expect(conversation).toMatchObject({ key: "trip-1", summary: { by: "conversation", model_calls: 3 } });
    expect(conversation.turns).toMatchObject([
      { number: 1, first_call: 1, calls: 2, tool_calls: 2, errors: 1 },
    ]);

    const traceId = conversation.turns[0].trace_id;
    const trace = await json(`${url}api/traces/${traceId}`);
    expect(trace.conversation).toEqual({
      key: "trip-1",
      turn: 1,
      turns: 1,
      previous_trace_id: null,
      next_trace_id: null,
    });
    expect(trace.spans.kind.map((i: number) => trace.texts[i])).toEqual([
      "turn",
      "model-call",
      "tool-call",
      "tool-call",
      "turn",
      "model-call",
      "model-call",
    ]);
    expect(trace.spans.parent).toEqual([-1, 0, 0, 0, 3, 4, 0]);
    expect(trace.failed).toEqual([3]);

    const span = await json(`${url}api/traces/${traceId}/spans/${spanIdsIn(trace)[1]}`);
    expect(span.reading).toMatchObject({
      kind: "model-call",
      model: "sonnet",
      output_messages: [{ role: "assistant", parts: [{ type: "text", text: "First the weather." }] }],
      usage: { input: 100, output: 10 },
    });
    expect(span.record).toMatchObject({ span_name: "llm", attributes: { "ai.conversation.id": "trip-1" } });
  });
});
