// The filter language: what it says, what it means, and what it answers to what it cannot read.
import fc from "fast-check";
import { InMemoryTracer, TracelightError } from "tracelight";
import { describe, expect, it, vi } from "vitest";
import { matches } from "../../src/conventions/matches.ts";
import { capture } from "../../src/model/capture.ts";
import type { SpanFields } from "../../src/model/span-fields.ts";
import { attributeNamesIn, evaluate, suggestNames } from "../../src/model/where.ts";
import { parseWhere } from "../../src/model/where-syntax.ts";
import { anyCharacter } from "../characters.ts";
import { runs } from "../sizes.ts";
import { anyMaker, spanFields } from "./arbitraries.ts";

const NOW = new Date("2026-11-22T10:00:00Z");

function holds(text: string, fields: Partial<SpanFields> = SPAN): boolean {
  return evaluate(parseWhere(text, NOW), spanFields(fields));
}

function attributes(values: Record<string, unknown>): Partial<SpanFields> {
  const captured = capture(values);
  return { attributes: { ...(typeof captured === "object" ? captured : {}) } };
}

function problemIn(text: unknown): TracelightError {
  try {
    new InMemoryTracer().getTraces(Object({ where: text }));
  } catch (error) {
    if (error instanceof TracelightError) return error;
    throw error;
  }
  throw new Error(`${text} was read`);
}

function micros(time: string): number {
  return Date.parse(time) * 1000;
}

const SPAN: Partial<SpanFields> = {
  spanName: "get_weather",
  spanKind: "CLIENT",
  spanStatus: "ERROR",
  statusMessage: "It went wrong",
  parentSpanId: "c".repeat(16),
  startedAtMicros: micros("2026-11-22T09:30:00Z"),
  endedAtMicros: micros("2026-11-22T09:30:02.500Z"),
  scope: { name: "agent", version: "1.2.3" },
  resourceAttributes: { "service.name": "MyAgent", host: { os: "linux" } },
  ...attributes({
    "ai.tool.name": "get_weather",
    "ai.tool.input": { city: "London", days: [1, 2], "two words": true },
    "ai.cycle.nr": 3,
    duration: "as the model has it",
    "my key": { x: [{ "a.b": 1 }] },
    nothing: null,
    yes: true,
    big: 5n,
    at: new Date("2026-11-22T00:00:00Z"),
    messages: [
      { role: "user", content: [{ text: "Where is my REFUND?" }] },
      { role: "assistant", tokens: 7 },
    ],
  }),
};

