// What answers hold, how large they are, and what is said where a request cannot be meant.
import type { Tracer } from "tracelight";
import { createViewer } from "tracelight/viewer";
import { describe, expect, test } from "vitest";
import { spanIdsIn } from "../../src/viewer/api.ts";
import { converse, json, memory, raw, served, sqlite } from "./support.ts";

const PNG =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/** One turn with one model call that has these attributes besides. */
function call(tracer: Tracer, id: unknown, attributes: Record<string, unknown>): void {
  tracer.trace("converse", (turn) => {
    turn.addAttribute("ai.conversation.id", id, { inheritable: true });
    turn.addAttribute("ai.trace.type", "converse");
    tracer.trace("llm", (span) => span.addAttributes({ "ai.trace.type": "llm-invocation", ...attributes }));
  });
}

/** The ids of the first trace of a conversation: of its spans in start order. */
async function idsOf(url: string, key: string): Promise<{ trace: string; spans: string[] }> {
  const { turns } = await json(`${url}api/conversations/${encodeURIComponent(key)}`);
  const trace = turns[0].trace_id;
  return { trace, spans: spanIdsIn(await json(`${url}api/traces/${trace}`)) };
}

test("a page of 25 rows whose prompts are 20 KB each has at most 8 KB, packed or not", async () => {
  const tracer = memory();
  for (let i = 0; i < 25; i++)
    converse(tracer, { id: `trip-${1000 + i}`, words: `${i} ${"Plan a rainy day. ".repeat(1200)}` });
  const { url } = await served(tracer);
  for (const headers of [{}, { "accept-encoding": "gzip" }]) {
    const { text, status } = await raw(`${url}api/rows?limit=25`, headers);
    expect(status).toBe(200);
    expect(Buffer.byteLength(text, "utf8")).toBeLessThan(8 * 1024);
  }
});

describe("a turn as a chat", () => {
  test("has the user's words, own calls by number, tools, and the sub-agent's thread in its tool", async () => {
    const tracer = sqlite();
    converse(tracer);
    converse(tracer, { words: "And tomorrow?" });
    const { url } = await served(tracer);
    const turn = await json(`${url}api/conversations/trip-1/turns/2`);
    expect(turn).toMatchObject({
      number: 2,
      first_call: 3,
      user: "And tomorrow?",
      user_name: "dana",
      agent: "supervisor",
      answer: null,
      error: null,
    });
    expect(turn.entries).toMatchObject([
      { type: "call", number: 3, model: "sonnet", words: "First the weather.", input_tokens: 100 },
      {
        type: "tool",
        name: "get_weather",
        glance: 'city: "Rotterdam", days: 1',
        arguments: { city: "Rotterdam", days: 1 },
        result: { sunny: true },
        thread: [],
      },
      {
        type: "tool",
        name: "search_events",
        error: "503 Service Unavailable",
        agent: "events",
        task: "Which events?",
        thread: [{ type: "call", number: null, words: "None." }],
      },
      { type: "call", number: 4, words: "Yes, it is." },
    ]);
    expect((await raw(`${url}api/conversations/trip-1/turns/3`, {})).status).toBe(404);
  });

  test("has reasoning and images apart from the words, and says where an image is", async () => {
    const tracer = sqlite();
    const content = [
      { reasoningContent: { reasoningText: { text: "Think." } } },
      { text: "Look." },
      { image: { format: "png", source: { bytes: Buffer.from(PNG, "base64") } } },
    ];
    call(tracer, "pictures", { "ai.llm.response.output": { message: { role: "assistant", content } } });
    const { url } = await served(tracer);
    const { entries } = await json(`${url}api/conversations/pictures/turns/1`);
    expect(entries).toMatchObject([
      { words: "Look.", reasoning: "Think.", media: [{ type: "image", media_type: "image/png" }] },
    ]);
    const { trace, spans } = await idsOf(url, "pictures");
    const path = encodeURIComponent(entries[0].media[0].path);
    const image = await fetch(`${url}api/traces/${trace}/spans/${spans[1]}/media?path=${path}`);
    expect(image.headers.get("content-type")).toBe("image/png");
    expect(Buffer.from(await image.arrayBuffer()).toString("base64")).toBe(PNG);
  });
});

