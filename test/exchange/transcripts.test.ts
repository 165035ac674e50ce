// Transcripts of Claude Code and Codex, as the command reads them: turns, calls, tools, sub-agents, tokens and cost, whatever is damaged.
import { appendFileSync, cpSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import type { Span } from "tracelight";
import { readSpan } from "tracelight/conventions";
import { describe, expect, test } from "vitest";
import { openStore } from "../../src/cli/store.ts";
import { Transcripts } from "../../src/exchange/transcripts/transcripts.ts";
import { encodeRecord } from "../../src/model/record.ts";
import type { SpanFields } from "../../src/model/span-fields.ts";
import type { StoreReader } from "../../src/tracing/readable.ts";
import { folder, jsonOf, tracelight, useFolder } from "../cli/command.ts";

useFolder();

const FIXTURES = fileURLToPath(new URL("../fixtures/transcripts/", import.meta.url));
const CLAUDE = join(FIXTURES, "claude-code");
const PROJECT = join(CLAUDE, "-work-shop");
const SESSION = "11111111-1111-4111-8111-111111111111";
const RESUMED = "22222222-2222-4222-8222-222222222222";
const CODEX = join(FIXTURES, "codex");
const THREAD = "019a0000-0000-7000-8000-000000000001";

async function opened(path: string): Promise<StoreReader> {
  const { signal } = new AbortController();
  const { stdin, stdout, stderr } = process;
  return openStore(path, { argv: [], env: {}, cwd: folder, stdin, stdout, stderr, signal });
}

async function spansOf(path: string): Promise<readonly Span[]> {
  return (await opened(path)).find();
}

function named(spans: readonly Span[], conversation: string): string[] {
  return spans
    .filter(({ attributes }) => attributes["ai.conversation.id"] === conversation)
    .map((span) => `${readSpan(span).kind} ${span.spanName} ${span.state}`);
}

function usageOf(spans: readonly Span[]): unknown[] {
  return spans.flatMap((span) => (readSpan(span).kind === "model-call" ? [readSpan(span).usage] : []));
}

/** One line each, of a session in a file of its own. */
function written(name: string, lines: readonly (object | string)[]): string {
  const path = join(folder, name);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(
    path,
    lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line))).join("\n"),
  );
  return path;
}

function line(type: string, second: number, message: object | undefined, more: object = {}): object {
  const timestamp = new Date(Date.UTC(2026, 10, 20, 9, 0, second)).toISOString();
  const uuid = `${type}-${second}`;
  return {
    parentUuid: null,
    isSidechain: false,
    sessionId: "s",
    version: "2.1.0",
    type,
    message,
    uuid,
    timestamp,
    ...more,
  };
}

function asked(second: number, text: string, more: object = {}): object {
  return line(
    "user",
    second,
    { role: "user", content: text },
    { parentUuid: `assistant-${second - 1}`, ...more },
  );
}

function answered(second: number, content: readonly object[], more: object = {}): object {
  const usage = { input_tokens: 10, output_tokens: 5 };
  return line("assistant", second, {
    id: `m${second}`,
    model: "claude-opus-4-5",
    role: "assistant",
    content,
    usage,
    ...more,
  });
}

const HI = [{ type: "text", text: "Hi." }];

