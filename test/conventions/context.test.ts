// The context lens: what filled the window, which calls belong together, what changed, and what results cost.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ContextCall, type ContextOptions, contextOf } from "../../src/conventions/context.ts";
import { readSpan } from "../../src/conventions/reading.ts";
import type { SpanFields } from "../../src/model/span-fields.ts";
import { findingsOf } from "../../src/render/context-words.ts";
import { SHAPES } from "../fixtures/context/shapes.ts";
import { spanFields } from "../model/arbitraries.ts";
import { runs } from "../sizes.ts";
import { recordings } from "./vocabularies.ts";

const MS = 1000;
const START = Date.UTC(2026, 10, 22, 12) * 1000;

let ids = 0;

interface Work {
  readonly type: string;
  readonly from: number;
  readonly to?: number;
  readonly parent?: SpanFields;
  readonly attributes?: Record<string, unknown>;
  readonly agent?: string;
}

/** Milliseconds since the start. */
function work({ type, from, to, parent, attributes, agent = "supervisor" }: Work): SpanFields {
  return spanFields({
    spanId: (++ids).toString(16).padStart(16, "0"),
    parentSpanId: parent?.spanId,
    startedAtMicros: START + from * MS,
    endedAtMicros: to === undefined ? undefined : START + to * MS,
    state: to === undefined ? "running" : "ended",
    attributes: {
      "ai.conversation.id": "c",
      "ai.agent.name": agent,
      ...(type === "" ? {} : { "ai.trace.type": type }),
      ...attributes,
    },
  });
}

const said = (role: string, text: string) => ({ role, content: [{ text }] });

function call(
  from: number,
  to: number | undefined,
  messages: readonly object[],
  more: Partial<Work> & { input?: number; read?: number; write?: number } = {},
): SpanFields {
  const { input = 1000, read, write, ...rest } = more;
  return work({
    ...{ type: "llm-invocation", from },
    ...(to === undefined ? {} : { to }),
    ...rest,
    attributes: {
      "ai.llm.request.model.id": "claude-sonnet-4-5",
      "ai.llm.request.messages": messages,
      "ai.llm.response.usage": {
        inputTokens: input - (read ?? 0) - (write ?? 0),
        outputTokens: 10,
        ...(read === undefined ? {} : { cacheReadInputTokens: read }),
        ...(write === undefined ? {} : { cacheWriteInputTokens: write }),
      },
      ...rest.attributes,
    },
  });
}

const sumOf = ({ shares }: ContextCall): number =>
  Object.values(shares).reduce((sum, tokens) => sum + tokens, 0);

const beforeOf = (calls: readonly ContextCall[], span: SpanFields): string | undefined =>
  calls.find(({ spanId }) => spanId === span.spanId)?.before?.spanId;

