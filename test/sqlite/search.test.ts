// Full-text search in an SQLite file: the index finds what a plain look finds, whatever happens while it is made.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateRawSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import { matchesSearch, parseSearch, type SearchQuery, searchTexts } from "../../src/conventions/search.ts";
import { BinaryEncoder } from "../../src/model/binary-encoder.ts";
import type { SpanFields } from "../../src/model/span-fields.ts";
import { encodeValue } from "../../src/model/values.ts";
import type { Connection } from "../../src/sqlite/connection.ts";
import { sqliteDriver } from "../../src/sqlite/driver.ts";
import { prepareFile } from "../../src/sqlite/schema.ts";
import { type SearchOptions, searchSpans } from "../../src/sqlite/search.ts";
import { bringUpToDate } from "../../src/sqlite/search-index.ts";
import { anyCharacter } from "../characters.ts";
import { searches, texts } from "../conventions/words.ts";
import { spanFields } from "../model/arbitraries.ts";
import { runs } from "../sizes.ts";
import { startSearchChild } from "./search-processes.ts";

const SPAN_MICROS = 1_000_000;

/** A file of its own, removed at the end of the test. */
class SearchedFile {
  readonly #folder = mkdtempSync(join(tmpdir(), "tracelight-search-"));
  readonly path: string = join(this.#folder, "traces.db");
  readonly connection: Connection = this.open();

  constructor() {
    prepareFile(this.connection, this.path);
    onTestFinished(() => this.remove());
  }

  /** Another connection. */
  open({ readOnly = false } = {}): Connection {
    const connection = sqliteDriver().open(this.path, { readOnly });
    connection.exec(`PRAGMA busy_timeout = 0; PRAGMA query_only = ${readOnly}`);
    return connection;
  }

  /** Adds spans that ended, a second after each other, in one transaction. */
  add(...spans: readonly Partial<SpanRow>[]): void {
    const columns = Object.keys(ROW);
    const insert = this.connection.prepare(
      `INSERT INTO spans (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`,
    );
    let id = this.count();
    this.connection.exec("BEGIN");
    for (const span of spans) {
      id++;
      const row = {
        ...ROW,
        started_at: id * SPAN_MICROS,
        span_id: id.toString(16).padStart(16, "0"),
        ...span,
      };
      insert.run(...Object.values(row));
    }
    this.connection.exec("COMMIT");
  }

  addTexts(...outputs: readonly string[]): void {
    this.add(...outputs.map((output) => ({ attributes: toolOutput(output) })));
  }

  count(): number {
    return Number(this.connection.prepare("SELECT count(*) AS n FROM spans").get()?.["n"]);
  }

  index(): Promise<number> {
    return bringUpToDate(this.connection, { path: this.path });
  }

  /** All that is found, page by page. */
  find(search: string, options: Partial<SearchOptions> = {}): number[] {
    return findAll(this.connection, search, options);
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

interface SpanRow {
  readonly span_id: string;
  readonly started_at: number;
  readonly ended_at: number | null;
  readonly writer: number | null;
  readonly details: string | null;
  readonly stored: string | null;
  readonly attributes: string;
}

const ROW = {
  trace_id: "1".repeat(32),
  span_id: "2".repeat(16),
  span_name: "work",
  span_kind: "INTERNAL",
  span_status: "OK",
  started_at: 0,
  ended_at: 1,
  writer: null,
  identifier: "_",
  facts: "{}",
  origin: "{}",
  details: null,
  stored: null,
  attributes: "{}",
} as const;

function toolOutput(output: unknown): string {
  return JSON.stringify({ "ai.tool.output": encodeValue(output) });
}

function findAll(connection: Connection, search: string, options: Partial<SearchOptions> = {}): number[] {
  const ids: number[] = [];
  for (let before: number | undefined; ; ) {
    const page = searchSpans(connection, parseSearch(search), {
      limit: 1000,
      ...(before === undefined ? {} : { before }),
      ...options,
    });
    ids.push(...page.ids);
    if (page.next === undefined) return ids;
    before = page.next;
  }
}

function downFrom(last: number, first = 1): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => last - i);
}

describe("the index", () => {
  it("finds words, phrases and beginnings, newest first, and nothing else", async () => {
    const file = new SearchedFile();
    file.addTexts("Rain in Oslo", "Sun in Paris", "Regen für Zürich", "rain, then Sun");
    expect(await file.index()).toBe(4);
    expect(file.find("rain")).toEqual([4, 1]);
    expect(file.find("rain sun")).toEqual([4]);
    expect(file.find('"in oslo"')).toEqual([1]);
    expect(file.find("ra* -oslo")).toEqual([4]);
    expect(file.find("zurich")).toEqual([3]);
    expect(file.find('"work rain"'), "no phrase reaches from the name into the output").toEqual([]);
    expect(file.find("work -rain")).toEqual([3, 2]);
    expect(file.find("snow")).toEqual([]);
  });

  it("finds what a plain look finds, for any texts and searches", async () => {
    const spans = fc.array(fc.record({ name: texts, output: texts, message: texts }), {
      minLength: 1,
      maxLength: 8,
    });
    const file = new SearchedFile();
    await fc.assert(
      fc.asyncProperty(spans, fc.array(searches, { minLength: 1, maxLength: 8 }), async (all, queries) => {
        file.connection.exec("DELETE FROM spans");
        const fields = all.map(({ name, output, message }) =>
          spanFields({
            attributes: {
              "ai.tool.name": name,
              "ai.tool.output": [output, 12],
              "ai.llm.request.messages": [{ role: "user", content: message }, message],
            },
            statusMessage: "failed",
          }),
        );
        file.add(
          ...fields.map(({ attributes }) => ({
            attributes: JSON.stringify(encodeValue(attributes)),
            details: '{"status_message":"failed"}',
          })),
        );
        expect(await file.index()).toBe(all.length);
        const ids = file.connection
          .prepare("SELECT id FROM spans ORDER BY id")
          .all()
          .map(({ id }) => Number(id));
        for (const query of queries) {
          const plain = ids.filter((_, i) => isFound(fields[i], query));
          expect(searchSpans(file.connection, query, { limit: 100 }).ids).toEqual(plain.reverse());
        }
      }),
      { numRuns: runs(200) },
    );
  });

  it("takes no text for the language of FTS5", async () => {
    const file = new SearchedFile();
    file.addTexts("text near col");
    await file.index();
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: anyCharacter, maxLength: 20 }), async (typed) => {
        expect(() => file.find(`near ${typed}`)).not.toThrow();
      }),
      { numRuns: runs(300) },
    );
    for (const hostile of [
      '"',
      "NEAR(a b)",
      "text:near",
      "{text}:near",
      "near AND",
      "^near",
      'near" OR "x',
      "near'; DROP",
    ])
      expect(() => file.find(`near ${hostile}`)).not.toThrow();
  });

  it("is brought up to date with what is new only, and not written to where nothing is", async () => {
    const file = new SearchedFile();
    file.addTexts("one");
    expect(await file.index()).toBe(1);
    file.addTexts("two", "two");
    expect(await file.index()).toBe(2);
    expect(await bringUpToDate(file.open({ readOnly: true }), { path: file.path })).toBe(0);
    expect(file.find("two")).toEqual([3, 2]);
  });

  it("tells how far it is, and stops when told", async () => {
    const file = new SearchedFile();
    file.addTexts(...Array.from({ length: 3000 }, () => "word"));
    const stop = new AbortController();
    const told: number[] = [];
    const onProgress = ({ indexed, left }: { indexed: number; left: number }) => {
      told.push(indexed + left);
      if (told.length === 2) stop.abort();
    };
    const indexed = await bringUpToDate(file.connection, {
      path: file.path,
      onProgress,
      signal: stop.signal,
    });
    expect(told).toEqual([3000, 3000]);
    expect(indexed).toBeLessThan(3000);
    expect(indexed + (await file.index())).toBe(3000);
    expect(file.find("word")).toEqual(downFrom(3000));
  });

  it("is made anew where another release made it", async () => {
    const file = new SearchedFile();
    file.addTexts("one");
    await file.index();
    file.connection.exec("UPDATE search_state SET version = 0");
    expect(file.find("one")).toEqual([1]);
    expect(await file.index()).toBe(1);
    expect(file.find("one")).toEqual([1]);
  });
});

