// A store that is damaged, or goes while it is looked at: the page says so, and goes on with what there is.
import { rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SqliteTracer } from "tracelight/sqlite";
import { describe, expect, it } from "vitest";
import { sqliteDriver } from "../../../src/sqlite/driver.ts";
import { Browsing } from "./browser.ts";
import { command, folder, view } from "./served.ts";

const browser = new Browsing();

it("rows and pieces that are damaged are named; the others are shown", async () => {
  const path = join(folder(), "hurt.db");
  await talk(path, "hurt", ["First question?", "Second question?", "Third question?"]);
  damage(
    path,
    `UPDATE spans SET attributes = '{"n": 1' WHERE span_name = 'tool 0';
     UPDATE spans SET trace_id = 'x' WHERE span_name = 'tool 1';
     DELETE FROM pieces`,
  );
  const { url } = await view(path);
  const page = await browser.open(url);
  await page.getByText(/^The span "tool 1" .* could not be read and was left out/).waitFor();
  await page.getByRole("link", { name: "First question?" }).click();
  for (const words of ["First question?", "Second question?", "Third question?"])
    await page.locator(".body", { hasText: words }).first().waitFor();
  // What a span lacks it says itself.
  const third = page.getByRole("article", { name: "Turn 3" });
  await third.getByRole("link", { name: /^trace/ }).click();
  await page
    .getByRole("treegrid")
    .getByRole("row", { name: /tool_2/ })
    .click();
  await page.getByRole("tab", { name: "Attributes" }).click();
  const attributes = page.getByRole("tabpanel", { name: "Attributes" });
  await attributes.getByText("tracelight.missing").first().waitFor();
  await attributes.getByText("ai.tool.name").first().waitFor();
});

it("a file that is removed is told, and the one that is made anew is shown by itself", async () => {
  const path = join(folder(), "gone.db");
  await talk(path, "old", ["What was?"]);
  const { url } = await view(path);
  const page = await browser.open(url);
  await page.getByRole("link", { name: "What was?" }).waitFor();
  remove(path);
  await page.reload();
  await page.getByText(/^The file gone\.db is gone/).waitFor();
  await page.getByRole("link", { name: "What was?" }).waitFor();
  await page.getByRole("button", { name: "Live", exact: true }).waitFor();
  await talk(path, "new", ["What is?"]);
  // Nothing moves under the pointer, which is elsewhere.
  await page.getByRole("link", { name: "What is?" }).waitFor();
  await page.getByText(/^The file gone\.db is gone/).waitFor({ state: "detached" });
  await page.getByRole("link", { name: "What is?" }).click();
  await page.locator(".body", { hasText: "What is?" }).first().waitFor();
});

it("a file that is replaced by what is none says so in the part, and can be tried again", async () => {
  const path = join(folder(), "other.db");
  await talk(path, "old", ["What was?"]);
  const { url } = await view(path);
  remove(path);
  writeFileSync(path, "this is no database ".repeat(1000));
  const page = await browser.open(url);
  await page
    .getByText(/not an SQLite database/)
    .first()
    .waitFor();
  remove(path);
  await talk(path, "new", ["What is?"]);
  await page
    .getByRole("button", { name: /Try again/ })
    .first()
    .click();
  await page.getByRole("link", { name: "What is?" }).waitFor();
  expect(await page.getByText(/not an SQLite database/).count()).toBe(0);
  browser.forgive(/Failed to load resource/);
});

