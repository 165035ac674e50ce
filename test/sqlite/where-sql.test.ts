// Filters as SQL: SQLite may leave a row to be looked at, but never leaves out one that is meant.
import fc from "fast-check";
import { matches, type TraceQuery } from "tracelight";
import { afterAll, describe, expect, it } from "vitest";
import { capture } from "../../src/model/capture.ts";
import { conversationKey } from "../../src/model/conversation.ts";
import type { SpanFields } from "../../src/model/span-fields.ts";
import { evaluate } from "../../src/model/where.ts";
import { parseWhere } from "../../src/model/where-syntax.ts";
import type { SqlValue } from "../../src/sqlite/connection.ts";
import { sqliteDriver } from "../../src/sqlite/driver.ts";
import { INSERT_SPAN, rowValues, type Stored } from "../../src/sqlite/rows.ts";
import { prepareFile } from "../../src/sqlite/schema.ts";
import type { SqlCondition } from "../../src/sqlite/sql-conditions.ts";
import { queryToSql, whereToSql } from "../../src/sqlite/where-sql.ts";
import { spanFields } from "../model/arbitraries.ts";
import { filter, leaf, texts, value, type Written, written } from "../model/filters.ts";
import { runs } from "../sizes.ts";

const NOW = new Date("2026-11-22T10:00:00Z");
const database = sqliteDriver().open(":memory:");
prepareFile(database, ":memory:");
const insert = database.prepare(INSERT_SPAN);

afterAll(() => {
  database.close();
});

/** Makes the table hold these spans, in this order. */
function write(written: readonly Written[]): void {
  database.exec("DELETE FROM spans");
  for (const { span, identifier = "_", elsewhere = [] } of written) {
    const lists = Object.fromEntries(elsewhere.map((key) => [key, { hash: "h", length: 1 }]));
    const stored: Stored | undefined = elsewhere.length === 0 ? undefined : { lists };
    insert.run(...rowValues(span, { identifier, stored, writer: span.state === "running" ? 1 : null }));
  }
}

/** Which rows, the first being 1, the condition finds. */
function found({ sql, values }: SqlCondition): number[] {
  const rows = database
    .prepare(`SELECT id IN (SELECT id FROM spans WHERE ${sql}) AS isFound FROM spans ORDER BY id`)
    .all(...values);
  return rows.flatMap(({ isFound }, i) => (isFound === 1 ? [i + 1] : []));
}

/** For each row what the condition says. */
function answers({ sql, values }: SqlCondition): SqlValue[] {
  const rows = database.prepare(`SELECT ${sql} AS answer FROM spans ORDER BY id`).all(...values);
  return rows.map(({ answer }) => answer ?? null);
}

function is(holds: boolean): number {
  return holds ? 1 : 0;
}