describe("Claude Code", () => {
  test("a session has its turns, calls and tools, each once, in the order in which they were", async () => {
    const spans = await spansOf(PROJECT);
    expect(named(spans, SESSION)).toEqual([
      "turn turn ended",
      "model-call chat ended",
      "tool-call Read ended",
      "tool-call Bash ended",
      "model-call chat ended",
      "turn turn ended",
      "model-call chat ended",
      "tool-call Agent ended",
      "turn Explore ended",
      "model-call chat ended",
      "tool-call Grep ended",
      "model-call chat ended",
      "model-call chat ended",
      "turn turn ended",
      "model-call chat ended",
      "tool-call Edit ended",
      "turn turn ended",
    ]);
  });

  test("a message over several lines is one call, whose tokens count once: those of the line with the most", async () => {
    const spans = await spansOf(join(PROJECT, `${SESSION}.jsonl`));
    expect(usageOf(spans).slice(0, 2)).toEqual([
      { input: 1210, output: 60, cachedRead: 1000, cachedWrite: 200 },
      { input: 1355, output: 20, cachedRead: 1300, cachedWrite: 50 },
    ]);
    const [call] = spans.filter((span) => readSpan(span).kind === "model-call");
    expect(call && readSpan(call).outputMessages[0]?.parts.map(({ type }) => type)).toEqual([
      "reasoning",
      "tool-call",
      "tool-call",
    ]);
  });

  test("tools have their own results and times, though they ran side by side, and failures are told", async () => {
    const spans = await spansOf(join(PROJECT, `${SESSION}.jsonl`));
    const [read, bash] = spans.filter((span) => readSpan(span).kind === "tool-call");
    expect(read).toMatchObject({ spanName: "Read", spanStatus: "UNSET" });
    expect(read && readSpan(read).output).toBe("export const total = (a, b) => a - b;");
    expect(bash).toMatchObject({ spanName: "Bash", spanStatus: "ERROR", statusMessage: "1 failed" });
    expect(read?.parentSpanId).toBe(bash?.parentSpanId);
  });

  test("a call has the messages before it: after a compaction the summary in their place", async () => {
    const calls = (await spansOf(PROJECT)).filter(
      (span) => span.attributes["ai.conversation.id"] === SESSION && readSpan(span).kind === "model-call",
    );
    const roles = calls.map((span) =>
      readSpan(span)
        .inputMessages.map(({ role }) => role)
        .join(" "),
    );
    expect(roles).toEqual([
      "user",
      "user assistant tool tool",
      "user assistant tool tool assistant user",
      "user",
      "user assistant tool",
      "user assistant tool tool assistant user assistant tool",
      "user user",
    ]);
    const [summary] = readSpan(calls[6] ?? expect.fail()).inputMessages;
    expect(summary?.parts).toMatchObject(
      [{ type: "compaction", text: /cart\.ts/ }].map(() => ({ type: "compaction" })),
    );
  });

  test("compactions and retries are events of their turn", async () => {
    const events = (await spansOf(PROJECT)).flatMap(({ events: some }) =>
      some.map(({ name, attributes }) => ({ name, ...attributes })),
    );
    expect(events).toEqual([
      { name: "retry", attempt: 1, status: 529, error: "Overloaded" },
      { name: "compaction", trigger: "manual", preTokens: 1520, postTokens: 300 },
    ]);
  });

  test("a sub-agent lies below the call that started it, from a file of its own or among the session's lines", async () => {
    const spans = await spansOf(join(PROJECT, `${SESSION}.jsonl`));
    const agent = spans.find(({ spanName }) => spanName === "Explore");
    const task = spans.find(({ spanName }) => spanName === "Agent");
    expect([agent?.parentSpanId, agent?.traceId]).toEqual([task?.spanId, task?.traceId]);
    expect(agent?.attributes).toMatchObject({ "ai.subcontext.id": "a1b2c3", "ai.agent.name": "Explore" });
    const prompt = "Look there.";
    const inline = await spansOf(
      written("inline.jsonl", [
        asked(0, "Look."),
        answered(1, [{ type: "tool_use", id: "t1", name: "Task", input: { prompt, subagent_type: "Plan" } }]),
        line("user", 2, { role: "user", content: prompt }, { isSidechain: true }),
        { ...answered(3, HI), isSidechain: true, parentUuid: "user-2" },
        line("user", 4, {
          role: "user",
          content: [{ type: "tool_result", tool_use_id: "t1", content: "Hi." }],
        }),
      ]),
    );
    const below = inline.find(({ spanName }) => spanName === "Plan");
    expect(below?.parentSpanId).toBe(inline.find(({ spanName }) => spanName === "Task")?.spanId);
    expect(inline.filter(({ parentSpanId }) => parentSpanId === below?.spanId)).toHaveLength(1);
  });

  test("what a resumed session repeats is counted where it was said first", async () => {
    const spans = await spansOf(CLAUDE);
    expect(named(spans, RESUMED)).toEqual(["turn turn ended", "model-call chat ended"]);
    expect(named(spans, SESSION)).toHaveLength(17);
    const failed = spans.find(({ statusMessage }) => statusMessage === "API Error: 401 invalid key");
    expect(failed && [readSpan(failed).model, readSpan(failed).usage]).toEqual([undefined, undefined]);
    // By itself it is whole.
    expect(named(await spansOf(join(PROJECT, `${RESUMED}.jsonl`)), RESUMED)).toHaveLength(7);
  });

  test("tokens and cost are those of the file; a turn that the user called off says so", async () => {
    const prices = written("prices.json", [
      JSON.stringify({
        "claude-sonnet-4-5-20250929": { input: 3, output: 15, cachedRead: 0.3, cachedWrite: 3.75 },
        "claude-haiku-4-5-20251001": { input: 1, output: 5, cachedRead: 0.1, cachedWrite: 1.25 },
      }),
    ]);
    const [row] = jsonOf(
      await tracelight(["ls", "--json", "--prices", prices, join(PROJECT, `${SESSION}.jsonl`)]),
    );
    const input = { sonnet: 10 + 5 + 4 + 6 + 300, haiku: 3 + 3 };
    const read = { sonnet: 1000 + 1300 + 1400 + 1500, haiku: 700 };
    const wrote = { sonnet: 200 + 50 + 900, haiku: 700 + 50 };
    const output = { sonnet: 60 + 20 + 40 + 12 + 30, haiku: 15 + 9 };
    const sonnet = input.sonnet * 3 + output.sonnet * 15 + read.sonnet * 0.3 + wrote.sonnet * 3.75;
    const haiku = input.haiku + output.haiku * 5 + read.haiku * 0.1 + wrote.haiku * 1.25;
    expect(row).toMatchObject({
      input_tokens: input.sonnet + input.haiku + read.sonnet + read.haiku + wrote.sonnet + wrote.haiku,
      output_tokens: output.sonnet + output.haiku,
      aborted: 1,
      errors: 2,
    });
    expect(row?.["cost_usd"]).toBeCloseTo((sonnet + haiku) / 1e6, 9);
  });

  test("where the user goes back, what was said after is no part of the prompt", async () => {
    const spans = await spansOf(
      written("rewound.jsonl", [
        asked(0, "One"),
        answered(1, HI),
        asked(2, "Two"),
        answered(3, HI),
        asked(4, "Instead", { parentUuid: "assistant-1" }),
        answered(5, HI),
      ]),
    );
    const last = spans.findLast((span) => readSpan(span).kind === "model-call");
    expect(last && readSpan(last).inputMessages.map(({ parts }) => parts[0])).toMatchObject([
      { text: "One" },
      { text: "Hi." },
      { text: "Instead" },
    ]);
  });

  test("what never ended runs while the file is written to, and is interrupted once nobody has written for long", async () => {
    const path = written("begun.jsonl", [
      asked(0, "Go."),
      answered(1, [{ type: "tool_use", id: "t", name: "Bash", input: { command: "sleep 100" } }]),
    ]);
    expect((await spansOf(path)).map(({ state }) => state)).toEqual(["running", "ended", "running"]);
    utimesSync(path, new Date("2026-01-01"), new Date("2026-01-01"));
    expect((await spansOf(path)).map(({ state }) => state)).toEqual(["interrupted", "ended", "interrupted"]);
  });

  test("damaged lines are left out and told, by file and number; the others are read", async () => {
    cpSync(PROJECT, join(folder, "damaged"), { recursive: true });
    const path = join(folder, "damaged", `${SESSION}.jsonl`);
    const lines = readFileSync(path, "utf8").trimEnd().split("\n");
    lines.splice(3, 0, '{"parentUuid":null,"sessionId":"', JSON.stringify({ ...line("user", 1, undefined) }));
    writeFileSync(path, lines.join("\n"));
    const { code, stderr } = await tracelight(["ls", "damaged"]);
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /damaged\/1{8}-.*\.jsonl: 2 of \d+ lines could not be read and were left out \(lines 4, 5\)/,
    );
    expect(named(await spansOf(join(folder, "damaged")), SESSION)).toHaveLength(17);
  });

  test("a folder, a session and standard input are stores of every command", async () => {
    const text = readFileSync(join(PROJECT, `${SESSION}.jsonl`), "utf8");
    expect((await tracelight(["show", SESSION.slice(0, 8), PROJECT])).stdout).toContain(
      "Why is the total wrong?",
    );
    expect((await tracelight(["ls", "-"], { input: text })).stdout).toContain("Why is the total wrong?");
    expect((await tracelight(["context", SESSION, PROJECT])).code).toBe(0);
    expect((await tracelight(["stats", PROJECT])).stdout).toContain("claude-haiku-4-5-20251001");
    expect((await tracelight(["search", "cart.ts", PROJECT])).stdout).toContain("cart.ts");
    const first = await tracelight(["import", CLAUDE, "imported.db"]);
    expect(first.stderr + first.stdout).toContain("19 spans imported");
    const second = await tracelight(["import", CLAUDE, "imported.db"]);
    expect(second.stderr + second.stdout).toContain("19 were there already");
  });

  test("a folder without lines says so", async () => {
    mkdirSync(join(folder, "nothing"));
    const { code, stderr } = await tracelight(["ls", "nothing"]);
    expect([code, stderr]).toEqual([3, expect.stringContaining("none below it ends in .jsonl")]);
  });
});

