// ls, show, search and stats: the same in a file of records, a log, standard input and an SQLite file.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { folder, jsonOf, type Outcome, tracelight, useFolder } from "./command.ts";
import { logLines, recordLines, SPANS, TRACES } from "./spans.ts";

useFolder();

const RECORDS = recordLines(SPANS);
const WIDE = { COLUMNS: "160" };

beforeAll(async () => {
  writeFileSync(join(folder, "records.jsonl"), RECORDS);
  writeFileSync(join(folder, "app.log"), `a line of another kind\n{"level":"INFO"}\n${logLines(SPANS)}`);
  expect((await tracelight(["import", "records.jsonl", "spans.db"])).code).toBe(0);
});

describe.each([
  ["a file of records", "records.jsonl"],
  ["an SQLite file", "spans.db"],
])("%s", (_name, store) => {
  const run = (args: readonly string[], env: Readonly<Record<string, string>> = WIDE): Promise<Outcome> =>
    tracelight([...args, store], { env });

  test.concurrent("ls lists conversations, newest first, with what matters of each", async () => {
    const { code, stdout } = await run(["ls"]);
    expect(code).toBe(0);
    const [head = "", first, second, third, ...rest] = stdout.trimEnd().split("\n");
    expect(head.split(/ +/)).toEqual([
      "when",
      "id",
      "agent",
      "user",
      "first",
      "words",
      "time",
      "spans",
      "tools",
      "tokens",
      "err",
    ]);
    expect(first).toMatch(/1 Mar 2025 +killed-1 +WeatherAgent +alice +Hello\? .*(interrupted|running)$/);
    expect(second).toMatch(/42 +WeatherAgent +alice +Are you there\? .*(running|interrupted)$/);
    expect(third).toMatch(
      /weather-1 +WeatherAgent +alice +What is the weather in Amsterdam\? +6\.00 s +5 +get_weather, book_hotel +300→40 +1$/,
    );
    expect(rest).toEqual([]);
  });

  test.concurrent("ls --by trace lists traces, those without a conversation too; --json has every figure", async () => {
    const rows = jsonOf(await run(["ls", "--by", "trace", "--json"]));
    expect(rows.map(({ id }) => id)).toEqual(Object.values(TRACES).reverse());
    expect(rows[4]).toEqual({
      by: "trace",
      id: TRACES.weather,
      title: "What is the weather in Amsterdam?",
      name: "converse",
      agent: "WeatherAgent",
      user: "alice",
      started_at: "2025-03-01T10:00:00.000000Z",
      ended_at: "2025-03-01T10:00:04.000000Z",
      latest_at: "2025-03-01T10:00:00.000000Z",
      duration_ms: 4000,
      traces: 1,
      spans: 3,
      model_calls: 1,
      tool_calls: 1,
      errors: 0,
      aborted: 0,
      tools: ["get_weather"],
      models: ["claude-sonnet"],
      input_tokens: 300,
      output_tokens: 40,
      cached_read_tokens: 0,
      cached_write_tokens: 0,
      reasoning_tokens: 0,
      time_to_first_token_ms: null,
      finish_reasons: [],
      cost_usd: null,
      unpriced_calls: 1,
      state: "ended",
    });
  });

  test.concurrent("ls filters by time, by errors and by --where, and goes on by cursor", async () => {
    const ids = async (...args: string[]): Promise<unknown[]> =>
      jsonOf(await run(["ls", "--json", ...args])).map(({ id }) => id);
    expect(await ids("--since", "2025-03-01T10:30", "--until", "2025-03-01T11:30")).toEqual([42]);
    expect(await ids("--errors")).toEqual(["weather-1"]);
    expect(await ids("--errors", "--where", 'ai.tool.name = "get_weather"')).toEqual([]);
    expect(await ids("--where", 'ai.tool.name = "get_weather" and duration < 1s')).toEqual(["weather-1"]);
    // Of these a database cannot say by itself which spans they hold for.
    expect(await ids("--where", "state = running")).toEqual([42]);
    expect(await ids("--where", 'ai.user.input contains "wöather"')).toEqual([]);
    const { stderr } = await run(["ls", "--limit", "2"]);
    const [, cursor = ""] = /--cursor (\S+)/.exec(stderr) ?? [];
    expect(await ids("--limit", "2", "--cursor", cursor)).toEqual(["weather-1"]);
    // A cursor that is none, or of another listing, is no first page.
    for (const args of [
      ["--cursor", "garbage"],
      ["--by", "trace", "--cursor", cursor],
      ["--errors", "--cursor", cursor],
    ]) {
      const refused = await run(["ls", ...args]);
      expect([refused.code, refused.stdout]).toEqual([2, ""]);
      expect(refused.stderr).toContain('The query\'s "cursor"');
    }
  });

  test.concurrent("show ID of a trace is a tree with timings, found by the beginning of its id", async () => {
    const { code, stdout } = await run(["show", "a1"], { COLUMNS: "100" });
    expect(code).toBe(0);
    expect(stdout).toBe(
      [
        `Trace ${TRACES.weather}`,
        "WeatherAgent · alice · 2025-03-01 10:00:00Z · 4.00 s · 3 spans · 300→40 tokens · no price",
        "",
        "span               timeline          time",
        "converse           ██████████████  4.00 s  What is the weather in Amsterdam?",
        "├─ llm-invocation   █████▌         1.50 s  claude-sonnet 300→40",
        '└─ weather_tool           ▉        250 ms  get_weather {"city": "Amsterdam"}',
        "",
      ].join("\n"),
    );
  });

  test.concurrent("show ID of a conversation is what was said and done, turn by turn", async () => {
    const { code, stdout } = await run(["show", "weather"], { COLUMNS: "80" });
    expect(code).toBe(0);
    expect(stdout).toBe(
      [
        "Conversation weather-1",
        "WeatherAgent · alice · 2025-03-01 10:00:00Z · 6.00 s · 5 spans · 1 error",
        "",
        `── 1 · 2025-03-01 10:00:00Z · 4.00 s · 300→40 · no price · trace a1000000 ${"─".repeat(6)}`,
        "user       What is the weather in Amsterdam?",
        "assistant  Let me look.",
        "tool       get_weather  250 ms",
        '           ← {"city": "Amsterdam"}',
        '           → {"temperature": 20}',
        "assistant  It is 20 degrees and sunny.",
        "",
        `── 2 · 2025-03-01 10:01:00Z · 2.00 s · trace b2000000 ${"─".repeat(26)}`,
        "user       Then book a hotel.",
        "tool       book_hotel  500 ms",
        "           ✗ No rooms are left",
        "assistant  There is no room.",
        "",
      ].join("\n"),
    );
  });

  test.concurrent("show --full has every attribute, and --json the records", async () => {
    const full = await run(["show", "a1", "--full"]);
    expect(full.stdout).toMatch(/ai\.tool\.output +\{"temperature": 20\}/);
    expect(full.stdout).toMatch(/resource\.service\.name +WeatherAgent/);
    const records = jsonOf(await run(["show", "a1", "--json"]));
    expect(records.map(({ span_name }) => span_name)).toEqual(["converse", "llm-invocation", "weather_tool"]);
  });

  test.concurrent("show says what is ambiguous (2) and what is unknown (1), with the nearest", async () => {
    const number = await run(["show", "42"]);
    expect(number).toMatchObject({ code: 0, stderr: "" });
    expect(number.stdout).toContain("Conversation 42\n");
    expect(await run(["show", "weather-9"])).toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringMatching(/begins with "weather-9"\.\nThe nearest is the conversation weather-1\./),
    });
  });

  test.concurrent("search shows hits in their context; all the words must be there", async () => {
    const { code, stdout } = await run(["search", "no rooms"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^b2000000 {2}book_hotel .*\n +error +No rooms are left\n$/);
    expect((await run(["search", "amsterdam rooms"])).code).toBe(1);
    const found = jsonOf(await run(["search", "AMSTERDAM", "--where", 'span_name = "converse"', "--json"]));
    expect(found).toEqual([
      {
        trace_id: TRACES.weather,
        span_id: SPANS[2]?.spanId,
        span_name: "converse",
        started_at: "2025-03-01T10:00:00.000000Z",
        conversation_id: "weather-1",
        snippets: [{ label: "input", text: "What is the weather in Amsterdam?", hits: ["Amsterdam"] }],
      },
    ]);
  });

  test.concurrent("stats counts calls, times, errors and tokens by model, tool and day", async () => {
    const { code, stdout } = await run(["stats"], { COLUMNS: "80" });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^8 spans in 5 traces · 1 error · 300→40 tokens/);
    expect(stdout).toMatch(/claude-sonnet +1 +█{12} +1\.50 s +1\.50 s +300 +40/);
    expect(stdout).toMatch(/book_hotel +1 +█{12} +500 ms +500 ms +1/);
    const rows = jsonOf(await run(["stats", "--json"]));
    expect(rows.map(({ by, name }) => [by, name])).toEqual([
      ["total", undefined],
      ["model", "claude-sonnet"],
      ["tool", "book_hotel"],
      ["tool", "get_weather"],
      ["day", "2025-03-01"],
      ["waste", undefined],
    ]);
    expect(rows[4]).toEqual({
      ...{ by: "day", name: "2025-03-01", calls: 5, kept: null, errors: 1 },
      top_error: { words: "No rooms are left", count: 1 },
      ...{ p50_ms: 2000, p95_ms: 4000, input_tokens: 300, output_tokens: 40 },
      ...{ cached_read_tokens: 0, cached_write_tokens: 0, reasoning_tokens: 0 },
      ...{ cost_usd: null, unpriced_calls: 1 },
    });
  });
});