test("the calls of a trace have the numbers that they have in their conversation; a sub-agent's have none", async () => {
  const tracer = sqlite();
  converse(tracer);
  converse(tracer, { words: "And tomorrow?" });
  tracer.trace("llm", (span) => span.addAttribute("ai.trace.type", "llm-invocation"));
  const { url } = await served(tracer);
  const { turns } = await json(`${url}api/conversations/trip-1`);
  const talk = await json(`${url}api/conversations/trip-1/turns/2`);
  const own = talk.entries.filter((entry: { type: string }) => entry.type === "call");
  const { calls } = await json(`${url}api/traces/${turns[1].trace_id}/calls`);
  expect(calls).toEqual({
    span_id: own.map((entry: { span_id: string }) => entry.span_id),
    number: [3, 4],
  });
  const alone = await json(`${url}api/rows?by=trace&limit=1`);
  expect((await json(`${url}api/traces/${alone.rows.key[0]}/calls`)).calls.number).toEqual([1]);
});

test("a conversation says how many of its spans were interrupted", async () => {
  const tracer = sqlite();
  converse(tracer);
  const { url } = await served(tracer);
  expect(await json(`${url}api/conversations/trip-1`)).toMatchObject({ interrupted: 0 });
});

test("an image in which scripts may be is never given as one", async () => {
  const tracer = memory();
  const url = `data:image/svg+xml;base64,${Buffer.from("<svg onload='alert(1)'/>").toString("base64")}`;
  const message = { role: "assistant", content: [{ type: "image_url", image_url: { url } }] };
  call(tracer, "svg", {
    "gen_ai.operation.name": "chat",
    "gen_ai.output.messages": JSON.stringify([message]),
    "ai.llm.response.output": { message },
  });
  const { url: base } = await served(tracer);
  const { trace, spans } = await idsOf(base, "svg");
  const { reading } = await json(`${base}api/traces/${trace}/spans/${spans[1]}`);
  expect(JSON.stringify(reading.output_messages)).toContain('"type":"image"');
  expect(JSON.stringify(reading.output_messages)).not.toContain("/media");
  for (const part of [0, 1]) {
    const path = encodeURIComponent(`/reading/output_messages/0/parts/${part}`);
    expect((await raw(`${base}api/traces/${trace}/spans/${spans[1]}/media?path=${path}`, {})).status).toBe(
      404,
    );
  }
});

test("a large value comes part by part, and no part ends within a character", async () => {
  const tracer = sqlite();
  const text = "a😀".repeat(700_000);
  call(tracer, "large", { "my.large": text, "my.list": Array.from({ length: 5000 }, (_, i) => ({ i })) });
  const { url } = await served(tracer);
  const { trace, spans } = await idsOf(url, "large");
  const span = await raw(`${url}api/traces/${trace}/spans/${spans[1]}`, {});
  expect(span.text.length).toBeLessThan(20_000);
  const { record } = JSON.parse(span.text);
  const { path, size, type, span_id } = record.attributes["my.large"].__large__;
  expect({ path, size, type, span_id }).toEqual({
    path: "/record/attributes/my.large",
    size: text.length,
    type: "text",
    span_id: spans[1],
  });
  const at = `${url}api/traces/${trace}/spans/${spans[1]}/value?path=`;
  let whole = "";
  for (let offset: number | null = 0; offset !== null; ) {
    const part = await json(`${at}${path}&offset=${offset}&length=999999`);
    expect(part.text.isWellFormed()).toBe(true);
    whole += part.text;
    offset = part.next;
  }
  expect(whole).toBe(text);
  const list = record.attributes["my.list"].__large__;
  expect(JSON.parse((await json(`${at}${list.path}&length=1000000`)).text)).toHaveLength(5000);
  for (const wrong of [
    "/record/attributes/nothing",
    "/reading/constructor",
    "/record/__proto__",
    "record",
    "/",
  ])
    expect((await raw(at + encodeURIComponent(wrong), {})).status).toBe(404);
});

test("the conversations 42 and “42” are two, by their keys", async () => {
  const tracer = sqlite();
  converse(tracer, { id: 42, words: "The number" });
  converse(tracer, { id: "42", words: "The text" });
  converse(tracer, { id: '"42"', words: "The text in quotes" });
  converse(tracer, { id: "a/b?c#d%", words: "Signs" });
  const { url } = await served(tracer);
  const { rows } = await json(`${url}api/rows`);
  expect(new Set(rows.key).size).toBe(4);
  for (const [i, key] of rows.key.entries()) {
    const { summary, ...found } = await json(`${url}api/conversations/${encodeURIComponent(key)}`);
    expect([found.key, summary.title]).toEqual([key, rows.title[i]]);
  }
});