describe("a filter", () => {
  it("is what its page begins with", () => {
    expect(holds('ai.tool.name = "get_weather" and duration > 2s')).toBe(true);
    expect(holds('ai.tool.name = "get_weather" and duration > 3s')).toBe(false);
  });

  it.each([
    'name = "get_weather" and span_name = "get_weather"',
    "status = ERROR and span_status = error",
    'kind = CLIENT and span_kind in (server, "CLIENT")',
    'status_message contains "wrong"',
    'parent_span_id starts with "ccc" and trace_id != "x"',
    "state = ended and not state = running",
    "failed and (failed) and failed = true and not (failed != true) and failed in (false, true)",
    "started_at >= 2026-11-22 and started_at < 2026-11-22T10:00+00:15 and started_at = 2026-11-22T09:30",
    "ended_at > 30m ago and ended_at < 29m ago and ended_at = 2026-11-22T09:30:02.5Z",
    "duration = 2500ms and duration = 2.5s and duration < 1m and duration > 0.0001h and duration < 1d",
    "duration >= 2500000us and duration <= 2500000us",
    'scope.name = "agent" and scope.version starts with "1."',
    'resource.service.name = "MyAgent" and resource["service.name"] contains "agent"',
    'resource.host.os = "linux" and resource.missing = null',
  ])("knows the fields: %s", (text) => {
    expect(holds(text)).toBe(true);
    expect(holds(`not (${text})`)).toBe(false);
  });

  it.each([
    'ai.tool.input.city = "London"',
    'ai.tool.input["city"] = "London" and attributes["ai.tool.input"].city = "London"',
    "ai.tool.input.days[1] = 2 and ai.tool.input.days[2] = null",
    'ai.tool.input["two words"] = true',
    'attributes["my key"].x[0]["a.b"] = 1',
    'attributes.duration = "as the model has it" and attributes["duration"] starts with "AS"',
    "ai.tool.input.city.name = null and ai.tool.name.x = null",
    "messages[1].tokens = 7",
  ])("looks into values: %s", (text) => {
    expect(holds(text)).toBe(true);
  });

  it("takes the attribute of exactly that name first, then the longest name that leads somewhere", () => {
    const both = attributes({ "a.b.c": 1, "a.b": { c: 2 }, a: { b: { c: 3, d: 4 } } });
    expect(holds("a.b.c = 1", both)).toBe(true);
    expect(holds("a.b.d = 4", both)).toBe(true);
    expect(holds("a.b.c = 2", attributes({ "a.b": { c: 2 }, a: { b: { c: 3 } } }))).toBe(true);
    expect(holds("a.b.c = null", attributes({ "a.b.c": null, "a.b": { c: 2 } }))).toBe(true);
  });

  it("compares by type", () => {
    expect(holds('ai.cycle.nr = "3" or ai.cycle.nr = 3n or ai.cycle.nr > "2" or yes = 1')).toBe(false);
    expect(holds("big = 5n and not big = 5 and big > 4.5 and big <= 5 and ai.cycle.nr < 4n")).toBe(true);
    expect(holds('at = 2026-11-22 and at < 2026-11-22T00:01 and not at < "x" and at > 11h ago')).toBe(true);
    expect(holds("x = 0 and not x < 0", attributes({ x: -0 }))).toBe(true);
    expect(holds("x < 0 or x >= 0 or x = 0", attributes({ x: Number.NaN }))).toBe(false);
    expect(holds("yes < 2 or messages > 1 or nothing < 1 or missing >= 0", SPAN)).toBe(false);
  });

  it("takes what is missing for null, and `!=` for the opposite of `=`", () => {
    expect(holds("nothing = null and missing = null and missing != 1 and not exists nothing")).toBe(true);
    expect(holds("exists missing or exists nothing or missing in (1, 2)")).toBe(false);
    expect(holds("exists ai.tool.name and exists ended_at and missing in (1, null)")).toBe(true);
    const running = { endedAtMicros: undefined, state: "running" } as const;
    expect(
      holds("duration = null and ended_at = null and not duration > 1s and state = running", running),
    ).toBe(true);
  });

  it("finds text at any depth of a value, whatever the case", () => {
    expect(holds('messages contains "my refund" and ai.tool.name contains "WEATHER"')).toBe(true);
    expect(holds('messages contains "role" or messages contains "7" or ai.cycle.nr contains "3"')).toBe(
      false,
    );
    expect(
      holds("messages contains 7 and ai.tool.input.days contains 2 and ai.tool.input.days not contains 3"),
    ).toBe(true);
    const sets = attributes({ s: new Set(["a", { b: 2n }]), m: new Map([["key", new Date(0)]]) });
    expect(
      holds('s contains "A" and s contains 2n and m contains "KEY" and m contains 1970-01-01', sets),
    ).toBe(true);
    expect(holds('x starts with "STRASSE" or x not starts with "ÉT"', attributes({ x: "été" }))).toBe(false);
  });

  it("orders texts by code points, as databases do", () => {
    fc.assert(
      fc.property(fc.string({ unit: anyCharacter }), fc.string({ unit: anyCharacter }), (a, b) => {
        const order = Buffer.compare(Buffer.from(a), Buffer.from(b));
        const span = attributes({ x: a });
        for (const [operator, expected] of [
          ["<", order < 0],
          ["<=", order <= 0],
          [">", order > 0],
          [">=", order >= 0],
        ]) {
          expect(holds(`x ${operator} ${JSON.stringify(b)}`, span)).toBe(expected);
        }
      }),
    );
    expect(holds('x < "\u{1f600}"', attributes({ x: "\uffff" }))).toBe(true);
  });

  it("binds `not` before `and`, and `and` before `or`", () => {
    const span = attributes({ t: 1, f: 0 });
    expect(holds("t = 1 or t = 1 and f = 1", span)).toBe(true);
    expect(holds("(t = 1 or t = 1) and f = 1", span)).toBe(false);
    expect(holds("not t = 1 and f = 1", span)).toBe(false);
    expect(holds("not (t = 1 and f = 1)", span)).toBe(true);
    expect(holds("NOT f = 1 AND t In (1) Or f = 1", span)).toBe(true);
  });

  it("reads texts in both quotes, with JSON's escapes", () => {
    const text = "a\"b'c\\d\n\u00e9\ud83d\ude00\u0000";
    const written = `'a"b\\'c\\\\d\\n\\u00e9\\ud83d\\ude00\\u0000'`;
    expect(holds(`x = ${written}`, attributes({ x: text }))).toBe(true);
    fc.assert(
      fc.property(fc.string({ unit: anyCharacter }), (any) => {
        expect(holds(`x = ${JSON.stringify(any)}`, attributes({ x: any }))).toBe(true);
        expect(holds(`attributes[${JSON.stringify(any)}] = 1`, attributes({ [any]: 1 }))).toBe(true);
      }),
    );
  });

  it.each([
    ["-1", -1],
    ["+1.5e3", 1500],
    ["1E-2", 0.01],
    ["12345678901234567890n", 12345678901234567890n],
    ["-0", 0],
    ["TRUE", true],
    ["1969-12-31T23:59:59.999Z", new Date(-1)],
    ["2026-11-22T10:00:00+0530", new Date("2026-11-22T04:30:00Z")],
    ["90s ago", new Date("2026-11-22T09:58:30Z")],
  ])("reads %s", (text, value) => {
    expect(parseWhere(`x = ${text}`, NOW)).toMatchObject({ kind: "compare", operator: "=", value });
  });

  it("means by `=` what an attribute filter means", () => {
    const values = ["1", 1, 1n, null, true, -0, new Date(0)].map((value) => [
      value,
      value instanceof Date ? "1970-01-01" : typeof value === "bigint" ? "1n" : JSON.stringify(value),
    ]);
    fc.assert(
      fc.property(anyMaker, fc.constantFrom(...values), (make, [wanted, written]) => {
        const span = spanFields(attributes({ x: make() }));
        expect(matches(span, { where: `x = ${written}` })).toBe(
          matches(span, { attributeFilter: { x: wanted } }),
        );
      }),
    );
  });

  it("never throws, and says of each span yes or no to itself or its opposite", () => {
    const tests = [
      'x contains "a"',
      "x contains 1",
      'x starts with ""',
      "x.a[0] < 5",
      'x["length"] >= "a"',
      "x = 1n",
      "x > 1970-01-01",
    ];
    fc.assert(
      fc.property(anyMaker, fc.constantFrom(...tests), (make, text) => {
        const span = attributes({ x: make() });
        expect(holds(`not (${text})`, span)).toBe(!holds(text, span));
      }),
    );
  });

  it("holds for no inherited property of an object", () => {
    expect(
      holds("exists x.constructor or exists x.__proto__ or exists x.length", attributes({ x: {} })),
    ).toBe(false);
    expect(holds("exists toString or exists attributes.constructor", attributes({}))).toBe(false);
  });
});

