// Text of models and tools in every field: it can neither move the cursor, nor forge a line, nor break the columns.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { table } from "../../src/cli/table.ts";
import type { SpanFields } from "../../src/model/span-fields.ts";
import { plain } from "../../src/render/color.ts";
import { cutToWidth, displayWidth, padToWidth } from "../../src/render/width.ts";
import { wrapped } from "../../src/render/wrap.ts";
import { spanFields } from "../model/arbitraries.ts";
import { folder, tracelight, useFolder } from "./command.ts";
import { recordLines } from "./spans.ts";

useFolder();

const HOSTILE =
  "evil \u001b[2J\u001b]0;title\u0007 \u009b31m \u202egnp.exe \u2028 \r\nforged line\u0000\u007f\ud800 日本 👩‍👩‍👧 e\u0301";
/** All that a terminal could obey, and what turns text around. The line feed ends lines of ours. */
const RAW = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2028\u2029\u2066-\u2069\ud800-\udfff]/u;
const WIDTHS = [40, 80, 170];

/** One span of each kind, every text of which is hostile. */
function hostileSpans(): SpanFields[] {
  const attributes = {
    "ai.conversation.id": HOSTILE,
    "ai.agent.name": HOSTILE,
    "ai.auth.context": HOSTILE,
    "ai.user.input": HOSTILE,
    "ai.agent.response": HOSTILE,
    "ai.tool.name": HOSTILE,
    "ai.tool.input": { [HOSTILE]: HOSTILE },
    "ai.tool.output": [HOSTILE],
    "ai.llm.request.model.id": HOSTILE,
    "ai.llm.request.messages": [{ role: "user", content: [{ text: HOSTILE }] }],
    "ai.llm.response.output": { message: { content: [{ text: HOSTILE }] } },
    [HOSTILE]: HOSTILE,
  };
  const types = ["converse", "llm-invocation", "tool-invocation", "cycle", HOSTILE];
  return types.map((type, i) =>
    spanFields({
      spanId: `${i + 1}`.repeat(16),
      parentSpanId: i === 0 ? undefined : "1".repeat(16),
      spanName: HOSTILE,
      spanStatus: i === 3 ? "ERROR" : "UNSET",
      statusMessage: HOSTILE,
      attributes: { ...attributes, "ai.trace.type": type },
      resourceAttributes: { "service.name": HOSTILE, [HOSTILE]: HOSTILE },
      scope: { name: HOSTILE, version: HOSTILE },
      events: [{ name: HOSTILE, at: new Date(0), attributes: { [HOSTILE]: HOSTILE } }],
    }),
  );
}

beforeAll(async () => {
  writeFileSync(join(folder, "hostile.jsonl"), recordLines(hostileSpans()));
});