describe("Codex", () => {
  test("a session has its turns, calls, tools and sub-agents", async () => {
    expect(named(await spansOf(CODEX), THREAD)).toEqual([
      "turn turn ended",
      "model-call chat ended",
      "tool-call exec_command ended",
      "tool-call apply_patch ended",
      "model-call chat ended",
      "turn turn ended",
      "model-call chat ended",
      "tool-call spawn_agent ended",
      "model-call chat ended",
      "turn explorer ended",
      "model-call chat ended",
      "tool-call web_search ended",
    ]);
  });

  test("tokens count once, though they are told again with each limit", async () => {
    const usages = usageOf(
      (await spansOf(CODEX)).filter(({ attributes }) => !("ai.subcontext.id" in attributes)),
    );
    expect(usages).toEqual([
      { input: 1000, output: 50, cachedRead: 200, reasoning: 20 },
      { input: 1200, output: 20, cachedRead: 900, reasoning: 5 },
      { input: 1300, output: 20, cachedRead: 1200, reasoning: 0 },
      { input: 400, output: 10, cachedRead: 0, reasoning: 0 },
    ]);
  });

  test("a call has the model, the instructions, and the items before it; results belong to their calls", async () => {
    const spans = await spansOf(CODEX);
    const calls = spans.filter((span) => readSpan(span).kind === "model-call").map((span) => readSpan(span));
    expect(calls[0]).toMatchObject({ model: "gpt-5-codex", systemPrompt: "You are a coding agent." });
    expect(calls[0]?.outputMessages[0]?.parts).toMatchObject([
      { type: "reasoning", text: "Run it." },
      { type: "tool-call", id: "call_1", name: "exec_command", arguments: { cmd: "npm test" } },
      { type: "tool-call", id: "call_2", name: "apply_patch" },
    ]);
    expect(calls[1]?.inputMessages.slice(-2)).toMatchObject([
      { role: "tool", parts: [{ id: "call_1" }] },
      { role: "tool", parts: [{ id: "call_2" }] },
    ]);
    const [shell, patch] = spans.filter((span) => readSpan(span).kind === "tool-call");
    expect(shell).toMatchObject({ spanStatus: "ERROR", statusMessage: "exit code 1" });
    expect(patch && [patch.spanStatus, readSpan(patch).output]).toEqual(["UNSET", "Success"]);
  });

  test("a sub-agent lies below the call that started it, in the conversation of its parent", async () => {
    const spans = await spansOf(CODEX);
    const agent = spans.find(({ spanName }) => spanName === "explorer");
    expect(agent?.parentSpanId).toBe(spans.find(({ spanName }) => spanName === "spawn_agent")?.spanId);
    expect(agent && readSpan(agent)).toMatchObject({ input: "Read total.ts", output: "It subtracts." });
  });

  test("a turn that was called off says so, and a compaction is its event", async () => {
    const [, second] = (await spansOf(CODEX)).filter(({ spanName }) => spanName === "turn");
    expect(second?.attributes).toMatchObject({ "ai.conversation.aborted": true, "codex.effort": "high" });
    expect(second?.events).toMatchObject([{ name: "compaction", attributes: { preTokens: 1300 } }]);
  });
});