test("what has not changed is not sent again", async () => {
  const tracer = memory();
  converse(tracer);
  const { url } = await served(tracer);
  const { headers } = await raw(`${url}api/rows`, {});
  const known = { "if-none-match": String(headers["etag"]) };
  expect((await raw(`${url}api/rows`, known)).status).toBe(304);
  converse(tracer, { id: "new" });
  expect((await raw(`${url}api/rows`, known)).status).toBe(200);
});

test("pages follow one another by cursor, and a cursor of another list is refused", async () => {
  const tracer = sqlite();
  for (let i = 0; i < 5; i++) converse(tracer, { id: `trip-${i}` });
  const { url } = await served(tracer);
  const keys: string[] = [];
  let cursor = "";
  do {
    const page = await json(`${url}api/rows?limit=2&cursor=${cursor}`);
    keys.push(...page.rows.key);
    cursor = page.cursor ?? "";
  } while (cursor !== "");
  expect(keys).toEqual(["trip-4", "trip-3", "trip-2", "trip-1", "trip-0"]);
  const { cursor: other } = await json(`${url}api/rows?limit=2`);
  expect((await raw(`${url}api/rows?by=trace&cursor=${other}`, {})).status).toBe(400);
});

describe("a request that cannot be meant", () => {
  test.each([
    ["status == ERROR", { at: 7, length: 2, mend: "=" }],
    ["ai.tool.name = get_weather", { at: 15, length: 11, mend: '"get_weather"' }],
    ["Duration > 2s", { at: 0, length: 8, mend: "duration" }],
    ["name = ", { at: 7, length: 0 }],
  ])("a filter says where it cannot be read: %s", async (where, place) => {
    const { url } = await served(memory());
    for (const path of ["rows", "overview", "search?q=x", "numbers"]) {
      const answer = await raw(
        `${url}api/${path}${path.includes("?") ? "&" : "?"}where=${encodeURIComponent(where)}`,
        {},
      );
      expect(answer.headers["content-type"]).toBe("application/problem+json");
      expect(JSON.parse(answer.text)).toMatchObject({
        status: 400,
        code: "INVALID_QUERY",
        parameter: "where",
        place,
      });
    }
  });

  test.each([
    ["api/rows?limt=3", 'did you mean "limit"'],
    ["api/rows?limit=0", "a whole number from 1 to 200"],
    ["api/rows?limit=1e3", "a whole number from 1 to 200"],
    ["api/rows?by=turn", "conversation, trace"],
    ["api/rows?by=trace&by=trace", "there once"],
    ["api/rows?since=yesterdayish", "a time"],
    ["api/rows?cursor=x", "cursor"],
    [`api/rows?where=${"x".repeat(13_000)}`, "no longer than"],
    ["api/search", "given"],
    ["api/search?q=%20", "no word"],
    ["api/overview?buckets=501", "from 1 to 500"],
    [
      `api/traces/${"a".repeat(32)}/glances?spans=${"b".repeat(16)}${`,${"b".repeat(16)}`.repeat(200)}`,
      "at most 200",
    ],
  ])("%s", async (path, says) => {
    const { url } = await served(memory());
    const answer = await raw(url + path, {});
    expect([answer.status, JSON.parse(answer.text).detail]).toEqual([400, expect.stringContaining(says)]);
  });

  test.each([
    "api/traces/x",
    `api/traces/${"0".repeat(31)}g`,
    "api/conversations/none",
    "api/nothing",
    "api/conversations/%FF",
    "nothing.js",
  ])("%s is not there", async (path) => {
    const { url } = await served(memory());
    expect((await raw(url + path, {})).status).toBe(404);
  });

  test("the API is not written to", async () => {
    const { url } = await served(memory());
    for (const method of ["POST", "PUT", "DELETE"]) {
      const answer = await raw(`${url}api/rows`, {}, { method });
      expect([method, answer.status]).toEqual([method, 405]);
    }
  });
});

test("what takes too long is answered, and told to end", async () => {
  const ends: string[] = [];
  const slow = {
    name: "slow",
    find: () => new Promise<never>(() => undefined),
    search: (_: string, { signal }: { signal?: AbortSignal }) => {
      signal?.addEventListener("abort", () => ends.push("search"));
      return new Promise<never>(() => undefined);
    },
  };
  const viewer = createViewer(slow, { timeoutMs: 1 });
  const answer = await viewer(new Request("http://localhost/api/search?q=x"));
  expect([answer.status, ends]).toEqual([504, ["search"]]);
});