describe.each([
  ["a log with lines of other kinds", "app.log", ""],
  ["standard input", "-", RECORDS],
])("%s", (_name, store, input) => {
  test.concurrent("is read as a file of records is", async () => {
    const env = WIDE;
    for (const args of [["show", "weather"], ["stats"]]) {
      const [here, there] = await Promise.all([
        tracelight([...args, store], { env, input }),
        tracelight([...args, "records.jsonl"], { env }),
      ]);
      expect(here.stdout).toBe(there.stdout);
    }
    expect((await tracelight(["ls", store], { env, input })).stdout).toContain("weather-1");
  });
});

test("a store without conversations is listed by trace", async () => {
  const job = recordLines(SPANS.slice(-1));
  const { code, stdout } = await tracelight(["ls", "-"], { input: job });
  expect(code).toBe(0);
  expect(stdout).toContain("e5000000");
});

describe.each([
  ["a file of records", "ids.jsonl"],
  ["an SQLite file", "ids.db"],
])("%s", (_name, store) => {
  beforeAll(async () => {
    const turns = SPANS.filter(({ spanName }) => spanName === "converse");
    const named = turns.map((span, i) => ({
      ...span,
      attributes: { ...span.attributes, "ai.conversation.id": ["7", "77", 7, "78"][i] },
    }));
    writeFileSync(join(folder, "ids.jsonl"), recordLines(named));
    if (store.endsWith(".db")) await tracelight(["import", "ids.jsonl", store]);
  });

  test("an id that is exact wins over those that only begin so", async () => {
    expect((await tracelight(["show", "77", store])).stdout).toContain("Conversation 77\n");
    const more = await tracelight(["show", "b", store]);
    expect(more.stdout).toContain(`Trace ${TRACES.hotel}`);
  });

  test("a number and a text that read the same are told apart: in ls, in show, and by what show takes", async () => {
    const { stdout } = await tracelight(["ls", store]);
    const shown = stdout.split("\n").map((line) => line.slice(11).trim().split(" ")[0]);
    expect(shown.slice(1).sort()).toEqual(["", '"7"', "7", "77", "78"].sort());
    const number = await tracelight(["show", "7", store]);
    expect(number.stdout).toMatch(/^Conversation 7\n.*2025-03-01 11:00:00Z/);
    expect(number.stderr).toBe(`The conversation "7", a text, is another one: tracelight show '"7"'\n`);
    const text = await tracelight(["show", '"7"', store]);
    expect(text.stdout).toMatch(/^Conversation "7"\n.*2025-03-01 10:00:00Z/);
    expect(text.stderr).toBe("The conversation 7, a number, is another one: tracelight show 7\n");
  });
});