describe("a file that is written to", () => {
  const looks: readonly (readonly [string, string])[] = [
    ["a file", "live.jsonl"],
    ["a folder", "live"],
  ];

  test.each(looks)("%s tells what is new: what began, what ended, nothing twice", async (_, name) => {
    const path = written(name === "live" ? "live/one.jsonl" : name, [asked(0, "Go."), answered(1, HI), ""]);
    const store = await opened(join(folder, name));
    const first = await store.changes();
    expect(first.spans).toEqual([]);
    const tool = { type: "tool_use", id: "t", name: "Bash", input: {} };
    const half = JSON.stringify(answered(3, [tool]));
    appendFileSync(path, `${JSON.stringify(asked(2, "More."))}\n${half.slice(0, 40)}`);
    const second = await store.changes(first.cursor);
    expect(second.spans.map(({ spanName, state }) => `${spanName} ${state}`)).toEqual([
      "chat ended",
      "turn ended",
      "turn running",
    ]);
    appendFileSync(path, `${half.slice(40)}\n`);
    const third = await store.changes(second.cursor);
    expect(third.spans.map(({ spanName, state }) => `${spanName} ${state}`)).toEqual([
      "chat ended",
      "Bash running",
      "turn running",
    ]);
    expect((await store.changes(third.cursor)).spans).toEqual([]);
    const { rows } = await store.summaries({ by: "conversation" });
    expect(rows).toMatchObject([{ spans: 5, state: "running" }]);
    appendFileSync(
      path,
      `${JSON.stringify(line("user", 4, { role: "user", content: [{ type: "tool_result", tool_use_id: "t", content: "x" }] }))}\n${JSON.stringify(answered(5, HI))}\n`,
    );
    const fourth = await store.changes(third.cursor);
    expect(fourth.spans.map(({ spanName, state }) => `${spanName} ${state}`).sort()).toEqual([
      "Bash ended",
      "chat ended",
      "chat ended",
      "turn ended",
    ]);
    expect((await store.summaries({ by: "conversation" })).rows).toMatchObject([
      { spans: 6, state: "ended" },
    ]);
  });

  test("one that was replaced asks for a new look", async () => {
    const path = written("replaced.jsonl", [asked(0, "Go."), answered(1, HI), ""]);
    const store = await opened(path);
    const { cursor } = await store.changes();
    writeFileSync(path, "");
    await expect(store.changes(cursor)).rejects.toMatchObject({ code: "INVALID_QUERY" });
    expect((await store.changes()).spans).toEqual([]);
  });
});

