// The API of the context lens and of comparing, over real stores.
import type { Tracer } from "tracelight";
import { describe, expect, test } from "vitest";
import { API } from "../../src/viewer/api.ts";
import { converse, json, memory, raw, served, sqlite } from "./support.ts";

/** Calls of one conversation, each with two messages more; before the fourth the second message was changed. */
function grow(tracer: Tracer, id: string, calls: number, text = "word ".repeat(200)): void {
  const messages: object[] = [{ role: "user", content: [{ text: `Secret ${text}` }] }];
  tracer.trace("converse", (turn) => {
    turn.addAttributes({ "ai.conversation.id": id, "ai.agent.name": "supervisor" }, { inheritable: true });
    turn.addAttribute("ai.trace.type", "converse");
    for (let i = 0; i < calls; i++) {
      if (i === 3) messages[1] = { role: "assistant", content: [{ text: "changed" }] };
      tracer.trace("llm", (span) =>
        span.addAttributes({
          "ai.trace.type": "llm-invocation",
          "ai.llm.request.model.id": "claude-sonnet-4-5",
          "ai.llm.request.messages": messages,
          "ai.llm.response.usage": {
            inputTokens: 0,
            outputTokens: 5,
            cacheReadInputTokens: i === 3 ? 200 : i * 1000,
            cacheWriteInputTokens: i === 3 ? 3800 : 1000,
          },
        }),
      );
      messages.push(
        { role: "assistant", content: [{ text: `Answer ${i} ${text}` }] },
        { role: "user", content: [{ text: `Question ${i} ${text}` }] },
      );
    }
  });
}

/** A model asks for a tool and has its result; another tool is asked for by nobody. Gives where the tools are. */
function asking(tracer: Tracer, attributes: Record<string, unknown>): string[] {
  const places: string[] = [];
  const model = (messages: object[], answer: object) =>
    tracer.trace("llm", (span) =>
      span.addAttributes({
        "ai.trace.type": "llm-invocation",
        "ai.llm.request.model.id": "claude-sonnet-4-5",
        "ai.llm.request.messages": messages,
        "ai.llm.request.tool.config": {
          tools: ["search_events", "find_trains"].map((name) => ({ toolSpec: { name } })),
        },
        "ai.llm.response.output": { message: answer },
        "ai.llm.response.usage": { inputTokens: 900, outputTokens: 5 },
      }),
    );
  const tool = (name: string, id: string): void =>
    tracer.trace(name, (span) => {
      places.push(`${span.traceId}/spans/${span.spanId}`);
      span.addAttributes({ "ai.trace.type": "tool-invocation", "ai.tool.name": name, "ai.tool.use.id": id });
    });
  const question = { role: "user", content: [{ text: "Events?" }] };
  const use = { toolUse: { toolUseId: "t1", name: "search_events", input: {} } };
  const asked = { role: "assistant", content: [{ text: "I look." }, use] };
  const result = {
    role: "user",
    content: [{ toolResult: { toolUseId: "t1", content: [{ text: "None" }] } }],
  };
  tracer.trace("converse", (turn) => {
    turn.addAttributes(attributes, { inheritable: true });
    turn.addAttribute("ai.trace.type", "converse");
    model([question], asked);
    tool("search_events", "t1");
    tool("find_trains", "t9");
    model([question, asked, result], { role: "assistant", content: [{ text: "None." }] });
  });
  return places;
}