test.each(["big.jsonl", "big.db"])(
  "a number beyond 2^53 is shown by its digits, and opened by them: %s",
  async (store) => {
    const id = 12_345_678_901_234_567_890n;
    const turns = SPANS.filter(({ spanName }) => spanName === "converse").slice(0, 2);
    const named = turns.map((span, i) => ({
      ...span,
      attributes: { ...span.attributes, "ai.conversation.id": [id, String(id)][i] },
    }));
    writeFileSync(join(folder, "big.jsonl"), recordLines(named));
    if (store.endsWith(".db")) await tracelight(["import", "big.jsonl", store]);
    const { stdout } = await tracelight(["ls", store], { env: WIDE });
    expect(stdout).not.toContain("__bigint__");
    expect(stdout).toContain(` ${id} `);
    expect(stdout).toContain(` "${id}" `);
    expect((await tracelight(["show", `${id}`, store])).stdout).toMatch(/10:00:00Z/);
    expect((await tracelight(["show", `"${id}"`, store])).stdout).toMatch(/10:01:00Z/);
  },
);

test("a span that is on two lines counts once, as it was last", async () => {
  const span = SPANS.find(({ state }) => state === "running");
  if (span === undefined) throw new Error("no span runs");
  const ended = { ...span, state: "ended", endedAtMicros: span.startedAtMicros + 5 } as const;
  for (const order of [
    [span, ended],
    [ended, span],
  ]) {
    const rows = jsonOf(await tracelight(["ls", "--json", "-"], { input: recordLines(order) }));
    expect(rows).toMatchObject([{ spans: 1, state: "ended" }]);
  }
});

