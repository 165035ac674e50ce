// Listings of transcripts that are written to: of a file that grew only what is new is read, and the rows are those of one that reads all of it.
import { appendFileSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { openStore } from "../../src/cli/store.ts";
import { LineListing } from "../../src/cli/stores/line-listing.ts";
import { bytesOf, type Part } from "../../src/cli/stores/source.ts";
import type { StoreReader } from "../../src/tracing/readable.ts";
import { folder, useFolder } from "../cli/command.ts";

useFolder();

const FIXTURES = fileURLToPath(new URL("../fixtures/transcripts/", import.meta.url));
const CLAUDE = join(FIXTURES, "claude-code/-work-shop/11111111-1111-4111-8111-111111111111.jsonl");

function opened(path: string): Promise<StoreReader> {
  const { signal } = new AbortController();
  const { stdin, stdout, stderr } = process;
  return openStore(path, { argv: [], env: {}, cwd: folder, stdin, stdout, stderr, signal });
}

const linesOf = (path: string): string[] => readFileSync(path, "utf8").trimEnd().split("\n");

async function rows(store: StoreReader): Promise<unknown> {
  return [await store.summaries({ by: "trace" }), await store.summaries({ by: "conversation" })];
}

/** A listing of one file, and how many bytes it has read. */
function counting(path: string) {
  const count = { bytes: 0 };
  async function* chunks(part: Part, start: number): AsyncGenerator<Buffer> {
    for await (const chunk of part.chunks(start)) {
      count.bytes += chunk.length;
      yield chunk;
    }
  }
  const part = (isLive = true): Part => {
    const { size, ino } = statSync(path);
    const file = { path, size, modifiedMs: 0, bornMs: 0, identity: String(ino), group: path };
    return { name: path, isLive, file, chunks: (start) => bytesOf(file, start) };
  };
  return { count, part, listing: new LineListing({}, { isOne: true, chunks }) };
}

test("a file with nothing in it is read in every way, and so is what is written to it then", async () => {
  const path = join(folder, "empty.jsonl");
  writeFileSync(path, "");
  const store = await opened(path);
  const iterated = async (): Promise<number> => {
    let count = 0;
    for await (const _ of store.iterate({})) count++;
    return count;
  };
  const read = async () => [
    (await store.find({})).length,
    await iterated(),
    (await store.summaries({})).rows.length,
    (await store.outlines({})).length,
  ];
  expect(await read()).toEqual([0, 0, 0, 0]);
  writeFileSync(path, readFileSync(CLAUDE));
  const [found = 0, ...others] = await read();
  expect(found).toBeGreaterThan(0);
  expect(others).toEqual([found, expect.any(Number), found]);
});

describe("a transcript that grows", () => {
  test.each([CLAUDE, codexFile()])("is listed line by line as one that is read at once: %s", async (from) => {
    const path = join(folder, "session.jsonl");
    const lines = linesOf(from);
    writeFileSync(path, `${lines[0]}\n`);
    const store = await opened(path);
    for (const line of lines.slice(1)) {
      appendFileSync(path, `${line}\n`);
      expect(await rows(store)).toEqual(await rows(await opened(path)));
    }
  });

  test("is read from where it was read to", async () => {
    const path = join(folder, "session.jsonl");
    const [first = "", ...rest] = linesOf(CLAUDE);
    const whole = `${[first, ...rest].join("\n")}\n`.repeat(20);
    writeFileSync(path, whole);
    const { count, part, listing } = counting(path);
    await listing.take([part()]);
    expect(count.bytes).toBe(Buffer.byteLength(whole));
    count.bytes = 0;
    appendFileSync(path, `${rest.at(-1)}\n`);
    expect(await listing.goesOn([part()])).toBe(true);
    await listing.take([part()]);
    // Once to see that it is the same, once to read it.
    expect(count.bytes).toBeLessThan(2 * Buffer.byteLength(`${rest.at(-1)}\n`) + 300);
    expect(listing.bytes).toBe(statSync(path).size);
  });

  test.each<[string, (path: string, text: string) => void]>([
    ["cut", (path, text) => writeFileSync(path, text.slice(0, text.indexOf("\n") + 1))],
    [
      "written anew, and longer",
      (path, text) => writeFileSync(path, `${text.split("\n").reverse().join("\n")}\n${text}`),
    ],
    ["cut within a line", (path, text) => writeFileSync(path, text.slice(0, -20))],
  ])("is read anew where it was %s", async (_, change) => {
    const path = join(folder, "session.jsonl");
    const text = readFileSync(CLAUDE, "utf8");
    writeFileSync(path, text);
    const store = await opened(path);
    await rows(store);
    change(path, text);
    expect(await rows(store)).toEqual(await rows(await opened(path)));
  });

  test("that was cut within its last line goes on once the rest is there; one that nobody writes to any more was interrupted", async () => {
    const path = join(folder, "session.jsonl");
    const text = readFileSync(CLAUDE, "utf8");
    writeFileSync(path, text.slice(0, -20));
    const store = await opened(path);
    await rows(store);
    appendFileSync(path, text.slice(-20));
    expect(await rows(store)).toEqual(await rows(await opened(path)));
    utimesSync(path, 1, 1);
    expect(await rows(store)).toEqual(await rows(await opened(path)));
  });
});

function codexFile(): string {
  return join(
    FIXTURES,
    "codex/2026/11/20/rollout-2026-11-20T11-00-00-019a0000-0000-7000-8000-000000000001.jsonl",
  );
}