describe("what filled the window", () => {
  test("is the reported input to the token, in what eleven libraries recorded", () => {
    let checked = 0;
    for (const { spans } of recordings) {
      for (const one of contextOf(spans).calls) {
        if (one.usage?.input === undefined) continue;
        expect(sumOf(one)).toBe(one.usage.input);
        checked++;
      }
    }
    expect(checked).toBeGreaterThanOrEqual(11);
  });

  test("is the reported input to the token, in conversations of 1 to 30 calls in every shape", () => {
    const conversations = fc.tuple(
      fc.constantFrom(...(Object.keys(SHAPES) as (keyof typeof SHAPES)[])),
      fc.array(
        fc.record({ text: fc.string({ unit: "grapheme" }), grown: fc.integer({ min: 0, max: 5000 }) }),
        { minLength: 1, maxLength: 30 },
      ),
    );
    fc.assert(
      fc.property(conversations, ([shape, turns]) => {
        let input = 0;
        const messages: { role: "user" | "assistant"; text: string }[] = [];
        const spans = turns.map(({ text, grown }, i) => {
          messages.push({ role: i % 2 === 0 ? "user" : "assistant", text });
          input += grown;
          const attributes = SHAPES[shape]({
            model: "gpt-4o",
            tools: ["a", "b"],
            system: "Be brief.",
            messages: [...messages],
            usage: { input },
          });
          return work({ type: "", from: i * 100, to: i * 100 + 50, attributes });
        });
        for (const one of contextOf(spans).calls) expect(sumOf(one)).toBe(one.usage?.input);
      }),
      { numRuns: runs(400) },
    );
  });

  test("knows what is new exactly where the prompt goes on: what went in more than before", () => {
    const first = [said("user", "Hello there, and a long beginning of some words.")];
    const spans = [
      call(0, 10, first, { input: 1000 }),
      call(20, 30, [...first, said("assistant", "Hi."), said("user", "Weather?")], { input: 1400 }),
    ];
    const { calls } = contextOf(spans);
    expect(calls[1]?.shares).toMatchObject({ fresh: 400 });
    expect(calls[0]?.shares).toMatchObject({ fresh: 1000, history: 0 });
    // Of both messages that are new, the user's.
    expect(calls.map(({ askedTokens }) => askedTokens)).toEqual([1000, 223]);
  });

  test("is not recorded where the prompt is not, and all of it says so", () => {
    const { calls } = contextOf([
      call(0, 10, [], { input: 700, attributes: { "ai.llm.request.messages": null } }),
    ]);
    expect(calls[0]?.shares).toEqual({
      tools: 0,
      system: 0,
      history: 0,
      results: 0,
      fresh: 0,
      unrecorded: 700,
    });
  });

  test("counts an image as one, however many bytes it has", () => {
    const image = (size: number) => ({
      role: "user",
      content: [{ image: { format: "png", source: { bytes: "A".repeat(size) } } }],
    });
    const of = (size: number) =>
      contextOf([call(0, 10, [image(size), said("user", "word ".repeat(960))], { input: 2400 })], {
        open: ids.toString(16).padStart(16, "0"),
      });
    const tokensOf = (size: number): number | undefined => of(size).opened?.segments[0]?.tokens;
    expect(tokensOf(100)).toBe(tokensOf(1_000_000));
  });
});

describe("which calls belong together", () => {
  const hello = said("user", "Hello.");

  test("calls in parallel are each compared with the last that both share", () => {
    const first = call(0, 10, [hello]);
    const [left, right] = [
      call(20, 60, [hello, said("user", "Left.")]),
      call(21, 50, [hello, said("user", "Right.")]),
    ];
    const after = call(70, 80, [hello, said("user", "Left."), said("user", "Go on.")]);
    const { calls } = contextOf([first, left, right, after]);
    expect(beforeOf(calls, first)).toBeUndefined();
    expect(beforeOf(calls, left)).toBe(first.spanId);
    expect(beforeOf(calls, right)).toBe(first.spanId);
    // Both had ended; the one that it goes on from is the one before.
    expect(beforeOf(calls, after)).toBe(left.spanId);
  });

  test("a sub-agent's calls are apart, each run of it by itself unless it goes on with what it said", () => {
    const turn = work({ type: "converse", from: 0, to: 1000 });
    const own1 = call(1, 10, [hello], { parent: turn });
    const sub = (from: number): SpanFields =>
      work({ type: "converse", from, to: from + 50, parent: turn, agent: "events" });
    const [run1, run2, run3] = [sub(20), sub(100), sub(200)];
    const task = said("user", "Find events.");
    const sub1 = call(21, 30, [task], { parent: run1, agent: "events" });
    const sub2 = call(31, 40, [task, said("assistant", "None.")], { parent: run1, agent: "events" });
    const fresh = call(101, 110, [said("user", "Find trains.")], { parent: run2, agent: "events" });
    const goesOn = call(201, 210, [said("user", "Find trains."), said("user", "Again.")], {
      parent: run3,
      agent: "events",
    });
    const own2 = call(300, 310, [hello, said("user", "And?")], { parent: turn });
    const { calls } = contextOf([turn, own1, run1, sub1, sub2, run2, fresh, run3, goesOn, own2]);
    expect(calls.map(({ number }) => number)).toEqual([1, undefined, undefined, undefined, undefined, 2]);
    expect(beforeOf(calls, sub1)).toBeUndefined();
    expect(beforeOf(calls, sub2)).toBe(sub1.spanId);
    expect(beforeOf(calls, fresh)).toBeUndefined();
    expect(beforeOf(calls, goesOn)).toBe(fresh.spanId);
    expect(beforeOf(calls, own2)).toBe(own1.spanId);
  });

  test("a call that two libraries recorded is one, with the messages of one and the tokens of the other", () => {
    const outer = call(0, 20, [hello], { input: 900, attributes: { "ai.llm.response.usage": null } });
    const inner = {
      ...call(1, 19, [], { input: 900, parent: outer, attributes: { "ai.llm.request.messages": null } }),
      scope: { name: "client" },
    };
    const { calls } = contextOf([outer, inner]);
    expect(calls).toHaveLength(1);
    expect(calls[0]).toMatchObject({ usage: { input: 900 }, shares: { fresh: 900, unrecorded: 0 } });
  });

  test("a call that failed before the model had it is not what the next is compared with", () => {
    const first = call(0, 10, [hello]);
    const failed = {
      ...call(20, 21, [hello, said("user", "Now?")], { attributes: { "ai.llm.response.usage": null } }),
      spanStatus: "ERROR" as const,
    };
    const again = call(30, 40, [hello, said("user", "Now?")]);
    expect(beforeOf(contextOf([first, failed, again]).calls, again)).toBe(first.spanId);
  });

  test("the order in which spans come does not matter", () => {
    const spans = Array.from({ length: 12 }, (_, i) =>
      call(
        i * 10,
        i * 10 + 5,
        Array.from({ length: i + 1 }, (__, k) => said("user", `Message ${k}`)),
        { input: 100 * (i + 1) },
      ),
    );
    expect(contextOf([...spans].reverse())).toEqual(contextOf(spans));
  });
});