describe("a filter as SQL", () => {
  it("holds where the filter may, and does not where it must not", () => {
    fc.assert(
      fc.property(
        fc.array(written, { minLength: 1, maxLength: 8 }),
        fc.array(filter, { minLength: 1, maxLength: 8 }),
        (rows, filters) => {
          write(rows);
          for (const text of filters) {
            const where = parseWhere(text, NOW);
            const { may, must } = whereToSql(where);
            const holds = rows.map(({ span }) => is(evaluate(where, span)));
            const [maybe, surely] = [answers(may), answers(must)];
            for (const [i, expected] of holds.entries()) {
              expect([0, 1], text).toContain(maybe[i]);
              expect([0, 1], text).toContain(surely[i]);
              if (expected === 1) expect(maybe[i], `may: ${text}`).toBe(1);
              else expect(surely[i], `must: ${text}`).toBe(0);
            }
          }
        },
      ),
      { numRuns: runs(400) },
    );
  });

  const decided = spanFields({
    spanName: "get_weather",
    spanKind: "CLIENT",
    spanStatus: "ERROR",
    statusMessage: "went wrong",
    startedAtMicros: Date.parse("2026-11-22T09:30:00Z") * 1000,
    endedAtMicros: Date.parse("2026-11-22T09:30:02.5Z") * 1000,
    scope: { name: "agent", version: "1.2.3" },
    resourceAttributes: { "service.name": "MyAgent", replicas: 3 },
    attributes: {
      "ai.tool.name": "get_weather",
      "ai.tool.input": { city: "London", days: [1, 2], "deep.er": { x: 1.5 } },
      "ai.cycle.nr": 3,
      "my key": "one two",
      price: 0.1,
      big: 12345678901234567890n,
      at: new Date("2026-11-22T00:00:00Z"),
      ok: false,
      nothing: null,
      text: 'two\nlines, "quoted"',
      minus: -0,
    },
  });
  it.each([
    ['ai.tool.name = "get_weather" and duration > 2s', true],
    ['ai.tool.name = "other"', false],
    ['ai.tool.name != "other"', true],
    ['ai.tool.name in ("a", "get_weather")', true],
    ['ai.tool.name contains "WEATHER"', true],
    ['ai.tool.name not contains "weather"', false],
    ['ai.tool.name starts with "Get"', true],
    ['ai.tool.name < "h" and ai.tool.name >= "get_weather"', true],
    ['ai.tool.input.city = "London"', true],
    ['ai.tool.input.city = "Paris" or ai.tool.input["days"][1] = 2', true],
    ["ai.tool.input.days[2] = null", true],
    ["exists ai.tool.input.city and not exists ai.tool.output", true],
    ['ai.tool.input["deep.er"].x > 1', true],
    ['ai.tool.input contains "berlin"', false],
    ["ai.cycle.nr = 3 and ai.cycle.nr <= 3 and ai.cycle.nr > 2.5", true],
    ["ai.cycle.nr < 3 or ai.cycle.nr > 3", false],
    ['ai.cycle.nr = "3"', false],
    ['attributes["my key"] = "one two"', true],
    ["price = 0.1 and price >= 0.1 and price <= 0.1 and price < 0.11", true],
    ["price < 0.1 or price > 0.1", false],
    ["big = 12345678901234567890n", true],
    ["at = 2026-11-22", true],
    ["ok = false and ok != true", true],
    ["nothing = null and missing = null", true],
    ["exists nothing", false],
    ['text starts with "two\\nLINES, \\"q"', true],
    ["minus = 0", true],
    ["status = ERROR and kind = client and state = ended", true],
    ["state != ended", false],
    ['name = "get_weather" and span_name != "x" and name < "h" and name contains "_W"', true],
    ['status_message contains "WRONG" and status_message starts with "went"', true],
    ['trace_id starts with "aaaa" and parent_span_id = null', true],
    ["started_at >= 2026-11-22T09:30Z and ended_at < 2026-11-22T09:30:03", true],
    ["started_at > 20m ago", false],
    ["duration <= 2500ms and duration >= 2.5s and duration != 1m", true],
    ['resource.service.name = "MyAgent" and resource.replicas > 2', true],
    ['scope.name = "agent" and scope.version starts with "1."', true],
  ])("decides %s by itself", (text, expected) => {
    write([{ span: decided }]);
    const where = parseWhere(text, NOW);
    const { may, must } = whereToSql(where);
    expect(evaluate(where, decided)).toBe(expected);
    expect([answers(may), answers(must)]).toEqual([[is(expected)], [is(expected)]]);
  });

  it.each<[string, Partial<SpanFields>]>([
    ['x > "a"', { attributes: { x: "a\0b" } }],
    ['x >= "\\ud800" or x < "\\ud800"', { attributes: { x: "\ud800" } }],
    ['x contains "été"', { attributes: { x: "ÉTÉ" } }],
    ['x starts with "ÉT" and not x contains "Σ"', { attributes: { x: "été" } }],
    ['x contains "σα"', { attributes: { x: "ΟΣΑ" } }],
    ['x contains "kelvin" and x contains "ist"', { attributes: { x: "\u212aELVIN IST" } }],
    ['x contains "i" and not x contains "is"', { attributes: { x: "\u0130S" } }],
    ['x contains "n" or x contains "u0000"', { attributes: { x: "\n\0" } }],
    ['x contains "\\n" and x contains "\\"" and x contains "\\u0000"', { attributes: { x: '\n"\0' } }],
    ['x contains "__set__" or x contains "key"', { attributes: { x: [new Set(), { key: 1 }] } }],
    ["x contains 1", { attributes: { x: [12] } }],
    ['x["__bytes__"] = 5', { attributes: { x: { __bytes__: 5 } } }],
    ['exists x["__map__"] or exists x.__escaped__', { attributes: { x: new Map([[1, 2]]) } }],
    ['exists x["__map__"][0]', { attributes: { x: { y: new Map([[1, 2]]) } } }],
    ["x < 5n and x > 4", { attributes: { x: 4.5 } }],
    ["x < 5n and x <= 4", { attributes: { x: 4n } }],
    ["x <= 0 and x >= 0 and x = 0", { attributes: { x: -0 } }],
    ["x > 1e300 and not x < 0", { attributes: { x: Number.POSITIVE_INFINITY } }],
    ["x >= 1152921504606846976 and x <= 1152921504606846976", { attributes: { x: 2 ** 60 } }],
    // SQLite 3.45 reads the one as the other.
    ["x > 4.7438795267064617e+266", { attributes: { x: 4.743879526706462e266 } }],
    ["x > 2026-01-01", { attributes: { x: new Date("2026-11-22T00:00:00Z") } }],
    ['name = "a\ufffdb"', { spanName: "a\0b" }],
    ['name = "a\\u0000b" and name > "a" and name contains "\\u0000"', { spanName: "a\0b" }],
    ['status_message = "a\\u0000b" and status_message > "a"', { statusMessage: "a\0b" }],
    ["state = interrupted", { state: "interrupted", endedAtMicros: undefined }],
    ["state = running", { state: "interrupted", endedAtMicros: undefined }],
  ])("is careful with %s", (text, fields) => {
    const span = spanFields(fields);
    write([{ span }]);
    const where = parseWhere(text);
    const { may, must } = whereToSql(where);
    if (evaluate(where, span)) expect(answers(may)).toEqual([1]);
    else expect(answers(must)).toEqual([0]);
    const opposite = whereToSql({ kind: "not", part: where });
    if (evaluate(where, span)) expect(answers(opposite.must)).toEqual([0]);
    else expect(answers(opposite.may)).toEqual([1]);
  });

  it("leaves what is kept outside of the row open, and nothing else of that row", () => {
    const attributes = { messages: [{ content: "hello" }], "ai.tool.name": "x" };
    write([{ span: spanFields({ attributes }), elsewhere: ["messages"] }]);
    for (const text of [
      'messages contains "hello"',
      'messages contains "bye"',
      "messages = null",
      "exists messages.city",
    ]) {
      const { may, must } = whereToSql(parseWhere(text));
      expect([answers(may), answers(must)], text).toEqual([[1], [0]]);
    }
    const { may } = whereToSql(parseWhere('ai.tool.name = "y"'));
    expect(answers(may)).toEqual([0]);
  });

  it("leaves open what is nested deeper than SQLite reads", () => {
    let deep: unknown = "x";
    for (let i = 0; i < 600; i++) deep = { __set__: deep };
    const event = { name: "e", at: NOW, attributes: { deep } };
    const span = spanFields({ attributes: { deep, a: 1 }, resourceAttributes: { deep }, events: [event] });
    write([{ span }]);
    for (const text of ["a = 1", "a = 2", "resource.a = 1", 'scope.name = "test"', 'status_message = "x"']) {
      const { may, must } = whereToSql(parseWhere(text));
      expect([answers(may), answers(must)], text).toEqual([[1], [0]]);
    }
    expect(found(queryToSql({ attributeFilter: { a: 1, deep: { x: 1 } }, spanName: "work" }))).toEqual([1]);
    expect(found(queryToSql({ spanName: "x", spanStatus: "OK" }))).toEqual([]);
  });

  it("takes the longest and deepest filters that there are", () => {
    write([{ span: decided }]);
    const long = `${"n.".repeat(19)}n`;
    const deep = (levels: number) =>
      `${`(${long} < 1 or (not (b = "x" and `.repeat(levels)}${long} > 2${")))".repeat(levels)}`;
    const nots = (levels: number) => `${"not (a = 1 or ".repeat(levels)}${long} > 2${")".repeat(levels)}`;
    const wide = Array.from({ length: 800 }, (_, i) => `x = ${i}`).join(" or ");
    const longs = Array.from({ length: 200 }, () => `${long} = 1`).join(" and ");
    const nested = Array.from(
      { length: 12 },
      (_, i) => `(${i % 2 === 0 ? "c = 1 or ".repeat(31) : "c = 1 and ".repeat(31)}`,
    );
    const texts = [wide, wide.replaceAll("or", "and"), longs, `${nested.join("")}c = 1${")".repeat(12)}`];
    for (const levels of [1, 2, 3, 4, 5, 8, 12, 25]) texts.push(deep(levels), nots(levels));
    for (const text of texts) {
      const where = parseWhere(text);
      const { may, must } = whereToSql(where);
      if (evaluate(where, decided)) expect(found(may)).toEqual([1]);
      else expect(answers(must)).toEqual([0]);
    }
  });
});

const filterValues = fc.oneof(value, leaf);
const queries: fc.Arbitrary<TraceQuery> = fc.record(
  {
    traceId: fc.constantFrom("a".repeat(32), "x"),
    conversation: filterValues.filter((id) => conversationKey(capture(id)) !== undefined),
    identifier: fc.constantFrom("_", "x", "a\0b"),
    spanName: texts,
    spanStatus: fc.constantFrom("UNSET" as const, "OK" as const),
    attributeFilter: fc
      .tuple(fc.constantFrom("a", "b", "my key", "ü", "ai.conversation.id"), filterValues)
      .map(([key, item]) => ({ [key]: item ?? null })),
    where: filter,
    since: fc.constantFrom(new Date(1000), new Date(1001)),
    until: fc.constantFrom(new Date(1000), new Date(1001)),
  },
  { requiredKeys: [] },
);
const named = fc.constantFrom("ai.conversation.id", "gen_ai.conversation.id", "session.id");
const inConversations = fc.tuple(written, named, fc.option(filterValues)).map(([row, name, id]) => ({
  ...row,
  span: {
    ...row.span,
    attributes: {
      ...row.span.attributes,
      ...(id === null ? {} : { [name]: capture(id) ?? null }),
    },
  },
}));

describe("a query as SQL", () => {
  it("holds for every row that the query asks for", () => {
    fc.assert(
      fc.property(
        fc.array(inConversations, { minLength: 1, maxLength: 8 }),
        fc.array(queries, { minLength: 1, maxLength: 5 }),
        (rows, asked) => {
          write(rows);
          for (const query of asked) {
            const maybe = found(queryToSql(query));
            for (const [i, { span, identifier }] of rows.entries()) {
              if (matches(span, query, identifier)) expect(maybe).toContain(i + 1);
            }
          }
        },
      ),
      { numRuns: runs(400) },
    );
  });

  it("decides the ordinary ones, conversations by their column", () => {
    const rows = [1, "1", null, undefined, ""].map((id) => ({
      span: spanFields({
        spanName: `turn ${String(id)}`,
        attributes: id === undefined ? { "session.id": 1 } : { "ai.conversation.id": id, turn: 1 },
      }),
    }));
    write(rows);
    const ids = (query: TraceQuery) => found(queryToSql(query)).join("");
    expect(ids({})).toBe("12345");
    expect(ids({ conversation: 1 })).toBe("14");
    expect(ids({ conversation: "1" })).toBe("2");
    // Whose attribute it is, is seen in the span.
    expect(ids({ attributeFilter: { "ai.conversation.id": 1 } })).toBe("14");
    expect(ids({ attributeFilter: { "ai.conversation.id": "1" } })).toBe("2");
    expect(ids({ attributeFilter: { "ai.conversation.id": null } })).toBe("34");
    expect(ids({ attributeFilter: { turn: 1 }, spanName: "turn 1" })).toBe("12");
    expect(ids({ attributeFilter: { turn: null } })).toBe("4");
    expect(
      ids({ where: "turn = 1", since: new Date(1000), until: new Date(1001), spanStatus: "UNSET" }),
    ).toBe("1235");
    expect(ids({ traceId: "b".repeat(32) })).toBe("");
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`a${i}`, null]));
    for (const query of [
      { conversation: 1 },
      { attributeFilter: { "ai.conversation.id": 1 } },
      { attributeFilter: { ...many, "ai.conversation.id": 1 } },
    ]) {
      const { sql, values } = queryToSql(query);
      const plan = database
        .prepare(`EXPLAIN QUERY PLAN SELECT * FROM spans WHERE ${sql} ORDER BY started_at, id`)
        .all(...values);
      expect(JSON.stringify(plan)).toContain("spans_by_conversation");
      expect(JSON.stringify(plan)).not.toContain("TEMP B-TREE");
    }
  });
});