describe("no raw control character reaches the terminal", () => {
  const commands: readonly (readonly string[])[] = [
    ["ls"],
    ["ls", "--by", "trace", "--json"],
    ["show", "a"],
    ["show", "a", "--full"],
    ["show", "a", "--json"],
    ["show", "evil", "--full"],
    ["search", "forged"],
    ["search", "forged", "--json"],
    ["stats"],
    ["stats", "--json"],
    ["export"],
    ["export", "--log-lines"],
  ];

  test.concurrent.each(commands)("%s %s %s", async (...args) => {
    const words = args.filter((word) => word !== undefined);
    const { code, stdout, stderr } = await tracelight([...words, "hostile.jsonl"]);
    expect(code).toBe(0);
    expect(stdout).not.toBe("");
    expect(stdout).not.toMatch(RAW);
    expect(stdout).not.toMatch(/^forged line/m);
    expect(stderr).not.toMatch(RAW);
  });

  test.concurrent("nor by what the shell was given, or by what is wrong with a line", async () => {
    for (const args of [
      ["show", HOSTILE.replace("\0", ""), "hostile.jsonl"],
      ["ls", "\u001b[2J.db"],
      ["\u001b[2J"],
    ]) {
      const { stdout, stderr } = await tracelight(args);
      expect(stdout + stderr).not.toMatch(RAW);
    }
    const { stderr } = await tracelight(["ls", "-"], { input: "\u001b[2J\n{}\n" });
    expect(stderr).not.toMatch(RAW);
  });

  const forged = "\u001b[2J\u3164\nforged line";
  const calls: readonly (readonly string[])[] = [
    [forged],
    [`--${forged}`],
    ["ls", `--${forged}`],
    ["ls", "--limit", forged],
    ["ls", "--since", forged],
    ["ls", "--where", `"${forged}`],
    ["ls", forged],
    ["ls", `dynamodb:${forged}?${forged}=1`],
    ["show", forged, "hostile.jsonl"],
    ["export", "--trace", forged, "hostile.jsonl"],
    ["import", forged, forged],
    ["tail", "--since", forged],
    ["prune", forged, "--older-than", forged],
    ["collect", "--port", forged],
    ["help", forged],
  ];
  test.concurrent.each(calls)(
    "nor does a line of what is said of wrong words: %j %j %j %j",
    async (...args) => {
      const words = args.filter((word) => word !== undefined);
      const { code, stdout, stderr } = await tracelight(words);
      expect(code).not.toBe(0);
      expect(stdout + stderr).not.toMatch(/\u001b|\u3164|^.?forged line/m);
      expect(stdout + stderr).not.toBe("");
    },
  );

  test.concurrent("a suggestion of what was meant still has a line of its own", async () => {
    const { stderr } = await tracelight(["lss"]);
    expect(stderr.split("\n").slice(0, 2)).toEqual([
      "tracelight: unknown command 'lss'",
      "(Did you mean ls?)",
    ]);
  });

  test.concurrent.each(WIDTHS)("lines of ls, show and stats fit %i columns", async (width) => {
    for (const args of [["ls"], ["show", "a"], ["show", "evil"], ["stats"]]) {
      const { stdout } = await tracelight([...args, "hostile.jsonl"], { env: { COLUMNS: String(width) } });
      for (const line of stdout.split("\n")) expect(displayWidth(line)).toBeLessThanOrEqual(width);
    }
  });
});

describe("widths", () => {
  test.each([
    ["abc", 3],
    ["日本", 4],
    ["ｗｉｄｅ", 8],
    ["e\u0301", 1],
    ["👍", 2],
    ["한글", 4],
    ["é", 1],
    ["░█▏", 3],
    ["", 0],
  ])("%j takes %i columns", (text, width) => {
    expect(displayWidth(text)).toBe(width);
  });

  test("text is cut to fit and padded to fill, whatever it is", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.nat(50), (text, width) => {
        expect(displayWidth(cutToWidth(text, width))).toBeLessThanOrEqual(width);
        expect(displayWidth(padToWidth(cutToWidth(text, width), width))).toBe(width);
      }),
    );
  });

  test("marks without end are cut too", () => {
    expect(cutToWidth("\u0301".repeat(10_000), 10).length).toBeLessThan(200);
  });

  test("wrapped lines fit, keep every word, and end with … where they were cut", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "grapheme", maxLength: 300 }),
        fc.integer({ min: 12, max: 60 }),
        (text, width) => {
          const lines = wrapped(text, { width, maxLines: Number.POSITIVE_INFINITY });
          for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(width);
          const short = wrapped(text, { width, maxLines: 2 });
          expect(short.length).toBeLessThanOrEqual(2);
          if (lines.length > 2) expect(short.at(-1)).toMatch(/…$/);
          else expect(short).toEqual(lines);
        },
      ),
    );
    expect(wrapped("one two  three\n\tfour", { width: 8, maxLines: 9 })).toEqual([
      "one two",
      "three",
      "    four",
    ]);
  });

  test("a table fits, keeps its rows apart, and drops what is least needed", () => {
    const columns = [
      { title: "id", cell: (row: readonly string[]) => row[0] ?? "" },
      { title: "words", cell: (row: readonly string[]) => row[1] ?? "", flexible: true },
      { title: "extra", cell: (row: readonly string[]) => row[2] ?? "", goes: 1 },
    ];
    const rows = [
      ["a", "日本語のテキスト", "12345"],
      ["b", "plain", ""],
    ];
    expect(table(rows, columns, { width: 80, paint: plain })).toEqual([
      "id  words             extra",
      "a   日本語のテキスト  12345",
      "b   plain",
    ]);
    expect(table(rows, columns, { width: 20, paint: plain })).toEqual([
      "id  words",
      "a   日本語のテキスト",
      "b   plain",
    ]);
  });
});