/** A plain look at a span that is stored with the name of `ROW`. */
function isFound(span: SpanFields | undefined, query: SearchQuery): boolean {
  return span !== undefined && matchesSearch(searchTexts({ ...span, spanName: ROW.span_name }), query);
}

describe("a search in a file", () => {
  it("gives pages, of spans within a time", async () => {
    const file = new SearchedFile();
    file.addTexts(...Array.from({ length: 50 }, () => "word"));
    await file.index();
    expect(file.find("word", { limit: 7 })).toEqual(downFrom(50));
    const [since, until] = [new Date(10_000), new Date(20_000)];
    expect(file.find("word", { since, until, limit: 3 })).toEqual(downFrom(19, 10));
  });

  it.each([0, 30])(
    "finds what is not indexed in a file that cannot be written to, %i of 50 being so",
    async (first) => {
      const file = new SearchedFile();
      file.addTexts(...Array.from({ length: first }, () => "word"));
      if (first > 0) await file.index();
      file.addTexts(...Array.from({ length: 50 - first }, () => "word"));
      const reader = file.open({ readOnly: true });
      await expect(bringUpToDate(reader, { path: file.path })).rejects.toThrow(
        expect.objectContaining({ code: "STORE_READ_ONLY" }),
      );
      expect(findAll(reader, "word", { limit: 7 })).toEqual(downFrom(50));
      expect(findAll(reader, "word", { since: new Date(40_000) })).toEqual(downFrom(50, 40));
      expect(findAll(reader, "nothing")).toEqual([]);
    },
  );

  it("looks through no more than some thousand spans a page", () => {
    const file = new SearchedFile();
    file.addTexts("needle", ...Array.from({ length: 9000 }, () => "hay"));
    const first = searchSpans(file.connection, parseSearch("needle"), { limit: 10 });
    expect(first.ids).toEqual([]);
    expect(first.next).toBeGreaterThan(1);
    expect(file.find("needle")).toEqual([1]);
  });
});