describe("what changed", () => {
  const prices: ContextOptions["prices"] = {
    pricesOf: () => ({ input: 3, output: 15, cachedRead: 0.3, cachedWrite: 3.75 }),
  };
  const result = (text: string) => ({
    role: "user",
    content: [{ toolResult: { toolUseId: "t1", content: [{ text }] } }],
  });
  const asked = {
    role: "assistant",
    content: [{ text: "Let me look." }, { toolUse: { toolUseId: "t1", name: "search_events", input: {} } }],
  };
  const history = (text: string) => [
    said("user", "Events?"),
    asked,
    result(text),
    said("assistant", "A concert."),
    said("user", "Book it."),
  ];

  test("is told with its price: what was read again, less what it would have cost from the cache", () => {
    const attributes = { "ai.llm.request.system": "Be a good agent. ".repeat(1500) };
    const before = call(0, 10, history("concert ".repeat(500)), {
      attributes,
      input: 9412,
      read: 400,
      write: 9012,
    });
    const after = call(
      20,
      30,
      [...history("shortened"), said("assistant", "Done."), said("user", "word ".repeat(2500))],
      { attributes, input: 15_440, read: 6580, write: 8860 },
    );
    const { calls } = contextOf([before, after], { prices });
    const { cache, wastedUsd, shares } = calls[1] ?? {};
    const wasted = 15_440 - 6580 - (shares?.fresh ?? 0);
    expect(cache).toMatchObject({
      state: "broken",
      cause: "messages",
      missedTokens: 2832,
      wastedTokens: Math.min(2832, wasted),
    });
    // They were written to the cache again, at 3.75; from the cache they would have cost 0.3.
    expect(wastedUsd).toBeCloseTo(((cache?.wastedTokens ?? 0) * (3.75 - 0.3)) / 1e6, 12);
    const [finding] = findingsOf(calls);
    expect(finding?.text).toMatch(
      /^call 2 read [\d,]+ tokens again, \$0\.0\d+: the result of search_events was shortened$/,
    );
  });

  test("a change without a loss has no price", () => {
    const before = call(0, 10, history("long ".repeat(50)), { input: 900 });
    const after = call(20, 30, [...history("short"), said("user", "More.")], { input: 950 });
    const { calls } = contextOf([before, after], { prices });
    expect(calls[1]).toMatchObject({ cache: { state: "changed", cause: "messages" }, wastedUsd: undefined });
    expect(findingsOf(calls)).toEqual([]);
  });

  test("Claude Code's compact_boundary is a summary, with the messages before and after", () => {
    const before = call(0, 10, history("x"), { input: 90_000, read: 80_000, write: 10_000 });
    const boundary = {
      type: "system",
      subtype: "compact_boundary",
      compact_metadata: { trigger: "auto", pre_tokens: 90_000 },
    };
    const after = call(20, 30, [boundary, said("user", "We spoke of a concert."), said("user", "Book it.")], {
      input: 5000,
      read: 2000,
      write: 3000,
    });
    const { calls } = contextOf([before, after]);
    expect(calls[1]?.change?.compaction).toMatchObject({
      how: "summary",
      messagesBefore: 5,
      messagesAfter: 3,
    });
    expect(findingsOf(calls).map(({ text }) => text)).toEqual([
      "the history was summarised before call 2: 5 to 3 messages, 90,000 to 5,000 tokens",
    ]);
  });

  test("a second try, which leaves out the end of the history, is none", () => {
    const before = call(0, 10, history("x"), { input: 9000, read: 0, write: 9000 });
    const after = call(20, 30, [...history("x").slice(0, 4), said("user", "Book another.")], {
      input: 9000,
      read: 8000,
      write: 1000,
    });
    expect(contextOf([before, after]).calls[1]?.change).toMatchObject({
      compaction: undefined,
      change: { place: "messages" },
    });
  });

  test("names the tools that came and went", () => {
    const tool = (name: string, description = "") => ({
      toolSpec: { name, description, inputSchema: { json: {} } },
    });
    const offered = (...tools: object[]) => ({ attributes: { "ai.llm.request.tool.config": { tools } } });
    const one = (tools: object[], from: number) =>
      call(from, from + 5, [said("user", "Hi.")], offered(...tools));
    const changeFrom = (before: object[], after: object[]) =>
      contextOf([one(before, 0), one(after, 10)]).calls[1]?.change?.change;
    const [a, b, c] = [tool("a"), tool("b"), tool("c")];
    expect(changeFrom([a, b], [a, b])).toBeUndefined();
    expect(changeFrom([a, b], [b, a])).toMatchObject({ how: "reordered", names: [] });
    expect(changeFrom([a, b], [a, b, c])).toMatchObject({ how: "added", names: ["c"] });
    expect(changeFrom([a, b, c], [c])).toMatchObject({ how: "removed", names: ["a", "b"] });
    expect(changeFrom([a, b], [a, tool("b", "Another.")])).toMatchObject({ how: "changed", names: ["b"] });
  });
});

