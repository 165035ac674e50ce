// Texts that are no UTF-8, as any program can write them: each costs its row or its value, by name, and the rest is read.
import { copyFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { openSqliteFile } from "../../src/sqlite/file.ts";
import { damage, iterated, names, prune, someSpans, useEverything, withFile } from "./damaged.ts";
import { freshPath, sql, tracerOver, withConnection } from "./support.ts";

const TOOLKIT = fileURLToPath(new URL("../fixtures/traces.sqlite", import.meta.url));
/** What no text may hold: a byte that there is not, the end of a character, its beginning, and half of a pair. */
const BAD = ["ff", "80", "c3", "eda080"];

describe("a row that says in such a text which span it is", () => {
  test.each([
    ...BAD.map((bytes) => ["span_name", bytes] as const),
    ["trace_id", "ff"] as const,
    ["span_id", "ff"] as const,
  ])("is left out and named: %s of %s", async (column, bytes) => {
    const path = await someSpans();
    damage(
      path,
      `UPDATE spans SET ${column} = CAST(${column} || x'${bytes}' AS TEXT) WHERE span_name = 'bad'`,
    );
    await withFile(path, async (file) => {
      expect(names(await file.find({}))).toEqual(["before", "after"]);
      expect(names(await iterated(file, {}))).toEqual(["before", "after"]);
      expect(file.leftOut).toBe(1);
      expect(file.notes).toEqual([
        expect.stringMatching(/^The span .* row 2\) could not be read and was left out: /),
      ]);
      await useEverything(file);
      expect(file.leftOut).toBe(1);
    });
    await withFile(path, async (file) => {
      const { rows } = await file.summaries({ by: "trace" });
      expect(rows.map(({ name }) => name)).toEqual(["after", "before"]);
      expect(file.notes).toEqual([expect.stringMatching(/row 2\) could not be read and was left out: /)]);
    });
    const { tracer, errors } = tracerOver(path, { retention: false });
    expect(names(await tracer.getTraces())).toEqual(["before", "after"]);
    expect((await tracer.summaries()).rows).toHaveLength(2);
    expect(errors).toEqual([expect.objectContaining({ code: "INVALID_RECORD" })]);
    await tracer.close();
    expect(await prune(path)).toMatchObject({ spans: 3 });
  });
});

describe("a value of such a text", () => {
  test.each([
    ["attributes", `'{"n":1,"a":"' || x'ff' || '"}'`, /^attributes: /],
    ["origin", "origin || x'ff'", /^resource attributes and scope: /],
    ["details", "details || x'ff'", /^status message, events and links: /],
    ["stored", "x'ff'", /^what is kept elsewhere: /],
    ["parent_span_id", "x'ff'", /^parent_span_id: /],
    ["span_kind", "'SERVER' || x'ff'", /^span_kind: /],
    ["span_status", "'OK' || x'ff'", /^span_status: /],
    ["identifier", "'me' || x'ff'", /^identifier: /],
    ["conversation", "conversation || x'ff'", /^conversation: /],
  ])("is named in its span, and the rest of the span is read: %s", async (column, text, what) => {
    const path = await someSpans();
    damage(path, `UPDATE spans SET ${column} = CAST(${text} AS TEXT) WHERE span_name = 'bad'`);
    await withFile(path, async (file) => {
      const found = await file.find({});
      expect(names(found)).toEqual(["before", "bad", "after"]);
      expect(found[1]?.attributes["tracelight.missing"]).toEqual([expect.stringMatching(what)]);
      expect(file.leftOut).toBe(0);
      expect(file.notes).toEqual([expect.stringMatching(/row 2\) lacks what is missing or damaged/)]);
      await useEverything(file);
      expect(file.notes).toHaveLength(1);
    });
    const { tracer, errors } = tracerOver(path, { retention: false });
    expect(names(await tracer.getTraces())).toEqual(["before", "bad", "after"]);
    expect((await tracer.summaries()).rows).toHaveLength(3);
    expect(errors).toEqual([expect.objectContaining({ code: "INVALID_RECORD" })]);
    await tracer.close();
    expect(await prune(path)).toMatchObject({ spans: 3 });
  });

  test("is told of where only a listing meets it", async () => {
    for (const column of ["parent_span_id", "span_kind", "conversation"]) {
      const path = await someSpans();
      damage(path, `UPDATE spans SET ${column} = CAST(x'ff' AS TEXT) WHERE span_name = 'bad'`);
      await withFile(path, async (file) => {
        expect((await file.summaries({ by: "trace" })).rows).toHaveLength(3);
        expect(file.notes).toEqual([expect.stringContaining(`${column}: it is no text`)]);
      });
    }
  });

  test("that an index is made of is made anew: facts", async () => {
    const path = await someSpans();
    damage(path, "UPDATE spans SET facts = CAST(x'ff' AS TEXT) WHERE span_name = 'bad'");
    await withFile(path, async (file) => {
      expect(names(await file.find({}))).toEqual(["before", "bad", "after"]);
      expect((await file.summaries({ by: "conversation" })).rows).toHaveLength(3);
      await useEverything(file);
      expect(file.leftOut).toBe(0);
    });
  });
});