describe("a file that is cut", () => {
  it("in half: what is damaged is said with the mend, what can be read is shown, and the page goes on", async () => {
    const path = join(folder(), "cut.db");
    const tracer = new SqliteTracer({ path, retention: false });
    for (let i = 0; i < 400; i++)
      tracer.trace("converse", (turn) =>
        turn.addAttributes({
          ...{ "ai.conversation.id": `talk-${i}`, "ai.trace.type": "converse" },
          ...{ "ai.user.input": `Question ${i}?`, "ai.agent.response": `word ${i} `.repeat(100) },
        }),
      );
    await tracer.close();
    truncateSync(path, Math.floor(statSync(path).size / 2));
    const { url } = await view(path);
    const page = await browser.open(url);
    await page
      .getByText(/cut\.db is damaged; keep a copy, save what can be read/)
      .first()
      .waitFor();
    await page
      .getByText(/^What there was of the rows \d+ to \d+ could not be read/)
      .first()
      .waitFor();
    expect(await page.getByRole("link", { name: "Question 399?" }).count()).toBe(0);
    await page
      .getByRole("link", { name: /^Question \d+\?/ })
      .first()
      .click();
    await page
      .locator(".body", { hasText: /^Question \d+\?/ })
      .first()
      .waitFor();
    await page
      .locator(".body", { hasText: /word \d+ word \d+/ })
      .first()
      .waitFor();
    await page.goto(`${url}numbers`);
    await page.locator(".charts", { hasText: /Calls.*Errors.*Tokens/s }).waitFor();
    // The connection is not lost: the file is.
    expect(await page.getByRole("button", { name: /^Lost/ }).count()).toBe(0);
    await page.goto(url);
    await page
      .getByRole("link", { name: /^Question \d+\?/ })
      .first()
      .waitFor();
    remove(path);
    await talk(path, "new", ["What is?"]);
    await page.getByRole("link", { name: "What is?" }).waitFor();
    await page.getByRole("button", { name: "Live", exact: true }).waitFor();
    expect(await page.getByText(/damaged/).count()).toBe(0);
    browser.forgive(/Failed to load resource/);
  });

  it("to nothing: the page waits for what comes, and nobody who writes is kept from it", async () => {
    const path = join(folder(), "none.db");
    await imported(path, "old", "What was?");
    const { url } = await view(path);
    const page = await browser.open(url);
    await page.getByRole("link", { name: "What was?" }).waitFor();
    truncateSync(path);
    await page.reload();
    await page.getByRole("heading", { name: "Send a first trace" }).waitFor();
    await page.getByText(/^The file none\.db was emptied/).waitFor();
    await imported(path, "new", "What is?");
    await page.getByRole("link", { name: "What is?" }).waitFor();
    expect(await page.getByRole("link", { name: "What was?" }).count()).toBe(0);
    browser.forgive(/Failed to load resource/);
  });
});

/** A conversation of one turn, written by a process of its own: whatever was open in it is closed. */
async function imported(path: string, id: string, words: string): Promise<void> {
  const lines = `${path}.${id}.jsonl`;
  writeFileSync(lines, `${JSON.stringify(record(id, words))}\n`);
  await command("import", lines, path);
}

function record(id: string, words: string): object {
  const traceId = Buffer.from(id.padEnd(16)).toString("hex");
  return {
    ...{ span_name: "converse", span_kind: "INTERNAL", trace_id: traceId, span_id: "1".repeat(16) },
    ...{
      parent_span_id: null,
      span_status: "UNSET",
      duration_ms: 1000,
      resource_attributes: {},
      scope: { name: "a" },
    },
    ...{ started_at: at(-1000), ended_at: at(0) },
    attributes: { "ai.conversation.id": id, "ai.trace.type": "converse", "ai.user.input": words },
  };
}

function at(ms: number): string {
  return new Date(Date.now() + ms).toISOString().replace("Z", "000Z");
}

/** A conversation with a turn for each of the words, and a tool in each, of which the last says much. */
async function talk(path: string, id: string, words: readonly string[]): Promise<void> {
  const tracer = new SqliteTracer({ path, retention: false });
  for (const [i, text] of words.entries()) {
    tracer.trace("converse", (turn) => {
      turn.addAttribute("ai.conversation.id", id, { inheritable: true });
      turn.addAttributes({ "ai.trace.type": "converse", "ai.user.input": text });
      tracer.trace(`tool ${i}`, (tool) =>
        tool.addAttributes({
          "ai.trace.type": "tool-invocation",
          "ai.tool.name": `tool_${i}`,
          "ai.tool.input": { i },
          "ai.tool.output": "word ".repeat(i === 2 ? 200_000 : 5),
        }),
      );
    });
  }
  await tracer.close();
}

function remove(path: string): void {
  for (const suffix of ["", "-wal", "-shm"]) rmSync(path + suffix, { force: true });
}

function damage(path: string, statements: string): void {
  const connection = sqliteDriver().open(path);
  try {
    connection.exec(`PRAGMA ignore_check_constraints = 1; ${statements}`);
  } finally {
    connection.close();
  }
}