test("a store that fails is said as it is, and what nobody foresaw without a word of it", async () => {
  const failing = (error: Error) => ({ name: "failing", find: () => Promise.reject(error) });
  const { TracelightError } = await import("tracelight");
  const known = createViewer(failing(new TracelightError("STORE_LOCKED", "The file is locked.")));
  const answer = await known(new Request("http://localhost/api/rows"));
  expect([answer.status, JSON.parse(await answer.text()).code]).toEqual([503, "STORE_LOCKED"]);
  const unknown = createViewer(failing(new Error("secret path")));
  expect(await (await unknown(new Request("http://localhost/api/rows"))).text()).not.toContain("secret");
});

test("completion has names by share, operators that fit, and values by count", async () => {
  const tracer = memory();
  for (let i = 0; i < 3; i++) converse(tracer, { id: i });
  const { url } = await served(tracer);
  const { names, sampled } = await json(`${url}api/complete?text=ai.tool`);
  expect(names[0]).toMatchObject({ name: "ai.tool.name", type: "text" });
  expect(sampled).toBe(21);
  const values = await json(`${url}api/complete?name=ai.tool.name&text=get`);
  expect(values).toMatchObject({ values: [{ literal: '"get_weather"', text: "get_weather", count: 3 }] });
  expect(values.operators).toContain("starts with");
  const states = await json(`${url}api/complete?name=state`);
  expect(states).toMatchObject({
    operators: ["=", "!=", "in"],
    values: expect.arrayContaining([{ literal: "ended", text: "ended", count: 21 }]),
  });
});

test("numbers and the overview count what the list has", async () => {
  const tracer = sqlite();
  for (let i = 0; i < 4; i++) converse(tracer, { id: i });
  const { url } = await served(tracer);
  const overview = await json(`${url}api/overview?buckets=10&since=1h`);
  expect(overview).toMatchObject({
    count: 4,
    with_errors: 4,
    running: 0,
    input_tokens: 1200,
    is_whole: true,
  });
  expect(overview.histogram.failed.reduce((a: number, b: number) => a + b)).toBe(4);
  const numbers = await json(`${url}api/numbers?by=tool&buckets=5&since=1h`);
  expect(numbers.total).toMatchObject({ model_calls: 12, tool_calls: 8, errors: 4 });
  expect(numbers.rows).toMatchObject([
    { name: "get_weather", calls: 4, errors: 0 },
    { name: "search_events", calls: 4, errors: 4, top_error: { count: 4 } },
  ]);
  const sum = (list: number[]): number => list.reduce((a, b) => a + b);
  expect([
    sum(numbers.series.model_calls),
    sum(numbers.series.tool_calls),
    sum(numbers.rows[1].errors_over_time),
  ]).toEqual([12, 8, 4]);
});

test("numbers say what most errors of a tool said, and how long calls of models took in all and over time", async () => {
  const tracer = sqlite();
  const hour = 3_600_000;
  const began = Date.now() - 4 * hour;
  const call = (
    type: string,
    name: string,
    { at, ms, error }: { at: number; ms: number; error?: string | undefined },
  ) => {
    const span = tracer.startSpan(name, { startedAt: new Date(began + at), parentSpan: null });
    const named = type === "llm-invocation" ? "ai.llm.request.model.id" : "ai.tool.name";
    span.addAttributes({ "ai.trace.type": type, [named]: name });
    if (error !== undefined) span.setStatus("ERROR", error);
    span.end(new Date(began + at + ms));
  };
  for (const [i, ms] of [100, 300, 200].entries()) call("llm-invocation", "small", { at: i, ms });
  call("llm-invocation", "large", { at: 2.5 * hour, ms: 5000 });
  for (const error of ["no  such\ncity", "timed out", "no such city", "", undefined])
    call("tool-invocation", "get_weather", { at: 1.5 * hour, ms: 10, error });
  call("tool-invocation", "search", { at: 1.5 * hour, ms: 10 });
  const { url } = await served(tracer);
  const since = `since=${new Date(began).toISOString()}`;
  const numbers = await json(`${url}api/numbers?by=tool&buckets=4&${since}`);
  expect(numbers.total).toMatchObject({ model_calls: 4, p50_ms: 200, p95_ms: 5000, errors: 4 });
  expect(numbers.rows).toMatchObject([
    { name: "get_weather", calls: 5, errors: 4, top_error: { words: "no such city", count: 2 } },
    { name: "search", errors: 0, top_error: null },
  ]);
  const { series } = await json(`${url}api/numbers?${since}&buckets=4`);
  expect(series).toMatchObject({ p50_ms: [200, null, 5000, null], p95_ms: [300, null, 5000, null] });
  // Where nobody says since when, the time begins with the first span.
  const whole = await json(`${url}api/numbers?buckets=2`);
  expect(whole.series).toMatchObject({ since: `${new Date(began).toISOString().slice(0, -1)}000Z` });
  expect(whole.series.model_calls.reduce((a: number, b: number) => a + b)).toBe(4);
  // Parts of an hour end where the time does; the first reaches beyond it.
  const until = `until=${new Date(began + 2.6 * hour).toISOString()}`;
  const hours = await json(`${url}api/numbers?${since}&${until}&bucket_s=3600`);
  expect(hours.series).toMatchObject({ bucket_ms: hour, model_calls: [3, 0, 1] });
  expect(Date.parse(hours.series.since)).toBe(began - 0.4 * hour);
  const day = await json(`${url}api/numbers?since=24h&bucket_s=3600`);
  expect(day.series.model_calls.length).toBe(24);
  const seconds = await json(`${url}api/numbers?since=24h&bucket_s=1`);
  expect(seconds.series.model_calls.length).toBe(42);
});

