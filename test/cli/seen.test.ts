// What people see is what is found and shown: words behind ANSI codes and zero-width characters, each line once, no tags.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { seenText } from "../../src/model/seen.ts";
import type { SpanFields } from "../../src/model/span-fields.ts";
import { dynamoDb, useEmulator } from "../dynamodb/emulator.ts";
import { spanFields } from "../model/arbitraries.ts";
import { leastOf, processorMsOf } from "../processor.ts";
import { folder, jsonOf, tracelight, useFolder } from "./command.ts";
import { recordLines } from "./spans.ts";

useEmulator();
useFolder();

const RED = "\u001b[31m";
const OFF = "\u001b[0m";
const LINK = "\u001b]8;;https://hidden.example/secret\u001b\\";
const CLOSE = "\u001b]8;;\u001b\\";

function tool(n: number, attributes: SpanFields["attributes"]): SpanFields {
  return spanFields({
    ...{ spanId: n.toString(16).padStart(16, "0"), startedAtMicros: n * 1_000_000, spanName: "run_tests" },
    attributes: { "ai.trace.type": "tool-invocation", "ai.tool.name": "run_tests", ...attributes },
  });
}

const SPANS = [
  tool(1, { "ai.tool.output": `${RED}Error${OFF}: ${RED}weat${OFF}her failed` }),
  tool(2, { "ai.tool.output": { log: `see ${LINK}the report${CLOSE} of \u009b1mAmsterdam\u009b0m` } }),
  tool(3, { "ai.tool.output": "Rot\u200bter\u2060dam\ufeff is \u00adfine, D\bDe\bel\blf\bft\bt too" }),
  tool(4, { "ai.tool.error": "no network", "ai.tool.output": "no network" }),
];

let table: string;

beforeAll(async () => {
  table = `dynamodb:Seen?endpoint=${dynamoDb.endpoint}`;
  writeFileSync(join(folder, "seen.jsonl"), recordLines(SPANS));
  await tracelight(["create-table", "Seen", "--endpoint", dynamoDb.endpoint]);
  for (const store of ["seen.db", table]) await tracelight(["import", "seen.jsonl", store]);
});

describe.each([
  ["a file of records", () => "seen.jsonl"],
  ["an SQLite file", () => "seen.db"],
  ["a table", () => table],
])("search of %s", (_name, store) => {
  const found = async (text: string): Promise<unknown[]> =>
    jsonOf(await tracelight(["search", "--json", text, store()])).map(({ span_id }) => Number(span_id));

  test("finds what people see, and does not find what they do not", async () => {
    expect(await found("error weather")).toEqual([1]);
    expect(await found('"the report of amsterdam"')).toEqual([2]);
    expect(await found("rotterdam delft")).toEqual([3]);
    expect(await found(`${RED}error${OFF}`)).toEqual([1]);
    for (const unseen of ["31merror", "hidden", "0m"]) expect(await found(unseen)).toEqual([]);
  });

  test("leaves out by -word what people see", async () => {
    expect(await found("run_tests -error -amsterdam -rotterdam")).toEqual([4]);
  });

  test("shows each line once, as it is seen", async () => {
    const { stdout } = await tracelight(["search", "run_tests", store()]);
    expect(stdout.match(/^ +name +run_tests$/gm)).toHaveLength(SPANS.length);
    expect((await tracelight(["search", "network", store()])).stdout.match(/no network/g)).toHaveLength(1);
    const [hit] = jsonOf(await tracelight(["search", "--json", "weather", store()]));
    expect(hit).toMatchObject({ snippets: [{ text: "Error: weather failed", hits: ["weather"] }] });
  });
});

test("show --full has values as people write them, without the tags of the record", async () => {
  const long = Array.from({ length: 40 }, (_, i) => `item ${i}`);
  const span = tool(9, {
    ...{
      bytes: Buffer.from("tracelight"),
      at: new Date(0),
      big: 12n,
      none: Number.NaN,
      set: new Set([1, "a"]),
    },
    "ai.tool.output": { bytes: Buffer.from("tracelight"), at: new Date(0), big: 12n, set: new Set(long) },
    map: new Map([["key", new Map([["inner", long]])]]),
    own: { __bytes__: "mine", long },
  });
  const { stdout } = await tracelight(["show", "--full", "-"], { input: recordLines([span]) });
  expect(stdout).not.toMatch(/__(?!bytes__": "mine)\w+__/);
  expect(stdout).toMatch(/bytes +"dHJhY2VsaWdodA=="\n/);
  expect(stdout).toMatch(
    /"bytes": "dHJhY2VsaWdodA==",\n +"at": "1970-01-01T00:00:00\.000000\+00:00",\n +"big": "12",/,
  );
  expect(stdout).toMatch(/"set": \[\n +"item 0",/);
  expect(stdout).toMatch(/map +\[\n +\[\n +"key",\n +\[\n/);
  const { stdout: json } = await tracelight(["show", "--json", "-"], { input: recordLines([span]) });
  expect(json).toContain("__bytes__");
});

test("what is seen of a text is found in time that grows with it, whatever it holds", async () => {
  expect(seenText("plain\ttext\n")).toBe("plain\ttext\n");
  expect(seenText("\u001b]0;title\u0007\u001bPq#0\u001b\\a\u001b(Bb\u001b7c\u0085d")).toBe("abc\u0085d");
  expect(seenText("\u001b]8;;never ends")).toBe("8;;never ends");
  const took = (size: number): Promise<number> => {
    const texts = ["\u001b[", "\u001b]", "\u009d", "\u001b[0", "a\b", "\u009d0"].map((part) =>
      part.repeat(size),
    );
    return processorMsOf(() => {
      for (const text of texts) seenText(text);
    });
  };
  await took(10_000);
  // Quadratic, it would take four hundred times as long.
  const times = async () => (await took(400_000)) / (await took(20_000));
  expect(await leastOf(80, times)).toBeLessThan(80);
});
