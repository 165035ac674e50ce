// `tracelight redact`: what is in a store is told without being shown, and taken out of an SQLite file to the last byte.
import { copyFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { NAMES, type Span } from "tracelight";
import { SqliteTracer } from "tracelight/sqlite";
import { describe, expect, it } from "vitest";
import { sqliteDriver } from "../../src/sqlite/driver.ts";
import { openSqliteFile } from "../../src/sqlite/file.ts";
import { folder, jsonOf, outcomeOf, start, tracelight, useFolder } from "../cli/command.ts";

useFolder();

const SECRET = "ada.lovelace@example.org";
const TURNS = 40;
const filler = (n: number) => Array.from({ length: n }, (_, i) => `word${i * 7919}`).join(" ");

/** The file is made once: it has the secret in all that a file has: rows, lists, pieces, index, digests, log, free pages. */
async function planted(name: string): Promise<string> {
  made ??= make("made.db");
  const path = join(folder, name);
  copyFileSync(await made, path);
  return path;
}

let made: Promise<string> | undefined;

async function make(name: string): Promise<string> {
  const path = join(folder, name);
  const tracer = new SqliteTracer({ path, retention: false });
  const history: object[] = [];
  for (let turn = 0; turn < TURNS; turn++) {
    history.push({ role: "user", content: [{ text: `${turn}: I am ${SECRET}. ${filler(60)}` }] });
    tracer.trace(`turn for ${SECRET}`, (span) => {
      span.addAttribute("ai.conversation.id", `talk of ${SECRET}`, { inheritable: true });
      span.addAttribute("ai.user.input", `I am ${SECRET}`);
      span.addEvent("said", { by: SECRET });
      tracer.trace("invoke_model", (call) => call.addAttribute(NAMES.requestMessages, history));
    });
  }
  tracer.trace("without a conversation", (span) => {
    span.addAttribute(NAMES.requestMessages, [
      { role: "user", content: [{ text: `${filler(300)} ${SECRET}` }] },
    ]);
  });
  tracer.trace("large", (span) => {
    span.addAttribute("ai.tool.output", `${filler(32_000)} ${SECRET}`);
    span.addAttribute(NAMES.requestMessages, [
      { role: "user", content: [{ text: `${filler(32_000)} ${SECRET}` }] },
    ]);
  });
  tracer.trace("clean", (span) => span.addAttribute("ai.user.input", "nothing here"));
  await tracer.close();
  const found = await tracelight(["search", SECRET, name, "--json"]);
  expect(found.code).toBe(0);
  await tracelight(["stats", name]);
  leaveFreePages(path);
  return path;
}

/** Another program removes rows without wiping their bytes. */
function leaveFreePages(path: string): void {
  const connection = sqliteDriver().open(path);
  connection.exec("PRAGMA secure_delete = OFF");
  const text = `${SECRET} `.repeat(5000);
  for (let i = 0; i < 3; i++) {
    connection
      .prepare("INSERT INTO pieces (owner, piece, bytes) VALUES (?, 0, ?)")
      .run(`odd/${i}`, Buffer.from(text));
  }
  connection.exec("DELETE FROM pieces WHERE owner LIKE 'odd/%'");
  connection.close();
}

/** Bytes of the file and its log that say the secret. */
function leaks(path: string, secret = "lovelace"): number {
  const files = ["", "-wal", "-shm", "-journal"].map((ending) => bytesOf(path + ending));
  const forms = [Buffer.from(secret), Buffer.from(secret, "utf16le")];
  return files.flatMap((bytes) => forms.filter((form) => bytes.includes(form))).length;
}

function bytesOf(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch {
    return Buffer.alloc(0);
  }
}

async function spansOf(path: string): Promise<readonly Span[]> {
  const file = await openSqliteFile(path);
  try {
    return await file.find();
  } finally {
    await file.close();
  }
}

/** Whose pieces there are that nothing refers to. */
function orphans(path: string): readonly unknown[] {
  const connection = sqliteDriver().open(path, { readOnly: true });
  const all = (sql: string) => connection.prepare(sql).all();
  const stored = all("SELECT stored FROM spans WHERE stored IS NOT NULL")
    .map(({ stored }) => String(stored))
    .join();
  const nodes = all("SELECT hash, messages FROM message_nodes");
  const lost = all("SELECT DISTINCT owner FROM pieces").filter(({ owner }) => {
    const number = String(owner).split("/").at(-1);
    const node = nodes.find(({ hash }) => String(owner).includes(String(hash)));
    return !(node === undefined ? stored : String(node["messages"])).includes(`"number":${number}`);
  });
  connection.close();
  return lost;
}

function nodesOf(path: string): number {
  const connection = sqliteDriver().open(path, { readOnly: true });
  const n = Number(connection.prepare("SELECT count(*) AS n FROM message_nodes").get()?.["n"]);
  connection.close();
  return n;
}

describe("redact --check", () => {
  it("tells kinds and places with the exit code 1, and shows nothing", async () => {
    await planted("check.db");
    const text = await tracelight(["redact", "check.db", "--check"]);
    expect(text.code).toBe(1);
    expect(text.stdout).toMatch(/EMAIL\s+attribute ai\.user\.input\s+40/);
    expect(text.stdout + text.stderr).not.toContain("lovelace");
    const rows = jsonOf(await tracelight(["redact", "check.db", "--check", "--json"]));
    expect(Object.fromEntries(rows.map(({ place, spans }) => [place, spans]))).toEqual({
      "attribute ai.conversation.id": 2 * TURNS,
      "attribute ai.user.input": TURNS,
      [`attribute ${NAMES.requestMessages}`]: TURNS + 2,
      "attribute ai.tool.output": 1,
      "span name": TURNS,
      "event attribute by": TURNS,
    });
    expect(rows[0]).toMatchObject({
      kind: "EMAIL",
      trace_id: expect.any(String),
      span_id: expect.any(String),
    });
  });

  it("tells of what is disguised or encoded what it is; --apply leaves nothing of it", async () => {
    const path = join(folder, "disguised.db");
    const tracer = new SqliteTracer({ path });
    tracer.trace("work", (span) =>
      span.addAttributes({
        query: `to=${encodeURIComponent(SECRET)}`,
        base64: Buffer.from(JSON.stringify({ to: SECRET })).toString("base64"),
        parts: [SECRET.slice(0, 13), SECRET.slice(13)],
      }),
    );
    await tracer.close();
    const rows = jsonOf(await tracelight(["redact", "disguised.db", "--check", "--json"]));
    expect(rows.map(({ kind, place }) => `${kind} ${place}`).sort()).toEqual(
      ["base64", "parts", "query"].map((name) => `EMAIL attribute ${name}`),
    );
    expect((await tracelight(["redact", "disguised.db", "--apply"])).code).toBe(0);
    expect((await tracelight(["redact", "disguised.db", "--check"])).code).toBe(0);
    const { stdout } = await tracelight(["export", "disguised.db"]);
    expect(stdout).toContain(Buffer.from('{"to":"[EMAIL]"}').toString("base64"));
    expect(readFileSync(path, "latin1")).not.toContain("lace");
  });

  it("ends with 0 where there is nothing, in lines as in files", async () => {
    const path = join(folder, "clean.jsonl");
    const tracer = new SqliteTracer({ path: join(folder, "clean.db") });
    tracer.trace("clean", (span) => span.addAttribute("ai.user.input", "order 4711"));
    await tracer.close();
    await tracelight(["export", "clean.db", "--out", "clean.jsonl"]);
    for (const name of ["clean.db", path]) {
      const { code, stderr } = await tracelight(["redact", name, "--check"]);
      expect([code, stderr]).toEqual([0, expect.stringContaining("Nothing to redact in 1 span")]);
    }
  });

  it("asks what is to be done, and says how others are redacted", async () => {
    expect((await tracelight(["redact", "clean.db"])).code).toBe(2);
    expect((await tracelight(["redact", "clean.db", "--check", "--apply"])).code).toBe(2);
    const { code, stderr } = await tracelight(["redact", "clean.jsonl", "--apply"]);
    expect([code, stderr]).toEqual([2, expect.stringContaining("tracelight export --redact")]);
  });
});

describe("redact --apply", () => {
  it("leaves no byte of it in the file, and all else as it was", async () => {
    const path = await planted("apply.db");
    const before = await spansOf(path);
    const nodes = nodesOf(path);
    expect(leaks(path)).toBeGreaterThan(0);
    const done = await tracelight(["redact", "apply.db", "--apply"]);
    expect([done.code, done.stderr]).toEqual([
      0,
      expect.stringContaining("82 of 83 spans redacted in apply.db"),
    ]);
    expect(leaks(path)).toBe(0);
    const after = await spansOf(path);
    const put = (text: string) => text.replaceAll(SECRET, "[EMAIL]");
    expect(after.map((span) => JSON.stringify(span))).toEqual(
      before.map((span) => put(JSON.stringify(span))),
    );
    // The lists of the conversation share their messages as before.
    expect(nodesOf(path)).toBe(nodes);
    expect(orphans(path)).toEqual([]);
    const listed = await tracelight(["ls", "apply.db", "--json"]);
    expect(jsonOf(listed)[0]).toMatchObject({ id: "talk of [EMAIL]", spans: 2 * TURNS });
    expect((await tracelight(["search", SECRET, "apply.db"])).code).toBe(1);
    expect((await tracelight(["search", "word7919", "apply.db"])).code).toBe(0);
    expect((await tracelight(["redact", "apply.db", "--check"])).code).toBe(0);
    const again = await tracelight(["redact", "apply.db", "--apply", "--json"]);
    expect(jsonOf(again)).toEqual([{ spans: 83, redacted: 0, running: 0, unread: 0, clean: true }]);
  });

  it("killed in the middle it can be run again", async () => {
    const path = await planted("killed.db");
    const before = await spansOf(path);
    for (let kills = 0; kills < 2; kills++) {
      const child = start(["redact", "killed.db", "--apply"]);
      const ended = outcomeOf(child);
      await changedMore(path);
      child.kill("SIGKILL");
      await ended;
    }
    expect((await tracelight(["redact", "killed.db", "--apply"])).code).toBe(0);
    expect(leaks(path)).toBe(0);
    expect(orphans(path)).toEqual([]);
    const put = (text: string) => text.replaceAll(SECRET, "[EMAIL]");
    expect((await spansOf(path)).map((span) => JSON.stringify(span))).toEqual(
      before.map((span) => put(JSON.stringify(span))),
    );
  });

  it("a writer at the same time loses nothing, and what runs is told", async () => {
    const path = await planted("busy.db");
    const tracer = new SqliteTracer({ path, retention: false });
    const open = tracer.startSpan(`runs for ${SECRET}`);
    await tracer.flush();
    let written = 0;
    let isOver = false;
    const child = start(["redact", "busy.db", "--apply"]);
    const ended = outcomeOf(child).finally(() => {
      isOver = true;
    });
    const history: object[] = [];
    while (!isOver) {
      history.push({ role: "user", content: [{ text: `${written} ${filler(40)}` }] });
      tracer.trace("beside", (span) => {
        span
          .addAttribute("ai.conversation.id", "beside")
          .addAttribute(NAMES.requestMessages, history.slice(-50));
      });
      written++;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const { code, stderr } = await ended;
    expect([code, stderr]).toEqual([3, expect.stringContaining("1 span still runs")]);
    open.end();
    const { dropped, failed, pending } = await tracer.close();
    expect({ dropped, failed, pending }).toEqual({ dropped: 0, failed: 0, pending: 0 });
    const spans = await spansOf(path);
    const beside = spans.filter(({ spanName }) => spanName === "beside");
    expect(beside.length).toBe(written);
    expect(beside.filter(({ attributes }) => "tracelight.missing" in attributes)).toEqual([]);
    expect((await tracelight(["redact", "busy.db", "--apply"])).code).toBe(0);
    expect(leaks(path)).toBe(0);
  });
});

/** Resolves when there are more redacted rows in the file than now. */
async function changedMore(path: string): Promise<void> {
  const count = (): number => {
    const connection = sqliteDriver().open(path, { readOnly: true });
    const n = connection.prepare("SELECT count(*) AS n FROM spans WHERE span_name LIKE '%[EMAIL]%'").get()?.[
      "n"
    ];
    connection.close();
    return Number(n);
  };
  const before = count();
  for (let looks = 0; count() <= before && looks < 2000; looks++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