test.each([
  "UPDATE message_nodes SET messages = CAST(messages || x'ff' AS TEXT) WHERE length = 2",
  "UPDATE message_nodes SET previous = CAST(x'ff' AS TEXT) WHERE length = 4",
  "UPDATE message_nodes SET scope = CAST(x'ff' AS TEXT) WHERE length = 2",
  "UPDATE message_nodes SET hash = CAST(x'ff' AS TEXT) WHERE length = 2",
])("in a chain of messages it costs the lists that it is part of: %s", async (statement) => {
  const path = freshPath();
  const { tracer } = tracerOver(path, { retention: false });
  const history: object[] = [];
  for (let turn = 0; turn < 4; turn++) {
    for (let k = 0; k < 2; k++)
      history.push({ role: "user", content: `${history.length} ${"x".repeat(1000)}` });
    tracer
      .startSpan(`turn ${turn}`, { parentSpan: null })
      .addAttributes({ "ai.llm.request.messages": [...history], turn, "ai.conversation.id": "c" })
      .end();
    await tracer.flush();
  }
  await tracer.close();
  damage(path, statement);
  await withFile(path, async (file) => {
    const found = await file.find({ order: "asc" });
    expect(found.map(({ attributes }) => attributes["turn"])).toEqual([0, 1, 2, 3]);
    await useEverything(file);
  });
  expect(await prune(path)).toMatchObject({ spans: 4 });
});

test("in the other tables it harms no read and no writer", async () => {
  const path = await someSpans();
  damage(
    path,
    `INSERT INTO writers (lock, pid, started_at) VALUES (CAST(x'ff' AS TEXT), CAST(x'ff' AS TEXT), 0);
     INSERT INTO claims (prefix, writer) VALUES (CAST(x'ff' AS TEXT), 99);
     INSERT INTO pieces (owner, piece, bytes) VALUES (CAST(x'ff' AS TEXT), 0, CAST(x'ff' AS TEXT));
     INSERT INTO removals (at, reason, traces, spans) VALUES (0, CAST(x'ff' AS TEXT), 0, 0);
     UPDATE spans SET writer = CAST(x'ff' AS TEXT), ended_at = NULL WHERE span_name = 'bad'`,
  );
  const { tracer, errors } = tracerOver(path);
  tracer.startSpan("new", { parentSpan: null }).end();
  expect(names(await tracer.getTraces())).toEqual(["before", "bad", "after", "new"]);
  await tracer.close();
  expect(errors).toEqual([]);
  await withFile(path, useEverything);
  expect(await prune(path)).toMatchObject({ spans: 4 });
});

test.each([
  "span_name",
  "trace_id",
  "started_at",
  "identifier",
  "scope_name",
  "attributes",
  "resource_attributes",
])("in the Python toolkit's file it costs its row, by name: %s", async (column) => {
  const path = freshPath();
  copyFileSync(TOOLKIT, path);
  withConnection(path, (connection) =>
    connection.exec(`UPDATE traces SET ${column} = CAST(x'7bff7d' AS TEXT) WHERE span_name = 'llm'`),
  );
  const file = await openSqliteFile(path);
  const found = names(await file.find({}));
  expect(found).toContain("converse");
  expect(found).not.toContain("llm");
  expect(await file.summaries({})).toMatchObject({ rows: [{}] });
  expect(file.notes).toEqual([expect.stringMatching(/^1 row is no span and left out: /)]);
  await file.close();
});

test("a text with the sign that stands for what is no text is one, and so are the largest and the emptiest", async () => {
  const path = freshPath();
  const { tracer } = tracerOver(path);
  const attributes = {
    sign: "\ufffd",
    nul: "a\0b",
    bom: "\ufeffx",
    large: "é".repeat(50_000),
    none: "",
    pair: "👩‍🚀",
  };
  tracer.startSpan("it \ufffd is", { parentSpan: null }).addAttributes(attributes).end();
  const [span] = await tracer.getTraces();
  expect(span?.spanName).toBe("it \ufffd is");
  expect(span?.attributes).toMatchObject(attributes);
  const [row] = sql(
    path,
    "SELECT 'a' AS a, '' AS b, x'00ff' AS c, 1.5 AS d, 9e999 AS e, NULL AS f, 1784567890123456.0 AS g, char(0) || 'é' AS h, char(65533) AS i",
  );
  expect(row).toEqual({
    ...{ a: "a", b: "", c: new Uint8Array([0, 255]), d: 1.5, e: Number.POSITIVE_INFINITY, f: null },
    ...{ g: 1784567890123456, h: "\0é", i: "\ufffd" },
  });
});