describe("a span that runs", () => {
  it("is found by what it has so far, and indexed when it has ended or was interrupted", async () => {
    const file = new SearchedFile();
    const running = { ended_at: null, writer: 7, attributes: toolOutput("early words") };
    file.add(running, running, running);
    file.addTexts("other words");
    expect(await file.index()).toBe(1);
    expect(file.find("words")).toEqual([4, 3, 2, 1]);
    expect(await file.index()).toBe(0);

    file.connection
      .prepare("UPDATE spans SET ended_at = 5, writer = NULL, attributes = ? WHERE id = 1")
      .run(toolOutput("late words"));
    file.connection.exec("UPDATE spans SET writer = NULL WHERE id = 2");
    expect(await file.index()).toBe(2);
    expect(file.find("late")).toEqual([1]);
    expect(file.find("early")).toEqual([3, 2]);
    expect(file.find("words", { limit: 2 })).toEqual([4, 3, 2, 1]);
  });
});

describe("what is kept outside of its row", () => {
  const [listA, listB, listC, listD] = ["a".repeat(32), "b".repeat(32), "c".repeat(32), "d".repeat(32)];
  const [spanOne, spanTwo, spanThree] = ["1".padStart(16, "0"), "2".padStart(16, "0"), "3".padStart(16, "0")];
  const stored = (hash: string, more: object = {}) =>
    JSON.stringify({ lists: { "ai.llm.request.messages": { hash, length: 2 } }, ...more });

  it("is found by the span that brought it: messages once, large values, large events", async () => {
    const file = new SearchedFile();
    const node = file.connection.prepare("INSERT INTO message_nodes VALUES (?, ?, ?, ?, 's', ?, ?)");
    node.run(listA, "", 0, 1, spanOne, JSON.stringify([{ role: "user", content: "hello" }]));
    node.run(listB, listA, 1, 2, spanOne, JSON.stringify([{ role: "assistant", content: "rain?" }]));
    node.run(listC, listB, 2, 3, spanTwo, '{"bytes":31}');
    const piece = file.connection.prepare("INSERT INTO pieces VALUES (?, ?, ?)");
    piece.run(`node/${listC}`, 0, packed({ role: "user", content: "snow!" }, true));
    const large = packed(["large words"]);
    piece.run(`${ROW.trace_id}/${spanTwo}/0`, 0, large.subarray(0, 5));
    piece.run(`${ROW.trace_id}/${spanTwo}/0`, 1, large.subarray(5));
    const events = [{ name: "exception", attributes: { "exception.message": "hail" } }];
    piece.run(`${ROW.trace_id}/${spanThree}/0`, 0, packed(events));
    file.add(
      { stored: stored(listB), attributes: '{"ai.llm.request.messages":null}' },
      { stored: stored(listC, { pieces: { "ai.tool.output": { number: 0, bytes: 13 } } }) },
      { stored: stored(listA, { events: { number: 0, bytes: 9 } }) },
    );
    for (const indexed of [0, 3]) {
      expect(indexed === 0 ? 0 : await file.index()).toBe(indexed);
      expect(file.find("hello")).toEqual([1]);
      expect(file.find("rain")).toEqual([1]);
      expect(file.find("snow")).toEqual([2]);
      expect(file.find('"large words"')).toEqual([2]);
      expect(file.find("hail")).toEqual([3]);
      expect(file.find("work")).toEqual([3, 2, 1]);
    }
  });

  it("does not hide the rest where it is lost or damaged", async () => {
    const file = new SearchedFile();
    const node = file.connection.prepare("INSERT INTO message_nodes VALUES (?, '', 0, 2, 's', ?, ?)");
    node.run(listA, spanOne, '{"bytes":3}');
    file.connection
      .prepare("INSERT INTO pieces VALUES (?, 0, ?)")
      .run(`node/${listA}`, deflateRawSync(Buffer.from([200, 200])));
    file.add(
      { stored: stored(listA) },
      { stored: stored(listD) },
      { stored: '{"pieces":{"ai.tool.output":{"number":9,"bytes":9}}}' },
      { attributes: "{", details: "[", stored: "no" },
      { details: '{"events":[{"at":1},null]}', attributes: toolOutput("fine") },
    );
    expect(await file.index()).toBe(5);
    expect(file.find("work")).toEqual([5, 4, 3, 2, 1]);
    expect(file.find("fine")).toEqual([5]);
  });
});