describe("tools", () => {
  test("what a result cost in all later calls, and why the tool was called", () => {
    const asked = {
      role: "assistant",
      content: [
        { text: "I look for events." },
        { toolUse: { toolUseId: "t1", name: "search_events", input: {} } },
      ],
    };
    const result = {
      role: "user",
      content: [{ toolResult: { toolUseId: "t1", content: [{ text: "concert ".repeat(300) }] } }],
    };
    const first = call(0, 10, [said("user", "Events?")], {
      attributes: {
        "ai.llm.request.tool.config": {
          tools: ["search_events", "find_trains"].map((name) => ({
            toolSpec: { name, inputSchema: { json: {} } },
          })),
        },
        "ai.llm.response.output": { message: asked },
      },
    });
    const later = [1, 2, 3].map((i) =>
      call(
        i * 20,
        i * 20 + 10,
        [
          said("user", "Events?"),
          asked,
          result,
          ...Array.from({ length: i }, (_, k) => said("user", `More ${k}`)),
        ],
        { input: 1000 + 700 * i },
      ),
    );
    const { story, results } = contextOf([first, ...later], {
      tool: {
        ...{ callId: "t1", name: "search_events", arguments: undefined },
        ...{ agent: "supervisor", startedAtMicros: START + 11 * MS },
      },
    });
    expect(story?.offered).toEqual(["search_events", "find_trains"]);
    expect(story?.asked.spanId).toBe(first.spanId);
    expect(story?.words).toBe("I look for events.");
    expect(results).toHaveLength(1);
    expect(story?.result).toEqual(results[0]);
    expect(results[0]).toMatchObject({ name: "search_events", calls: 3, first: { number: 2 } });
    expect(results[0]?.allTokens).toBeGreaterThan(2 * (results[0]?.tokens ?? 0));
  });
});