describe("a query's `where`", () => {
  it("holds together with the other fields, in spans and in listings", () => {
    const tracer = new InMemoryTracer();
    for (const city of ["London", "Paris"]) {
      tracer.trace("turn", () =>
        tracer.trace("get_weather", (span) => {
          span.addAttribute("ai.tool.input", { city });
        }),
      );
    }
    const where = 'ai.tool.input.city = "Paris"';
    expect(tracer.getTraces({ where }).map((span) => span.spanName)).toEqual(["get_weather"]);
    expect(tracer.getTraces({ where, spanName: "turn" })).toEqual([]);
    expect(tracer.summaries({ where }).rows).toHaveLength(1);
    // One span has to satisfy all of it.
    expect(tracer.summaries({ where, spanName: "turn" }).rows).toHaveLength(0);
    expect(tracer.summaries({ where: "name in ('turn')" }).rows).toHaveLength(2);
  });

  it("counts times from when it is asked, each time anew", () => {
    const span = spanFields({ startedAtMicros: NOW.getTime() * 1000 });
    const query = { where: "started_at > 1h ago" };
    vi.useFakeTimers({ toFake: ["Date"], now: NOW });
    try {
      expect(matches(span, query)).toBe(true);
      vi.setSystemTime(NOW.getTime() + 3_602_000);
      expect(matches(span, query)).toBe(false);
      vi.setSystemTime(NOW.getTime() - 1000);
      expect(matches(span, query)).toBe(true);
    } finally {
      vi.useRealTimers();
    }
  });

  it("is refused where it cannot be read", () => {
    const tracer = new InMemoryTracer();
    expect(() => tracer.summaries({ where: "duration >" })).toThrow(/column 11/);
    expect(problemIn(5)).toMatchObject({
      code: "INVALID_QUERY",
      message: expect.stringContaining("docs/where.md"),
    });
  });
});