test("a wrong attribute name in a filter that finds nothing is told, with the name that was meant", async () => {
  const { code, stderr } = await tracelight(["ls", "--where", 'ai.tool.nam = "x"', "spans.db"]);
  expect(code).toBe(1);
  expect(stderr).toContain('did you mean "ai.tool.name"?');
});

test("the store is the last argument, else TRACELIGHT_STORE, else traces.db", async () => {
  expect((await tracelight(["ls"])).stderr).toContain("There is no traces.db here");
  expect((await tracelight(["ls"], { env: { TRACELIGHT_STORE: "spans.db" } })).stdout).toContain("weather-1");
  writeFileSync(join(folder, "traces.db"), readFileSync(join(folder, "spans.db")));
  expect((await tracelight(["ls"])).stdout).toContain("weather-1");
});

describe("show without an id is the first row of ls", () => {
  test.each([
    ["of the store in the environment", [], { TRACELIGHT_STORE: "spans.db" }],
    ["of a file of records", ["records.jsonl"], {}],
    ["of an SQLite file", ["spans.db"], {}],
    ["of standard input", ["-"], {}],
  ])("%s", async (_name, args, env) => {
    const { code, stdout } = await tracelight(["show", ...args], { env, input: RECORDS });
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/^Conversation killed-1\n/) });
  });

  test("a trace where there are no conversations; nothing where there are no spans", async () => {
    const job = await tracelight(["show", "-"], { input: recordLines(SPANS.slice(-1)) });
    expect(job.stdout).toMatch(new RegExp(`^Trace ${TRACES.job}`));
    expect(await tracelight(["show", "-"])).toMatchObject({
      code: 1,
      stderr: "No spans in standard input.\n",
    });
  });

  test("a store that stands first is known as one", async () => {
    for (const args of [
      ["show", "spans.db", "42"],
      ["search", "spans.db", "Are you there"],
    ]) {
      const turned = await tracelight(args);
      const [command = "", store = "", text = ""] = args;
      expect(turned).toEqual(await tracelight([command, text, store]));
      expect(turned.code).toBe(0);
    }
  });
});