describe.each([
  ["SQLite", sqlite],
  ["memory", memory],
] as const)("the lens over %s", (_name, open) => {
  test("has a call each, findings, and no words but those of what is opened", async () => {
    const tracer = open();
    grow(tracer, "grown", 5);
    const { url } = await served(tracer);
    const { text } = await raw(`${url}api/conversations/grown/context`, {});
    const lens = JSON.parse(text);
    expect(lens.calls).toHaveLength(5);
    expect(lens.calls[3]).toMatchObject({
      number: 4,
      turn: 1,
      before: { number: 3 },
      input_tokens: 4000,
      cache: { state: "broken", cause: "messages" },
      change: { place: "messages", how: "shortened" },
    });
    for (const { parts, input_tokens } of lens.calls)
      expect(Object.values(parts).reduce((sum: number, n) => sum + Number(n), 0)).toBe(input_tokens);
    expect(lens.findings[0].text).toMatch(
      /^call 4 read [\d,]+ tokens again: message 2 \(assistant\) was shortened$/,
    );
    expect(lens.opened).toBeNull();
    expect(text).not.toContain("Secret");

    const opened = await json(`${url}api/conversations/grown/context?call=${lens.calls[3].span_id}`);
    expect(opened.opened.segments.map(({ part }: { part: string }) => part)).toEqual([
      ...Array(5).fill("history"),
      "new",
      "new",
    ]);
    expect(opened.opened.difference.words.at(-1)).toEqual({ in: "b", text: "changed" });
    const trace = lens.calls[0].trace_id;
    expect((await json(`${url}api/traces/${trace}/context`)).calls).toEqual(lens.calls);
  });

  test("compares calls by number and by span, and traces and conversations by steps", async () => {
    const tracer = open();
    grow(tracer, "grown", 4);
    converse(tracer, { id: "trip-1" });
    converse(tracer, { id: "trip-2" });
    const { url } = await served(tracer);
    const ask = (a: string, b: string) =>
      json(`${url}api/compare?a=${encodeURIComponent(a)}&b=${encodeURIComponent(b)}`);
    const calls = await ask("grown#3", "grown#4");
    expect(calls).toMatchObject({ kind: "calls", a: { input_tokens: 3000 }, b: { input_tokens: 4000 } });
    expect(calls.rows.map(({ state }: { state: string }) => state)).toEqual([
      "same",
      "changed",
      "same",
      "only_b",
      "only_b",
    ]);
    expect(
      await ask(`${calls.a.trace_id}/${calls.a.span_id}`, `${calls.b.trace_id}/${calls.b.span_id}`),
    ).toEqual(calls);

    const steps = await ask("trip-1", "trip-2");
    expect(steps).toMatchObject({
      kind: "steps",
      divergence: null,
      are_inputs_compared: true,
      a: { id: "trip-1" },
    });
    expect(steps.states).toEqual([0, 0, 0, 0, 0]);
    const { name, glance } = steps.steps.a;
    expect([name, glance].map((column) => steps.texts[column[1]])).toEqual([
      "get_weather",
      'city: "Rotterdam", days: 1',
    ]);
    expect(await ask("trip-1", "grown")).toMatchObject({ kind: "steps", divergence: expect.any(Number) });
  });

  test("tells why a tool was called, by its span: in its conversation, or where it has none in its trace", async () => {
    const tracer = open();
    const [tool, other] = asking(tracer, { "ai.conversation.id": "asked" });
    const [alone] = asking(tracer, {});
    const { url } = await served(tracer);
    const why = (place: string) => json(`${url}api/traces/${place}/why`);
    const { story } = await why(tool ?? "");
    expect(story).toMatchObject({
      ...{ name: "search_events", call_id: "t1", reasoning: null, words: "I look.", is_cut: false },
      ...{ offered: ["search_events", "find_trains"], beside: [] },
      asked: { number: 1, turn: 1, model: "claude-sonnet-4-5" },
      result: { name: "search_events", call_id: "t1", first: { number: 2 }, calls: 1 },
    });
    expect((await why(alone ?? "")).story).toMatchObject({ words: "I look.", result: { calls: 1 } });
    expect((await why(other ?? "")).story).toBeNull();
    expect((await why(`${story.asked.trace_id}/spans/${story.asked.span_id}`)).story).toBeNull();
    const missing = await fetch(`${url}api/traces/${story.asked.trace_id}/spans/0000000000000009/why`);
    expect(missing.status).toBe(404);
  });

  test("sums what was read again by cause", async () => {
    const tracer = open();
    grow(tracer, "grown", 5);
    const { url } = await served(tracer);
    const [finding] = (await json(`${url}api/conversations/grown/context`)).findings;
    expect(await json(`${url}api/waste`)).toEqual({
      ...{ by: "waste", looked_at: 1, read: 1, left_out: 0, more: false, notes: [] },
      causes: [
        {
          ...{ cause: "messages", calls: 1, conversations: 1, tokens: finding.tokens },
          ...{ wasted_usd: null, unpriced_calls: 1 },
        },
      ],
    });
    expect(await json(`${url}api/waste?until=2020-01-01`)).toMatchObject({ causes: [], looked_at: 0 });
  });

  test("says what is not there, and what cannot be compared", async () => {
    const tracer = open();
    grow(tracer, "grown", 2);
    const { url } = await served(tracer);
    const status = async (path: string): Promise<number> => (await fetch(`${url}api/${path}`)).status;
    expect(await status("conversations/none/context")).toBe(404);
    expect(await status("conversations/grown/context?call=0000000000000009")).toBe(404);
    expect(await status("compare?a=grown%231&b=grown%239")).toBe(404);
    expect(await status("compare?a=grown%231&b=none%231")).toBe(404);
    expect(await status("compare?a=grown%231&b=grown")).toBe(400);
    expect(await status("compare?a=grown")).toBe(400);
  });
});

test("who sees only what is theirs compares and looks at nothing else", async () => {
  const tracer = memory();
  converse(tracer, { id: "dana's", user: "dana" });
  converse(tracer, { id: "eve's", user: "eve" });
  const { url } = await served(tracer, { principal: "dana" });
  expect((await json(`${url}api/conversations/dana's/context`)).calls).toHaveLength(3);
  expect((await fetch(`${url}api/conversations/eve's/context`)).status).toBe(404);
  expect(await json(`${url}api/waste`)).toMatchObject({ looked_at: 1 });
  expect((await fetch(`${url}api/compare?a=dana's&b=eve's`)).status).toBe(404);
});

test("a conversation whose id has half a character has an address, and is found by it", async () => {
  const tracer = memory();
  converse(tracer, { id: "half \ud83d" });
  const { url } = await served(tracer);
  const { columns, rows } = await json(`${url}api/rows`);
  const key = (columns ?? rows).key[0];
  expect(key).toBe(JSON.stringify("half \ud83d"));
  for (const path of [
    API.conversation(key),
    API.turn(key, 1),
    API.context(key),
    API.compare(key, `${key}#1`),
  ])
    expect([path, (await fetch(url + path)).status]).toEqual([path, path.includes("compare") ? 400 : 200]);
  expect(API.value("t", "s", "/record/\ud83d")).toContain("%EF%BF%BD");
});