test("a span that was found says what it is, what it calls and for whom it was", async () => {
  const tracer = memory();
  converse(tracer);
  const { url } = await served(tracer);
  const { hits } = await json(`${url}api/search?q=events`);
  expect(hits).toMatchObject([
    { span_name: "converse", kind: "turn", called: null, user: "dana" },
    { span_name: "search_events", kind: "tool-call", called: "search_events", user: "dana" },
  ]);
});

test("a result of a tool that does not say whose it is has the name of its call", async () => {
  const tracer = memory();
  const said = (role: string, part: object) => ({ role, content: [part] });
  call(tracer, "names", {
    "ai.llm.request.messages": [
      said("assistant", { toolUse: { toolUseId: "call-1", name: "get_weather", input: {} } }),
      said("user", { toolResult: { toolUseId: "call-1", content: [{ text: "rain" }] } }),
      said("user", { toolResult: { toolUseId: "call-2", content: [{ text: "snow" }] } }),
    ],
  });
  const { url } = await served(tracer);
  const { trace, spans } = await idsOf(url, "names");
  const { reading } = await json(`${url}api/traces/${trace}/spans/${spans[1]}`);
  const [, known, unknown] = reading.input_messages;
  expect(known.parts).toMatchObject([{ type: "tool-result", id: "call-1", name: "get_weather" }]);
  expect(unknown.parts[0]).not.toHaveProperty("name");
});

test("a reader that does not read is told to read anew, and nothing is kept for it", async () => {
  const tracer = memory();
  const viewer = createViewer(tracer);
  const response = await viewer(new Request("http://localhost/api/live"));
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  for (let i = 0; i < 6000; i++) tracer.trace(`span-${i}`, () => undefined);
  const other = await viewer(new Request("http://localhost/api/live"));
  const awake = other.body?.pipeThrough(new TextDecoderStream()).getReader();
  let seen = "";
  while (!seen.includes("event: reload")) seen += (await reader?.read())?.value ?? "";
  expect(seen).toContain('{"reason":"behind"}');
  expect(seen.length).toBeLessThan(100_000);
  await Promise.all([reader?.cancel(), awake?.cancel()]);
});

describe("a trace of many spans", () => {
  test.each([
    ["memory", memory],
    ["SQLite", sqlite],
  ])("gives those that began first, and says whether there are more: %s", async (_, make) => {
    const tracer = make();
    converse(tracer);
    const { url } = await served(tracer);
    const { trace, spans } = await idsOf(url, "trip-1");
    const some = await json(`${url}api/traces/${trace}?first=3`);
    expect([some.whole, spanIdsIn(some), some.conversation]).toEqual([false, spans.slice(0, 3), null]);
    const all = await json(`${url}api/traces/${trace}?first=${spans.length}`);
    expect([all.whole, spanIdsIn(all)]).toEqual([true, spans]);
    expect(all).toEqual(await json(`${url}api/traces/${trace}`));
    const { status } = await raw(`${url}api/traces/${trace}?first=0`, {});
    expect(status).toBe(400);
  });
});