describe("a history that grows", () => {
  test("costs what is new: a message that was read is not read again", () => {
    let looks = 0;
    const message = (i: number) => ({
      role: i % 2 === 0 ? "user" : "assistant",
      get content() {
        looks++;
        return [{ text: `Message ${i}` }];
      },
    });
    const messages = Array.from({ length: 200 }, (_, i) => message(i));
    const spans = Array.from({ length: 100 }, (_, i) =>
      call(i * 10, i * 10 + 5, messages.slice(0, 2 * (i + 1))),
    );
    contextOf(spans.slice(0, 1));
    const perCall = looks;
    looks = 0;
    const { calls } = contextOf(spans);
    expect(calls.at(-1)?.change?.same).toBe(198);
    // Facts look at the first words and the last message of each call, whatever its length: without sharing it would be 10,000 reads of each.
    expect(looks).toBeLessThan(100 * (perCall + 10));
  });

  /** Edits of a history: what is added, and what is changed or taken out before. */
  const histories = fc.array(
    fc.record({
      added: fc.array(fc.string(), { maxLength: 3 }),
      edit: fc.option(fc.nat(20)),
      cut: fc.option(fc.nat(5)),
      system: fc.boolean(),
    }),
    { minLength: 1, maxLength: 12 },
  );

  test("is seen the same whether its messages are the same objects, copies, or JSON text, of which only the rest is parsed", () => {
    fc.assert(
      fc.property(histories, (steps) => {
        let messages: object[] = [];
        const versions = steps.map(({ added, edit, cut, system }, i) => {
          messages = [
            ...messages.slice(cut ?? 0),
            ...added.map((content, k) => ({ role: k % 2 === 0 ? "user" : "assistant", content })),
          ];
          if (edit !== null && messages[edit] !== undefined)
            messages[edit] = { role: "user", content: `edited ${i}` };
          return system ? [{ role: "system", content: "Be brief." }, ...messages] : messages;
        });
        const seen = (form: (list: readonly object[]) => unknown) => {
          ids = 0;
          return contextOf(
            versions.map((list, i) =>
              work({
                ...{ type: "", from: i * 10, to: i * 10 + 5 },
                attributes: {
                  "ai.llm.request.model.id": "gpt-4o",
                  "gen_ai.input.messages": form(list),
                  "gen_ai.operation.name": "chat",
                },
              }),
            ),
          ).calls;
        };
        const shared = seen((list) => list);
        expect(seen((list) => structuredClone(list))).toEqual(shared);
        expect(seen((list) => JSON.stringify(list))).toEqual(shared);
      }),
      { numRuns: runs(300) },
    );
  });

  test("hostile spans never throw", () => {
    const value = fc.anything({ withNullPrototype: true, withBigInt: true, withDate: true });
    fc.assert(
      fc.property(
        fc.array(fc.record({ messages: value, system: value, tools: value, usage: value, output: value }), {
          maxLength: 6,
        }),
        (list) => {
          const spans = list.map(({ messages, system, tools, usage, output }, i) =>
            work({
              ...{ type: "llm-invocation", from: i * 10, to: i * 10 + 5 },
              attributes: {
                "ai.llm.request.messages": messages,
                "ai.llm.request.system": system,
                "ai.llm.request.tool.config": tools,
                "ai.llm.response.usage": usage,
                "ai.llm.response.output": output,
              },
            }),
          );
          const { calls } = contextOf(spans);
          findingsOf(calls);
          expect(calls).toHaveLength(spans.filter((span) => readSpan(span).kind === "model-call").length);
        },
      ),
      { numRuns: runs(500) },
    );
  });
});