describe("hostile lines", () => {
  const lines = [
    ...readFileSync(join(PROJECT, `${SESSION}.jsonl`), "utf8")
      .trimEnd()
      .split("\n"),
    ...readFileSync(join(PROJECT, SESSION, "subagents", "agent-a1b2c3.jsonl"), "utf8")
      .trimEnd()
      .split("\n"),
    ...readFileSync(join(CODEX, "2026/11/20", `rollout-2026-11-20T11-00-00-${THREAD}.jsonl`), "utf8")
      .trimEnd()
      .split("\n"),
  ].map((text): object => JSON.parse(text));

  /** One value somewhere in a line becomes another. */
  function mutated(value: unknown, path: readonly number[], to: unknown): unknown {
    const [at, ...rest] = path;
    if (at === undefined || typeof value !== "object" || value === null) return to;
    const keys = Object.keys(value);
    const key = keys[at % Math.max(1, keys.length)] ?? "x";
    const inner = mutated(Reflect.get(value, key), rest, to);
    return Array.isArray(value)
      ? value.map((one, i) => (String(i) === key ? inner : one))
      : { ...value, [key]: inner };
  }

  const anyLine = fc
    .record({
      line: fc.constantFrom(...lines),
      path: fc.array(fc.nat(30), { maxLength: 5 }),
      to: fc.oneof(fc.jsonValue(), fc.constant("\u001b[2J\u0000\ud800"), fc.constant("__proto__")),
      isMutated: fc.boolean(),
    })
    .map(({ line: one, path, to, isMutated }) => (isMutated ? mutated(one, path, to) : one));

  test("whatever they hold, each span is one, and is given once", () => {
    fc.assert(
      fc.property(fc.array(anyLine, { maxLength: 60 }), (some) => {
        const transcripts = new Transcripts();
        const spans: SpanFields[] = [];
        for (const one of some) {
          if (typeof one !== "object" || one === null) continue;
          try {
            spans.push(...transcripts.take(one, 100, "file"));
          } catch (error) {
            expect(error).toMatchObject({ code: "INVALID_RECORD" });
          }
        }
        spans.push(...transcripts.end(false));
        expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(spans.length);
        for (const span of spans) {
          expect(span.traceId + span.spanId).toMatch(/^[0-9a-f]{48}$/);
          expect(span.endedAtMicros ?? span.startedAtMicros).toBeGreaterThanOrEqual(span.startedAtMicros);
          encodeRecord(span);
          readSpan(span).inputMessages;
        }
      }),
    );
  });

  test("deep nesting is a broken line; control characters do not reach the terminal", async () => {
    const deep = `${'{"a":'.repeat(5000)}1${"}".repeat(5000)}`;
    const path = written("deep.jsonl", [
      asked(0, "\u001b[2Jforged\nline"),
      JSON.stringify(
        answered(1, [{ type: "tool_use", id: "t", name: "\u001b[31mBash", input: "DEEP" }]),
      ).replace('"DEEP"', deep),
      answered(2, [{ type: "tool_use", id: "u", name: "\u001b[31mBash", input: {} }]),
    ]);
    const { stdout, stderr, code } = await tracelight(["show", "s", path]);
    expect(code).toBe(0);
    expect(stderr).toContain("1 of 3 lines could not be read");
    expect(stdout + stderr).not.toContain("\u001b[2J");
    expect(stdout + stderr).not.toContain("\u001b[31mB");
  });

  test("any number of sessions, agents and tools that never end takes a bounded memory", () => {
    const transcripts = new Transcripts();
    let given = 0;
    const tool = { type: "tool_use", id: "", name: "Bash", input: {} };
    for (let i = 0; i < 3000; i++) {
      given += transcripts.take(
        { ...asked(i % 60, "Go."), sessionId: `s${i}`, uuid: `u${i}` },
        100,
        "file",
      ).length;
      const many = answered(i % 60, [{ ...tool, id: `t${i}` }], { id: `m${i}` });
      given += transcripts.take({ ...many, sessionId: "one" }, 100, "file").length;
    }
    const left = transcripts.end(false).length;
    expect(left).toBeLessThan(2000);
    // Each session has a turn, and one has 3000 calls and tools: in order, so that each is known to be over.
    expect(given + left).toBe(3000 + 1 + 6000);
  });
});