/** As the content store packs a value, or a node of one message. */
function packed(value: unknown, isMessage = false): Buffer {
  const encoder = new BinaryEncoder(value);
  const chunks: Uint8Array[] = [];
  for (let step = encoder.step(); step !== undefined; step = encoder.step()) chunks.push(...step);
  const bytes = Buffer.concat(chunks);
  return deflateRawSync(isMessage ? Buffer.concat([Buffer.from([bytes.length]), bytes]) : bytes);
}

describe("spans that are removed", () => {
  it("are no longer found, whether the index has forgotten them or not", async () => {
    const file = new SearchedFile();
    file.addTexts("one", "two", "three");
    file.add({ ended_at: null, writer: 7, attributes: toolOutput("four") });
    await file.index();
    file.connection.exec("DELETE FROM spans WHERE id IN (1, 3, 4)");
    expect(file.find("one")).toEqual([]);
    expect(file.find("work")).toEqual([2]);
    file.connection.exec(
      "DELETE FROM search WHERE rowid IN (1, 3, 4); DELETE FROM search_waiting WHERE id IN (1, 3, 4)",
    );
    file.addTexts("newer", "newest");
    expect(await file.index()).toBe(2);
    expect(file.find("newest")).toEqual([6]);
    expect(file.find("work")).toEqual([6, 5, 2]);
    file.connection.exec("INSERT INTO search (search) VALUES ('integrity-check')");
  });
});

describe("with others at the same file", () => {
  const SPANS = 5000;
  function largeFile(): SearchedFile {
    const file = new SearchedFile();
    file.addTexts(...Array.from({ length: SPANS }, (_, i) => `word number${i + 1}`));
    return file;
  }

  function countIndexed(file: SearchedFile): number {
    return Number(file.connection.prepare("SELECT count(*) AS n FROM search").get()?.["n"]);
  }

  function expectAllOnce(file: SearchedFile): void {
    expect(file.find("word")).toEqual(downFrom(SPANS));
    expect(file.find("number4321")).toEqual([4321]);
    expect(countIndexed(file)).toBe(SPANS);
    file.connection.exec("INSERT INTO search (search) VALUES ('integrity-check')");
  }

  it("an indexer that is killed amid a slice leaves what the next one needs", async () => {
    const file = largeFile();
    const child = startSearchChild({ path: file.path, stopAt: 2500 });
    await child.ready;
    child.kill();
    expect(await child.ended).toBe("SIGKILL");
    const before = Number(file.connection.prepare("SELECT up_to FROM search_state").get()?.["up_to"]);
    expect(before).toBeGreaterThan(0);
    expect(before).toBeLessThan(2500);
    expect(countIndexed(file)).toBe(before);
    expect(file.find("word")).toEqual(downFrom(SPANS));
    expect(await file.index()).toBe(SPANS - before);
    expectAllOnce(file);
  });

  it("two indexers share the work", async () => {
    const file = largeFile();
    const child = startSearchChild({ path: file.path });
    const other = file.open();
    const indexed = await Promise.all([
      file.index(),
      bringUpToDate(other, { path: file.path }),
      child.indexed,
    ]);
    expect(indexed.reduce((sum, count) => sum + count, 0)).toBe(SPANS);
    expectAllOnce(file);
  });

  it("an indexer waits for the lock of a writer, and gives up in the end", async () => {
    const file = largeFile();
    const writer = file.open();
    writer.exec("BEGIN IMMEDIATE");
    await expect(bringUpToDate(file.connection, { path: file.path, patienceMs: 0 })).rejects.toThrow(
      expect.objectContaining({ code: "STORE_LOCKED" }),
    );
    const indexing = bringUpToDate(
      whenRefused(file.open(), () => writer.exec("COMMIT")),
      { path: file.path },
    );
    expect(await indexing).toBe(SPANS);
    expectAllOnce(file);
  });
});

/** The connection, calling `act` when it has been refused a lock three times. */
function whenRefused(connection: Connection, act: () => void): Connection {
  let refused = 0;
  return {
    prepare: (sql) => connection.prepare(sql),
    prepareNumbers: (sql) => connection.prepareNumbers(sql),
    close: () => connection.close(),
    exec: (sql) => {
      try {
        return connection.exec(sql);
      } catch (error) {
        if (++refused === 3) act();
        throw error;
      }
    },
  };
}