describe("what cannot be read", () => {
  it("is shown, with a caret under the place", () => {
    expect(problemIn("ai.tool.name = get_weather").message).toBe(
      [
        'The filter cannot be read at column 16: get_weather is no number, time, true, false or null; a text needs quotes: "get_weather"',
        "  ai.tool.name = get_weather",
        "                 ^",
      ].join("\n"),
    );
  });

  it.each([
    ["", 1, "empty"],
    ["status == ERROR", 8, 'did you mean "="?'],
    ["a = 1 && b = 2", 7, 'did you mean "and"?'],
    ["a = 1 || b = 2", 7, 'did you mean "or"?'],
    ["a = 1 adn b = 2", 7, 'did you mean "and"?'],
    ["!a = 1", 1, 'did you mean "not"?'],
    ["a LIKE 'x'", 3, 'did you mean "contains"?'],
    ["a contain 'x'", 3, 'did you mean "contains"?'],
    ["a <> 1", 3, 'did you mean "!="?'],
    ["a is null", 3, 'did you mean "="?'],
    ["Duration > 2s", 1, 'did you mean "duration"?'],
    ["spanName = 'x'", 1, 'did you mean "span_name"?'],
    ["scope.nam = 'x'", 1, 'did you mean "scope.name"?'],
    ["duraton > 2s", 11, 'did you mean "duration"?'],
    ["status = EROR", 10, "did you mean ERROR?"],
    ["state = done", 9, "running, ended, interrupted"],
    ["duration > 2", 12, "250ms, 2s"],
    ["latency > 2s", 11, "plain number"],
    ['started_at > "2026-11-22"', 14, "without quotes"],
    ["started_at > 2026-02-30", 14, "2026-11-22"],
    ["started_at > 300000d ago", 14, "2h ago"],
    ["trace_id = 4bf92f", 12, 'in quotes, as in "4bf92f"'],
    ["name = 5", 8, "text in quotes"],
    ["duration contains 2s", 10, "no text"],
    ["a < true", 5, "takes a number"],
    ["a > null", 5, "takes a number"],
    ["a starts with 5", 15, "text in quotes"],
    ["a starts 'x'", 10, '"with"'],
    ["a contains null", 12, "takes"],
    ["ai.tool.error", 14, "exists ai.tool.error"],
    ["ai.tool.error and b = 1", 15, "exists ai.tool.error"],
    ["failed contains true", 8, "failed, not failed or failed = true"],
    ["failed > false", 8, "is true or false"],
    ["failed = 1", 10, "is true or false"],
    ["failed duration > 2s", 8, "is true or false"],
    ["name = 'x' and Failed", 16, 'did you mean "failed"?'],
    ["exists", 7, "a name"],
    ["not", 4, "a name"],
    ["(a = 1", 7, '")"'],
    ["a = 1)", 6, "the end"],
    ["a = 1 b = 2", 7, '"and", "or" or the end'],
    ["a in 1", 6, '"("'],
    ["a in (1, )", 10, "a value"],
    ["a in (1 2)", 9, '","'],
    ["a not = 1", 7, '"in"'],
    ["a = 'x", 5, "no closing '"],
    ["a = 'x\\q'", 7, "unknown escape"],
    ["a = 1e999", 5, "no number"],
    ["a..b = 1", 1, "a dot too many"],
    ["a[-1] = 1", 3, "an index"],
    ["a[b] = 1", 3, "a key in quotes"],
    ["attributes = 1", 1, 'attributes["NAME"]'],
    ["{a} = 1", 1, 'attributes["NAME"]'],
    ["日本 = 1 and (あ == 2)", 15, 'did you mean "="?'],
    [`${"a.".repeat(30)}a = 1`, 1, "20 parts"],
    [`${"x = 1 or ".repeat(100)}y`, 902, "exists y"],
    ["(".repeat(9000), 101, "100 levels"],
    ["not ".repeat(2000), 401, "100 levels"],
  ])("%s", (text, column, expected) => {
    const { code, message } = problemIn(text);
    expect(code).toBe("INVALID_QUERY");
    expect(message).toContain(`at column ${column}: `);
    expect(message).toContain(expected);
    const [, shown = "", caret = ""] = message.split("\n");
    const under = [...shown][caret.indexOf("^")] ?? "";
    expect(under).toBe([...text][column - 1] ?? "");
  });

  it("is refused where it is too long", () => {
    expect(problemIn("(".repeat(100_000)).message).toContain("longer than 10000");
  });

  it("is an INVALID_QUERY on three lines without control characters, whatever it is", () => {
    const pieces = fc.constantFrom(
      "a",
      "a.b",
      "=",
      "<",
      "and",
      "not",
      "(",
      ")",
      "in",
      ",",
      '"',
      "'x'",
      "[",
      "]",
      "1",
      "2s",
      "ago",
      "exists",
      "\n",
      "\u001b",
      "state",
      "duration",
      "😀",
    );
    const texts = fc.oneof(
      fc.string({ unit: anyCharacter }),
      fc.array(pieces, { maxLength: 12 }).map((all) => all.join(" ")),
    );
    fc.assert(
      fc.property(texts, (text) => {
        try {
          evaluate(parseWhere(text, NOW), spanFields(SPAN));
        } catch (error) {
          if (!(error instanceof TracelightError)) throw error;
          expect(error.code).toBe("INVALID_QUERY");
          expect(error.message.split("\n")).toHaveLength(3);
          expect(error.message.replaceAll("\n", "")).not.toMatch(/\p{Cc}/u);
        }
      }),
      { numRuns: runs(1000) },
    );
  });
});

describe("the names of a filter", () => {
  const where = parseWhere(
    'ai.tool.nam = "x" and (duration > 2s or not ai.tool.input.city contains "x" or resource.r = 1) and dration = 1',
  );

  it("are those of its attributes, each once", () => {
    expect(attributeNamesIn(where)).toEqual(["ai.tool.nam", "ai.tool.input.city", "dration"]);
    expect(attributeNamesIn(parseWhere('attributes["my key"].x = 1 or attributes["my key"].y = 1'))).toEqual([
      "my key",
    ]);
  });

  it("are held against those that a store knows, and the fields", () => {
    expect(suggestNames(where, ["ai.tool.name", "ai.tool.input", "ai.llm.request.model.id"])).toEqual([
      { name: "ai.tool.nam", suggestion: "ai.tool.name" },
      { name: "dration", suggestion: "duration" },
    ]);
    expect(suggestNames(where, ["ai.tool.nam", "ai", "dration"])).toEqual([]);
  });
});
